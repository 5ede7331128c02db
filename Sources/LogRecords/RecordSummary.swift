/// A record of the daemon's own: what a filter says about those that it kept back.
public struct RecordSummary: Sendable {
  /// Bytes of a name or text that are kept.
  static let longestText = 256

  public var logger: [UInt8]
  public var level: Int
  public var levelName: [UInt8]
  public var message: [UInt8]
  /// That of one of the records.
  public var origin: RecordOrigin

  init(logger: [UInt8], level: Int, levelName: [UInt8], message: [UInt8], origin: RecordOrigin) {
    self.logger = RecordSummary.cut(logger)
    self.level = level
    self.levelName = RecordSummary.cut(levelName)
    self.message = message
    self.origin = origin
  }

  /// The start of a text, without a part of a character at its end.
  static func cut(_ text: [UInt8]) -> [UInt8] {
    guard text.count > longestText else { return text }
    var end = longestText
    while end > 0, text[end] & 0xC0 == 0x80 { end -= 1 }
    return Array(text[..<end])
  }

  /// The record as `SocketHandler.makePickle` would send it.
  ///
  /// - Parameter created: seconds since 1970
  public func pickle(created: Double) -> [UInt8] {
    var bytes: [UInt8] = [0x80, 2] + "}(".utf8
    func little(_ value: UInt64, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }
    func text(_ text: [UInt8]) -> [UInt8] { [UInt8(ascii: "X")] + little(UInt64(text.count), 4) + text }
    func float(_ value: Double) -> [UInt8] { [UInt8(ascii: "G")] + little(value.bitPattern, 8).reversed() }
    let milliseconds = ((created - created.rounded(.down)) * 1000).rounded(.down)
    for (name, value) in [
      ("name", text(logger)), ("msg", text(message)), ("levelname", text(levelName)),
      // LONG1.
      ("levelno", [0x8A, 8] + little(UInt64(bitPattern: Int64(level)), 8)),
      ("created", float(created)), ("msecs", float(milliseconds)),
    ] {
      bytes += text(Array(name.utf8)) + value
    }
    return bytes + "u.".utf8
  }
}
