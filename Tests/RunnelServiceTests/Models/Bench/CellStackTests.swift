import RunnelKernels
import Testing

@testable import RunnelService

/// What `model bench --cell` steps is a network as any other: its state is carried, and laws 2 and 7 hold.
@Suite struct CellStackTests {
  private func outputs(_ shape: CellShape, rows: Int, steps: Int, kernels: KernelSet = .scalar) -> [Float] {
    let stack = CellStack(shape, rows: rows, kernels: kernels)
    stack.step(steps)
    return stack.outputs
  }

  @Test(arguments: CellShape.Cell.allCases)
  func `state is carried from call to call`(cell: CellShape.Cell) throws {
    let shape = try CellShape(cell, hidden: 20, inputs: 3, layers: 2)
    let stack = CellStack(shape, rows: 2, kernels: .scalar)
    stack.step(3)
    let third = stack.outputs
    stack.step(4)
    #expect(stack.outputs == outputs(shape, rows: 2, steps: 7))
    #expect(third != stack.outputs && third.allSatisfy { $0 != 0 && abs($0) < 1 })
  }

  @Test(arguments: CellShape.Cell.allCases, WeightPrecision.allCases)
  func `every kernel set and every company gives the same bits`(
    cell: CellShape.Cell, precision: WeightPrecision
  ) throws {
    let shape = try CellShape(cell, hidden: 33, inputs: 2, precision: precision)
    let alone = outputs(shape, rows: 1, steps: 5)
    for kernels in KernelSet.allCases where kernels.isAvailable {
      let company = outputs(shape, rows: 7, steps: 5, kernels: kernels)
      #expect(Array(company[..<33]) == alone, "\(kernels)")
      #expect(company[33...] != company[..<198])
    }
  }

  @Test func `the caches of this machine are read from where Linux tells them`() {
    #expect(CacheSizes.bytes("32K") == 32 << 10 && CacheSizes.bytes("1M") == 1 << 20 && CacheSizes.bytes("512") == 512)
    for text in ["", "K", "-1K", "12Q", "0"] { #expect(CacheSizes.bytes(text) == nil, "\(text)") }
    let unknown = CacheSizes(folder: "/nowhere")
    #expect(unknown.levels.map(\.name) == ["L1", "L2", "L3", "memory"])
    let sizes = unknown.levels.map(\.bytes)
    #expect(sizes == sizes.sorted() && sizes[3] == .max)
  }
}
