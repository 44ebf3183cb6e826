/// A value that C reads where it lies. A stored property would be copied for every call, which next to a step of 16 units
/// counts.
struct FixedAddress<Value: BitwiseCopyable>: ~Copyable {
  let pointer: UnsafePointer<Value>

  init(_ value: Value) {
    let place = UnsafeMutablePointer<Value>.allocate(capacity: 1)
    place.initialize(to: value)
    pointer = UnsafePointer(place)
  }

  deinit { pointer.deallocate() }
}
