import LogDaemon
import LogRecords

struct LoadOptions {
  enum Target {
    case tcp(InternetAddress)
    case udp(InternetAddress)
    case unix(String)
  }

  var target: Target
  var records: Int
  var seed: UInt64
  var json: Bool
  var connections = 1
  /// Records a second over all connections; nil: as many as are taken.
  var rate: Int?
  var pid: Int?
}

/// Sends records to a daemon over connections in turn, as many at once as a busy sender's buffer
/// holds, and says how fast they were taken.
struct Load {
  static let corpusRecords = 4096
  /// Records of one send at most, some 45 kB.
  static let batch = 64
  /// Sends in a second when the rate is limited, so that batches are small rather than rare.
  static let sendsPerSecond = 200
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
    var sockets: [Int32] = []
    for _ in 0..<options.connections { sockets.append(try Calls.connected(options.target)) }
    let start = Calls.nanoseconds()
    try send(over: sockets, from: start)
    let seconds = Double(Calls.nanoseconds() - start) / 1e9
    for socket in sockets { Calls.close(socket) }

    var figures = Figures()
    figures.add("records", Double(options.records))
    figures.add("seconds", seconds, digits: 3)
    figures.add("records_per_second", Double(options.records) / seconds)
    guard let pid = options.pid, let before else { return figures }
    let after = try settled(pid)
    let cpu = after.cpuSeconds - before.cpuSeconds
    figures.add("daemon_cpu_seconds", cpu, digits: 2)
    figures.add("daemon_cpu_us_per_record", cpu * 1e6 / Double(options.records), digits: 3)
    figures.add("daemon_peak_memory_kib", Double(after.peakKiB))
    return figures
  }

  private func send(over sockets: [Int32], from start: Int) throws(BenchError) {
    var batch = Load.batch
    if let rate = options.rate { batch = max(1, min(batch, rate / Load.sendsPerSecond)) }
    // A datagram is one frame.
    if case .udp = options.target { batch = 1 }
    var sent = 0
    var turn = 0
    while sent < options.records {
      if let rate = options.rate { Calls.sleep(until: start + Int(Double(sent) / Double(rate) * 1e9)) }
      let first = sent % corpus.count
      let count = min(batch, options.records - sent, corpus.count - first)
      try Calls.send(sockets[turn], corpus.frames, corpus.offsets[first]..<corpus.offsets[first + count])
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

  init(pid: Int) throws(BenchError) {
    guard let stat = try? SystemFiles.read("/proc/\(pid)/stat"),
      let status = try? SystemFiles.read("/proc/\(pid)/status")
    else { throw BenchError(message: "there is no process \(pid)") }
    // The name in parentheses may hold anything; fields 14 and 15 are the 12th and 13th behind it.
    let behindName = String(decoding: stat, as: UTF8.self).split(separator: ")").last ?? ""
    let fields = behindName.split(separator: " ")
    let peak = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]),
      let kib = peak?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({ Int($0) })
    else { throw BenchError(message: "/proc/\(pid) is not understood") }
    cpuSeconds = (user + system) / Double(Calls.ticksPerSecond)
    peakKiB = kib
  }
}
