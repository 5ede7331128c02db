import Pickle

/// journalctl shows a text with a character that it takes for unprintable as `[57B blob data]`, and
/// as numbers in JSON: control characters but tab and newline, and code points that Unicode keeps
/// free (`utf8_is_printable_newline` and `unichar_is_valid` in systemd's basic/utf8.c).
enum JournalText {
  private static func isUnprintable(_ codePoint: UInt32) -> Bool {
    switch codePoint {
    case 0x09, 0x0a: false
    case 0..<0x20, 0x7f..<0xa0: true
    case 0xfdd0...0xfdef: true
    default: codePoint & 0xfffe == 0xfffe
    }
  }

  /// Where the first such character stands, from `start` on; nil: there is none. The text is UTF-8.
  static func firstUnprintable(_ text: RawSpan, from start: Int) -> Int? {
    var offset = start
    while offset < text.byteCount {
      // Eight plain bytes in one step: none below a blank, none from DEL on. A borrow of a lower byte
      // only sends some to the loop for nothing.
      if offset + 8 <= text.byteCount {
        let word = text.load64(offset)
        let low = word &- 0x2020_2020_2020_2020
        let delete = (word ^ 0x7f7f_7f7f_7f7f_7f7f) &- 0x0101_0101_0101_0101
        if (low | word | delete) & 0x8080_8080_8080_8080 == 0 {
          offset += 8
          continue
        }
      }
      let (codePoint, length) = text.codePoint(at: offset)
      if length == 0 || isUnprintable(codePoint) { return offset }
      offset += length
    }
    return nil
  }

  /// The text with Python's escapes, like `\x1b`, for all characters that are unprintable.
  static func escape(_ text: RawSpan, from first: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.byteCount + 16)
    var copied = 0
    var next: Int? = first
    while let offset = next {
      result.append(text.extracting(copied..<offset))
      let (codePoint, length) = text.codePoint(at: offset)
      if length == 0 { result.appendEscapedByte(text[offset]) } else { result.appendEscape(codePoint) }
      copied = offset + max(1, length)
      next = firstUnprintable(text, from: copied)
    }
    result.append(text.extracting(copied..<text.byteCount))
    return result
  }
}

extension LineBuffer {
  /// Escapes what journalctl would not show, from `start` on; false when that does not fit.
  mutating func escapeUnprintable(from start: Int) -> Bool {
    guard let first = JournalText.firstUnprintable(bytes.bytes.extracting(start..<count), from: 0) else { return true }
    let text = JournalText.escape(bytes.bytes.extracting(start..<count), from: first)
    count = start
    return append(text.rawBytes)
  }
}
