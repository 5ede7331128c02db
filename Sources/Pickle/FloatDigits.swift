/// The fewest decimal digits that read back as a float, and of those the nearest to it.
struct ShortestDigits {
  /// ASCII, `count` of them, the first not zero except for zero itself.
  private(set) var digits = InlineArray<24, UInt8>(repeating: 0x30)
  private(set) var count = 0
  /// The value is 0.DIGITS × 10^point.
  private(set) var point = 0

  /// `value` is finite and not negative.
  init(_ value: Double) {
    if value == 0 {
      (count, point) = (1, 1)
    } else if value >= 0x1p53 || value < 0x1p-60 {
      takeDescription(value)
    } else {
      let significand = value.significandBitPattern | 1 << 52
      let places = 52 - Int(value.exponent)
      if places <= 58 {
        generate(significand, UInt64(significand), places: places)
      } else {
        generate(significand, UInt128(significand), places: places)
      }
    }
    while count > 1, digits[count - 1] == 0x30 { count -= 1 }
  }

  /// Steele and White's digit generation in fixed width, for significand × 2^-places below 2^53:
  /// there the float's neighbours lie less than one apart, so that only digits after the point are left
  /// out. `Word` holds `places` + 6 bits.
  private mutating func generate<Word: FixedWidthInteger & UnsignedInteger>(
    _ significand: UInt64, _ value: Word, places: Int
  ) {
    // In units of a quarter of the last place: half the way to the next float is 2, to the previous
    // one as much, or 1 where the floats begin to lie closer.
    let shift = Word(places + 2)
    let one = Word(1) << shift
    var rest = (value << 2) & (one - 1)
    var above: Word = 2
    var below: Word = significand == 1 << 52 ? 1 : 2
    // The float is what its bounds are rounded to when it is even.
    let isEven = significand & 1 == 0
    append(whole: UInt64(truncatingIfNeeded: value >> Word(places)))
    while true {
      let isLow = rest < below || isEven && rest == below
      let isHigh = one - rest < above || isEven && one - rest == above
      if isLow || isHigh {
        let isOdd = count > 0 && digits[count - 1] & 1 == 1
        if isHigh && (!isLow || rest + rest > one || rest + rest == one && isOdd) { increment() }
        return
      }
      rest *= 10
      above *= 10
      below *= 10
      append(digit: UInt8(truncatingIfNeeded: rest >> shift))
      rest &= one - 1
    }
  }

  private mutating func append(whole: UInt64) {
    var rest = whole
    while rest > 0 {
      rest /= 10
      point += 1
    }
    rest = whole
    count = point
    for index in stride(from: count - 1, through: 0, by: -1) {
      digits[index] = 0x30 | UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
  }

  private mutating func append(digit: UInt8) {
    if count == 0 && digit == 0 {
      point -= 1
    } else if count < 24 {
      digits[count] = 0x30 | digit
      count += 1
    }
  }

  /// Adds one in the last place.
  private mutating func increment() {
    var index = count - 1
    while index >= 0, digits[index] == 0x39 {
      digits[index] = 0x30
      index -= 1
    }
    if index >= 0 {
      digits[index] += 1
    } else {
      // All were nines, and are zeros now.
      digits[0] = 0x31
      count = max(count, 1)
      point += 1
    }
  }

  /// The standard library's description has exactly these digits; only its layout is not Python's.
  private mutating func takeDescription(_ value: Double) {
    var exponent = 0
    var isInExponent = false
    var isNegativeExponent = false
    var hasPoint = false
    for byte in value.description.utf8 {
      switch byte {
      case 0x30...0x39 where isInExponent: exponent = exponent * 10 + Int(byte & 15)
      case 0x30...0x39:
        if !hasPoint { point += 1 }
        append(digit: byte & 15)
      case UInt8(ascii: "."): hasPoint = true
      case UInt8(ascii: "e"): isInExponent = true
      case UInt8(ascii: "-"): isNegativeExponent = true
      default: break
      }
    }
    point += isNegativeExponent ? -exponent : exponent
  }
}

/// A float's exact value in decimal: no float has more than 767 significant digits.
struct ExactDecimal {
  /// ASCII, no zeros at either end; "0" for zero.
  private(set) var digits: [UInt8] = []
  /// The value is 0.DIGITS × 10^point.
  private(set) var point = 0

