extension Array where Element == UInt8 {
  /// Appends an integer in decimal.
  public mutating func appendInteger(_ value: Int64) {
    if value < 0 { append(UInt8(ascii: "-")) }
    appendInteger(magnitude: value.magnitude)
  }

  /// Appends an integer in decimal, with zeros in front up to `width` digits, which is at most 20.
  public mutating func appendInteger(magnitude: UInt64, width: Int = 1) {
    if magnitude < 10 && width == 1 { return append(0x30 | UInt8(truncatingIfNeeded: magnitude)) }
    var digits = InlineArray<20, UInt8>(repeating: 0x30)
    var start = 20
    var rest = magnitude
    while rest > 0 {
      start &-= 1
      digits[start] = 0x30 | UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    append(digits.rawBytes.extracting(Swift.min(start, 20 - width)..<20))
  }

  /// Appends an integer in hexadecimal, lower case, with zeros in front up to `width` digits.
  public mutating func appendHex(_ value: UInt64, width: Int = 1) {
    let digits = Swift.max(width, (64 - value.leadingZeroBitCount + 3) / 4)
    for digit in stride(from: digits - 1, through: 0, by: -1) {
      append(hexDigit(UInt8(truncatingIfNeeded: value >> UInt64(digit * 4) & 15), uppercase: false))
    }
  }

  /// Appends the digits of an integer in a base that is a power of two: 1, 3 or 4 bits a digit.
  public mutating func appendDigits(_ magnitude: UInt64, bitsPerDigit: Int, uppercase: Bool = false) {
    let digits = Swift.max(1, (64 - magnitude.leadingZeroBitCount + bitsPerDigit - 1) / bitsPerDigit)
    let mask = UInt64(1) << UInt64(bitsPerDigit) - 1
    for digit in stride(from: digits - 1, through: 0, by: -1) {
      let value = magnitude >> UInt64(digit * bitsPerDigit) & mask
      append(hexDigit(UInt8(truncatingIfNeeded: value), uppercase: uppercase))
    }
  }
}

@inline(__always)
func hexDigit(_ value: UInt8, uppercase: Bool) -> UInt8 {
  value < 10 ? 0x30 &+ value : (uppercase ? 0x37 : 0x57) &+ value
}

/// An integer of any size: what `PickleValue.Kind.bigInteger` and `.decimalInteger` hold.
public struct BigInteger: Sendable, Equatable {
  public private(set) var isNegative: Bool
  /// The magnitude, least significant word first, no zero words at the end.
  private(set) var words: [UInt32]

  /// From little-endian two's complement of any length; no bytes are zero.
  public init(twosComplement bytes: RawSpan) {
    isNegative = bytes.byteCount > 0 && bytes[bytes.byteCount - 1] >= 0x80
    words = []
    words.reserveCapacity((bytes.byteCount + 3) / 4)
    let flip: UInt32 = isNegative ? .max : 0
    var carry = isNegative
    var offset = 0
    while offset < bytes.byteCount {
      var word: UInt32 = 0
      if offset + 4 <= bytes.byteCount {
        word = bytes.load32(offset)
      } else {
        if isNegative { word = .max << UInt32((bytes.byteCount - offset) * 8) }
        for index in offset..<bytes.byteCount { word |= UInt32(bytes[index]) << UInt32((index - offset) * 8) }
      }
      word ^= flip
      if carry { (word, carry) = word.addingReportingOverflow(1) }
      words.append(word)
      offset += 4
    }
    if carry { words.append(1) }
    trim()
  }

  /// From decimal: an optional `-` and digits.
  ///
  /// - Throws: `.tooBig` with more than `RenderLimits.integerDigits` digits, `.invalid` where
  ///   something is not a digit.
  public init(decimal text: RawSpan) throws(RenderError) {
    isNegative = text.byteCount > 0 && text[0] == UInt8(ascii: "-")
    words = []
    let first = isNegative ? 1 : 0
    guard text.byteCount > first else { throw .invalid }
    guard text.byteCount - first <= RenderLimits.integerDigits else { throw .tooBig }
    var offset = first
    while offset < text.byteCount {
      var (group, scale): (UInt64, UInt64) = (0, 1)
      while offset < text.byteCount, scale < 1_000_000_000 {
        let digit = text[offset] &- 0x30
        guard digit < 10 else { throw .invalid }
        (group, scale) = (group * 10 + UInt64(digit), scale * 10)
        offset += 1
      }
      for index in words.indices {
        let product = UInt64(words[index]) * scale + group
        words[index] = UInt32(truncatingIfNeeded: product)
        group = product >> 32
      }
      if group > 0 { words.append(UInt32(group)) }
    }
    trim()
  }

  public init(_ value: Int64) {
    isNegative = value < 0
    words = [UInt32(truncatingIfNeeded: value.magnitude), UInt32(truncatingIfNeeded: value.magnitude >> 32)]
    trim()
  }

