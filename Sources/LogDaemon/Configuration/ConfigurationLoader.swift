/// Reads configurations: TOML to `Configuration`, with everything that is wrong on the way.
public struct ConfigurationLoader: Sendable {
  /// Where relative file names lie.
  public var directory: String
  public var checks: ConfigurationChecks

  /// - Parameter directory: `$LOGS_DIRECTORY`, or else the working directory. Absolute.
  public init(directory: String, checks: ConfigurationChecks) {
    self.directory = directory
    self.checks = checks
  }

  /// - Parameter file: the name that diagnostics carry.
  /// - Returns: the configuration unless there is an error, and all diagnostics in the order of the
  ///   file. Of syntax errors there is one, and nothing else then.
  public func load(bytes: [UInt8], file: String) -> (Configuration?, [Diagnostic]) {
    do throws(ConfigurationError) {
      let document = try TOMLDocument(parsing: bytes, file: file)
      let reader = ConfigurationReader(loader: self, root: document.root, source: bytes, file: file)
      let configuration = reader.read()
      let diagnostics = reader.diagnostics
      return (diagnostics.hasErrors ? nil : configuration, diagnostics.sorted)
    } catch {
      return (nil, [error.diagnostic])
    }
  }
}

/// One reading of one file. Tables are read in the order in which they refer to each other.
struct ConfigurationReader {
  enum Key: String, SectionKey {
    case version, incremental, listeners, formatters, filters, handlers, levels, loggers, root, control, limits
    case disableExistingLoggers = "disable_existing_loggers"
  }

  let loader: ConfigurationLoader
  let file: Section<Key>
  let diagnostics: DiagnosticCollector
  let source: [UInt8]
  /// The names in each table of tables, also of what has errors: that a name exists is all that a
  /// reference to it needs.
  private let names: [Key: Set<String>]

  init(loader: ConfigurationLoader, root: TOMLTable, source: [UInt8], file: String) {
    self.loader = loader
    self.source = source
    diagnostics = DiagnosticCollector(file: file)
    self.file = Section(path: [], table: root, position: .start, diagnostics: diagnostics)
    var names: [Key: Set<String>] = [:]
    for key in [Key.formatters, .filters, .handlers] {
      guard case .table(let table)? = root[key.rawValue]?.value.kind else { continue }
      names[key] = Set(table.entries.map(\.key))
    }
    self.names = names
  }

  func read() -> Configuration {
    file.reportUnknownKeys()
    readVersion()
    checkTablesOfTables()
    let levels = LevelNames(added: readLevels())
    let limits = readLimits()
    let listeners = readListeners()
    let control = readControl(listeners: listeners)
    let formatters = readFormatters()
    let filters = readFilters(levels)
    let handlers = readHandlers(levels, limits)
    let (loggers, root) = readLoggers(levels)
    return Configuration(
      listeners: listeners, formatters: formatters, filters: filters, handlers: handlers, levels: levels.added,
      loggers: loggers, root: root, control: control, limits: limits)
  }

  /// The keys with which Python's dictConfig tells its ways of configuring apart.
  private func readVersion() {
    if let version = file.integer(.version, in: .min ... .max), version.value != 1 {
      diagnostics.error("\"version\" must be 1, the only version of dictConfig's tables", at: version.position)
    }
    _ = file.boolean(.disableExistingLoggers)
    if let incremental = file.boolean(.incremental), incremental.value {
      diagnostics.error(
        "\"incremental\" is not supported: a file is always the whole configuration", at: incremental.position)
    }
  }

  // MARK: Tables of tables

  /// A table within `[handlers]`, `[loggers]`, …
  struct NamedTable {
    var name: String
    var keyPosition: TOMLPosition
    var table: TOMLTable
    var position: TOMLPosition

    /// Whether it is there only for the tables inside of it: `app` in a lone `[handlers.app.db]`.
    /// Those are reported, and nothing is missing in it then.
    var isImplicit: Bool {
      !table.entries.isEmpty
        && table.entries.allSatisfy { entry in
          if case .table = entry.value.kind { true } else { false }
        }
    }
  }

