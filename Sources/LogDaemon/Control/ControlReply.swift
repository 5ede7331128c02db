/// What the daemon answers over the control socket: a line with the outcome and the text's length in
/// bytes, then the text, then the end of the connection.
///
/// The length tells a whole answer from that of a daemon which was killed in the middle of it.
public struct ControlReply: Sendable, Equatable {
  public enum Outcome: String, Sendable, CaseIterable {
    case ok
    /// A reload's configuration is refused; the text says why.
    case refused
    /// The request is none.
    case error
  }

  /// Bytes of a text that a client takes, at most.
  public static let longestText = 16 << 20
  /// Bytes of the first line, its end included.
  static let longestLine = 32

  public var outcome: Outcome
  /// Lines, each with its end; empty when there is nothing to say.
  public var text: String

  public init(_ outcome: Outcome, _ text: String) {
    self.outcome = outcome
    self.text = text
  }

  public var bytes: [UInt8] {
    let text = Array(text.utf8)
    return Array("\(outcome.rawValue) \(text.count)\n".utf8) + text
  }

  /// Reads an answer; nil when it is none, or not a whole one.
  public init?(_ bytes: [UInt8]) {
    guard let end = bytes.prefix(ControlReply.longestLine).firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    let words = bytes[..<end].split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard words.count == 2, let outcome = Outcome(rawValue: String(decoding: words[0], as: UTF8.self)),
      let length = Int(String(decoding: words[1], as: UTF8.self)), length == bytes.count - end - 1
    else { return nil }
    self.init(outcome, String(decoding: bytes[(end + 1)...], as: UTF8.self))
  }
}
