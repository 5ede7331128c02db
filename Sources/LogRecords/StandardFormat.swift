internal import Pickle

/// `format(value, spec)` of objects: of the standard library's classes, those with a `__format__` of
/// their own have a case here, and the others, as `object` does, take no spec.
enum StandardFormat {
  /// Throws `.needsSenderCode` for all classes that are not the standard library's.
  static func append(
    _ value: PickleValue, _ text: [UInt8], _ spec: FormatSpec?, _ renderer: inout Renderer,
    _ arena: borrowing PickleArena, _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    guard let standard = arena.standardValue(value, frame) else { throw .needsSenderCode }
    switch standard {
    case .date(let date): try StandardStrftime(text, date).append(&renderer, arena, frame, into: &out)
    case .time(let time, let zone):
      try StandardStrftime(text, time: time, zone: zone).append(&renderer, arena, frame, into: &out)
    case .dateTime(let date, let time, let zone):
      try StandardStrftime(text, date, time: time, zone: zone).append(&renderer, arena, frame, into: &out)
    case .decimal(let digits):
      guard let spec else { throw .invalid }
      try spec.append(decimal: arena.bytes(digits, frame), to: &out)
    case .fraction(let numerator, let denominator):
      guard let spec else { throw .invalid }
      try spec.append(FractionNumber(numerator, denominator), to: &out)
    case .regularExpressionFlag(let flags):
      guard let spec else { throw .invalid }
      try spec.append(IntegerValue.small(flags), to: &out)
    case .enumeration(let enumeration, let member):
      guard let spec else { throw .invalid }
      // `IntEnum` and `StrEnum` members are their values here, others their names.
      let shown = enumeration == .safeUUID ? value : member
      if let integer = try IntegerValue(shown, arena, frame) { return try spec.append(integer, to: &out) }
      try appendText(of: shown, spec, &renderer, arena, frame, into: &out)
    case .internetAddress(let address):
      switch address.addressClass {
      case .ipv4Network, .ipv6Network: throw .invalid
      case .ipv4Address, .ipv4Interface, .ipv6Address, .ipv6Interface: break
      }
      if text.last == UInt8(ascii: "s") {
        guard let spec else { throw .invalid }
        return try appendText(of: value, spec, &renderer, arena, frame, into: &out)
      }
      try append(address, text, to: &out)
    default: throw .invalid
    }
  }

  private static func appendText(
    of value: PickleValue, _ spec: FormatSpec, _ renderer: inout Renderer, _ arena: borrowing PickleArena,
    _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    try spec.checkText()
    let start = out.count
    try renderer.str(value, arena, frame, into: &out)
    try spec.finishText(&out, from: start)
  }

  /// `[#][_]` and one of `x`, `X`, `b` and `n`: all bits of the address.
  private static func append(
    _ address: InternetAddress, _ text: [UInt8], to out: inout [UInt8]
  ) throws(RenderError) {
    var rest = text[...]
    var spec = FormatSpec()
    spec.isAlternate = rest.first == UInt8(ascii: "#")
    if spec.isAlternate { rest.removeFirst() }
    if rest.first == UInt8(ascii: "_") {
      spec.grouping = .underscore
      rest.removeFirst()
    }
    guard rest.count == 1, let letter = rest.first else { throw .invalid }
    let isIPv6 = address.addressClass == .ipv6Address || address.addressClass == .ipv6Interface
    switch letter {
    case UInt8(ascii: "n"): spec.type = isIPv6 ? "x" : "b"
    case UInt8(ascii: "b"), UInt8(ascii: "x"), UInt8(ascii: "X"): spec.type = Unicode.Scalar(letter)
    default: throw .invalid
    }
    var width = isIPv6 ? 128 : 32
    if spec.type != "b" { width /= 4 }
    if spec.grouping != nil { width += width / 4 - 1 }
    if spec.isAlternate { width += 2 }
    spec.width = width
    spec.padsWithZeros = true
    spec.fill = 0x30
    try spec.append(IntegerValue(address.bits), to: &out)
  }
}
