internal import Pickle

/// What `int()`, `float()` and `operator.index()` make of a value.
enum ValueNumbers {
  /// `operator.index()`: integers, and the enumerations that are integers too. Nil for anything else.
  static func index(
    _ value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> IntegerValue? {
    if let integer = try IntegerValue(value, arena, frame) { return integer }
    guard value.kind == .object || value.kind == .global else { return nil }
    switch arena.standardValue(value, frame) {
    case .enumeration(let enumeration, let member) where enumeration != .safeUUID:
      return try IntegerValue(member, arena, frame)
    case .regularExpressionFlag(let flags): return .small(flags)
    default: return nil
    }
  }

  /// `int()` of what is a number or behaves like one: fractions are cut off. Throws `.invalid` for
  /// what Python has no number of, infinities and NaN included.
  static func truncated(
    _ value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> IntegerValue {
    if let integer = try index(value, arena, frame) { return integer }
    switch value.kind {
    case .float:
      guard let integer = BigInteger(truncating: value.asDouble) else { throw .invalid }
      return .big(integer)
    case .object:
      switch arena.standardValue(value, frame) {
      case .decimal(let text):
        guard let decimal = DecimalNumber(arena.bytes(text, frame)) else { throw .invalid }
        return try decimal.truncated()
      case .fraction(let numerator, let denominator):
        let fraction = try FractionNumber(numerator, denominator)
        return .small(fraction.isNegative ? 0 - fraction.whole : fraction.whole)
      case .uuid(let bits): return IntegerValue(bits)
      case .internetAddress(let address):
        switch address.addressClass {
        case .ipv4Network, .ipv6Network: throw .invalid
        default: return IntegerValue(address.bits)
        }
      case nil: throw .needsSenderCode
      default: throw .invalid
      }
    default: throw .invalid
    }
  }

  /// `float()`, where that needs no text to be read: `float('1')` is no case of formatting.
  static func double(
    _ value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> Double {
    if value.kind == .float { return value.asDouble }
    if let integer = try index(value, arena, frame) { return try integer.asDouble() }
    guard value.kind == .object else { throw .invalid }
    switch arena.standardValue(value, frame) {
    case .decimal(let text):
      let bytes = arena.bytes(text, frame)
      if let decimal = DecimalNumber(bytes) { return decimal.asDouble }
      var name: [UInt8] = []
      name.append(bytes)
      // A signalling NaN raises; a quiet one loses its payload.
      guard !name.contains(UInt8(ascii: "s")) else { throw .invalid }
      let isInfinite = name.contains(UInt8(ascii: "f"))
      return name.first == UInt8(ascii: "-") ? (isInfinite ? -.infinity : -.nan) : (isInfinite ? .infinity : .nan)
    case .fraction(let numerator, let denominator):
      return try FractionNumber(numerator, denominator).asDouble
    case nil: throw .needsSenderCode
    default: throw .invalid
    }
  }
}

extension IntegerValue {
  init(_ bits: UInt128) {
    var bytes: [UInt8] = []
    for index in 0..<16 { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt128(8 * index))) }
    // The sign.
    bytes.append(0)
    self = .big(BigInteger(twosComplement: bytes.rawBytes))
  }
}
