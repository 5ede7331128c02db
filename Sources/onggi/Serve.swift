import Dispatch
import Glibc
import LogDaemon

/// `onggi serve`: runs until a signal ends it.
func serve(_ file: String?) -> Int32 {
  let environment = DaemonEnvironment()
  let log = DaemonLog()
  let source = ConfigurationSource(file, environment)
  let (configuration, messages) = source.load()
  for message in messages { SystemFiles.write(Array("\(message)\n".utf8), to: STDERR_FILENO) }
  guard let configuration else { return ExitStatus.configuration }
  // Signals that are waited for must not do what they do by default in the meantime.
  for number in [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE] { signal(number, SIG_IGN) }
  let daemon: Daemon
  do {
    daemon = try Daemon(configuration, environment, log: log, queues: DecodeQueues.count)
    try daemon.start()
  } catch {
    log.write(.error, "\(error)")
    return error is PlanError ? ExitStatus.configuration : ExitStatus.failure
  }
  log.write(.info, "onggi \(Version.text) serves \(source.description)")
  for listener in configuration.listeners {
    log.write(.info, "listening: \(listener.name) at \(listener.endpoint.text)")
  }
  let signals = SignalHandlers(daemon, source, log)
  signals.start()
  dispatchMain()
}

enum DecodeQueues {
  /// One for each core, two at most: more do not pay, since senders and disks need cores as well.
  static var count: Int { max(1, min(2, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}

/// What signals do. They come on a queue of their own, one after the other.
private final class SignalHandlers: @unchecked Sendable {
  private let daemon: Daemon
  private let source: ConfigurationSource
  private let log: DaemonLog
  private let queue = DispatchQueue(label: "onggi.signals")
  /// Kept for ever; written by `start` only.
  private var sources: [any DispatchSourceSignal] = []

  init(_ daemon: Daemon, _ source: ConfigurationSource, _ log: DaemonLog) {
    self.daemon = daemon
    self.source = source
    self.log = log
  }

  func start() {
    on(SIGTERM) { $0.stop() }
    on(SIGINT) { $0.stop() }
    on(SIGHUP) { $0.reload() }
    on(SIGUSR1) { $0.daemon.reopen() }
  }

  private func on(_ number: Int32, _ work: @escaping @Sendable (SignalHandlers) -> Void) {
    let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
    source.setEventHandler { work(self) }
    source.activate()
    sources.append(source)
  }

  private func stop() -> Never {
    let lost = daemon.stop()
    log.write(.info, "ledger: \(daemon.ledger().json)")
    if lost > 0 { log.write(.error, "\(lost) records could not be written in time") }
    exit(lost > 0 ? ExitStatus.failure : ExitStatus.success)
  }

  private func reload() {
    let (configuration, messages) = source.load()
    for message in messages { SystemFiles.write(Array("\(message)\n".utf8), to: STDERR_FILENO) }
    guard let configuration else {
      return log.write(.error, "the new configuration is refused; the old one goes on")
    }
    do {
      try daemon.reload(configuration)
      log.write(.notice, "reloaded \(source.description)")
    } catch {
      log.write(.error, "the new configuration is refused; the old one goes on: \(error)")
    }
  }
}
