import Pickle

/// Reading of text that is UTF-8, with surrogates as three bytes, by code points.
///
/// The classes are those of Python 3.13's `re` and `str`, which go by Unicode 15.1: the standard
/// library's tables are newer and say since when a character exists.
enum FormatText {
  /// The code point at `index` and the length of its bytes. A byte that begins no character is one
  /// by itself, above all code points, so that it equals nothing.
  static func codePoint(_ text: [UInt8], at index: Int) -> (value: UInt32, length: Int) {
    if text[index] < 0x80 { return (UInt32(text[index]), 1) }
    let (value, length) = text.rawBytes.codePoint(at: index)
    return length > 0 ? (value, length) : (0x8000_0000 | value, 1)
  }

  /// `\w`: letters, what has a numeric value, and the underscore.
  static func isWord(_ value: UInt32) -> Bool {
    if value < 0x80 {
      return switch UInt8(value) {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    guard let scalar = knownScalar(value) else { return false }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return true
    default: return scalar.properties.numericType != nil
    }
  }

  /// `\d`: the value of a decimal digit of any script, nil for anything else.
  static func digit(_ value: UInt32) -> Int? {
    if value < 0x80 {
      return (0x30...0x39).contains(value) ? Int(value) - 0x30 : nil
    }
    guard let scalar = knownScalar(value), scalar.properties.generalCategory == .decimalNumber,
      let digit = scalar.properties.numericValue
    else { return nil }
    return Int(exactly: digit)
  }

  private static func knownScalar(_ value: UInt32) -> Unicode.Scalar? {
    guard let scalar = Unicode.Scalar(value), let age = scalar.properties.age, age.major <= 15 else { return nil }
    return scalar
  }

  /// The end of the longest run from `index` of code points that pass the test.
  static func end(of test: (UInt32) -> Bool, in text: [UInt8], from index: Int, to end: Int) -> Int {
    var index = index
    while index < end {
      let (value, length) = codePoint(text, at: index)
      guard test(value) else { break }
      index += length
    }
    return index
  }

  /// Reads decimal digits. `value` is nil where there are none, and `Int.max` where they are too many.
  static func number(_ text: [UInt8], at index: inout Int, end: Int) -> Int? {
    var number: Int?
    while index < end {
      let (value, length) = codePoint(text, at: index)
      guard let digit = digit(value) else { break }
      index += length
      let (product, overflow) = (number ?? 0).multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(digit)
      number = overflow || carry ? Int.max : sum
    }
    return number
  }

  /// Whether `needle` occurs in `text`.
  static func contains(_ text: [UInt8], _ needle: StaticString) -> Bool {
    let needle = Array("\(needle)".utf8)
    guard text.count >= needle.count else { return false }
    return (0...text.count - needle.count).contains { start in
      text[start..<start + needle.count].elementsEqual(needle)
    }
  }
}
