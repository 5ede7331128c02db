/// The calls that are carried out: constructors of builtin values, with builtin arguments.
extension Unpickler {
  /// The value of `known(*arguments)`, or nil where the call is none of those that a pickler
  /// writes: it stays a description then.
  mutating func makeBuiltin(
    _ known: KnownGlobal, _ arguments: PickleValue, _ bytes: RawSpan
  ) throws(PickleError) -> PickleValue? {
    let count = arena.count(arguments)
    guard count <= 2 else { return nil }
    let first = arena.item(arguments, 0)
    let second = arena.item(arguments, 1)
    switch known {
    case .encode:
      guard let first, let second, first.kind == .string, isLatin1(second, bytes) else { return nil }
      return try encode(first, as: .bytes, bytes)
    case .bytes: return try makeBytes(.bytes, first, second, bytes)
    case .byteArray: return try makeBytes(.byteArray, first, second, bytes)
    case .complex: return try makeComplex(first, second)
    default: break
    }
    guard count <= 1 else { return nil }
    switch known {
    case .set: return try makeContainer(.set, first)
    case .frozenSet: return try makeContainer(.frozenSet, first)
    case .list: return try makeContainer(.list, first)
    case .tuple: return try makeContainer(.tuple, first)
    case .dict: return try makeDictionary(first)
    case .str:
      guard let first else { return .slice(.string, offset: 0, length: 0) }
      return first.kind == .string || first.kind == .string2 ? first : nil
    case .int:
      guard let first else { return .integer(0) }
      switch first.kind {
      case .integer, .bigInteger, .decimalInteger: return first
      case .bool: return .integer(first.asInteger)
      default: return nil
      }
    case .float: return first.map { number($0).map { .float($0) } } ?? .float(0)
    case .bool: return first.map { truth($0).map { .bool($0) } } ?? .bool(false)
    default: return nil
    }
  }

  /// `set`, `frozenset`, `list`, `tuple` of a container's items. Iterating over a text or a
  /// dictionary is left alone: no pickler writes that.
  private mutating func makeContainer(
    _ kind: PickleValue.Kind, _ source: PickleValue?
  ) throws(PickleError) -> PickleValue? {
    guard let source else { return try arena.makeNode(kind, at: start) }
    switch source.kind {
    case .list, .tuple, .set, .frozenSet: break
    default: return nil
    }
    if kind == .set || kind == .frozenSet {
      var cursor = arena.cursor(source)
      while let item = arena.next(&cursor) { try checkHashable(item) }
    }
    let container = try arena.makeNode(kind, at: start)
    try arena.append(itemsOf: source, to: container, at: start)
    return container
  }

  /// `dict` of another one, or of a list of pairs.
  private mutating func makeDictionary(_ source: PickleValue?) throws(PickleError) -> PickleValue? {
    guard let source else { return try arena.makeNode(.dictionary, at: start) }
    guard source.kind == .dictionary || source.kind == .list || source.kind == .tuple else { return nil }
    let dictionary = try arena.makeNode(.dictionary, at: start)
    if source.kind == .dictionary {
      try arena.append(itemsOf: source, to: dictionary, at: start)
      return dictionary
    }
    var cursor = arena.cursor(source)
    while let pair = arena.next(&cursor) {
      guard pair.kind == .tuple || pair.kind == .list, arena.count(pair) == 2, let key = arena.item(pair, 0),
        let value = arena.item(pair, 1)
      else { throw fail(.malformed, "dict() of what are no pairs") }
      try checkHashable(key)
      try arena.append(key, to: dictionary, at: start)
      try arena.append(value, to: dictionary, at: start)
    }
    return dictionary
  }

  /// `bytes` and `bytearray`: empty, of bytes, of text that is Latin-1, of a list of integers.
  private mutating func makeBytes(
    _ kind: PickleValue.Kind, _ source: PickleValue?, _ encoding: PickleValue?, _ bytes: RawSpan
  ) throws(PickleError) -> PickleValue? {
    guard let source else { return .slice(kind, offset: 0, length: 0) }
    if let encoding {
      guard source.kind == .string, isLatin1(encoding, bytes) else { return nil }
      return try encode(source, as: kind, bytes)
    }
    switch source.kind {
    case .bytes, .byteArray, .string2:
      return .slice(kind, offset: source.offset, length: Int(source.length), inScratch: source.inScratch)
    case .list, .tuple:
      try arena.reserveScratch(arena.count(source), at: start)
      let begin = arena.scratch.count
      var cursor = arena.cursor(source)
      while let item = arena.next(&cursor) {
        guard item.kind == .integer, let byte = UInt8(exactly: item.asInteger) else {
          throw fail(.malformed, "bytes of what are no integers below 256")
        }
        arena.appendScratch(byte)
      }
      return .slice(kind, offset: begin, length: arena.scratch.count - begin, inScratch: true)
    default: return nil
    }
  }

  private mutating func encode(
    _ text: PickleValue, as kind: PickleValue.Kind, _ bytes: RawSpan
  ) throws(PickleError) -> PickleValue {
    guard let encoded = try latin1(text, as: kind, bytes) else {
      throw fail(.malformed, "text that is not Latin-1 is to be encoded so")
    }
    return encoded
  }

  private func isLatin1(_ name: PickleValue, _ bytes: RawSpan) -> Bool {
    guard name.kind == .string || name.kind == .string2 else { return false }
    let text = arena.bytes(name, bytes)
    return text.equals(latin1Name) || text.equals(latin1NameWithHyphen)
  }

  private mutating func makeComplex(
    _ real: PickleValue?, _ imaginary: PickleValue?
  ) throws(PickleError) -> PickleValue? {
    guard let re = real.map({ number($0) }) ?? 0, let im = imaginary.map({ number($0) }) ?? 0 else { return nil }
    return try arena.makePair(.complex, .float(re), .float(im), at: start)
  }

  private func number(_ value: PickleValue) -> Double? {
    switch value.kind {
    case .float: value.asDouble
    case .integer, .bool: Double(value.asInteger)
    default: nil
    }
  }

  private func truth(_ value: PickleValue) -> Bool? {
    switch value.kind {
    case .none: false
    case .bool, .integer: value.bits != 0
    case .float: value.asDouble != 0
    case .string, .string2, .bytes, .byteArray: value.length != 0
    case .list, .tuple, .dictionary, .set, .frozenSet: arena.count(value) != 0
    default: nil
    }
  }
}

private let latin1Name = [UInt8]("latin1".utf8)
private let latin1NameWithHyphen = [UInt8]("latin-1".utf8)
