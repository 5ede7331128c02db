/// The rules of a POSIX TZ string ("EST5EDT,M3.2.0,M11.1.0"): a standard time and, perhaps, daylight saving time
/// between two days of every year. POSIX.1 8.3, RFC 9636 3.3.1; where those are silent, glibc 2.36.
public struct PosixTimeZone: Sendable, Equatable {
  public let standard: LocalTimeType
  public let daylight: LocalTimeType?
  let start: Change
  let end: Change

  /// The day and the local time of a change, by the offset that it ends.
  struct Change: Sendable, Equatable {
    enum Day: Sendable, Equatable {
      /// Jn: 1...365, the 29th of February never counts.
      case julian(Int)
      /// n: 0...365
      case ofYear(Int)
      /// Mm.w.d: the w-th day d (0 = Sunday) of month m; the fifth is the last.
      case ofMonth(month: Int, week: Int, weekday: Int)
    }

    var day = Day.ofYear(0)
    /// Local seconds after that day's midnight; beyond a day or negative as well.
    var seconds = 0
  }

  /// As glibc takes a TZ variable that names no file: never fails. What it cannot read ends the text there: "Nope"
  /// is UTC under the name "Nope". Without rules after a daylight saving name, those of the United States hold;
  /// a rule that cannot be read leaves changes at the start of the year.
  public init(lenient text: [UInt8]) {
    var parser = PosixTimeZoneParser(text)
    self = parser.parse()
  }

  /// As the footer of a TZif file has it: nil unless the whole text is such a string.
  public init?(strict text: [UInt8]) {
    var parser = PosixTimeZoneParser(text)
    let zone = parser.parse()
    guard parser.isComplete else { return nil }
    self = zone
  }

  init(standard: LocalTimeType, daylight: LocalTimeType?, start: Change, end: Change) {
    self.standard = standard
    self.daylight = daylight
    self.start = start
    self.end = end
  }

  /// The stretch of time around `seconds` with one type of local time. glibc decides by the rules of the year that
  /// it is in UTC, so a stretch ends with that year at the latest.
  func interval(containing seconds: Int64) -> ZoneInterval {
    guard let daylight else { return ZoneInterval(start: .min, end: .max, type: standard) }
    guard CalendarTime.plausibleSeconds.contains(seconds) else {
      return ZoneInterval(start: seconds, end: seconds, type: standard)
    }
    let time = Int(seconds)
    let year = Civil.date(ofDay: Civil.floorDivide(time, Civil.secondsPerDay)).year
    let first = change(start, in: year, from: standard)
    let second = change(end, in: year, from: daylight)
    let isDST = first > second ? time < second || time >= first : time >= first && time < second
    var from = Civil.day(ofYear: year) * Civil.secondsPerDay
    var until = Civil.day(ofYear: year + 1) * Civil.secondsPerDay
    for change in [first, second] {
      if change <= time { from = max(from, change) } else { until = min(until, change) }
    }
    return ZoneInterval(start: Int64(from), end: Int64(until), type: isDST ? daylight : standard)
  }

  /// glibc counts from 1970 for all earlier years too, so that they have no changes of their own, and counts days in
  /// 32 bits, which wrap after 5.8 million years.
  private func change(_ change: Change, in year: Int, from type: LocalTimeType) -> Int {
    let base = year > 1970 ? Int(Int32(truncatingIfNeeded: Civil.day(ofYear: year))) : 0
    return (base + Self.dayOfYear(change.day, in: year)) * Civil.secondsPerDay + change.seconds - type.utcOffset
  }

  /// Days after the first of January.
  static func dayOfYear(_ day: Change.Day, in year: Int) -> Int {
    switch day {
    case .julian(let number): return number - 1 + (number >= 60 && Civil.isLeap(year) ? 1 : 0)
    case .ofYear(let number): return number
    case .ofMonth(let month, let week, let weekday):
      let first = Civil.daysBefore(month: month, of: year)
      let length = Civil.daysBefore(month: month + 1, of: year) - first
      let firstWeekday = Civil.weekday(ofDay: Civil.day(ofYear: year) + first)
      var day = (weekday - firstWeekday + 7) % 7
      for _ in 1..<week where day + 7 < length { day += 7 }
      return first + day
    }
  }

  /// The type of the local time `seconds` (since 1970, as if it were UTC) of `year`, as Python's `zoneinfo` decides:
  /// in a gap or a fold, `fold` 0 means the offset before the change, 1 the one after.
  func type(atLocal seconds: Int, year: Int, fold: Bool) -> LocalTimeType {
    guard let daylight else { return standard }
    let newYear = Civil.day(ofYear: year) * Civil.secondsPerDay
    var first = newYear + Self.dayOfYear(start.day, in: year) * Civil.secondsPerDay + start.seconds
    var last = newYear + Self.dayOfYear(end.day, in: year) * Civil.secondsPerDay + end.seconds
    let saving = daylight.utcOffset - standard.utcOffset
    if fold == (saving >= 0) { last -= saving } else { first += saving }
    let isDST = first < last ? first <= seconds && seconds < last : !(last <= seconds && seconds < first)
    return isDST ? daylight : standard
  }
}

