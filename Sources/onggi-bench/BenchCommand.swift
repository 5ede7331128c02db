import LogDaemon

/// What the program was asked to do.
enum BenchCommand {
  case help
  case corpus(records: Int, seed: UInt64)
  case steps(StepOptions)
  case load(LoadOptions)
  case idle(Idle)

  /// Records that a command line may ask for.
  static let mostRecords = 1_000_000_000
  /// Records that are made in memory at most, 700 bytes each.
  static let mostMade = 1_000_000

  /// A process may open 1024 files unless somebody allows more.
  static let mostConnections = 16_384

  static let usage = """
    Usage: onggi-bench COMMAND [OPTION …]

      corpus                      write framed records to standard output
      steps                       what reading, decoding and formatting a record costs, in this process
        --only STEP                 repeat one alone, for a profiler: read, decode, format, brace, dollar
      load                        send records to a daemon on this machine
        --tcp HOST:PORT | --udp HOST:PORT | --unix PATH | --unix-datagram PATH
        --connections N             default 1
        --rate N                    records a second, up to 5000 each in a send of its own; default: as fast
                                    as they are taken
        --pid PID                   say what they cost the daemon with this number
        --file PATH                 what the daemon writes, in the built-in format and without rotation:
                                    compare it with what was sent, and with --rate say how long lines took
      idle                        open connections that send nothing, and count how often the daemon wakes
        --tcp HOST:PORT | --unix PATH, --connections N, --pid PID
        --seconds N                 default 10

      --records N                 how many; default 1000 for corpus, 200000 for the others
      --seed N                    of the corpus; default 1
      --json                      one line of JSON
    """

  init(_ arguments: [String]) throws(BenchError) {
    guard let name = arguments.first else {
      throw BenchError(message: "a command is missing\n\(Self.usage)", isUsage: true)
    }
    if arguments.contains("--help") || arguments.contains("-h") {
      self = .help
      return
    }
    var options = BenchArguments(Array(arguments.dropFirst()))
    let seed = UInt64(try options.number("--seed", in: 0 ... .max) ?? 1)
    let records = try options.number("--records", in: 1...Self.mostRecords)
    switch name {
    case "corpus": self = .corpus(records: min(records ?? 1000, Self.mostMade), seed: seed)
    case "steps":
      var steps = StepOptions(records: records ?? 200_000, seed: seed, json: options.flag("--json"))
      if let text = options.value("--only") {
        guard let only = StepOptions.Step(rawValue: text) else {
          throw Self.wrongUsage("--only takes read, decode, format, brace or dollar")
        }
        steps.only = only
      }
      self = .steps(steps)
    case "load":
      let target = try Self.target(&options)
      var load = LoadOptions(target: target, records: records ?? 200_000, seed: seed, json: options.flag("--json"))
      load.connections = try options.number("--connections", in: 1...Self.mostConnections) ?? 1
      load.rate = try options.number("--rate", in: 1...Self.mostRecords)
      load.pid = try options.number("--pid", in: 1...Int(Int32.max))
      load.file = options.value("--file")
      self = .load(load)
    case "idle":
      let target = try Self.target(&options)
      let connections = try options.number("--connections", in: 1...Self.mostConnections) ?? 1000
      let seconds = try options.number("--seconds", in: 1...3600) ?? 10
      guard let pid = try options.number("--pid", in: 1...Int(Int32.max)), !target.isDatagram else {
        throw Self.wrongUsage("idle needs --pid, and a stream")
      }
      self = .idle(
        Idle(target: target, connections: connections, seconds: seconds, pid: pid, json: options.flag("--json")))
    default: throw Self.wrongUsage("there is no command \(name)")
    }
    if let rest = options.rest { throw Self.wrongUsage("\(name) does not understand \(rest)") }
  }

  private static func target(_ options: inout BenchArguments) throws(BenchError) -> LoadOptions.Target {
    var targets: [LoadOptions.Target] = []
    for (option, isStream) in [("--tcp", true), ("--udp", false)] {
      guard let text = options.value(option) else { continue }
      guard let address = InternetAddress(text), address.isLoopback else {
        throw Self.wrongUsage("\(option) takes a loopback address and a port, like 127.0.0.1:9020")
      }
      targets.append(isStream ? .tcp(address) : .udp(address))
    }
    if let path = options.value("--unix") { targets.append(.unix(path)) }
    if let path = options.value("--unix-datagram") { targets.append(.unixDatagram(path)) }
    guard targets.count == 1 else {
      throw Self.wrongUsage("one of --tcp, --udp, --unix and --unix-datagram says where the daemon listens")
    }
    return targets[0]
  }

  private static func wrongUsage(_ message: String) -> BenchError {
    BenchError(message: "\(message); onggi-bench --help shows what there is", isUsage: true)
  }
}

/// Arguments that are taken out one by one; what is left is wrong.
private struct BenchArguments {
  private var arguments: [String]

  init(_ arguments: [String]) { self.arguments = arguments }

  var rest: String? { arguments.first }

  mutating func flag(_ name: String) -> Bool {
    guard let index = arguments.firstIndex(of: name) else { return false }
    arguments.remove(at: index)
    return true
  }

  mutating func value(_ name: String) -> String? {
    guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else { return nil }
    defer { arguments.removeSubrange(index...index + 1) }
    return arguments[index + 1]
  }

  mutating func number(_ name: String, in range: ClosedRange<Int>) throws(BenchError) -> Int? {
    guard let text = value(name) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw BenchError(message: "\(name) does not take \(text)", isUsage: true)
    }
    return number
  }
}
