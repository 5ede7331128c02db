/// Local time as people write it, before a zone gives it an instant. Numbers beyond their ranges carry over, as they
/// do for C's `mktime`: the 32nd of January is the first of February.
public struct LocalFields: Sendable, Equatable {
  public var year, month, day, hour, minute, second: Int

  public init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
  }

  public init(_ time: CalendarTime) {
    self.init(
      year: time.year, month: time.month, day: time.day, hour: time.hour, minute: time.minute, second: time.second)
  }

  /// What C can hold in an `int`: sums of the products below stay far from overflow.
  private static let range = Int(Int32.min)...Int(Int32.max)

  /// Seconds since 1970 as if the fields were UTC; nil when one does not fit 32 bits.
  var secondsAsUTC: Int? {
    guard [year, month, day, hour, minute, second].allSatisfy(Self.range.contains) else { return nil }
    let monthIndex = month - 1
    let years = Civil.floorDivide(monthIndex, 12)
    let normalYear = year + years
    let days =
      Civil.day(ofYear: normalYear) + Civil.daysBefore(month: monthIndex - years * 12 + 1, of: normalYear) + day - 1
    return days * Civil.secondsPerDay + hour * 3600 + minute * 60 + second
  }
}

extension TimeZoneRules {
  /// Probes of a guess before `mktime` gives up.
  private static let mostProbes = 6
  /// How `mktime` looks for a time with the daylight saving time that it was asked for: in steps shorter than any
  /// period of it, up to half of the longest time (14 years) that a zone kept one.
  private static let searchStride: Int64 = 601_200
  private static let searchBound: Int64 = 457_243_209 / 2 + searchStride

  /// The instant of a local time as glibc's `mktime` finds it, which Python's `time.mktime` is; nil where that
  /// raises OverflowError.
  ///
  /// In a gap or a fold the answer depends on where the search begins, and glibc begins at the offset that its last
  /// answer had. `offsetGuess` is that state: 0 in a new process.
  /// - Parameter isDST: C's `tm_isdst`; nil (any negative number there) leaves it to the zone.
  public func instant(of fields: LocalFields, isDST: Bool? = nil, offsetGuess: inout Int64) -> Int64? {
    var plain = fields
    plain.second = min(max(fields.second, 0), 59)
    guard let local = plain.secondsAsUTC.map(Int64.init) else { return nil }

    let first = local - offsetGuess
    var time = first
    var last = first
    var beforeLast = first
    var lastIsDST = false
    var probes = Self.mostProbes
    var matches = false
    while true {
      guard let (error, type) = error(of: time, from: local) else { return nil }
      if error == 0 {
        matches = isDST == nil || type.isDST == isDST
        break
      }
      if time == beforeLast, time != last {
        // The guesses oscillate around a gap. The answer is the one on the side that was asked for.
        let settles = if let isDST { isDST != type.isDST } else { !lastIsDST || type.isDST }
        if settles {
          matches = true
          break
        }
      }
      probes -= 1
      guard probes > 0 else { return nil }
      (beforeLast, last) = (last, time)
      lastIsDST = type.isDST
      time += error
    }
    if !matches, let isDST {
      // Where no time nearby is of that kind, daylight saving time is taken for one hour.
      time = nearest(to: time, isDST: isDST, local: local) ?? (isDST ? time - 3600 : time + 3600)
    }
    offsetGuess = local - time
    let instant = time + Int64(fields.second - plain.second)
    guard (try? calendarTime(at: instant)) != nil else { return nil }
    return instant
  }

  /// `time.mktime` of a new process.
  public func instant(of fields: LocalFields, isDST: Bool? = nil) -> Int64? {
    var guess: Int64 = 0
    return instant(of: fields, isDST: isDST, offsetGuess: &guess)
  }

  /// How far the local time of `time` is from the one that is asked for.
  private func error(of time: Int64, from local: Int64) -> (Int64, LocalTimeType)? {
    guard CalendarTime.plausibleSeconds.contains(time) else { return nil }
    let type = localTimeType(at: time)
    return (local - (time + Int64(type.utcOffset)), type)
  }

  private func nearest(to time: Int64, isDST: Bool, local: Int64) -> Int64? {
    var cursor = ZoneCursor(self)
    for distance in stride(from: Self.searchStride, to: Self.searchBound, by: Int64.Stride(Self.searchStride)) {
      for other in [time - distance, time + distance] {
        let type = cursor.localTimeType(at: other)
        if type.isDST == isDST { return local - Int64(type.utcOffset) }
      }
    }
    return nil
  }

  /// The type of a local time as Python's `zoneinfo` (so `datetime.utcoffset()`) finds it: in a gap or a fold, `fold`
  /// false means the offset before the transition, true the one after.
  public func localTimeType(of fields: LocalFields, fold: Bool) -> LocalTimeType? {
    guard let local = fields.secondsAsUTC else { return nil }
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = low + (high - low) / 2
      if wallSeconds(ofTransition: middle, fold: fold) > Int64(local) { high = middle } else { low = middle + 1 }
    }
    if low == transitions.count, let rule { return rule.type(atLocal: local, year: fields.year, fold: fold) }
    return low == 0 ? firstType : types[Int(typeIndexes[low - 1])]
  }

  /// When a transition happens on the wall clock: `fold` false takes the end of its gap or fold, true the start.
  private func wallSeconds(ofTransition index: Int, fold: Bool) -> Int64 {
    let after = types[Int(typeIndexes[index])].utcOffset
    let before = types[index == 0 ? 0 : Int(typeIndexes[index - 1])].utcOffset
    let (sum, overflow) = transitions[index].addingReportingOverflow(
      Int64(fold ? min(before, after) : max(before, after)))
    return overflow ? (transitions[index] < 0 ? .min : .max) : sum
  }
}
