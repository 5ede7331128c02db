internal import Pickle

/// A finite `decimal.Decimal`: ±DIGITS × 10^exponent.
struct DecimalNumber {
  var isNegative = false
  /// ASCII; no leading zeros, except for zero itself.
  var digits: [UInt8] = []
  var exponent = 0

  init(isNegative: Bool, digits: [UInt8], exponent: Int) {
    self.isNegative = isNegative
    self.digits = digits
    self.exponent = exponent
    trim()
  }

  /// From `str(Decimal)`; nil for infinities and NaN.
  init?(_ text: RawSpan) {
    var index = 0
    if text.byteCount > 0, text[0] == UInt8(ascii: "-") {
      isNegative = true
      index = 1
    }
    var hasPoint = false
    while index < text.byteCount {
      let byte = text[index]
      index += 1
      switch byte {
      case 0x30...0x39:
        digits.append(byte)
        if hasPoint { exponent -= 1 }
      case UInt8(ascii: "."): hasPoint = true
      case UInt8(ascii: "E"):
        var part: [UInt8] = []
        part.append(text.extracting(index..<text.byteCount))
        guard let power = Int(String(decoding: part, as: UTF8.self)), power.magnitude <= DecimalNumber.largestExponent
        else { return nil }
        exponent += power
        index = text.byteCount
      default: return nil
      }
    }
    guard !digits.isEmpty else { return nil }
    trim()
  }

  /// Beyond any that `decimal` takes (`MAX_EMAX`), and far from overflowing sums.
  private static let largestExponent = 1_999_999_999_999_999_998

  var isZero: Bool { digits == [0x30] }

  /// Where the point stands, counted from the first digit.
  var leftDigits: Int { exponent + digits.count }

  private mutating func trim() {
    let zeros = digits.prefix { $0 == 0x30 }.count
    if zeros > 0 { digits.removeFirst(min(zeros, digits.count - 1)) }
  }

  /// Makes the exponent `wanted`; rounds half to even where that drops digits.
  mutating func rescale(to wanted: Int) throws(RenderError) {
    if isZero {
      exponent = wanted
      return
    }
    if exponent >= wanted {
      guard exponent - wanted <= RenderLimits.text else { throw .tooBig }
      digits.appendRepeated(0x30, exponent - wanted)
      exponent = wanted
      return
    }
    let kept = digits.count - (wanted - exponent)
    exponent = wanted
    guard kept >= 0 else {
      digits = [0x30]
      return
    }
    let next = digits[kept]
    let isTie = next == 0x35 && digits[(kept + 1)...].allSatisfy { $0 == 0x30 }
    let isOdd = kept > 0 && digits[kept - 1] & 1 == 1
    let roundsUp = next >= 0x35 && (!isTie || isOdd)
    digits.removeSubrange(kept...)
    if roundsUp {
      var index = kept - 1
      while index >= 0, digits[index] == 0x39 {
        digits[index] = 0x30
        index -= 1
      }
      if index >= 0 { digits[index] += 1 } else { digits.insert(0x31, at: 0) }
    }
    if digits.isEmpty { digits = [0x30] }
  }

  /// Rounds to so many significant digits.
  mutating func round(to places: Int) throws(RenderError) {
    guard !isZero else { return }
    try rescale(to: leftDigits - places)
    if digits.count > places { try rescale(to: leftDigits - places) }
  }

  /// `int()`.
  func truncated() throws(RenderError) -> IntegerValue {
    guard !isZero, leftDigits > 0 else { return .small(0) }
    guard leftDigits <= RenderLimits.integerDigits else { throw .tooBig }
    var text = isNegative ? [UInt8(ascii: "-")] : []
    text += digits.prefix(leftDigits)
    text.appendRepeated(0x30, leftDigits - digits.count)
    return .big(try BigInteger(decimal: text.rawBytes))
  }

  /// `float()`: the nearest one, infinite beyond the greatest.
  var asDouble: Double {
    let sign = isNegative ? "-" : ""
    return Double("\(sign)\(String(decoding: digits, as: UTF8.self))e\(exponent)") ?? .nan
  }
}

