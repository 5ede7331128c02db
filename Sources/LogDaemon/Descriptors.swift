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
  /// with the first timer that is not due yet when its thread gets to it, on a busy machine after some
  /// time; when there is no descriptor then, that timer never fires.
  static func openTimers() {
    let queue = DispatchQueue(label: "onggi.timers")
    queue.asyncAfter(deadline: .now() + .seconds(year)) {}
    queue.asyncAfter(wallDeadline: .now() + .seconds(year)) {}
  }

  private static let year = 365 * 86_400
}
