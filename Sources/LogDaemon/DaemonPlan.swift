import LogHandlers
import LogListeners
public import LogRecords
import Pickle
import SharedState
import Synchronization

/// What a configuration comes to, before anything is opened.
struct DaemonPlan: Sendable {
  var fields = RecordFields()
  var tree: LoggerTree
  /// Those that look at each record, by the numbers that the tree has for them.
  var filters: [PlannedFilter]
  /// By handler, in the configuration's order.
  var formatters: [LogFormatter]
  /// By handler; nil: its records become lines.
  var journals: [JournalFormatter?]
  /// nil: a `NullHandler`.
  var outputs: [Output?]
  var namesPeers: Bool
  var charsets: [Renderer.Charset]

  /// Where a handler's records go.
  enum Output: Sendable {
    case file(FileOptions)
    /// The journal, by the path of its socket.
    case journal(path: String)
  }

  init(_ configuration: Configuration, _ environment: DaemonEnvironment) throws(PlanError) {
    let numbers = Dictionary(uniqueKeysWithValues: configuration.handlers.enumerated().map { ($1.name, $0) })
    var planned: [PlannedFilter] = []
    let filters = Dictionary(uniqueKeysWithValues: configuration.filters.map { ($0.name, $0) })
    /// The filters of a handler, or of a logger: whatever remembers records is theirs alone.
    func plan(_ names: [String], handler: Int?) throws(PlanError) -> [LogFilter] {
      var result: [LogFilter] = []
      for case let filter? in names.map({ filters[$0] }) {
        let levels = (filter.level ?? Int.min)...max(filter.level ?? Int.min, filter.maxLevel ?? Int.max)
        var number: Int?
        if let looking = try DaemonPlan.filter(filter) {
          number = planned.count
          planned.append(PlannedFilter(filter: looking, handler: handler))
        }
        result.append(LogFilter(name: Array(filter.logger.utf8), levels: levels, dynamic: number))
      }
      return result
    }
    func logger(_ logger: Configuration.Logger, name: String) throws(PlanError) -> LoggerTree.Logger {
      LoggerTree.Logger(
        name: Array(name.utf8), level: logger.level, handlers: logger.handlers.compactMap { numbers[$0] },
        filters: try plan(logger.filters, handler: nil), propagate: logger.propagate)
    }
    var loggers: [LoggerTree.Logger] = []
    for other in configuration.loggers { loggers.append(try logger(other, name: other.name)) }
    var handlers: [LoggerTree.Handler] = []
    for (number, handler) in configuration.handlers.enumerated() {
      handlers.append(LoggerTree.Handler(level: handler.level, filters: try plan(handler.filters, handler: number)))
    }
    tree = LoggerTree(root: try logger(configuration.root, name: ""), loggers: loggers, handlers: handlers)
    self.filters = planned
    formatters = []
    journals = []
    outputs = []
    for handler in configuration.handlers {
      let formatter =
        configuration.formatters.first { $0.name == handler.formatter } ?? Configuration.Formatter(name: "")
      formatters.append(try DaemonPlan.formatter(formatter, handler, environment, &fields))
      if case .journal(let identifier) = handler.output {
        journals.append(JournalFormatter(identifier: Array(identifier.utf8), fields: &fields))
      } else {
        journals.append(nil)
      }
      outputs.append(try DaemonPlan.output(handler, environment))
    }
    let own = ["peer", "peer_uid", "peer_gid", "peer_pid"]
    namesPeers = configuration.formatters.contains { formatter in
      own.contains { (formatter.format ?? "").holds($0) }
    }
    charsets = configuration.listeners.map { $0.charset == "latin-1" ? .latin1 : .utf8 }
  }

  /// The part of a filter that looks at each record, if it has one.
  private static func filter(_ filter: Configuration.Filter) throws(PlanError) -> RecordFilter? {
    guard filter.pattern != nil || filter.dedupe != nil || filter.rate != nil else { return nil }
    do throws(PatternError) {
      let pattern = try filter.pattern.map { text throws(PatternError) in try Pattern(text) }
      let rate = filter.rate.map { rate in
        RecordFilter.Rate(
          records: rate.records, interval: rate.interval.wholeNanoseconds, burst: filter.burst ?? rate.records,
          text: rate.text)
      }
      return RecordFilter(
        name: filter.name, pattern: pattern, dedupe: filter.dedupe?.wholeNanoseconds, rate: rate)
    } catch {
      throw PlanError("filter \(filter.name): \(error)")
    }
  }

