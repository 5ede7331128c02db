internal import Pickle

/// A `fractions.Fraction` of two 64-bit integers. Longer ones are beyond what is formatted.
struct FractionNumber {
  var isNegative: Bool
  var numerator: UInt64
  var denominator: UInt64

  init(_ numerator: PickleValue, _ denominator: PickleValue) throws(RenderError) {
    guard numerator.kind == .integer, denominator.kind == .integer, denominator.asInteger > 0,
      numerator.asInteger > .min
    else { throw .tooBig }
    isNegative = numerator.asInteger < 0
    self.numerator = numerator.asInteger.magnitude
    self.denominator = denominator.asInteger.magnitude
  }

  /// `abs(int(self))`.
  var whole: Int64 { Int64(numerator / denominator) }

  /// The nearest float.
  var asDouble: Double {
    guard numerator > 0 else { return 0 }
    // A quotient of 64 or 65 bits, the lowest of which also stands for all that follows.
    let (up, down) = (numerator.leadingZeroBitCount, denominator.leadingZeroBitCount)
    let dividend = UInt128(numerator << UInt64(up)) << 64
    let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: UInt128(denominator << UInt64(down)))
    let rounded = Double(quotient | (remainder == 0 ? 0 : 1))
    return Double(sign: isNegative ? .minus : .plus, exponent: down - up - 64, significand: rounded)
  }

  /// The number with `count` digits after the point. Where those are not all, one more digit says so:
  /// it keeps roundings from seeing a tie that is none.
  func decimal(afterPoint count: Int) -> DecimalNumber {
    var (whole, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
    var digits: [UInt8] = []
    digits.appendInteger(magnitude: whole)
    for _ in 0..<count {
      (whole, remainder) = denominator.dividingFullWidth(remainder.multipliedFullWidth(by: 10))
      digits.append(0x30 | UInt8(truncatingIfNeeded: whole))
    }
    if remainder != 0 { digits.append(0x31) }
    return DecimalNumber(isNegative: isNegative, digits: digits, exponent: remainder == 0 ? -count : -count - 1)
  }
}

extension FormatSpec {
  /// Appends `format(Fraction, spec)`, by the rules of `fractions`' own `__format__`.
  func append(_ fraction: FractionNumber, to out: inout [UInt8]) throws(RenderError) {
    // A `0` with digits behind it is a flag, alone it is a width.
    var spec = self
    let hasZeroFlag = padsWithZeros && width != nil
    if padsWithZeros, !hasZeroFlag {
      spec.padsWithZeros = false
      spec.fill = 0x20
    }
    guard widthDigitsFromZero <= 1, !(hasZeroFlag && alignment != nil) else { throw .invalid }
    guard let type else {
      guard precision == nil, !coercesNegativeZero, !hasZeroFlag else { throw .invalid }
      return try spec.append(ratio: fraction, to: &out)
    }
    let precision = precision ?? 6
    guard precision <= FormatLimits.width else { throw .tooBig }
    var letter = type
    // 20 digits more than wanted: a 64-bit fraction begins with no more zeros than that.
    var number = fraction.decimal(afterPoint: precision + 22)
    var figures = 0
    switch letter {
    case "f", "F", "%":
      if letter == "%" { number.exponent += 2 }
      try number.rescale(to: -precision)
    case "e", "E": figures = precision + 1
    case "g", "G": figures = max(precision, 1)
    default: throw .invalid
    }
    if figures > 0 {
      if number.isZero { number.exponent = 1 - figures } else { try number.round(to: figures) }
      number.digits.appendRepeated(0x30, figures - number.digits.count)
      if !number.isZero { number.exponent = min(number.exponent, number.leftDigits - figures) }
    }
    if number.isZero, coercesNegativeZero { number.isNegative = false }
    let lastPlace = number.exponent
    let isScientific = figures > 0 && (letter == "e" || letter == "E" || lastPlace > 0 || lastPlace + figures <= -4)
    let places = figures == 0 ? precision : isScientific ? figures - 1 : -lastPlace
    if letter == "F" { letter = "E" }
    try spec.append(number, places: places, isScientific: isScientific, letter, to: &out)
  }

  /// Appends the digits with the last `places` of them behind the point.
  private func append(
    _ number: DecimalNumber, places: Int, isScientific: Bool, _ letter: Unicode.Scalar, to out: inout [UInt8]
  ) throws(RenderError) {
    var digits = number.digits
    digits.insertRepeated(0x30, places + 1 - digits.count, at: 0)
    var parts = NumberParts()
    parts.isNegative = number.isNegative
    parts.digits = Array(digits.dropLast(places))
    var fraction = digits.suffix(places)
    if !isAlternate, letter == "g" || letter == "G" {
      while fraction.last == 0x30 { fraction.removeLast() }
    }
    if isAlternate || !fraction.isEmpty { parts.rest.append(UInt8(ascii: ".")) }
    parts.rest += fraction
    if isScientific {
      let exponent = number.exponent + places
      parts.rest.append(letter == "E" || letter == "G" ? UInt8(ascii: "E") : UInt8(ascii: "e"))
      parts.rest.append(UInt8(ascii: exponent < 0 ? "-" : "+"))
      if exponent.magnitude < 10 { parts.rest.append(0x30) }
      parts.rest.appendInteger(magnitude: UInt64(exponent.magnitude))
    }
    if type == "%" { parts.rest.append(UInt8(ascii: "%")) }
    try append(parts, defaultAlignment: .right, to: &out)
  }

  /// Without a type: `3/4`, grouped on both sides.
  private func append(ratio fraction: FractionNumber, to out: inout [UInt8]) throws(RenderError) {
    var plain = self
    plain.width = nil
    plain.alignment = nil
    var body: [UInt8] = []
    var part = NumberParts()
    part.isNegative = fraction.isNegative
    part.digits.appendInteger(magnitude: fraction.numerator)
    try plain.append(part, defaultAlignment: .left, to: &body)
    if fraction.denominator != 1 || isAlternate {
      body.append(UInt8(ascii: "/"))
      plain.sign = nil
      part = NumberParts()
      part.digits.appendInteger(magnitude: fraction.denominator)
      try plain.append(part, defaultAlignment: .left, to: &body)
    }
    // Behind the sign, if that is where the padding goes.
    var whole = NumberParts()
    var padded = self
    padded.sign = nil
    padded.grouping = nil
    if let first = body.first, first < 0x30 {
      whole.isNegative = first == UInt8(ascii: "-")
      padded.sign = first == UInt8(ascii: "-") ? nil : sign
      body.removeFirst()
    }
    whole.rest = body
    try padded.append(whole, defaultAlignment: .right, to: &out)
  }
}
