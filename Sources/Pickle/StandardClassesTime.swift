/// `datetime.date`'s fields: a day of the proleptic Gregorian calendar, year 1 to 9999.
public struct CivilDate: Equatable, Sendable {
  public var year: Int
  public var month: Int
  public var day: Int

  /// Nil for days that the calendar does not have.
  public init?(year: Int, month: Int, day: Int) {
    guard (1...9999).contains(year), (1...12).contains(month) else { return nil }
    guard day >= 1, day <= CivilDate.days(inMonth: month, of: year) else { return nil }
    self.year = year
    self.month = month
    self.day = day
  }

  static func days(inMonth month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// `YYYY-MM-DD`.
  func append(to out: inout [UInt8]) {
    out.appendInteger(year, width: 4)
    out.append(UInt8(ascii: "-"))
    out.appendInteger(month, width: 2)
    out.append(UInt8(ascii: "-"))
    out.appendInteger(day, width: 2)
  }
}

/// `datetime.time`'s fields without its zone.
public struct ClockTime: Equatable, Sendable {
  public var hour: Int
  public var minute: Int
  public var second: Int
  public var microsecond: Int
  /// Which of two equal local times is meant where a zone sets its clocks back: the second one?
  public var fold: Bool

  /// Nil outside of 00:00:00 to 23:59:59.999999.
  public init?(hour: Int, minute: Int, second: Int, microsecond: Int, fold: Bool = false) {
    guard (0..<24).contains(hour), (0..<60).contains(minute), (0..<60).contains(second) else { return nil }
    guard (0..<1_000_000).contains(microsecond) else { return nil }
    self.hour = hour
    self.minute = minute
    self.second = second
    self.microsecond = microsecond
    self.fold = fold
  }

  /// `HH:MM:SS`, and `.ffffff` unless the microseconds are 0: `time.isoformat()`.
  func append(to out: inout [UInt8]) {
    out.appendInteger(hour, width: 2)
    out.append(UInt8(ascii: ":"))
    out.appendInteger(minute, width: 2)
    out.append(UInt8(ascii: ":"))
    out.appendInteger(second, width: 2)
    if microsecond != 0 {
      out.append(UInt8(ascii: "."))
      out.appendInteger(microsecond, width: 6)
    }
  }

  /// `H, M[, S[, U]]`: the part of a `repr()` that omits what is 0 at its end.
  func appendArguments(to out: inout [UInt8]) {
    out.appendInteger(hour, width: 1)
    out.appendASCII(", ")
    out.appendInteger(minute, width: 1)
    if second != 0 || microsecond != 0 {
      out.appendASCII(", ")
      out.appendInteger(second, width: 1)
    }
    if microsecond != 0 {
      out.appendASCII(", ")
      out.appendInteger(microsecond, width: 1)
    }
  }
}

/// `datetime.timedelta`, normalised as Python's are: `0 <= seconds < 86400` and
/// `0 <= microseconds < 1000000`, the sign is that of `days`.
public struct TimeDelta: Equatable, Sendable {
  public var days: Int
  public var seconds: Int
  public var microseconds: Int

  static let greatestDays = 999_999_999

  /// Carries what exceeds a field over to the next one, as the constructor does; nil beyond
  /// Python's ±999,999,999 days.
  public init?(days: Int, seconds: Int, microseconds: Int) {
    let (carriedSeconds, restMicroseconds) = TimeDelta.floorDivide(microseconds, by: 1_000_000)
    let (allSeconds, secondsOverflow) = seconds.addingReportingOverflow(carriedSeconds)
    let (carriedDays, restSeconds) = TimeDelta.floorDivide(allSeconds, by: 86_400)
    let (allDays, daysOverflow) = days.addingReportingOverflow(carriedDays)
    guard !secondsOverflow, !daysOverflow else { return nil }
    guard (-TimeDelta.greatestDays...TimeDelta.greatestDays).contains(allDays) else { return nil }
    self.days = allDays
    self.seconds = restSeconds
    self.microseconds = restMicroseconds
  }

  private static func floorDivide(_ value: Int, by divisor: Int) -> (quotient: Int, remainder: Int) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }

  public static var zero: TimeDelta { TimeDelta() }
  private init() {
    days = 0
    seconds = 0
    microseconds = 0
  }

  public var isZero: Bool { days == 0 && seconds == 0 && microseconds == 0 }
  public var isNegative: Bool { days < 0 }

