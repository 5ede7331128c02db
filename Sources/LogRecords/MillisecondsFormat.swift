import Pickle

/// Why `default_msec_format % (text, msecs)` cannot work for any record.
public enum MillisecondsFormatError: Error, Equatable, Sendable {
  /// ValueError: the format ends within a conversion.
  case incomplete
  /// ValueError: an unknown conversion.
  case unknownConversion
  /// TypeError: not exactly two conversions, a mapping key, `*`, or a number wanted where the text stands.
  case wrongArguments
  /// A width or precision over `MillisecondsFormat.largestWidth`, or the `repr` of the text (`%r`, `%a`), which has no
  /// support here.
  case unsupported
}

/// `logging.Formatter.default_msec_format`, read once: Python's `%` with two arguments, the text of the time and the
/// milliseconds (a float). "%s,%03d" is what Python has; its milliseconds are cut, not rounded.
public struct MillisecondsFormat: Sendable, Equatable {
  /// A conversion: `%[flags][width][.precision]type`.
  struct Conversion: Sendable, Equatable {
    var type: UInt8 = 0
    var left = false
    var plus = false
    var space = false
    var zero = false
    var alternate = false
    var width = 0
    var precision: Int?
  }

  public static let largestWidth = 65535
  public static let standard: MillisecondsFormat = MillisecondsFormat(
    before: [], text: Conversion(type: UInt8(ascii: "s")), between: [UInt8(ascii: ",")],
    milliseconds: Conversion(type: UInt8(ascii: "d"), zero: true, width: 3), after: [])

  private let before: [UInt8]
  private let text: Conversion
  private let between: [UInt8]
  private let milliseconds: Conversion
  private let after: [UInt8]
  /// `%s`, some text, `%03d` and nothing else: what Python has. A caller may keep the time and the text between.
  let endsInThreeDigits: Bool
  /// Bytes between the time and such digits.
  var bytesBeforeDigits: Int { endsInThreeDigits ? between.count : 0 }

  private init(
    before: [UInt8], text: Conversion, between: [UInt8], milliseconds: Conversion, after: [UInt8]
  ) {
    self.before = before
    self.text = text
    self.between = between
    self.milliseconds = milliseconds
    self.after = after
    endsInThreeDigits =
      before.isEmpty && text == Conversion(type: UInt8(ascii: "s")) && after.isEmpty
      && milliseconds == Conversion(type: UInt8(ascii: "d"), zero: true, width: 3)
  }

  public init(_ format: [UInt8]) throws(MillisecondsFormatError) {
    var literals: [[UInt8]] = [[]]
    var conversions: [Conversion] = []
    var position = 0
    while position < format.count {
      let byte = format[position]
      position += 1
      guard byte == UInt8(ascii: "%") else {
        literals[conversions.count].append(byte)
        continue
      }
      let conversion = try Self.conversion(in: format, at: &position)
      if conversion.type == UInt8(ascii: "%") {
        literals[conversions.count].append(byte)
        continue
      }
      try Self.check(conversion, argument: conversions.count)
      conversions.append(conversion)
      literals.append([])
    }
    guard conversions.count == 2 else { throw .wrongArguments }
    self.init(
      before: literals[0], text: conversions[0], between: literals[1], milliseconds: conversions[1], after: literals[2])
  }

