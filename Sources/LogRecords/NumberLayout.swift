internal import Pickle

/// A number's text in the parts that padding and grouping tell apart.
struct NumberParts {
  var isNegative = false
  /// `0x` and the like.
  var prefix: StaticString = ""
  /// The digits before the point: what grouping applies to.
  var digits: [UInt8] = []
  /// All that follows: point, fraction, exponent, `%`; or `inf` and `nan`.
  var rest: [UInt8] = []

  init() {}

  /// Takes a text apart that begins with an optional `-`.
  init(_ text: [UInt8]) {
    isNegative = text.first == UInt8(ascii: "-")
    let unsigned = text.dropFirst(isNegative ? 1 : 0)
    let end = unsigned.firstIndex { !(0x30...0x39).contains($0) } ?? unsigned.endIndex
    digits = Array(unsigned[..<end])
    rest = Array(unsigned[end...])
  }

  var prefixLength: Int { prefix.utf8CodeUnitCount }
}

extension FormatSpec {
  /// Appends a number: sign, prefix, digits in groups, the rest, and padding around or after the
  /// sign (`calc_number_widths` and `fill_number` of CPython's formatter_unicode.c).
  func append(_ number: NumberParts, defaultAlignment: Alignment, to out: inout [UInt8]) throws(RenderError) {
    let signByte: UInt8? =
      if number.isNegative { UInt8(ascii: "-") } else {
        switch sign {
        case .always: UInt8(ascii: "+")
        case .blank: UInt8(ascii: " ")
        case .minusOnly, nil: nil
        }
      }
    let width = width ?? 0
    guard width <= RenderLimits.text else { throw .tooBig }
    let alignment = alignment ?? (padsWithZeros && defaultAlignment == .right ? .afterSign : defaultAlignment)
    let others =
      (signByte == nil ? 0 : 1) + number.prefixLength + number.rest.rawBytes.countCodePoints()
    // Zeros behind the sign are digits, and grouped like them.
    let isZeroFilled = fill == 0x30 && alignment == .afterSign
    let digits = number.digits.isEmpty ? [] : grouped(number.digits, minimum: isZeroFilled ? width - others : 0)
    let padding = max(0, width - others - digits.count)
    let before =
      switch alignment {
      case .left, .afterSign: 0
      case .right: padding
      case .center: padding / 2
      }
    let behindSign = alignment == .afterSign ? padding : 0
    out.appendRepeated(fill, before)
    if let signByte { out.append(signByte) }
    out.appendASCII(number.prefix)
    out.appendRepeated(fill, behindSign)
    out.append(contentsOf: digits)
    out.append(contentsOf: number.rest)
    out.appendRepeated(fill, padding - before - behindSign)
  }

  /// Pads the text that `out` has from `start` on.
  func pad(_ out: inout [UInt8], from start: Int, defaultAlignment: Alignment) throws(RenderError) {
    guard let width else { return }
    guard width <= RenderLimits.text else { throw .tooBig }
    let padding = width - out.rawBytes.extracting(start..<out.count).countCodePoints()
    guard padding > 0 else { return }
    let before =
      switch alignment ?? defaultAlignment {
      case .left, .afterSign: 0
      case .right: padding
      case .center: padding / 2
      }
    out.insertRepeated(fill, before, at: start)
    out.appendRepeated(fill, padding - before)
  }

  /// Digits with their separators, and with zeros in front up to `minimum` characters. A separator
  /// never comes first, so the text may get one longer.
  private func grouped(_ digits: [UInt8], minimum: Int) -> [UInt8] {
    guard let grouping else {
      return [UInt8](repeating: 0x30, count: max(0, minimum - digits.count)) + digits
    }
    let size = usesGroupsOfFour ? 4 : 3
    var reversed: [UInt8] = []
    var used = 0
    while used < digits.count || reversed.count < minimum {
      if used > 0, used % size == 0 { reversed.append(grouping.rawValue) }
      reversed.append(used < digits.count ? digits[digits.count - 1 - used] : 0x30)
      used += 1
    }
    return reversed.reversed()
  }

  private var usesGroupsOfFour: Bool {
    switch type {
    case "b", "o", "x", "X": true
    default: false
    }
  }
}

extension Array where Element == UInt8 {
  mutating func appendRepeated(_ codePoint: UInt32, _ count: Int) {
    guard count > 0 else { return }
    if codePoint < 0x80 {
      append(contentsOf: repeatElement(UInt8(codePoint), count: count))
    } else {
      for _ in 0..<count { appendCodePoint(codePoint) }
    }
  }

  mutating func insertRepeated(_ codePoint: UInt32, _ count: Int, at start: Int) {
    guard count > 0 else { return }
    if codePoint < 0x80 {
      insert(contentsOf: repeatElement(UInt8(codePoint), count: count), at: start)
    } else {
      var padding: [UInt8] = []
      padding.appendRepeated(codePoint, count)
      insert(contentsOf: padding, at: start)
    }
  }

  /// Keeps no more than `count` code points of the text from `start` on.
  mutating func truncate(from start: Int, toCodePoints count: Int) {
    guard self.count - start > count else { return }
    let length = rawBytes.extracting(start..<self.count).offset(ofCodePoint: count)
    removeSubrange((start + length)...)
  }
}
