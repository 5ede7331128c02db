internal import LogRecords

extension ConfigurationReader {
  enum HandlerKey: String, SectionKey {
    case `class`, level, formatter, filters
    case filename, mode, encoding, errors, delay
    case maxBytes, backupCount
    case when, interval, utc, atTime, timezone
    case stream
    case syslogIdentifier = "SYSLOG_IDENTIFIER"
    case compress
    case maxTotalBytes = "max_total_bytes"
    case maxAge = "max_age"
    case fileMode = "file_mode"
    case fileGroup = "file_group"
    case fsync
    case controlCharacters = "control_characters"
    case multiline
    case whenFull = "when_full"
  }

  enum HandlerClass: String, CaseIterable {
    case file = "logging.FileHandler"
    case rotatingFile = "logging.handlers.RotatingFileHandler"
    case timedRotatingFile = "logging.handlers.TimedRotatingFileHandler"
    case watchedFile = "logging.handlers.WatchedFileHandler"
    case stream = "logging.StreamHandler"
    case null = "logging.NullHandler"
    case journal = "systemd.journal.JournalHandler"

    static let names = allCases.map(\.rawValue)

    var keys: Set<HandlerKey> {
      let any: Set<HandlerKey> = [.class, .level, .formatter, .filters]
      let text = any.union([.controlCharacters, .multiline, .whenFull])
      let file = text.union([.filename, .mode, .encoding, .errors, .delay, .fileMode, .fileGroup, .fsync])
      let rotating = file.union([.backupCount, .compress, .maxTotalBytes, .maxAge])
      switch self {
      case .file, .watchedFile: return file
      case .rotatingFile: return rotating.union([.maxBytes])
      case .timedRotatingFile: return rotating.union([.when, .interval, .utc, .atTime, .timezone])
      case .stream: return text.union([.stream])
      case .null: return any
      case .journal: return any.union([.syslogIdentifier, .whenFull])
      }
    }

    /// The class that somebody meant who left out or mistook the module (`RotatingFileHandler`,
    /// `logging.RotatingFileHandler`), or misspelled the name.
    static func nearest(to name: String) -> String? {
      let last = lastComponent(name)
      if let found = names.first(where: { lastComponent($0).lowercased() == last.lowercased() }) { return found }
      if let found = NearMiss.best(for: name, among: names) { return found }
      let near = NearMiss.best(for: last, among: names.map(lastComponent))
      return names.first { lastComponent($0) == near }
    }

    private static func lastComponent(_ name: String) -> String {
      name.split(separator: ".").last.map(String.init) ?? name
    }
  }

  func readHandlers(_ levels: LevelNames, _ limits: Configuration.Limits) -> [Configuration.Handler] {
    var handlers: [Configuration.Handler] = []
    var writers: [String: (name: String, line: Int)] = [:]
    for named in namedTables(.handlers) ?? [] {
      let section: Section<HandlerKey> = section(.handlers, named)
      guard let handler = readHandler(named.name, section, levels, limits, isImplicit: named.isImplicit) else {
        continue
      }
      handlers.append(handler)
      guard let path = handler.file?.path else { continue }
      let position = section.entry(.filename)?.value.position ?? named.position
      if let other = writers[path] {
        diagnostics.error(
          "handler \(quoted(other.name)) (line \(other.line)) writes to \(quoted(path)) already", at: position)
      } else {
        writers[path] = (named.name, position.line)
      }
    }
    return handlers
  }

  private func readHandler(
    _ name: String, _ section: Section<HandlerKey>, _ levels: LevelNames, _ limits: Configuration.Limits,
    isImplicit: Bool
  ) -> Configuration.Handler? {
    section.reportUnknownKeys { entry in
      guard entry.key == "()" else { return nil }
      return "factories (\"()\") are not supported; \"class\" may be \(Self.supportedClasses)"
    }
    let formatter = readFormatterReference(section)
    let filters = resolve(section.strings(.filters), .filters, "filter")
    let level = level(.level, section, levels) ?? 0
    guard !isImplicit, let found = readClass(section) else { return nil }
    reportForeignKeys(found, section)
    guard let output = readOutput(found, section) else { return nil }
    var handler = Configuration.Handler(
      name: name, output: output, level: level, formatter: formatter, filters: filters, whenFull: limits.whenFull)
    if let value = section.choice(.controlCharacters, of: Configuration.ControlCharacters.self)?.value {
      handler.controlCharacters = value
    }
    if let value = section.choice(.multiline, of: Configuration.Multiline.self)?.value { handler.multiline = value }
    // journald may block for ever; nothing that waits for it may.
    if found == .journal { handler.whenFull = .dropOldest }
    if let whenFull = section.choice(.whenFull, of: Configuration.WhenFull.self) {
      handler.whenFull = whenFull.value
      if found == .journal, whenFull.value == .block {
        diagnostics.error("a JournalHandler never blocks: \"drop-oldest\" or \"drop-newest\"", at: whenFull.position)
      }
    }
    return handler
  }

