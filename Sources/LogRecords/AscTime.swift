/// Why a record has no `asctime`: Python raises in `Formatter.formatTime`.
public enum AscTimeError: Error, Equatable, Sendable {
  /// `created` has no calendar time.
  case created(CalendarTimeError)
  /// `msecs` is NaN or infinite where the format wants a whole number.
  case milliseconds
}

/// `logging.Formatter.formatTime` of Python 3.13: the text of a record's `created` and `msecs`. It keeps the text of
/// the last second, so that most records cost a copy.
public struct AscTime: Sendable {
  /// `Formatter.converter`.
  public enum Converter: Sendable {
    /// `time.gmtime`; `%Z` is "GMT".
    case gmtime
    /// `time.localtime` in that zone, which is the local one or another.
    case zone(TimeZoneRules)
  }

  /// `Formatter.default_time_format`: "%Y-%m-%d %H:%M:%S".
  public static let defaultTimeFormat = DefaultTimeFormat.format

  private let format: CompiledStrftime
  private let millisecondsFormat: MillisecondsFormat?
  /// The cached text is followed by three digits and nothing else.
  let endsInThreeDigits: Bool
  private let localZone: TimeZoneRules?
  private var zone: ZoneCursor
  private var cachedSecond: Int64?
  private var cachedText: [UInt8] = []

  /// - Parameters:
  ///   - datefmt: nil or empty stands for the default format with milliseconds, as in Python.
  ///   - defaultMsecFormat: nil or empty drops the milliseconds.
  ///   - localZone: the zone of the process for `%s` (see `CompiledStrftime.append`); nil: the converter's.
  public init(
    datefmt: [UInt8]? = nil, defaultTimeFormat: [UInt8] = Self.defaultTimeFormat,
    defaultMsecFormat: MillisecondsFormat? = .standard, converter: Converter, localZone: TimeZoneRules? = nil
  ) throws(StrftimeError) {
    let chosen = datefmt.flatMap { $0.isEmpty ? nil : $0 }
    format = try CompiledStrftime(chosen ?? defaultTimeFormat)
    millisecondsFormat = chosen == nil ? defaultMsecFormat : nil
    endsInThreeDigits = millisecondsFormat?.endsInThreeDigits ?? false
    switch converter {
    case .gmtime:
      zone = ZoneCursor(.gmt)
      self.localZone = localZone
    case .zone(let rules):
      zone = ZoneCursor(rules)
      self.localZone = localZone ?? rules
    }
  }

  /// Whether the milliseconds are a part of the text; otherwise Python does not look at them.
  var showsMilliseconds: Bool { millisecondsFormat != nil }

  /// Appends `formatTime(record)` for a record with these attributes. Nothing is appended where it throws.
  public mutating func append(
    created: Double, msecs: Double, into output: inout [UInt8]
  ) throws(AscTimeError) {
    let second: Int64
    do {
      second = try CalendarTime.seconds(of: created)
      if second != cachedSecond { try render(second) }
    } catch {
      throw .created(error)
    }
    if endsInThreeDigits, msecs >= 0, msecs < 1000 {
      output.append(contentsOf: cachedText)
      let whole = UInt16(msecs)
      output.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: whole / 100))
      StrftimeNumber.appendTwoDigits(Int(whole % 100), into: &output)
    } else if let millisecondsFormat {
      let text = cachedText.dropLast(millisecondsFormat.bytesBeforeDigits)
      guard millisecondsFormat.append(text, msecs, into: &output) else { throw .milliseconds }
    } else {
      output.append(contentsOf: cachedText)
    }
  }

  /// Appends what stands in front of the milliseconds' three digits.
  mutating func appendBeforeDigits(_ second: Int64, into output: inout [UInt8]) throws(CalendarTimeError) {
    if second != cachedSecond { try render(second) }
    output.append(contentsOf: cachedText)
  }

  private mutating func render(_ second: Int64) throws(CalendarTimeError) {
    let time = try zone.calendarTime(at: second)
    cachedSecond = nil
    cachedText.removeAll(keepingCapacity: true)
    format.append(time, localZone: localZone, into: &cachedText)
    if endsInThreeDigits { millisecondsFormat?.appendBetween(into: &cachedText) }
    cachedSecond = second
  }
}

/// "%Y-%m-%d %H:%M:%S" without a look at the format.
public enum DefaultTimeFormat {
  public static let format = Array("%Y-%m-%d %H:%M:%S".utf8)
  /// What the time's numbers are put into.
  private static let template = Array("0000-00-00 00:00:00".utf8)

  /// Appends the time's 19 characters (more or fewer when the year has not four digits).
  public static func append(_ time: CalendarTime, into output: inout [UInt8]) {
    let hasFourDigits = (1000...9999).contains(time.year)
    if !hasFourDigits { StrftimeNumber.append(time.year, digits: 1, width: 0, pad: 0, into: &output) }
    let start = hasFourDigits ? output.count : output.count - 4
    output.append(contentsOf: hasFourDigits ? template[...] : template[4...])
    var span = output.mutableSpan
    if hasFourDigits {
      StrftimeNumber.putTwoDigits(time.year / 100, at: start, of: &span)
      StrftimeNumber.putTwoDigits(time.year % 100, at: start + 2, of: &span)
    }
    StrftimeNumber.putTwoDigits(time.month, at: start + 5, of: &span)
    StrftimeNumber.putTwoDigits(time.day, at: start + 8, of: &span)
    StrftimeNumber.putTwoDigits(time.hour, at: start + 11, of: &span)
    StrftimeNumber.putTwoDigits(time.minute, at: start + 14, of: &span)
    StrftimeNumber.putTwoDigits(time.second, at: start + 17, of: &span)
  }
}