/// Reads a POSIX TZ string as far as it goes.
struct PosixTimeZoneParser {
  private let text: [UInt8]
  private var position = 0
  private(set) var isComplete = false

  /// What C's `%hu` keeps of a number.
  private static let largestNumber = 65535

  init(_ text: [UInt8]) { self.text = text }

  mutating func parse() -> PosixTimeZone {
    let none = PosixTimeZone.Change()
    guard let name = parseName() else {
      return PosixTimeZone(
        standard: LocalTimeType(utcOffset: 0, abbreviation: []), daylight: nil, start: none, end: none)
    }
    guard let offset = parseOffset(signed: true) else {
      return PosixTimeZone(
        standard: LocalTimeType(utcOffset: 0, abbreviation: name), daylight: nil, start: none, end: none)
    }
    let standard = LocalTimeType(utcOffset: offset, abbreviation: name)
    guard position < text.count else {
      isComplete = true
      return PosixTimeZone(standard: standard, daylight: nil, start: none, end: none)
    }
    var daylight = LocalTimeType(utcOffset: 0, isDST: true, abbreviation: [])
    let daylightName = parseName()
    if let daylightName {
      daylight = LocalTimeType(
        utcOffset: parseOffset(signed: false) ?? offset + 3600, isDST: true, abbreviation: daylightName)
    }
    var start = none
    var end = none
    if parseChange(&start, default: .ofMonth(month: 3, week: 2, weekday: 0)) {
      let complete = parseChange(&end, default: .ofMonth(month: 11, week: 1, weekday: 0))
      isComplete = complete && daylightName != nil && position == text.count
    }
    return PosixTimeZone(standard: standard, daylight: daylight, start: start, end: end)
  }

  private var next: UInt8? { position < text.count ? text[position] : nil }

  private mutating func skip(_ byte: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  /// Three letters or more, or three letters, digits or signs or more between angle brackets.
  private mutating func parseName() -> [UInt8]? {
    var end = position
    let quoted = next == UInt8(ascii: "<")
    if quoted { end += 1 }
    let start = end
    while end < text.count, Self.isNamePart(text[end], quoted: quoted) { end += 1 }
    guard end - start >= 3 else { return nil }
    if quoted {
      guard end < text.count, text[end] == UInt8(ascii: ">") else { return nil }
    }
    position = quoted ? end + 1 : end
    return Array(text[start..<end])
  }

  private static func isNamePart(_ byte: UInt8, quoted: Bool) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"): quoted
    default: false
    }
  }

  private mutating func parseNumber() -> Int? {
    var value = 0
    let start = position
    while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
      value = min(value * 10 + Int(byte - UInt8(ascii: "0")), Self.largestNumber)
      position += 1
    }
    return position > start ? value : nil
  }

  /// `h[:mm[:ss]]`; parts that are missing stay nil.
  private mutating func parseClock() -> (hours: Int, minutes: Int?, seconds: Int?)? {
    guard let hours = parseNumber() else { return nil }
    var parts: (hours: Int, minutes: Int?, seconds: Int?) = (hours, nil, nil)
    guard let minutes = parseTail() else { return parts }
    parts.minutes = minutes
    parts.seconds = parseTail()
    return parts
  }

  private mutating func parseTail() -> Int? {
    let start = position
    guard skip(":") else { return nil }
    guard let value = parseNumber() else {
      position = start
      return nil
    }
    return value
  }

  /// Seconds east of Greenwich (the text counts westwards). glibc caps the hours at 24, minutes and seconds at 59.
  private mutating func parseOffset(signed isFirst: Bool) -> Int? {
    let start = position
    let negative = skip("-")
    if !negative { _ = skip("+") }
    guard let clock = parseClock() else {
      if !isFirst { position = start }
      return nil
    }
    let seconds = min(clock.hours, 24) * 3600 + min(clock.minutes ?? 0, 59) * 60 + min(clock.seconds ?? 0, 59)
    return negative ? seconds : -seconds
  }

  private mutating func parseChange(_ change: inout PosixTimeZone.Change, default day: PosixTimeZone.Change.Day) -> Bool
  {
    _ = skip(",")
    guard let byte = next else {
      change = PosixTimeZone.Change(day: day, seconds: 7200)
      return true
    }
    switch byte {
    case UInt8(ascii: "J"):
      position += 1
      guard let number = parseNumber(), (1...365).contains(number) else { return false }
      change.day = .julian(number)
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      guard let number = parseNumber(), number <= 365 else { return false }
      change.day = .ofYear(number)
    case UInt8(ascii: "M"):
      position += 1
      guard let month = parseNumber(), (1...12).contains(month), skip("."),
        let week = parseNumber(), (1...5).contains(week), skip("."),
        let weekday = parseNumber(), weekday <= 6
      else { return false }
      change.day = .ofMonth(month: month, week: week, weekday: weekday)
    default: return false
    }
    guard let after = next, after != UInt8(ascii: ",") else {
      change.seconds = 7200
      return true
    }
    guard skip("/"), next != nil else { return false }
    let negative = skip("-")
    let clock = parseClock()
    let seconds = (clock?.hours ?? 2) * 3600 + (clock?.minutes ?? 0) * 60 + (clock?.seconds ?? 0)
    change.seconds = negative ? -seconds : seconds
    return true
  }
}
