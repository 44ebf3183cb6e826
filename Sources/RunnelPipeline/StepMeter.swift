/// Told of each turn of a pipeline, a step of those that are ready or several of them, so that somebody with a clock can say
/// what share of a thread's time goes into the network.
public protocol StepMeter: AnyObject {
  func begin()
  func end()
}
