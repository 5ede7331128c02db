/// Which of Python's three texts of a value.
public enum TextStyle: UInt8, Sendable, BitwiseCopyable {
  case str, repr, ascii

  /// How a container of this style shows what it holds: `str([x])` contains `repr(x)`.
  @inlinable public var nested: TextStyle { self == .ascii ? .ascii : .repr }
}

/// Python's text of values: `str()`, `repr()` and `ascii()` as Python 3.13 gives them.
///
/// The text is UTF-8 in which lone surrogates stand as three bytes (WTF-8): code points are what
/// widths and precisions count, and the handler that writes decides what becomes of surrogates.
/// Bytes of a text that are not even that are shown as `\xNN`, so that the output is always well formed.
///
/// A renderer counts the work it did since `reset()`, so that one record's fields share one bound.
/// On an error `out` is what it was before the call.
public struct Renderer: Sendable {
  public var charset: Charset
  /// The tz database, for aware times whose zone is a `zoneinfo.ZoneInfo`. Without it such times are
  /// shown as `repr()` shows them.
  public var zones: ZoneLookup?
  var work = 0
  /// How many containers and objects are being rendered right now, one inside the other.
  var depth = 0
  /// A bit for each node of the arena: being rendered right now (`Py_ReprEnter`'s list).
  var open: [UInt64] = []
  /// What `out.count` must not exceed: the start of the value's text plus `RenderLimits.text`.
  var textEnd = 0

  public init(charset: Charset = .utf8) { self.charset = charset }

  /// Starts the account of a new record.
  ///
  /// - Parameter pickleBytes: its pickle's size, at most `PickleLimits.bytes`, which allows all of
  ///   `RenderLimits.work`
  public mutating func reset(pickleBytes: Int) { work = RenderLimits.spent(pickleBytes: pickleBytes) }

  /// Appends `str(value)`.
  public mutating func str(
    _ value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    try text(value, .str, arena, frame, into: &out)
  }

  /// Appends `repr(value)`.
  public mutating func repr(
    _ value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    try text(value, .repr, arena, frame, into: &out)
  }

  /// Appends `ascii(value)`.
  public mutating func ascii(
    _ value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    try text(value, .ascii, arena, frame, into: &out)
  }

  /// A whole value: what `render` does for the values inside of one.
  private mutating func text(
    _ value: PickleValue, _ style: TextStyle, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    let start = out.count
    textEnd = start + RenderLimits.text
    do throws(RenderError) {
      try render(value, style, arena, frame, into: &out)
      if style == .ascii { try escapeNames(from: start, in: &out) }
    } catch {
      out.removeSubrange(start...)
      depth = 0
      open.removeAll(keepingCapacity: true)
      throw error
    }
  }

  /// Escapes what `ascii()` has from names: texts inside of it are escaped already. (`PyObject_ASCII`
  /// is `repr()` with all else escaped, too.)
  private func escapeNames(from start: Int, in out: inout [UInt8]) throws(RenderError) {
    guard out[start...].contains(where: { $0 >= 0x80 }) else { return }
    let text = Array(out[start...])
    out.removeSubrange(start...)
    var offset = 0
    while offset < text.count {
      let (codePoint, length) = text.rawBytes.codePoint(at: offset)
      if codePoint < 0x80 { out.append(text[offset]) } else { out.appendEscape(codePoint) }
      if out.count > textEnd { throw .tooBig }
      offset += max(1, length)
    }
  }

  /// Appends a value's text within the bounds of the value that is being rendered: for everything
  /// that shows other values. Containers give `style.nested`.
  mutating func render(
    _ value: PickleValue, _ style: TextStyle, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    try spend(1)
    switch value.kind {
    case .string: try renderString(arena.bytes(value, frame), style, into: &out)
    case .string2: try renderString2(arena.bytes(value, frame), style, into: &out)
    case .integer: out.appendInteger(value.asInteger)
    case .float: out.appendFloatRepr(value.asDouble)
    case .none: out.appendASCII("None")
    case .bool: out.appendASCII(value.asBool ? "True" : "False")
    case .bigInteger, .decimalInteger: try renderBigInteger(value, arena, frame, into: &out)
    case .bytes: try out.appendBytesRepr(arena.bytes(value, frame), limit: textEnd)
    case .byteArray: try out.appendBytesRepr(arena.bytes(value, frame), isByteArray: true, limit: textEnd)
    case .complex: try renderComplex(value, arena, into: &out)
    case .list, .tuple, .set, .frozenSet: try renderSequence(value, style.nested, arena, frame, into: &out)
    case .dictionary: try renderDictionary(value, style.nested, arena, frame, into: &out)
    case .global, .object, .persistentID, .extensionCode:
      try renderObject(value, style, arena, frame, into: &out)
    case .ellipsis: out.appendASCII("Ellipsis")
    case .notImplemented: out.appendASCII("NotImplemented")
    }
    if out.count > textEnd { throw .tooBig }
  }

  /// Counts work. One unit is about what a short value costs.
  @inline(__always)
  mutating func spend(_ units: Int) throws(RenderError) {
    let sum = work.addingReportingOverflow(units)
    guard !sum.overflow, sum.partialValue <= RenderLimits.work else {
      work = RenderLimits.work
      throw .tooBig
    }
    work = sum.partialValue
  }
}
