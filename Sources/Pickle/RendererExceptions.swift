/// The texts of exceptions: `BaseException_str` and its relatives in CPython's `Objects/exceptions.c`.
extension Renderer {
  mutating func renderException(
    _ exception: ExceptionClass, _ arguments: PickleValue, _ style: TextStyle, _ arena: borrowing PickleArena,
    _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    let view = ExceptionArguments(exception, arguments, arena, frame)
    if style == .str {
      if try renderSpecialText(view, arena, frame, into: &out) { return }
      return try renderPlainText(view, arena, frame, into: &out)
    }
    out.append(contentsOf: view.name.utf8)
    out.append(UInt8(ascii: "("))
    if exception.kind == .jsonDecode {
      var text: [UInt8] = []
      swap(&text, &out)
      let sound = try renderJSONPosition(view, arena, frame, into: &out)
      swap(&text, &out)
      if sound {
        try renderString(text.rawBytes, style, into: &out)
        return out.append(UInt8(ascii: ")"))
      }
    }
    for index in 0..<view.shown {
      if index > 0 { out.appendASCII(", ") }
      try render(view.argument(index, arena), style, arena, frame, into: &out)
    }
    out.append(UInt8(ascii: ")"))
  }

  /// No arguments: nothing. One: its text. More: the tuple.
  private mutating func renderPlainText(
    _ view: ExceptionArguments, _ arena: borrowing PickleArena, _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    switch view.shown {
    case 0: return
    case 1:
      let isKey = view.exception.kind == .keyError
      try render(view.argument(0, arena), isKey ? .repr : .str, arena, frame, into: &out)
    default:
      out.append(UInt8(ascii: "("))
      for index in 0..<view.shown {
        if index > 0 { out.appendASCII(", ") }
        try render(view.argument(index, arena), .repr, arena, frame, into: &out)
      }
      out.append(UInt8(ascii: ")"))
    }
  }

  /// The text of classes that have one of their own; false where the arguments do not make it.
  private mutating func renderSpecialText(
    _ view: ExceptionArguments, _ arena: borrowing PickleArena, _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) -> Bool {
    switch view.exception.kind {
    case .plain, .keyError: return false
    case .osError: return try renderSystemError(view, arena, frame, into: &out)
    case .sslError:
      guard view.count >= 2, arena.isText(view.argument(1, arena)) else { return false }
      try render(view.argument(1, arena), .str, arena, frame, into: &out)
    case .unicodeDecode, .unicodeEncode, .unicodeTranslate:
      return try renderUnicodeError(view, arena, frame, into: &out)
    case .syntaxError: return try renderSyntaxError(view, arena, frame, into: &out)
    case .group:
      guard view.count == 2, arena.isText(view.argument(0, arena)) else { return false }
      let members = view.argument(1, arena)
      guard members.kind == .list || members.kind == .tuple else { return false }
      try render(view.argument(0, arena), .str, arena, frame, into: &out)
      out.appendASCII(" (")
      out.appendInteger(Int64(arena.count(members)))
      out.appendASCII(arena.count(members) == 1 ? " sub-exception)" : " sub-exceptions)")
    case .jsonDecode: return try renderJSONPosition(view, arena, frame, into: &out)
    case .calledProcess: return try renderCalledProcess(view, arena, frame, into: &out)
    case .timeoutExpired:
      guard view.count >= 2 else { return false }
      out.appendASCII("Command '")
      try render(view.argument(0, arena), .str, arena, frame, into: &out)
      out.appendASCII("' timed out after ")
      try render(view.argument(1, arena), .str, arena, frame, into: &out)
      out.appendASCII(" seconds")
    case .urlError:
      guard view.count >= 1 else { return false }
      out.appendASCII("<urlopen error ")
      try render(view.argument(0, arena), .str, arena, frame, into: &out)
      out.append(UInt8(ascii: ">"))
    }
    return true
  }

