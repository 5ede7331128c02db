internal import Pickle

/// An integer of any size, for formatting.
enum IntegerValue {
  case small(Int64)
  case big(BigInteger)

  /// The integer that a value is by itself (`int` and `bool`), nil for any other.
  init?(_ value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan) throws(RenderError) {
    switch value.kind {
    case .integer, .bool: self = .small(value.asInteger)
    case .bigInteger: self = .big(BigInteger(twosComplement: arena.bytes(value, frame)))
    case .decimalInteger: self = .big(try BigInteger(decimal: arena.bytes(value, frame)))
    default: return nil
    }
  }

  var isNegative: Bool {
    switch self {
    case .small(let value): value < 0
    case .big(let value): value.isNegative
    }
  }

  /// `float(self)`. Throws `.invalid` where that overflows.
  func asDouble() throws(RenderError) -> Double {
    switch self {
    case .small(let value): return Double(value)
    case .big(let value):
      guard let double = value.asDouble else { throw .invalid }
      return double
    }
  }

  /// The code point of `chr(self)`.
  func codePoint() throws(RenderError) -> UInt32 {
    guard case .small(let value) = self, let codePoint = UInt32(exactly: value), codePoint <= 0x10FFFF else {
      throw .invalid
    }
    return codePoint
  }

  /// Appends the magnitude's digits. `radix` is 2, 8, 10 or 16.
  func appendMagnitude(radix: Int, uppercase: Bool = false, to out: inout [UInt8]) throws(RenderError) {
    let bitsPerDigit = radix == 16 ? 4 : radix == 8 ? 3 : 1
    switch self {
    case .small(let value) where radix == 10: out.appendInteger(magnitude: value.magnitude)
    case .small(let value): out.appendDigits(value.magnitude, bitsPerDigit: bitsPerDigit, uppercase: uppercase)
    case .big(let value) where radix == 10:
      let start = out.count
      try value.appendDecimal(into: &out)
      if value.isNegative { out.remove(at: start) }
    case .big(let value):
      try value.appendDigits(bitsPerDigit: bitsPerDigit, uppercase: uppercase, into: &out)
    }
  }
}
