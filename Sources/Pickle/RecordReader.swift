/// Reads the pickle of one record into slots: the fast path of everything that arrives.
///
/// `SocketHandler.makePickle` writes one shape only: a flat dictionary of text keys to scalars, in
/// one SETITEMS. `read` follows exactly that shape, in protocols 0 to 5's binary forms, without a
/// stack or a memo. Whatever else it meets, it returns false, and the caller takes the `Unpickler`,
/// which gives the same values for the same bytes.
///
///     PROTO? FRAME? EMPTY_DICT put? MARK ( key put? value put? )* SETITEMS STOP
///
/// A sender's records have the same bytes between their values each time: the put of one value, the
/// next key, its put, and the opcode of its value. Such a `Separator` that was seen before is known by
/// one comparison, and each remembers which ones followed it. Only what is new is taken apart.
public struct RecordReader: ~Copyable {
  @usableFromInline
  struct Slot: BitwiseCopyable {
    @usableFromInline var value: PickleValue = .none
    /// The record that the value belongs to: nothing has to be cleared between records.
    @usableFromInline var serial: UInt32 = 0
  }

  private let keys: KeyTable
  @usableFromInline var slots: [Slot]
  /// Another one with each record.
  public internal(set) var serial: UInt32 = 0
  private var separators: [Separator]
  /// The whole record, when the general machine decoded it; nil after `read`.
  public private(set) var dictionary: PickleValue?

  public init(keys: KeyTable) {
    self.keys = keys
    slots = Array(repeating: Slot(), count: keys.count)
    separators = Separator.none
  }

  /// What the record that was read last has.
  @inlinable @inline(__always)
  public var values: RecordValues {
    @_lifetime(borrow self)
    get { RecordValues(slots: slots.span, serial: serial) }
  }

  /// Forgets the last record.
  @inline(__always)
  private mutating func begin() {
    serial &+= 1
    dictionary = nil
    if serial == 0 { beginAnew() }
  }

  @inline(never)
  private mutating func beginAnew() {
    for slot in slots.indices { slots[slot].serial = 0 }
    serial = 1
  }

  /// Stores the value of a key, if somebody wants it. Of equal keys the last one counts.
  private mutating func set(_ key: RawSpan, _ value: PickleValue) {
    let slot = keys.slot(of: key)
    guard slot >= 0 else { return }
    slots[slot] = Slot(value: value, serial: serial)
  }

  /// Fills the slots from a dictionary that the general machine decoded.
  public mutating func set(_ record: PickleValue, _ arena: borrowing PickleArena, _ pickle: RawSpan) {
    begin()
    dictionary = record
    var cursor = arena.cursor(record)
    while let key = arena.next(&cursor), let value = arena.next(&cursor) {
      guard key.kind == .string || key.kind == .string2 else { continue }
      set(arena.bytes(key, pickle), value)
    }
  }

  /// Bytes that can be read behind a pickle, whatever they are: loads of a word need no care then.
  public static let padding = 40

  /// Reads a pickle of the stock shape. False: it has another one, and the slots hold nothing.
  ///
  /// - Parameters:
  ///   - pickle: the pickle, with `padding` bytes more
  ///   - end: where the pickle ends
  public mutating func read(_ pickle: RawSpan, end: Int) -> Bool {
    precondition(end >= 0 && pickle.byteCount >= end + RecordReader.padding)
    begin()
    // A separator can be compared exactly where it may begin: one question answers both.
    let bounded = pickle.piece(0, end &- 2 &+ Separator.longest)
    if RecordReader.scan(bounded, end, keys, serial, &slots, &separators) { return true }
    return refuse()
  }

  @inline(never)
  private mutating func refuse() -> Bool {
    begin()
    return false
  }