  /// The integer part of a finite float, exactly (Python's `int(value)`); nil for infinities and NaN.
  public init?(truncating value: Double) {
    guard value.isFinite else { return nil }
    isNegative = value < 0
    words = []
    let whole = value.magnitude.rounded(.towardZero)
    guard whole >= 1 else {
      isNegative = false
      return
    }
    let shift = Int(whole.exponent) - 52
    let significand = whole.significandBitPattern | 1 << 52
    if shift <= 0 {
      let magnitude = significand >> UInt64(-shift)
      words = [UInt32(truncatingIfNeeded: magnitude), UInt32(truncatingIfNeeded: magnitude >> 32)]
    } else {
      words = Array(repeating: 0, count: shift / 32)
      let low = UInt128(significand) << UInt128(shift % 32)
      for index in 0..<3 { words.append(UInt32(truncatingIfNeeded: low >> UInt128(index * 32))) }
    }
    trim()
  }

  public var isZero: Bool { words.isEmpty }

  /// How many bits the magnitude has (Python's `int.bit_length()`).
  public var bitWidth: Int {
    guard let top = words.last else { return 0 }
    return words.count * 32 - top.leadingZeroBitCount
  }

  private mutating func trim() {
    while words.last == 0 { words.removeLast() }
    if words.isEmpty { isNegative = false }
  }

  /// What `appendDecimal` costs, in the unit of `RenderLimits.work`: it is quadratic.
  static func decimalWork(byteCount: Int) -> Int {
    let words = min(byteCount, RenderLimits.integerDigits) / 4
    return words * words / 64
  }
}

extension BigInteger {
  /// Appends `str(self)`.
  ///
  /// - Throws: `.tooBig` with more than `RenderLimits.integerDigits` digits, before the work.
  public func appendDecimal(into out: inout [UInt8]) throws(RenderError) {
    // A number of n bits has at least (n - 1) * log10(2) digits; 0.30102 is a little less than log10(2).
    guard (bitWidth - 1) * 30_102 / 100_000 < RenderLimits.integerDigits else { throw .tooBig }
    // Groups of nine digits, least significant first.
    var groups: [UInt32] = []
    groups.reserveCapacity(words.count * 32 / 29 + 1)
    var rest = words
    var count = rest.count
    while count > 0 {
      var remainder: UInt64 = 0
      for index in stride(from: count - 1, through: 0, by: -1) {
        let part = remainder << 32 | UInt64(rest[index])
        rest[index] = UInt32(truncatingIfNeeded: part / 1_000_000_000)
        remainder = part % 1_000_000_000
      }
      groups.append(UInt32(remainder))
      while count > 0, rest[count - 1] == 0 { count -= 1 }
    }
    let start = out.count
    if isNegative { out.append(UInt8(ascii: "-")) }
    out.appendInteger(magnitude: UInt64(groups.last ?? 0))
    for group in groups.dropLast().reversed() { out.appendInteger(magnitude: UInt64(group), width: 9) }
    guard out.count - start - (isNegative ? 1 : 0) <= RenderLimits.integerDigits else {
      out.removeSubrange(start...)
      throw .tooBig
    }
  }

  /// Appends the magnitude's digits, without sign or prefix, in a base that is a power of two:
  /// 1, 3 or 4 bits a digit.
  ///
  /// - Throws: `.tooBig` with more digits than `RenderLimits.text`, before the work.
  public func appendDigits(
    bitsPerDigit: Int, uppercase: Bool = false, into out: inout [UInt8]
  ) throws(RenderError) {
    let digits = max(1, (bitWidth + bitsPerDigit - 1) / bitsPerDigit)
    guard digits <= RenderLimits.text else { throw .tooBig }
    let mask = UInt32(1) << UInt32(bitsPerDigit) - 1
    out.reserveCapacity(out.count + digits)
    for digit in stride(from: digits - 1, through: 0, by: -1) {
      let (word, bit) = (digit * bitsPerDigit).quotientAndRemainder(dividingBy: 32)
      var value = word < words.count ? words[word] >> UInt32(bit) : 0
      if bit + bitsPerDigit > 32, word + 1 < words.count { value |= words[word + 1] << UInt32(32 - bit) }
      out.append(hexDigit(UInt8(value & mask), uppercase: uppercase))
    }
  }

  /// The nearest float, ties to even (Python's `float(self)`); nil where Python raises OverflowError.
  public var asDouble: Double? {
    let width = bitWidth
    guard width > 0 else { return 0 }
    guard width <= 1024 else { return nil }
    // The top 64 bits; whether anything below them is set goes into the lowest one.
    let drop = max(0, width - 64)
    var top: UInt64 = 0
    for index in stride(from: words.count - 1, through: 0, by: -1) {
      let position = index * 32 - drop
      if position >= 0 {
        top |= UInt64(words[index]) << UInt64(position)
      } else if position > -32 {
        top |= UInt64(words[index]) >> UInt64(-position)
        if words[index] << UInt32(32 + position) != 0 { top |= 1 }
      } else if words[index] != 0 {
        top |= 1
      }
    }
    let magnitude = Double(sign: .plus, exponent: drop, significand: Double(top))
    guard magnitude.isFinite else { return nil }
    return isNegative ? -magnitude : magnitude
  }
}
