/// Writes values as JSON, one line each, in one of two forms.
///
/// - `typed`, the canonical form, which loses nothing but what objects hold: `null`, `true`,
///   `"text"`, `[list items]`; `{"int":"1"}` (beyond `RenderLimits.integerDigits` in hexadecimal,
///   `0x…`), `{"float":repr}`, `{"complex":[repr,repr]}`, `{"bytes":hex}`, `{"bytearray":hex}`,
///   `{"str2":hex}`, `{"codepoints":[…]}` (text with lone surrogates), `{"invalid_utf8":hex}`,
///   `{"tuple":[…]}`, `{"set":[…]}` and `{"frozenset":[…]}` sorted by their items' JSON,
///   `{"dict":[[key,value],…]}`, `{"cycle":n}` (the container n levels up),
///   `{"object":"module.name"}`.
/// - `readable`, for people and `jq`: numbers, texts, lists and dictionaries are JSON's own; tuples
///   and sets are arrays; everything else is a string, Python's `repr`.
///
/// Depth, work and size are bounded by `RenderLimits`; the work of all values since `reset()`
/// counts together.
public struct PickleJSON: Sendable {
  public enum Form: Sendable { case typed, readable }

  public let form: Form
  var renderer: Renderer
  var work = 0
  /// What `out.count` must not exceed.
  var end = 0
  var readsString2AsText = false
  /// The containers that are being written, outermost first: depth costs no recursion.
  private var open: [Container] = []
  /// For each node how deep it is in `open`, from 1; 0 elsewhere.
  private var depths: [UInt16] = []

  private struct Container {
    var value: PickleValue
    var items: [PickleValue]
    var next = 0
    /// Sets in typed form: where each item's text begins.
    var starts: [Int] = []
  }

  public init(_ form: Form, charset: Renderer.Charset = .utf8) {
    self.form = form
    renderer = Renderer(charset: charset)
  }

  /// Starts the account of a new pickle: see `Renderer.reset`.
  public mutating func reset(pickleBytes: Int) {
    work = RenderLimits.spent(pickleBytes: pickleBytes)
    renderer.reset(pickleBytes: pickleBytes)
  }

  /// Appends the value's JSON, without a newline. On an error `out` is what it was before.
  public mutating func append(
    _ value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    let start = out.count
    end = start + RenderLimits.text
    readsString2AsText = PickleJSON.isOfPython3(value, arena)
    open.removeAll()
    depths = [UInt16](repeating: 0, count: arena.nodes.count)
    do throws(RenderError) {
      try begin(value, arena, frame, &out)
      while let last = open.indices.last {
        if open[last].next == open[last].items.count {
          try close(open.removeLast(), &out)
        } else {
          try appendNext(of: last, arena, frame, &out)
        }
      }
    } catch {
      out.removeSubrange(start...)
      throw error
    }
  }

  /// Whether a record's attribute names are `str` of Python 3. What such a record holds as byte
  /// strings of Python 2, Python 3 reads as ASCII text.
  private static func isOfPython3(_ value: PickleValue, _ arena: borrowing PickleArena) -> Bool {
    value.kind == .dictionary && arena.item(value, 0)?.kind == .string
  }

  private mutating func appendNext(
    of last: Int, _ arena: borrowing PickleArena, _ frame: RawSpan, _ out: inout [UInt8]
  ) throws(RenderError) {
    let position = open[last].next
    let item = open[last].items[position]
    open[last].next += 1
    guard open[last].value.kind == .dictionary else {
      if position > 0 { out.append(UInt8(ascii: ",")) }
      if isSortedSet(open[last].value) { open[last].starts.append(out.count) }
      return try begin(item, arena, frame, &out)
    }
    let isKey = position & 1 == 0
    switch form {
    case .typed: out.appendASCII(isKey ? position > 0 ? "],[" : "[" : ",")
    case .readable: out.appendASCII(isKey ? position > 0 ? "," : "" : ":")
    }
    if isKey, form == .readable {
      try appendReadableKey(item, arena, frame, &out)
    } else {
      try begin(item, arena, frame, &out)
    }
  }

  /// Appends a scalar whole, and of a container the beginning.
  private mutating func begin(
    _ value: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan, _ out: inout [UInt8]
  ) throws(RenderError) {
    try spend(1, &work)
    switch value.kind {
    case .list, .tuple, .dictionary, .set, .frozenSet: break
    default:
      try appendScalar(value, arena, frame, &out)
      if out.count > end { throw .tooBig }
      return
    }
    let depth = Int(depths[value.node])
    guard depth == 0 else {
      if form == .readable { return out.appendASCII("\"...\"") }
      out.appendASCII("{\"cycle\":")
      out.appendInteger(Int64(open.count - depth + 1))
      return out.appendASCII("}")
    }
    guard open.count < RenderLimits.depth, out.count <= end else { throw .tooBig }
    open.append(Container(value: value, items: try arena.uniqueItems(value, frame, work: &work)))
    depths[value.node] = UInt16(open.count)
    switch (value.kind, form) {
    case (.dictionary, .typed): out.appendASCII("{\"dict\":[")
    case (.dictionary, .readable): out.appendASCII("{")
    case (.tuple, .typed): out.appendASCII("{\"tuple\":[")
    case (.set, .typed): out.appendASCII("{\"set\":[")
    case (.frozenSet, .typed): out.appendASCII("{\"frozenset\":[")
    default: out.appendASCII("[")
    }
  }

  private mutating func close(_ container: Container, _ out: inout [UInt8]) throws(RenderError) {
    depths[container.value.node] = 0
    if container.starts.count > 1 { try sort(container.starts, &out) }
    switch (container.value.kind, form) {
    case (.list, _), (.tuple, .readable), (.set, .readable), (.frozenSet, .readable): out.appendASCII("]")
    case (.dictionary, .typed): out.appendASCII(container.items.isEmpty ? "]}" : "]]}")
    case (.dictionary, .readable): out.appendASCII("}")
    default: out.appendASCII("]}")
    }
  }

  private func isSortedSet(_ value: PickleValue) -> Bool {
    form == .typed && (value.kind == .set || value.kind == .frozenSet)
  }

  /// Puts a set's items, which end the output, into the order of their texts.
  private mutating func sort(_ starts: [Int], _ out: inout [UInt8]) throws(RenderError) {
    // Sets in sets are copied once for each level.
    try spend((out.count - starts[0]) >> 6, &work)
    var texts: [ArraySlice<UInt8>] = []
    for (index, begin) in starts.enumerated() {
      texts.append(out[begin..<(index + 1 < starts.count ? starts[index + 1] - 1 : out.count)])
    }
    texts.sort { $0.lexicographicallyPrecedes($1) }
    let sorted = Array(texts.joined(separator: CollectionOfOne(UInt8(ascii: ","))))
    texts = []
    out.replaceSubrange(starts[0]..., with: sorted)
  }
}
