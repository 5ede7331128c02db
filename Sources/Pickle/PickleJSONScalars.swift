/// What is no container, in JSON.
extension PickleJSON {
  mutating func appendScalar(
    _ value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, _ out: inout [UInt8]
  ) throws(RenderError) {
    switch value.kind {
    case .none: return out.appendASCII("null")
    case .bool: return out.appendASCII(value.asBool ? "true" : "false")
    case .string where form == .typed: return try appendTypedText(arena.bytes(value, frame), &out)
    case .string: return try appendText(arena.bytes(value, frame), &out)
    case .string2 where form == .readable: return try appendString2(arena.bytes(value, frame), &out)
    default: break
    }
    switch form {
    case .typed: try appendTyped(value, arena, frame, &out)
    case .readable: try appendReadable(value, arena, frame, &out)
    }
  }

  private mutating func appendTyped(
    _ value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, _ out: inout [UInt8]
  ) throws(RenderError) {
    switch value.kind {
    case .integer, .bigInteger, .decimalInteger:
      out.appendASCII("{\"int\":\"")
      try appendInteger(value, arena, frame, &out)
      out.appendASCII("\"}")
    case .float:
      out.appendASCII("{\"float\":\"")
      out.appendFloatRepr(value.asDouble)
      out.appendASCII("\"}")
    case .complex:
      out.appendASCII("{\"complex\":[\"")
      out.appendFloatRepr(arena.item(value, 0)?.asDouble ?? 0)
      out.appendASCII("\",\"")
      out.appendFloatRepr(arena.item(value, 1)?.asDouble ?? 0)
      out.appendASCII("\"]}")
    case .bytes: try appendHexadecimal("{\"bytes\":\"", arena.bytes(value, frame), &out)
    case .byteArray: try appendHexadecimal("{\"bytearray\":\"", arena.bytes(value, frame), &out)
    case .string2:
      let bytes = arena.bytes(value, frame)
      if readsString2AsText, bytes.firstNonASCII() == bytes.byteCount { return try appendText(bytes, &out) }
      try appendHexadecimal("{\"str2\":\"", bytes, &out)
    default:
      out.appendASCII("{\"object\":")
      try appendName(of: value, arena, frame, &out)
      out.appendASCII("}")
    }
  }

  private mutating func appendReadable(
    _ value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, _ out: inout [UInt8]
  ) throws(RenderError) {
    switch value.kind {
    case .integer: out.appendInteger(value.asInteger)
    case .bigInteger, .decimalInteger:
      let start = out.count
      try appendInteger(value, arena, frame, &out)
      // Hexadecimal is no number in JSON.
      if out[start...].contains(UInt8(ascii: "x")) {
        out.insert(UInt8(ascii: "\""), at: start)
        out.append(UInt8(ascii: "\""))
      }
    case .float where value.asDouble.isFinite: out.appendFloatRepr(value.asDouble)
    default:
      var text: [UInt8] = []
      do throws(RenderError) {
        try renderer.repr(value, arena, frame, into: &text)
      } catch .needsSenderCode {
        return try appendName(of: value, arena, frame, &out)
      } catch .invalid {
        return try appendName(of: value, arena, frame, &out)
      } catch {
        throw error
      }
      try appendText(text.rawBytes, &out)
    }
  }

  /// A dictionary's key, which in JSON is text.
  mutating func appendReadableKey(
    _ key: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, _ out: inout [UInt8]
  ) throws(RenderError) {
    try spend(1, &work)
    switch key.kind {
    case .string: try appendText(arena.bytes(key, frame), &out)
    case .string2: try appendString2(arena.bytes(key, frame), &out)
    default:
      var text: [UInt8] = []
      try renderer.repr(key, arena, frame, into: &text)
      try appendText(text.rawBytes, &out)
    }
  }

  /// The digits of an integer; hexadecimal where decimal is more than Python would write.
  private mutating func appendInteger(
    _ value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, _ out: inout [UInt8]
  ) throws(RenderError) {
    switch value.kind {
    case .integer: out.appendInteger(value.asInteger)
    case .decimalInteger: out.append(arena.bytes(value, frame))
    default:
      let integer = BigInteger(twosComplement: arena.bytes(value, frame))
      try spend(BigInteger.decimalWork(byteCount: Int(value.length)), &work)
      do throws(RenderError) {
        return try integer.appendDecimal(into: &out)
      } catch {
        // More digits than Python writes.
      }
      out.appendASCII(integer.isNegative ? "-0x" : "0x")
      try integer.appendDigits(bitsPerDigit: 4, into: &out)
    }
  }

