import Testing

/// `make bench-peers` judges figures in Python; its arithmetic is tested there, without the engines.
@Suite struct PeerArithmeticTests {
  @Test(.enabled(if: ArrayPublisherTests.hasPython, "python3-numpy is not installed"))
  func `ratios, limits and bars of the comparison with other engines follow from the figures`() throws {
    let program = try Program(Place.python, ["-B", Place.root + "/Benchmarks/Peers/test_peers.py"])
    #expect(try program.ended() == 0, "\(program.messages)")
  }
}
