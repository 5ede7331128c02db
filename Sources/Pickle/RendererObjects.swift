/// Objects and names: nothing here calls or looks up anything. Pairs of a module and a name select
/// a text of Onggi's own (`StandardValue`), everything else is shown as the call it describes.
extension Renderer {
  /// Globals, objects, persistent IDs and extension codes.
  ///
  /// Values inside are rendered by `render(_:_:_:_:into:)` (not by the public `str`, `repr` and
  /// `ascii`), between `enter(_:)` and `leave(_:)` of the object that shows them.
  mutating func renderObject(
    _ value: PickleValue, _ style: TextStyle, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    switch value.kind {
    case .extensionCode:
      out.appendASCII("<extension code ")
      out.appendInteger(value.asInteger)
      out.append(UInt8(ascii: ">"))
    case .global:
      try spend(Renderer.nameWork)
      if let standard = arena.standardValue(value, frame) {
        try renderStandard(standard, style, arena, frame, into: &out)
      } else {
        try renderGlobal(value, arena, frame, into: &out)
      }
    default:
      // What is looked at before anything is shown is work, too.
      try spend(Renderer.nameWork + workOfLooking(at: value, arena))
      let standard = value.kind == .object ? arena.standardValue(value, frame) : nil
      guard try enter(value) else { return out.appendASCII(standard.map(cycleText) ?? "...") }
      if let standard {
        try renderStandard(standard, style, arena, frame, into: &out)
      } else if value.kind == .persistentID {
        out.appendASCII("<persistent id ")
        try render(arena.item(value, 0) ?? .none, style.nested, arena, frame, into: &out)
        out.append(UInt8(ascii: ">"))
      } else {
        try renderDescription(of: value, style.nested, arena, frame, into: &out)
      }
      leave(value)
    }
  }

  /// A name is looked for in lists of a few hundred, which takes about as long as this many short values.
  private static let nameWork = 8

  private func workOfLooking(at object: PickleValue, _ arena: borrowing PickleArena) -> Int {
    guard object.kind == .object else { return 0 }
    var work = 0
    for field in [ObjectField.arguments, ObjectField.state] {
      let value = arena.field(object, field)
      guard value.kind == .tuple || value.kind == .dictionary else { continue }
      work += arena.count(value)
      // Pairs of an OrderedDict, names of slots.
      for index in 0..<2 where value.kind == .tuple {
        guard let part = arena.item(value, index) else { break }
        if part.kind == .list || part.kind == .tuple || part.kind == .dictionary { work += arena.count(part) }
      }
    }
    return work
  }

  /// What Python shows for an object inside of its own `repr()`.
  private func cycleText(_ value: StandardValue) -> StaticString {
    switch value {
    case .deque: "[...]"
    case .defaultDictionary: "defaultdict(...)"
    case .namespace: "namespace(...)"
    default: "..."
    }
  }

  // MARK: Names

  /// A class as `repr(class)`; a name that may be anything as `<global module.name>`.
  private mutating func renderGlobal(
    _ global: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    guard let name = arena.globalName(global, frame) else { throw .invalid }
    let meaning = StandardName.of(global, arena, frame)
    switch meaning {
    case .builtinFunction, .getattr:
      out.appendASCII("<built-in function ")
      try appendName(name.rawBytes, into: &out)
      out.append(UInt8(ascii: ">"))
    case .enumeration(let enumeration):
      out.appendASCII("<enum '")
      out.append(contentsOf: enumeration.name.utf8)
      out.appendASCII("'>")
    case .regularExpressionFlag:
      out.appendASCII("<flag 'RegexFlag'>")
    case .pattern, .getLogger, .unpickledZoneInfo, .pytzZone, .pytzUTC:
      try appendGlobal(global, "<global ", ">", arena, frame, into: &out)
    case nil where !StandardName.isClassName(name.rawBytes):
      try appendGlobal(global, "<global ", ">", arena, frame, into: &out)
    default:
      try appendGlobal(global, "<class '", "'>", arena, frame, into: &out)
    }
  }

