import Dispatch

/// Descriptors of the process: how many there are to have, and those that must not be missing later.
enum Descriptors {
  /// What the daemon needs for itself: queues, signals, timers, systemd, the control socket.
  static let own = 64
  /// For each listener, and for each handler while it rotates.
  static let each = 4

  /// Connections that the process may have, with as many descriptors as the system gives it.
  static func connections(_ configuration: Configuration) -> Int {
    let others = own + each * (configuration.listeners.count + configuration.handlers.count)
    return max(1, min(configuration.limits.maxConnections, SystemFiles.raiseDescriptorLimit() - others))
  }

  /// Has Dispatch open its timers' descriptors, one for each clock, while there are some. It does so
  /// with the first timer, and when there is no descriptor then, that timer never fires. Nobody waits:
  /// a clock that stands still, as in tests, never lets one fire either.
  static func openTimers() {
    let queue = DispatchQueue(label: "onggi.timers")
    queue.asyncAfter(deadline: .now() + .milliseconds(1)) {}
    queue.asyncAfter(wallDeadline: .now() + .milliseconds(1)) {}
  }
}
