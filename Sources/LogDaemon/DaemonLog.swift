import Glibc
import Synchronization

/// The daemon's own messages: a line each on standard error.
///
/// What one peer or one broken disk can cause without end is limited: so many messages of a kind
/// in a while, then a count of those that were left out.
public final class DaemonLog: Sendable {
  public enum Priority: Int, Sendable { case error = 3, warning = 4, notice = 5, info = 6 }

  /// Messages of one kind in one interval.
  static let burst = 10
  /// Seconds.
  static let interval: Int64 = 10

  private struct Kind {
    var until: Int64 = 0
    var count = 0
    var suppressed = 0
  }
  private let kinds = Mutex<[String: Kind]>([:])

  public init() {}

  public func write(_ priority: Priority, _ text: String) {
    let prefix = priority == .error ? "error: " : priority == .warning ? "warning: " : ""
    SystemFiles.write(Array("onggi: \(prefix)\(DaemonLog.oneLine(text))\n".utf8), to: STDERR_FILENO)
  }

  /// A message of a kind that may come often.
  public func write(_ priority: Priority, kind: StaticString, _ text: @autoclosure () -> String) {
    let now = Int64(time(nil))
    let (allowed, left) = kinds.withLock { kinds -> (Bool, Int) in
      var kind = kinds["\(kind)"] ?? Kind()
      var left = 0
      if now >= kind.until {
        left = kind.suppressed
        kind = Kind(until: now + DaemonLog.interval)
      }
      kind.count += 1
      let allowed = kind.count <= DaemonLog.burst
      if !allowed { kind.suppressed += 1 }
      kinds["\(kind)"] = kind
      return (allowed, left)
    }
    if left > 0 { write(.warning, "\(left) more messages of this kind (\(kind)) were left out") }
    if allowed { write(priority, text()) }
  }

  /// What comes from outside cannot begin a line of its own, nor move the cursor.
  private static func oneLine(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0.value < 0x20 || 0x7f...0x9f ~= $0.value }) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if scalar.value < 0x20 || 0x7f...0x9f ~= scalar.value {
        result += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