  private func readFormatterReference(_ section: Section<HandlerKey>) -> String? {
    section.string(.formatter).flatMap { resolve([$0], .formatters, "formatter").first }
  }

  private static let supportedClasses = Section<HandlerKey>.list(HandlerClass.names, "or")

  private func readClass(_ section: Section<HandlerKey>) -> HandlerClass? {
    guard section.entry(.class) != nil else {
      if section.table["()"] == nil {
        diagnostics.error("\(section.title) has no \"class\"; it may be \(Self.supportedClasses)", at: section.position)
      }
      return nil
    }
    guard let name = section.string(.class) else { return nil }
    if let found = HandlerClass(rawValue: name.value) { return found }
    let what = "class \(quoted(name.value)) is not supported"
    if let nearest = HandlerClass.nearest(to: name.value) {
      diagnostics.error("\(what); did you mean \(quoted(nearest))?", at: name.position)
    } else {
      diagnostics.error(
        "\(what); supported are \(Section<HandlerKey>.list(HandlerClass.names, "and"))", at: name.position)
    }
    return nil
  }

  /// Keys that exist, but for another class.
  private func reportForeignKeys(_ found: HandlerClass, _ section: Section<HandlerKey>) {
    for entry in section.table.entries {
      guard let key = HandlerKey(rawValue: entry.key), !found.keys.contains(key) else { continue }
      let owners = HandlerClass.allCases.filter { $0.keys.contains(key) }.map(\.rawValue)
      diagnostics.error(
        "\(quoted(entry.key)) is no key of \(found.rawValue), but of \(Section<HandlerKey>.list(owners, "and"))",
        at: entry.keyPosition)
    }
  }

  // MARK: Outputs

  private func readOutput(_ found: HandlerClass, _ section: Section<HandlerKey>) -> Configuration.Handler.Output? {
    switch found {
    case .null: return .null
    case .stream:
      return .stream(section.choice(.stream, of: Configuration.StandardStream.self)?.value ?? .error)
    case .journal: return .journal(identifier: section.nonEmptyString(.syslogIdentifier)?.value ?? "onggi")
    case .file: return readFile(section).map { .file($0) }
    case .watchedFile: return readFile(section).map { .watchedFile($0) }
    case .rotatingFile:
      let rotation = readSizeRotation(section)
      let retention = readRetention(section)
      guard var file = readFile(section) else { return nil }
      if rotation.maxBytes > 0, file.mode == .write, let entry = section.entry(.mode) {
        diagnostics.warning("\"mode\" means nothing beside \"maxBytes\": Python appends then", at: entry.keyPosition)
        file.mode = .append
      }
      return .rotatingFile(file, rotation, retention)
    case .timedRotatingFile:
      let rotation = readTimeRotation(section)
      let retention = readRetention(section)
      guard let file = readFile(section) else { return nil }
      if file.mode == .write, let entry = section.entry(.mode) {
        diagnostics.error("a TimedRotatingFileHandler always appends: \"mode\" must be \"a\"", at: entry.value.position)
      }
      return .timedRotatingFile(file, rotation, retention)
    }
  }

  private func readFile(_ section: Section<HandlerKey>) -> Configuration.File? {
    var file = Configuration.File(path: "")
    if let value = section.choice(.mode, of: Configuration.File.Mode.self)?.value { file.mode = value }
    file.errors = section.choice(.errors, of: Configuration.File.EncodingErrors.self)?.value
    if let value = section.boolean(.delay)?.value { file.delay = value }
    if let value = section.permissions(.fileMode)?.value { file.permissions = value }
    file.group = section.nonEmptyString(.fileGroup)?.value
    if let value = section.choice(.fsync, of: Configuration.File.Synchronization.self)?.value { file.fsync = value }
    if let encoding = section.string(.encoding), ConfigurationChecks.basicCharset(encoding.value) != "utf-8" {
      diagnostics.error("\"encoding\" must be \"utf-8\", not \(quoted(encoding.value))", at: encoding.position)
    }
    guard section.entry(.filename) != nil else {
      diagnostics.error("\(section.title) has no \"filename\"", at: section.position)
      return nil
    }
    guard let filename = section.nonEmptyString(.filename) else { return nil }
    for scheme in ["cfg://", "ext://"] where filename.value.hasPrefix(scheme) {
      diagnostics.error("\(scheme) references are not supported here", at: filename.position)
      return nil
    }
    file.path = FilePath.absolute(filename.value, in: loader.directory)
    if filename.value.hasSuffix("/") || file.path == "/" {
      diagnostics.error("\"filename\" names a directory: \(quoted(filename.value))", at: filename.position)
    }
    return file
  }

