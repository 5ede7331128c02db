/// Opcodes whose arguments are text or counted bytes.
extension Unpickler {
  /// Pushes a slice of the frame: a length of 1, 4 or 8 bytes, then the bytes themselves.
  @inline(__always)
  mutating func pushSlice(_ kind: PickleValue.Kind, lengthBytes: Int, _ bytes: RawSpan) throws(PickleError) {
    try need(lengthBytes, bytes)
    let length: UInt64 =
      switch lengthBytes {
      case 1: UInt64(bytes[position])
      case 4: UInt64(bytes.load32(position))
      default: bytes.load64(position)
      }
    position += lengthBytes
    // As UInt64: what remains is never negative, and the length may be more than Int holds.
    guard length <= UInt64(bytes.byteCount - position) else {
      throw fail(.truncated, "the pickle ends within counted bytes")
    }
    try push(.slice(kind, offset: position, length: Int(length)))
    position += Int(length)
  }

  /// BINSTRING's length is signed, from a time when lengths were.
  mutating func pushBinstring(_ bytes: RawSpan) throws(PickleError) {
    try need(4, bytes)
    guard Int32(bitPattern: bytes.load32(position)) >= 0 else {
      throw fail(.malformed, "BINSTRING: the length is negative")
    }
    try pushSlice(.string2, lengthBytes: 4, bytes)
  }

  /// The bytes up to the next newline, which is skipped. A limit is checked while searching.
  mutating func line(_ bytes: RawSpan, limit: Int = .max) throws(PickleError) -> Range<Int> {
    var end = position
    while true {
      guard end < bytes.byteCount else { throw fail(.truncated, "the pickle ends within a line") }
      if bytes[end] == UInt8(ascii: "\n") { break }
      end += 1
      guard end - position <= limit else { throw exceeded("a line is too long", limit, end - position) }
    }
    defer { position = end + 1 }
    return position..<end
  }

  /// STRING: a Python 2 string as `repr` shows it.
  mutating func quotedString(_ bytes: RawSpan) throws(PickleError) -> PickleValue {
    let line = try line(bytes)
    guard line.count >= 2, bytes[line.lowerBound] == bytes[line.upperBound - 1],
      bytes[line.lowerBound] == UInt8(ascii: "'") || bytes[line.lowerBound] == UInt8(ascii: "\"")
    else { throw fail(.malformed, "STRING: the text is not in quotes") }
    let text = line.lowerBound + 1..<line.upperBound - 1
    guard let escape = text.first(where: { bytes[$0] == UInt8(ascii: "\\") }) else {
      return .slice(.string2, offset: text.lowerBound, length: text.count)
    }
    // Unescaping never makes text longer.
    try arena.reserveScratch(text.count, at: start)
    let begin = arena.scratch.count
    for index in text.lowerBound..<escape { arena.appendScratch(bytes[index]) }
    var index = escape
    while index < text.upperBound {
      let byte = bytes[index]
      index += 1
      if byte == UInt8(ascii: "\\") {
        try unescape(bytes, &index, text.upperBound)
      } else {
        arena.appendScratch(byte)
      }
    }
    return .slice(.string2, offset: begin, length: arena.scratch.count - begin, inScratch: true)
  }