  /// The scan itself: static, so that the spans of several arrays can be held while it runs.
  private static func scan(
    _ pickle: RawSpan, _ end: Int, _ keys: borrowing KeyTable, _ serial: UInt32, _ slotArray: inout [Slot],
    _ separatorArray: inout [Separator]
  ) -> Bool {
    var slots = slotArray.mutableSpan
    var separators = separatorArray.mutableSpan
    var at = start(of: pickle, end)
    if at < 0 { return false }
    var place = Separator.start
    var likeliest = Separator.likeliest(after: place, separators)
    var references = 0
    // Behind any key and any value there are at least two bytes: SETITEMS and STOP. What goes beyond is seen
    // before the next separator.
    let last = end &- 2
    while pickle.has(Separator.longest, at: at) {
      var known = separators[likeliest]
      if known.isAt(at, pickle) {
        place = likeliest
      } else {
        place = Separator.other(after: place, &separators, pickle, at, last, keys)
        if place < 0 { return false }
        known = separators[place]
      }
      likeliest = Int(known.followers.0)
      at &+= Int(known.advance)
      let slot = Int(known.slot)
      let value: PickleValue
      switch known.form {
      case .skipped: continue
      case .skippedText:
        guard pickle.has(4, at: at) else { return false }
        let length = Int(pickle.load32(at))
        at &+= 4
        guard length < last &- at else { return false }
        at &+= length
        continue
      case .text:
        guard pickle.has(4, at: at) else { return false }
        let length = Int(pickle.load32(at))
        at &+= 4
        guard length < last &- at else { return false }
        value = .slice(.string, offset: at, length: length)
        at &+= length
      case .none: value = .none
      case .float:
        guard pickle.has(8, at: at) else { return false }
        value = PickleValue(.float, bits: pickle.load64(at).byteSwapped)
        at &+= 8
      case .byte:
        guard pickle.has(1, at: at) else { return false }
        value = .integer(Int64(pickle[at]))
        at &+= 1
      case .twoBytes:
        guard pickle.has(2, at: at) else { return false }
        value = .integer(Int64(pickle.load16(at)))
        at &+= 2
      case .end: return at <= end
      case .reference:
        // `filename` is the same text as `pathname` when that has no directory: `python main.py`.
        references += 1
        guard references <= mostReferences, at < last, let text = remembered(pickle, pickle[at], before: at &- 1)
        else { return false }
        at &+= 1
        if slot < 0 { continue }
        value = text
      case .other:
        guard at <= last else { return false }
        let opcode = known.opcode
        if slot < 0 {
          at = opcode == Op.long ? endOfLong(pickle, at, last) : skip(pickle, at &- 1, last, depth: 0)
          if at < 0 { return false }
          continue
        }
        let other = scalar(pickle, opcode, at &- 1, last)
        if other.at < 0 { return false }
        at = other.at
        value = other.value
      }
      slots[slot] = Slot(value: value, serial: serial)
    }
    return false
  }

  /// References to earlier text that one record may have: each is looked for from the start.
  static var mostReferences: Int { 4 }

  /// The text that was put into the memo under this number before `limit`; nil: it is something that
  /// the machine has to look at.
  @inline(never)
  private static func remembered(_ pickle: RawSpan, _ number: UInt8, before limit: Int) -> PickleValue? {
    var at = start(of: pickle, limit)
    guard at >= 0 else { return nil }
    var found: PickleValue?
    while at < limit {
      // Keys and text in turn with values of other kinds; of equal numbers the last one counts.
      let opcode = pickle[at]
      switch opcode {
      case Op.binUnicode, Op.binString, Op.shortBinUnicode, Op.shortBinString:
        let isShort = opcode == Op.shortBinUnicode || opcode == Op.shortBinString
        let length = isShort ? Int(pickle[at + 1]) : Int(pickle.load32(at + 1))
        let text = at + (isShort ? 2 : 5)
        at = text + length
        guard at < limit, pickle[at] == Op.binPut else { return nil }
        if pickle[at + 1] == number {
          let isUnicode = opcode == Op.binUnicode || opcode == Op.shortBinUnicode
          found = .slice(isUnicode ? .string : .string2, offset: text, length: length)
        }
        at += 2
      case Op.binGet: at += 2
      case Op.emptyList, Op.mark, Op.emptyDictionary: return nil
      default:
        at = skip(pickle, at, limit, depth: 0)
        if at < 0 { return nil }
      }
    }
    return found
  }

  /// The scalars that are less frequent, and the offset behind; -1: it is something else, or not whole.
  ///
  /// By value: a variable whose address is taken would live in memory, and every step waits for it.
  @inline(never)
  private static func scalar(_ pickle: RawSpan, _ opcode: UInt8, _ at: Int, _ last: Int) -> (
    value: PickleValue, at: Int
  ) {
    var at = at
    guard let value = scalar(pickle, opcode, &at, last) else { return (.none, -1) }
    return (value, at)
  }

  private static func scalar(_ pickle: RawSpan, _ opcode: UInt8, _ at: inout Int, _ last: Int) -> PickleValue? {
    at += 1
    switch opcode {
    case Op.binString:
      let length = Int(pickle.load32(at))
      at += 4
      guard length < last - at else { return nil }
      let start = at
      at += length
      skipPut(pickle, &at)
      return .slice(.string2, offset: start, length: length)
    case Op.shortBinUnicode, Op.shortBinString:
      let length = Int(pickle[at])
      at += 1
      guard length < last - at else { return nil }
      let start = at
      at += length
      skipPut(pickle, &at)
      return .slice(opcode == Op.shortBinUnicode ? .string : .string2, offset: start, length: length)
    case Op.binInt:
      at += 4
      return .integer(Int64(Int32(bitPattern: pickle.load32(at - 4))))
    case Op.newTrue: return .bool(true)
    case Op.newFalse: return .bool(false)
    case Op.int, Op.long: return decimal(pickle, &at, last, isLong: opcode == Op.long)
    case Op.long1: return long1(pickle, &at, last)
    default: return nil
    }
  }