  /// What stands in `[formatters]`, `[filters]`, …; nil without such a table. What is no table is left out.
  func namedTables(_ key: Key) -> [NamedTable]? {
    guard case .table(let table)? = file.entry(key)?.value.kind else { return nil }
    return table.entries.compactMap { entry in
      guard case .table(let inner) = entry.value.kind else { return nil }
      return NamedTable(
        name: entry.key, keyPosition: entry.keyPosition, table: inner, position: entry.value.position)
    }
  }

  /// Reports what `namedTables` leaves out.
  private func checkTablesOfTables() {
    for key in [Key.listeners, .formatters, .filters, .handlers, .loggers] {
      guard let entry = file.entry(key) else { continue }
      guard case .table(let table) = entry.value.kind else {
        let _: Never? = file.mistyped(entry, "a table")
        continue
      }
      for entry in table.entries {
        if case .table = entry.value.kind { continue }
        diagnostics.error(
          "[\(key.rawValue)] holds tables like [\(key.rawValue).NAME]; \(quoted(entry.key)) is"
            + " \(entry.value.kindDescription)", at: entry.keyPosition)
      }
    }
  }

  func section<SomeKey: SectionKey>(_ kind: Key, _ named: NamedTable) -> Section<SomeKey> {
    Section(
      path: [kind.rawValue, named.name], table: named.table, position: named.position, diagnostics: diagnostics)
  }

  /// `[root]`, `[control]`, `[limits]`: an empty section when there is none.
  func singleSection<SomeKey: SectionKey>(_ key: Key) -> Section<SomeKey> {
    var table = TOMLTable()
    var position = TOMLPosition.start
    if let entry = file.entry(key) {
      if case .table(let found) = entry.value.kind {
        table = found
        position = entry.value.position
      } else {
        let _: Never? = file.mistyped(entry, "a table")
      }
    }
    return Section(path: [key.rawValue], table: table, position: position, diagnostics: diagnostics)
  }

  /// The names out of `found` that exist, each once; the others are reported.
  func resolve(_ found: [Located<String>]?, _ kind: Key, _ noun: String) -> [String] {
    var resolved: [String] = []
    var seen: Set<String> = []
    for reference in found ?? [] where seen.insert(reference.value).inserted {
      if names[kind]?.contains(reference.value) == true {
        resolved.append(reference.value)
      } else {
        let question = NearMiss.question(reference.value, among: Array(names[kind] ?? []))
        diagnostics.error("there is no \(noun) \(quoted(reference.value))\(question)", at: reference.position)
      }
    }
    return resolved
  }

  // MARK: Values that several tables have

  func level<SomeKey>(_ key: SomeKey, _ section: Section<SomeKey>, _ levels: LevelNames) -> Int? {
    guard let entry = section.entry(key) else { return nil }
    switch entry.value.kind {
    case .integer(let number): return number
    case .string(let name):
      if let number = levels.number(name) { return number }
      var advice = NearMiss.question(name, among: levels.names)
      if let number = Int(name) { advice = "; the number stands without quotes: \(number)" }
      diagnostics.error("unknown level \(quoted(name))\(advice)", at: entry.value.position)
      return nil
    default: return section.mistyped(entry, "a level's name or number")
    }
  }

  func zone<SomeKey>(_ timezone: SomeKey, _ utc: SomeKey, _ section: Section<SomeKey>) -> Configuration.Zone {
    let isUTC = section.boolean(utc)?.value ?? false
    guard let name = section.nonEmptyString(timezone), name.value != "local" else { return isUTC ? .utc : .local }
    if isUTC {
      diagnostics.error("\"timezone\" contradicts utc = true; say one of them", at: name.position)
    } else if !loader.checks.zoneExists(name.value) {
      diagnostics.error(
        "unknown time zone \(quoted(name.value)); IANA names like \"Asia/Seoul\" come with the tzdata package",
        at: name.position)
    }
    return .named(name.value)
  }

  func problem(_ problem: ConfigurationChecks.Problem, in text: Located<String>, _ prefix: String) {
    var position = text.position
    if let offset = problem.offset {
      position = SourceText.position(of: offset, in: text.value, at: text.position, source) ?? position
    }
    diagnostics.error("\(prefix): \(problem.message)", at: position)
  }
}