  /// `[Errno 2] No such file or directory: 'a' -> 'b'`.
  private mutating func renderSystemError(
    _ view: ExceptionArguments, _ arena: borrowing PickleArena, _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) -> Bool {
    guard (2...5).contains(view.count) else { return false }
    out.appendASCII("[Errno ")
    try render(view.argument(0, arena), .str, arena, frame, into: &out)
    out.appendASCII("] ")
    try render(view.argument(1, arena), .str, arena, frame, into: &out)
    guard view.hasFilename else { return true }
    out.appendASCII(": ")
    try render(view.argument(2, arena), .repr, arena, frame, into: &out)
    if view.count == 5, view.argument(4, arena).kind != .none {
      out.appendASCII(" -> ")
      try render(view.argument(4, arena), .repr, arena, frame, into: &out)
    }
    return true
  }

  private mutating func renderUnicodeError(
    _ view: ExceptionArguments, _ arena: borrowing PickleArena, _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) -> Bool {
    let kind = view.exception.kind
    let first = kind == .unicodeTranslate ? 0 : 1
    guard view.count == first + 4 else { return false }
    let (object, reason) = (view.argument(first, arena), view.argument(first + 3, arena))
    let (start, end) = (view.argument(first + 1, arena), view.argument(first + 2, arena))
    guard start.kind == .integer, end.kind == .integer, object.isSlice, arena.isText(reason) else { return false }
    guard first == 0 || arena.isText(view.argument(0, arena)) else { return false }
    let (last, overflow) = end.asInteger.subtractingReportingOverflow(1)
    guard !overflow else { return false }

    if first == 1 {
      out.append(UInt8(ascii: "'"))
      try render(view.argument(0, arena), .str, arena, frame, into: &out)
      out.appendASCII("' codec ")
    }
    out.appendASCII(
      kind == .unicodeDecode ? "can't decode " : kind == .unicodeEncode ? "can't encode " : "can't translate ")
    let isOne = start.asInteger == last && start.asInteger >= 0
    let span = arena.bytes(object, frame)
    if kind == .unicodeDecode {
      if isOne, start.asInteger < span.byteCount {
        out.appendASCII("byte 0x")
        out.appendHex(UInt64(span[Int(start.asInteger)]), width: 2)
      } else {
        out.appendASCII("bytes")
      }
      try renderPosition(
        isOne && start.asInteger < span.byteCount ? nil : last, start.asInteger, reason, arena, frame, into: &out)
      return true
    }
    try spend(span.byteCount >> 6)
    let offset =
      isOne && start.asInteger < span.byteCount ? span.offset(ofCodePoint: Int(start.asInteger)) : span.byteCount
    if offset < span.byteCount {
      out.appendASCII("character '\\")
      let (codePoint, _) = span.codePoint(at: offset)
      let width = codePoint <= 0xFF ? 2 : codePoint <= 0xFFFF ? 4 : 8
      out.append(UInt8(ascii: width == 2 ? "x" : width == 4 ? "u" : "U"))
      out.appendHex(UInt64(codePoint), width: width)
      out.append(UInt8(ascii: "'"))
    } else {
      out.appendASCII("characters")
    }
    try renderPosition(offset < span.byteCount ? nil : last, start.asInteger, reason, arena, frame, into: &out)
    return true
  }

  /// ` in position 3: reason`, ` in position 3-5: reason`.
  private mutating func renderPosition(
    _ last: Int64?, _ start: Int64, _ reason: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    out.appendASCII(" in position ")
    out.appendInteger(start)
    if let last {
      out.append(UInt8(ascii: "-"))
      out.appendInteger(last)
    }
    out.appendASCII(": ")
    try render(reason, .str, arena, frame, into: &out)
  }

  /// `message (file.py, line 3)`.
  private mutating func renderSyntaxError(
    _ view: ExceptionArguments, _ arena: borrowing PickleArena, _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) -> Bool {
    guard view.count >= 1 else {
      out.appendASCII("None")
      return true
    }
    try render(view.argument(0, arena), .str, arena, frame, into: &out)
    guard view.count == 2, view.argument(1, arena).kind == .tuple else { return true }
    let details = view.argument(1, arena)
    let file = arena.item(details, 0) ?? .none
    let line = arena.item(details, 1) ?? .none
    let hasLine = line.kind == .integer
    guard arena.isText(file) || hasLine else { return true }
    out.appendASCII(" (")
    if arena.isText(file) {
      let span = arena.bytes(file, frame)
      try spend(span.byteCount >> 6)
      let name = (0..<span.byteCount).last { span[$0] == UInt8(ascii: "/") }.map { $0 + 1 } ?? 0
      try renderString(span.extracting(name..<span.byteCount), .str, into: &out)
      if hasLine { out.appendASCII(", ") }
    }
    if hasLine {
      out.appendASCII("line ")
      out.appendInteger(line.asInteger)
    }
    out.append(UInt8(ascii: ")"))
    return true
  }

