import Testing

@testable import LogDaemon
@testable import onggi

struct CommandLineTests {
  private static let lines: [(String, Command)] = [
    ("status", .status(json: false, config: nil)),
    ("status --json", .status(json: true, config: nil)),
    ("status --config=a.toml --json", .status(json: true, config: "a.toml")),
    ("reload", .reload(config: nil)),
    ("reload --config a.toml", .reload(config: "a.toml")),
    ("reload --help", .help),
  ]

  @Test(arguments: lines) func isUnderstood(_ line: String, _ command: Command) throws {
    #expect(try CommandSpecification.parse(line.split(separator: " ").map(String.init)) == command)
  }

  @Test(arguments: ["status --jso", "status --json=1", "status now", "reload --json", "reload --config", "stauts"])
  func isRefused(_ line: String) {
    #expect(throws: UsageError.self) {
      try CommandSpecification.parse(line.split(separator: " ").map(String.init))
    }
  }

  /// Every command and option is in the help and in each shell's completions.
  @Test func theTableIsTheHelpAndTheCompletions() throws {
    let texts =
      try [CommandSpecification.help]
      + ["bash", "zsh", "fish"].map { try #require(CommandSpecification.completions($0)) }
    for text in texts {
      for specification in CommandSpecification.all {
        #expect(text.contains(specification.name))
        for option in specification.options { #expect(text.contains(option.name.dropFirst(2))) }
      }
    }
  }

  @Test(
    arguments: [
      (0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h 0 min"), (86_399, "23 h 59 min"),
      (86_400 * 3 + 3600 * 4, "3 d 4 h"),
    ] as [(Int64, String)]) func timesForPeople(_ seconds: Int64, _ text: String)
  {
    #expect(Service.text(seconds: seconds) == text)
  }
}
