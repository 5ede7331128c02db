/// Names, and the calls that a pickle asks for: inert descriptions, and the few builtin values.
extension Unpickler {
  // MARK: Names

  /// GLOBAL: two lines, the module and the name.
  mutating func pushGlobal(_ bytes: RawSpan) throws(PickleError) {
    let global = try globalLines(bytes)
    try push(global)
  }

  private mutating func globalLines(_ bytes: RawSpan) throws(PickleError) -> PickleValue {
    let module = try line(bytes, limit: PickleLimits.name)
    let name = try line(bytes, limit: PickleLimits.name)
    return try makeGlobal(
      .slice(.string, offset: module.lowerBound, length: module.count),
      .slice(.string, offset: name.lowerBound, length: name.count), bytes)
  }

  /// STACK_GLOBAL: two strings from the stack.
  mutating func stackGlobal(_ bytes: RawSpan) throws(PickleError) {
    let first = try reach(2)
    let module = stack[first]
    let name = stack[first + 1]
    guard isText(module), isText(name) else { throw fail(.malformed, "STACK_GLOBAL: no strings") }
    let longest = Int(max(module.length, name.length))
    guard longest <= PickleLimits.name else { throw exceeded("a name is too long", PickleLimits.name, longest) }
    let global = try makeGlobal(module, name, bytes)
    try replace(from: first, by: global)
  }

  private func isText(_ value: PickleValue) -> Bool { value.kind == .string || value.kind == .string2 }

  private mutating func makeGlobal(
    _ module: PickleValue, _ name: PickleValue, _ bytes: RawSpan
  ) throws(PickleError) -> PickleValue {
    let known = KnownGlobal(module: arena.bytes(module, bytes), name: arena.bytes(name, bytes))
    if known == .ellipsis { return PickleValue(.ellipsis) }
    if known == .notImplemented { return PickleValue(.notImplemented) }
    let global = try arena.makePair(.global, module, name, at: start)
    arena.mark(global, as: known)
    return global
  }

  /// EXT1, EXT2, EXT4: a number that stands for a name in a registry that nobody sent.
  mutating func pushExtension(lengthBytes: Int, _ bytes: RawSpan) throws(PickleError) {
    try need(lengthBytes, bytes)
    let code: Int32 =
      switch lengthBytes {
      case 1: Int32(bytes[position])
      case 2: Int32(bytes.load16(position))
      default: Int32(bitPattern: bytes.load32(position))
      }
    position += lengthBytes
    guard code > 0 else { throw fail(.malformed, "an extension code that is not positive") }
    try push(PickleValue(.extensionCode, bits: UInt64(code)))
  }

  /// PERSID: an identifier in a line of text.
  mutating func pushPersistentID(_ bytes: RawSpan) throws(PickleError) {
    let line = try line(bytes)
    let node = try arena.makeNode(.persistentID, at: start)
    try arena.append(.slice(.string, offset: line.lowerBound, length: line.count), to: node, at: start)
    try push(node)
  }

  /// BINPERSID: an identifier from the stack.
  mutating func popPersistentID() throws(PickleError) {
    let identifier = try popValue()
    let node = try arena.makeNode(.persistentID, at: start)
    try arena.append(identifier, to: node, at: start)
    try push(node)
  }

  // MARK: Calls

  /// What a pickle may want called: names, and what calls returned. Numbers and texts never are.
  private func checkCallable(_ value: PickleValue) throws(PickleError) {
    switch value.kind {
    case .global, .object, .persistentID, .extensionCode: return
    default: throw fail(.malformed, "a call of what is no name")
    }
  }

  /// REDUCE: `callable(*arguments)`.
  mutating func reduce(_ bytes: RawSpan) throws(PickleError) {
    let first = try reach(2)
    let result = try call(stack[first], stack[first + 1], bytes)
    try replace(from: first, by: result)
  }

  /// NEWOBJ: `cls.__new__(cls, *arguments)`.
  mutating func newObject(_ bytes: RawSpan) throws(PickleError) {
    let first = try reach(2)
    let result = try new(stack[first], stack[first + 1], bytes)
    try replace(from: first, by: result)
  }

  /// NEWOBJ_EX: `cls.__new__(cls, *arguments, **keywords)`.
  mutating func newObjectWithKeywords() throws(PickleError) {
    let first = try reach(3)
    let result = try newWithKeywords(stack[first], stack[first + 1], stack[first + 2])
    try replace(from: first, by: result)
  }

  /// INST: a name in two lines, its arguments above the mark.
  mutating func instantiate(_ bytes: RawSpan) throws(PickleError) {
    let first = try popMark()
    let global = try globalLines(bytes)
    let arguments = try arena.makeTuple(stack, first..<top, at: start)
    let result = try call(global, arguments, bytes)
    try replace(from: first, by: result)
  }

