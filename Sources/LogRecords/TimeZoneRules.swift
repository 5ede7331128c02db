/// One kind of local time: what RFC 9636 calls a local time type.
public struct LocalTimeType: Sendable, Equatable {
  /// Seconds east of Greenwich; at most `TimeZoneRules.largestOffset` in magnitude in what a file brings.
  public var utcOffset: Int
  public var isDST: Bool
  /// "KST", "EDT", "+0545".
  public var abbreviation: [UInt8]

  public init(utcOffset: Int, isDST: Bool = false, abbreviation: [UInt8]) {
    self.utcOffset = utcOffset
    self.isDST = isDST
    self.abbreviation = abbreviation
  }

  /// What `time.gmtime` says.
  public static let gmt = LocalTimeType(utcOffset: 0, abbreviation: Array("GMT".utf8))
  public static let utc = LocalTimeType(utcOffset: 0, abbreviation: Array("UTC".utf8))
}

/// Instants with one type of local time: `start` counts, `end` does not. Seconds since 1970, UTC.
public struct ZoneInterval: Sendable, Equatable {
  public var start: Int64
  public var end: Int64
  public var type: LocalTimeType
}

/// The offsets of a time zone over all time: the transitions of a TZif file and the rule that holds after them, or
/// the rule of a POSIX TZ string alone. An immutable value: several zones live side by side.
public struct TimeZoneRules: Sendable, Equatable {
  /// Instants in ascending order, and the type that each begins.
  let transitions: [Int64]
  let typeIndexes: [UInt8]
  /// Never empty without a rule.
  let types: [LocalTimeType]
  let rule: PosixTimeZone?

  /// A week in seconds: no offset is greater, so that sums of them never overflow.
  public static let largestOffset = 604_800

  init(transitions: [Int64], typeIndexes: [UInt8], types: [LocalTimeType], rule: PosixTimeZone?) {
    self.transitions = transitions
    self.typeIndexes = typeIndexes
    self.types = types
    self.rule = rule
  }

  /// A POSIX TZ string, as leniently as glibc takes it (see `PosixTimeZone.init(lenient:)`).
  public init(posix text: [UInt8]) {
    self.init(transitions: [], typeIndexes: [], types: [], rule: PosixTimeZone(lenient: text))
  }

  /// One type of local time for ever.
  public init(fixed type: LocalTimeType) {
    self.init(transitions: [], typeIndexes: [], types: [type], rule: nil)
  }

  public static let utc = TimeZoneRules(fixed: .utc)
  /// UTC under the name that `time.gmtime` gives it.
  public static let gmt = TimeZoneRules(fixed: .gmt)

  /// The type of local time at an instant, as glibc's `localtime` finds it.
  public func localTimeType(at seconds: Int64) -> LocalTimeType { interval(containing: seconds).type }

  /// `time.localtime` in this zone.
  public func calendarTime(at seconds: Int64) throws(CalendarTimeError) -> CalendarTime {
    try CalendarTime(seconds, in: localTimeType(at: seconds))
  }

  /// A stretch of time around `seconds` that has one type (not the longest one: it may end with a year).
  public func interval(containing seconds: Int64) -> ZoneInterval {
    let following = transitions.partitioningIndex { $0 > seconds }
    if following == 0 {
      // glibc looks at a rule only behind transitions; a POSIX string alone has no types.
      guard !types.isEmpty else { return ruleInterval(containing: seconds, from: .min) }
      return ZoneInterval(start: .min, end: transitions.first ?? .max, type: firstType)
    }
    let start = transitions[following - 1]
    if following == transitions.count, rule != nil { return ruleInterval(containing: seconds, from: start) }
    return ZoneInterval(
      start: start, end: following < transitions.count ? transitions[following] : .max,
      type: types[Int(typeIndexes[following - 1])])
  }

  private func ruleInterval(containing seconds: Int64, from earliest: Int64) -> ZoneInterval {
    guard let rule else { return ZoneInterval(start: .min, end: .max, type: .utc) }
    var interval = rule.interval(containing: seconds)
    interval.start = max(interval.start, earliest)
    return interval
  }

  /// What held before the first transition: the first type that is not daylight saving time.
  var firstType: LocalTimeType { types.first { !$0.isDST } ?? types.first ?? .utc }
}

/// Looks types of local time up in one zone and remembers the last stretch of time: nanoseconds for instants that
/// are near each other.
public struct ZoneCursor: Sendable {
  public let rules: TimeZoneRules
  private var interval: ZoneInterval

  public init(_ rules: TimeZoneRules) {
    self.rules = rules
    interval = rules.interval(containing: 0)
  }

  public mutating func localTimeType(at seconds: Int64) -> LocalTimeType {
    if seconds < interval.start || seconds >= interval.end { interval = rules.interval(containing: seconds) }
    return interval.type
  }

  /// `time.localtime` in this zone.
  public mutating func calendarTime(at seconds: Int64) throws(CalendarTimeError) -> CalendarTime {
    try CalendarTime(seconds, in: localTimeType(at: seconds))
  }
}

extension Array {
  /// The index of the first element that `belongs` in an array where all that do stand at the end.
  func partitioningIndex(where belongs: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = low + (high - low) / 2
      if belongs(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
