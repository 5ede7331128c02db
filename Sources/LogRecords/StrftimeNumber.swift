/// The numbers of a calendar time, and how `strftime` writes them.
enum StrftimeNumber {
  /// What a directive counts.
  enum Field: UInt8, Sendable {
    case year, yearOfCentury, century, month, day, hour, hour12, minute, second, yearDay
    case weekdayFromSunday, weekdayFromMonday, weekFromSunday, weekFromMonday
    case isoYear, isoYearOfCentury, isoWeek

    func value(of time: CalendarTime) -> Int {
      switch self {
      case .year: time.year
      case .yearOfCentury: Self.century(time.year).remainder
      case .century: Self.century(time.year).quotient
      case .month: time.month
      case .day: time.day
      case .hour: time.hour
      case .hour12: (time.hour + 11) % 12 + 1
      case .minute: time.minute
      case .second: time.second
      case .yearDay: time.yearDay
      case .weekdayFromSunday: time.weekday
      case .weekdayFromMonday: time.weekdayFromMonday + 1
      case .weekFromSunday: (time.yearDay + 6 - time.weekday) / 7
      case .weekFromMonday: (time.yearDay + 6 - time.weekdayFromMonday) / 7
      case .isoYear: Self.isoWeek(time).year
      case .isoYearOfCentury: Self.century(Self.isoWeek(time).year).remainder
      case .isoWeek: Self.isoWeek(time).week
      }
    }

    private static func century(_ year: Int) -> (quotient: Int, remainder: Int) {
      let quotient = Civil.floorDivide(year, 100)
      return (quotient, year - quotient * 100)
    }

    /// ISO 8601: weeks begin on Monday; the first is the one with the year's first Thursday. C counts that year in 32
    /// bits as well, and wraps.
    private static func isoWeek(_ time: CalendarTime) -> (year: Int, week: Int) {
      let thursday = time.yearDay - 1 - time.weekdayFromMonday + 3
      if thursday < 0 {
        let length = Civil.isLeap(time.year - 1) ? 366 : 365
        return (wrapped(time.year - 1), (thursday + length) / 7 + 1)
      }
      if thursday >= (Civil.isLeap(time.year) ? 366 : 365) { return (wrapped(time.year + 1), 1) }
      return (time.year, thursday / 7 + 1)
    }

    private static func wrapped(_ year: Int) -> Int { Int(Int32(truncatingIfNeeded: year)) }
  }

  @inline(__always)
  static func appendTwoDigits(_ value: Int, into output: inout [UInt8]) {
    let (tens, ones) = UInt8(truncatingIfNeeded: value).quotientAndRemainder(dividingBy: 10)
    output.append(UInt8(ascii: "0") &+ tens)
    output.append(UInt8(ascii: "0") &+ ones)
  }

  /// Writes two digits over the bytes at `index`.
  @inline(__always)
  static func putTwoDigits(_ value: Int, at index: Int, of output: inout MutableSpan<UInt8>) {
    let (tens, ones) = UInt8(truncatingIfNeeded: value).quotientAndRemainder(dividingBy: 10)
    output[index] = UInt8(ascii: "0") &+ tens
    output[index + 1] = UInt8(ascii: "0") &+ ones
  }

  /// Appends `value` with at least `digits` characters or, if that is more, `width`: with zeros behind the sign,
  /// with `pad` "_" with spaces before it, with "-" without zeros (a width still makes spaces).
  static func append(_ value: Int, digits: Int, width: Int, pad: UInt8, into output: inout [UInt8]) {
    var magnitude = value.magnitude
    var length = value < 0 ? 2 : 1
    while magnitude >= 10 {
      magnitude /= 10
      length += 1
    }
    let zeros = pad != UInt8(ascii: "-") && pad != UInt8(ascii: "_")
    let missing = (pad == UInt8(ascii: "-") ? width : max(digits, width)) - length
    if !zeros, missing > 0 { output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: missing)) }
    if value < 0 {
      output.append(UInt8(ascii: "-"))
      length -= 1
    }
    if zeros, missing > 0 { output.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: missing)) }
    appendDigits(of: value.magnitude, count: length, into: &output)
  }

  /// Appends the lowest `count` digits of `value`.
  static func appendDigits(of value: UInt, count: Int, into output: inout [UInt8]) {
    let end = output.count + count
    output.append(contentsOf: repeatElement(0, count: count))
    var rest = value
    var index = end
    for _ in 0..<count {
      index -= 1
      output[index] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
  }
}
