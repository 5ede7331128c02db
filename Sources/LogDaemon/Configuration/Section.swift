/// A value that was read, and where it stands.
struct Located<Value> {
  var value: Value
  var position: TOMLPosition
}

/// The keys that one kind of table may have. The raw values are their spellings in the file.
protocol SectionKey: RawRepresentable<String>, CaseIterable, Hashable {}

/// A table whose keys are known. Every reader returns nil when the key is absent or its value
/// is not what it should be; the latter has been reported by then.
struct Section<Key: SectionKey> {
  /// ["handlers", "app"]; empty for the file itself.
  let path: [String]
  let table: TOMLTable
  let position: TOMLPosition
  let diagnostics: DiagnosticCollector

  /// `[handlers.app]`.
  var title: String { Self.header(path) }

  static func header(_ path: [String]) -> String {
    "[" + path.map(TOMLTable.spelling).joined(separator: ".") + "]"
  }

  func entry(_ key: Key) -> TOMLTable.Entry? { table[key.rawValue] }

  func error(_ message: String, at position: TOMLPosition) { diagnostics.error(message, at: position) }

  func warning(_ message: String, at position: TOMLPosition) { diagnostics.warning(message, at: position) }

  // MARK: Types

  /// Any text but one with a NUL: system calls would cut it there.
  func string(_ key: Key) -> Located<String>? {
    guard let entry = entry(key) else { return nil }
    guard case .string(let text) = entry.value.kind else { return mistyped(entry, "a string") }
    guard !text.utf8.contains(0) else {
      error("\(quoted(key.rawValue)) must not contain a NUL", at: entry.value.position)
      return nil
    }
    return Located(value: text, position: entry.value.position)
  }

  func nonEmptyString(_ key: Key) -> Located<String>? {
    guard let text = string(key) else { return nil }
    guard !text.value.isEmpty else {
      error("\(quoted(key.rawValue)) must not be empty", at: text.position)
      return nil
    }
    return text
  }

  func boolean(_ key: Key) -> Located<Bool>? {
    guard let entry = entry(key) else { return nil }
    guard case .boolean(let value) = entry.value.kind else { return mistyped(entry, "a boolean") }
    return Located(value: value, position: entry.value.position)
  }

  func integer(_ key: Key, in range: ClosedRange<Int>) -> Located<Int>? {
    guard let entry = entry(key) else { return nil }
    guard case .integer(let value) = entry.value.kind else { return mistyped(entry, "an integer") }
    return bounded(value, range, key, entry.value.position)
  }

  func strings(_ key: Key) -> [Located<String>]? {
    guard let entry = entry(key) else { return nil }
    guard case .array(let elements) = entry.value.kind else { return mistyped(entry, "an array of strings") }
    var strings: [Located<String>] = []
    for element in elements {
      if case .string(let text) = element.kind {
        strings.append(Located(value: text, position: element.position))
      } else {
        error("\(quoted(key.rawValue)) must hold strings, not \(element.kindDescription)", at: element.position)
      }
    }
    return strings
  }

  func choice<Choice: RawRepresentable<String> & CaseIterable>(_ key: Key, of _: Choice.Type) -> Located<Choice>? {
    guard let text = string(key) else { return nil }
    if let choice = Choice(rawValue: text.value) { return Located(value: choice, position: text.position) }
    let names = Choice.allCases.map(\.rawValue)
    let list = Self.list(names.map(quoted), "or")
    let question = NearMiss.question(text.value, among: names)
    error("\(quoted(key.rawValue)) must be \(list), not \(quoted(text.value))\(question)", at: text.position)
    return nil
  }

  // MARK: Quantities

  /// Whether "none" stands where a quantity could.
  func isNone(_ key: Key) -> Bool { entry(key)?.value.kind == .string("none") }

  func size(_ key: Key, in range: ClosedRange<Int>) -> Located<Int>? {
    guard let entry = entry(key) else { return nil }
    let position = entry.value.position
    switch entry.value.kind {
    case .integer(let bytes): return bounded(bytes, range, key, position)
    case .string(let text):
      if let bytes = Quantities.size(text) { return bounded(bytes, range, key, position) }
      let units = Quantities.sizeUnits.map(\.name)
      let question = unitQuestion(text, units)
      let form = "a number of bytes, or one with a unit like \"100MiB\" (\(units.joined(separator: ", ")))"
      error("\(quoted(key.rawValue)) must be \(form), not \(quoted(text))\(question)", at: position)
      return nil
    default: return mistyped(entry, "a size like \"100MiB\"")
    }
  }

