import Glibc
import LogDaemon

/// Carries out a command line; returns the exit status.
func run(_ arguments: [String]) -> Int32 {
  do throws(BenchError) {
    switch try BenchCommand(arguments) {
    case .help:
      print(BenchCommand.usage)
    case .corpus(let records, let seed):
      guard SystemFiles.write(Corpus(records: records, seed: seed).frames, to: STDOUT_FILENO) else { return 1 }
    case .steps(let options):
      print(try Steps(options).figures().text(json: options.json))
    case .idle(let idle):
      print(try idle.run().text(json: idle.json))
    case .load(let options):
      print(try Load(options).run().text(json: options.json))
    }
    return 0
  } catch {
    SystemFiles.write(Array("onggi-bench: \(error.message)\n".utf8), to: STDERR_FILENO)
    return error.isUsage ? 64 : 1
  }
}

struct BenchError: Error {
  let message: String
  var isUsage = false
}

/// Named numbers, in the order in which they are printed.
struct Figures {
  private var pairs: [(name: String, value: Double, digits: Int)] = []

  mutating func add(_ name: String, _ value: Double, digits: Int = 0) { pairs.append((name, value, digits)) }

  /// One line of JSON, or a line for each.
  func text(json: Bool) -> String {
    let texts = pairs.map { ($0.name, Figures.decimal($0.value, digits: $0.digits)) }
    if json { return "{" + texts.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}" }
    let width = (texts.map(\.0.count).max() ?? 0) + 2
    return texts.map { $0 + String(repeating: " ", count: width - $0.count) + $1 }.joined(separator: "\n")
  }

  private static func decimal(_ value: Double, digits: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "null" }
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let whole = Int((abs(value) * Double(scale)).rounded())
    let sign = value < 0 && whole > 0 ? "-" : ""
    guard digits > 0 else { return sign + "\(whole)" }
    let fraction = "\(whole % scale)"
    return sign + "\(whole / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}
