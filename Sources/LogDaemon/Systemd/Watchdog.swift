import Dispatch

/// Answers the service manager's watchdog, but only for as long as records get through.
///
/// Twice in each `WatchdogSec=` every decode queue is asked, and the ping goes out when the last of
/// them has answered, each between two reads of its own. A queue that is stuck keeps the ping back,
/// and the service manager then ends the process with SIGABRT and starts it again.
public final class Watchdog: @unchecked Sendable {
  public typealias Probe = @Sendable (_ answer: @escaping @Sendable () -> Void) -> Void

  private let queue = DispatchQueue(label: "onggi.watchdog")
  private let timer: any DispatchSourceTimer
  private let ping: @Sendable () -> Void
  // On the queue alone:
  private var probes: [Probe]
  /// Queues that have been asked and have not answered.
  private var missing = 0

  /// - Parameters:
  ///   - interval: `WatchdogSec=`
  ///   - probes: one for each decode queue
  ///   - ping: tells the service manager
  public init(interval: Duration, probes: [Probe], ping: @escaping @Sendable () -> Void) {
    self.probes = probes
    self.ping = ping
    timer = DispatchSource.makeTimerSource(queue: queue)
    let half = (interval / 2).dispatch
    // The kernel may put the wakeup together with others.
    timer.schedule(deadline: .now(), repeating: half, leeway: (interval / 20).dispatch)
    timer.setEventHandler { [unowned self] in ask() }
    timer.activate()
  }

  deinit { timer.cancel() }

  private func ask() {
    // Whoever still owes an answer is not asked again: nothing piles up in a queue that is stuck.
    if missing > 0 { return }
    if probes.isEmpty { return ping() }
    missing = probes.count
    for probe in probes {
      probe { [weak self] in
        guard let self else { return }
        queue.async { self.answered() }
      }
    }
  }

  private func answered() {
    guard missing > 0 else { return }
    missing -= 1
    if missing == 0 { ping() }
  }

  /// The daemon stops, which `limits.stop_timeout` bounds: no queue is asked any more.
  public func stopAsking() {
    queue.async { [self] in
      probes = []
      missing = 0
      ping()
    }
  }
}
