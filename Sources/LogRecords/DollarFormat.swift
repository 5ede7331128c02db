/// `string.Template`: `$name`, `${name}` and `$$`.
enum DollarFormat {
  private enum Token {
    case escaped(end: Int)
    case field(name: Range<Int>, end: Int)
    /// A `$` that begins nothing.
    case bare
  }

  /// `StringTemplateStyle.validate`: no bare `$`, and at least one name.
  static func validate(_ format: [UInt8]) throws(FormatError) {
    var hasField = false
    var index = 0
    while let dollar = nextDollar(format, from: index) {
      switch token(format, at: dollar) {
      case .escaped(let end): index = end
      case .field(_, let end):
        hasField = true
        index = end
      case .bare: throw FormatError("bare '$': write '$$' for the character, or '$name'", at: dollar)
      }
    }
    guard hasField else { throw FormatError("no fields: the format shows nothing of a record", at: 0) }
  }

  static func pieces(_ format: [UInt8]) -> [FormatPiece] {
    var builder = PieceBuilder()
    var index = 0
    while let dollar = nextDollar(format, from: index) {
      builder.append(format[index..<dollar])
      switch token(format, at: dollar) {
      case .escaped(let end):
        builder.append(format[dollar..<dollar + 1])
        index = end
      case .field(let name, let end):
        builder.append(FormatField(.name(Array(format[name])), .text, reference: format[dollar..<end]))
        index = end
      case .bare:
        index = dollar + 1
        builder.append(.unusable(format[dollar..<index]))
      }
    }
    builder.append(format[index...])
    return builder.finish()
  }

  private static func nextDollar(_ format: [UInt8], from index: Int) -> Int? {
    format[index...].firstIndex(of: UInt8(ascii: "$"))
  }

  private static func token(_ format: [UInt8], at dollar: Int) -> Token {
    var start = dollar + 1
    guard start < format.count else { return .bare }
    if format[start] == UInt8(ascii: "$") { return .escaped(end: start + 1) }
    let isBraced = format[start] == UInt8(ascii: "{")
    if isBraced { start += 1 }
    // Identifiers are ASCII: `Template.idpattern`.
    guard start < format.count, !isDigit(format[start]) else { return .bare }
    var end = start
    while end < format.count, format[end] < 0x80, FormatText.isWord(UInt32(format[end])) { end += 1 }
    guard end > start else { return .bare }
    if !isBraced { return .field(name: start..<end, end: end) }
    guard end < format.count, format[end] == UInt8(ascii: "}") else { return .bare }
    return .field(name: start..<end, end: end + 1)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