  /// `message: line 1 column 1 (char 0)`.
  private mutating func renderJSONPosition(
    _ view: ExceptionArguments, _ arena: borrowing PickleArena, _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) -> Bool {
    guard view.count == 3, arena.isText(view.argument(0, arena)), arena.isText(view.argument(1, arena)) else {
      return false
    }
    let character = view.argument(2, arena)
    guard character.kind == .integer, (0..<Int64.max).contains(character.asInteger) else { return false }
    let document = arena.bytes(view.argument(1, arena), frame)
    try spend(document.byteCount >> 4)
    let position = Int(character.asInteger)
    let end = position < document.byteCount ? document.offset(ofCodePoint: position) : document.byteCount
    var line = 1
    var lineStart = 0
    for offset in 0..<end where document[offset] == UInt8(ascii: "\n") {
      line += 1
      lineStart = offset + 1
    }
    // The column counts code points, and those beyond the document's end.
    let before = document.extracting(0..<lineStart).countCodePoints()
    try render(view.argument(0, arena), .str, arena, frame, into: &out)
    out.appendASCII(": line ")
    out.appendInteger(Int64(line))
    out.appendASCII(" column ")
    out.appendInteger(Int64(position - before + 1))
    out.appendASCII(" (char ")
    out.appendInteger(Int64(position))
    out.append(UInt8(ascii: ")"))
    return true
  }

  private mutating func renderCalledProcess(
    _ view: ExceptionArguments, _ arena: borrowing PickleArena, _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) -> Bool {
    guard view.count >= 2, view.argument(0, arena).kind == .integer else { return false }
    let code = view.argument(0, arena).asInteger
    out.appendASCII("Command '")
    try render(view.argument(1, arena), .str, arena, frame, into: &out)
    guard code < 0 else {
      out.appendASCII("' returned non-zero exit status ")
      out.appendInteger(code)
      out.append(UInt8(ascii: "."))
      return true
    }
    let (signal, _) = Int64(0).subtractingReportingOverflow(code)
    if let name = EnumerationClass.memberName(signal, of: EnumerationClass.signals.members) {
      out.appendASCII("' died with <Signals.")
      out.append(contentsOf: name.utf8)
      out.appendASCII(": ")
      out.appendInteger(signal)
      out.appendASCII(">.")
    } else {
      out.appendASCII("' died with unknown signal ")
      out.appendInteger(signal)
      out.append(UInt8(ascii: "."))
    }
    return true
  }
}

/// An exception's arguments as its constructor leaves them.
struct ExceptionArguments {
  let exception: ExceptionClass
  /// The class' name: `OSError` becomes the subclass of its number, a group of `Exception`s alone
  /// becomes an `ExceptionGroup`.
  let name: String
  let arguments: PickleValue
  /// All arguments, and those that `args` keeps: `OSError` takes the file names out.
  let count: Int
  let shown: Int
  let hasFilename: Bool

  init(
    _ exception: ExceptionClass, _ arguments: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan
  ) {
    self.exception = exception
    self.arguments = arguments
    count = arena.count(of: arguments)
    var name = exception.name
    var hasFilename = false
    var shown = count
    let takesNames = exception.kind == .osError || exception.kind == .sslError
    if takesNames, (2...5).contains(count) {
      // The third argument of a BlockingIOError is no name where it is a number.
      let third = arena.item(arguments, 2) ?? .none
      let errno = arena.item(arguments, 0) ?? .none
      if name == "OSError", errno.kind == .integer || errno.kind == .bool,
        let subclass = ExceptionClass.osErrorName(errno: errno.asInteger)
      {
        name = subclass
      }
      hasFilename =
        third.kind != .none && !(name == "BlockingIOError" && (third.kind == .integer || third.kind == .bool))
      if hasFilename { shown = 2 }
    }
    self.name = name
    self.hasFilename = hasFilename
    self.shown = shown
  }

  func argument(_ index: Int, _ arena: borrowing PickleArena) -> PickleValue {
    arena.item(arguments, index) ?? .none
  }
}
