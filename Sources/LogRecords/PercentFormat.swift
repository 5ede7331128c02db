/// What stands between `%(name)` and the end of a field of a percent format.
public struct PercentSpec: Sendable, Equatable {
  /// Raw values are the letters.
  public enum Conversion: UInt8, Sendable, CaseIterable {
    /// `d`, `i` and `u`, which mean the same.
    case decimal = 0x64
    case octal = 0x6F
    case hexadecimal = 0x78
    case upperHexadecimal = 0x58
    case exponent = 0x65
    case upperExponent = 0x45
    case fixed = 0x66
    case upperFixed = 0x46
    case general = 0x67
    case upperGeneral = 0x47
    case character = 0x63
    case str = 0x73
    case repr = 0x72
    case ascii = 0x61
  }

  public struct Flags: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// `-`
    public static let leftAlign = Flags(rawValue: 1)
    /// `+`
    public static let sign = Flags(rawValue: 2)
    /// A blank: room for the sign.
    public static let blank = Flags(rawValue: 4)
    /// `#`
    public static let alternate = Flags(rawValue: 8)
    /// `0`
    public static let zero = Flags(rawValue: 16)
  }

  public var conversion: Conversion
  public var flags: Flags = []
  /// Code points, at least.
  public var width: Int?
  /// Digits, or code points of text, at most.
  public var precision: Int?

  init(_ conversion: Conversion) { self.conversion = conversion }
}

/// `format % mapping`, as `unicode_format` of CPython's Objects/unicodeobject.c reads it.
enum PercentFormat {
  /// `PercentStyle.validate`: something like a field is anywhere in the format.
  static func validate(_ format: [UInt8]) throws(FormatError) {
    var index = 0
    while let percent = format[index...].firstIndex(of: UInt8(ascii: "%")) {
      if isFieldLike(format, at: percent) { return }
      index = percent + 1
    }
    let offset = format.firstIndex(of: UInt8(ascii: "%")) ?? 0
    throw FormatError("no field such as '%(message)s'", at: offset)
  }

  /// Whether `%\(\w+\)[#0+ -]*(\*|\d+)?(\.(\*|\d+))?[diouxefgcrsa%]`, in any case, matches here. No
  /// part of the pattern can begin with what the part before it would have to give back.
  private static func isFieldLike(_ format: [UInt8], at percent: Int) -> Bool {
    var index = percent + 1
    func byte() -> UInt8? { index < format.count ? format[index] : nil }
    func skipNumber() -> Bool {
      if byte() == UInt8(ascii: "*") {
        index += 1
        return true
      }
      return FormatText.number(format, at: &index, end: format.count) != nil
    }
    guard byte() == UInt8(ascii: "(") else { return false }
    let name = index + 1
    index = FormatText.end(of: FormatText.isWord, in: format, from: name, to: format.count)
    guard index > name, byte() == UInt8(ascii: ")") else { return false }
    index += 1
    while let flag = byte(), PercentSpec.Flags(letter: flag) != nil { index += 1 }
    _ = skipNumber()
    if byte() == UInt8(ascii: ".") {
      index += 1
      guard skipNumber() else { return false }
    }
    guard index < format.count else { return false }
    // In any case: so `I` has two letters more (U+0130, U+0131), and `s` the long one (U+017F).
    switch FormatText.codePoint(format, at: index).value {
    case 0x130, 0x131, 0x17F: return true
    case let value where value < 0x80:
      let letter = UInt8(value)
      let lower = letter | (Unicode.Scalar(letter).properties.isAlphabetic ? 0x20 : 0)
      return "diouxefgcrsa%".utf8.contains(lower)
    default: return false
    }
  }

  /// - Parameter validate: Whether to refuse widths and precisions beyond the limit.
  static func pieces(_ format: [UInt8], validate: Bool) throws(FormatError) -> [FormatPiece] {
    var reader = PercentReader(format: format, takesSequence: false)
    while try reader.readPiece(validate: validate) {}
    return reader.builder.finish()
  }
}

/// The pieces of a text that a sender chose, one after the other: all of them together would take a
/// hundred times its memory.
struct PercentPieces {
  private var reader: PercentReader
  private var ready: ArraySlice<FormatPiece> = []
  private var isOver = false

  /// - Parameter takesSequence: the values are a tuple, of which each field without a name takes the next
  ///   one, as in a message with arguments; a record is a single mapping.
  init(_ format: [UInt8], takesSequence: Bool) {
    reader = PercentReader(format: format, takesSequence: takesSequence)
  }