  /// How deep lists and tuples are skipped; deeper ones are for the machine.
  private static var skippedDepth: Int { 8 }

  /// The offset behind a value that nobody wants, or -1 when the machine has to look at it. Lists,
  /// tuples and dictionaries by text can be stepped over: no content of theirs makes a pickle wrong.
  @inline(never)
  private static func skip(_ pickle: RawSpan, _ start: Int, _ last: Int, depth: Int) -> Int {
    guard start <= last, depth < skippedDepth else { return -1 }
    let opcode = pickle[start]
    var at = start + 1
    switch opcode {
    case Op.long: return endOfLong(pickle, at, last)
    case Op.binUnicode, Op.binString:
      let length = Int(pickle.load32(at))
      at += 4
      guard length < last - at else { return -1 }
      at += length
      skipPut(pickle, &at)
      return at
    case Op.none: return at
    case Op.binInt1: return at + 1
    case Op.binInt2: return at + 2
    case Op.binFloat: return at + 8
    case Op.emptyList, Op.mark:
      let isList = opcode == Op.emptyList
      if isList {
        skipPut(pickle, &at)
        guard at <= last, pickle[at] == Op.mark else { return at <= last ? at : -1 }
        at += 1
      }
      let end = isList ? Op.appends : Op.tuple
      while at <= last, pickle[at] != end {
        at = skip(pickle, at, last, depth: depth + 1)
        if at < 0 { return -1 }
      }
      guard at <= last else { return -1 }
      at += 1
      if !isList { skipPut(pickle, &at) }
      return at
    case Op.emptyDictionary:
      skipPut(pickle, &at)
      // Without a mark it is empty or has one item: what follows does not tell which.
      guard at < last, pickle[at] == Op.mark else { return -1 }
      at += 1
      while at <= last, pickle[at] != Op.setItems {
        // Text is hashable for certain.
        guard pickle[at] == Op.binUnicode else { return -1 }
        at = skip(pickle, at, last, depth: depth + 1)
        if at < 0 { return -1 }
        at = skip(pickle, at, last, depth: depth + 1)
        if at < 0 { return -1 }
      }
      return at <= last ? at + 1 : -1
    default: return scalar(pickle, opcode, start, last).at
    }
  }

  /// Digits of a number that is stepped over, about; longer ones are for the machine.
  private static var longestSkippedNumber: Int { 64 }

  /// The offset behind the newline of LONG's decimal text, or -1: it is not plainly a number.
  @inline(__always)
  private static func endOfLong(_ pickle: RawSpan, _ start: Int, _ last: Int) -> Int {
    // Thread identifiers have 15 digits: two words. The padding covers both.
    guard start <= last else { return -1 }
    var at = start
    var digits = pickle.load64(at).leadingDigits
    while digits == 8, at &- start < longestSkippedNumber {
      at &+= 8
      guard at <= last else { return -1 }
      digits = pickle.load64(at).leadingDigits
    }
    at &+= digits
    // A number with a zero in front is none.
    if pickle[start] == UInt8(ascii: "0"), at != start &+ 1 { return -1 }
    guard digits < 8, at > start, at &+ 1 < last, pickle[at] == UInt8(ascii: "L"), pickle[at &+ 1] == UInt8(ascii: "\n")
    else { return -1 }
    return at &+ 2
  }

  /// The offset of the first key, or -1.
  @inline(__always)
  private static func start(of pickle: RawSpan, _ end: Int) -> Int {
    // EMPTY_DICT, BINPUT, MARK: what protocol 1 writes.
    if pickle.load32(0) & 0xff00_ffff == 0x2800_717d { return end >= 4 ? 4 : -1 }
    return anyStart(of: pickle, end)
  }

  @inline(never)
  private static func anyStart(of pickle: RawSpan, _ end: Int) -> Int {
    var at = 0
    if pickle[0] == Op.proto {
      guard pickle[1] <= Op.highestProtocol else { return -1 }
      at = 2
      if pickle[2] == Op.frame { at = 11 }
    }
    guard pickle[at] == Op.emptyDictionary else { return -1 }
    at += 1
    skipPut(pickle, &at)
    guard at < end, pickle[at] == Op.mark else { return -1 }
    return at + 1
  }

  /// Steps over PUT's binary forms and MEMOIZE. It may end up behind the pickle's end, but within
  /// the padding: the caller looks.
  @inline(__always)
  static func skipPut(_ pickle: RawSpan, _ at: inout Int) {
    let opcode = pickle[at]
    if opcode == Op.binPut {
      at &+= 2
    } else if opcode == Op.memoize {
      at &+= 1
    } else if opcode == Op.longBinPut {
      at &+= 5
    }
  }