  private func readSizeRotation(_ section: Section<HandlerKey>) -> Configuration.SizeRotation {
    var rotation = Configuration.SizeRotation()
    if let value = section.size(.maxBytes, in: 0 ... .max)?.value { rotation.maxBytes = value }
    let backupCount = section.integer(.backupCount, in: 0 ... .max)
    if let value = backupCount?.value { rotation.backupCount = value }
    let isCountKnown = backupCount != nil || section.entry(.backupCount) == nil
    if rotation.maxBytes > 0, rotation.backupCount == 0, isCountKnown, let entry = section.entry(.maxBytes) {
      diagnostics.warning(
        "\"maxBytes\" without \"backupCount\": the file grows without end, as in Python", at: entry.keyPosition)
    }
    return rotation
  }

  private func readTimeRotation(_ section: Section<HandlerKey>) -> Configuration.TimeRotation {
    var rotation = Configuration.TimeRotation()
    if let text = section.string(.when) {
      do throws(RolloverScheduleError) {
        rotation.when = try RolloverSchedule.When(text.value)
      } catch {
        diagnostics.error(
          "\"when\" must be \"S\", \"M\", \"H\", \"D\", \"midnight\" or \"W0\" (Monday) to \"W6\","
            + " not \(quoted(text.value))", at: text.position)
      }
    }
    let longest = Self.longestRotation / rotation.when.approximateSeconds
    if let value = section.integer(.interval, in: 1...longest)?.value { rotation.interval = value }
    if let value = section.integer(.backupCount, in: 0 ... .max)?.value { rotation.backupCount = value }
    rotation.atTime = readClockTime(section)
    rotation.zone = zone(.timezone, .utc, section)
    if rotation.atTime != nil, !rotation.when.isAtTimeOfDay, let entry = section.entry(.atTime) {
      diagnostics.warning("\"atTime\" means nothing unless \"when\" is midnight or a weekday", at: entry.keyPosition)
    }
    return rotation
  }

  /// A hundred years in seconds: far from overflow in any unit.
  private static let longestRotation = 36_525 * 86_400

  /// A string, or TOML's own time. Python too leaves out fractions of a second.
  private func readClockTime(_ section: Section<HandlerKey>) -> Int? {
    guard let entry = section.entry(.atTime) else { return nil }
    switch entry.value.kind {
    case .time(let seconds): return seconds
    case .string(let text):
      if let seconds = Quantities.clockTime(text) { return seconds }
      diagnostics.error("\"atTime\" must be a time like \"03:30:00\", not \(quoted(text))", at: entry.value.position)
      return nil
    default: return section.mistyped(entry, "a time like \"03:30:00\"")
    }
  }

  private func readRetention(_ section: Section<HandlerKey>) -> Configuration.Retention {
    var retention = Configuration.Retention()
    if let value = section.choice(.compress, of: Configuration.Retention.Compression.self)?.value {
      retention.compress = value
    }
    if !section.isNone(.maxTotalBytes) { retention.maxTotalBytes = section.size(.maxTotalBytes, in: 1 ... .max)?.value }
    if !section.isNone(.maxAge) { retention.maxAge = section.duration(.maxAge)?.value }
    return retention
  }
}

extension RolloverSchedule.When {
  /// Of one interval; a day with a change of clocks counts as any other.
  var approximateSeconds: Int {
    switch self {
    case .seconds: 1
    case .minutes: 60
    case .hours: 3_600
    case .days, .midnight: 86_400
    case .weekday: 7 * 86_400
    }
  }

  /// Whether `atTime` counts.
  var isAtTimeOfDay: Bool {
    switch self {
    case .midnight, .weekday: true
    case .seconds, .minutes, .hours, .days: false
    }
  }
}
