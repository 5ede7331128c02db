/// Looks for dotted keys and table headers with too many segments, before a parser sees them.
///
/// It knows of TOML only what tells keys from strings and comments. On valid text it sees what a
/// parser sees; on invalid text it may stop elsewhere than the parser, which is harmless.
struct TOMLKeyScanner {
  /// Names that dots may join: `[loggers.app.db]` has three.
  static let maximumSegments = 16

  /// Where the first key with more segments begins to have too many.
  static func firstKeyTooDeep(in bytes: [UInt8]) -> TOMLPosition? {
    var scanner = TOMLKeyScanner(bytes: bytes)
    return scanner.scan()
  }

  private let bytes: [UInt8]
  private var index = 0
  private var position = TOMLPosition.start

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func scan() -> TOMLPosition? {
    var dots = 0
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "#"):
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { advance() }
        continue
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        skipString(bytes[index])
        continue
      case UInt8(ascii: "."):
        dots += 1
        if dots >= Self.maximumSegments { return position }
      case UInt8(ascii: "\n"), UInt8(ascii: "="), UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"),
        UInt8(ascii: "{"), UInt8(ascii: "}"):
        dots = 0
      default:
        break
      }
      advance()
    }
    return nil
  }

  /// Goes behind a string of any of the four kinds, or to the end of the line that an unfinished
  /// one-line string stands on.
  private mutating func skipString(_ quote: UInt8) {
    let isMultiLine = isAt(quote, 3)
    let escapes = quote == UInt8(ascii: "\"")
    advance(by: isMultiLine ? 3 : 1)
    while index < bytes.count {
      let byte = bytes[index]
      if escapes, byte == UInt8(ascii: "\\") {
        advance(by: 2)
      } else if isMultiLine {
        if isAt(quote, 3) {
          advance(by: 3)
          // Up to two quotes may stand right before the closing three.
          if isAt(quote, 1) { advance() }
          if isAt(quote, 1) { advance() }
          return
        }
        advance()
      } else {
        if byte == UInt8(ascii: "\n") { return }
        advance()
        if byte == quote { return }
      }
    }
  }

  private func isAt(_ byte: UInt8, _ count: Int) -> Bool {
    bytes.count - index >= count && bytes[index..<index + count].allSatisfy { $0 == byte }
  }

  private mutating func advance(by count: Int = 1) {
    for _ in 0..<min(count, bytes.count - index) {
      if bytes[index] == UInt8(ascii: "\n") {
        position = TOMLPosition(line: position.line + 1, column: 1)
      } else if bytes[index] & 0xC0 != 0x80 {
        position.column += 1
      }
      index += 1
    }
  }
}
