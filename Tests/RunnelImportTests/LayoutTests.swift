import Testing

@testable import RunnelImport

/// The algebra of axes: what a reshape or a transpose does to steps and features.
@Suite struct LayoutTests {
  private let time = Layout.axis(.time, 101)
  private let features = Layout.axis(.feature, 12)

  @Test func `axes of one have no factors, so that they may stand anywhere`() {
    let layout = Layout([[], time, features])
    #expect(layout.shape == [1, 101, 12])
    #expect(layout.reshaped([101, 1, 12]) == Layout([time, [], features]))
    #expect(layout.reshaped([101, 12]) == Layout([time, features]))
  }

  @Test func `features split into halves and come together again`() throws {
    let layout = Layout([time, features])
    let split = try #require(layout.reshaped([101, 2, 6]))
    #expect(split.axes[1] == [.init(role: .feature, stride: 6, size: 2)])
    #expect(split.axes[2] == [.init(role: .feature, stride: 1, size: 6)])
    #expect(split.reshaped([101, 12]) == layout)
  }

  @Test func `halves in the other order are not the features`() throws {
    let split = try #require(Layout([time, features]).reshaped([101, 2, 6]))
    let turned = try #require(split.transposed([0, 2, 1]).reshaped([101, 12]))
    #expect(turned.axes[1] != features)
  }

  @Test func `steps cannot be split`() {
    #expect(Layout([Layout.axis(.time, 100), features]).reshaped([10, 10, 12]) == nil)
    #expect(Layout([time, features]).reshaped([12, 101]) == nil)
  }

  @Test func `a flattened window knows which is slower`() throws {
    let flat = try #require(Layout([time, features]).reshaped([1212]))
    #expect(flat.axes[0].map(\.role) == [.time, .feature])
  }
}
