extension Renderer {
  /// Begins a container or object: counts its depth and notes that it is being rendered.
  ///
  /// False when it is being rendered already, further out: then nothing has begun, and what comes
  /// out is the type's text for a cycle, such as `[...]` (`Py_ReprEnter`).
  mutating func enter(_ value: PickleValue) throws(RenderError) -> Bool {
    let (word, bit) = (value.node >> 6, UInt64(1) << UInt64(value.node & 63))
    if word >= open.count {
      open.append(contentsOf: repeatElement(0, count: word + 1 - open.count))
    }
    if open[word] & bit != 0 { return false }
    guard depth < RenderLimits.depth else { throw .tooBig }
    // A container takes about as long as four short values.
    try spend(3)
    depth += 1
    open[word] |= bit
    return true
  }

  /// Ends what `enter` began.
  mutating func leave(_ value: PickleValue) {
    depth -= 1
    open[value.node >> 6] &= ~(UInt64(1) << UInt64(value.node & 63))
  }

  /// Lists, tuples, sets and frozensets.
  mutating func renderSequence(
    _ value: PickleValue, _ style: TextStyle, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    guard try enter(value) else {
      switch value.kind {
      case .list: return out.appendASCII("[...]")
      case .tuple: return out.appendASCII("(...)")
      case .set: return out.appendASCII("set(...)")
      default: return out.appendASCII("frozenset(...)")
      }
    }
    let count = arena.count(value)
    let close: StaticString
    switch (value.kind, count) {
    case (.list, _): (_, close) = (out.appendASCII("["), "]")
    case (.tuple, 1): (_, close) = (out.appendASCII("("), ",)")
    case (.tuple, _): (_, close) = (out.appendASCII("("), ")")
    case (.set, 0): (_, close) = (out.appendASCII("set("), ")")
    case (.set, _): (_, close) = (out.appendASCII("{"), "}")
    case (_, 0): (_, close) = (out.appendASCII("frozenset("), ")")
    case (_, _): (_, close) = (out.appendASCII("frozenset({"), "})")
    }
    let start = out.count
    if count < 2 || value.kind == .list || value.kind == .tuple {
      var cursor = arena.cursor(value)
      while let item = arena.next(&cursor) {
        if out.count > start { out.appendASCII(", ") }
        try render(item, style, arena, frame, into: &out)
      }
    } else {
      for item in try arena.uniqueItems(value, frame, work: &work) {
        if out.count > start { out.appendASCII(", ") }
        try render(item, style, arena, frame, into: &out)
      }
    }
    out.appendASCII(close)
    leave(value)
  }

  mutating func renderDictionary(
    _ value: PickleValue, _ style: TextStyle, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    guard try enter(value) else { return out.appendASCII("{...}") }
    out.append(UInt8(ascii: "{"))
    let start = out.count
    if Renderer.hasDistinctTextKeys(value, arena, frame) {
      var cursor = arena.cursor(value)
      while let key = arena.next(&cursor), let item = arena.next(&cursor) {
        if out.count > start { out.appendASCII(", ") }
        try renderPair(key, item, style, arena, frame, into: &out)
      }
    } else {
      let items = try arena.uniqueItems(value, frame, work: &work)
      for index in stride(from: 0, to: items.count - 1, by: 2) {
        if out.count > start { out.appendASCII(", ") }
        try renderPair(items[index], items[index + 1], style, arena, frame, into: &out)
      }
    }
    out.append(UInt8(ascii: "}"))
    leave(value)
  }

  private mutating func renderPair(
    _ key: PickleValue, _ item: PickleValue, _ style: TextStyle, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    try render(key, style, arena, frame, into: &out)
    out.appendASCII(": ")
    try render(item, style, arena, frame, into: &out)
  }

  /// Whether a dictionary is a small one whose keys are all different texts, as almost all are:
  /// then `uniqueItems`, which hashes and allocates, would find nothing.
  private static func hasDistinctTextKeys(
    _ dictionary: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan
  ) -> Bool {
    guard arena.count(dictionary) <= 16 else { return false }
    var earlier = arena.cursor(dictionary)
    while let key = arena.next(&earlier), arena.next(&earlier) != nil {
      guard key.kind == .string, key.length <= 64 else { return false }
      var later = earlier
      while let other = arena.next(&later), arena.next(&later) != nil {
        guard other.kind == .string else { return false }
        if other.length == key.length, arena.bytes(other, frame).equals(arena.bytes(key, frame)) { return false }
      }
    }
    return true
  }
}
