import Dispatch
import Glibc
import LogDaemon

/// `onggi serve`: runs until a signal ends it.
func serve(_ file: String?) -> Int32 {
  // First of all, and not ignored: what is pending then would be dropped.
  ServiceSignals.hold()
  let environment = DaemonEnvironment()
  let log = DaemonLog(environment)
  // Before there are other threads, which this changes the environment under.
  let passed = PassedDescriptors(log: log)
  let source = ConfigurationSource(file, environment)
  let loaded = source.load()
  for message in loaded.messages { log.write(diagnostic: message) }
  // Now, and not only when everything runs: the most that is used at one time is what people see.
  StartMemory.release()
  let lastGood = loaded.configuration == nil ? source.lastGood() : nil
  guard let configuration = loaded.configuration ?? lastGood?.configuration else { return ExitStatus.configuration }
  if let lastGood {
    log.write(.error, "\(source) has errors; the last good configuration goes on: \(lastGood.path)")
  }
  for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
  let daemon: Daemon
  let status = ServiceNotifier.isWatched ? ServiceStatus() : nil
  do {
    daemon = try Daemon(
      configuration, environment, log: log, status: status, passed: passed, queues: DecodeQueues.count)
    StartMemory.release()
    try daemon.start()
  } catch {
    log.write(.error, "\(error)")
    return error is PlanError ? ExitStatus.configuration : ExitStatus.failure
  }
  if lastGood == nil { source.keep(loaded, log) }
  log.sendEntries(to: environment.journalSocket)
  let service = Service(daemon, source, configuration.control, log, status: status, version: Version.text)
  service.start()
  let what = lastGood?.path ?? (loaded.isBuiltIn ? "its built-in configuration" : source.description)
  log.write(.info, "onggi \(Version.text) serves \(what)")
  for listener in daemon.listening {
    log.write(.info, "listening: \(listener.name) at \(listener.endpoint.text)")
  }
  let shut = daemon.listening.filter(\.endpoint.isForOtherMachines)
  if ServiceNotifier.isWatched && !shut.isEmpty {
    log.write(
      .notice,
      "systemd lets no other machine reach \(shut.map(\.name).joined(separator: ", ")) unless `systemctl edit onggi` adds [Service] and IPAddressAllow="
    )
  }
  StartMemory.release()
  // Once more when the queues have begun, too. Nothing is on the main queue. dispatchMain would end this
  // thread, and to unwind it the tables of stack frames would be read; and it would let signals through, of
  // which one that comes before Dispatch has begun to wait for it ends the process.
  sleep(1)
  StartMemory.releaseForGood()
  while true { pause() }
}

enum DecodeQueues {
  /// One for each core, two at most: more do not pay, since senders and disks need cores as well.
  static var count: Int { max(1, min(2, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
