/// A number in a template: where a format that is all text and plain numbers has one.
struct StrftimeField: Sendable, Equatable {
  let number: StrftimeNumber.Field
  /// Bytes from the template's start.
  let offset: Int

  /// Writes the number over its zeros. The year must have four digits.
  @inline(__always)
  func put(_ time: CalendarTime, at start: Int, of output: inout MutableSpan<UInt8>) {
    let value = number.value(of: time)
    if number == .year {
      StrftimeNumber.putTwoDigits(value / 100, at: start + offset, of: &output)
      StrftimeNumber.putTwoDigits(value % 100, at: start + offset + 2, of: &output)
    } else {
      StrftimeNumber.putTwoDigits(value, at: start + offset, of: &output)
    }
  }

  /// The text of such a format with zeros for its numbers, and the numbers; nil for any other format.
  static func template(of pieces: [StrftimePiece], in format: [UInt8]) -> (text: [UInt8], fields: [StrftimeField])? {
    var text: [UInt8] = []
    var fields: [StrftimeField] = []
    for piece in pieces {
      switch piece.code {
      case .literal: text += format[piece.start..<piece.end]
      case .byte where piece.width <= 1: text.append(UInt8(truncatingIfNeeded: piece.start))
      case .twoDigits, .number:
        let isYear = piece.number == .year && piece.pad == 0 && piece.width <= 4
        guard isYear || piece.code == .twoDigits else { return nil }
        fields.append(StrftimeField(number: piece.number, offset: text.count))
        text += repeatElement(UInt8(ascii: "0"), count: isYear ? 4 : 2)
      default: return nil
      }
    }
    return (text, fields)
  }
}
