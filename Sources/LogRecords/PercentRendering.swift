internal import Pickle

/// `%` of one value: `unicode_format_arg` in CPython's Objects/unicodeobject.c.
extension PercentSpec {
  func append(
    _ value: PickleValue, _ renderer: inout Renderer, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    let start = out.count
    switch conversion {
    case .str, .repr, .ascii:
      switch conversion {
      case .repr: try renderer.repr(value, arena, frame, into: &out)
      case .ascii: try renderer.ascii(value, arena, frame, into: &out)
      default: try renderer.str(value, arena, frame, into: &out)
      }
      if let precision { out.truncate(from: start, toCodePoints: precision) }
      pad(&out, from: start)
    case .character:
      try appendCharacter(value, &renderer, arena, frame, into: &out)
      pad(&out, from: start)
    case .decimal:
      let integer = try ValueNumbers.truncated(value, arena, frame)
      try append(integer, radix: 10, prefix: "", to: &out)
    case .octal, .hexadecimal, .upperHexadecimal:
      guard let integer = try ValueNumbers.index(value, arena, frame) else { throw .invalid }
      let isAlternate = flags.contains(.alternate)
      switch conversion {
      case .octal: try append(integer, radix: 8, prefix: isAlternate ? "0o" : "", to: &out)
      case .hexadecimal: try append(integer, radix: 16, prefix: isAlternate ? "0x" : "", to: &out)
      default: try append(integer, radix: 16, prefix: isAlternate ? "0X" : "", uppercase: true, to: &out)
      }
    case .exponent, .upperExponent, .fixed, .upperFixed, .general, .upperGeneral:
      let double = try ValueNumbers.double(value, arena, frame)
      var text: [UInt8] = []
      let form: FloatForm =
        switch conversion {
        case .exponent, .upperExponent: .exponent
        case .fixed, .upperFixed: .fixed
        default: .general
        }
      try text.appendFloat(
        double, form, precision: precision ?? 6, uppercase: conversion.rawValue & 0x20 == 0,
        alternate: flags.contains(.alternate))
      append(NumberParts(text), to: &out)
    }
  }

  private func append(
    _ integer: IntegerValue, radix: Int, prefix: StaticString, uppercase: Bool = false, to out: inout [UInt8]
  ) throws(RenderError) {
    var number = NumberParts()
    number.isNegative = integer.isNegative
    number.prefix = prefix
    try integer.appendMagnitude(radix: radix, uppercase: uppercase, to: &number.digits)
    if let precision { number.digits.insertRepeated(0x30, precision - number.digits.count, at: 0) }
    append(number, to: &out)
  }

  /// Appends a number with its sign and padding: zeros go behind sign and prefix, blanks around.
  private func append(_ number: NumberParts, to out: inout [UInt8]) {
    let sign: UInt8? =
      if number.isNegative {
        UInt8(ascii: "-")
      } else if flags.contains(.sign) {
        UInt8(ascii: "+")
      } else if flags.contains(.blank) {
        UInt8(ascii: " ")
      } else {
        nil
      }
    let length = (sign == nil ? 0 : 1) + number.prefixLength + number.digits.count + number.rest.count
    let padding = (width ?? 0) - length
    let isLeft = flags.contains(.leftAlign)
    let isZeroFilled = flags.contains(.zero) && !isLeft
    if !isLeft, !isZeroFilled { out.appendRepeated(0x20, padding) }
    if let sign { out.append(sign) }
    out.appendASCII(number.prefix)
    if isZeroFilled { out.appendRepeated(0x30, padding) }
    out.append(contentsOf: number.digits)
    out.append(contentsOf: number.rest)
    if isLeft { out.appendRepeated(0x20, padding) }
  }

  private func appendCharacter(
    _ value: PickleValue, _ renderer: inout Renderer, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    if let integer = try ValueNumbers.index(value, arena, frame) {
      return out.appendCodePoint(try integer.codePoint())
    }
    guard value.kind == .string || value.kind == .string2 else { throw .invalid }
    let start = out.count
    try renderer.str(value, arena, frame, into: &out)
    guard out.rawBytes.extracting(start..<out.count).countCodePoints() == 1 else { throw .invalid }
  }

  /// Pads text with blanks, whatever the flags say of zeros.
  private func pad(_ out: inout [UInt8], from start: Int) {
    guard let width else { return }
    let padding = width - out.rawBytes.extracting(start..<out.count).countCodePoints()
    if flags.contains(.leftAlign) {
      out.appendRepeated(0x20, padding)
    } else {
      out.insertRepeated(0x20, padding, at: start)
    }
  }
}
