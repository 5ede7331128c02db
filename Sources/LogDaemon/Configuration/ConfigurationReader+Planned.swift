/// The settings that the file may have and that this version would not carry out.
///
/// They are read and checked like all others, and then refused: a daemon that quietly leaves out a
/// filter or a list of allowed peers does something else than its owner wrote.
extension ConfigurationReader {
  /// Keys, each with the value that asks for nothing and is therefore taken; nil: there is none.
  typealias Planned<Key: SectionKey> = [Key: String?]

  static let plannedHandlerKeys: Planned<HandlerKey> = [.fsync: "never"]

  func reportPlannedSettings() {
    for named in namedTables(.handlers) ?? [] {
      let section: Section<HandlerKey> = section(.handlers, named)
      report(Self.plannedHandlerKeys, in: section)
    }
  }

  private func report<Key>(_ planned: Planned<Key>, in section: Section<Key>) {
    for (key, harmless) in planned {
      guard let entry = section.entry(key) else { continue }
      if let harmless, entry.value.kind == .string(harmless) { continue }
      let value = if case .string(let text) = entry.value.kind { " = \(quoted(text))" } else { "" }
      report("\(section.title): \(key.rawValue)\(value)", at: entry.keyPosition)
    }
  }

  private func report(_ what: String, at position: TOMLPosition) {
    diagnostics.error("\(what) is not in this version yet", at: position)
  }
}
