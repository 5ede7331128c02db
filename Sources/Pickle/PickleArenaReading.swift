/// Questions to values that objects' classes ask.
extension PickleArena {
  func isText(_ value: PickleValue) -> Bool { value.kind == .string || value.kind == .string2 }

  func isInteger(_ value: PickleValue) -> Bool {
    value.kind == .integer || value.kind == .bigInteger || value.kind == .decimalInteger
  }

  func isZero(_ value: PickleValue) -> Bool { value.kind == .integer && value.asInteger == 0 }

  func isNegative(_ integer: PickleValue, _ frame: RawSpan) -> Bool {
    switch integer.kind {
    case .integer: return integer.asInteger < 0
    case .bigInteger:
      let span = bytes(integer, frame)
      return span.byteCount > 0 && span[span.byteCount - 1] >= 0x80
    default:
      let span = bytes(integer, frame)
      return span.byteCount > 0 && span[0] == UInt8(ascii: "-")
    }
  }

  /// How many arguments a tuple holds; none where it is not one.
  func count(of arguments: PickleValue) -> Int { arguments.kind == .tuple ? count(arguments) : 0 }

  func item(_ arguments: PickleValue, _ index: Int, orNoneIn count: Int) -> PickleValue {
    index < count ? item(arguments, index) ?? .none : .none
  }

  func integer(_ arguments: PickleValue, _ index: Int) -> Int64? {
    guard let value = item(arguments, index), value.kind == .integer else { return nil }
    return value.asInteger
  }

  func allItems(of container: PickleValue, _ isSound: (PickleValue) -> Bool) -> Bool {
    guard container.kind != .none else { return true }
    guard container.kind == .tuple || container.kind == .list else { return false }
    var cursor = cursor(container)
    while let item = next(&cursor) {
      if !isSound(item) { return false }
    }
    return true
  }

  /// The value of a text key; the last one where there are several.
  func lookUp(_ key: String, in dictionary: PickleValue, _ frame: RawSpan) -> PickleValue? {
    var found: PickleValue?
    var cursor = cursor(dictionary)
    while let candidate = next(&cursor), let value = next(&cursor) {
      if isText(candidate), bytes(candidate, frame).equals(key) { found = value }
    }
    return found
  }

  /// An integer from 0 to 2¹²⁸ - 1.
  func unsigned128(_ value: PickleValue, _ frame: RawSpan) -> UInt128? {
    switch value.kind {
    case .integer:
      return UInt128(exactly: value.asInteger)
    case .bigInteger:
      let span = bytes(value, frame)
      guard !isNegative(value, frame) else { return nil }
      var bits: UInt128 = 0
      for index in 0..<span.byteCount where span[index] != 0 {
        guard index < 16 else { return nil }
        bits |= UInt128(span[index]) << UInt128(8 * index)
      }
      return bits
    case .decimalInteger:
      let span = bytes(value, frame)
      var bits: UInt128 = 0
      for index in 0..<span.byteCount {
        let digit = span[index] &- UInt8(ascii: "0")
        let (shifted, overflow) = bits.multipliedReportingOverflow(by: 10)
        let (sum, carry) = shifted.addingReportingOverflow(UInt128(digit))
        guard digit < 10, !overflow, !carry else { return nil }
        bits = sum
      }
      return bits
    default: return nil
    }
  }
}
