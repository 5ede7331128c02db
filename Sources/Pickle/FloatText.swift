/// How a float is written with a given precision.
public enum FloatForm: Sendable, BitwiseCopyable {
  /// `%f`: `precision` digits after the point.
  case fixed
  /// `%e`: one digit, `precision` more after the point, an exponent of at least two digits.
  case exponent
  /// `%g`: at most `precision` significant digits, as `fixed` or `exponent` by their exponent.
  case general
}

extension Array where Element == UInt8 {
  /// Appends `repr(value)`: the shortest digits that read back as the same float, `1e+16`, `1e-05`,
  /// `inf`, `nan`, `-0.0`.
  public mutating func appendFloatRepr(_ value: Double) {
    appendShortest(value, addingPointZero: true)
  }

  /// Appends `repr(complex(real, imaginary))` (`complex_repr`).
  public mutating func appendComplexRepr(_ real: Double, _ imaginary: Double) {
    if real == 0, real.sign == .plus {
      appendShortest(imaginary, addingPointZero: false)
      return append(UInt8(ascii: "j"))
    }
    append(UInt8(ascii: "("))
    appendShortest(real, addingPointZero: false)
    if imaginary.sign == .plus || imaginary.isNaN { append(UInt8(ascii: "+")) }
    appendShortest(imaginary, addingPointZero: false)
    appendASCII("j)")
  }

  /// Appends a float's shortest digits, or its name. `addingPointZero` shows whole numbers with `.0`.
  public mutating func appendShortest(_ value: Double, addingPointZero: Bool, uppercase: Bool = false) {
    guard value.isFinite else { return appendNotFinite(value, uppercase: uppercase) }
    if value.sign == .minus { append(UInt8(ascii: "-")) }
    let shortest = ShortestDigits(value.magnitude)
    let digits = shortest.digits.rawBytes.extracting(0..<shortest.count)
    if shortest.point <= -4 || shortest.point > 16 {
      appendExponent(digits, point: shortest.point, precision: shortest.count - 1, uppercase: uppercase)
    } else {
      let precision = Swift.max(shortest.count - shortest.point, addingPointZero ? 1 : 0)
      appendFixed(digits, point: shortest.point, precision: precision)
    }
  }

  /// Appends a float as C's `%.Nf`, `%.Ne` and `%.Ng` do: every digit is that of the exact value,
  /// correctly rounded, ties to even.
  ///
  /// - Parameters:
  ///   - alternate: `#`: the point always, and with `general` the trailing zeros.
  ///   - addingPointZero: with `general`, whole numbers get `.0` and the exponent comes one digit
  ///     earlier: what Python does where a format has a precision but no type.
  /// - Throws: `.tooBig` with a precision over `RenderLimits.text`.
  public mutating func appendFloat(
    _ value: Double, _ form: FloatForm, precision: Int, uppercase: Bool = false, alternate: Bool = false,
    addingPointZero: Bool = false
  ) throws(RenderError) {
    guard precision <= RenderLimits.text else { throw .tooBig }
    guard value.isFinite else { return appendNotFinite(value, uppercase: uppercase) }
    if value.sign == .minus { append(UInt8(ascii: "-")) }
    switch form {
    case .fixed:
      if appendSmallFixed(value.magnitude, precision: precision, alternate: alternate) { return }
      var exact = ExactDecimal(value.magnitude)
      exact.round(afterPoint: precision)
      appendFixed(exact.digits.rawBytes, point: exact.point, precision: precision, alternate: alternate)
    case .exponent:
      var exact = ExactDecimal(value.magnitude)
      exact.round(to: precision + 1)
      appendExponent(
        exact.digits.rawBytes, point: exact.point, precision: precision, uppercase: uppercase, alternate: alternate)
    case .general:
      let significant = Swift.max(precision, 1)
      var exact = ExactDecimal(value.magnitude)
      exact.round(to: significant)
      let (digits, point) = (exact.digits.rawBytes, exact.point)
      if point <= -4 || point > significant - (addingPointZero ? 1 : 0) {
        appendExponent(
          digits, point: point, precision: (alternate ? significant : digits.byteCount) - 1, uppercase: uppercase,
          alternate: alternate)
      } else {
        let shown = Swift.max((alternate ? significant : digits.byteCount) - point, addingPointZero ? 1 : 0)
        appendFixed(digits, point: point, precision: shown, alternate: alternate)
      }
    }
  }