  private static let group: UInt64 = 1_000_000_000
  private static let groupDigits = 9

  /// `value` is finite and not negative.
  init(_ value: Double) {
    guard value > 0 else {
      self.becomeZero()
      return
    }
    var significand = value.isNormal ? value.significandBitPattern | 1 << 52 : value.significandBitPattern
    var exponent = max(Int(value.exponentBitPattern), 1) - 1075
    let zeros = significand.trailingZeroBitCount
    significand >>= UInt64(zeros)
    exponent += zeros
    if exponent >= 0 {
      appendWhole(significand, shift: exponent)
      point = digits.count
    } else {
      let shift = UInt64(-exponent)
      let whole = shift < 64 ? significand >> shift : 0
      if whole > 0 { digits.appendInteger(magnitude: whole) }
      point = digits.count
      appendFraction(shift < 64 ? significand & (1 << shift - 1) : significand, bits: -exponent)
    }
    let leading = digits.firstIndex { $0 != 0x30 } ?? 0
    if leading > 0 {
      digits.removeSubrange(0..<leading)
      point -= leading
    }
    trim()
  }

  /// Appends the digits of significand × 2^shift.
  private mutating func appendWhole(_ significand: UInt64, shift: Int) {
    // Groups of nine digits, least significant first.
    var groups = [significand % Self.group, significand / Self.group]
    var left = UInt64(shift)
    while left > 0 {
      let step = min(left, 32)
      var carry: UInt64 = 0
      for index in groups.indices {
        let part = groups[index] << step + carry
        groups[index] = part % Self.group
        carry = part / Self.group
      }
      while carry > 0 {
        groups.append(carry % Self.group)
        carry /= Self.group
      }
      left -= step
    }
    for group in groups.reversed() { digits.appendInteger(magnitude: group, width: Self.groupDigits) }
  }

  /// Appends the digits after the point of fraction / 2^bits, which is below 1, until nothing is left.
  private mutating func appendFraction(_ fraction: UInt64, bits: Int) {
    guard fraction > 0 else { return }
    // A binary fraction of whole words, least significant first.
    let count = (bits + 31) / 32
    var words = [UInt64](repeating: 0, count: count + 2)
    let aligned = UInt128(fraction) << UInt128(count * 32 - bits)
    for index in 0..<3 where index < words.count {
      words[index] = UInt64(truncatingIfNeeded: aligned >> UInt128(index * 32)) & 0xFFFF_FFFF
    }
    var first = 0
    while first < count {
      var carry: UInt64 = 0
      for index in first..<count {
        let product = words[index] * Self.group + carry
        words[index] = product & 0xFFFF_FFFF
        carry = product >> 32
      }
      digits.appendInteger(magnitude: carry, width: Self.groupDigits)
      while first < count, words[first] == 0 { first += 1 }
    }
  }

  /// Keeps `count` significant digits, rounded, ties to even. With 0 or fewer: what of the value
  /// reaches the place in front of its digits.
  mutating func round(to count: Int) {
    guard count < digits.count else { return }
    guard count >= 0 else { return becomeZero() }
    let next = digits[count]
    let isTie = next == 0x35 && digits.count == count + 1
    let isOdd = count > 0 && digits[count - 1] & 1 == 1
    digits.removeSubrange(count...)
    if next > 0x35 || next == 0x35 && (!isTie || isOdd) {
      while digits.last == 0x39 { digits.removeLast() }
      if let last = digits.popLast() {
        digits.append(last + 1)
      } else {
        digits.append(0x31)
        point += 1
      }
    }
    trim()
  }

  /// Keeps `count` digits after the point, rounded, ties to even.
  mutating func round(afterPoint count: Int) { round(to: point + count) }

  private mutating func trim() {
    while digits.last == 0x30 { digits.removeLast() }
    if digits.isEmpty { becomeZero() }
  }

  private mutating func becomeZero() {
    digits = [0x30]
    point = 1
  }
}
