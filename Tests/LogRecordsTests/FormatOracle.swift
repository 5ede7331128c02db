import Foundation

/// A real CPython 3.13 that tells what it does with generated cases.
struct FormatOracle {
  let program: String

  /// `ONGGI_PYTHON`, or what `python3.13` and `python3` are. Nil, with the reason printed, when none
  /// of them is 3.13: other versions format differently in details.
  static func find() -> FormatOracle? {
    let configured = ProcessInfo.processInfo.environment["ONGGI_PYTHON"].map { [$0] }
    for candidate in configured ?? ["python3.13", "python3"] {
      let oracle = FormatOracle(program: candidate)
      let version = try? oracle.lines("import sys; print('%d.%d' % sys.version_info[:2])", []).first
      if version?.elementsEqual("3.13".utf8) == true { return oracle }
    }
    print("skipped: no Python 3.13 (python3.13, python3, or the program that ONGGI_PYTHON names)")
    return nil
  }

  /// The lines that a script prints.
  func lines(_ script: String, _ arguments: [String]) throws -> [ArraySlice<UInt8>] {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program, "-I", "-X", "utf8", "-c", script] + arguments
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let output = [UInt8](pipe.fileHandleForReading.readDataToEndOfFile())
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(status: process.terminationStatus) }
    return output.split(separator: 0x0A)
  }

  struct Failure: Error {
    let status: Int32
  }

  /// `ONGGI_SEED`, or a new one.
  static func seed() -> UInt32 {
    ProcessInfo.processInfo.environment["ONGGI_SEED"].flatMap(UInt32.init) ?? UInt32.random(in: 0...UInt32.max)
  }

  /// The columns of a line, which are separated by tabs and in hexadecimal; nil for a `-`.
  static func columns(_ line: ArraySlice<UInt8>) -> [[UInt8]?] {
    line.split(separator: 0x09, omittingEmptySubsequences: false).map { column in
      if column.elementsEqual("-".utf8) { return nil }
      return stride(from: column.startIndex, to: column.endIndex - 1, by: 2).map { index in
        nibble(column[index]) << 4 | nibble(column[index + 1])
      }
    }
  }

  private static func nibble(_ digit: UInt8) -> UInt8 { digit < 0x3A ? digit & 15 : (digit & 15) + 9 }
}
