import RunnelKernels
import Testing

@Suite struct KernelSetTests {
  @Test func `a set is found by its name, the quickest without one`() throws {
    for set in KernelSet.available { #expect(try KernelSet.chosen(set.rawValue) == set) }
    #expect(try KernelSet.chosen("") == KernelSet.available.last)
    #expect(try KernelSet.chosen(nil) == KernelSet.available.last)
  }

  @Test func `a name that is none is refused with those that are`() {
    let error = #expect(throws: KernelSetError.self) { try KernelSet.chosen("sse9") }
    #expect(error?.description.contains("'sse9'") == true)
    for set in KernelSet.available { #expect(error?.description.contains(set.rawValue) == true) }
  }

  @Test func `the reference is everywhere, and so is one that is quicker`() {
    #expect(KernelSet.available.first == .scalar)
    #if arch(arm64)
      #expect(KernelSet.available == [.scalar, .neon])
    #else
      #expect(!KernelSet.neon.isAvailable)
    #endif
  }
}
