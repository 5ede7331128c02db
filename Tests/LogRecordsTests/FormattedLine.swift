import LogRecords
@testable import Pickle

/// Formats of records that are nothing but pickled dictionaries.
struct FormattedLine {
  /// The line with references where fields have no text.
  var text: [UInt8] = []
  /// Whether Python would have raised.
  var hasReferences = false

  init(_ format: FormatString, pickle: [UInt8]) throws {
    var unpickler = Unpickler()
    let record = try unpickler.load(pickle.rawBytes)
    append(format.pieces, record, &unpickler, pickle)
  }

  private mutating func append(
    _ pieces: [FormatPiece], _ record: PickleValue, _ unpickler: inout Unpickler, _ pickle: [UInt8]
  ) {
    for piece in pieces {
      switch piece {
      case .literal(let literal): text += literal
      case .field(let field):
        var spec: [UInt8] = []
        if case .nestedSpec(let pieces) = field.presentation {
          let start = text.count
          append(pieces, record, &unpickler, pickle)
          spec = Array(text[start...])
          text.removeSubrange(start...)
        }
        var renderer = Renderer()
        do {
          guard let value = value(field, record, unpickler.arena, pickle) else { throw RenderError.invalid }
          try field.append(
            value, spec: spec, renderer: &renderer, arena: &unpickler.arena, frame: pickle.rawBytes, into: &text)
        } catch {
          text += field.reference
          hasReferences = true
        }
      }
    }
  }

  private func value(
    _ field: FormatField, _ record: PickleValue, _ arena: borrowing PickleArena, _ pickle: [UInt8]
  ) -> PickleValue? {
    switch field.source {
    case .nothing: return nil
    case .record: return record
    case .name(let name):
      var found: PickleValue?
      var cursor = arena.cursor(record)
      while let key = arena.next(&cursor), let value = arena.next(&cursor) {
        let bytes = arena.bytes(key, pickle.rawBytes)
        if (0..<bytes.byteCount).map({ bytes[$0] }) == name { found = value }
      }
      return found
    }
  }
}

extension FormatString {
  init(_ format: String, _ style: Style, validate: Bool = true) throws(FormatError) {
    try self.init(Array(format.utf8), style: style, validate: validate)
  }
}
