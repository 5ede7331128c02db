import Testing

@testable import LogDaemon

/// Reads a configuration with checks that know two zones.
func load(bytes: [UInt8]) -> (configuration: Configuration?, messages: [String]) {
  let checks = ConfigurationChecks(zoneExists: { ["Asia/Seoul", "Europe/Berlin"].contains($0) })
  let loader = ConfigurationLoader(directory: "/var/log/onggi", checks: checks)
  let (configuration, diagnostics) = loader.load(bytes: bytes, file: "o.toml")
  return (configuration, diagnostics.map(\.description))
}

func load(_ toml: String) -> (configuration: Configuration?, messages: [String]) {
  load(bytes: Array(toml.utf8))
}

/// A root and a handler about which there is nothing to say, to stand behind the tables of a test.
let soundRoot = """

  [handlers.sound]
  class = "logging.NullHandler"
  [root]
  level = "INFO"
  handlers = ["sound"]

  """

/// A text, and what is to be said about it when `soundRoot` follows it: lines like "2:1: error: …".
struct DiagnosticCase: Sendable, CustomTestStringConvertible {
  var toml: String
  var messages: [String]

  init(_ toml: String, _ messages: String...) {
    self.toml = toml
    self.messages = messages
  }

  var testDescription: String { toml }

  var actual: [String] { load(toml + soundRoot).messages }
  var expected: [String] { messages.map { "o.toml:" + $0 } }
}