  private static func formatter(
    _ formatter: Configuration.Formatter, _ handler: Configuration.Handler, _ environment: DaemonEnvironment,
    _ fields: inout RecordFields
  ) throws(PlanError) -> LogFormatter {
    do {
      let format = try FormatString(
        formatter.format.map { Array($0.utf8) }, style: formatter.style.formatString, validate: formatter.validate)
      let milliseconds = try formatter.defaultMsecFormat.flatMap { format throws(MillisecondsFormatError) in
        format.isEmpty ? nil : try MillisecondsFormat(Array(format.utf8))
      }
      let converter: AscTime.Converter =
        switch formatter.zone {
        case .local: .zone(environment.localZone)
        case .utc: .gmtime
        case .named(let name): .zone(try environment.zones.zone(named: name))
        }
      let time = try AscTime(
        datefmt: formatter.datefmt.map { Array($0.utf8) }, defaultTimeFormat: Array(formatter.defaultTimeFormat.utf8),
        defaultMsecFormat: milliseconds, converter: converter, localZone: environment.localZone)
      let defaults = formatter.defaults.map { entry -> ([UInt8], OwnValue) in
        let value =
          switch entry.value {
          case .string(let text): OwnValue(text: Array(text.utf8))
          case .integer(let number): OwnValue(.integer(Int64(number)))
          case .float(let number): OwnValue(.float(number))
          case .boolean(let truth): OwnValue(.bool(truth))
          }
        return (Array(entry.name.utf8), value)
      }
      let errors = handler.file?.errors.flatMap { EncodingErrors(rawValue: $0.rawValue) } ?? .backslashreplace
      return LogFormatter(
        format, time: time, defaults: defaults, errors: errors,
        layout: LineLayout(
          escapesControlCharacters: handler.controlCharacters == .escape,
          newlines: handler.multiline == .keep ? .keep : handler.multiline == .indent ? .indent : .escape),
        fields: &fields)
    } catch {
      throw PlanError("formatter \(formatter.name): \(error)")
    }
  }

  private static func output(
    _ handler: Configuration.Handler, _ environment: DaemonEnvironment
  ) throws(PlanError) -> Output? {
    let file: Configuration.File
    let rollover: Rollover
    var retention = Configuration.Retention()
    switch handler.output {
    case .null: return nil
    case .journal: return .journal(path: environment.journalSocket)
    case .stream(let stream):
      return .file(FileOptions(path: stream.rawValue, descriptor: stream == .output ? 1 : 2))
    case .file(let plain): (file, rollover) = (plain, .never)
    case .watchedFile(let watched): (file, rollover) = (watched, .watched)
    case .rotatingFile(let rotating, let rotation, let kept):
      (file, retention) = (rotating, kept)
      rollover = .size(maxBytes: rotation.maxBytes, backupCount: rotation.backupCount)
    case .timedRotatingFile(let rotating, let rotation, let kept):
      (file, retention) = (rotating, kept)
      rollover = .timed(try schedule(rotation, environment), backupCount: rotation.backupCount)
    }
    return .file(
      FileOptions(
        path: file.path, permissions: file.permissions, rollover: rollover, truncateAtStart: file.mode == .write,
        delay: file.delay, group: try group(file.group, handler),
        backups: BackupOptions(
          compression: compression(retention), maxTotalBytes: retention.maxTotalBytes, maxAge: retention.maxAge),
        synchronization: synchronization(file.fsync)))
  }

  private static func synchronization(_ fsync: Configuration.File.Synchronization) -> Synchronization {
    switch fsync {
    case .never: .never
    case .interval: .interval
    case .always: .always
    }
  }

  private static func compression(_ retention: Configuration.Retention) -> Compression? {
    switch retention.compress {
    case .none: nil
    case .gzip: .gzip
    case .zstd: .zstd
    }
  }

  private static func group(_ name: String?, _ handler: Configuration.Handler) throws(PlanError) -> UInt32? {
    guard let name else { return nil }
    guard let number = SystemFiles.group(name) else {
      throw PlanError("handler \(handler.name): there is no group \(name)")
    }
    return number
  }

