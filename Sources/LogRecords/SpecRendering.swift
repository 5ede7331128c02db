internal import Pickle

/// `format(value, spec)` of the builtin types: CPython's Python/formatter_unicode.c.
extension FormatSpec {
  /// Appends `format(value, spec)` of a builtin value. Throws `.invalid` where Python raises: types
  /// that know no spec, and specs that the type does not take.
  func append(
    _ value: PickleValue, _ renderer: inout Renderer, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    switch value.kind {
    case .string, .string2:
      try checkText()
      let start = out.count
      try renderer.str(value, arena, frame, into: &out)
      try finishText(&out, from: start)
    case .float: try append(value.asDouble, to: &out)
    case .complex:
      guard let real = arena.item(value, 0), let imaginary = arena.item(value, 1) else { throw .invalid }
      try append(real.asDouble, imaginary.asDouble, to: &out)
    default:
      guard let integer = try ValueNumbers.index(value, arena, frame) else { throw .invalid }
      try append(integer, to: &out)
    }
  }

  // MARK: Text

  /// Whether `str` takes the spec.
  func checkText() throws(RenderError) {
    guard sign == nil, !coercesNegativeZero, !isAlternate, alignment != .afterSign, grouping == nil,
      type == nil || type == "s"
    else { throw .invalid }
  }

  /// Applies precision and width to the text that `out` has from `start` on.
  func finishText(_ out: inout [UInt8], from start: Int) throws(RenderError) {
    if let precision { out.truncate(from: start, toCodePoints: precision) }
    try pad(&out, from: start, defaultAlignment: .left)
  }

  // MARK: Integers

  func append(_ integer: IntegerValue, to out: inout [UInt8]) throws(RenderError) {
    var number = NumberParts()
    number.isNegative = integer.isNegative
    switch type ?? "d" {
    case "d": try integer.appendMagnitude(radix: 10, to: &number.digits)
    case "n":
      // The C locale groups nothing.
      guard grouping == nil else { throw .invalid }
      try integer.appendMagnitude(radix: 10, to: &number.digits)
    case "b":
      number.prefix = "0b"
      try integer.appendMagnitude(radix: 2, to: &number.digits)
    case "o":
      number.prefix = "0o"
      try integer.appendMagnitude(radix: 8, to: &number.digits)
    case "x":
      number.prefix = "0x"
      try integer.appendMagnitude(radix: 16, to: &number.digits)
    case "X":
      number.prefix = "0X"
      try integer.appendMagnitude(radix: 16, uppercase: true, to: &number.digits)
    case "c":
      guard sign == nil, !isAlternate, grouping == nil else { throw .invalid }
      number.isNegative = false
      number.rest.appendCodePoint(try integer.codePoint())
    case "e", "E", "f", "F", "g", "G", "%": return try append(try integer.asDouble(), to: &out)
    default: throw .invalid
    }
    guard precision == nil, !coercesNegativeZero else { throw .invalid }
    let isBinary = number.prefixLength > 0
    if isBinary, grouping == .comma { throw .invalid }
    if !isAlternate { number.prefix = "" }
    try append(number, defaultAlignment: .right, to: &out)
  }

  // MARK: Floats

  func append(_ value: Double, to out: inout [UInt8]) throws(RenderError) {
    var text: [UInt8] = []
    if type == "%" {
      try appendDigits(value * 100, addingPointZero: false, to: &text)
      text.append(UInt8(ascii: "%"))
    } else {
      try appendDigits(value, addingPointZero: true, to: &text)
    }
    try append(NumberParts(text), defaultAlignment: .right, to: &out)
  }

  func append(_ real: Double, _ imaginary: Double, to out: inout [UInt8]) throws(RenderError) {
    // Complex numbers take no zeros in front, and no padding behind the sign.
    guard fill != 0x30, alignment != .afterSign, type != "%" else { throw .invalid }
    var part = self
    part.width = nil
    part.alignment = nil
    let start = out.count
    let showsReal = type != nil || real != 0 || real.sign == .minus
    let hasParentheses = type == nil && showsReal
    if hasParentheses { out.append(UInt8(ascii: "(")) }
    var text: [UInt8] = []
    if showsReal {
      try appendDigits(real, addingPointZero: false, to: &text)
      try part.append(NumberParts(text), defaultAlignment: .left, to: &out)
      text.removeAll()
      part.sign = .always
    }
    try appendDigits(imaginary, addingPointZero: false, to: &text)
    try part.append(NumberParts(text), defaultAlignment: .left, to: &out)
    out.appendASCII(hasParentheses ? "j)" : "j")
    try pad(&out, from: start, defaultAlignment: .right)
  }

  /// Appends a float by type, precision, `#` and `z`, with no more than a minus for a sign.
  ///
  /// - Parameter addingPointZero: Whether whole numbers get `.0` where the spec has no type.
  private func appendDigits(
    _ value: Double, addingPointZero: Bool, to out: inout [UInt8]
  ) throws(RenderError) {
    let start = out.count
    var uppercase = false
    var form = FloatForm.general
    switch type {
    case nil:
      if let precision {
        try out.appendFloat(
          value, .general, precision: precision, alternate: isAlternate, addingPointZero: addingPointZero)
      } else {
        out.appendShortest(value, addingPointZero: addingPointZero)
        if isAlternate, value.isFinite { addPoint(&out, from: start) }
      }
      return dropNegativeZero(&out, from: start, value)
    case "n":
      guard grouping == nil else { throw .invalid }
    case "e": form = .exponent
    case "E": (form, uppercase) = (.exponent, true)
    case "f", "%": form = .fixed
    case "F": (form, uppercase) = (.fixed, true)
    case "g": break
    case "G": uppercase = true
    default: throw .invalid
    }
    try out.appendFloat(
      value, form, precision: precision ?? 6, uppercase: uppercase, alternate: isAlternate)
    dropNegativeZero(&out, from: start, value)
  }

  /// `#` of the shortest digits: there is always a point.
  private func addPoint(_ out: inout [UInt8], from start: Int) {
    guard !out[start...].contains(UInt8(ascii: ".")) else { return }
    out.insert(UInt8(ascii: "."), at: out[start...].firstIndex(of: UInt8(ascii: "e")) ?? out.count)
  }

  /// `z`: no minus where only zeros are shown.
  private func dropNegativeZero(_ out: inout [UInt8], from start: Int, _ value: Double) {
    guard coercesNegativeZero, value.isFinite, out[start] == UInt8(ascii: "-") else { return }
    let mantissa = out[start...].prefix { $0 | 0x20 != UInt8(ascii: "e") }
    guard !mantissa.contains(where: { (0x31...0x39).contains($0) }) else { return }
    out.remove(at: start)
  }
}
