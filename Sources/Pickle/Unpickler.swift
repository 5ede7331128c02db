/// The pickle machine: reads one pickle into inert values.
///
/// It knows every opcode of protocols 0 to 5 and follows CPython's `_pickle.c` in what it accepts,
/// with one difference that is its purpose: **no path leads from a name to a call.** What CPython
/// would import becomes a `global`, what it would call becomes an `object`, the description of the
/// call; only calls that make builtin values (`set([1])`) are carried out, on values.
///
/// Text and bytes stay where they are: values are slices of the frame. All state is in flat arrays
/// with limits (`PickleLimits`), so that neither depth nor size of a pickle can exhaust anything.
public struct Unpickler: ~Copyable {
  /// What the values of the last `load` refer to. The next `load` begins by forgetting it.
  public var arena = PickleArena()
  /// Bytes of the last pickle up to and including its STOP. What follows is not looked at.
  public private(set) var consumed = 0

  /// The values on the stack are the first `top`. What lies above is left over and means nothing:
  /// taking values away only moves `top`.
  var stack: [PickleValue] = []
  var top = 0
  /// For each MARK how many values lay on the stack then.
  var marks: [Int] = []
  /// The last of `marks`, or 0: values below it are out of reach.
  var fence = 0
  var memo = PickleMemo()
  /// The next byte to read.
  var position = 0
  /// The current opcode's first byte: where errors are.
  var start = 0
  /// Counts against `PickleLimits.encoded`.
  var encodedBytes = 0

  public init() {}

  /// Reads one pickle from the beginning of `bytes`.
  ///
  /// The value and all that it refers to are slices of `bytes` and numbers in `arena`: they mean
  /// something until the next `load` or `reset`.
  public mutating func load(_ bytes: RawSpan) throws(PickleError) -> PickleValue {
    reset()
    guard bytes.byteCount <= PickleLimits.bytes else {
      throw PickleError(
        .limitExceeded, "the pickle is too long", at: 0, limit: PickleLimits.bytes, actual: bytes.byteCount)
    }
    do throws(PickleError) {
      let value = try run(bytes)
      consumed = position
      clearMachine()
      return value
    } catch {
      reset()
      throw error
    }
  }

  /// Forgets the last pickle, and gives memory back that an ordinary one does not need.
  public mutating func reset() {
    arena.reset()
    clearMachine()
    position = 0
    start = 0
    consumed = 0
    encodedBytes = 0
  }

  private mutating func clearMachine() {
    if stack.count > PickleLimits.keptArenaValues { stack = [] }
    marks.clear()
    memo.clear()
    top = 0
    fence = 0
  }

  private mutating func run(_ bytes: RawSpan) throws(PickleError) -> PickleValue {
    var opcodes = 0
    while true {
      start = position
      guard position < bytes.byteCount else { throw fail(.truncated, "the pickle ends before STOP") }
      opcodes += 1
      guard opcodes <= PickleLimits.opcodes else {
        throw exceeded("too many opcodes", PickleLimits.opcodes, opcodes)
      }
      guard let opcode = Opcode(rawValue: bytes[position]) else {
        throw fail(.unknownOpcode, "no opcode of protocols 0 to 5")
      }
      position += 1
      switch opcode {
      // Texts and bytes.
      case .binunicode: try pushSlice(.string, lengthBytes: 4, bytes)
      case .shortBinunicode: try pushSlice(.string, lengthBytes: 1, bytes)
      case .binunicode8: try pushSlice(.string, lengthBytes: 8, bytes)
      case .shortBinstring: try pushSlice(.string2, lengthBytes: 1, bytes)
      case .binstring: try pushBinstring(bytes)
      case .shortBinbytes: try pushSlice(.bytes, lengthBytes: 1, bytes)
      case .binbytes: try pushSlice(.bytes, lengthBytes: 4, bytes)
      case .binbytes8: try pushSlice(.bytes, lengthBytes: 8, bytes)
      case .bytearray8: try pushSlice(.byteArray, lengthBytes: 8, bytes)
      case .string: try push(quotedString(bytes))
      case .unicode: try push(rawUnicodeEscape(bytes))

      // Numbers and singletons.
      case .none: try push(.none)
      case .newtrue: try push(.bool(true))
      case .newfalse: try push(.bool(false))
      case .binint:
        try need(4, bytes)
        try push(.integer(Int64(Int32(bitPattern: bytes.load32(position)))))
        position += 4
      case .binint1:
        try need(1, bytes)
        try push(.integer(Int64(bytes[position])))
        position += 1
      case .binint2:
        try need(2, bytes)
        try push(.integer(Int64(bytes.load16(position))))
        position += 2
      case .binfloat:
        try need(8, bytes)
        try push(PickleValue(.float, bits: bytes.load64(position).byteSwapped))
        position += 8
      case .int: try push(intText(bytes))
      case .long: try push(longText(bytes))
      case .long1: try push(binaryInteger(lengthBytes: 1, bytes))
      case .long4: try push(binaryInteger(lengthBytes: 4, bytes))
      case .float: try push(floatText(bytes))

      // Containers.
      case .emptyDict: try push(arena.makeNode(.dictionary, at: start))
      case .emptyList: try push(arena.makeNode(.list, at: start))
      case .emptyTuple: try push(arena.makeNode(.tuple, at: start))
      case .emptySet: try push(arena.makeNode(.set, at: start))
      case .tuple: try makeTuple(from: popMark())
      case .tuple1: try makeTuple(from: reach(1))
      case .tuple2: try makeTuple(from: reach(2))
      case .tuple3: try makeTuple(from: reach(3))
      case .list: try makeList()
      case .dict: try makeDictionary()
      case .frozenset: try makeFrozenSet()
      case .append:
        let first = try reach(2) + 1
        try append(from: first)
      case .appends: try append(from: popMark())
      case .setitem:
        let first = try reach(3) + 1
        try setItems(from: first)
      case .setitems: try setItems(from: popMark())
      case .additems: try addItems(from: popMark())

      // The stack and the memo.
      case .mark: try pushMark()
      case .pop: try pop()
      case .popMark:
        top = try popMark()
      case .dup: try push(stack[reach(1)])
      case .binput:
        try need(1, bytes)
        try memoize(UInt32(bytes[position]))
        position += 1
      case .longBinput:
        try need(4, bytes)
        try memoize(bytes.load32(position))
        position += 4
      case .memoize: try memoize(UInt32(memo.count))
      case .put: try memoize(memoIndex(bytes))
      case .binget:
        try need(1, bytes)
        try recall(UInt32(bytes[position]))
        position += 1
      case .longBinget:
        try need(4, bytes)
        try recall(bytes.load32(position))
        position += 4
      case .get: try recall(memoIndex(bytes))

      // Names and what is done with them.
      case .global: try pushGlobal(bytes)
      case .stackGlobal: try stackGlobal(bytes)
      case .reduce: try reduce(bytes)
      case .newobj: try newObject(bytes)
      case .newobjEx: try newObjectWithKeywords()
      case .inst: try instantiate(bytes)
      case .obj: try instantiateFromStack(bytes)
      case .build: try build()
      case .ext1: try pushExtension(lengthBytes: 1, bytes)
      case .ext2: try pushExtension(lengthBytes: 2, bytes)
      case .ext4: try pushExtension(lengthBytes: 4, bytes)
      case .persid: try pushPersistentID(bytes)
      case .binpersid: try popPersistentID()

      // The pickle itself.
      case .proto:
        try need(1, bytes)
        guard bytes[position] <= 5 else { throw fail(.unsupportedProtocol, "a protocol beyond 5") }
        position += 1
      case .frame: try skipFrame(bytes)
      case .nextBuffer: throw fail(.malformed, "NEXT_BUFFER: there are no out-of-band buffers")
      case .readonlyBuffer: throw fail(.malformed, "READONLY_BUFFER: there are no out-of-band buffers")
      case .stop: return try stack[reach(1)]
      }
    }
  }
}

