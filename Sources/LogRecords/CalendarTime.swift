/// Why an instant has no calendar time: what CPython raises for it.
public enum CalendarTimeError: Error, Equatable, Sendable {
  /// ValueError: "Invalid value NaN (not a number)".
  case notANumber
  /// OverflowError: "timestamp out of range for platform time_t".
  case timestampOutOfRange
  /// OSError (EOVERFLOW) of `localtime`, or OverflowError of `strftime`: a year outside of `CalendarTime.years`.
  case yearOutOfRange
}

/// A broken-down time in the proleptic Gregorian calendar: C's `struct tm`, Python's `struct_time`, with the
/// numbers as people write them (the year in full, months and days of the year from 1).
public struct CalendarTime: Sendable, Equatable {
  /// Astronomical: 0 is 1 BC.
  public internal(set) var year: Int
  /// 1...12
  public internal(set) var month: Int
  /// 1...31
  public internal(set) var day: Int
  public internal(set) var hour: Int
  public internal(set) var minute: Int
  public internal(set) var second: Int
  /// 0...6 from Sunday, as C counts; Python's `tm_wday` counts from Monday (`weekdayFromMonday`).
  public internal(set) var weekday: Int
  /// 1...366
  public internal(set) var yearDay: Int
  /// Offset, abbreviation and daylight saving time of the zone at this instant.
  public internal(set) var zone: LocalTimeType

  /// The years that survive both `localtime` (whose `tm_year` counts from 1900 in 32 bits) and `strftime` (which
  /// takes the year itself in 32 bits).
  public static let years = Int(Int32.min) + 1900...Int(Int32.max)
  /// UTC seconds that can have such a year in any zone, with room for every offset.
  static let plausibleSeconds = -67_768_041_000_000_000...67_767_977_000_000_000 as ClosedRange<Int64>

  /// The time at `seconds` since 1970 (POSIX: no leap seconds) in a zone whose local time is of type `zone` then.
  public init(_ seconds: Int64, in zone: LocalTimeType) throws(CalendarTimeError) {
    guard Self.plausibleSeconds.contains(seconds) else { throw .yearOutOfRange }
    let (local, overflow) = Int(seconds).addingReportingOverflow(zone.utcOffset)
    guard !overflow else { throw .yearOutOfRange }
    let days = Civil.floorDivide(local, Civil.secondsPerDay)
    let secondOfDay = local - days * Civil.secondsPerDay
    let date = Civil.date(ofDay: days)
    guard Self.years.contains(date.year) else { throw .yearOutOfRange }
    year = date.year
    month = date.month
    day = date.day
    hour = secondOfDay / 3600
    minute = secondOfDay / 60 % 60
    second = secondOfDay % 60
    weekday = Civil.weekday(ofDay: days)
    yearDay = days - Civil.day(ofYear: date.year) + 1
    self.zone = zone
  }

  /// `time.gmtime`: offset 0, abbreviation "GMT".
  public init(gmtime seconds: Int64) throws(CalendarTimeError) { try self.init(seconds, in: .gmt) }

  public var isDST: Bool { zone.isDST }
  /// Seconds east of Greenwich.
  public var utcOffset: Int { zone.utcOffset }
  public var abbreviation: [UInt8] { zone.abbreviation }
  /// 0...6 from Monday: Python's `tm_wday`.
  public var weekdayFromMonday: Int { (weekday + 6) % 7 }

  /// The seconds that Python's `time.localtime` and `time.gmtime` take a float for: rounded down.
  @inlinable
  public static func seconds(of timestamp: Double) throws(CalendarTimeError) -> Int64 {
    guard !timestamp.isNaN else { throw .notANumber }
    guard let seconds = Int64(exactly: timestamp.rounded(.down)) else { throw .timestampOutOfRange }
    return seconds
  }
}

/// Days and dates. Day 0 is 1970-01-01; every function is exact for every year below 10¹² in magnitude.
enum Civil {
  static let secondsPerDay = 86400
  private static let daysPerEra = 146_097
  /// Days from 0000-03-01, where the eras of 400 years begin here, to 1970-01-01.
  private static let epoch = 719_468

  @inline(__always)
  static func floorDivide(_ a: Int, _ b: Int) -> Int {
    let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
    return remainder < 0 ? quotient - 1 : quotient
  }

  static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  /// Days of the months of a common year before the month.
  private static let daysBefore = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365]

  /// Days of the year before `month` (1...13).
  static func daysBefore(month: Int, of year: Int) -> Int {
    daysBefore[month - 1] + (month > 2 && isLeap(year) ? 1 : 0)
  }

  /// The day of the year's first of January.
  static func day(ofYear year: Int) -> Int {
    let past = year - 1
    return past * 365 + floorDivide(past, 4) - floorDivide(past, 100) + floorDivide(past, 400) - 719_162
  }

  static func weekday(ofDay day: Int) -> Int {
    let remainder = (day + 4) % 7
    return remainder < 0 ? remainder + 7 : remainder
  }

  /// Counts years from March, so that the leap day is the last of its year and months have a linear pattern.
  static func date(ofDay day: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = day + epoch
    let era = floorDivide(shifted, daysPerEra)
    let dayOfEra = shifted - era * daysPerEra
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (
      year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month: month,
      day: dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    )
  }
}
