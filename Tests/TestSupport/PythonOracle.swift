import Foundation

/// A real CPython, where there is one: what Onggi's text has to equal.
///
/// `ONGGI_PYTHON` names one; otherwise the newest 3.13 of pyenv, `python3.13` and `python3` are looked at.
public struct PythonOracle: Sendable {
  public let program: String
  /// As `sys.version_info[:2]`.
  let version: [Int]
  /// Whether its `time` module is over glibc, and the zones of this machine can be read.
  let hasZones: Bool

  /// A Python of 3.11 or later; one of 3.13 if there is one. Nil where none was found: what needs one is
  /// skipped, and why stands on standard output.
  public static let found: PythonOracle? = {
    let environment = ProcessInfo.processInfo.environment
    var candidates = ["python3.13", "python3"]
    if let named = environment["ONGGI_PYTHON"] {
      candidates = [named]
    } else {
      let folder = environment["PYENV_ROOT"] ?? (environment["HOME"] ?? "") + "/.pyenv"
      let versions = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/versions")) ?? []
      candidates =
        versions.filter { $0.hasPrefix("3.13") }.sorted().reversed().map { "\(folder)/versions/\($0)/bin/python" }
        + candidates
    }
    let found = candidates.compactMap(PythonOracle.init(program:)).filter { $0.isAtLeast(3, 11) }
    if let best = found.first(where: { $0.version == [3, 13] }) ?? found.first { return best }
    print("skipped: there is no Python 3.11 or later to compare with (\(candidates.joined(separator: ", ")))")
    return nil
  }()

  /// A Python 3.13, whose formatting and whose Unicode are what Onggi follows.
  public static let current: PythonOracle? = {
    guard let found else { return nil }
    if found.version == [3, 13] { return found }
    print("skipped: \(found.program) is no Python 3.13, to which Onggi is compared")
    return nil
  }()

  /// Whether there is a Python 3.13 that knows times and zones as this machine does.
  public static var isAvailable: Bool {
    guard let current else { return false }
    if !current.hasZones { print("skipped: \(current.program) is not over glibc, or there are no zones") }
    return current.hasZones
  }

  private init?(program: String) {
    let script = "import platform, sys; print(*sys.version_info[:2], platform.libc_ver()[0])"
    let answer = try? PythonOracle.output(of: program, ["-c", script], input: Data(), environment: nil)
    guard let answer else { return nil }
    let words = String(decoding: answer, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard words.count >= 2 else { return nil }
    self.program = program
    version = words.prefix(2).compactMap { Int($0) }
    hasZones = words.last == "glibc" && FileManager.default.fileExists(atPath: "/usr/share/zoneinfo/UTC")
  }

  private func isAtLeast(_ major: Int, _ minor: Int) -> Bool { !version.lexicographicallyPrecedes([major, minor]) }

  // MARK: Asking

  public struct Failure: Error {
    public let program: String
    public let status: Int32
  }

  /// The lines that a script prints, given those of `input` on standard input.
  public func lines(_ script: String, _ input: [String] = []) throws -> [String] {
    let data = try Self.output(
      of: program, ["-c", script], input: Data(input.map { $0 + "\n" }.joined().utf8), environment: nil)
    return String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
      .dropLast().map(String.init)
  }

  /// The lines that a script prints, each of columns that are separated by tabs and in hexadecimal; nil for a `-`.
  public func columns(_ script: String, _ arguments: [String] = []) throws -> [[[UInt8]?]] {
    let data = try Self.output(
      of: program, ["-I", "-X", "utf8", "-c", script] + arguments, input: Data(), environment: nil)
    return data.split(separator: 0x0A).map { line in
      line.split(separator: 0x09, omittingEmptySubsequences: false).map { column in
        column.elementsEqual("-".utf8) ? nil : bytes(hex: String(decoding: column, as: UTF8.self))
      }
    }
  }

  /// Runs a script that finds the JSON text of `input` as `data`, and returns the JSON values of the lines it prints.
  /// - Parameter tz: the variable `TZ`
  public static func ask(_ script: String, _ input: Any, tz: String? = nil) throws -> [Any] {
    guard let current else { throw Failure(program: "python", status: -1) }
    var environment = ProcessInfo.processInfo.environment
    environment["TZ"] = tz
    environment["PYTHONIOENCODING"] = "utf-8"
    // A thread of Dispatch, which blocks all signals, may have started it: its alarms would never come.
    let prologue = """
      import json, os, signal, sys, time
      signal.pthread_sigmask(signal.SIG_SETMASK, [])
      data = json.load(sys.stdin)

      """
    let data = try output(
      of: current.program, ["-c", prologue + script], input: JSONSerialization.data(withJSONObject: input),
      environment: environment)
    return try data.split(separator: 0x0A).map {
      try JSONSerialization.jsonObject(with: Data($0), options: .fragmentsAllowed)
    }
  }

  private static func output(
    of program: String, _ arguments: [String], input: Data, environment: [String: String]?
  ) throws -> Data {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("onggi-\(UUID().uuidString)")
    try input.write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    if let environment { process.environment = environment }
    process.standardInput = try FileHandle(forReadingFrom: file)
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(program: program, status: process.terminationStatus) }
    return data
  }
}

public func hex(_ bytes: [UInt8]) -> String {
  var text: [UInt8] = []
  text.reserveCapacity(2 * bytes.count)
  for byte in bytes {
    for digit in [byte >> 4, byte & 15] { text.append(digit < 10 ? 0x30 + digit : 0x57 + digit) }
  }
  return String(decoding: text, as: UTF8.self)
}

/// The bytes of lower-case hexadecimal digits.
public func bytes(hex: some StringProtocol) -> [UInt8] {
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