  /// `str(timedelta)`: `[D day[s], ][H]H:MM:SS[.ffffff]`.
  func append(to out: inout [UInt8]) {
    if days != 0 {
      out.appendInteger(Int64(days))
      out.appendASCII(days == 1 || days == -1 ? " day, " : " days, ")
    }
    out.appendInteger(seconds / 3600, width: 1)
    out.append(UInt8(ascii: ":"))
    out.appendInteger(seconds / 60 % 60, width: 2)
    out.append(UInt8(ascii: ":"))
    out.appendInteger(seconds % 60, width: 2)
    if microseconds != 0 {
      out.append(UInt8(ascii: "."))
      out.appendInteger(microseconds, width: 6)
    }
  }

  func appendRepr(to out: inout [UInt8]) {
    out.appendASCII("datetime.timedelta(")
    var separator: StaticString = ""
    let fields: [(StaticString, Int)] = [("days=", days), ("seconds=", seconds), ("microseconds=", microseconds)]
    for (name, value) in fields where value != 0 {
      out.appendASCII(separator)
      out.appendASCII(name)
      out.appendInteger(Int64(value))
      separator = ", "
    }
    out.appendASCII(isZero ? "0)" : ")")
  }

  /// `+HH:MM[:SS[.ffffff]]`: as the offset in an ISO time or in the name of a fixed zone. The
  /// receiver lies strictly between minus and plus one day.
  func appendOffset(to out: inout [UInt8]) {
    let total = days * 86_400_000_000 + seconds * 1_000_000 + microseconds
    out.append(total < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
    let magnitude = abs(total)
    let wholeSeconds = magnitude / 1_000_000
    out.appendInteger(wholeSeconds / 3600, width: 2)
    out.append(UInt8(ascii: ":"))
    out.appendInteger(wholeSeconds / 60 % 60, width: 2)
    if magnitude % 60_000_000 != 0 {
      out.append(UInt8(ascii: ":"))
      out.appendInteger(wholeSeconds % 60, width: 2)
    }
    if magnitude % 1_000_000 != 0 {
      out.append(UInt8(ascii: "."))
      out.appendInteger(magnitude % 1_000_000, width: 6)
    }
  }

  /// Whether `datetime.timezone` takes it: strictly between minus and plus one day.
  public var isZoneOffset: Bool {
    days == 0 || (days == -1 && (seconds != 0 || microseconds != 0))
  }
}

/// Decodes the states that `datetime`'s classes pickle: big-endian bytes, see `datetime.__reduce__`
/// in CPython's `Lib/_pydatetime.py` (`_getstate`).
enum DateTimeState {
  /// The state's bytes: bytes, a Python 2 string, or a text whose code points are the bytes.
  static func bytes(_ state: PickleValue, count: Int, _ arena: borrowing PickleArena, _ frame: RawSpan) -> [UInt8]? {
    guard state.isSlice, state.length <= 2 * count else { return nil }
    let slice = arena.bytes(state, frame)
    var result: [UInt8] = []
    result.reserveCapacity(count)
    switch state.kind {
    case .bytes, .byteArray, .string2:
      for index in 0..<slice.byteCount { result.append(slice[index]) }
    case .string:
      var index = 0
      while index < slice.byteCount {
        let byte = slice[index]
        if byte < 0x80 {
          result.append(byte)
          index += 1
        } else {
          guard byte & 0xFC == 0xC0, index + 1 < slice.byteCount else { return nil }
          result.append(byte << 6 | slice[index + 1] & 0x3F)
          index += 2
        }
      }
    default: return nil
    }
    return result.count == count ? result : nil
  }

  static func date(_ bytes: ArraySlice<UInt8>) -> (date: CivilDate, fold: Bool)? {
    let first = bytes.startIndex
    guard bytes.count >= 4 else { return nil }
    let month = bytes[first + 2]
    let year = Int(bytes[first]) << 8 | Int(bytes[first + 1])
    guard let date = CivilDate(year: year, month: Int(month & 0x7F), day: Int(bytes[first + 3])) else { return nil }
    return (date, month & 0x80 != 0)
  }

  /// `fold`: what the date's month said; a time alone keeps it in the hour's highest bit.
  static func time(_ bytes: ArraySlice<UInt8>, fold: Bool?) -> ClockTime? {
    let first = bytes.startIndex
    guard bytes.count >= 6 else { return nil }
    let hour = fold == nil ? bytes[first] & 0x7F : bytes[first]
    let microsecond = Int(bytes[first + 3]) << 16 | Int(bytes[first + 4]) << 8 | Int(bytes[first + 5])
    return ClockTime(
      hour: Int(hour), minute: Int(bytes[first + 1]), second: Int(bytes[first + 2]), microsecond: microsecond,
      fold: fold ?? (bytes[first] & 0x80 != 0))
  }
}

extension Array where Element == UInt8 {
  /// Appends a number that is not negative, with leading zeros up to `width` digits.
  fileprivate mutating func appendInteger(_ value: Int, width: Int) {
    appendInteger(magnitude: UInt64(value), width: width)
  }
}
