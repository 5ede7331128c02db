/// `str.format`: fields of brace formats as CPython's Objects/stringlib/unicode_format.h reads them.
enum BraceFormat {
  /// `StrFormatStyle.validate`: the text parses, names, conversions and specs look right, and there
  /// is a field.
  static func validate(_ format: [UInt8]) throws(FormatError) {
    var reader = BraceReader(format, format.indices)
    var hasField = false
    while let markup = try reader.next() {
      guard let field = markup.field else { continue }
      if !field.name.isEmpty {
        guard isFieldName(format, field.name) else {
          throw FormatError("field name or expression", quoting: format, field.name)
        }
        hasField = true
      }
      if let conversion = field.conversion, BraceField.conversion(format[conversion]) == nil {
        throw FormatError("conversion (one of !s, !r and !a)", quoting: format, conversion)
      }
      if !field.spec.isEmpty {
        guard isSpec(format, field.spec) else {
          throw FormatError("format spec", quoting: format, field.spec)
        }
        try checkWidths(format, field.spec)
      }
    }
    guard hasField else { throw FormatError("no fields: the format shows nothing of a record", at: 0) }
  }

  /// Where the text cannot be read any further, the rest of it is one field without a source.
  static func pieces(_ format: [UInt8]) -> [FormatPiece] {
    var builder = PieceBuilder()
    var reader = BraceReader(format, format.indices)
    while reader.index < reader.end {
      let start = reader.index
      do {
        guard let markup = try reader.next() else { break }
        builder.append(format[markup.literal])
        if let field = markup.field {
          builder.append(field.formatField(format) ?? .unusable(format[field.reference]))
        }
      } catch {
        // The offset is that of the brace which Python stumbles over.
        let brace = error.offset
        builder.append(format[start..<brace])
        let isClosing = format[brace] == UInt8(ascii: "}")
        reader.index = isClosing ? brace + 1 : reader.end
        builder.append(.unusable(format[brace..<reader.index]))
      }
    }
    return builder.finish()
  }

  /// The pieces of a format spec with fields in it; nil when Python raises for it in any case.
  static func specPieces(_ format: [UInt8], _ range: Range<Int>) -> [FormatPiece]? {
    var builder = PieceBuilder()
    var reader = BraceReader(format, range)
    do {
      while let markup = try reader.next() {
        builder.append(format[markup.literal])
        guard let field = markup.field else { continue }
        guard let field = field.formatField(format, isNested: true), field.source != .nothing else { return nil }
        builder.append(field)
      }
    } catch {
      return nil
    }
    return builder.finish()
  }

  /// `^(\d+|\w+)(\.\w+|\[[^]]+\])*$`, where `$` is the end or a newline before it.
  private static func isFieldName(_ format: [UInt8], _ range: Range<Int>) -> Bool {
    func word(from index: Int) -> Int {
      FormatText.end(of: FormatText.isWord, in: format, from: index, to: range.upperBound)
    }
    var index = word(from: range.lowerBound)
    guard index > range.lowerBound else { return false }
    while index < range.upperBound {
      let end: Int
      switch format[index] {
      case UInt8(ascii: "."):
        end = word(from: index + 1)
        guard end > index + 1 else { return false }
      case UInt8(ascii: "["):
        guard let bracket = format[index..<range.upperBound].firstIndex(of: UInt8(ascii: "]")), bracket > index + 1
        else { return false }
        end = bracket + 1
      default: return isEnd(format, index, range)
      }
      index = end
    }
    return true
  }

