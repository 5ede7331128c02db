extension Renderer {
  /// The value of a dictionary's text key, or nil: see `PickleArena.lookup`.
  ///
  /// All of the dictionary is work, each time: a text may ask for many keys of a large one.
  public mutating func lookup(
    _ dictionary: PickleValue, key: RawSpan, _ arena: borrowing PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> PickleValue? {
    try spend(arena.count(dictionary))
    return arena.lookup(dictionary, key: key, frame)
  }
}

extension PickleArena {
  /// The value of a dictionary's text key, or nil: of equal keys the last one counts.
  ///
  /// A Python 2 `str` key is this key, too, where its bytes are the same: attribute names are ASCII,
  /// and so the same text in both Pythons.
  func lookup(_ dictionary: PickleValue, key: RawSpan, _ frame: RawSpan) -> PickleValue? {
    guard dictionary.kind == .dictionary else { return nil }
    var found: PickleValue?
    var cursor = cursor(dictionary)
    while let candidate = next(&cursor), let value = next(&cursor) {
      if Int(candidate.length) == key.byteCount, candidate.kind == .string || candidate.kind == .string2,
        bytes(candidate, frame).equals(key)
      {
        found = value
      }
    }
    return found
  }

  /// A container's items as Python would have kept them.
  ///
  /// Of a dictionary: key, value, key, value, …; an equal key later on has replaced the value, but
  /// neither the key nor its place. Of a set or frozenset: the first of each group of equal items.
  /// Of a list or tuple: all items. Equality is Python's: `1 == 1.0 == True`, tuples and
  /// frozensets by their items, objects by identity, NaN equals nothing.
  ///
  /// `work` counts towards `RenderLimits.work`, beyond which `.tooBig` is thrown: one for each
  /// value looked at and one for each 64 bytes compared or hashed.
  public func uniqueItems(
    _ container: PickleValue, _ frame: RawSpan, work: inout Int
  ) throws(RenderError) -> [PickleValue] {
    let step = container.kind == .dictionary ? 2 : 1
    let count = count(container)
    try spend(count, &work)
    var items: [PickleValue] = []
    items.reserveCapacity(count)
    var cursor = cursor(container)
    guard container.kind == .dictionary || container.kind == .set || container.kind == .frozenSet, count > step else {
      while let item = next(&cursor) { items.append(item) }
      return items
    }
    var classes = EqualityClasses()
    // Where in `items` the key of each class stands.
    var places: [Int] = []
    while let key = next(&cursor) {
      let number = try classes.number(of: key, self, frame, &work)
      while places.count <= number { places.append(-1) }
      if places[number] < 0 {
        places[number] = items.count
        items.append(key)
        if step == 2, let value = next(&cursor) { items.append(value) }
      } else if step == 2, let value = next(&cursor) {
        items[places[number] + 1] = value
      }
    }
    return items
  }
}

/// Counts `units` of work; throws beyond `RenderLimits.work`.
func spend(_ units: Int, _ work: inout Int) throws(RenderError) {
  let sum = work.addingReportingOverflow(units)
  guard !sum.overflow, sum.partialValue <= RenderLimits.work else { throw .tooBig }
  work = sum.partialValue
}

/// Numbers hashable values so that two have the same number exactly when Python holds them equal.
///
/// Every value is brought to a form in which equal means the same bytes: a tuple's are the numbers
/// of its items. Each tuple is visited once, however often it is shared, and without recursion.
/// Tuples of hashable items cannot contain themselves: a cycle needs a list, a dictionary, a set
/// or an object in it, and none of those is looked into.
struct EqualityClasses: ~Copyable {
  /// What values of different types have to be told apart by, as far as Python does.
  private enum Form: UInt8, BitwiseCopyable {
    case singleton, integer, bigInteger, hugeDecimal, float, complex
    case text, text2, bytes, global, identity, extensionCode, tuple, frozenSet
    /// Equals nothing, not even itself.
    case unique
  }

  private struct Entry: BitwiseCopyable {
    var hash: UInt64
    var form: Form
    /// The bytes to compare: a slice of the frame or the scratch, or as `none` one of `pool`.
    var content: PickleValue
  }

  /// A value's number is the index of its entry.
  private var entries: [Entry] = []
  /// Open addressing: indices of entries, a power of two of them, at most half of them used.
  private var table: [UInt32] = [UInt32](repeating: EqualityClasses.free, count: 32)
  private var pool: [UInt8] = []
  /// The numbers of tuples and frozensets seen, by their nodes.
  private var numbers: [Int: Int] = [:]

  private static let free = UInt32.max
  /// Senders must not know which keys collide.
  private static let seed = UInt64.random(in: .min ... .max)

  /// A tuple or frozenset that is being numbered.
  private struct Visit {
    var container: PickleValue
    var cursor: PickleArena.Cursor
    /// Where its items' numbers begin.
    var start: Int
  }

  mutating func number(
    of value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, _ work: inout Int
  ) throws(RenderError) -> Int {
    guard EqualityClasses.isCompound(value) else { return try atom(value, arena, frame, &work) }
    if let known = numbers[value.node] { return known }
    var visits = [Visit(container: value, cursor: arena.cursor(value), start: 0)]
    var items: [Int] = []
    while true {
      let last = visits.count - 1
      if let item = arena.next(&visits[last].cursor) {
        try spend(1, &work)
        if !EqualityClasses.isCompound(item) {
          items.append(try atom(item, arena, frame, &work))
        } else if let known = numbers[item.node] {
          items.append(known)
        } else {
          visits.append(Visit(container: item, cursor: arena.cursor(item), start: items.count))
        }
        continue
      }
      let visit = visits.removeLast()
      let number = try compound(visit.container.kind, &items, from: visit.start, arena, frame, &work)
      numbers[visit.container.node] = number
      items.removeSubrange(visit.start...)
      if visits.isEmpty { return number }
      items.append(number)
    }
  }

  private static func isCompound(_ value: PickleValue) -> Bool { value.kind == .tuple || value.kind == .frozenSet }

  private mutating func compound(
    _ kind: PickleValue.Kind, _ items: inout [Int], from start: Int, _ arena: borrowing PickleArena,
    _ frame: RawSpan, _ work: inout Int
  ) throws(RenderError) -> Int {
    if kind == .frozenSet { items[start...].sort() }
    let begin = pool.count
    var previous = -1
    for index in start..<items.count {
      if kind == .frozenSet, items[index] == previous { continue }
      previous = items[index]
      appendWord(UInt64(previous))
    }
    return try intern(kind == .tuple ? .tuple : .frozenSet, pooledFrom: begin, arena, frame, &work)
  }

  private mutating func atom(
    _ value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, _ work: inout Int
  ) throws(RenderError) -> Int {
    switch value.kind {
    case .string: return try intern(.text, value, arena, frame, &work)
    case .string2:
      let bytes = arena.bytes(value, frame)
      let isText = bytes.firstNonASCII() == bytes.byteCount
      return try intern(isText ? .text : .text2, value, arena, frame, &work)
    case .bytes: return try intern(.bytes, value, arena, frame, &work)
    case .bool, .integer: return try word(.integer, value.bits, arena, frame, &work)
    case .float: return try float(value.asDouble, arena, frame, &work)
    case .bigInteger:
      return try big(BigInteger(twosComplement: arena.bytes(value, frame)), arena, frame, &work)
    case .decimalInteger:
      // Reading decimal is quadratic. Beyond what Python itself reads, digits are compared as such.
      guard value.length <= RenderLimits.integerDigits else {
        return try intern(.hugeDecimal, value, arena, frame, &work)
      }
      try spend(BigInteger.decimalWork(byteCount: Int(value.length)), &work)
      return try big(BigInteger(decimal: arena.bytes(value, frame)), arena, frame, &work)
    case .complex: return try complex(value, arena, frame, &work)
    case .global: return try global(value, arena, frame, &work)
    case .none, .ellipsis, .notImplemented:
      return try word(.singleton, UInt64(value.kind.rawValue), arena, frame, &work)
    case .extensionCode: return try word(.extensionCode, value.bits, arena, frame, &work)
    case .byteArray: return unique()
    case .object, .persistentID, .list, .dictionary, .set, .tuple, .frozenSet:
      return try word(.identity, value.bits, arena, frame, &work)
    }
  }

  private mutating func float(
    _ value: Double, _ arena: borrowing PickleArena, _ frame: RawSpan, _ work: inout Int
  ) throws(RenderError) -> Int {
    if value.isNaN { return unique() }
    if let integer = Int64(exactly: value) {
      return try word(.integer, UInt64(bitPattern: integer), arena, frame, &work)
    }
    if value.rounded(.towardZero) == value, let integer = BigInteger(truncating: value) {
      return try big(integer, arena, frame, &work)
    }
    return try word(.float, value.bitPattern, arena, frame, &work)
  }

  private mutating func big(
    _ value: BigInteger, _ arena: borrowing PickleArena, _ frame: RawSpan, _ work: inout Int
  ) throws(RenderError) -> Int {
    let begin = pool.count
    pool.append(value.isNegative ? 1 : 0)
    for part in value.words { appendWord(UInt64(part)) }
    return try intern(.bigInteger, pooledFrom: begin, arena, frame, &work)
  }

  /// A complex number without an imaginary part equals the real one.
  private mutating func complex(
    _ value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, _ work: inout Int
  ) throws(RenderError) -> Int {
    let real = arena.item(value, 0)?.asDouble ?? 0
    let imaginary = arena.item(value, 1)?.asDouble ?? 0
    if imaginary == 0 { return try float(real, arena, frame, &work) }
    if real.isNaN || imaginary.isNaN { return unique() }
    let begin = pool.count
    // Adding zero makes the negative zero the positive one.
    appendWord((real + 0).bitPattern)
    appendWord(imaginary.bitPattern)
    return try intern(.complex, pooledFrom: begin, arena, frame, &work)
  }

  /// A name stands for one thing, however often the pickle says it.
  private mutating func global(
    _ value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, _ work: inout Int
  ) throws(RenderError) -> Int {
    let begin = pool.count
    for part in 0..<2 {
      guard let text = arena.item(value, part) else { continue }
      try spend(Int(text.length) >> 6, &work)
      appendWord(UInt64(text.length))
      pool.append(arena.bytes(text, frame))
    }
    return try intern(.global, pooledFrom: begin, arena, frame, &work)
  }

  private mutating func unique() -> Int {
    entries.append(Entry(hash: 0, form: .unique, content: .none))
    return entries.count - 1
  }

  private mutating func word(
    _ form: Form, _ word: UInt64, _ arena: borrowing PickleArena, _ frame: RawSpan, _ work: inout Int
  ) throws(RenderError) -> Int {
    let begin = pool.count
    appendWord(word)
    return try intern(form, pooledFrom: begin, arena, frame, &work)
  }

  private mutating func appendWord(_ word: UInt64) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) { pool.append(UInt8(truncatingIfNeeded: word >> shift)) }
  }

  /// The number of what lies in the pool from `start` on; taken out again if it was known.
  private mutating func intern(
    _ form: Form, pooledFrom start: Int, _ arena: borrowing PickleArena, _ frame: RawSpan, _ work: inout Int
  ) throws(RenderError) -> Int {
    let content = PickleValue(.none, bits: UInt64(start), length: UInt32(pool.count - start))
    let known = entries.count
    let number = try intern(form, content, arena, frame, &work)
    if number < known { pool.removeSubrange(start...) }
    return number
  }

  private mutating func intern(
    _ form: Form, _ content: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, _ work: inout Int
  ) throws(RenderError) -> Int {
    try spend(Int(content.length) >> 6, &work)
    let hash = hash(form, bytes(content, arena, frame))
    var slot = Int(truncatingIfNeeded: hash) & (table.count - 1)
    while table[slot] != EqualityClasses.free {
      let entry = entries[Int(table[slot])]
      if entry.hash == hash, entry.form == form, entry.content.length == content.length {
        try spend(1 + Int(content.length) >> 6, &work)
        if bytes(entry.content, arena, frame).equals(bytes(content, arena, frame)) { return Int(table[slot]) }
      }
      slot = (slot + 1) & (table.count - 1)
    }
    table[slot] = UInt32(entries.count)
    entries.append(Entry(hash: hash, form: form, content: content))
    if entries.count * 2 > table.count { growTable() }
    return entries.count - 1
  }

  @_lifetime(borrow self, borrow arena, copy frame)
  private func bytes(_ content: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan) -> RawSpan {
    if content.kind != .none { return arena.bytes(content, frame) }
    return pool.rawBytes.extracting(content.offset..<content.offset + Int(content.length))
  }

  private mutating func growTable() {
    table = [UInt32](repeating: EqualityClasses.free, count: table.count * 2)
    for (number, entry) in entries.enumerated() where entry.form != .unique {
      var slot = Int(truncatingIfNeeded: entry.hash) & (table.count - 1)
      while table[slot] != EqualityClasses.free { slot = (slot + 1) & (table.count - 1) }
      table[slot] = UInt32(number)
    }
  }

  private func hash(_ form: Form, _ bytes: RawSpan) -> UInt64 {
    var state = EqualityClasses.seed ^ UInt64(form.rawValue) << 56 ^ UInt64(bytes.byteCount)
    func mix(_ word: UInt64) {
      let product = (state ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
      state = product.high ^ product.low
    }
    var offset = 0
    while offset + 8 <= bytes.byteCount {
      mix(bytes.load64(offset))
      offset += 8
    }
    var tail: UInt64 = 0
    while offset < bytes.byteCount {
      tail = tail << 8 | UInt64(bytes[offset])
      offset += 1
    }
    mix(tail)
    mix(EqualityClasses.seed)
    return state
  }
}