  private mutating func appendNotFinite(_ value: Double, uppercase: Bool) {
    if value.isNaN { return appendASCII(uppercase ? "NAN" : "nan") }
    if value.sign == .minus { append(UInt8(ascii: "-")) }
    appendASCII(uppercase ? "INF" : "inf")
  }

  /// Appends 0.DIGITS × 10^point with exactly `precision` digits after the point.
  private mutating func appendFixed(_ digits: RawSpan, point: Int, precision: Int, alternate: Bool = false) {
    if point <= 0 {
      append(0x30)
    } else {
      append(digits.extracting(0..<Swift.min(point, digits.byteCount)))
      appendZeros(point - digits.byteCount)
    }
    if precision > 0 || alternate { append(UInt8(ascii: ".")) }
    guard precision > 0 else { return }
    let zeros = Swift.min(Swift.max(-point, 0), precision)
    let first = Swift.min(Swift.max(point, 0), digits.byteCount)
    let shown = Swift.min(digits.byteCount - first, precision - zeros)
    appendZeros(zeros)
    append(digits.extracting(first..<first + shown))
    appendZeros(precision - zeros - shown)
  }

  /// Appends D.IGITSe±NN with exactly `precision` digits after the point.
  private mutating func appendExponent(
    _ digits: RawSpan, point: Int, precision: Int, uppercase: Bool, alternate: Bool = false
  ) {
    append(digits[0])
    if precision > 0 || alternate { append(UInt8(ascii: ".")) }
    append(digits.extracting(1..<digits.byteCount))
    appendZeros(precision - (digits.byteCount - 1))
    append(UInt8(ascii: uppercase ? "E" : "e"))
    append(UInt8(ascii: point > 0 ? "+" : "-"))
    appendInteger(magnitude: UInt64((point - 1).magnitude), width: 2)
  }

  private mutating func appendZeros(_ count: Int) {
    if count > 0 { append(contentsOf: repeatElement(0x30, count: count)) }
  }

  /// `%.Nf` of what fits into machine words: true when it did.
  private mutating func appendSmallFixed(_ value: Double, precision: Int, alternate: Bool) -> Bool {
    guard value < 0x1p63, value >= 0x1p-10 || value == 0, precision <= 18 else { return false }
    var whole = UInt64(value)
    // The exponent of zero is no number to calculate with.
    let shift = value > 0 ? 52 - Int(value.exponent) : 0
    var fraction: UInt64 = 0
    if shift > 0 {
      // Below 2^shift, with shift at most 62: times 10^18 it has at most 122 bits.
      let bits = (value.significandBitPattern | 1 << 52) & (1 << UInt64(shift) - 1)
      var scale: UInt64 = 1
      for _ in 0..<precision { scale &*= 10 }
      let product = bits.multipliedFullWidth(by: scale)
      fraction = product.high << UInt64(64 - shift) | product.low >> UInt64(shift)
      let rest = product.low & (1 << UInt64(shift) - 1)
      let half = UInt64(1) << UInt64(shift - 1)
      let isOdd = (precision == 0 ? whole : fraction) & 1 == 1
      if rest > half || rest == half && isOdd { fraction += 1 }
      if fraction == scale { (whole, fraction) = (whole + 1, 0) }
    }
    appendInteger(magnitude: whole)
    if precision > 0 || alternate { append(UInt8(ascii: ".")) }
    if precision > 0 { appendInteger(magnitude: fraction, width: precision) }
    return true
  }
}
