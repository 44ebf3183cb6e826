import Testing

@testable import RunnelPipeline

@Suite struct UnusedRowsTests {
  private var unused = UnusedRows()

  @Test mutating func `the parts of a gap that never came lie around what was not used, in whatever order that was`() {
    for rows in [30..<40, 10..<20, 20..<25, 38..<45] as [Range<Int64>] { unused.note(rows, of: 1) }
    unused.note(0..<100, of: 2)
    #expect(unused.takeUnseen(of: 5..<50, epoch: 1) == [5..<10, 25..<30, 45..<50])
    #expect(unused.takeUnseen(of: 10..<90, epoch: 2).isEmpty)
  }

  @Test mutating func `a gap is told once, and an epoch that was left says nothing any more`() {
    unused.note(10..<20, of: 1)
    unused.note(30..<40, of: 1)
    #expect(unused.takeUnseen(of: 10..<25, epoch: 1) == [20..<25])
    #expect(unused.takeUnseen(of: 10..<25, epoch: 1) == [10..<25])
    unused.forget(1)
    #expect(unused.takeUnseen(of: 30..<40, epoch: 1) == [30..<40])
  }

  @Test mutating func `of more stretches than are kept the oldest counts as lost`() {
    for place in Int64(0)...64 { unused.note(2 * place..<2 * place + 1, of: 1) }
    let unseen = unused.takeUnseen(of: 0..<130, epoch: 1)
    #expect(unseen.first == 0..<2 && unseen.dropFirst().allSatisfy { $0.count == 1 } && unseen.count == 65)
  }
}

extension UnusedRows {
  fileprivate mutating func takeUnseen(of gap: Range<Int64>, epoch: UInt64?) -> [Range<Int64>] {
    var unseen: [Range<Int64>] = []
    takeUnseen(of: gap, epoch: epoch) { unseen.append($0) }
    return unseen
  }
}