  func duration(_ key: Key) -> Located<Duration>? {
    guard let entry = entry(key) else { return nil }
    let position = entry.value.position
    switch entry.value.kind {
    case .integer(let seconds):
      if let duration = Quantities.duration(seconds: seconds) { return Located(value: duration, position: position) }
      error("\(quoted(key.rawValue)) must lie between 0 and 100 years", at: position)
      return nil
    case .string(let text):
      if let duration = Quantities.duration(text) { return Located(value: duration, position: position) }
      let units = Quantities.durationUnits.map(\.name)
      let question = unitQuestion(text, units)
      let form = "a number of seconds, or one with a unit like \"10s\" (\(units.joined(separator: ", ")))"
      error("\(quoted(key.rawValue)) must be \(form), not \(quoted(text))\(question)", at: position)
      return nil
    default: return mistyped(entry, "a duration like \"10s\"")
    }
  }

  func permissions(_ key: Key) -> Located<UInt32>? {
    guard let entry = entry(key) else { return nil }
    guard case .string(let text) = entry.value.kind, let bits = Quantities.permissions(text) else {
      error(
        "\(quoted(key.rawValue)) must be permission bits as an octal string like \"0640\"", at: entry.value.position)
      return nil
    }
    return Located(value: bits, position: entry.value.position)
  }

  /// `100mb` → did you mean "100MB"?
  private func unitQuestion(_ text: String, _ units: [String]) -> String {
    let number = text.prefix { $0.isASCII && $0.isNumber }
    let unit = String(text.dropFirst(number.count))
    guard !number.isEmpty, !units.contains(unit) else { return "" }
    let nearest = units.first { $0.lowercased() == unit.lowercased() }
    return nearest.map { "; did you mean \(quoted(number + $0))?" } ?? ""
  }

  private func bounded(
    _ value: Int, _ range: ClosedRange<Int>, _ key: Key, _ position: TOMLPosition
  ) -> Located<Int>? {
    if value < range.lowerBound {
      error("\(quoted(key.rawValue)) must be at least \(range.lowerBound)", at: position)
    } else if value > range.upperBound {
      error("\(quoted(key.rawValue)) must be at most \(range.upperBound)", at: position)
    } else {
      return Located(value: value, position: position)
    }
    return nil
  }

  // MARK: Keys

  func mistyped<Value>(_ entry: TOMLTable.Entry, _ expected: String) -> Value? {
    var message = "\(quoted(entry.key)) must be \(expected), not \(entry.value.kindDescription)"
    if case .table = entry.value.kind, path.count == 2 { message += quoteHint(path[0], [path[1], entry.key]) }
    error(message, at: entry.value.position)
    return nil
  }

  /// Reports the keys that nobody knows. `explain` may say more about one; nil for the usual message.
  func reportUnknownKeys(explain: (TOMLTable.Entry) -> String? = { _ in nil }) {
    for entry in table.entries where Key(rawValue: entry.key) == nil {
      if let explanation = explain(entry) {
        error(explanation, at: entry.keyPosition)
        continue
      }
      let names = Key.allCases.map(\.rawValue)
      let nearest = NearMiss.best(for: entry.key, among: names)
      if case .table(let inner) = entry.value.kind, path.count == 2, nearest == nil || path[0] == "loggers" {
        reportNested([path[1], entry.key], inner, at: entry.keyPosition)
        continue
      }
      let question = nearest.map { "; did you mean \(quoted($0))?" } ?? ""
      let place = path.isEmpty ? "" : " in \(title)"
      error("unknown key \(quoted(entry.key))\(place)\(question)", at: entry.keyPosition)
    }
  }

  /// `[loggers.app.db]` in place of `[loggers."app.db"]`: one message for each table that says something.
  private func reportNested(_ names: [String], _ table: TOMLTable, at position: TOMLPosition) {
    var saysSomething = table.entries.isEmpty
    for entry in table.entries {
      if case .table(let inner) = entry.value.kind {
        reportNested(names + [entry.key], inner, at: entry.keyPosition)
      } else {
        saysSomething = true
      }
    }
    guard saysSomething else { return }
    let header = Self.header([path[0]] + names)
    let outer = Self.header([path[0]] + names.dropLast())
    error("\(header) is a table inside of \(outer)\(quoteHint(path[0], names))", at: position)
  }

  private func quoteHint(_ kind: String, _ names: [String]) -> String {
    let name = names.joined(separator: ".")
    return "; if the name is \(quoted(name)), quote it: [\(kind).\(quoted(name))]"
  }

  /// `"a", "b" or "c"`.
  static func list(_ items: [String], _ conjunction: String) -> String {
    guard let last = items.last, items.count > 1 else { return items.first ?? "" }
    return items.dropLast().joined(separator: ", ") + " \(conjunction) " + last
  }
}
