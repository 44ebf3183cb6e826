import Testing

@testable import RunnelCore

@Suite struct ByteTableTests {
  private func lookUp(_ table: ByteTable, _ key: String, of owner: Int) -> Int? {
    Array(key.utf8).withUnsafeBytes { table[$0, of: owner] }
  }

  private func enter(_ value: Int, _ key: String, of owner: Int, in table: inout ByteTable) {
    Array(key.utf8).withUnsafeBytes { table[$0, of: owner] = value }
  }

  @Test func `the same bytes of two owners are two entries`() {
    var table = ByteTable()
    enter(1, "s/bed7/", of: 0, in: &table)
    enter(2, "s/bed7/", of: 1, in: &table)
    #expect(lookUp(table, "s/bed7/", of: 0) == 1)
    #expect(lookUp(table, "s/bed7/", of: 1) == 2)
    #expect(lookUp(table, "s/bed7/", of: 2) == nil)
    #expect(lookUp(table, "s/bed7", of: 0) == nil)
  }

  @Test func `what was entered is found however many there are, an empty key too`() {
    var table = ByteTable()
    for number in 0..<1000 { enter(number, number == 0 ? "" : "stream-\(number)", of: number % 3, in: &table) }
    enter(-1, "stream-7", of: 1, in: &table)
    for number in 0..<1000 {
      let found = lookUp(table, number == 0 ? "" : "stream-\(number)", of: number % 3)
      #expect(found == (number == 7 ? -1 : number))
    }
    #expect(lookUp(table, "stream-7", of: 0) == nil)
  }
}