  /// OBJ: the callable and its arguments above the mark.
  mutating func instantiateFromStack(_ bytes: RawSpan) throws(PickleError) {
    let first = try popMark()
    guard first < top else { throw fail(.stackUnderflow, "OBJ: no class above the mark") }
    let arguments = try arena.makeTuple(stack, first + 1..<top, at: start)
    let result = try call(stack[first], arguments, bytes)
    try replace(from: first, by: result)
  }

  private mutating func call(
    _ callable: PickleValue, _ arguments: PickleValue, _ bytes: RawSpan
  ) throws(PickleError) -> PickleValue {
    try checkCallable(callable)
    guard arguments.kind == .tuple else { throw fail(.malformed, "a call's arguments are no tuple") }
    let known = callable.kind == .global ? arena.nodes[callable.node].known : .unknown
    switch known {
    case .unknown: break
    case .reconstructor:
      if let object = try reconstruct(arguments) { return object }
    case .newObject:
      if let (cls, rest) = try splitFirst(arguments) { return try new(cls, rest, bytes) }
    case .newObjectWithKeywords:
      if arena.count(arguments) == 3, let cls = arena.item(arguments, 0),
        let positional = arena.item(arguments, 1), let keywords = arena.item(arguments, 2),
        positional.kind == .tuple, keywords.kind == .dictionary
      {
        return try newWithKeywords(cls, positional, keywords)
      }
    default:
      if let value = try makeBuiltin(known, arguments, bytes) { return value }
    }
    return try arena.makeObject(callable, arguments: arguments, keywords: .none, at: start)
  }

  private mutating func new(
    _ cls: PickleValue, _ arguments: PickleValue, _ bytes: RawSpan
  ) throws(PickleError) -> PickleValue {
    try checkCallable(cls)
    guard arguments.kind == .tuple else { throw fail(.malformed, "NEWOBJ: the arguments are no tuple") }
    let known = cls.kind == .global ? arena.nodes[cls.node].known : .unknown
    switch known {
    // What these are filled with comes from `__init__`, which NEWOBJ does not call.
    case .list: return try arena.makeNode(.list, at: start)
    case .dict: return try arena.makeNode(.dictionary, at: start)
    case .set: return try arena.makeNode(.set, at: start)
    case .byteArray: return .slice(.byteArray, offset: 0, length: 0)
    default:
      if let value = try makeBuiltin(known, arguments, bytes) { return value }
    }
    return try arena.makeObject(cls, arguments: arguments, keywords: .none, at: start)
  }

  private mutating func newWithKeywords(
    _ cls: PickleValue, _ arguments: PickleValue, _ keywords: PickleValue
  ) throws(PickleError) -> PickleValue {
    try checkCallable(cls)
    guard arguments.kind == .tuple else { throw fail(.malformed, "NEWOBJ_EX: the arguments are no tuple") }
    guard keywords.kind == .dictionary else { throw fail(.malformed, "NEWOBJ_EX: the keywords are no dictionary") }
    return try arena.makeObject(cls, arguments: arguments, keywords: keywords, at: start)
  }

  /// `copyreg._reconstructor(cls, base, state)`: an instance of `cls` that, where `base` is not
  /// `object`, holds `state` as the value of the builtin type it derives from.
  private mutating func reconstruct(_ arguments: PickleValue) throws(PickleError) -> PickleValue? {
    guard arena.count(arguments) == 3, let cls = arena.item(arguments, 0), let base = arena.item(arguments, 1),
      let state = arena.item(arguments, 2)
    else { return nil }
    try checkCallable(cls)
    var rest = PickleValue.none
    if base.kind != .global || arena.nodes[base.node].known != .object {
      rest = try arena.makeNode(.tuple, at: start)
      try arena.append(state, to: rest, at: start)
    }
    return try arena.makeObject(cls, arguments: rest, keywords: .none, at: start)
  }

  /// A tuple's first item, and a tuple of the others.
  private mutating func splitFirst(
    _ tuple: PickleValue
  ) throws(PickleError) -> (first: PickleValue, rest: PickleValue)? {
    var cursor = arena.cursor(tuple)
    guard let first = arena.next(&cursor) else { return nil }
    let rest = try arena.makeNode(.tuple, at: start)
    while let item = arena.next(&cursor) { try arena.append(item, to: rest, at: start) }
    return (first, rest)
  }

  /// BUILD: the state that `__setstate__` or the instance's `__dict__` would have got. A second
  /// one replaces the first.
  mutating func build() throws(PickleError) {
    let first = try reach(2)
    let state = stack[first + 1]
    if stack[first].kind == .object {
      arena.setField(stack[first], ObjectField.state, state)
    } else if !isEmptyState(state) {
      throw fail(.malformed, "BUILD: state for a value that has none")
    }
    top -= 1
  }

  /// `None`, or `(None, None)`: nothing for the `__dict__` and nothing for the slots.
  private func isEmptyState(_ state: PickleValue) -> Bool {
    if state.kind == .none { return true }
    guard state.kind == .tuple, arena.count(state) == 2 else { return false }
    return arena.item(state, 0)?.kind == PickleValue.Kind.none && arena.item(state, 1)?.kind == PickleValue.Kind.none
  }
}
