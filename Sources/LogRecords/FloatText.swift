/// Texts of floats: Python's `repr`, and C's `%e`, `%f` and `%g` with any precision, rounded from the exact value.
enum FloatText {
  /// A magnitude as digits after a decimal point: 0.digits × 10^exponent. No leading zeros; zero has no digits.
  struct Decimal: Equatable {
    var digits: [UInt8]
    var exponent: Int

    /// Keeps `count` digits; what falls away rounds half to even.
    mutating func round(to count: Int) {
      guard count < digits.count else { return }
      guard count >= 0 else {
        digits = []
        return
      }
      let rest = digits[count...]
      let isHalf = rest.first == 5 && rest.dropFirst().allSatisfy { $0 == 0 }
      let roundsUp = isHalf ? count > 0 && digits[count - 1] % 2 == 1 : (rest.first ?? 0) >= 5
      digits.removeSubrange(count...)
      guard roundsUp else { return }
      var index = count
      while index > 0 {
        index -= 1
        if digits[index] < 9 {
          digits[index] += 1
          return
        }
        digits[index] = 0
      }
      digits.insert(1, at: 0)
      exponent += 1
    }
  }

  /// The exact digits of a finite value's magnitude, at most 767 of them.
  static func exact(_ value: Double) -> Decimal {
    guard value != 0 else { return Decimal(digits: [], exponent: 0) }
    let power = Int(value.exponent) - 52
    let significand = UInt64((value.magnitude.significand * 0x1p52))
    var number = BigNumber(significand)
    if power >= 0 { number.multiply(by: 2, times: power) } else { number.multiply(by: 5, times: -power) }
    var digits = number.digits
    let exponent = digits.count + min(power, 0)
    while digits.last == 0 { digits.removeLast() }
    return Decimal(digits: digits, exponent: exponent)
  }

  /// `str(float)`: the shortest digits that read back as the same float.
  static func repr(_ value: Double) -> [UInt8] {
    guard value.isFinite else { return special(value) }
    var shortest = Decimal(digits: [], exponent: 0)
    var power = 0
    var fraction: Int?
    var text = value.magnitude.description.utf8[...]
    if let mark = text.firstIndex(of: UInt8(ascii: "e")) {
      power = Int(String(Substring(text[text.index(after: mark)...]))) ?? 0
      text = text[..<mark]
    }
    for byte in text {
      if byte == UInt8(ascii: ".") {
        fraction = 0
        continue
      }
      shortest.digits.append(byte - UInt8(ascii: "0"))
      fraction = fraction.map { $0 + 1 }
    }
    shortest.exponent = shortest.digits.count - (fraction ?? 0) + power
    while shortest.digits.first == 0 {
      shortest.digits.removeFirst()
      shortest.exponent -= 1
    }
    while shortest.digits.last == 0 { shortest.digits.removeLast() }
    if shortest.digits.isEmpty { shortest.exponent = 1 }
    let sign = value.sign == .minus ? [UInt8(ascii: "-")] : []
    if (-3...16).contains(shortest.exponent) {
      return sign + fixed(shortest, precision: max(1, shortest.digits.count - shortest.exponent))
    }
    return sign + scientific(shortest, precision: shortest.digits.count - 1)
  }

  /// "nan", "inf" or "-inf".
  static func special(_ value: Double) -> [UInt8] {
    Array((value.isNaN ? "nan" : value < 0 ? "-inf" : "inf").utf8)
  }

  /// The magnitude of a finite value by conversion `e`, `f` or `g`.
  /// - Parameter alternate: keeps the point without digits after it and, with `g`, trailing zeros.
  static func magnitude(_ value: Double, conversion: UInt8, precision: Int, alternate: Bool) -> [UInt8] {
    var decimal = exact(value)
    switch conversion {
    case UInt8(ascii: "f"):
      decimal.round(to: decimal.exponent + precision)
      return fixed(decimal, precision: precision, keepsPoint: alternate)
    case UInt8(ascii: "e"):
      decimal.round(to: precision + 1)
      return scientific(decimal, precision: precision, keepsPoint: alternate)
    default:
      let significant = max(precision, 1)
      decimal.round(to: significant)
      let power = decimal.digits.isEmpty ? 0 : decimal.exponent - 1
      while decimal.digits.last == 0 { decimal.digits.removeLast() }
      if power < -4 || power >= significant {
        let digits = alternate ? significant - 1 : max(decimal.digits.count - 1, 0)
        return scientific(decimal, precision: digits, keepsPoint: alternate)
      }
      let digits = alternate ? significant - 1 - power : max(decimal.digits.count - decimal.exponent, 0)
      return fixed(decimal, precision: digits, keepsPoint: alternate)
    }
  }

  /// The digits of a finite value's whole part: what `%d` writes without its sign.
  static func wholeDigits(_ value: Double) -> [UInt8] {
    let whole = value.rounded(.towardZero)
    return fixed(exact(whole), precision: 0)
  }

  private static func fixed(_ decimal: Decimal, precision: Int, keepsPoint: Bool = false) -> [UInt8] {
    func digit(_ index: Int) -> UInt8 {
      UInt8(ascii: "0") + (decimal.digits.indices.contains(index) ? decimal.digits[index] : 0)
    }
    let point = decimal.digits.isEmpty ? 0 : decimal.exponent
    var text: [UInt8] = point > 0 ? (0..<point).map(digit) : [UInt8(ascii: "0")]
    if precision > 0 || keepsPoint { text.append(UInt8(ascii: ".")) }
    for index in 0..<precision { text.append(digit(point + index)) }
    return text
  }

  private static func scientific(_ decimal: Decimal, precision: Int, keepsPoint: Bool = false) -> [UInt8] {
    func digit(_ index: Int) -> UInt8 {
      UInt8(ascii: "0") + (decimal.digits.indices.contains(index) ? decimal.digits[index] : 0)
    }
    var text = [digit(0)]
    if precision > 0 || keepsPoint { text.append(UInt8(ascii: ".")) }
    for index in 0..<precision { text.append(digit(1 + index)) }
    let power = decimal.digits.isEmpty ? 0 : decimal.exponent - 1
    text += power < 0 ? "e-".utf8 : "e+".utf8
    StrftimeNumber.append(abs(power), digits: 2, width: 0, pad: 0, into: &text)
    return text
  }
}

/// A natural number to multiply: as much as exact decimals need.
private struct BigNumber {
  private static let base: UInt64 = 1_000_000_000
  /// From the lowest, each below `base`.
  private var limbs: [UInt64]

  init(_ value: UInt64) {
    limbs = [value % Self.base, value / Self.base % Self.base, value / Self.base / Self.base]
  }

  mutating func multiply(by factor: UInt64, times: Int) {
    var left = times
    while left > 0 {
      let step = min(left, 12)
      let product = (0..<step).reduce(1) { product, _ in product * factor }
      var carry: UInt64 = 0
      for index in limbs.indices {
        let value = limbs[index] * product + carry
        limbs[index] = value % Self.base
        carry = value / Self.base
      }
      if carry > 0 { limbs.append(carry) }
      left -= step
    }
  }

  /// From the highest, without leading zeros.
  var digits: [UInt8] {
    var digits: [UInt8] = []
    for limb in limbs {
      var rest = limb
      for _ in 0..<9 {
        digits.append(UInt8(rest % 10))
        rest /= 10
      }
    }
    while digits.last == 0 { digits.removeLast() }
    return digits.reversed()
  }
}
