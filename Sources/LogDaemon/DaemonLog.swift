import Glibc
import LogHandlers
import LogRecords
import SharedState
import Synchronization

/// The daemon's own messages: a line each on standard error, or entries of the journal when that is
/// where standard error goes.
///
/// What one peer or one broken disk can cause without end is limited: so many messages of a kind
/// in a while, then a count of those that were left out.
public final class DaemonLog: Sendable {
  /// syslog(3)'s numbers.
  public enum Priority: Int, Sendable { case error = 3, warning = 4, notice = 5, info = 6 }

  static let identifier = "onggi"
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

  /// The way into the journal.
  private struct Journal: ~Copyable {
    /// nil: by standard error still.
    var path: String?
    var socket: JournalSocket?
    /// Messages that got through neither way.
    var lost = 0
  }
  private let journal = Mutex(Journal())
  /// Whether standard error is a stream to journald.
  private let isStream: Bool

  /// - Parameter environment: says by `JOURNAL_STREAM` whether standard error goes to the journal
  ///   (systemd.exec(5))
  public init(_ environment: DaemonEnvironment) {
    isStream = environment.journalStream.map { SystemFiles.isOpen(STDERR_FILENO, as: $0) } ?? false
  }

  /// From now on messages are entries of the journal, where standard error goes there too.
  ///
  /// Not from the start: journald looks up the unit of who sent an entry, and finds none when that
  /// one could not start and is gone. Of a stream it knows the unit beforehand.
  public func sendEntries(to socket: String) {
    if isStream { journal.withLock { $0.path = socket } }
  }

  public func write(_ priority: Priority, _ text: String) {
    let text = DaemonLog.oneLine(text)
    if isStream { return writeToJournal(priority, text) }
    let prefix = priority == .error ? "error: " : priority == .warning ? "warning: " : ""
    SystemFiles.write(Array("onggi: \(prefix)\(text)\n".utf8), to: STDERR_FILENO)
  }

  /// What a configuration's reader has to say, in its own form: `FILE:LINE:COLUMN: error: …`.
  public func write(diagnostic text: String) {
    guard isStream else {
      SystemFiles.write(Array("\(text)\n".utf8), to: STDERR_FILENO)
      return
    }
    writeToJournal(text.holds(": error: ") ? .error : text.holds(": warning: ") ? .warning : .notice, text)
  }

  // MARK: The journal

  /// As an entry; otherwise by the stream, whose lines may begin with a priority (sd-daemon(3)).
  /// Never waits: journald may be stuck, and whoever writes may be a decode queue.
  private func writeToJournal(_ priority: Priority, _ text: String) {
    journal.withLock { journal in
      var text = text
      if journal.lost > 0 { text += " (\(journal.lost) messages before it were lost: journald took none)" }
      if DaemonLog.send(priority, text, &journal)
        || SystemFiles.send(Array("<\(priority.rawValue)>\(text)\n".utf8), to: STDERR_FILENO)
      {
        journal.lost = 0
      } else {
        journal.lost += 1
      }
    }
  }

  private static func send(_ priority: Priority, _ text: String, _ journal: inout Journal) -> Bool {
    guard let path = journal.path else { return false }
    let entry = JournalFormatter.entry(priority: priority.rawValue, identifier: identifier, message: text)
    // The second time with a new socket: journald may have been started again.
    for _ in 0..<2 {
      do throws(SystemError) {
        if journal.socket == nil { journal.socket = try JournalSocket(path: path) }
        try journal.socket?.send(entry)
        return true
      } catch {
        if error.number == EAGAIN { return false }
        journal.socket = nil
      }
    }
    return false
  }

  /// A message of a kind that may come often.
  public func write(_ priority: Priority, kind: StaticString, _ text: @autoclosure () -> String) {
    let now = Int64(time(nil))
    let name = "\(kind)"
    let (allowed, left) = kinds.withLock { kinds -> (Bool, Int) in
      var known = kinds[name] ?? Kind()
      var left = 0
      if now >= known.until {
        left = known.suppressed
        known = Kind(until: now + DaemonLog.interval)
      }
      known.count += 1
      let allowed = known.count <= DaemonLog.burst
      if !allowed { known.suppressed += 1 }
      kinds[name] = known
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
