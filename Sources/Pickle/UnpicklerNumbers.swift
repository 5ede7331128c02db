/// Numbers in text and integers of any length.
extension Unpickler {
  /// INT: `strtol(text, 0)`, and `00` and `01` are the booleans of protocols 0 and 1.
  mutating func intText(_ bytes: RawSpan) throws(PickleError) -> PickleValue {
    let line = try line(bytes)
    if line.count == 2, bytes[line.lowerBound] == UInt8(ascii: "0") {
      if bytes[line.lowerBound + 1] == UInt8(ascii: "0") { return .bool(false) }
      if bytes[line.lowerBound + 1] == UInt8(ascii: "1") { return .bool(true) }
    }
    return try integer(bytes, line, leadingZeroIsOctal: true)
  }

  /// LONG: `int(text, 0)`, with or without Python 2's L.
  mutating func longText(_ bytes: RawSpan) throws(PickleError) -> PickleValue {
    var line = try line(bytes)
    if let last = line.last, bytes[last] == UInt8(ascii: "L") { line = line.lowerBound..<last }
    return try integer(bytes, line, leadingZeroIsOctal: false)
  }

  /// The index of PUT and GET.
  mutating func memoIndex(_ bytes: RawSpan) throws(PickleError) -> UInt32 {
    let line = try trim(line(bytes), bytes)
    var value: UInt32 = 0
    guard !line.isEmpty else { throw fail(.malformed, "a memo index without digits") }
    for index in line {
      guard let digit = digitValue(bytes[index]), digit < 10 else {
        throw fail(.malformed, "a memo index that is no number")
      }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt32(digit))
      guard !overflow, !carry else { throw fail(.malformed, "a memo index beyond 32 bits") }
      value = sum
    }
    return value
  }

  /// Without the white space that Python's own parsers skip.
  private func trim(_ range: Range<Int>, _ bytes: RawSpan) -> Range<Int> {
    func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || 9...13 ~= byte }
    var range = range
    while let first = range.first, isSpace(bytes[first]) { range.removeFirst() }
    while let last = range.last, isSpace(bytes[last]) { range.removeLast() }
    return range
  }

  /// An integer in text: a sign, a prefix of another radix, digits. Decimal digits may be any
  /// number; other radixes, which no pickler writes, 64 bits.
  private func integer(
    _ bytes: RawSpan, _ line: Range<Int>, leadingZeroIsOctal: Bool
  ) throws(PickleError) -> PickleValue {
    var digits = trim(line, bytes)
    let bad = fail(.malformed, "an integer that is no number")
    guard let sign = digits.first else { throw bad }
    let isNegative = bytes[sign] == UInt8(ascii: "-")
    if isNegative || bytes[sign] == UInt8(ascii: "+") { digits.removeFirst() }
    guard let first = digits.first else { throw bad }
    var radix: Int64 = 10
    if bytes[first] == UInt8(ascii: "0"), digits.count > 1 {
      switch bytes[first + 1] | 0x20 {
      case UInt8(ascii: "x"): radix = 16
      case UInt8(ascii: "o"): radix = 8
      case UInt8(ascii: "b"): radix = 2
      default: break
      }
      if radix != 10 {
        digits = digits.dropFirst(2)
        guard !digits.isEmpty else { throw bad }
      } else if leadingZeroIsOctal {
        radix = 8
      } else if digits.contains(where: { bytes[$0] != UInt8(ascii: "0") }) {
        throw bad
      }
    }
    guard digits.count <= PickleLimits.integerBytes else {
      throw exceeded("too many digits", PickleLimits.integerBytes, digits.count)
    }
    // Negative, because the least number has no positive counterpart.
    var value: Int64 = 0
    var isBig = false
    for index in digits {
      guard let digit = digitValue(bytes[index]), digit < radix else { throw bad }
      if isBig { continue }
      let (product, overflow) = value.multipliedReportingOverflow(by: radix)
      let (difference, borrow) = product.subtractingReportingOverflow(Int64(digit))
      value = difference
      isBig = overflow || borrow
    }
    if !isBig, isNegative || value != .min { return .integer(isNegative ? value : -value) }
    guard radix == 10, let last = digits.last else {
      throw fail(.malformed, "an integer beyond 64 bits that is not decimal")
    }
    let begin = isNegative ? sign : first
    return .slice(.decimalInteger, offset: begin, length: last + 1 - begin)
  }

  /// LONG1, LONG4: a length, then little-endian two's complement.
  mutating func binaryInteger(lengthBytes: Int, _ bytes: RawSpan) throws(PickleError) -> PickleValue {
    try need(lengthBytes, bytes)
    let declared = lengthBytes == 1 ? Int(bytes[position]) : Int(Int32(bitPattern: bytes.load32(position)))
    guard declared >= 0 else { throw fail(.malformed, "LONG4: the length is negative") }
    guard declared <= PickleLimits.integerBytes else {
      throw exceeded("an integer is too long", PickleLimits.integerBytes, declared)
    }
    position += lengthBytes
    try need(declared, bytes)
    let begin = position
    position += declared
    guard declared > 0 else { return .integer(0) }
    // Bytes that only repeat the sign say nothing.
    let sign: UInt8 = bytes[position - 1] & 0x80 == 0 ? 0 : 0xFF
    var end = position
    while end - begin > 1, bytes[end - 1] == sign, (bytes[end - 2] ^ sign) & 0x80 == 0 { end -= 1 }
    guard end - begin <= 8 else { return .slice(.bigInteger, offset: begin, length: end - begin) }
    var value: Int64 = sign == 0 ? 0 : -1
    for index in (begin..<end).reversed() { value = value << 8 | Int64(bytes[index]) }
    return .integer(value)
  }

  /// FLOAT: as `PyOS_string_to_double` reads it, which refuses white space, and what is too large.
  mutating func floatText(_ bytes: RawSpan) throws(PickleError) -> PickleValue {
    let line = try line(bytes, limit: PickleLimits.floatText)
    var index = line.lowerBound
    let isNegative = index < line.upperBound && bytes[index] == UInt8(ascii: "-")
    if isNegative || index < line.upperBound && bytes[index] == UInt8(ascii: "+") { index += 1 }
    if let special = specialFloat(bytes, index..<line.upperBound) {
      return .float(isNegative ? -special : special)
    }
    func skipDigits() -> Int {
      let begin = index
      while index < line.upperBound, 0x30...0x39 ~= bytes[index] { index += 1 }
      return index - begin
    }
    var digits = skipDigits()
    if index < line.upperBound, bytes[index] == UInt8(ascii: ".") {
      index += 1
      digits += skipDigits()
    }
    var isNumber = digits > 0
    if isNumber, index < line.upperBound, bytes[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      if index < line.upperBound, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") { index += 1 }
      isNumber = skipDigits() > 0
    }
    guard isNumber, index == line.upperBound else { throw fail(.malformed, "FLOAT: no number") }
    var text = ""
    for place in line { text.unicodeScalars.append(Unicode.Scalar(bytes[place])) }
    guard let value = Double(text), value.isFinite else { throw fail(.malformed, "FLOAT: too large a number") }
    return .float(value)
  }

  private func specialFloat(_ bytes: RawSpan, _ word: Range<Int>) -> Double? {
    func matches(_ name: String) -> Bool {
      word.count == name.utf8.count && zip(word, name.utf8).allSatisfy { bytes[$0] | 0x20 == $1 }
    }
    if matches("inf") || matches("infinity") { return .infinity }
    return matches("nan") ? .nan : nil
  }
}