  /// `^(.?[<>=^])?[+ -]?#?0?(\d+|{\w+})?[,_]?(\.(\d+|{\w+}))?[bcdefgnosx%]?$`, in any case.
  private static func isSpec(_ format: [UInt8], _ range: Range<Int>) -> Bool {
    let end = range.upperBound
    var index = range.lowerBound
    func byte() -> UInt8? { index < end ? format[index] : nil }
    func skip(_ letters: StaticString) {
      if let byte = byte(), "\(letters)".utf8.contains(byte) { index += 1 }
    }
    func skipNumber() -> Bool {
      guard byte() == UInt8(ascii: "{") else {
        return FormatText.number(format, at: &index, end: end) != nil
      }
      let close = FormatText.end(of: FormatText.isWord, in: format, from: index + 1, to: end)
      guard close > index + 1, close < end, format[close] == UInt8(ascii: "}") else { return false }
      index = close + 1
      return true
    }
    if index < end {
      let first = FormatText.codePoint(format, at: index)
      let second = index + first.length
      if second < end, first.value != 0x0A, FormatSpec.Alignment(rawValue: format[second]) != nil {
        index = second + 1
      } else if let byte = byte(), FormatSpec.Alignment(rawValue: byte) != nil {
        index += 1
      }
    }
    skip("+ -")
    skip("#")
    skip("0")
    _ = skipNumber()
    skip(",_")
    if byte() == UInt8(ascii: ".") {
      index += 1
      guard skipNumber() else { return false }
    }
    if index < end {
      switch FormatText.codePoint(format, at: index).value {
      case 0x17F: index += 2  // In any case: this is a long `s`.
      case let value where value < 0x80:
        let lower = (0x41...0x5A).contains(value) ? value | 0x20 : value
        if "bcdefgnosx%".unicodeScalars.contains(where: { $0.value == lower }) { index += 1 }
      default: break
      }
    }
    return isEnd(format, index, range)
  }

  private static func isEnd(_ format: [UInt8], _ index: Int, _ range: Range<Int>) -> Bool {
    index == range.upperBound || (index + 1 == range.upperBound && format[index] == 0x0A)
  }

  private static func checkWidths(_ format: [UInt8], _ range: Range<Int>) throws(FormatError) {
    guard let spec = FormatSpec(format[range]) else { return }
    guard !spec.isTooWide else {
      throw FormatError("width or precision over \(FormatLimits.width)", at: range.lowerBound)
    }
  }
}

extension FormatError {
  fileprivate init(_ what: String, quoting format: [UInt8], _ range: Range<Int>) {
    self.init("invalid \(what): '\(String(decoding: format[range], as: UTF8.self))'", at: range.lowerBound)
  }
}

/// A field of a brace format, cut into its parts.
struct BraceField {
  /// From `{` to `}`.
  var reference: Range<Int>
  var name: Range<Int>
  /// The one code point behind `!`.
  var conversion: Range<Int>?
  var spec: Range<Int>

  static func conversion(_ letter: ArraySlice<UInt8>) -> FormatField.Conversion? {
    guard letter.count == 1 else { return nil }
    return switch letter.first {
    case UInt8(ascii: "s"): .str
    case UInt8(ascii: "r"): .repr
    case UInt8(ascii: "a"): .ascii
    default: nil
    }
  }

  /// The field with its name taken apart; nil when Python raises for it in any case.
  func formatField(_ format: [UInt8], isNested: Bool = false) -> FormatField? {
    var accessors: [FormatField.Accessor] = []
    guard let first = splitName(format, &accessors) else { return nil }
    var letter: FormatField.Conversion?
    if let conversion {
      letter = BraceField.conversion(format[conversion])
      if letter == nil { return nil }
    }
    let presentation: FormatField.Presentation
    if spec.isEmpty {
      presentation = .text
    } else if format[spec].contains(UInt8(ascii: "{")) {
      // Python stops at the second level.
      guard !isNested, let pieces = BraceFormat.specPieces(format, spec) else { return nil }
      presentation = .nestedSpec(pieces)
    } else {
      let parsed = FormatSpec(format[spec])
      if let parsed, parsed.isTooWide { return nil }
      presentation = .spec(Array(format[spec]), parsed)
    }
    return FormatField(
      .name(first), presentation, accessors: accessors, conversion: letter, reference: format[reference])
  }

