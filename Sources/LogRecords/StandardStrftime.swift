internal import Pickle

/// `strftime` of `date`, `time` and `datetime`: that of `time`, after `%f`, `%z`, `%:z` and `%Z` are
/// replaced (`wrap_strftime` of CPython's Modules/_datetimemodule.c).
struct StandardStrftime {
  private let format: [UInt8]
  private let date: CivilDate?
  private let time: ClockTime?
  private let zone: PickleValue

  init(_ format: [UInt8], _ date: CivilDate? = nil, time: ClockTime? = nil, zone: PickleValue = .none) {
    self.format = format
    self.date = date
    self.time = time
    self.zone = zone
  }

  func append(
    _ renderer: inout Renderer, _ arena: borrowing PickleArena, _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    let expanded = try expand(&renderer, arena, frame)
    let calendar = try calendarTime()
    do throws(StrftimeError) {
      try CompiledStrftime.append(format: expanded, calendar, into: &out)
    } catch {
      throw .invalid
    }
  }

  /// A `time` happens on the first of January 1900.
  private func calendarTime() throws(RenderError) -> CalendarTime {
    let year = date?.year ?? 1900
    let month = date?.month ?? 1
    let day = Civil.day(ofYear: year) + Civil.daysBefore(month: month, of: year) + (date?.day ?? 1) - 1
    let seconds = (time?.hour ?? 0) * 3600 + (time?.minute ?? 0) * 60 + (time?.second ?? 0)
    do throws(CalendarTimeError) {
      return try CalendarTime(Int64(day * Civil.secondsPerDay + seconds), in: .utc)
    } catch {
      throw .invalid
    }
  }

  private func expand(
    _ renderer: inout Renderer, _ arena: borrowing PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> [UInt8] {
    var expanded: [UInt8] = []
    expanded.reserveCapacity(format.count)
    var index = 0
    while index < format.count {
      let byte = format[index]
      guard byte == UInt8(ascii: "%"), index + 1 < format.count else {
        expanded.append(byte)
        index += 1
        continue
      }
      switch format[index + 1] {
      case UInt8(ascii: "f"):
        expanded.appendPadded(time?.microsecond ?? 0, digits: 6)
      case UInt8(ascii: "z"):
        if let moment = try moment(renderer, arena, frame) { append(moment.offset, separator: nil, to: &expanded) }
      case UInt8(ascii: ":") where index + 2 < format.count && format[index + 2] == UInt8(ascii: "z"):
        index += 1
        if let moment = try moment(renderer, arena, frame) {
          append(moment.offset, separator: UInt8(ascii: ":"), to: &expanded)
        }
      case UInt8(ascii: "Z"):
        for byte in try moment(renderer, arena, frame)?.abbreviation ?? [] {
          expanded.append(byte)
          if byte == UInt8(ascii: "%") { expanded.append(byte) }
        }
      default:
        expanded.append(byte)
        expanded.append(format[index + 1])
      }
      index += 2
    }
    return expanded
  }

  private func moment(
    _ renderer: Renderer, _ arena: borrowing PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> ZoneMoment? {
    guard let time else { return nil }
    return try renderer.zoneMoment(zone, date, time, arena, frame)
  }

  /// `+0900`, with seconds and microseconds where there are any.
  private func append(_ offset: TimeDelta, separator: UInt8?, to out: inout [UInt8]) {
    var microseconds = (offset.days * 86_400 + offset.seconds) * 1_000_000 + offset.microseconds
    out.append(UInt8(ascii: microseconds < 0 ? "-" : "+"))
    microseconds = abs(microseconds)
    let seconds = microseconds / 1_000_000
    out.appendPadded(seconds / 3600, digits: 2)
    if let separator { out.append(separator) }
    out.appendPadded(seconds / 60 % 60, digits: 2)
    guard microseconds % 60_000_000 != 0 else { return }
    if let separator { out.append(separator) }
    out.appendPadded(seconds % 60, digits: 2)
    guard microseconds % 1_000_000 != 0 else { return }
    out.append(UInt8(ascii: "."))
    out.appendPadded(microseconds % 1_000_000, digits: 6)
  }
}

extension Array where Element == UInt8 {
  fileprivate mutating func appendPadded(_ number: Int, digits: Int) {
    var text: [UInt8] = []
    text.appendInteger(Int64(number))
    appendRepeated(0x30, digits - text.count)
    append(contentsOf: text)
  }
}
