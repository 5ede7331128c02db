/// Why `TimedRotatingFileHandler` refuses its arguments, or we do.
public enum RolloverScheduleError: Error, Equatable, Sendable {
  /// ValueError: "Invalid rollover interval specified".
  case unknownWhen
  /// ValueError: "You must specify a day for weekly rollover from 0 to 6 (0 is Monday)".
  case weekdayMissing
  /// ValueError: "Invalid day specified for weekly rollover".
  case invalidWeekday
  /// An interval below one, at which Python rolls over with every record, or of more seconds than fit.
  case invalidInterval
}

/// When a `TimedRotatingFileHandler` of Python 3.13 rolls over, and what it calls the rotated files. Instants are
/// whole seconds since 1970. Not its work: the clock, the files, and that only a regular file rolls over.
public struct RolloverSchedule: Sendable {
  public enum When: Sendable, Equatable {
    case seconds, minutes, hours, days, midnight
    /// 0...6 from Monday.
    case weekday(Int)

    /// Python's spellings ("S", "midnight", "W0"), in any case.
    public init(_ text: String) throws(RolloverScheduleError) {
      let bytes = text.utf8.map(AsciiCase.upper)
      switch String(decoding: bytes, as: UTF8.self) {
      case "S": self = .seconds
      case "M": self = .minutes
      case "H": self = .hours
      case "D": self = .days
      case "MIDNIGHT": self = .midnight
      default:
        guard bytes.first == UInt8(ascii: "W") else { throw .unknownWhen }
        guard bytes.count == 2 else { throw .weekdayMissing }
        guard bytes[1] >= UInt8(ascii: "0"), bytes[1] <= UInt8(ascii: "6") else { throw .invalidWeekday }
        self = .weekday(Int(bytes[1] - UInt8(ascii: "0")))
      }
    }

    var seconds: Int64 {
      switch self {
      case .seconds: 1
      case .minutes: 60
      case .hours: 3600
      case .days, .midnight: Self.day
      case .weekday: 7 * Self.day
      }
    }

    static let day: Int64 = 86400
  }

  /// `datetime.time`, without its fractions.
  public struct TimeOfDay: Sendable, Equatable {
    /// Seconds after midnight.
    public let seconds: Int64

    /// nil unless hours are 0...23, minutes and seconds 0...59.
    public init?(hour: Int, minute: Int = 0, second: Int = 0) {
      guard (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second) else { return nil }
      seconds = Int64(hour * 3600 + minute * 60 + second)
    }
  }

  public let when: When
  /// Python's `handler.interval`: seconds from one rollover to the next.
  public let interval: Int64
  public let atTime: TimeOfDay?
  public let utc: Bool
  /// The zone of midnights and of names; without meaning when `utc`.
  public let zone: TimeZoneRules
  public let names: RotatedFileNames

  /// The rollover that never comes: beyond the years that a calendar has here.
  public static let never = Int64.max

  /// - Parameter zone: the local zone, or the one that a handler has of its own.
  public init(
    when: When, interval: Int = 1, utc: Bool = false, atTime: TimeOfDay? = nil, zone: TimeZoneRules
  ) throws(RolloverScheduleError) {
    let (seconds, overflow) = when.seconds.multipliedReportingOverflow(by: Int64(interval))
    guard interval >= 1, !overflow else { throw .invalidInterval }
    self.when = when
    self.interval = seconds
    self.utc = utc
    self.atTime = atTime
    self.zone = zone
    names = RotatedFileNames(when)
  }

  /// `computeRollover`: the first rollover after `currentTime`, which is the file's modification time at first and the
  /// time of the last rollover later. `never` where Python raises because no calendar has such a time.
  public func computeRollover(_ currentTime: Int64) -> Int64 {
    let (plain, overflow) = currentTime.addingReportingOverflow(interval)
    guard !overflow else { return Self.never }
    let dayOfWeek: Int?
    switch when {
    case .seconds, .minutes, .hours, .days: return plain
    case .midnight: dayOfWeek = nil
    case .weekday(let day): dayOfWeek = day
    }
    guard let now = calendarTime(at: currentTime) else { return Self.never }
    var weekday = now.weekdayFromMonday
    var wait = (atTime?.seconds ?? When.day) - Int64((now.hour * 60 + now.minute) * 60 + now.second)
    if wait <= 0 {
      wait += When.day
      weekday = (weekday + 1) % 7
    }
    // Both fit: the time has a calendar date, and the interval was less than what fits.
    var result = currentTime + wait
    if let dayOfWeek { result += Int64((dayOfWeek - weekday + 7) % 7) * When.day }
    let (next, overflows) = result.addingReportingOverflow(interval - when.seconds)
    guard !overflows else { return Self.never }
    guard !utc else { return next }
    guard let later = calendarTime(at: next) else { return Self.never }
    return next + correction(of: next, now: now.isDST, later: later.isDST)
  }

  /// What keeps a rollover at its local time over a change to or from daylight saving time, which Python takes for an
  /// hour everywhere.
  private func correction(of rollover: Int64, now: Bool, later: Bool) -> Int64 {
    if now == later { return 0 }
    if now { return 3600 }
    return calendarTime(at: rollover - 3600)?.isDST == true ? -3600 : 0
  }

  private func calendarTime(at seconds: Int64) -> CalendarTime? {
    utc ? try? CalendarTime(gmtime: seconds) : try? zone.calendarTime(at: seconds)
  }

  /// The suffix ("2024-05-29_16") of the file that is rotated at `now` because `rolloverAt` has come: the beginning
  /// of its interval, an hour off where daylight saving time differs from now's. nil where Python raises.
  public func suffix(rolloverAt: Int64, now: Int64) -> [UInt8]? {
    let (start, overflow) = rolloverAt.subtractingReportingOverflow(interval)
    guard !overflow, var time = calendarTime(at: start) else { return nil }
    if !utc {
      guard let current = calendarTime(at: now) else { return nil }
      if current.isDST != time.isDST {
        guard let shifted = calendarTime(at: start + (current.isDST ? 3600 : -3600)) else { return nil }
        time = shifted
      }
    }
    var suffix: [UInt8] = []
    names.suffix.append(time, into: &suffix)
    return suffix
  }
}
