/// Told of each step of a pipeline, so that somebody with a clock can say what share of a thread's time goes into them.
public protocol StepMeter: AnyObject {
  func begin()
  func end()
}
