import Dispatch
import Glibc
import SharedState

/// The daemon among its surroundings: signals, the control socket, the service manager.
///
/// What changes the daemon happens on a queue of its own, one after the other: no two reloads at a
/// time, and none while it stops.
public final class Service: @unchecked Sendable {
  private let daemon: Daemon
  private let source: ConfigurationSource
  private let log: DaemonLog
  private let version: String
  private let queue = DispatchQueue(label: "onggi.service")
  private let started = DispatchTime.now()
  /// nil: there is no service manager that wants to know.
  private let status: ServiceStatus?
  // On the queue alone:
  private var signals: [any DispatchSourceSignal] = []
  private var control: ControlSocket?
  private var controlConfiguration: Configuration.Control
  private var watchdog: Watchdog?

  /// - Parameters:
  ///   - daemon: one that has started
  ///   - source: read again at each reload
  ///   - status: told about what happens by the daemon; nil without a service manager
  public init(
    _ daemon: Daemon, _ source: ConfigurationSource, _ control: Configuration.Control, _ log: DaemonLog,
    status: ServiceStatus?, version: String
  ) {
    self.daemon = daemon
    self.source = source
    self.log = log
    self.status = status
    self.version = version
    controlConfiguration = control
  }

  /// Lives from here on until a signal ends the process. Called once everything listens, with the
  /// signals held that it is to wait for.
  public func start() {
    queue.sync {
      openControlSocket()
      on(SIGTERM) { $0.stop() }
      on(SIGINT) { $0.stop() }
      on(SIGHUP) { _ = $0.reload() }
      on(SIGUSR1) { $0.daemon.reopen() }
      ServiceNotifier.ready()
      status?.start { [daemon] in daemon.ledger($0) }
      if let interval = ServiceNotifier.watchdogInterval {
        watchdog = Watchdog(interval: interval, probes: daemon.probes, ping: ServiceNotifier.watchdog)
      }
    }
  }

  private func on(_ number: Int32, _ work: @escaping @Sendable (Service) -> Void) {
    let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
    source.setEventHandler { work(self) }
    source.activate()
    signals.append(source)
  }

  // MARK: Control socket

  /// A daemon that cannot have its control socket serves all the same.
  private func openControlSocket() {
    let path = ControlPlaces.own(controlConfiguration)
    do throws(SystemError) {
      control = try controlSocket(path, controlConfiguration)
    } catch {
      log.write(
        controlConfiguration.path == nil ? .info : .error,
        "no control socket at \(path): \(error); onggi status and onggi reload cannot reach this daemon")
    }
  }

  private func controlSocket(
    _ path: String, _ configuration: Configuration.Control
  ) throws(SystemError) -> ControlSocket {
    try ControlSocket(path: path, access: configuration.access, log: log) { [unowned self] request, reply in
      switch request {
      case .status: daemon.ledger { [self] in reply(ControlReply(.ok, heading + "\n" + $0.text)) }
      case .statusJSON: daemon.ledger { reply(ControlReply(.ok, $0.json + "\n")) }
      case .reload: queue.async { [self] in reply(reload()) }
      }
    }
  }

  private var heading: String {
    let seconds = Int64(DispatchTime.now().uptimeNanoseconds - started.uptimeNanoseconds) / 1_000_000_000
    return "onggi \(version), \(source), process \(getpid()), up \(Service.text(seconds: seconds))\n"
  }

  /// "3 d 4 h", "4 h 5 min", "5 min", "6 s".
  static func text(seconds: Int64) -> String {
    let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60)
    if days > 0 { return "\(days) d \(hours) h" }
    if hours > 0 { return "\(hours) h \(minutes) min" }
    return minutes > 0 ? "\(minutes) min" : "\(seconds) s"
  }

  // MARK: Reloading

  /// Goes over to what the configuration says now. The answer is for whoever asked; the daemon's
  /// log has it in any case.
  private func reload() -> ControlReply {
    ServiceNotifier.reloading()
    // Also what the service manager hears comes before the answer.
    defer { ServiceNotifier.ready() }
    let loaded = source.load()
    let messages = loaded.messages
    for message in messages { log.write(diagnostic: message) }
    let text = messages.map { "\($0)\n" }.joined()
    guard let configuration = loaded.configuration else {
      log.write(.error, Service.refusal)
      return refused(text)
    }
    do {
      try reload(configuration)
    } catch {
      log.write(.error, "\(Service.refusal): \(error)")
      return refused(text + "\(source): error: \(error)\n")
    }
    log.write(.notice, "reloaded \(source)")
    source.keep(loaded, log)
    status?.setRemark("")
    return ControlReply(.ok, text)
  }

  private static let refusal = "the new configuration is refused; the old one goes on"

  private func refused(_ text: String) -> ControlReply {
    status?.setRemark("the last reload was refused")
    return ControlReply(.refused, text)
  }

  private func reload(_ configuration: Configuration) throws {
    let path = ControlPlaces.own(configuration.control)
    // Whatever can fail comes first.
    var moved: ControlSocket?
    if path != control?.path, configuration.control != controlConfiguration {
      do throws(SystemError) {
        moved = try controlSocket(path, configuration.control)
      } catch {
        throw PlanError("control socket: \(error) (\(path))")
      }
    }
    do {
      try daemon.reload(configuration)
    } catch {
      moved?.stop()
      throw error
    }
    if let moved {
      // Whoever asked for this reload is answered over the old one.
      control?.retire()
      control = moved
    } else if configuration.control != controlConfiguration, let control {
      do throws(SystemError) {
        try control.setAccess(configuration.control.access)
      } catch {
        log.write(.error, "control socket: \(error)")
      }
    }
    controlConfiguration = configuration.control
  }

  // MARK: Stopping

  private func stop() -> Never {
    ServiceNotifier.stopping()
    watchdog?.stopAsking()
    control?.stop()
    let lost = daemon.stop()
    var ledger = daemon.ledger()
    if !daemon.keepsState { ledger.dropPending() }
    log.write(.info, "ledger: \(ledger.json)")
    if lost > 0 && daemon.keepsState {
      log.write(.warning, "\(lost) records could not be written in time; the next process has them")
      exit(0)
    }
    if lost > 0 { log.write(.error, "\(lost) records could not be written in time") }
    exit(lost > 0 ? 1 : 0)
  }
}
