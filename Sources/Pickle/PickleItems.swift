/// `{value[key]}` of `str.format`: items of containers, builtin and known ones.
extension Renderer {
  /// `value[index]`: a key of digits. In a dictionary it is an integer key.
  ///
  /// - Throws: `.invalid` where Python raises; `.needsSenderCode` for objects that may have a
  ///   `__getitem__` of their own.
  public mutating func item(
    at index: Int, of value: PickleValue, _ arena: inout PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> PickleValue {
    try item(index, frame.extracting(0..<0), of: value, &arena, frame)
  }

  /// `value["key"]`: any other key.
  ///
  /// - Throws: as `item(at:of:_:_:)`.
  public mutating func item(
    named key: RawSpan, of value: PickleValue, _ arena: inout PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> PickleValue {
    try item(nil, key, of: value, &arena, frame)
  }

  /// `index`, or where that is nil the text `key`.
  private mutating func item(
    _ index: Int?, _ key: RawSpan, of value: PickleValue, _ arena: inout PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> PickleValue {
    switch value.kind {
    case .dictionary:
      guard let found = try find(index, key, in: value, arena, frame) else { throw .invalid }
      return found
    case .object: return try objectItem(index, key, of: value, &arena, frame)
    case .list, .tuple:
      guard let index, let found = arena.item(value, index) else { throw .invalid }
      return found
    case .string, .string2, .bytes, .byteArray:
      guard let index else { throw .invalid }
      return try slice(index, of: value, &arena, frame)
    default: throw .invalid
    }
  }

  /// One character of a text, one byte of bytes as an integer.
  private mutating func slice(
    _ index: Int, of value: PickleValue, _ arena: inout PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> PickleValue {
    try spend(Int(value.length >> 6))
    guard index >= 0 else { throw .invalid }
    switch value.kind {
    case .bytes, .byteArray:
      guard index < Int(value.length) else { throw .invalid }
      return .integer(Int64(arena.bytes(value, frame)[index]))
    case .string2:
      var text: [UInt8] = []
      try charset.decode(arena.bytes(value, frame), limit: RenderLimits.text, into: &text)
      let start = text.rawBytes.offset(ofCodePoint: index)
      guard start < text.count else { throw .invalid }
      let length = max(text.rawBytes.codePoint(at: start).length, 1)
      return try arena.makeText(Array(text[start..<start + length]))
    default:
      let text = arena.bytes(value, frame)
      let start = text.offset(ofCodePoint: index)
      guard start < text.byteCount else { throw .invalid }
      let length = max(text.codePoint(at: start).length, 1)
      return .slice(.string, offset: value.offset + start, length: length, inScratch: value.inScratch)
    }
  }

  /// A dictionary's value; of equal keys the last one's.
  private mutating func find(
    _ index: Int?, _ key: RawSpan, in dictionary: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> PickleValue? {
    try spend(arena.count(dictionary))
    var found: PickleValue?
    var cursor = arena.cursor(dictionary)
    while let candidate = arena.next(&cursor), let value = arena.next(&cursor) {
      if matches(index, key, candidate, arena, frame) { found = value }
    }
    return found
  }

  private func matches(
    _ index: Int?, _ key: RawSpan, _ candidate: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan
  ) -> Bool {
    guard let index else { return arena.isText(candidate) && arena.bytes(candidate, frame).equals(key) }
    switch candidate.kind {
    case .integer, .bool: return candidate.asInteger == Int64(index)
    // Python's `1 == 1.0`; beyond 2⁵³ no index is meant.
    case .float: return index.magnitude <= 1 << 53 && candidate.asDouble == Double(index)
    default: return false
    }
  }

  private mutating func objectItem(
    _ index: Int?, _ key: RawSpan, of object: PickleValue, _ arena: inout PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> PickleValue {
    switch arena.standardValue(object, frame) {
    case .orderedDictionary(let items):
      if items.kind == .list || items.kind == .tuple {
        try spend(arena.count(items))
        var found: PickleValue?
        var cursor = arena.cursor(items)
        while let pair = arena.next(&cursor) {
          if let candidate = arena.item(pair, 0), matches(index, key, candidate, arena, frame) {
            found = arena.item(pair, 1)
          }
        }
        if let found { return found }
      } else if items.kind == .dictionary, let found = try find(index, key, in: items, arena, frame) {
        return found
      }
      throw .invalid
    case .counter(let items):
      if items.kind == .dictionary, let found = try find(index, key, in: items, arena, frame) { return found }
      return .integer(0)
    case .defaultDictionary(let factory, let items):
      if items.kind == .dictionary, let found = try find(index, key, in: items, arena, frame) { return found }
      return try defaultValue(factory, &arena, frame)
    case .chainMap(let maps):
      var cursor = arena.cursor(maps)
      while let map = arena.next(&cursor) {
        guard map.kind == .dictionary else { throw .needsSenderCode }
        if let found = try find(index, key, in: map, arena, frame) { return found }
      }
      throw .invalid
    case .wrapper(let wrapped):
      // Wrapped objects could wrap themselves.
      guard wrapped.kind != .object else { throw .needsSenderCode }
      return try item(index, key, of: wrapped, &arena, frame)
    case .namedTuple(_, let values), .array(_, let values):
      guard let index, let found = arena.item(values, index) else { throw .invalid }
      return found
    case .deque(let initial, let appended, let maximum):
      guard let index, index >= 0 else { throw .invalid }
      let count = arena.dequeCount(initial, appended)
      let kept = maximum.kind == .integer ? Int(min(Int64(count), maximum.asInteger)) : count
      guard index < kept else { throw .invalid }
      let position = count - kept + index
      let first = initial.kind == .none ? 0 : arena.count(initial)
      let found = position < first ? arena.item(initial, position) : arena.item(appended, position - first)
      guard let found else { throw .invalid }
      return found
    case .enumeration(.httpMethod, let member):
      // A `StrEnum`'s member is a text.
      guard member.kind == .string || member.kind == .string2 else { throw .invalid }
      return try item(index, key, of: member, &arena, frame)
    case .range(let start, let stop, let step):
      guard let index else { throw .invalid }
      return try Renderer.item(index, start, stop, step)
    case nil: return try ownItem(index, key, of: object, &arena, frame)
    default: throw .invalid
    }
  }

  /// `range(start, stop, step)[index]`.
  private static func item(
    _ index: Int, _ start: PickleValue, _ stop: PickleValue, _ step: PickleValue
  ) throws(RenderError) -> PickleValue {
    guard start.kind == .integer, stop.kind == .integer, step.kind == .integer else { throw .tooBig }
    let (distance, overflow) = step.asInteger.multipliedReportingOverflow(by: Int64(index))
    let (value, carry) = start.asInteger.addingReportingOverflow(distance)
    guard index >= 0, !overflow, !carry else { throw .invalid }
    guard step.asInteger > 0 ? value < stop.asInteger : value > stop.asInteger else { throw .invalid }
    return .integer(value)
  }

  /// What the factory of a `defaultdict` makes, where it is a builtin.
  private func defaultValue(
    _ factory: PickleValue, _ arena: inout PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> PickleValue {
    guard factory.kind != .none else { throw .invalid }
    guard arena.globalModule(factory, frame).map({ $0.rawBytes.equals("builtins") }) == true,
      let name = arena.globalName(factory, frame)
    else { throw .needsSenderCode }
    switch String(decoding: name, as: UTF8.self) {
    case "int": return .integer(0)
    case "float": return .float(0)
    case "bool": return .bool(false)
    case "str": return .slice(.string, offset: 0, length: 0)
    case "tuple": return try arena.makeTuple([])
    case "list", "dict", "set":
      do throws(PickleError) {
        let kind: PickleValue.Kind =
          name[0] == UInt8(ascii: "l") ? .list : name[0] == UInt8(ascii: "d") ? .dictionary : .set
        return try arena.makeNode(kind, at: 0)
      } catch {
        throw .tooBig
      }
    default: throw .needsSenderCode
    }
  }

  /// Items of an object whose class is not known: those that the pickle itself gave it.
  private mutating func ownItem(
    _ index: Int?, _ key: RawSpan, of object: PickleValue, _ arena: inout PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> PickleValue {
    let dictionaryItems = arena.field(object, ObjectField.dictionaryItems)
    if dictionaryItems.kind == .dictionary, let found = try find(index, key, in: dictionaryItems, arena, frame) {
      return found
    }
    let listItems = arena.field(object, ObjectField.listItems)
    if let index, listItems.kind == .list, let found = arena.item(listItems, index) { return found }
    throw .needsSenderCode
  }
}