  private static func conversion(
    in format: [UInt8], at position: inout Int
  ) throws(MillisecondsFormatError) -> Conversion {
    func next() throws(MillisecondsFormatError) -> UInt8 {
      guard position < format.count else { throw .incomplete }
      return format[position]
    }
    func number() throws(MillisecondsFormatError) -> Int {
      if try next() == UInt8(ascii: "*") { throw .wrongArguments }
      var value = 0
      while case let digit = try next(), digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") {
        value = value * 10 + Int(digit - UInt8(ascii: "0"))
        guard value <= largestWidth else { throw .unsupported }
        position += 1
      }
      return value
    }
    var conversion = Conversion()
    if try next() == UInt8(ascii: "(") { throw .wrongArguments }
    flags: while true {
      switch try next() {
      case UInt8(ascii: "-"): conversion.left = true
      case UInt8(ascii: "+"): conversion.plus = true
      case UInt8(ascii: " "): conversion.space = true
      case UInt8(ascii: "#"): conversion.alternate = true
      case UInt8(ascii: "0"): conversion.zero = true
      default: break flags
      }
      position += 1
    }
    conversion.width = try number()
    if try next() == UInt8(ascii: ".") {
      position += 1
      conversion.precision = try number()
    }
    if "hlL".utf8.contains(try next()) { position += 1 }
    conversion.type = try next()
    position += 1
    return conversion
  }

  private static func check(_ conversion: Conversion, argument: Int) throws(MillisecondsFormatError) {
    switch Unicode.Scalar(conversion.type) {
    case "s": return
    case "r", "a": if argument == 0 { throw .unsupported }
    case "d", "i", "u", "e", "E", "f", "F", "g", "G": if argument != 1 { throw .wrongArguments }
    case "c", "o", "x", "X": throw .wrongArguments
    default: throw .unknownConversion
    }
  }

  /// Appends the time's text with the milliseconds. False, with nothing appended, where Python raises: the whole part
  /// of NaN or infinite milliseconds.
  func append(_ time: ArraySlice<UInt8>, _ value: Double, into output: inout [UInt8]) -> Bool {
    if !value.isFinite, "diu".utf8.contains(milliseconds.type) { return false }
    output.append(contentsOf: before)
    Self.append(text: time, text, into: &output)
    output.append(contentsOf: between)
    Self.append(value, milliseconds, into: &output)
    output.append(contentsOf: after)
    return true
  }

  func appendBetween(into output: inout [UInt8]) { output.append(contentsOf: between) }

  /// Widths and precisions count characters.
  private static func append(text: ArraySlice<UInt8>, _ conversion: Conversion, into output: inout [UInt8]) {
    var text = text
    var count = text.count { $0 & 0xc0 != 0x80 }
    if let precision = conversion.precision, precision < count {
      var seen = 0
      text = text.prefix { byte in
        if byte & 0xc0 != 0x80 { seen += 1 }
        return seen <= precision
      }
      count = precision
    }
    let spaces = repeatElement(UInt8(ascii: " "), count: max(conversion.width - count, 0))
    if !conversion.left { output.append(contentsOf: spaces) }
    output.append(contentsOf: text)
    if conversion.left { output.append(contentsOf: spaces) }
  }

  private static func append(_ value: Double, _ conversion: Conversion, into output: inout [UInt8]) {
    var digits: [UInt8] = []
    var negative = value.sign == .minus
    switch Unicode.Scalar(conversion.type) {
    case "s", "r", "a":
      digits.appendFloatRepr(value)
      return append(text: digits[...], conversion, into: &output)
    case "d", "i", "u":
      var whole: [UInt8] = []
      appendMagnitude(value.rounded(.towardZero), .fixed, precision: 0, into: &whole)
      negative = negative && whole != [UInt8(ascii: "0")]
      digits.append(
        contentsOf: repeatElement(UInt8(ascii: "0"), count: max((conversion.precision ?? 0) - whole.count, 0)))
      digits += whole
    default:
      let type = AsciiCase.lower(conversion.type)
      let form: FloatForm = type == UInt8(ascii: "f") ? .fixed : type == UInt8(ascii: "e") ? .exponent : .general
      appendMagnitude(
        value, form, precision: conversion.precision ?? 6, uppercase: type != conversion.type,
        alternate: conversion.alternate, into: &digits)
      if value.isNaN { negative = false }
    }
    let sign: [UInt8] =
      negative
      ? [UInt8(ascii: "-")] : conversion.plus ? [UInt8(ascii: "+")] : conversion.space ? [UInt8(ascii: " ")] : []
    let missing = max(conversion.width - sign.count - digits.count, 0)
    let zeros = conversion.zero && !conversion.left
    let fill = repeatElement(zeros ? UInt8(ascii: "0") : UInt8(ascii: " "), count: missing)
    if !conversion.left, !zeros { output.append(contentsOf: fill) }
    output.append(contentsOf: sign)
    if zeros { output.append(contentsOf: fill) }
    output.append(contentsOf: digits)
    if conversion.left { output.append(contentsOf: fill) }
  }

  private static func appendMagnitude(
    _ value: Double, _ form: FloatForm, precision: Int, uppercase: Bool = false, alternate: Bool = false,
    into output: inout [UInt8]
  ) {
    do throws(RenderError) {
      try output.appendFloat(
        value.magnitude, form, precision: precision, uppercase: uppercase, alternate: alternate)
    } catch {
      preconditionFailure("precisions have been checked")
    }
  }
}
