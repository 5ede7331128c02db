extension Array where Element == UInt8 {
  /// Appends a text of unknown soundness: WTF-8 as it is, other bytes as `\xNN`.
  ///
  /// - Throws: `.tooBig` when the array would become longer than `limit`.
  public mutating func appendText(_ text: RawSpan, limit: Int = .max) throws(RenderError) {
    var start = 0
    var offset = text.firstNonASCII()
    while offset < text.byteCount {
      let (codePoint, length) = text.codePoint(at: offset)
      if codePoint < 0x80 {
        offset = text.firstNonASCII(from: offset)
      } else if length > 0 {
        offset += length
      } else {
        append(text.extracting(start..<offset))
        appendEscape(UInt32(text[offset]))
        if count > limit { throw .tooBig }
        offset += 1
        start = offset
      }
    }
    append(start == 0 ? text : text.extracting(start..<offset))
    if count > limit { throw .tooBig }
  }

  /// Appends `repr` of a text of unknown soundness, or with `asciiOnly` its `ascii`
  /// (`unicode_repr` in CPython's unicodeobject.c). Bytes that are not WTF-8 become `\xNN`.
  ///
  /// - Throws: `.tooBig` when the array would become longer than `limit`.
  public mutating func appendRepr(_ text: RawSpan, asciiOnly: Bool = false, limit: Int = .max) throws(RenderError) {
    let plain = text.firstNotPlain()
    let quote = plain == text.byteCount ? UInt8(ascii: "'") : text.preferredQuote(from: plain)
    append(quote)
    var start = 0
    var offset = plain
    while offset < text.byteCount {
      let (codePoint, length) = text.codePoint(at: offset)
      let isKept =
        if length == 0 {
          false
        } else if codePoint < 0x80 {
          codePoint >= 0x20 && codePoint != 0x7F && codePoint != UInt32(quote) && codePoint != 0x5C
        } else {
          !asciiOnly && CodePoint.isPrintable(codePoint)
        }
      if isKept {
        offset = length == 1 ? text.firstNotPlain(from: offset + 1) : offset + length
        continue
      }
      if start < offset { append(text.extracting(start..<offset)) }
      if codePoint == UInt32(quote) {
        append(UInt8(ascii: "\\"))
        append(quote)
      } else {
        appendEscape(codePoint)
      }
      if count > limit { throw .tooBig }
      offset += Swift.max(length, 1)
      start = offset
    }
    append(start == 0 ? text : text.extracting(start..<offset))
    append(quote)
    if count > limit { throw .tooBig }
  }

  /// Appends `repr` of bytes: `b'…'` (`PyBytes_Repr`), or of a bytearray: `bytearray(b'…')`
  /// (`bytearray_repr`), which escapes a `'` even between double quotes.
  ///
  /// - Throws: `.tooBig` when the array would become longer than `limit`.
  public mutating func appendBytesRepr(
    _ bytes: RawSpan, isByteArray: Bool = false, limit: Int = .max
  ) throws(RenderError) {
    if bytes.byteCount > limit - count { throw .tooBig }
    if isByteArray { appendASCII("bytearray(") }
    let plain = bytes.firstNotPlain()
    let quote = plain == bytes.byteCount ? UInt8(ascii: "'") : bytes.preferredQuote(from: plain)
    append(UInt8(ascii: "b"))
    append(quote)
    append(bytes.extracting(0..<plain))
    for offset in plain..<bytes.byteCount {
      let byte = bytes[offset]
      if byte == quote || isByteArray && byte == UInt8(ascii: "'") {
        append(UInt8(ascii: "\\"))
        append(byte)
      } else if byte >= 0x20 && byte < 0x7F && byte != 0x5C {
        append(byte)
      } else {
        appendEscape(UInt32(byte))
        if count > limit { throw .tooBig }
      }
    }
    append(quote)
    if isByteArray { append(UInt8(ascii: ")")) }
    if count > limit { throw .tooBig }
  }

  /// Appends the escape of a code point in Python's literals: `\n`, `\\`, `\x7f`, `\u200b`, `\U0001f600`.
  public mutating func appendEscape(_ codePoint: UInt32) {
    switch codePoint {
    case 0x09: appendASCII("\\t")
    case 0x0A: appendASCII("\\n")
    case 0x0D: appendASCII("\\r")
    case 0x5C: appendASCII("\\\\")
    case 0..<0x100: appendEscape(codePoint, "\\x00")
    case 0x100..<0x10000: appendEscape(codePoint, "\\u0000")
    default: appendEscape(codePoint, "\\U00000000")
    }
  }

  /// Appends `zeros`, the last of them replaced by the hexadecimal digits of the code point.
  private mutating func appendEscape(_ codePoint: UInt32, _ zeros: StaticString) {
    appendASCII(zeros)
    var rest = codePoint
    var index = count
    while rest > 0 {
      index &-= 1
      self[index] = hexDigit(UInt8(truncatingIfNeeded: rest & 15), uppercase: false)
      rest >>= 4
    }
  }
}

extension RawSpan {
  /// The offset of the first byte at or after `start` that `repr` may have to look at: a quote, a
  /// backslash, a control character or anything that is not ASCII. `byteCount` if there is none.
  func firstNotPlain(from start: Int = 0) -> Int {
    var offset = start
    while offset &+ 8 <= byteCount {
      let special = RawSpan.special(load64(offset))
      if special != 0 { return offset &+ special.trailingZeroBitCount >> 3 }
      offset &+= 8
    }
    while offset < byteCount {
      if RawSpan.special(UInt64(self[offset]) | 0x6161_6161_6161_6100) != 0 { return offset }
      offset &+= 1
    }
    return offset
  }

  /// The quote that `repr` puts around: `"` only where there is a `'` inside and no `"`.
  /// No quote stands before `start`.
  fileprivate func preferredQuote(from start: Int) -> UInt8 {
    var hasSingle = false
    for offset in start..<byteCount {
      if self[offset] == UInt8(ascii: "\"") { return UInt8(ascii: "'") }
      if self[offset] == UInt8(ascii: "'") { hasSingle = true }
    }
    return UInt8(ascii: hasSingle ? "\"" : "'")
  }

  /// The top bit of the lowest byte of eight that is special to `repr` (higher bytes may be marked
  /// wrongly, since a borrow goes upwards).
  private static func special(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    func zeros(_ word: UInt64) -> UInt64 { (word &- ones) & ~word }
    let control = (word &- ones &* 0x20) & ~word
    return
      (word | control | zeros(word ^ ones &* 0x22) | zeros(word ^ ones &* 0x27) | zeros(word ^ ones &* 0x5C)
      | zeros(word ^ ones &* 0x7F)) & tops
  }
}