  /// INT and LONG: decimal text up to a newline; `I00` and `I01` are booleans. Nil where it is not
  /// plainly a number of at most 18 digits.
  private static func decimal(_ pickle: RawSpan, _ at: inout Int, _ end: Int, isLong: Bool) -> PickleValue? {
    let start = at
    guard at < end else { return nil }
    let negative = pickle[at] == UInt8(ascii: "-")
    if negative { at += 1 }
    let firstDigit = at
    var number: Int64 = 0
    while at < end, pickle[at] &- UInt8(ascii: "0") < 10 {
      guard at - firstDigit < 18 else { return nil }
      number = number * 10 + Int64(pickle[at] - UInt8(ascii: "0"))
      at += 1
    }
    guard at > firstDigit else { return nil }
    let digits = at - firstDigit
    if isLong, at < end, pickle[at] == UInt8(ascii: "L") { at += 1 }
    guard at < end, pickle[at] == UInt8(ascii: "\n") else { return nil }
    at += 1
    if !isLong, digits == 2, firstDigit == start, number < 2, pickle[start] == UInt8(ascii: "0") {
      return .bool(number == 1)
    }
    // To INT that is octal, and to LONG no number: the machine knows.
    if digits > 1, pickle[firstDigit] == UInt8(ascii: "0") { return nil }
    return .integer(negative ? -number : number)
  }

  /// LONG1 of at most eight bytes.
  private static func long1(_ pickle: RawSpan, _ at: inout Int, _ end: Int) -> PickleValue? {
    let length = Int(pickle[at])
    guard length > 0, length <= 8, at + 1 + length < end else { return length == 0 ? zero(&at) : nil }
    var number: UInt64 = 0
    for index in 0..<length { number |= UInt64(pickle[at + 1 + index]) << UInt64(8 * index) }
    at += 1 + length
    let unused = Int64(64 - 8 * length)
    return .integer(Int64(bitPattern: number << UInt64(unused)) >> unused)
  }

  private static func zero(_ at: inout Int) -> PickleValue {
    at += 1
    return .integer(0)
  }

  /// The opcodes of the stock shape, with pickle.py's names.
  enum Op {
    static let highestProtocol: UInt8 = 5
    static let proto: UInt8 = 0x80
    static let frame: UInt8 = 0x95
    static let emptyDictionary = UInt8(ascii: "}")
    static let mark = UInt8(ascii: "(")
    static let emptyList = UInt8(ascii: "]")
    static let appends = UInt8(ascii: "e")
    static let tuple = UInt8(ascii: "t")
    static let setItems = UInt8(ascii: "u")
    static let stop = UInt8(ascii: ".")
    static let binGet = UInt8(ascii: "h")
    static let binPut = UInt8(ascii: "q")
    static let longBinPut = UInt8(ascii: "r")
    static let memoize: UInt8 = 0x94
    static let binUnicode = UInt8(ascii: "X")
    static let shortBinUnicode: UInt8 = 0x8c
    static let binString = UInt8(ascii: "T")
    static let shortBinString = UInt8(ascii: "U")
    static let none = UInt8(ascii: "N")
    static let newTrue: UInt8 = 0x88
    static let newFalse: UInt8 = 0x89
    static let int = UInt8(ascii: "I")
    static let long = UInt8(ascii: "L")
    static let long1: UInt8 = 0x8a
    static let binInt = UInt8(ascii: "J")
    static let binInt1 = UInt8(ascii: "K")
    static let binInt2 = UInt8(ascii: "M")
    static let binFloat = UInt8(ascii: "G")
  }
}

/// The values of one record by slot.
public struct RecordValues: ~Escapable {
  @usableFromInline let slots: Span<RecordReader.Slot>
  /// Another one with each record.
  public let serial: UInt32

  @inlinable @inline(__always)
  @_lifetime(copy slots)
  init(slots: Span<RecordReader.Slot>, serial: UInt32) {
    self.slots = slots
    self.serial = serial
  }

  /// The value of a slot, or nil where the record has none.
  @inlinable @inline(__always)
  public subscript(_ slot: Int) -> PickleValue? {
    let found = slots[slot]
    return found.serial == serial ? found.value : nil
  }
}

extension UInt64 {
  /// How many of its bytes from the lowest on are ASCII digits.
  fileprivate var leadingDigits: Int {
    // Digits become 0 to 9, which 0x76 does not carry into the highest bit. A carry out of a byte
    // only falsifies higher ones, and the lowest that is marked counts.
    let values = self ^ 0x3030_3030_3030_3030
    let others = ((values &+ 0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080
    return others.trailingZeroBitCount / 8
  }
}
