/// A part of a format: text that stands in every line, or a field of the record.
public enum FormatPiece: Sendable, Equatable {
  /// UTF-8; `%%`, `$$`, `{{` and `}}` are the single characters that they mean.
  case literal([UInt8])
  case field(FormatField)
}

/// A field of a format: which value it shows, and how.
public struct FormatField: Sendable, Equatable {
  /// Where the value comes from.
  public enum Source: Sendable, Equatable {
    /// The record's attribute of that name: a log record's own, an extra, or a default.
    case name([UInt8])
    /// The whole of the record's `__dict__`: what `%s` without a name shows, for `%` gets a mapping.
    case record
    /// No record has it: Python raises whatever the record is, as for a positional `{0}`, or for text
    /// that only looks like a field. The reference always stays in the line.
    case nothing
  }

  /// A step from a value to a part of it: `.attribute` or `[item]` of a brace format.
  public enum Accessor: Sendable, Equatable {
    case attribute([UInt8])
    /// `[3]`: decimal digits alone are a number.
    case index(Int)
    case key([UInt8])
  }

  /// `!s`, `!r` and `!a` of a brace format: done before the format spec is applied.
  public enum Conversion: Sendable, Equatable { case str, repr, ascii }

  public enum Presentation: Sendable, Equatable {
    /// `str()` of the value: `$name`, and `{name}` without a spec.
    case text
    case percent(PercentSpec)
    /// A format spec: its bytes, for types that read it in their own way, and its ordinary meaning,
    /// if it has one.
    case spec([UInt8], FormatSpec?)
    /// A format spec with fields in it: the pieces make the spec's text, for each record anew. None
    /// of the fields has such a spec itself.
    case nestedSpec([FormatPiece])
  }

  public let source: Source
  public let accessors: [Accessor]
  public let conversion: Conversion?
  public let presentation: Presentation
  /// The field as it stands in the format: what a line shows where there is no value, or none that
  /// can be shown.
  public let reference: [UInt8]
  /// Whether the text is `str()` of a named value and nothing more.
  public let isPlain: Bool

  /// The name, where the source is one.
  public var name: [UInt8]? {
    if case .name(let name) = source { return name }
    return nil
  }

  init(
    _ source: Source, _ presentation: Presentation, accessors: [Accessor] = [],
    conversion: Conversion? = nil, reference: ArraySlice<UInt8>
  ) {
    self.source = source
    self.accessors = accessors
    self.conversion = conversion
    self.presentation = presentation
    self.reference = Array(reference)
    let isText =
      switch presentation {
      case .text: true
      case .percent(let spec): spec == PercentSpec(.str)
      case .spec, .nestedSpec: false
      }
    let isNamed =
      switch source {
      case .name: true
      case .record, .nothing: false
      }
    self.isPlain = isText && isNamed && accessors.isEmpty && (conversion == nil || conversion == .str)
  }

  /// A field that shows its reference for every record.
  static func unusable(_ reference: ArraySlice<UInt8>) -> FormatField {
    FormatField(.nothing, .text, reference: reference)
  }
}

/// Collects a format's pieces; literals that touch become one.
struct PieceBuilder {
  private var pieces: [FormatPiece] = []
  private var literal: [UInt8] = []

  mutating func append(_ bytes: ArraySlice<UInt8>) { literal.append(contentsOf: bytes) }

  mutating func append(_ field: FormatField) {
    flush()
    pieces.append(.field(field))
  }

  private mutating func flush() {
    if !literal.isEmpty { pieces.append(.literal(literal)) }
    literal.removeAll()
  }

  mutating func finish() -> [FormatPiece] { take(all: true) }

  /// The pieces so far; without `all`, not a literal that may go on.
  mutating func take(all: Bool) -> [FormatPiece] {
    if all { flush() }
    defer { pieces = [] }
    return pieces
  }
}
