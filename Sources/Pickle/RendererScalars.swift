extension Renderer {
  /// Appends the `style` of a text as it stands in a pickle (`PickleValue.Kind.string`).
  mutating func renderString(_ text: RawSpan, _ style: TextStyle, into out: inout [UInt8]) throws(RenderError) {
    guard text.byteCount <= textEnd - out.count else { throw .tooBig }
    if style == .str {
      try out.appendText(text, limit: textEnd)
    } else {
      try out.appendRepr(text, asciiOnly: style == .ascii, limit: textEnd)
    }
  }

  /// Appends the `style` of a Python 2 byte string, read by the renderer's charset.
  mutating func renderString2(_ bytes: RawSpan, _ style: TextStyle, into out: inout [UInt8]) throws(RenderError) {
    guard bytes.firstNonASCII() < bytes.byteCount else {
      return try renderString(bytes, style, into: &out)
    }
    guard bytes.byteCount <= textEnd - out.count else { throw .tooBig }
    if style == .str {
      try charset.decode(bytes, limit: textEnd, into: &out)
    } else {
      var text: [UInt8] = []
      try charset.decode(bytes, limit: textEnd - out.count, into: &text)
      try out.appendRepr(text.rawBytes, asciiOnly: style == .ascii, limit: textEnd)
    }
  }

  mutating func renderBigInteger(
    _ value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    let bytes = arena.bytes(value, frame)
    if value.kind == .decimalInteger {
      let digits = bytes.byteCount - (bytes.byteCount > 0 && bytes[0] == UInt8(ascii: "-") ? 1 : 0)
      guard digits <= RenderLimits.integerDigits else { throw .tooBig }
      out.append(bytes)
    } else {
      try spend(BigInteger.decimalWork(byteCount: bytes.byteCount))
      try BigInteger(twosComplement: bytes).appendDecimal(into: &out)
    }
  }

  /// Two floats: the real and the imaginary part.
  func renderComplex(
    _ value: PickleValue, _ arena: borrowing PickleArena, into out: inout [UInt8]
  ) throws(RenderError) {
    var cursor = arena.cursor(value)
    guard let real = arena.next(&cursor), let imaginary = arena.next(&cursor) else { throw .invalid }
    out.appendComplexRepr(real.asDouble, imaginary.asDouble)
  }
}
