import LogDaemon
import LogRecords

struct LoadOptions {
  enum Target {
    case tcp(InternetAddress)
    case udp(InternetAddress)
    case unix(String)
    case unixDatagram(String)

    /// One frame goes in each send.
    var isDatagram: Bool {
      switch self {
      case .udp, .unixDatagram: true
      case .tcp, .unix: false
      }
    }
  }

  var target: Target
  var records: Int
  var seed: UInt64
  var json: Bool
  var connections = 1
  /// Records a second over all connections; nil: as many as are taken.
  var rate: Int?
  var pid: Int?
  /// What the daemon writes, in the built-in format: it is compared with what was sent.
  var file: String?
}

/// Sends records to a daemon over connections in turn, as many at once as a busy sender's buffer
/// holds, and says how fast they were taken.
struct Load {
  static let corpusRecords = 4096
  /// Records of one send at most, some 45 kB.
  static let batch = 64
  /// Sends in a second when the rate is limited, at most: up to here each record has one of its own, as a
  /// `SocketHandler` makes it. With more of them the sender would be late itself.
  static let sendsPerSecond = 5000
  /// How often it is looked whether a line stands in the file.
  static let lookNanoseconds = 50_000
  /// A daemon that uses no processor time for so long has done its work; it is given so long at most.
  static let quietMilliseconds = 400
  static let longestWaitMilliseconds = 30_000

  private let options: LoadOptions
  private let corpus: Corpus

  init(_ options: LoadOptions) {
    self.options = options
    corpus = Corpus(records: min(options.records, Load.corpusRecords), seed: options.seed)
  }

  func run() throws(BenchError) -> Figures {
    let before = try options.pid.map { pid throws(BenchError) in try ProcessFigures(pid: pid) }
    var lines = try options.file.map { path throws(BenchError) in try ExpectedLines(corpus, path) }
    var sockets: [Int32] = []
    for _ in 0..<options.connections { sockets.append(try Calls.connected(options.target)) }
    let start = Calls.nanoseconds()
    try send(over: sockets, from: start, &lines)
    let seconds = Double(Calls.nanoseconds() - start) / 1e9
    for socket in sockets { Calls.close(socket) }

    var figures = Figures()
    figures.add("records", Double(options.records))
    figures.add("seconds", seconds, digits: 3)
    figures.add("records_per_second", Double(options.records) / seconds)
    if var lines {
      lines.wait(milliseconds: Load.longestWaitMilliseconds, quiet: Load.quietMilliseconds)
      try lines.add(to: &figures)
    }
    guard let pid = options.pid, let before else { return figures }
    let after = try settled(pid)
    let cpu = after.cpuSeconds - before.cpuSeconds
    figures.add("daemon_cpu_seconds", cpu, digits: 2)
    figures.add("daemon_cpu_us_per_record", cpu * 1e6 / Double(options.records), digits: 3)
    figures.add("daemon_peak_memory_kib", Double(after.peakKiB))
    figures.add("daemon_memory_kib", Double(after.residentKiB))
    return figures
  }

  private func send(over sockets: [Int32], from start: Int, _ lines: inout ExpectedLines?) throws(BenchError) {
    var batch = Load.batch
    if let rate = options.rate {
      batch = max(1, min(batch, rate / Load.sendsPerSecond))
      Calls.wakeInTime()
    }
    if options.target.isDatagram { batch = 1 }
    var sent = 0
    var turn = 0
    while sent < options.records {
      if let rate = options.rate {
        let next = start + Int(Double(sent) / Double(rate) * 1e9)
        // What stands in the file is looked at between two sends only: not while the sender is behind.
        while Calls.nanoseconds() < next {
          lines?.look()
          Calls.sleep(until: min(next, Calls.nanoseconds() + Load.lookNanoseconds))
        }
      }
      let first = sent % corpus.count
      let count = min(batch, options.records - sent, corpus.count - first)
      try Calls.send(sockets[turn], corpus.frames, corpus.offsets[first]..<corpus.offsets[first + count])
      lines?.sent(first..<first + count, isTimed: options.rate != nil)
      sent += count
      turn = turn + 1 < sockets.count ? turn + 1 : 0
    }
  }

  /// What the daemon has used once it has nothing to do any more.
  private func settled(_ pid: Int) throws(BenchError) -> ProcessFigures {
    let deadline = Calls.nanoseconds() + Load.longestWaitMilliseconds * 1_000_000
    var last = try ProcessFigures(pid: pid)
    while Calls.nanoseconds() < deadline {
      Calls.sleep(until: Calls.nanoseconds() + Load.quietMilliseconds * 1_000_000)
      let now = try ProcessFigures(pid: pid)
      if now.cpuSeconds == last.cpuSeconds { return now }
      last = now
    }
    return last
  }
}

/// What a process has used: proc(5).
struct ProcessFigures {
  /// User and system time together, in steps of the clock's tick.
  let cpuSeconds: Double
  /// VmHWM: the most memory that was resident at once.
  let peakKiB: Int
  /// VmRSS: what is resident now.
  let residentKiB: Int

  init(pid: Int) throws(BenchError) {
    guard let stat = try? SystemFiles.read("/proc/\(pid)/stat"),
      let status = try? SystemFiles.read("/proc/\(pid)/status")
    else { throw BenchError(message: "there is no process \(pid)") }
    // The name in parentheses may hold anything; fields 14 and 15 are the 12th and 13th behind it.
    let behindName = String(decoding: stat, as: UTF8.self).split(separator: ")").last ?? ""
    let fields = behindName.split(separator: " ")
    func kib(_ name: String) -> Int? {
      String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(name) }
        .flatMap { $0.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } }
    }
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]),
      let peak = kib("VmHWM:"), let resident = kib("VmRSS:")
    else { throw BenchError(message: "/proc/\(pid) is not understood") }
    cpuSeconds = (user + system) / Double(Calls.ticksPerSecond)
    peakKiB = peak
    residentKiB = resident
  }

  /// How often all threads of a process have gone to sleep so far.
  static func sleeps(pid: Int) throws(BenchError) -> Int {
    var sum = 0
    for task in Calls.names("/proc/\(pid)/task") {
      guard let status = try? SystemFiles.read("/proc/\(pid)/task/\(task)/status") else { continue }
      let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first {
        $0.hasPrefix("voluntary_ctxt_switches:")
      }
      sum += line?.split(separator: "\t").last.flatMap { Int($0) } ?? 0
    }
    if sum == 0 { throw BenchError(message: "there is no process \(pid)") }
    return sum
  }
}
