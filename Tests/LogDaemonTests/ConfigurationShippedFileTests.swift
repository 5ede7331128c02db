import Foundation
import LogRecords
import Testing

@testable import LogDaemon

/// config/onggi.toml promises to name every setting with its default.
struct ConfigurationShippedFileTests {
  private let text: String

  init() throws {
    let url = URL(filePath: #filePath).appending(path: "../../../config/onggi.toml").standardized
    text = try String(contentsOf: url, encoding: .utf8)
  }

  /// The file with all settings in force: a # that is followed by neither a space nor a # nor a
  /// rule hides one.
  private var uncommented: String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.hasPrefix("#") && line.dropFirst().first.map { !" #-".contains($0) } == true ? line.dropFirst() : line
    }.joined(separator: "\n")
  }

  @Test func asShippedItIsTheBuiltInDefault() {
    let (configuration, messages) = load(text)
    #expect(messages == [])
    #expect(configuration == .builtIn(logsDirectory: "/var/log/onggi"))
  }

  @Test func withEverySettingInForceItIsFreeOfErrors() throws {
    let (found, messages) = load(uncommented)
    #expect(messages == [])
    let configuration = try #require(found)
    #expect(uncommented != text)

    // What the file gives as a default is one.
    let builtIn = Configuration.builtIn(logsDirectory: "/var/log/onggi")
    #expect(configuration.limits == builtIn.limits)
    #expect(configuration.root == builtIn.root)
    #expect(configuration.control.access.mode == Configuration.SocketAccess().mode)
    var tcp = try #require(configuration.listeners.first)
    tcp.allow = nil
    #expect(tcp == builtIn.listeners.first)
    var plain = try #require(configuration.formatters.first)
    plain.datefmt = nil
    plain.defaults = []
    #expect(plain == builtIn.formatters.first)
    guard case .rotatingFile(var file, let rotation, let retention)? = configuration.handlers.first?.output else {
      Issue.record("the first handler rotates by size")
      return
    }
    #expect(file.errors == .strict)
    file.errors = nil
    file.group = nil
    var app = try #require(configuration.handlers.first)
    app.output = .rotatingFile(file, rotation, retention)
    #expect(app == builtIn.handlers.first)
    for handler in configuration.handlers {
      switch handler.output {
      case .timedRotatingFile(_, let rotation, let retention):
        #expect(rotation == .init(when: .midnight, atTime: 0))
        #expect(retention == .init())
      case .stream(let stream): #expect(stream == .error)
      case .journal(let identifier): #expect(identifier == "onggi")
      case .file, .watchedFile, .rotatingFile, .null: break
      }
    }
  }

  @Test func everyKeyThatTheLoaderKnowsStandsInTheFile() throws {
    let root = try TOMLDocument(parsing: Array(uncommented.utf8), file: "onggi.toml").root
    expectAll(ConfigurationReader.Key.self, in: [root])
    expectAll(ConfigurationReader.ListenerKey.self, in: tables(root, "listeners"))
    expectAll(ConfigurationReader.FormatterKey.self, in: tables(root, "formatters"))
    expectAll(ConfigurationReader.FilterKey.self, in: tables(root, "filters"))
    expectAll(ConfigurationReader.HandlerKey.self, in: tables(root, "handlers"))
    expectAll(ConfigurationReader.LoggerKey.self, in: tables(root, "loggers"))
    expectAll(ConfigurationReader.ControlKey.self, in: [table(root, "control")])
    expectAll(ConfigurationReader.LimitKey.self, in: [table(root, "limits")])
  }

  @Test func everyClassAndProtocolStandsInTheFile() throws {
    let root = try TOMLDocument(parsing: Array(uncommented.utf8), file: "onggi.toml").root
    let classes = tables(root, "handlers").compactMap { $0["class"]?.value.kind }
    for name in ConfigurationReader.HandlerClass.names { #expect(classes.contains(.string(name)), "\(name)") }
    let protocols = tables(root, "listeners").compactMap { $0["protocol"]?.value.kind }
    for name in ConfigurationReader.ListenerProtocol.allCases {
      #expect(protocols.contains(.string(name.rawValue)), "\(name)")
    }
  }

  private func table(_ parent: TOMLTable, _ key: String) -> TOMLTable {
    guard case .table(let table)? = parent[key]?.value.kind else { return TOMLTable() }
    return table
  }

  private func tables(_ root: TOMLTable, _ key: String) -> [TOMLTable] {
    let parent = table(root, key)
    return parent.entries.map { table(parent, $0.key) }
  }

  private func expectAll<Key: SectionKey>(_: Key.Type, in tables: [TOMLTable]) {
    for key in Key.allCases { #expect(tables.contains { $0[key.rawValue] != nil }, "\(Key.self) \(key.rawValue)") }
  }
}
