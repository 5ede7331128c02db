import Foundation
import Testing

@testable import LogRecords

/// A real Python as the judge. Tests that need it are skipped, and say why, where there is none over glibc.
enum PythonOracle {
  /// The interpreter: `ONGGI_PYTHON`, or python3.
  static let command: String? = {
    let command = ProcessInfo.processInfo.environment["ONGGI_PYTHON"] ?? "python3"
    let script = "import platform, zoneinfo, sys; print(platform.libc_ver()[0], sys.version_info >= (3, 13))"
    let answer = run(command, script, input: "", tz: nil)?.trimmingCharacters(in: .whitespacesAndNewlines)
    if answer == "glibc True" { return command }
    print("skipped: \(command) is no Python 3.13 over glibc (\(answer ?? "it does not run"))")
    return nil
  }()

  static var isAvailable: Bool { command != nil && FileManager.default.fileExists(atPath: "/usr/share/zoneinfo/UTC") }

  /// Runs a script that finds the JSON text of `input` as `data` and returns the JSON values of the lines it prints.
  static func ask(_ script: String, _ input: Any, tz: String? = nil) throws -> [Any] {
    let command = try #require(command)
    let json = try JSONSerialization.data(withJSONObject: input)
    let prologue = "import json, os, sys, time\ndata = json.load(sys.stdin)\n"
    let output = try #require(run(command, prologue + script, input: String(decoding: json, as: UTF8.self), tz: tz))
    return try output.split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8), options: .fragmentsAllowed)
    }
  }

  private static func run(_ command: String, _ script: String, input: String, tz: String?) -> String? {
    let directory = FileManager.default.temporaryDirectory
    let source = directory.appendingPathComponent("oracle-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: source) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [command, "-c", script]
    var environment = ProcessInfo.processInfo.environment
    environment["TZ"] = tz
    environment["PYTHONIOENCODING"] = "utf-8"
    process.environment = environment
    let output = Pipe()
    process.standardOutput = output
    do {
      try Data(input.utf8).write(to: source)
      process.standardInput = try FileHandle(forReadingFrom: source)
      try process.run()
    } catch {
      return nil
    }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
  }
}

/// The zones of this machine.
enum TestZones {
  static let database = ZoneDatabase { path in
    FileManager.default.contents(atPath: path).map { [UInt8]($0) }
  }

  static let names = [
    "UTC", "Asia/Seoul", "America/New_York", "Europe/Dublin", "Australia/Lord_Howe", "Africa/Casablanca",
    "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia", "Africa/Monrovia", "America/St_Johns", "Europe/London",
    "Antarctica/Troll", "America/Nuuk", "Asia/Gaza", "Africa/El_Aaiun", "Pacific/Chatham",
  ]
}

/// A generator (SplitMix64) whose seed is printed, so that a failure can be had again with `ONGGI_SEED`.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(_ test: String) {
    state =
      ProcessInfo.processInfo.environment["ONGGI_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)
    print("\(test): ONGGI_SEED=\(state)")
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }

  /// Instants of all magnitudes, and near the zone's transitions and the ends of years.
  mutating func instants(_ count: Int, in rules: TimeZoneRules) -> [Int64] {
    (0..<count).map { _ in
      let near = Int64.random(in: -7300...7300, using: &self)
      switch Int.random(in: 0..<6, using: &self) {
      case 0: return Int64.random(in: -6_000_000_000...9_000_000_000, using: &self)
      case 1:
        return Int64.random(in: -70_000_000_000_000_000...70_000_000_000_000_000, using: &self)
          >> Int64.random(in: 0...40, using: &self)
      case 2, 3:
        guard let transition = rules.transitions.randomElement(using: &self), transition > -1 << 50 else { return near }
        return transition + (Bool.random(using: &self) ? near : near % 3)
      case 4:
        // A change of the rule after the table's end.
        let start = rules.interval(containing: Int64.random(in: 2_200_000_000...40_000_000_000, using: &self)).start
        return start < -1 << 50 ? near : start + (Bool.random(using: &self) ? near : near % 3)
      default:
        return Int64(Civil.day(ofYear: Int.random(in: 1850...2500, using: &self))) * 86400 + near * 13
      }
    }
  }
}
