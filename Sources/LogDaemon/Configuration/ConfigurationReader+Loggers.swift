import SharedState

/// Python's level names and those that `[levels]` adds.
struct LevelNames {
  let added: [Configuration.LevelName]

  /// A name that was added wins over Python's own, as `addLevelName` has it.
  func number(_ name: String) -> Int? {
    (added + Configuration.LevelName.python).first { $0.name == name }?.number
  }

  var names: [String] { (Configuration.LevelName.python + added).map(\.name) }
}

extension ConfigurationReader {
  func readLevels() -> [Configuration.LevelName] {
    guard let entry = file.entry(.levels) else { return [] }
    guard case .table(let table) = entry.value.kind else { return file.mistyped(entry, "a table") ?? [] }
    var levels: [Configuration.LevelName] = []
    for entry in table.entries {
      if case .integer(let number) = entry.value.kind {
        levels.append(.init(name: entry.key, number: number))
      } else {
        diagnostics.error(
          "level \(quoted(entry.key)) must be an integer, not \(entry.value.kindDescription)",
          at: entry.value.position)
      }
    }
    return levels
  }

  enum LoggerKey: String, SectionKey { case level, handlers, filters, propagate }

  func readLoggers(_ levels: LevelNames) -> ([Configuration.Logger], root: Configuration.Logger) {
    var loggers: [Configuration.Logger] = []
    var rootSection: Section<LoggerKey>?
    if let entry = file.entry(.root) {
      let section: Section<LoggerKey> = singleSection(.root)
      if case .table = entry.value.kind { rootSection = section }
    }
    for named in namedTables(.loggers) ?? [] {
      let section: Section<LoggerKey> = section(.loggers, named)
      // Python's getLogger("") and getLogger("root") are the root logger.
      if named.name.isEmpty || named.name == "root" {
        if let other = rootSection {
          diagnostics.error("\(section.title) is the root logger, which \(other.title) is too", at: named.position)
        } else {
          rootSection = section
        }
        continue
      }
      loggers.append(readLogger(named.name, section, levels))
    }
    let root = readRoot(rootSection, levels)
    warnAboutHandlers(loggers + [root])
    return (loggers, root)
  }

  private func readRoot(_ section: Section<LoggerKey>?, _ levels: LevelNames) -> Configuration.Logger {
    guard let section else {
      guard file.entry(.root) == nil else { return .root() }
      diagnostics.warning("there is no [root]: its level is WARNING, and it has no handlers", at: .start)
      return .root()
    }
    if section.entry(.level) == nil {
      diagnostics.warning(
        "\(section.title) has no \"level\": it is WARNING, as in Python, and what is below is dropped",
        at: section.position)
    }
    if let propagate = section.entry(.propagate) {
      diagnostics.warning("\"propagate\" means nothing here: the root logger has no parent", at: propagate.keyPosition)
    }
    let logger = readLogger("root", section, levels)
    return .root(
      level: section.entry(.level) == nil ? 30 : logger.level, handlers: logger.handlers, filters: logger.filters)
  }

  private func readLogger(
    _ name: String, _ section: Section<LoggerKey>, _ levels: LevelNames
  ) -> Configuration.Logger {
    section.reportUnknownKeys()
    return Configuration.Logger(
      name: name,
      level: level(.level, section, levels) ?? 0,
      handlers: resolve(section.strings(.handlers), .handlers, "handler"),
      filters: resolve(section.strings(.filters), .filters, "filter"),
      propagate: section.boolean(.propagate)?.value ?? true)
  }

  private func warnAboutHandlers(_ loggers: [Configuration.Logger]) {
    let used = Set(loggers.flatMap(\.handlers))
    if used.isEmpty {
      diagnostics.warning("no logger names a handler: nothing will be written", at: .start)
    }
    for named in namedTables(.handlers) ?? [] where !used.contains(named.name) && !named.isImplicit {
      diagnostics.warning("no logger names the handler \(quoted(named.name))", at: named.keyPosition)
    }
  }

  // MARK: Limits

  enum LimitKey: String, SectionKey {
    case stopTimeout = "stop_timeout"
    case maxFrameBytes = "max_frame_bytes"
    case maxConnections = "max_connections"
    case memoryBytes = "memory_bytes"
    case whenFull = "when_full"
  }

  /// Frames are addressed with 32 bits inside of the decoder; no record is a gibibyte long.
  static let maximumFrameBytes = 1 << 30
  static let maximumConnections = 1 << 20

  func readLimits() -> Configuration.Limits {
    let section: Section<LimitKey> = singleSection(.limits)
    section.reportUnknownKeys()
    var limits = Configuration.Limits()
    let maxFrameBytes = section.size(.maxFrameBytes, in: 1...Self.maximumFrameBytes)
    let memoryBytes = section.size(.memoryBytes, in: 1...QueueLayout.largestMemory)
    if let value = section.duration(.stopTimeout)?.value { limits.stopTimeout = value }
    if let value = maxFrameBytes?.value { limits.maxFrameBytes = value }
    if let value = section.integer(.maxConnections, in: 1...Self.maximumConnections)?.value {
      limits.maxConnections = value
    }
    if let value = memoryBytes?.value { limits.memoryBytes = value }
    if let value = section.choice(.whenFull, of: Configuration.WhenFull.self)?.value { limits.whenFull = value }
    if limits.maxFrameBytes > limits.memoryBytes / 2 {
      diagnostics.error(
        "\"max_frame_bytes\" (\(limits.maxFrameBytes)) must be at most half of \"memory_bytes\""
          + " (\(limits.memoryBytes))",
        at: maxFrameBytes?.position ?? memoryBytes?.position ?? section.position)
    }
    return limits
  }
}