// MARK: - The stack, the marks and the memo

extension Unpickler {
  /// An error at the current opcode.
  func fail(_ code: PickleError.Code, _ detail: StaticString) -> PickleError {
    PickleError(code, detail, at: start)
  }

  func exceeded(_ detail: StaticString, _ limit: Int, _ actual: Int) -> PickleError {
    PickleError(.limitExceeded, detail, at: start, limit: limit, actual: actual)
  }

  /// Throws unless `count` bytes more lie in the pickle.
  @inline(__always)
  func need(_ count: Int, _ bytes: RawSpan) throws(PickleError) {
    guard bytes.byteCount - position >= count else {
      throw fail(.truncated, "the pickle ends within an opcode")
    }
  }

  @inline(__always)
  mutating func push(_ value: PickleValue) throws(PickleError) {
    if top == stack.count { try growStack() }
    stack[top] = value
    top += 1
  }

  @inline(never)
  private mutating func growStack() throws(PickleError) {
    guard top < PickleLimits.stack else {
      throw exceeded("too many values on the stack", PickleLimits.stack, top + 1)
    }
    let more = min(max(64, top), PickleLimits.stack - top)
    stack.makeRoom(for: more, limit: PickleLimits.stack)
    for _ in 0..<more { stack.append(.none) }
  }

  /// Where the topmost `count` values begin. They have to lie above the last mark.
  @inline(__always)
  func reach(_ count: Int) throws(PickleError) -> Int {
    guard top - fence >= count else {
      throw fail(
        .stackUnderflow, marks.isEmpty ? "too few values on the stack" : "too few values on the stack above the mark")
    }
    return top - count
  }

  @inline(__always)
  mutating func popValue() throws(PickleError) -> PickleValue {
    let last = try reach(1)
    top = last
    return stack[last]
  }

  private mutating func pushMark() throws(PickleError) {
    guard marks.count < PickleLimits.marks else {
      throw exceeded("too many marks on the stack", PickleLimits.marks, marks.count + 1)
    }
    marks.append(top)
    fence = top
  }

  /// Takes the last mark away; the values from the index returned were above it.
  @inline(__always)
  mutating func popMark() throws(PickleError) -> Int {
    guard let first = marks.popLast() else { throw fail(.missingMark, "no mark on the stack") }
    fence = marks.last ?? 0
    return first
  }

  /// POP takes a mark where one lies on top.
  private mutating func pop() throws(PickleError) {
    if marks.last == top {
      _ = try popMark()
    } else {
      _ = try popValue()
    }
  }

  @inline(__always)
  private mutating func memoize(_ index: UInt32) throws(PickleError) {
    try memo.put(stack[reach(1)], at: index, offset: start)
  }

  @inline(__always)
  private mutating func recall(_ index: UInt32) throws(PickleError) {
    guard let value = memo[index] else { throw fail(.missingMemo, "no memo entry has this index") }
    try push(value)
  }

  /// FRAME only promises bytes, and CPython believes it: they have to be there.
  private mutating func skipFrame(_ bytes: RawSpan) throws(PickleError) {
    try need(8, bytes)
    guard let length = Int(exactly: bytes.load64(position)) else {
      throw fail(.malformed, "FRAME: the length is no 63-bit number")
    }
    position += 8
    guard bytes.byteCount - position >= length else { throw fail(.truncated, "the pickle ends within a frame") }
  }
}