  /// The name of the class that an object is of, or what else says what it was to be. Protocols 0
  /// to 2 have Python 2's name of the builtins.
  private func appendName(
    of value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, _ out: inout [UInt8]
  ) throws(RenderError) {
    var named = value
    // An object may be the call of what a call returned.
    for _ in 0..<RenderLimits.depth where named.kind == .object {
      named = arena.field(named, ObjectField.callable)
    }
    switch named.kind {
    case .global:
      var text: [UInt8] = []
      for part in 0..<2 {
        guard let name = arena.item(named, part) else { continue }
        if part > 0 { text.append(UInt8(ascii: ".")) }
        let bytes = arena.bytes(name, frame)
        if part == 0, bytes.equals(python2Builtins) || bytes.equals(python2Exceptions) {
          text.appendASCII("builtins")
        } else {
          text.append(bytes)
        }
      }
      try appendText(text.rawBytes, &out)
    case .ellipsis: out.appendASCII("\"builtins.ellipsis\"")
    case .notImplemented: out.appendASCII("\"builtins.NotImplementedType\"")
    case .persistentID: out.appendASCII("\"persistent id\"")
    case .extensionCode:
      out.appendASCII("\"extension code ")
      out.appendInteger(named.asInteger)
      out.appendASCII("\"")
    default: out.appendASCII("\"object\"")
    }
  }
}

private let python2Builtins = [UInt8]("__builtin__".utf8)
private let python2Exceptions = [UInt8]("exceptions".utf8)

// MARK: - Text

extension PickleJSON {
  /// Text of Python as JSON text; where JSON has no such text, its code points or bytes.
  private func appendTypedText(_ text: RawSpan, _ out: inout [UInt8]) throws(RenderError) {
    var hasSurrogates = false
    var offset = text.firstNonASCII()
    while offset < text.byteCount {
      let (codePoint, length) = text.codePoint(at: offset)
      if length == 0 { return try appendHexadecimal("{\"invalid_utf8\":\"", text, &out) }
      if CodePoint.isSurrogate(codePoint) { hasSurrogates = true }
      offset += length
    }
    guard hasSurrogates else { return try appendText(text, &out) }
    out.appendASCII("{\"codepoints\":[")
    offset = 0
    while offset < text.byteCount {
      let (codePoint, length) = text.codePoint(at: offset)
      if offset > 0 { out.append(UInt8(ascii: ",")) }
      out.appendInteger(Int64(codePoint))
      if out.count > end { throw .tooBig }
      offset += max(length, 1)
    }
    out.appendASCII("]}")
  }

  private func appendString2(_ bytes: RawSpan, _ out: inout [UInt8]) throws(RenderError) {
    if bytes.firstNonASCII() == bytes.byteCount { return try appendText(bytes, &out) }
    var text: [UInt8] = []
    try renderer.charset.decode(bytes, limit: RenderLimits.text, into: &text)
    try appendText(text.rawBytes, &out)
  }

  /// Text in quotes. Lone surrogates become escapes, bytes that are no UTF-8 U+FFFD.
  private func appendText(_ text: RawSpan, _ out: inout [UInt8]) throws(RenderError) {
    guard text.byteCount <= RenderLimits.text else { throw .tooBig }
    out.append(UInt8(ascii: "\""))
    var offset = 0
    // Everything before is written.
    var start = 0
    while offset < text.byteCount {
      let (codePoint, length) = text.codePoint(at: offset)
      if length > 0, codePoint >= 0x20, codePoint != 0x22, codePoint != 0x5C, !CodePoint.isSurrogate(codePoint) {
        offset += length
        continue
      }
      out.append(text.extracting(start..<offset))
      if length == 0 {
        out.appendCodePoint(0xFFFD)
      } else {
        appendEscape(codePoint, &out)
      }
      if out.count > end { throw .tooBig }
      offset += max(length, 1)
      start = offset
    }
    out.append(text.extracting(start..<offset))
    out.append(UInt8(ascii: "\""))
  }

  private func appendEscape(_ codePoint: UInt32, _ out: inout [UInt8]) {
    switch codePoint {
    case 0x22: out.appendASCII("\\\"")
    case 0x5C: out.appendASCII("\\\\")
    case 0x08: out.appendASCII("\\b")
    case 0x09: out.appendASCII("\\t")
    case 0x0A: out.appendASCII("\\n")
    case 0x0C: out.appendASCII("\\f")
    case 0x0D: out.appendASCII("\\r")
    default:
      out.appendASCII("\\u")
      out.appendHex(UInt64(codePoint), width: 4)
    }
  }

  /// Bytes in hexadecimal, after `opening` and before `"}`.
  private func appendHexadecimal(
    _ opening: StaticString, _ bytes: RawSpan, _ out: inout [UInt8]
  ) throws(RenderError) {
    guard bytes.byteCount <= (end - out.count) / 2 else { throw .tooBig }
    out.appendASCII(opening)
    for index in 0..<bytes.byteCount { out.appendHex(UInt64(bytes[index]), width: 2) }
    out.appendASCII("\"}")
  }
}