  private mutating func appendGlobal(
    _ global: PickleValue, _ before: StaticString, _ after: StaticString, _ arena: borrowing PickleArena,
    _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    out.appendASCII(before)
    try appendQualifiedName(global, arena, frame, into: &out)
    out.appendASCII(after)
  }

  /// `module.name` in Python 3.13's spelling; a builtin's name alone.
  private mutating func appendQualifiedName(
    _ global: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    guard let module = arena.globalModule(global, frame), let name = arena.globalName(global, frame) else {
      throw .invalid
    }
    if !module.rawBytes.equals("builtins") {
      try appendName(module.rawBytes, into: &out)
      out.append(UInt8(ascii: "."))
    }
    try appendName(name.rawBytes, into: &out)
  }

  /// A name as it is, or with the escapes of a text's `repr()` where it could pass for something else.
  private func appendName(_ name: RawSpan, into out: inout [UInt8]) throws(RenderError) {
    if name.firstNotPlain() == name.byteCount { return out.append(name) }
    var quoted: [UInt8] = []
    try quoted.appendRepr(name)
    out.append(contentsOf: quoted.dropFirst().dropLast())
  }

  // MARK: Calls

  /// The text of an object whose class is not known.
  ///
  /// - `app.models.Color(1)`: a call's arguments, no state.
  /// - `Order(id=7, name='x')`: no arguments, and a state of attributes only; what `repr()` of a
  ///   dataclass is.
  /// - `<app.models.Order object: {'_id': 7}>`: any other state, items after it.
  private mutating func renderDescription(
    of object: PickleValue, _ style: TextStyle, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    let callable = arena.field(object, ObjectField.callable)
    let arguments = arena.field(object, ObjectField.arguments)
    let keywords = arena.field(object, ObjectField.keywords)
    let listItems = arena.field(object, ObjectField.listItems)
    let dictionaryItems = arena.field(object, ObjectField.dictionaryItems)
    let states = arena.states(of: object)
    let extras = (states + [listItems, dictionaryItems]).filter { $0.kind != .none }
    let hasArguments = arena.count(of: arguments) > 0 || keywords.kind == .dictionary && arena.count(keywords) > 0

    if !hasArguments, extras.count == 1, let attributes = states.first, arena.areAttributes(attributes, frame) {
      return try renderAttributes(attributes, of: callable, style, arena, frame, into: &out)
    }
    let isCall = extras.isEmpty && hasArguments || !hasArguments && extras.count == 1 && states.isEmpty
    if !isCall { out.append(UInt8(ascii: "<")) }
    if callable.kind == .global {
      try appendQualifiedName(callable, arena, frame, into: &out)
    } else {
      try render(callable, style, arena, frame, into: &out)
    }
    if hasArguments {
      try renderArguments(arguments, keywords, style, arena, frame, into: &out)
    } else if !isCall {
      out.appendASCII(" object")
    }
    if isCall, let items = extras.first {
      out.append(UInt8(ascii: "("))
      try render(items, style, arena, frame, into: &out)
      return out.append(UInt8(ascii: ")"))
    }
    var separator: StaticString = ": "
    for extra in extras {
      out.appendASCII(separator)
      separator = ", "
      try render(extra, style, arena, frame, into: &out)
    }
    if !isCall { out.append(UInt8(ascii: ">")) }
  }

  /// `(a, b, k=v)`.
  private mutating func renderArguments(
    _ arguments: PickleValue, _ keywords: PickleValue, _ style: TextStyle, _ arena: borrowing PickleArena,
    _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    out.append(UInt8(ascii: "("))
    var isFirst = true
    if arguments.kind == .tuple {
      var cursor = arena.cursor(arguments)
      while let argument = arena.next(&cursor) {
        if !isFirst { out.appendASCII(", ") }
        isFirst = false
        try render(argument, style, arena, frame, into: &out)
      }
    }
    if keywords.kind == .dictionary {
      if !isFirst { out.appendASCII(", ") }
      try renderKeywords(keywords, style, arena, frame, into: &out)
    }
    out.append(UInt8(ascii: ")"))
  }

