/// The texts of `collections`' classes and of `types.SimpleNamespace`.
extension Renderer {
  mutating func renderCollection(
    _ value: StandardValue, _ style: TextStyle, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    switch value {
    case .orderedDictionary(let items):
      out.appendASCII("OrderedDict(")
      if items.kind == .dictionary ? arena.count(items) > 0 : items.kind != .none && arena.count(items) > 0 {
        try renderMapping(items, style, arena, frame, into: &out)
      }
    case .defaultDictionary(let factory, let items):
      out.appendASCII("defaultdict(")
      try render(factory, style, arena, frame, into: &out)
      out.appendASCII(", ")
      try renderMapping(items, style, arena, frame, into: &out)
    case .counter(let items):
      out.appendASCII("Counter(")
      if items.kind == .dictionary, arena.count(items) > 0 {
        try renderCounts(items, style, arena, frame, into: &out)
      }
    case .deque(let initial, let appended, let maximum):
      out.appendASCII("deque([")
      try renderDequeItems(initial, appended, maximum, style, arena, frame, into: &out)
      out.append(UInt8(ascii: "]"))
      if maximum.kind == .integer {
        out.appendASCII(", maxlen=")
        out.appendInteger(maximum.asInteger)
      }
    case .chainMap(let maps):
      out.appendASCII("ChainMap(")
      var isFirst = true
      var cursor = arena.cursor(maps)
      while let map = arena.next(&cursor) {
        if !isFirst { out.appendASCII(", ") }
        isFirst = false
        try render(map, style, arena, frame, into: &out)
      }
    case .namespace(let attributes):
      out.appendASCII("namespace(")
      if attributes.kind == .dictionary { try renderKeywords(attributes, style, arena, frame, into: &out) }
    default: throw .invalid
    }
    out.append(UInt8(ascii: ")"))
  }

  /// A dictionary, a sequence of pairs as one, or nothing as `{}`.
  private mutating func renderMapping(
    _ items: PickleValue, _ style: TextStyle, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    if items.kind == .dictionary { return try render(items, style, arena, frame, into: &out) }
    out.append(UInt8(ascii: "{"))
    if items.kind != .none {
      var isFirst = true
      var cursor = arena.cursor(items)
      while let pair = arena.next(&cursor) {
        guard let key = arena.item(pair, 0), let item = arena.item(pair, 1) else { throw .invalid }
        if !isFirst { out.appendASCII(", ") }
        isFirst = false
        try render(key, style, arena, frame, into: &out)
        out.appendASCII(": ")
        try render(item, style, arena, frame, into: &out)
      }
    }
    out.append(UInt8(ascii: "}"))
  }

  /// `Counter.most_common()`: by descending count, equal counts in their order; in the dictionary's
  /// order where the counts cannot be compared.
  private mutating func renderCounts(
    _ items: PickleValue, _ style: TextStyle, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    var counts: [(key: PickleValue, count: PickleValue, order: Double, index: Int)] = []
    var isOrdered = true
    var cursor = arena.cursor(items)
    while let key = arena.next(&cursor), let count = arena.next(&cursor) {
      try spend(1)
      let order: Double
      switch count.kind {
      case .integer, .bool: order = Double(count.asInteger)
      case .float: order = count.asDouble
      default: order = .nan
      }
      if order.isNaN || order.magnitude > 0x1p53 { isOrdered = false }
      counts.append((key, count, order, counts.count))
    }
    guard isOrdered else { return try render(items, style, arena, frame, into: &out) }
    counts.sort { $0.order != $1.order ? $0.order > $1.order : $0.index < $1.index }
    out.append(UInt8(ascii: "{"))
    for (index, entry) in counts.enumerated() {
      if index > 0 { out.appendASCII(", ") }
      try render(entry.key, style, arena, frame, into: &out)
      out.appendASCII(": ")
      try render(entry.count, style, arena, frame, into: &out)
    }
    out.append(UInt8(ascii: "}"))
  }

  /// The last `maximum` of the items.
  private mutating func renderDequeItems(
    _ initial: PickleValue, _ appended: PickleValue, _ maximum: PickleValue, _ style: TextStyle,
    _ arena: borrowing PickleArena, _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    let count = arena.dequeCount(initial, appended)
    let dropped = maximum.kind == .integer ? max(0, count - Int(maximum.asInteger)) : 0
    try spend(dropped)
    var index = 0
    for part in [initial, appended] where part.kind != .none {
      var cursor = arena.cursor(part)
      while let item = arena.next(&cursor) {
        if index >= dropped {
          if index > dropped { out.appendASCII(", ") }
          try render(item, style, arena, frame, into: &out)
        }
        index += 1
      }
    }
  }
}

extension PickleArena {
  /// How many items a deque was given, more than its maximum included.
  func dequeCount(_ initial: PickleValue, _ appended: PickleValue) -> Int {
    (initial.kind == .none ? 0 : count(initial)) + (appended.kind == .none ? 0 : count(appended))
  }
}