  /// One escape of a Python string literal; `index` stands after the backslash.
  private mutating func unescape(_ bytes: RawSpan, _ index: inout Int, _ end: Int) throws(PickleError) {
    guard index < end else { throw fail(.malformed, "STRING: a backslash ends the text") }
    let letter = bytes[index]
    index += 1
    switch letter {
    case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): arena.appendScratch(letter)
    case UInt8(ascii: "a"): arena.appendScratch(7)
    case UInt8(ascii: "b"): arena.appendScratch(8)
    case UInt8(ascii: "t"): arena.appendScratch(9)
    case UInt8(ascii: "n"): arena.appendScratch(10)
    case UInt8(ascii: "v"): arena.appendScratch(11)
    case UInt8(ascii: "f"): arena.appendScratch(12)
    case UInt8(ascii: "r"): arena.appendScratch(13)
    case UInt8(ascii: "x"):
      guard let value = hexadecimal(bytes, index, digits: 2, end) else {
        throw fail(.malformed, "STRING: \\x without two hexadecimal digits")
      }
      index += 2
      arena.appendScratch(UInt8(truncatingIfNeeded: value))
    case UInt8(ascii: "0")...UInt8(ascii: "7"):
      var value = letter & 7
      var digits = 1
      while digits < 3, index < end, bytes[index] & 0xF8 == UInt8(ascii: "0") {
        // Python wraps \400 and above to a byte, too.
        value = value << 3 | bytes[index] & 7
        index += 1
        digits += 1
      }
      arena.appendScratch(value)
    default:
      arena.appendScratch(UInt8(ascii: "\\"))
      arena.appendScratch(letter)
    }
  }

  /// UNICODE: Latin-1 in which `\uXXXX` and `\UXXXXXXXX` stand for other code points.
  mutating func rawUnicodeEscape(_ bytes: RawSpan) throws(PickleError) -> PickleValue {
    let text = try line(bytes)
    guard let special = text.first(where: { bytes[$0] >= 0x80 || bytes[$0] == UInt8(ascii: "\\") }) else {
      return .slice(.string, offset: text.lowerBound, length: text.count)
    }
    // Latin-1 takes two bytes at most, escapes fewer than they are long.
    try arena.reserveScratch(text.count * 2, at: start)
    let begin = arena.scratch.count
    for index in text.lowerBound..<special { arena.appendScratch(bytes[index]) }
    var index = special
    while index < text.upperBound {
      let byte = bytes[index]
      index += 1
      guard byte == UInt8(ascii: "\\"), index < text.upperBound else {
        arena.appendScratch(codePoint: UInt32(byte))
        continue
      }
      let letter = bytes[index]
      guard letter == UInt8(ascii: "u") || letter == UInt8(ascii: "U") else {
        // Two at once: a backslash after a backslash begins no escape.
        arena.appendScratch(codePoint: UInt32(byte))
        arena.appendScratch(codePoint: UInt32(letter))
        index += 1
        continue
      }
      let digits = letter == UInt8(ascii: "u") ? 4 : 8
      guard let value = hexadecimal(bytes, index + 1, digits: digits, text.upperBound), value <= 0x10FFFF else {
        throw fail(.malformed, "UNICODE: a bad \\u escape")
      }
      index += 1 + digits
      arena.appendScratch(codePoint: value)
    }
    return .slice(.string, offset: begin, length: arena.scratch.count - begin, inScratch: true)
  }

  private func hexadecimal(_ bytes: RawSpan, _ index: Int, digits: Int, _ end: Int) -> UInt32? {
    guard end - index >= digits else { return nil }
    var value: UInt32 = 0
    for place in index..<index + digits {
      guard let digit = digitValue(bytes[place]), digit < 16 else { return nil }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  /// Text of code points up to U+00FF as the bytes of those numbers: nil where one is beyond.
  /// ASCII stays where it is.
  mutating func latin1(
    _ text: PickleValue, as kind: PickleValue.Kind, _ bytes: RawSpan
  ) throws(PickleError) -> PickleValue? {
    let length = Int(text.length)
    encodedBytes += length
    guard encodedBytes <= PickleLimits.encoded else {
      throw exceeded("too much text to encode", PickleLimits.encoded, encodedBytes)
    }
    guard let points = arena.latin1Count(text, bytes) else { return nil }
    if points == length {
      return .slice(kind, offset: text.offset, length: length, inScratch: text.inScratch)
    }
    try arena.reserveScratch(points, at: start)
    let begin = arena.scratch.count
    var index = text.offset
    for _ in 0..<points {
      // Bytewise: the text may lie in the scratch that this appends to.
      let lead = text.inScratch ? arena.scratch[index] : bytes[index]
      if lead < 0x80 {
        arena.appendScratch(lead)
        index += 1
      } else {
        let trail = text.inScratch ? arena.scratch[index + 1] : bytes[index + 1]
        arena.appendScratch(lead << 6 | trail & 0x3F)
        index += 2
      }
    }
    return .slice(kind, offset: begin, length: points, inScratch: true)
  }
}

extension PickleArena {
  /// How many code points a text has; nil where it is no UTF-8 or has one beyond U+00FF.
  fileprivate func latin1Count(_ text: PickleValue, _ frame: RawSpan) -> Int? {
    let bytes = bytes(text, frame)
    var points = 0
    var index = 0
    while index < bytes.byteCount {
      if bytes[index] >= 0x80 {
        guard bytes[index] & 0xFE == 0xC2, index + 1 < bytes.byteCount, bytes[index + 1] & 0xC0 == 0x80 else {
          return nil
        }
        index += 1
      }
      index += 1
      points += 1
    }
    return points
  }
}

/// The value of a digit of any radix up to 36.
func digitValue(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}
