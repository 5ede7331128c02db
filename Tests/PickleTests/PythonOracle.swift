import Foundation

@testable import Pickle

/// A real Python, where there is one: what the renderer's text has to equal.
///
/// `ONGGI_PYTHON` names one; otherwise `python3.13` or `python3` on the path serves.
struct PythonOracle: Sendable {
  let path: String
  /// `unicodedata.unidata_version`.
  let unicode: String

  /// Nil where none was found or it is too old; why stands on standard output.
  static let found: PythonOracle? = {
    let environment = ProcessInfo.processInfo.environment
    var candidates = [environment["ONGGI_PYTHON"]].compactMap(\.self)
    for name in ["python3.13", "python3"] {
      candidates += (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
    }
    let script = "import sys, unicodedata; assert sys.version_info >= (3, 11); print(unicodedata.unidata_version)"
    for path in candidates where FileManager.default.isExecutableFile(atPath: path) {
      if let unicode = try? PythonOracle(path: path, unicode: "").lines(script).first {
        return PythonOracle(path: path, unicode: unicode)
      }
    }
    print("no Python 3.11 or later was found: what needs one to compare with is skipped")
    return nil
  }()

  /// A Python of 3.13's Unicode, which decides what is printable.
  static let foundWithUnicode: PythonOracle? = {
    guard let found else { return nil }
    if found.unicode == "15.1.0" { return found }
    print("\(found.path) has Unicode \(found.unicode): what needs 15.1.0 to compare with is skipped")
    return nil
  }()

  struct Failure: Error {}

  /// What a script prints, given the lines of `input` on standard input.
  func lines(_ script: String, _ input: [String] = []) throws -> [String] {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("onggi-\(UUID().uuidString)")
    try Data(input.map { $0 + "\n" }.joined().utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["-c", script]
    process.standardInput = try FileHandle(forReadingFrom: file)
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure() }
    return String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
      .dropLast().map(String.init)
  }
}

/// Random numbers that a printed seed repeats: `ONGGI_SEED` sets it.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(_ name: String) {
    let given = ProcessInfo.processInfo.environment["ONGGI_SEED"].flatMap { UInt64($0) }
    state = given ?? .random(in: 0..<1 << 32)
    print("\(name): ONGGI_SEED=\(state)")
  }

  /// splitmix64.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}

func hex(_ bytes: [UInt8]) -> String {
  var out: [UInt8] = []
  for byte in bytes { out.appendHex(UInt64(byte), width: 2) }
  return String(decoding: out, as: UTF8.self)
}

func bytes(hex: some StringProtocol) -> [UInt8] {
  var out: [UInt8] = []
  var high: UInt8?
  for digit in hex.utf8.map({ $0 < 0x3A ? $0 - 0x30 : $0 - 0x57 }) {
    if let first = high {
      out.append(first << 4 | digit)
      high = nil
    } else {
      high = digit
    }
  }
  return out
}
