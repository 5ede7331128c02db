import Dispatch

/// The one timer of a decode queue, for everything that has a deadline. It is armed for the next of
/// them, or not at all: an idle queue is never woken.
struct DeadlineTimer {
  /// How much later than asked for it may fire.
  static let leewayMilliseconds = 10

  private let source: any DispatchSourceTimer
  private var armed = UInt64.max

  init(queue: DispatchQueue, fired: @escaping @Sendable () -> Void) {
    source = DispatchSource.makeTimerSource(queue: queue)
    source.setEventHandler(handler: fired)
    source.schedule(deadline: .distantFuture)
    source.activate()
  }

  /// - Parameter deadline: nanoseconds of `DispatchTime`'s uptime; `UInt64.max`: no more.
  mutating func arm(_ deadline: UInt64) {
    guard deadline != armed else { return }
    armed = deadline
    if deadline == .max {
      source.schedule(deadline: .distantFuture)
    } else {
      source.schedule(
        deadline: DispatchTime(uptimeNanoseconds: max(1, deadline)),
        leeway: .milliseconds(DeadlineTimer.leewayMilliseconds))
    }
  }

  /// It has fired.
  mutating func disarm() { armed = .max }
}