  private static func schedule(
    _ rotation: Configuration.TimeRotation, _ environment: DaemonEnvironment
  ) throws(PlanError) -> RolloverSchedule {
    do {
      let zone: TimeZoneRules =
        switch rotation.zone {
        case .local: environment.localZone
        case .utc: .utc
        case .named(let name): try environment.zones.zone(named: name)
        }
      let time = rotation.atTime.flatMap {
        RolloverSchedule.TimeOfDay(hour: $0 / 3600, minute: $0 / 60 % 60, second: $0 % 60)
      }
      return try RolloverSchedule(
        when: rotation.when, interval: rotation.interval, utc: rotation.zone == .utc, atTime: time, zone: zone)
    } catch {
      throw PlanError("timed rotation: \(error)")
    }
  }
}

/// Why a configuration that is right in itself cannot be carried out here.
public struct PlanError: Error, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}

/// Why a listener cannot be opened. That may pass: an address that is taken, or that is not there
/// yet while the system starts.
public struct ListenError: Error, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}

/// Why nothing can be reloaded now.
public struct ReloadError: Error, Sendable, CustomStringConvertible {
  public var description: String {
    "a write to a disk does not return, and holds up a decode queue; reload again when the disk answers"
  }
}

/// What the daemon takes from the process around it.
public struct DaemonEnvironment: Sendable {
  public let zones: ZoneDatabase
  public let localZone: TimeZoneRules
  /// Where relative file names lie: `$LOGS_DIRECTORY`, or the working directory.
  public let logsDirectory: String
  /// Where the last good configuration is kept: `$STATE_DIRECTORY`.
  let stateDirectory: String?
  /// journald's socket for entries, or what `$ONGGI_JOURNAL_SOCKET` puts in its place.
  public let journalSocket: String
  /// The stream that a service's output is, as `DEVICE:INODE`: systemd.exec(5).
  let journalStream: String?

  /// From the environment variables TZ, TZDIR, LOGS_DIRECTORY, STATE_DIRECTORY, JOURNAL_STREAM and
  /// ONGGI_JOURNAL_SOCKET.
  public init() {
    zones = ZoneDatabase(directory: SystemFiles.environment("TZDIR")) { try? SystemFiles.read($0, limit: 1 << 20) }
    localZone = zones.local(tz: SystemFiles.environment("TZ"))
    // systemd separates several directories by colons.
    func directory(_ name: String) -> String? {
      SystemFiles.environment(name)?.split(separator: ":").first.map(String.init)
    }
    logsDirectory = directory("LOGS_DIRECTORY") ?? SystemFiles.workingDirectory()
    stateDirectory = directory("STATE_DIRECTORY")
    journalSocket = SystemFiles.environment("ONGGI_JOURNAL_SOCKET") ?? JournalSocket.path
    journalStream = SystemFiles.environment("JOURNAL_STREAM")
  }

  /// The offset of a zone at a local time, for values that are aware of a `zoneinfo.ZoneInfo`.
  var zoneLookup: ZoneLookup {
    let known = ZoneCache(zones)
    return { key, date, time in
      guard let rules = known.rules(String(decoding: key, as: UTF8.self)) else { return nil }
      let fields = LocalFields(
        year: date.year, month: date.month, day: date.day, hour: time.hour, minute: time.minute, second: time.second)
      guard let type = rules.localTimeType(of: fields, fold: time.fold) else { return nil }
      return ZoneOffset(seconds: type.utcOffset, abbreviation: type.abbreviation)
    }
  }
}

/// The zones that records have named: a record must not cost a file read each time.
private final class ZoneCache: Sendable {
  /// Names that are kept at most, the unknown ones included; senders choose them.
  static let most = 256

  private let database: ZoneDatabase
  private let known = Mutex<[String: TimeZoneRules?]>([:])

  init(_ database: ZoneDatabase) { self.database = database }

  func rules(_ name: String) -> TimeZoneRules? {
    known.withLock { known in
      if let rules = known[name] { return rules }
      let rules = try? database.zone(named: name)
      if known.count >= ZoneCache.most { known.removeAll() }
      known[name] = rules
      return rules
    }
  }
}