  mutating func next() throws(FormatError) -> FormatPiece? {
    while ready.isEmpty {
      if isOver { return nil }
      isOver = try !reader.readPiece(validate: false)
      ready = reader.builder.take(all: isOver)[...]
    }
    return ready.popFirst()
  }
}

extension PercentSpec.Flags {
  init?(letter: UInt8) {
    switch letter {
    case UInt8(ascii: "-"): self = .leftAlign
    case UInt8(ascii: "+"): self = .sign
    case UInt8(ascii: " "): self = .blank
    case UInt8(ascii: "#"): self = .alternate
    case UInt8(ascii: "0"): self = .zero
    default: return nil
    }
  }
}

private struct PercentReader {
  let format: [UInt8]
  let takesSequence: Bool
  var index = 0
  var builder = PieceBuilder()
  /// What a conversion takes next. At first the mapping itself; a name sets it, a conversion uses it
  /// up. So a `%s` shows the whole record, and only one in front of all others does.
  var argument: FormatField.Source? = .record

  private var byte: UInt8? { index < format.count ? format[index] : nil }

  /// Reads the literal up to a field, and the field. False at the end.
  mutating func readPiece(validate: Bool) throws(FormatError) -> Bool {
    guard let percent = format[index...].firstIndex(of: UInt8(ascii: "%")) else {
      builder.append(format[index...])
      return false
    }
    builder.append(format[index..<percent])
    index = percent + 1
    if byte == UInt8(ascii: "%") {
      builder.append(format[index..<index + 1])
      index += 1
      return true
    }
    if byte == UInt8(ascii: "(") {
      guard let name = readName() else {
        builder.append(.unusable(format[percent...]))
        index = format.count
        return true
      }
      argument = .name(name)
    }
    var spec = PercentSpec(.str)
    while let letter = byte, let flag = PercentSpec.Flags(letter: letter) {
      spec.flags.formUnion(flag)
      index += 1
    }
    var isUsable = true
    spec.width = try readNumber(&isUsable, "width", validate: validate)
    if byte == UInt8(ascii: ".") {
      index += 1
      spec.precision = try readNumber(&isUsable, "precision", validate: validate) ?? 0
    }
    // C's length modifiers, which mean nothing here.
    if let letter = byte, "hlL".utf8.contains(letter) { index += 1 }
    guard index < format.count else {
      builder.append(.unusable(format[percent...]))
      return true
    }
    let (letter, length) = FormatText.codePoint(format, at: index)
    index += length
    let reference = format[percent..<index]
    guard isUsable, let conversion = PercentSpec.Conversion(letter: letter) else {
      builder.append(.unusable(reference))
      argument = nil
      return true
    }
    spec.conversion = conversion
    builder.append(FormatField(argument ?? .nothing, .percent(spec), reference: reference))
    argument = takesSequence ? .record : nil
    return true
  }

  /// The name in parentheses, which may contain balanced ones; nil when they are not closed.
  private mutating func readName() -> [UInt8]? {
    index += 1
    let start = index
    var depth = 1
    while let letter = byte {
      index += 1
      if letter == UInt8(ascii: "(") { depth += 1 }
      if letter == UInt8(ascii: ")") { depth -= 1 }
      if depth == 0 { return Array(format[start..<index - 1]) }
    }
    return nil
  }

  /// A width or precision: ASCII digits. A `*` takes the argument for it, and leaves none to show.
  private mutating func readNumber(
    _ isUsable: inout Bool, _ what: String, validate: Bool
  ) throws(FormatError) -> Int? {
    if byte == UInt8(ascii: "*") {
      index += 1
      isUsable = false
      return nil
    }
    let start = index
    while let letter = byte, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(letter) { index += 1 }
    guard index > start else { return nil }
    var end = start
    let number = FormatText.number(format, at: &end, end: index) ?? 0
    if number > FormatLimits.width {
      if validate { throw FormatError("\(what) over \(FormatLimits.width)", at: start) }
      isUsable = false
    }
    return number
  }
}

extension PercentSpec.Conversion {
  init?(letter: UInt32) {
    switch letter {
    case 0x69, 0x75: self = .decimal
    default:
      guard let byte = UInt8(exactly: letter), let conversion = Self(rawValue: byte) else { return nil }
      self = conversion
    }
  }
}
