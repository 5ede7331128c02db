/// Everything a pickle's containers and objects consist of, in flat arrays.
///
/// A container's items are runs of `values`, each behind a header that counts it and names the next
/// one. So appending to a container that is not the newest one copies nothing, sharing and cycles
/// are plain numbers, and throwing all of it away is `reset()`: nothing is ever freed recursively.
///
/// What the nodes of each kind hold:
/// - `list`, `tuple`, `set`, `frozenSet`: their items. Sets may hold equal ones twice.
/// - `dictionary`: key, value, key, value, … in the pickle's order, equal keys included: a later one
///   replaces the value of an earlier one. `uniqueItems` applies that.
/// - `complex`: the real and the imaginary part, both floats.
/// - `global`: the module's and the name's text, both strings.
/// - `persistentID`: the identifier.
/// - `object`: the six values that `ObjectField` names.
public struct PickleArena: ~Copyable {
  /// A container or object.
  public struct Node: BitwiseCopyable, Sendable {
    public let kind: PickleValue.Kind
    /// Tuples: whether an item, or an item's item, has no `hash()`.
    var isUnhashable = false
    /// Globals: which of the few names it is that the unpickler knows values for.
    var known = KnownGlobal.unknown
    /// How many values its runs hold (dictionaries: keys and values both count).
    public fileprivate(set) var count: UInt32 = 0
    /// Where the headers of the first and the last run stand in `values`.
    fileprivate var firstRun = PickleArena.noRun
    fileprivate var lastRun = PickleArena.noRun
  }

  fileprivate static let noRun = UInt32.max

  public private(set) var nodes: [Node] = []
  /// Runs of items. A run's header is a `none` whose `length` counts its items and whose `bits` say
  /// where the next header stands.
  private var values: [PickleValue] = []
  /// Bytes that are not a slice of the frame: unescaped text, text encoded as bytes.
  public private(set) var scratch: [UInt8] = []

  public init() {}

  /// Forgets everything. Keeps memory for the next pickle, but not what only a monster needed.
  public mutating func reset() {
    nodes.clear()
    values.clear()
    scratch.clear()
  }

  // MARK: Reading

  /// A cursor over a container's items. `PickleArena.next(&cursor)` until it is nil.
  public struct Cursor: BitwiseCopyable, Sendable {
    fileprivate var index: UInt32
    fileprivate var end: UInt32
    fileprivate var nextRun: UInt32
  }

  public func cursor(_ container: PickleValue) -> Cursor {
    Cursor(index: 0, end: 0, nextRun: nodes[container.node].firstRun)
  }

  public func next(_ cursor: inout Cursor) -> PickleValue? {
    while cursor.index == cursor.end {
      guard cursor.nextRun != PickleArena.noRun else { return nil }
      let header = values[Int(cursor.nextRun)]
      cursor.index = cursor.nextRun + 1
      cursor.end = cursor.index + header.length
      cursor.nextRun = UInt32(truncatingIfNeeded: header.bits)
    }
    defer { cursor.index += 1 }
    return values[Int(cursor.index)]
  }

  /// How many values a container holds (dictionaries: twice the number of pairs).
  public func count(_ container: PickleValue) -> Int { Int(nodes[container.node].count) }

  /// A container's value at `index`, or nil beyond its end: at once for tuples, globals, complex
  /// numbers and objects, which are one run.
  public func item(_ container: PickleValue, _ index: Int) -> PickleValue? {
    guard index >= 0 else { return nil }
    var rest = index
    var run = nodes[container.node].firstRun
    while run != PickleArena.noRun {
      let header = values[Int(run)]
      if rest < Int(header.length) { return values[Int(run) + 1 + rest] }
      rest -= Int(header.length)
      run = UInt32(truncatingIfNeeded: header.bits)
    }
    return nil
  }

  /// One of an object's six values: `field` is one of `ObjectField`'s.
  public func field(_ object: PickleValue, _ field: Int) -> PickleValue { item(object, field) ?? .none }

  /// The bytes of a slice: of `frame`, or of the arena's scratch.
  @_lifetime(borrow self, copy frame)
  public func bytes(_ slice: PickleValue, _ frame: RawSpan) -> RawSpan {
    let start = slice.offset
    let range = start..<start + Int(slice.length)
    if slice.inScratch { return scratch.rawBytes.extracting(range) }
    return frame.extracting(range)
  }

