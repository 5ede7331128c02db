internal import CTOML

/// TOML 1.0 text as a tree of values with positions. toml++ parses; this file alone sees its pointers.
public struct TOMLDocument: Sendable, Equatable {
  /// Bytes of a document: far more than any configuration has, and little enough that parsing
  /// never takes noticeable time.
  public static let maximumBytes = 1 << 20

  public var root: TOMLTable

  /// - Throws: the first syntax error. `file` is the name that it carries.
  public init(parsing bytes: [UInt8], file: String) throws(ConfigurationError) {
    guard bytes.count <= Self.maximumBytes else {
      throw ConfigurationError(file: file, at: .start, "larger than \(Self.maximumBytes) bytes")
    }
    // toml++ frees tables recursively and sets no bound to dotted keys, so the bound comes first.
    if let position = TOMLKeyScanner.firstKeyTooDeep(in: bytes) {
      let message = "more than \(TOMLKeyScanner.maximumSegments) names joined by dots"
      throw ConfigurationError(file: file, at: position, message)
    }
    let parsed = Self.parse(bytes)
    switch parsed {
    case .success(let root): self.root = root
    case .failure(let failure): throw ConfigurationError(file: file, at: failure.position, failure.message)
    }
  }

  private struct Failure: Error {
    var position: TOMLPosition
    var message: String
  }

  private static func parse(_ bytes: [UInt8]) -> Result<TOMLTable, Failure> {
    let document = unsafe bytes.withUnsafeBytes { buffer in
      unsafe ctoml_parse(buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
    }
    defer { unsafe ctoml_free(document) }

    var length = 0
    var line: UInt32 = 0
    var column: UInt32 = 0
    if let message = unsafe ctoml_error(document, &length, &line, &column) {
      let text = unsafe string(message, length)
      return .failure(Failure(position: position(line, column), message: syntaxMessage(text)))
    }
    var nodes: [Node] = []
    let count = unsafe ctoml_node_count(document)
    nodes.reserveCapacity(count)
    for index in 0..<count { nodes.append(unsafe Node(ctoml_node_at(document, index))) }
    var next = 0
    guard !nodes.isEmpty, case .table(let root) = value(nodes, &next).kind else { return .success(TOMLTable()) }
    return .success(root)
  }

  /// A node of toml++'s tree with its texts copied out.
  private struct Node {
    var key: String?
    var keyPosition: TOMLPosition
    var position: TOMLPosition
    /// Containers are still empty here.
    var kind: TOMLValue.Kind
    var children: Int

    init(_ node: ctoml_node) {
      unsafe key = node.key.map { unsafe string($0, node.key_length) }
      unsafe keyPosition = TOMLDocument.position(node.key_line, node.key_column)
      unsafe position = TOMLDocument.position(node.line, node.column)
      unsafe children = node.children
      switch unsafe node.kind {
      case CTOML_TABLE: kind = .table(TOMLTable())
      case CTOML_ARRAY: kind = .array([])
      case CTOML_STRING: unsafe kind = .string(string(node.text, node.text_length))
      case CTOML_INTEGER: unsafe kind = .integer(Int(node.integer))
      case CTOML_FLOAT: unsafe kind = .float(node.number)
      case CTOML_BOOLEAN: unsafe kind = .boolean(node.integer != 0)
      case CTOML_TIME: unsafe kind = .time(Int(node.integer))
      case CTOML_DATE: kind = .date
      default: kind = .dateTime
      }
    }
  }

  /// The value at `nodes[next]` with all that is in it; `next` moves behind it. Recursion is bounded
  /// by `CTOML_NESTED_VALUES` times `TOMLKeyScanner.maximumSegments`.
  private static func value(_ nodes: [Node], _ next: inout Int) -> TOMLValue {
    let node = nodes[next]
    next += 1
    switch node.kind {
    case .table:
      var table = TOMLTable()
      for _ in 0..<node.children {
        let child = nodes[next]
        let value = value(nodes, &next)
        table.entries.append(.init(key: child.key ?? "", keyPosition: child.keyPosition, value: value))
      }
      return TOMLValue(.table(table), at: node.position)
    case .array:
      var elements: [TOMLValue] = []
      for _ in 0..<node.children { elements.append(value(nodes, &next)) }
      return TOMLValue(.array(elements), at: node.position)
    default:
      return TOMLValue(node.kind, at: node.position)
    }
  }

  /// toml++ says "Error while parsing SCOPE: REASON"; a diagnostic says "error" by itself.
  private static func syntaxMessage(_ text: String) -> String {
    // What toml++ says of a text without quotes helps nobody who forgot them: it takes INFO for a
    // misspelled infinity.
    let guesses = [
      "value: could not determine value type", "floating-point: expected 'inf'",
      "floating-point: expected 'nan'", "boolean: expected '",
    ]
    if guesses.contains(where: { text.hasPrefix("Error while parsing " + $0) }) {
      return "this is no value; text has to stand in quotes"
    }
    for prefix in ["Error while parsing ", "Encountered "] where text.hasPrefix(prefix) {
      let rest = text.dropFirst(prefix.count)
      let macro = " (TOML_MAX_NESTED_VALUES)"
      return String(rest.hasSuffix(macro) ? rest.dropLast(macro.count) : rest)
    }
    return text
  }

  private static func position(_ line: UInt32, _ column: UInt32) -> TOMLPosition {
    TOMLPosition(line: Int(line), column: Int(column))
  }

  private static func string(_ start: UnsafePointer<CChar>?, _ length: Int) -> String {
    unsafe String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
  }
}
