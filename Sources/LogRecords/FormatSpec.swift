/// A format spec of the types that Python has built in:
/// `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`.
///
/// Parsed as `parse_internal_render_format_spec` of CPython's Python/formatter_unicode.c does. What
/// a spec may contain depends on the type of the value, and is known only then.
public struct FormatSpec: Sendable, Equatable {
  /// Raw values are the characters.
  public enum Alignment: UInt8, Sendable {
    case left = 0x3C
    case right = 0x3E
    case center = 0x5E
    /// `=`: padding goes between sign and digits.
    case afterSign = 0x3D
  }

  public enum Sign: UInt8, Sendable {
    case minusOnly = 0x2D
    case always = 0x2B
    case blank = 0x20
  }

  public enum Grouping: UInt8, Sendable {
    case comma = 0x2C
    case underscore = 0x5F
  }

  /// A code point.
  public var fill: UInt32 = 0x20
  public var alignment: Alignment?
  public var sign: Sign?
  /// `z`: a negative zero becomes a positive one.
  public var coercesNegativeZero = false
  /// `#`
  public var isAlternate = false
  /// A `0` before the width, where no fill stands: the fill is `0`, and numbers without an alignment
  /// take it behind their sign.
  public var padsWithZeros = false
  /// Code points, at least.
  public var width: Int?
  /// How many digits the width is written with, where the first of them is a zero: `decimal` and
  /// `fractions` are more particular about those than builtin types.
  var widthDigitsFromZero = 0
  public var grouping: Grouping?
  /// Digits, or code points of text, at most.
  public var precision: Int?
  /// U+FFFD, which is no type, stands for a surrogate.
  public var type: Unicode.Scalar?

  init() {}

  /// Nil for text that no built-in type takes.
  public init?(_ spec: ArraySlice<UInt8>) {
    let text = Array(spec)
    let end = text.count
    var index = 0
    func byte() -> UInt8? { index < end ? text[index] : nil }
    var hasFill = false
    if index < end {
      let first = FormatText.codePoint(text, at: index)
      if first.length < end, let alignment = Alignment(rawValue: text[first.length]) {
        fill = first.value
        hasFill = true
        self.alignment = alignment
        index = first.length + 1
      } else if let alignment = Alignment(rawValue: text[index]) {
        self.alignment = alignment
        index += 1
      }
    }
    if let byte = byte(), let sign = Sign(rawValue: byte) {
      self.sign = sign
      index += 1
    }
    if byte() == UInt8(ascii: "z") {
      coercesNegativeZero = true
      index += 1
    }
    if byte() == UInt8(ascii: "#") {
      isAlternate = true
      index += 1
    }
    if !hasFill, byte() == UInt8(ascii: "0") {
      padsWithZeros = true
      fill = 0x30
      index += 1
    }
    let widthStart = index
    width = FormatText.number(text, at: &index, end: end)
    if width != nil, text[widthStart] == UInt8(ascii: "0") { widthDigitsFromZero = index - widthStart }
    if let byte = byte(), let grouping = Grouping(rawValue: byte) {
      self.grouping = grouping
      index += 1
    }
    if byte() == UInt8(ascii: ".") {
      index += 1
      guard let precision = FormatText.number(text, at: &index, end: end) else { return nil }
      self.precision = precision
    }
    if index < end {
      let type = FormatText.codePoint(text, at: index)
      guard index + type.length == end else { return nil }
      self.type = Unicode.Scalar(type.value) ?? "\u{FFFD}"
    }
  }

  /// Whether a width or precision is beyond `FormatLimits.width`.
  var isTooWide: Bool { (width ?? 0) > FormatLimits.width || (precision ?? 0) > FormatLimits.width }
}
