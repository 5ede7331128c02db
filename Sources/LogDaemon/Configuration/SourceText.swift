/// Places inside of the strings of a source text.
enum SourceText {
  /// Where the byte at `offset` of a string's text stands, or nil when the string's source spells it
  /// otherwise (escapes, several lines), so that offsets do not agree.
  /// - Parameter start: where the string begins, with its quote.
  static func position(
    of offset: Int, in text: String, at start: TOMLPosition, _ source: [UInt8]
  ) -> TOMLPosition? {
    let text = Array(text.utf8)
    guard (0...text.count).contains(offset), let line = line(start.line, of: source) else { return nil }
    // A column counts code points; every code point has one byte that is no continuation.
    var codePoints = 0
    guard
      let quote = line.firstIndex(where: { byte in
        if byte & 0xC0 != 0x80 { codePoints += 1 }
        return codePoints == start.column
      })
    else { return nil }
    let spelled = line[quote...]
    let quotes = [UInt8(ascii: "\""), UInt8(ascii: "'")]
    guard let mark = spelled.first, quotes.contains(mark), !text.isEmpty, !text.contains(mark) else { return nil }
    guard spelled.dropFirst().starts(with: text + [mark]) else { return nil }
    let before = text[..<offset].count { $0 & 0xC0 != 0x80 }
    return TOMLPosition(line: start.line, column: start.column + 1 + before)
  }

  private static func line(_ number: Int, of source: [UInt8]) -> ArraySlice<UInt8>? {
    let newline = UInt8(ascii: "\n")
    var rest = source[...]
    for _ in 1..<max(1, number) {
      guard let end = rest.firstIndex(of: newline) else { return nil }
      rest = rest[(end + 1)...]
    }
    return rest.prefix { $0 != newline }
  }
}