extension FormatSpec {
  /// Appends `format(Decimal(text), spec)`, by the rules of `decimal`'s own `__format__`.
  func append(decimal text: RawSpan, to out: inout [UInt8]) throws(RenderError) {
    // Zeros are for those who have not chosen an alignment.
    guard grouping != .underscore, widthDigitsFromZero == 0, !(padsWithZeros && alignment != nil) else {
      throw .invalid
    }
    guard precision ?? 0 <= RenderLimits.text else { throw .tooBig }
    var letter = type ?? "G"
    switch letter {
    case "e", "E", "f", "F", "g", "G", "%": break
    case "n", "N":
      // The C locale groups nothing.
      guard grouping == nil else { throw .invalid }
      letter = letter == "n" ? "g" : "G"
    default: throw .invalid
    }
    guard var number = DecimalNumber(text) else { return try append(special: text, letter, to: &out) }
    if letter == "%" { number.exponent += 2 }
    if let precision {
      switch letter {
      case "e", "E": try number.round(to: precision + 1)
      case "f", "F", "%": try number.rescale(to: -precision)
      default: if number.digits.count > max(precision, 1) { try number.round(to: max(precision, 1)) }
      }
    }
    let isFixed = letter == "f" || letter == "F" || letter == "%"
    if number.isZero, number.exponent > 0, isFixed { number.exponent = 0 }
    if number.isZero, coercesNegativeZero { number.isNegative = false }
    let left = number.leftDigits
    let isScientific = letter == "e" || letter == "E"
    let point =
      if isScientific {
        number.isZero ? 1 - (precision ?? 0) : 1
      } else if isFixed || number.exponent <= 0 && left > -6 {
        left
      } else {
        1
      }
    try append(number, point: point, letter, to: &out)
  }

  /// Appends a number with its point in front of digit `point`, the exponent that this leaves, and all
  /// that the spec wants around.
  private func append(
    _ number: DecimalNumber, point: Int, _ letter: Unicode.Scalar, to out: inout [UInt8]
  ) throws(RenderError) {
    let count = number.digits.count
    guard point.magnitude <= RenderLimits.text else { throw .tooBig }
    var parts = NumberParts()
    parts.isNegative = number.isNegative
    var fraction: [UInt8] = []
    if point < 0 {
      parts.digits = [0x30]
      fraction.appendRepeated(0x30, -point)
      fraction += number.digits
    } else {
      parts.digits = Array(number.digits.prefix(point))
      parts.digits.appendRepeated(0x30, point - count)
      if parts.digits.isEmpty { parts.digits = [0x30] }
      fraction = Array(number.digits.dropFirst(point))
    }
    if !fraction.isEmpty || isAlternate { parts.rest = [UInt8(ascii: ".")] + fraction }
    let exponent = number.leftDigits - point
    if letter == "e" || letter == "E" || exponent != 0 {
      parts.rest.append(letter == "E" || letter == "G" ? UInt8(ascii: "E") : UInt8(ascii: "e"))
      if exponent >= 0 { parts.rest.append(UInt8(ascii: "+")) }
      parts.rest.appendInteger(Int64(exponent))
    }
    if letter == "%" { parts.rest.append(UInt8(ascii: "%")) }
    try append(parts, defaultAlignment: .right, to: &out)
  }

  /// Infinities and NaN, which no precision applies to.
  private func append(
    special text: RawSpan, _ letter: Unicode.Scalar, to out: inout [UInt8]
  ) throws(RenderError) {
    var parts = NumberParts()
    parts.rest.append(text)
    if parts.rest.first == UInt8(ascii: "-") {
      parts.isNegative = true
      parts.rest.removeFirst()
    }
    if letter == "%" { parts.rest.append(UInt8(ascii: "%")) }
    var spec = self
    if padsWithZeros {
      spec.padsWithZeros = false
      spec.fill = 0x20
    }
    try spec.append(parts, defaultAlignment: .right, to: &out)
  }
}
