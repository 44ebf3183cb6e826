import RunnelCore

/// A conditioning that cannot be built for the stream it met; each sentence ends with the remedy.
public enum ConditioningError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A corner, edge or notch frequency that is not below half the stream's rate. Hz.
  case aboveNyquist(filter: String, corner: Double, rate: Double)
  /// A corner that is zero, negative or not a number. Hz.
  case cornerNotPositive(filter: String, corner: Double)
  /// A band-pass whose low edge is not below its high edge. Hz.
  case emptyBand(low: Double, high: Double)
  /// An order outside 1...12.
  case order(filter: String, Int)
  /// A notch whose quality is not positive, or so low that its width reaches the stream's rate.
  case quality(Double, frequency: Double, rate: Double)
  /// A corner so far below the rate that its section cannot be told from an integrator in f64.
  case cornerTooLow(filter: String, corner: Double, rate: Double)
  /// No fraction with terms up to `Ratio.largest`, or more than 512 frames per sample.
  case ratio(inputRate: Double, modelRate: Double)
  /// Filters, resampling or a running normalisation on a stream without a rate.
  case irregular(wanted: String)
  /// A rate that is negative or not a number.
  case rate(Double)
  /// A deviation, variance or time constant that normalises nothing.
  case normalisation(String)

  public var description: String {
    switch self {
    case .aboveNyquist(let filter, let corner, let rate):
      "the \(filter) filter's \(corner) Hz is not below half the stream's rate (\(rate / 2) Hz of \(rate) Hz): "
        + "lower it, leave the filter out, or use a stream of more than \(2 * corner) Hz"
    case .cornerNotPositive(let filter, let corner):
      "the \(filter) filter's corner is \(corner) Hz: give a frequency above 0 Hz"
    case .emptyBand(let low, let high):
      "a band-pass from \(low) Hz to \(high) Hz is empty: its low edge must be below its high edge"
    case .order(let filter, let order):
      "a \(filter) filter of order \(order) cannot be designed: give an order from 1 to \(ButterworthDesign.largestOrder)"
    case .quality(let quality, let frequency, let rate):
      "a notch of quality \(quality) at \(frequency) Hz is \(frequency / quality) Hz wide, on a stream of \(rate) Hz: "
        + "give a positive quality, 30 for example"
    case .cornerTooLow(let filter, let corner, let rate):
      "the \(filter) filter's \(corner) Hz is less than a millionth of the stream's rate (\(rate) Hz): "
        + "raise the corner, or use a slower stream"
    case .ratio(let input, let model):
      "a stream of \(input) Hz cannot be resampled to the model's \(model) Hz: no fraction with terms up to "
        + "\(Ratio.largest) gives that ratio (or it makes more than 512 frames of a sample); state the stream's nominal rate"
    case .irregular(let wanted):
      "the stream is irregular (rate 0), so \(wanted) has no meaning on it: leave it out, or give the stream a rate"
    case .rate(let rate):
      "a rate of \(rate) Hz is none: give a frequency above 0 Hz, or 0 for an irregular stream"
    case .normalisation(let wrong):
      wrong
    }
  }
}
