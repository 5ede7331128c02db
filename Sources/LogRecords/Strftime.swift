/// Why Python's `time.strftime` refuses a format.
public enum StrftimeError: Error, Equatable, Sendable {
  /// ValueError: "embedded null character".
  case embeddedNull
}

/// A format of `time.strftime`, read once: Python 3.13 over glibc 2.36 in the C locale, with its flags (`_`, `-`, `0`,
/// `^`, `#`), widths and modifiers (`E`, `O`). What glibc does not know stands in the output as it is written.
///
/// One thing differs: `^` before an unknown code makes only ASCII letters upper case.
public struct CompiledStrftime: Sendable, Equatable {
  /// The format's bytes: UTF-8, where lone surrogates may stand as three bytes.
  public let format: [UInt8]
  let pieces: [StrftimePiece]
  /// Python gives such a format a buffer of so many characters and takes a longer result for an empty one.
  let limit: Int
  /// Whether a result can be so long at all.
  let mayOverflow: Bool
  /// The result of a format of nothing but text, numbers of two digits and a year of four, with zeros in the numbers'
  /// places; empty for any other format.
  private let template: [UInt8]
  private let isDefault: Bool
  /// The template's numbers.
  private let fields: [StrftimeField]

  public init(_ format: [UInt8]) throws(StrftimeError) {
    guard !format.contains(0) else { throw .embeddedNull }
    self.init(withoutNull: format)
  }

  /// A format of our own.
  init(trusted format: StaticString) { self.init(withoutNull: Array(format.description.utf8)) }

  private init(withoutNull format: [UInt8]) {
    self.format = format
    var parser = StrftimeParser(format)
    pieces = parser.parse()
    let length = format.count { $0 & 0xc0 != 0x80 }
    var limit = 1024
    while limit < 256 * length { limit *= 2 }
    self.limit = limit
    let widths = pieces.reduce(0) { $0 + min($1.width, limit) + max($1.end - $1.start, StrftimePiece.longestText) }
    mayOverflow = widths >= limit || pieces.contains { $0.code == .zoneName }
    isDefault = format == DefaultTimeFormat.format
    (template, fields) = StrftimeField.template(of: pieces, in: format) ?? ([], [])
  }

  /// Appends `time.strftime(format, time)`.
  /// - Parameter localZone: the zone of the process, in which `%s` reads the fields of the time whatever zone they
  ///   are of, as C does. nil: the time's own offset.
  public func append(_ time: CalendarTime, localZone: TimeZoneRules? = nil, into output: inout [UInt8]) {
    if isDefault {
      DefaultTimeFormat.append(time, into: &output)
      return
    }
    let start = output.count
    if !template.isEmpty, (1000...9999).contains(time.year) {
      output.append(contentsOf: template)
      var span = output.mutableSpan
      for field in fields { field.put(time, at: start, of: &span) }
      return
    }
    var index = 0
    while index < pieces.count {
      let piece = pieces[index]
      index += 1
      if mayOverflow, piece.width >= limit || output.count - start >= limit * 4 {
        output.removeSubrange(start...)
        return
      }
      if piece.code == .group {
        let from = output.count
        for member in pieces[index..<index + piece.members] { append(member, time, localZone, into: &output) }
        index += piece.members
        Self.finishGroup(piece, from: from, of: &output)
      } else {
        append(piece, time, localZone, into: &output)
      }
    }
    if mayOverflow, output[start...].count(where: { $0 & 0xc0 != 0x80 }) >= limit { output.removeSubrange(start...) }
  }

  /// `append` in one call, for formats that are used once.
  public static func append(
    format: [UInt8], _ time: CalendarTime, localZone: TimeZoneRules? = nil, into output: inout [UInt8]
  ) throws(StrftimeError) {
    try CompiledStrftime(format).append(time, localZone: localZone, into: &output)
  }

  private static func finishGroup(_ piece: StrftimePiece, from: Int, of output: inout [UInt8]) {
    if piece.letters == .upper {
      for index in from..<output.count { output[index] = AsciiCase.upper(output[index]) }
    }
    let missing = piece.width - (output.count - from)
    if missing > 0 { output.insert(contentsOf: repeatElement(piece.filler, count: missing), at: from) }
  }

