import Foundation
import Testing

@testable import LogDaemon
@testable import onggi

/// The manual pages name all that there is, and nothing that there is not.
struct ManualPageTests {
  private let command: ManualPage
  private let configuration: ManualPage

  init() throws {
    command = try ManualPage("onggi.1")
    configuration = try ManualPage("onggi.toml.5")
  }

  // MARK: onggi(1)

  @Test func everyCommandStandsInThePage() {
    #expect(command.items(in: "COMMANDS", macro: "Cm") == Set(CommandSpecification.all.map(\.name)))
  }

  @Test func everyOptionStandsInThePage() {
    let options = CommandSpecification.all.flatMap { $0.options.map { String($0.name.dropFirst()) } }
    #expect(command.items(in: "OPTIONS", macro: "Fl") == Set(options + ["-help", "h", "-version"]))
  }

  @Test func theSynopsisShowsEachCommandWithItsOptions() {
    for specification in CommandSpecification.all {
      let lines = command.synopsis(specification.name)
      let options = Set(
        lines.compactMap { line in
          line.contains("Fl ") ? line.split(separator: " ").first { $0.hasPrefix("-") }.map { "-\($0)" } : nil
        })
      #expect(options == Set(specification.options.map(\.name)), "\(specification.name)")
    }
  }

  @Test func everyExitStatusStandsInThePage() throws {
    let source = try String(contentsOf: ManualPage.url("Sources/onggi/Run.swift"), encoding: .utf8)
    let statuses = Set(source.matches(of: /static let \w+: Int32 = ([0-9]+)/).map { String($0.output.1) })
    #expect(statuses.contains("78"))
    #expect(command.items(in: "EXIT STATUS", macro: nil) == statuses)
  }

  @Test func everySignalStandsInThePage() {
    let signals = command.items(in: "SIGNALS", macro: "Dv")
    let help = CommandSpecification.help
    let line = help.split(separator: "\n").first { $0.hasPrefix("Signals: ") } ?? ""
    let named = line.matches(of: /\b[A-Z]+[0-9]?\b/).map { "SIG\($0.output)" }
    #expect(!named.isEmpty && signals == Set(named))
  }

  // MARK: onggi.toml(5)

  @Test func everyKeyOfTheConfigurationStandsInThePage() {
    expect(ConfigurationReader.Key.self, in: "THE FILE")
    expect(ConfigurationReader.ListenerKey.self, in: "LISTENERS")
    expect(ConfigurationReader.FormatterKey.self, in: "FORMATTERS")
    expect(ConfigurationReader.FilterKey.self, in: "FILTERS")
    expect(ConfigurationReader.HandlerKey.self, in: "HANDLERS")
    expect(ConfigurationReader.LoggerKey.self, in: "LOGGERS")
    expect(ConfigurationReader.ControlKey.self, in: "CONTROL")
    expect(ConfigurationReader.LimitKey.self, in: "LIMITS")
  }

  @Test func everyClassAndProtocolStandsInThePage() {
    let handlers = configuration.section("HANDLERS").joined(separator: "\n")
    for name in ConfigurationReader.HandlerClass.names { #expect(handlers.contains(".Li \(name)"), "\(name)") }
    let listeners = configuration.section("LISTENERS").joined(separator: "\n")
    for name in ConfigurationReader.ListenerProtocol.allCases {
      #expect(listeners.contains(".Li \(name.rawValue)"), "\(name)")
    }
  }

  @Test func theExampleIsFreeOfErrors() {
    let checks = ConfigurationChecks(zoneExists: { _ in true })
    let (example, messages) = ConfigurationLoader(directory: "/var/log/onggi", checks: checks).load(
      bytes: Array(configuration.example.utf8), file: "example")
    #expect(example != nil && messages.isEmpty, "\(messages)")
  }

  private func expect<Key: SectionKey>(_: Key.Type, in section: String) {
    #expect(configuration.items(in: section, macro: "Ic") == Set(Key.allCases.map(\.rawValue)), "\(section)")
  }
}

/// The source of a manual page, in mdoc(7).
private struct ManualPage {
  private let lines: [String]

  init(_ name: String) throws {
    lines = try String(contentsOf: ManualPage.url("systemd/man/\(name)"), encoding: .utf8).replacing("\\-", with: "-")
      .replacing("\\(dq", with: "\"")
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// Of a file of this repository.
  static func url(_ path: String) -> URL { URL(filePath: #filePath).appending(path: "../../../\(path)").standardized }

  func section(_ title: String) -> [String] {
    let body = lines.drop { $0 != ".Sh \(title)" }.dropFirst()
    return Array(body.prefix { !$0.hasPrefix(".Sh ") })
  }

  /// The words that a section's list explains: `.It MACRO word Ar argument , MACRO word`.
  func items(in title: String, macro: String?) -> Set<String> {
    var words: Set<String> = []
    for line in section(title) where line.hasPrefix(".It ") {
      var skips = false
      for word in line.dropFirst(4).split(separator: " ").map(String.init) {
        switch word {
        case macro, ",": skips = false
        case "Ar": skips = true
        default: if !skips { words.insert(word) }
        }
      }
    }
    return words
  }

  /// The lines of the synopsis that belong to a command.
  func synopsis(_ command: String) -> [String] {
    let body = section("SYNOPSIS").drop { $0 != ".Cm \(command)" }.dropFirst()
    return Array(body.prefix { $0 != ".Nm" })
  }

  /// What is shown word for word.
  var example: String {
    let body = section("EXAMPLES").drop { !$0.hasPrefix(".Bd ") }.dropFirst()
    return body.prefix { $0 != ".Ed" }.joined(separator: "\n") + "\n"
  }
}