  /// `Name(a=1, b=2)`: the class' qualified name without its module.
  private mutating func renderAttributes(
    _ attributes: PickleValue, of callable: PickleValue, _ style: TextStyle, _ arena: borrowing PickleArena,
    _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    if let name = arena.globalName(callable, frame) {
      try appendName(name.rawBytes, into: &out)
    } else {
      try render(callable, style, arena, frame, into: &out)
    }
    out.append(UInt8(ascii: "("))
    try renderKeywords(attributes, style, arena, frame, into: &out)
    out.append(UInt8(ascii: ")"))
  }

  /// `a=1, b=2`: the keys that are texts.
  mutating func renderKeywords(
    _ keywords: PickleValue, _ style: TextStyle, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    var isFirst = true
    var cursor = arena.cursor(keywords)
    while let key = arena.next(&cursor), let value = arena.next(&cursor) {
      guard arena.isText(key), key.length > 0 else { continue }
      if !isFirst { out.appendASCII(", ") }
      isFirst = false
      try appendName(arena.bytes(key, frame), into: &out)
      out.append(UInt8(ascii: "="))
      try render(value, style, arena, frame, into: &out)
    }
  }
}

extension PickleArena {
  /// A global's module as Python 3.13 calls it; nil for what is no global.
  func globalModule(_ global: PickleValue, _ frame: RawSpan) -> [UInt8]? {
    globalSpelling(global, frame)?.module
  }

  /// A global's qualified name as Python 3.13 calls it; nil for what is no global.
  func globalName(_ global: PickleValue, _ frame: RawSpan) -> [UInt8]? {
    globalSpelling(global, frame)?.name
  }

  private func globalSpelling(_ global: PickleValue, _ frame: RawSpan) -> (module: [UInt8], name: [UInt8])? {
    guard global.kind == .global, let module = item(global, 0), let name = item(global, 1), module.isSlice, name.isSlice
    else { return nil }
    let (moduleSpan, nameSpan) = (bytes(module, frame), bytes(name, frame))
    if let pair = NameSpelling.pair(moduleSpan, nameSpan) { return (Array(pair.module.utf8), Array(pair.name.utf8)) }
    var spelled: (module: [UInt8], name: [UInt8]) = ([], [])
    spelled.name.append(nameSpan)
    switch StandardName.of(global, self, frame) {
    case .path: spelled.module = Array("pathlib._local".utf8)
    case .exception(let exception): spelled = (Array(exception.module.utf8), Array(exception.name.utf8))
    default:
      if let spelling = NameSpelling.module(moduleSpan) {
        spelled.module = Array(spelling.utf8)
      } else {
        spelled.module.append(moduleSpan)
      }
    }
    return spelled
  }

  /// The parts of an object's state that hold anything: `copyreg` sends `(attributes, slots)`
  /// where a class has `__slots__`.
  func states(of object: PickleValue) -> [PickleValue] {
    let state = field(object, ObjectField.state)
    var parts = [state]
    if state.kind == .tuple, count(state) == 2, let attributes = item(state, 0), let slots = item(state, 1),
      slots.kind == .dictionary, attributes.kind == .dictionary || attributes.kind == .none
    {
      parts = [attributes, slots]
    }
    return parts.filter { $0.kind != .none && !($0.kind == .dictionary && count($0) == 0) }
  }

  /// Bytes of the longest name that is looked at: nobody writes longer ones.
  private static let longestAttribute: UInt32 = 255

  /// Whether a state consists of public attributes alone.
  func areAttributes(_ state: PickleValue, _ frame: RawSpan) -> Bool {
    guard state.kind == .dictionary else { return false }
    var cursor = cursor(state)
    while let key = next(&cursor), next(&cursor) != nil {
      guard isText(key), (1...PickleArena.longestAttribute).contains(key.length) else { return false }
      let name = bytes(key, frame)
      guard name[0] != UInt8(ascii: "_") else { return false }
      for offset in 0..<name.byteCount {
        switch name[offset] {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), 0x80...:
          continue
        case UInt8(ascii: "0")...UInt8(ascii: "9") where offset > 0: continue
        default: return false
        }
      }
    }
    return true
  }
}