  /// Whether Python would give the value a `hash()`: only such values may be keys and set items.
  func isHashable(_ value: PickleValue) -> Bool {
    switch value.kind {
    case .list, .dictionary, .set, .byteArray: false
    case .tuple: !nodes[value.node].isUnhashable
    default: true
    }
  }

  // MARK: Building

  /// A new, empty node. `offset` is the opcode's, for the error.
  mutating func makeNode(_ kind: PickleValue.Kind, at offset: Int) throws(PickleError) -> PickleValue {
    if nodes.count == nodes.capacity || nodes.count >= PickleLimits.nodes {
      guard nodes.count < PickleLimits.nodes else {
        throw PickleError(
          .limitExceeded, "too many containers and objects", at: offset,
          limit: PickleLimits.nodes, actual: nodes.count + 1)
      }
      nodes.makeRoom(for: 1, limit: PickleLimits.nodes)
    }
    nodes.append(Node(kind: kind))
    return PickleValue(kind, bits: UInt64(nodes.count - 1))
  }

  /// A new node with the items of `stack` in `range`.
  mutating func makeNode(
    _ kind: PickleValue.Kind, _ stack: [PickleValue], _ range: Range<Int>, at offset: Int
  ) throws(PickleError) -> PickleValue {
    let node = try makeNode(kind, at: offset)
    try append(stack, range, to: node, at: offset)
    return node
  }

  /// A tuple of the items of `stack` in `range`.
  mutating func makeTuple(
    _ stack: [PickleValue], _ range: Range<Int>, at offset: Int
  ) throws(PickleError) -> PickleValue {
    let tuple = try makeNode(.tuple, stack, range, at: offset)
    for index in range where !isHashable(stack[index]) {
      nodes[tuple.node].isUnhashable = true
      break
    }
    return tuple
  }

  mutating func makePair(
    _ kind: PickleValue.Kind, _ first: PickleValue, _ second: PickleValue, at offset: Int
  ) throws(PickleError) -> PickleValue {
    let node = try makeNode(kind, at: offset)
    try open(2, in: node, at: offset)
    values.append(first)
    values.append(second)
    return node
  }

  mutating func makeObject(
    _ callable: PickleValue, arguments: PickleValue, keywords: PickleValue, at offset: Int
  ) throws(PickleError) -> PickleValue {
    let node = try makeNode(.object, at: offset)
    try open(6, in: node, at: offset)
    values.append(callable)
    values.append(arguments)
    values.append(keywords)
    values.append(.none)
    values.append(.none)
    values.append(.none)
    return node
  }

  /// Notes what `makePair` cannot: which known name a global is.
  mutating func mark(_ global: PickleValue, as known: KnownGlobal) { nodes[global.node].known = known }

  mutating func setField(_ object: PickleValue, _ field: Int, _ value: PickleValue) {
    values[Int(nodes[object.node].firstRun) + 1 + field] = value
  }

  /// Appends one item.
  mutating func append(_ value: PickleValue, to container: PickleValue, at offset: Int) throws(PickleError) {
    try open(1, in: container, at: offset)
    values.append(value)
  }

  /// Appends the items of `stack` in `range`.
  mutating func append(
    _ stack: [PickleValue], _ range: Range<Int>, to container: PickleValue, at offset: Int
  ) throws(PickleError) {
    guard !range.isEmpty else { return }
    try open(range.count, in: container, at: offset)
    values.append(contentsOf: stack[range])
  }

  /// Appends all items of another container.
  mutating func append(
    itemsOf source: PickleValue, to container: PickleValue, at offset: Int
  ) throws(PickleError) {
    let count = count(source)
    guard count > 0 else { return }
    var cursor = cursor(source)
    try open(count, in: container, at: offset)
    for _ in 0..<count {
      guard let value = next(&cursor) else { break }
      if !isHashable(value) { nodes[container.node].isUnhashable = true }
      values.append(value)
    }
  }

