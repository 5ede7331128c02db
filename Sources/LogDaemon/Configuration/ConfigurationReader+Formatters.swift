internal import LogRecords

extension ConfigurationReader {
  enum FormatterKey: String, SectionKey {
    case format, style, datefmt, validate, defaults, utc, timezone, `class`
    case defaultTimeFormat = "default_time_format"
    case defaultMsecFormat = "default_msec_format"
  }

  func readFormatters() -> [Configuration.Formatter] {
    (namedTables(.formatters) ?? []).map { readFormatter($0.name, section(.formatters, $0)) }
  }

  private func readFormatter(_ name: String, _ section: Section<FormatterKey>) -> Configuration.Formatter {
    section.reportUnknownKeys { entry in
      entry.key == "()" ? "factories (\"()\") are not supported; a formatter is always logging.Formatter" : nil
    }
    if let name = section.string(.class), name.value != "logging.Formatter" {
      diagnostics.error(
        "class \(quoted(name.value)) is not supported; a formatter is always logging.Formatter", at: name.position)
    }
    var formatter = Configuration.Formatter(name: name)
    let format = section.string(.format)
    let style = section.choice(.style, of: Configuration.Formatter.Style.self)
    formatter.format = format?.value
    if let style { formatter.style = style.value }
    formatter.datefmt = section.string(.datefmt)?.value
    if let validate = section.boolean(.validate) { formatter.validate = validate.value }
    formatter.defaults = readDefaults(section)
    if let text = section.string(.defaultTimeFormat) { formatter.defaultTimeFormat = text.value }
    if let text = section.string(.defaultMsecFormat) { formatter.defaultMsecFormat = readMsecFormat(text) }
    formatter.zone = zone(.timezone, .utc, section)
    // A style that is none has been reported, and says nothing about the format.
    if section.entry(.style) == nil || style != nil, let problem = loader.checks.format(formatter) {
      let text = format ?? Located(value: "", position: section.position)
      self.problem(problem, in: text, "\"format\" is refused")
    }
    return formatter
  }

  private func readDefaults(_ section: Section<FormatterKey>) -> [Configuration.Formatter.Default] {
    guard let entry = section.entry(.defaults) else { return [] }
    guard case .table(let table) = entry.value.kind else { return section.mistyped(entry, "a table") ?? [] }
    return table.entries.compactMap { entry in
      switch entry.value.kind {
      case .string(let text): return .init(name: entry.key, value: .string(text))
      case .integer(let number): return .init(name: entry.key, value: .integer(number))
      case .float(let number): return .init(name: entry.key, value: .float(number))
      case .boolean(let value): return .init(name: entry.key, value: .boolean(value))
      default:
        diagnostics.error(
          "default \(quoted(entry.key)) must be a string, a number or a boolean, not \(entry.value.kindDescription)",
          at: entry.value.position)
        return nil
      }
    }
  }

  /// Python fills it in with `% (time, milliseconds)`: a text and a number from 0 to 999.
  private func readMsecFormat(_ text: Located<String>) -> String? {
    guard !text.value.isEmpty else { return nil }
    do throws(MillisecondsFormatError) {
      _ = try MillisecondsFormat(Array(text.value.utf8))
    } catch {
      diagnostics.error(
        "\"default_msec_format\" must have one %s for the time and then one %d for the milliseconds,"
          + " like \"%s,%03d\"; \"\" is for none", at: text.position)
    }
    return text.value
  }

  // MARK: Filters

  enum FilterKey: String, SectionKey {
    case name, rate, burst, dedupe, level, pattern
    case maxLevel = "max_level"
  }

  /// A burst that no sender means is refused rather than counted.
  static let maximumRecords = 1_000_000_000

  func readFilters(_ levels: LevelNames) -> [Configuration.Filter] {
    (namedTables(.filters) ?? []).map { readFilter($0.name, section(.filters, $0), levels) }
  }

  private func readFilter(
    _ name: String, _ section: Section<FilterKey>, _ levels: LevelNames
  ) -> Configuration.Filter {
    section.reportUnknownKeys { entry in
      guard entry.key == "()" || entry.key == "class" else { return nil }
      let keys = Section<FilterKey>.list(FilterKey.allCases.map(\.rawValue), "and")
      return "\(quoted(entry.key)) is not supported; a filter is always logging.Filter, with the keys \(keys)"
    }
    var filter = Configuration.Filter(name: name)
    if let text = section.string(.name) { filter.logger = text.value }
    filter.rate = readRate(section)
    filter.burst = filter.rate?.records
    if let burst = section.integer(.burst, in: 1...Self.maximumRecords) {
      filter.burst = burst.value
      if section.entry(.rate) == nil, let entry = section.entry(.burst) {
        diagnostics.error("\"burst\" needs a \"rate\"", at: entry.keyPosition)
      }
    }
    filter.dedupe = section.isNone(.dedupe) ? nil : section.duration(.dedupe)?.value
    filter.level = level(.level, section, levels)
    filter.maxLevel = level(.maxLevel, section, levels)
    if let low = filter.level, let high = filter.maxLevel, low > high, let entry = section.entry(.maxLevel) {
      diagnostics.error("\"max_level\" is below \"level\": nothing would pass", at: entry.value.position)
    }
    if let text = section.string(.pattern) {
      filter.pattern = text.value
      if let problem = loader.checks.pattern(text.value) { self.problem(problem, in: text, "\"pattern\" is refused") }
    }
    return filter
  }

  private func readRate(_ section: Section<FilterKey>) -> Configuration.Rate? {
    guard let entry = section.entry(.rate) else { return nil }
    var rate: Configuration.Rate?
    switch entry.value.kind {
    case .integer(let records): rate = Configuration.Rate(records: records)
    case .string(let text): rate = Quantities.rate(text)
    default: return section.mistyped(entry, "a rate like \"100/s\"")
    }
    if let rate, (1...Self.maximumRecords).contains(rate.records) { return rate }
    diagnostics.error(
      "\"rate\" must be a positive number of records a second, or one like \"100/s\", \"1000/min\" or \"5000/h\"",
      at: entry.value.position)
    return nil
  }
}