  @inline(__always)
  private func append(
    _ piece: StrftimePiece, _ time: CalendarTime, _ localZone: TimeZoneRules?, into output: inout [UInt8]
  ) {
    switch piece.code {
    case .literal:
      for index in piece.start..<piece.end { output.append(format[index]) }
    case .twoDigits:
      StrftimeNumber.appendTwoDigits(piece.number.value(of: time), into: &output)
    case .number:
      let value = piece.number.value(of: time)
      StrftimeNumber.append(value, digits: piece.digits, width: piece.width, pad: piece.pad, into: &output)
    case .epoch:
      // A number, but filled up like a text: zeros come before the sign.
      piece.append("\(Self.epoch(of: time, in: localZone))".utf8, into: &output)
    case .zoneOffset:
      piece.append(CollectionOfOne(time.utcOffset < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+")), into: &output)
      let minutes = abs(time.utcOffset) / 60
      let value = minutes / 60 * 100 + minutes % 60
      StrftimeNumber.append(value, digits: 4, width: piece.width, pad: piece.pad, into: &output)
    case .zoneName: piece.append(time.abbreviation, into: &output)
    case .text: piece.append(format[piece.start..<piece.end], into: &output)
    case .byte: piece.append(CollectionOfOne(UInt8(truncatingIfNeeded: piece.start)), into: &output)
    case .weekday: piece.append(CalendarNames.weekdays[time.weekday].utf8.prefix(piece.digits), into: &output)
    case .month: piece.append(CalendarNames.months[time.month - 1].utf8.prefix(piece.digits), into: &output)
    case .dayHalf: piece.append((time.hour < 12 ? "AM" : "PM").utf8, into: &output)
    case .group: break
    }
  }

  /// `%s`: `mktime` of the fields, in the local zone.
  private static func epoch(of time: CalendarTime, in localZone: TimeZoneRules?) -> Int {
    guard let localZone else { return (LocalFields(time).secondsAsUTC ?? 0) - time.utcOffset }
    var guess = Int64(time.utcOffset)
    return Int(localZone.instant(of: LocalFields(time), isDST: time.isDST, offsetGuess: &guess) ?? -1)
  }
}

/// The names of the C locale.
enum CalendarNames {
  static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
  static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]
}

enum AsciiCase {
  static func upper(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") ? byte - 32 : byte
  }

  static func lower(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte + 32 : byte
  }
}

/// One step of a compiled format.
struct StrftimePiece: Sendable, Equatable {
  enum Code: UInt8, Sendable {
    /// Bytes of the format.
    case literal
    /// A number of two digits without flags: the common case.
    case twoDigits
    case number, epoch, zoneOffset, zoneName
    /// A directive that glibc does not know.
    case text
    /// The one byte in `start`.
    case byte
    case weekday, month, dayHalf
    /// The `members` pieces that follow, padded as one.
    case group
  }

  enum Letters: UInt8, Sendable { case asTheyAre, upper, lower }

  /// Bytes of the longest text of a directive without a width, `%Z` aside.
  static let longestText = 24

  var code = Code.literal
  var number = StrftimeNumber.Field.year
  var letters = Letters.asTheyAre
  /// The last flag of `_`, `-` and `0`, or 0.
  var pad: UInt8 = 0
  /// Digits of a number at least; letters of a name at most.
  var digits = 0
  var width = 0
  var members = 0
  /// Where a literal or an unknown directive stands in the format.
  var start = 0
  var end = 0

  var filler: UInt8 { pad == UInt8(ascii: "0") ? pad : UInt8(ascii: " ") }

  /// Appends text that the width fills up in front.
  func append(_ text: some Collection<UInt8>, into output: inout [UInt8]) {
    if width > 0 {
      let count = text.count { $0 & 0xc0 != 0x80 }
      if count < width { output.append(contentsOf: repeatElement(filler, count: width - count)) }
    }
    switch letters {
    case .asTheyAre: output.append(contentsOf: text)
    case .upper: output.append(contentsOf: text.lazy.map(AsciiCase.upper))
    case .lower: output.append(contentsOf: text.lazy.map(AsciiCase.lower))
    }
  }
}