  /// Replaces a list's item; false where the list has none there. A list of several runs is laid
  /// out anew as one, which counts against `PickleLimits.values`: so the work stays linear.
  mutating func replaceItem(
    _ index: Int, of list: PickleValue, with value: PickleValue, at offset: Int
  ) throws(PickleError) -> Bool {
    guard index >= 0, index < count(list) else { return false }
    let node = nodes[list.node]
    if node.firstRun != node.lastRun {
      var cursor = cursor(list)
      nodes[list.node].firstRun = PickleArena.noRun
      nodes[list.node].lastRun = PickleArena.noRun
      nodes[list.node].count = 0
      try open(Int(node.count), in: list, at: offset)
      while let item = next(&cursor) { values.append(item) }
    }
    values[Int(nodes[list.node].firstRun) + 1 + index] = value
    return true
  }

  /// Makes room for `count` values more in a container and books them. The caller appends exactly
  /// as many to `values` next.
  private mutating func open(_ count: Int, in container: PickleValue, at offset: Int) throws(PickleError) {
    // One more for the header, needed or not.
    let needed = values.count + count + 1
    if needed > values.capacity || needed > PickleLimits.values {
      guard needed <= PickleLimits.values else {
        throw PickleError(
          .limitExceeded, "too many values in containers", at: offset,
          limit: PickleLimits.values, actual: needed)
      }
      values.makeRoom(for: count + 1, limit: PickleLimits.values)
    }
    let index = container.node
    let last = nodes[index].lastRun
    nodes[index].count += UInt32(count)
    if last != PickleArena.noRun {
      if Int(last) + 1 + Int(values[Int(last)].length) == values.count {
        values[Int(last)].length += UInt32(count)
        return
      }
      values[Int(last)].bits = UInt64(values.count)
    } else {
      nodes[index].firstRun = UInt32(values.count)
    }
    nodes[index].lastRun = UInt32(values.count)
    values.append(PickleValue(.none, bits: UInt64(PickleArena.noRun), length: UInt32(count)))
  }

  /// Room for `count` bytes more of scratch.
  mutating func reserveScratch(_ count: Int, at offset: Int) throws(PickleError) {
    let needed = scratch.count + count
    guard needed <= PickleLimits.scratch else {
      throw PickleError(
        .limitExceeded, "too much converted text", at: offset, limit: PickleLimits.scratch, actual: needed)
    }
    if needed > scratch.capacity { scratch.makeRoom(for: count, limit: PickleLimits.scratch) }
  }

  /// A byte of scratch. `reserveScratch` made room for it.
  @inline(__always)
  mutating func appendScratch(_ byte: UInt8) { scratch.append(byte) }

  /// A code point in UTF-8, surrogates as three bytes. `reserveScratch` made room for it.
  mutating func appendScratch(codePoint: UInt32) { scratch.appendCodePoint(codePoint) }
}

extension Array {
  /// Doubles the capacity, but never beyond `limit` elements: growth by appending would overshoot
  /// it, and the bound on a decode's memory with it.
  @inline(never)
  mutating func makeRoom(for count: Int, limit: Int) {
    reserveCapacity(Swift.max(self.count + count, Swift.min(limit, Swift.max(64, capacity * 2))))
  }

  /// Removes all; the memory stays for the next pickle unless only a monster needed so much.
  mutating func clear() {
    removeAll(keepingCapacity: capacity <= PickleLimits.keptArenaValues)
  }
}

/// What an `object` node holds, as its values in this order.
///
/// An object is the inert record of what the pickle asked for: `callable(*arguments)`, then the
/// state that BUILD gave it, then list items (APPEND, APPENDS, ADDITEMS) and dictionary items
/// (SETITEM, SETITEMS). A container that a global stands for with a known, inert meaning (`set`,
/// `bytearray`, `complex`, …) never becomes an object: the unpickler makes the value itself.
public enum ObjectField {
  /// A `global`, or any other value that the pickle wanted called.
  public static let callable = 0
  /// A tuple, or `none` where there were none.
  public static let arguments = 1
  /// NEWOBJ_EX's keyword arguments: a dictionary, or `none`.
  public static let keywords = 2
  /// BUILD's argument, or `none`.
  public static let state = 3
  /// A list, or `none`.
  public static let listItems = 4
  /// A dictionary, or `none`.
  public static let dictionaryItems = 5
}