  /// The name before the accessors, and those: CPython's `FieldNameIterator`. Nil for positional
  /// fields, and where Python raises.
  private func splitName(_ format: [UInt8], _ accessors: inout [FormatField.Accessor]) -> [UInt8]? {
    let end = name.upperBound
    func isBoundary(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ".") || byte == UInt8(ascii: "[") }
    var index = format[name].firstIndex(where: isBoundary) ?? end
    let first = name.lowerBound..<index
    guard !first.isEmpty, BraceField.number(format, first) == nil else { return nil }
    while index < end {
      let start = index + 1
      let stop: Int
      switch format[index] {
      case UInt8(ascii: "."):
        stop = format[start..<end].firstIndex(where: isBoundary) ?? end
        accessors.append(.attribute(Array(format[start..<stop])))
        index = stop
      case UInt8(ascii: "["):
        guard let bracket = format[start..<end].firstIndex(of: UInt8(ascii: "]")) else { return nil }
        stop = bracket
        if let number = BraceField.number(format, start..<stop) {
          guard number != Int.max else { return nil }
          accessors.append(.index(number))
        } else {
          accessors.append(.key(Array(format[start..<stop])))
        }
        index = stop + 1
      default: return nil
      }
      guard stop > start else { return nil }
    }
    return Array(format[first])
  }

  /// The number that a text of nothing but decimal digits is.
  private static func number(_ format: [UInt8], _ range: Range<Int>) -> Int? {
    var index = range.lowerBound
    let number = FormatText.number(format, at: &index, end: range.upperBound)
    return index == range.upperBound ? number : nil
  }
}

/// Splits a brace format: CPython's `MarkupIterator`.
struct BraceReader {
  struct Markup {
    var literal: Range<Int>
    var field: BraceField?
  }

  let format: [UInt8]
  var index: Int
  let end: Int

  init(_ format: [UInt8], _ range: Range<Int>) {
    self.format = format
    index = range.lowerBound
    end = range.upperBound
  }

  /// A literal and the field behind it, or nil at the end. An error's offset is that of the brace
  /// that begins the trouble.
  mutating func next() throws(FormatError) -> Markup? {
    guard index < end else { return nil }
    let start = index
    guard
      let brace = format[index..<end].firstIndex(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") })
    else {
      index = end
      return Markup(literal: start..<end, field: nil)
    }
    if brace + 1 < end, format[brace + 1] == format[brace] {
      index = brace + 2
      return Markup(literal: start..<brace + 1, field: nil)
    }
    guard format[brace] == UInt8(ascii: "{") else {
      throw FormatError("single '}': write '}}' for the character", at: brace)
    }
    guard brace + 1 < end else {
      throw FormatError("single '{': write '{{' for the character", at: brace)
    }
    index = brace + 1
    return Markup(literal: start..<brace, field: try readField(brace))
  }

  /// Reads from behind the `{` at `brace` to behind the `}` that closes it.
  private mutating func readField(_ brace: Int) throws(FormatError) -> BraceField {
    let start = index
    while index < end {
      let byte = format[index]
      if byte == UInt8(ascii: "}") || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "!") { break }
      if byte == UInt8(ascii: "{") { throw FormatError("unexpected '{' in a field's name", at: brace) }
      if byte == UInt8(ascii: "[") {
        // To the bracket, whatever stands in between.
        index = format[index..<end].firstIndex(of: UInt8(ascii: "]")) ?? end
        if index == end { break }
      }
      index += 1
    }
    guard index < end else { throw FormatError("'{' without a '}'", at: brace) }
    var field = BraceField(reference: brace..<brace, name: start..<index, conversion: nil, spec: index..<index)
    var separator = format[index]
    index += 1
    if separator == UInt8(ascii: "!") {
      guard index < end else { throw FormatError("'!' without a conversion", at: brace) }
      let letter = FormatText.codePoint(format, at: index)
      field.conversion = index..<index + letter.length
      index += letter.length
      if index < end {
        separator = format[index]
        guard separator == UInt8(ascii: "}") || separator == UInt8(ascii: ":") else {
          throw FormatError("a ':' or '}' has to follow a conversion", at: brace)
        }
        index += 1
      }
    }
    if separator != UInt8(ascii: "}") {
      let start = index
      var depth = 1
      while index < end {
        if format[index] == UInt8(ascii: "{") { depth += 1 }
        if format[index] == UInt8(ascii: "}") { depth -= 1 }
        if depth == 0 { break }
        index += 1
      }
      guard index < end else { throw FormatError("'{' without a '}' behind its format spec", at: brace) }
      field.spec = start..<index
      index += 1
    }
    field.reference = brace..<index
    return field
  }
}
