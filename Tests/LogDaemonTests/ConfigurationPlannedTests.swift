import Foundation
import Testing

@testable import LogDaemon

/// Settings that the file may have, but that this version would not carry out, are refused by name
/// and place; config/onggi.toml says so beside each of them.
struct ConfigurationPlannedTests {
  @Test(arguments: [
    ("fsync", "always")
  ]) func ofAHandlerToo(_ key: String, _ value: String) {
    let messages = refusals(
      ofHandler: "logging.handlers.RotatingFileHandler", "filename = \"a\"\n\(key) = \"\(value)\"")
    #expect(messages == ["o.toml:4:1: error: [handlers.a]: \(key) = \"\(value)\" is not in this version yet"])
  }

  @Test func theJournalNeverWaits() {
    for setting in ["", "when_full = \"drop-oldest\"", "when_full = \"drop-newest\""] {
      #expect(refusals(ofHandler: "systemd.journal.JournalHandler", setting) == [])
    }
  }

  @Test func whatAsksForNothingPasses() {
    let settings = """
      filename = "a"
      fsync = "never"
      when_full = "drop-oldest"
      """
    #expect(refusals(ofHandler: "logging.handlers.RotatingFileHandler", settings) == [])
  }

  private func refusals(ofHandler name: String, _ settings: String) -> [String] {
    let text = "[handlers.a]\nclass = \"\(name)\"\n\(settings)\n[root]\nlevel = \"INFO\"\nhandlers = [\"a\"]\n"
    return load(bytes: Array(text.utf8), refusingPlannedSettings: true).messages
  }

  @Test func theShippedFileSaysSoBesideEachOfThem() throws {
    let url = URL(filePath: #filePath).appending(path: "../../../config/onggi.toml").standardized
    let text = try String(contentsOf: url, encoding: .utf8)
    #expect(load(bytes: Array(text.utf8), refusingPlannedSettings: true).messages == [])

    var planned: Set<String> = []
    for key in ConfigurationReader.plannedHandlerKeys.keys { planned.insert("#\(key.rawValue) =") }
    var found: Set<String> = []
    var prose = ""
    var proseGoesOn = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("# ") {
        prose = proseGoesOn ? prose + line.dropFirst() : String(line)
        proseGoesOn = true
        continue
      }
      proseGoesOn = false
      guard let setting = planned.first(where: { line.hasPrefix($0) }) else { continue }
      found.insert(setting)
      #expect(prose.contains("Not in this version yet"), "\(line)")
    }
    #expect(found == planned)
  }
}
