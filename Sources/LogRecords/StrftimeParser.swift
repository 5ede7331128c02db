/// Reads a `strftime` format into pieces.
struct StrftimeParser {
  private let format: [UInt8]
  private var position = 0
  private var pieces: [StrftimePiece] = []

  /// Widths from here on are one: no result is so long.
  private static let largestWidth = 1 << 40

  init(_ format: [UInt8]) { self.format = format }

  mutating func parse() -> [StrftimePiece] {
    while position < format.count {
      if format[position] == UInt8(ascii: "%") {
        parseDirective()
      } else {
        let start = position
        while position < format.count, format[position] != UInt8(ascii: "%") { position += 1 }
        pieces.append(StrftimePiece(start: start, end: position))
      }
    }
    return pieces
  }

  private var next: UInt8 { position < format.count ? format[position] : 0 }

  /// `%`, flags, a width, a modifier, the code. A trailing `%` and what is unknown are text.
  private mutating func parseDirective() {
    var piece = StrftimePiece(start: position)
    var swapsCase = false
    position += 1
    flags: while true {
      switch next {
      case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "0"): piece.pad = next
      case UInt8(ascii: "^"): piece.letters = .upper
      case UInt8(ascii: "#"): swapsCase = true
      default: break flags
      }
      position += 1
    }
    while case let digit = next, digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") {
      piece.width = min(piece.width * 10 + Int(digit - UInt8(ascii: "0")), Self.largestWidth)
      position += 1
    }
    var modifier: UInt8 = 0
    if next == UInt8(ascii: "E") || next == UInt8(ascii: "O") {
      modifier = next
      position += 1
    }
    let code = next
    if position < format.count { position += 1 }
    while position < format.count, format[position] & 0xc0 == 0x80 { position += 1 }
    piece.end = position
    if Self.allows(modifier, before: code), interpret(code, swapsCase, piece) { return }
    piece.code = .text
    // glibc looks at the flag before it refuses the modifier, for the months only.
    if swapsCase, modifier == UInt8(ascii: "E"), "bBh".utf8.contains(code) { piece.letters = .upper }
    pieces.append(piece)
  }

  /// Which codes glibc takes a modifier before. There are no other calendars and digits in the C locale.
  private static func allows(_ modifier: UInt8, before code: UInt8) -> Bool {
    switch modifier {
    case UInt8(ascii: "E"): "%CPRTXYZcnprstuxyz".utf8.contains(code)
    case UInt8(ascii: "O"): "%BCGHIMPRSTUVWZbdeghjklmnprstuwyz".utf8.contains(code)
    default: true
    }
  }

  /// Appends what a code stands for; false if it is unknown.
  private mutating func interpret(_ code: UInt8, _ swapsCase: Bool, _ piece: StrftimePiece) -> Bool {
    switch Unicode.Scalar(code) {
    case "a": append(.weekday, digits: 3, letters: swapsCase ? .upper : nil, piece)
    case "A": append(.weekday, digits: 9, letters: swapsCase ? .upper : nil, piece)
    case "b", "h": append(.month, digits: 3, letters: swapsCase ? .upper : nil, piece)
    case "B": append(.month, digits: 9, letters: swapsCase ? .upper : nil, piece)
    case "c": append(group: "%a %b %e %H:%M:%S %Y", piece)
    case "C": append(.century, 1, piece)
    case "d": append(.day, 2, piece)
    case "D", "x": append(group: "%m/%d/%y", piece)
    case "e": append(.day, 2, pad: "_", piece)
    case "F": append(group: "%Y-%m-%d", piece)
    case "g": append(.isoYearOfCentury, 2, piece)
    case "G": append(.isoYear, 1, piece)
    case "H": append(.hour, 2, piece)
    case "I": append(.hour12, 2, piece)
    case "j": append(.yearDay, 3, piece)
    case "k": append(.hour, 2, pad: "_", piece)
    case "l": append(.hour12, 2, pad: "_", piece)
    case "m": append(.month, 2, piece)
    case "M": append(.minute, 2, piece)
    case "n": append(byte: "\n", piece)
    case "p": append(.dayHalf, letters: swapsCase ? .lower : nil, piece)
    case "P": append(.dayHalf, letters: .lower, piece)
    case "r": append(group: "%I:%M:%S %p", piece)
    case "R": append(group: "%H:%M", piece)
    case "s": append(.epoch, piece)
    case "S": append(.second, 2, piece)
    case "t": append(byte: "\t", piece)
    case "T", "X": append(group: "%H:%M:%S", piece)
    case "u": append(.weekdayFromMonday, 1, piece)
    case "U": append(.weekFromSunday, 2, piece)
    case "V": append(.isoWeek, 2, piece)
    case "w": append(.weekdayFromSunday, 1, piece)
    case "W": append(.weekFromMonday, 2, piece)
    case "y": append(.yearOfCentury, 2, piece)
    case "Y": append(.year, 1, piece)
    case "z": append(.zoneOffset, piece)
    case "Z": append(.zoneName, letters: swapsCase ? .lower : nil, piece)
    case "%": append(byte: "%", piece)
    default: return false
    }
    return true
  }

  private mutating func append(
    _ code: StrftimePiece.Code, digits: Int = 2, letters: StrftimePiece.Letters? = nil, _ piece: StrftimePiece
  ) {
    var piece = piece
    piece.code = code
    piece.digits = digits
    if let letters { piece.letters = letters }
    pieces.append(piece)
  }

  private mutating func append(
    _ number: StrftimeNumber.Field, _ digits: Int, pad: Unicode.Scalar? = nil, _ piece: StrftimePiece
  ) {
    var piece = piece
    piece.number = number
    piece.digits = digits
    if piece.pad == 0, let pad { piece.pad = UInt8(ascii: pad) }
    piece.code = digits == 2 && piece.pad == 0 && piece.width <= 2 ? .twoDigits : .number
    pieces.append(piece)
  }

  private mutating func append(byte: Unicode.Scalar, _ piece: StrftimePiece) {
    var piece = piece
    piece.code = .byte
    piece.start = Int(byte.value)
    piece.end = piece.start
    pieces.append(piece)
  }

  /// A code that stands for other codes. Between them stand single bytes only, as a literal has no place in `format`.
  private mutating func append(group: StaticString, _ piece: StrftimePiece) {
    var group = StrftimeParser(Array(group.description.utf8)).membersOfGroup()
    guard piece.width > 0 || piece.letters == .upper else {
      pieces += group
      return
    }
    var head = piece
    head.code = .group
    head.members = group.count
    group.insert(head, at: 0)
    pieces += group
  }

  private consuming func membersOfGroup() -> [StrftimePiece] {
    var members: [StrftimePiece] = []
    for piece in parse() {
      guard piece.code == .literal else {
        members.append(piece)
        continue
      }
      for byte in format[piece.start..<piece.end] {
        members.append(StrftimePiece(code: .byte, start: Int(byte), end: Int(byte)))
      }
    }
    return members
  }
}
