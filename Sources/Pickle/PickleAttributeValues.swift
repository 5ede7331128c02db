/// Values that attributes have and that no pickle carries: classes, parts of paths and UUIDs.
extension PickleArena {
  /// `type(value)`, as a global.
  mutating func classOf(_ value: PickleValue, _ frame: RawSpan) throws(RenderError) -> PickleValue {
    let name: String
    switch value.kind {
    case .none: name = "NoneType"
    case .bool: name = "bool"
    case .integer, .bigInteger, .decimalInteger: name = "int"
    case .float: name = "float"
    case .string, .string2: name = "str"
    case .bytes: name = "bytes"
    case .byteArray: name = "bytearray"
    case .complex: name = "complex"
    case .list: name = "list"
    case .tuple: name = "tuple"
    case .dictionary: name = "dict"
    case .set: name = "set"
    case .frozenSet: name = "frozenset"
    case .ellipsis: name = "ellipsis"
    case .notImplemented: name = "NotImplementedType"
    case .global:
      if case .enumeration(let enumeration, _)? = standardValue(value, frame) {
        return try makeGlobal(enumeration.module, enumeration.name)
      }
      guard case .some(let meaning) = StandardName.of(value, self, frame) else { throw .needsSenderCode }
      name = meaning == .builtinFunction || meaning == .getattr ? "builtin_function_or_method" : "type"
    case .object: return try classOfObject(value, frame)
    case .persistentID, .extensionCode: throw .needsSenderCode
    }
    return try makeGlobal("builtins", name)
  }

  private mutating func classOfObject(_ object: PickleValue, _ frame: RawSpan) throws(RenderError) -> PickleValue {
    let callable = field(object, ObjectField.callable)
    switch standardValue(object, frame) {
    case .zoneInfo: return try makeGlobal("zoneinfo", "ZoneInfo")
    case .pattern: return try makeGlobal("re", "Pattern")
    case .logger: return try makeGlobal("logging", "Logger")
    case .typeOfSingleton: return try makeGlobal("builtins", "type")
    case .exception(let exception, let arguments):
      let view = ExceptionArguments(exception, arguments, self, frame)
      return try makeGlobal(exception.module, view.name)
    case .offsetZone: throw .needsSenderCode
    case nil:
      // What a function returns is an object of a class that no one has named.
      guard callable.kind == .global, let name = item(callable, 1), name.isSlice else { throw .needsSenderCode }
      guard StandardName.isClassName(bytes(name, frame)) else { throw .needsSenderCode }
      return callable
    default: return callable
    }
  }

  func uuidInteger(_ bits: UInt128, shift: Int, width: Int) -> UInt128 {
    (bits >> UInt128(shift)) & ((1 << UInt128(width)) - 1)
  }

  mutating func uuidAttribute(_ name: RawSpan, _ bits: UInt128) throws(RenderError) -> PickleValue? {
    if name.equals("int") { return try makeInteger(bits) }
    if name.equals("hex") || name.equals("urn") {
      var text: [UInt8] = []
      UUIDText.append(bits, to: &text)
      return try makeText(name.equals("hex") ? text.filter { $0 != UInt8(ascii: "-") } : Array("urn:uuid:".utf8) + text)
    }
    if name.equals("bytes") {
      return try makeSlice(.bytes, (0..<16).map { UInt8(truncatingIfNeeded: bits >> UInt128(120 - 8 * $0)) })
    }
    let isRFC4122 = uuidInteger(bits, shift: 62, width: 2) == 0b10
    if name.equals("version") {
      return isRFC4122 ? try makeInteger(uuidInteger(bits, shift: 76, width: 4)) : PickleValue.none
    }
    if name.equals("variant") {
      let top = uuidInteger(bits, shift: 61, width: 3)
      let variant =
        top < 4
        ? "reserved for NCS compatibility"
        : top < 6
          ? "specified in RFC 4122"
          : top == 6 ? "reserved for Microsoft compatibility" : "reserved for future definition"
      return try makeText(Array(variant.utf8))
    }
    let fields: [(String, shift: Int, width: Int)] = [
      ("time_low", 96, 32), ("time_mid", 80, 16), ("time_hi_version", 64, 16), ("clock_seq_hi_variant", 56, 8),
      ("clock_seq_low", 48, 8), ("clock_seq", 48, 14), ("node", 0, 48),
    ]
    for (field, shift, width) in fields where name.equals(field) {
      return try makeInteger(uuidInteger(bits, shift: shift, width: width))
    }
    return nil
  }

  mutating func pathAttribute(
    _ name: RawSpan, _ path: ParsedPath, _ object: PickleValue
  ) throws(RenderError) -> PickleValue? {
    if name.equals("name") { return try makeText(path.name) }
    if name.equals("stem") { return try makeText(path.stem) }
    if name.equals("suffix") { return try makeText(path.suffix) }
    if name.equals("drive") { return try makeText(path.drive) }
    if name.equals("root") { return try makeText(path.root) }
    if name.equals("anchor") { return try makeText(path.anchor) }
    let texts: [[UInt8]]
    if name.equals("parts") {
      texts = path.parts
    } else if name.equals("suffixes") {
      texts = path.suffixes
    } else if name.equals("parent") {
      texts = [path.parent.text]
    } else {
      return nil
    }
    var values: [PickleValue] = []
    for text in texts { values.append(try makeText(text)) }
    if name.equals("suffixes") { return try makeNewNode(.list, of: values) }
    let tuple = try makeTuple(values)
    guard name.equals("parent") else { return tuple }
    do throws(PickleError) {
      return try makeObject(field(object, ObjectField.callable), arguments: tuple, keywords: .none, at: 0)
    } catch {
      throw .tooBig
    }
  }
}

/// New values of the kinds that pickles have.
extension PickleArena {
  mutating func makeText(_ text: [UInt8]) throws(RenderError) -> PickleValue { try makeSlice(.string, text) }

  mutating func makeSlice(_ kind: PickleValue.Kind, _ bytes: [UInt8]) throws(RenderError) -> PickleValue {
    let offset = scratch.count
    do throws(PickleError) {
      try reserveScratch(bytes.count, at: 0)
    } catch {
      throw .tooBig
    }
    for byte in bytes { appendScratch(byte) }
    return .slice(kind, offset: offset, length: bytes.count, inScratch: true)
  }

  mutating func makeInteger(_ value: UInt128) throws(RenderError) -> PickleValue {
    if let small = Int64(exactly: value) { return .integer(small) }
    // Little-endian, and a byte more so that it is not negative.
    return try makeSlice(
      .bigInteger, (0..<16).map { UInt8(truncatingIfNeeded: value >> UInt128(8 * $0)) } + [0])
  }

  mutating func makeTuple(_ values: [PickleValue]) throws(RenderError) -> PickleValue {
    try makeNewNode(.tuple, of: values)
  }

  mutating func makeNewNode(_ kind: PickleValue.Kind, of values: [PickleValue]) throws(RenderError) -> PickleValue {
    do throws(PickleError) {
      let node = try makeNode(kind, at: 0)
      for value in values { try append(value, to: node, at: 0) }
      return node
    } catch {
      throw .tooBig
    }
  }

  mutating func makeGlobal(_ module: String, _ name: String) throws(RenderError) -> PickleValue {
    let module = try makeText(Array(module.utf8))
    let name = try makeText(Array(name.utf8))
    return try makeNewNode(.global, of: [module, name])
  }
}
