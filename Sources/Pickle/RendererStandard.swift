/// What `Renderer.zones` answers about a zone of the tz database.
public struct ZoneOffset: Equatable, Sendable {
  /// East of UTC.
  public var seconds: Int
  /// Such as `CEST`.
  public var abbreviation: [UInt8]

  public init(seconds: Int, abbreviation: [UInt8]) {
    self.seconds = seconds
    self.abbreviation = abbreviation
  }
}

/// Looks a zone's offset up: `key` as in `zoneinfo.ZoneInfo(key)`, then the local time there, whose
/// `fold` matters. Nil where there is no such zone.
public typealias ZoneLookup =
  @Sendable (_ key: [UInt8], _ date: CivilDate, _ time: ClockTime) -> ZoneOffset?

/// An aware time's distance from UTC, and what its zone calls itself then.
public struct ZoneMoment: Sendable {
  public var offset: TimeDelta
  public var abbreviation: [UInt8]
}

extension Renderer {
  /// `datetime.utcoffset()` and `tzname()`.
  ///
  /// - Throws: `.needsSenderCode` where the zone is not known; nil for naive times.
  public func zoneMoment(
    _ zone: PickleValue, _ date: CivilDate?, _ time: ClockTime, _ arena: borrowing PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> ZoneMoment? {
    if zone.kind == .none { return nil }
    switch arena.standardValue(zone, frame) {
    case .timeZone(let offset, let name):
      var abbreviation: [UInt8] = []
      if name.kind == .none {
        Renderer.appendZoneName(offset, to: &abbreviation)
      } else {
        abbreviation.append(arena.bytes(name, frame))
      }
      return ZoneMoment(offset: offset, abbreviation: abbreviation)
    case .offsetZone(let offset, let name):
      var abbreviation = Array("UTC".utf8)
      if name.isSlice {
        abbreviation = []
        abbreviation.append(arena.bytes(name, frame))
      }
      return ZoneMoment(offset: offset, abbreviation: abbreviation)
    case .zoneInfo(let key):
      let name = arena.bytes(key, frame)
      if let fixed = Renderer.fixedZone(name) { return fixed }
      // A time without a date has an offset only where the zone always had the same one.
      guard let date else { return nil }
      var copy: [UInt8] = []
      copy.append(name)
      guard let found = zones?(copy, date, time) else { throw .needsSenderCode }
      guard let offset = TimeDelta(days: 0, seconds: found.seconds, microseconds: 0), offset.isZoneOffset else {
        throw .needsSenderCode
      }
      return ZoneMoment(offset: offset, abbreviation: found.abbreviation)
    default:
      throw .needsSenderCode
    }
  }

  /// The keys that mean UTC need no database.
  private static func fixedZone(_ key: RawSpan) -> ZoneMoment? {
    for name in ["UTC", "Etc/UTC", "Etc/UCT", "UCT", "Zulu", "Etc/Zulu", "Universal", "Etc/Universal"]
    where key.equals(name) {
      return ZoneMoment(offset: .zero, abbreviation: Array("UTC".utf8))
    }
    return nil
  }

  private static func appendZoneName(_ offset: TimeDelta, to out: inout [UInt8]) {
    out.appendASCII("UTC")
    if !offset.isZero { offset.appendOffset(to: &out) }
  }

  /// The text of an object of a class of the standard library.
  mutating func renderStandard(
    _ value: StandardValue, _ style: TextStyle, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    let nested = style.nested
    switch value {
    case .date, .time, .dateTime, .timeDelta, .timeZone, .zoneInfo, .offsetZone:
      try renderTemporal(value, style, arena, frame, into: &out)
    case .orderedDictionary, .defaultDictionary, .counter, .deque, .chainMap, .namespace:
      try renderCollection(value, nested, arena, frame, into: &out)
    case .exception(let exception, let arguments):
      try renderException(exception, arguments, style, arena, frame, into: &out)
    case .wrapper(let wrapped):
      try render(wrapped, style, arena, frame, into: &out)
    case .uuid(let bits):
      if style != .str { out.appendASCII("UUID('") }
      UUIDText.append(bits, to: &out)
      if style != .str { out.appendASCII("')") }
    case .decimal(let text):
      try renderWrapped("Decimal", text, style, arena, frame, into: &out)
    case .fraction(let numerator, let denominator):
      out.appendASCII(style == .str ? "" : "Fraction(")
      try render(numerator, nested, arena, frame, into: &out)
      if style != .str {
        out.appendASCII(", ")
        try render(denominator, nested, arena, frame, into: &out)
        out.append(UInt8(ascii: ")"))
      } else if denominator.kind != .integer || denominator.asInteger != 1 {
        out.append(UInt8(ascii: "/"))
        try render(denominator, nested, arena, frame, into: &out)
      }
    case .path(let pathClass, let segments):
      let path = try arena.path(pathClass, segments, charset, frame)
      if style == .str { return try out.appendText(path.text.rawBytes, limit: textEnd) }
      out.append(contentsOf: pathClass.name.utf8)
      out.append(UInt8(ascii: "("))
      try renderString(path.posixText.rawBytes, style, into: &out)
      out.append(UInt8(ascii: ")"))
    case .enumeration(let enumeration, let member):
      try renderMember(of: enumeration, member, style, arena, frame, into: &out)
    case .regularExpressionFlag(let flags):
      RegularExpressionFlag.append(flags, to: &out)
    case .pattern(let pattern, let flags):
      try renderPattern(pattern, flags: flags, nested, arena, frame, into: &out)
    case .namedTuple(let tupleClass, let values):
      out.append(contentsOf: tupleClass.name.utf8)
      out.append(UInt8(ascii: "("))
      var cursor = arena.cursor(values)
      for (index, field) in tupleClass.fields.enumerated() {
        guard let item = arena.next(&cursor) else { throw .invalid }
        if index > 0 { out.appendASCII(", ") }
        out.append(contentsOf: field.utf8)
        out.append(UInt8(ascii: "="))
        try render(item, nested, arena, frame, into: &out)
      }
      out.append(UInt8(ascii: ")"))
    case .internetAddress(let address):
      if style == .str { return try out.appendText(address.text.rawBytes, limit: textEnd) }
      out.append(contentsOf: address.addressClass.name.utf8)
      out.append(UInt8(ascii: "("))
      try renderString(address.text.rawBytes, style, into: &out)
      out.append(UInt8(ascii: ")"))
    case .range(let start, let stop, let step):
      let hasStep = step.kind != .integer || step.asInteger != 1
      try renderCall("range", hasStep ? [start, stop, step] : [start, stop], nested, arena, frame, into: &out)
    case .slice(let start, let stop, let step):
      try renderCall("slice", [start, stop, step], nested, arena, frame, into: &out)
    case .array(let typeCode, let items):
      let isEmpty = arena.count(items) == 0
      try renderCall("array", isEmpty ? [typeCode] : [typeCode, items], nested, arena, frame, into: &out)
    case .typeOfSingleton(let name):
      out.appendASCII("<class '")
      out.append(contentsOf: name.utf8)
      out.appendASCII("'>")
    case .logger(let name):
      out.appendASCII("<Logger ")
      try render(name, .str, arena, frame, into: &out)
      out.append(UInt8(ascii: ">"))
    }
  }

  /// `Name(a, b)`.
  private mutating func renderCall(
    _ name: StaticString, _ arguments: [PickleValue], _ style: TextStyle, _ arena: borrowing PickleArena,
    _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    out.appendASCII(name)
    out.append(UInt8(ascii: "("))
    for (index, argument) in arguments.enumerated() {
      if index > 0 { out.appendASCII(", ") }
      try render(argument, style, arena, frame, into: &out)
    }
    out.append(UInt8(ascii: ")"))
  }

  /// The text itself, or `Name('text')`.
  private mutating func renderWrapped(
    _ name: StaticString, _ text: PickleValue, _ style: TextStyle, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    if style == .str { return try render(text, .str, arena, frame, into: &out) }
    try renderCall(name, [text], style, arena, frame, into: &out)
  }

  // MARK: datetime

  private mutating func renderTemporal(
    _ value: StandardValue, _ style: TextStyle, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    switch value {
    case .date(let date):
      if style == .str { return date.append(to: &out) }
      out.appendASCII("datetime.date(")
      appendArguments(of: date, to: &out)
      out.append(UInt8(ascii: ")"))
    case .time(let time, let zone):
      if style == .str, let offset = offsetForText(zone, nil, time, arena, frame) {
        time.append(to: &out)
        if let offset = offset.moment?.offset { offset.appendOffset(to: &out) }
        return
      }
      out.appendASCII("datetime.time(")
      time.appendArguments(to: &out)
      try renderZoneArgument(zone, style.nested, arena, frame, into: &out)
      out.appendASCII(time.fold ? ", fold=1)" : ")")
    case .dateTime(let date, let time, let zone):
      if style == .str, let offset = offsetForText(zone, date, time, arena, frame) {
        date.append(to: &out)
        out.append(UInt8(ascii: " "))
        time.append(to: &out)
        if let offset = offset.moment?.offset { offset.appendOffset(to: &out) }
        return
      }
      out.appendASCII("datetime.datetime(")
      appendArguments(of: date, to: &out)
      out.appendASCII(", ")
      time.appendArguments(to: &out)
      if time.fold { out.appendASCII(", fold=1") }
      try renderZoneArgument(zone, style.nested, arena, frame, into: &out)
      out.append(UInt8(ascii: ")"))
    case .timeDelta(let delta):
      if style == .str { delta.append(to: &out) } else { delta.appendRepr(to: &out) }
    case .timeZone(let offset, let name):
      if style == .str {
        if name.kind != .none { return try render(name, .str, arena, frame, into: &out) }
        return Renderer.appendZoneName(offset, to: &out)
      }
      if name.kind == .none, offset.isZero { return out.appendASCII("datetime.timezone.utc") }
      out.appendASCII("datetime.timezone(")
      offset.appendRepr(to: &out)
      if name.kind != .none {
        out.appendASCII(", ")
        try render(name, style, arena, frame, into: &out)
      }
      out.append(UInt8(ascii: ")"))
    case .zoneInfo(let key):
      if style == .str { return try render(key, .str, arena, frame, into: &out) }
      out.appendASCII("zoneinfo.ZoneInfo(key=")
      try render(key, style, arena, frame, into: &out)
      out.append(UInt8(ascii: ")"))
    case .offsetZone(_, let name):
      if name.kind != .none { return try render(name, style, arena, frame, into: &out) }
      out.appendASCII(style == .str ? "UTC" : "<UTC>")
    default: throw .invalid
    }
  }

  private func appendArguments(of date: CivilDate, to out: inout [UInt8]) {
    out.appendInteger(Int64(date.year))
    out.appendASCII(", ")
    out.appendInteger(Int64(date.month))
    out.appendASCII(", ")
    out.appendInteger(Int64(date.day))
  }

  private struct TextOffset { var moment: ZoneMoment? }

  /// Nil where the zone's offset would need the sender's code: what the object holds is then shown
  /// as `repr()` does, which needs no offset.
  private func offsetForText(
    _ zone: PickleValue, _ date: CivilDate?, _ time: ClockTime, _ arena: borrowing PickleArena, _ frame: RawSpan
  ) -> TextOffset? {
    do throws(RenderError) {
      return TextOffset(moment: try zoneMoment(zone, date, time, arena, frame))
    } catch {
      return nil
    }
  }

  private mutating func renderZoneArgument(
    _ zone: PickleValue, _ style: TextStyle, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    guard zone.kind != .none else { return }
    out.appendASCII(", tzinfo=")
    try render(zone, style, arena, frame, into: &out)
  }

  // MARK: Enumerations and patterns

  private mutating func renderMember(
    of enumeration: EnumerationClass, _ member: PickleValue, _ style: TextStyle, _ arena: borrowing PickleArena,
    _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    let isPlain = enumeration == .safeUUID
    if style == .str, !isPlain { return try render(member, .str, arena, frame, into: &out) }
    if style != .str { out.append(UInt8(ascii: "<")) }
    out.append(contentsOf: enumeration.name.utf8)
    out.append(UInt8(ascii: "."))
    if enumeration == .httpMethod {
      try render(member, .str, arena, frame, into: &out)
      return out.append(UInt8(ascii: ">"))
    }
    let name = member.kind == .none ? "unknown" : EnumerationClass.memberName(member.asInteger, of: enumeration.members)
    guard let name else { throw .invalid }
    out.append(contentsOf: name.utf8)
    guard style != .str else { return }
    out.appendASCII(": ")
    try render(member, style, arena, frame, into: &out)
    out.append(UInt8(ascii: ">"))
  }

  /// Characters of a pattern's `repr()` that `repr()` of the compiled pattern shows.
  private static let shownPattern = 200

  private mutating func renderPattern(
    _ pattern: PickleValue, flags: Int64, _ style: TextStyle, _ arena: borrowing PickleArena, _ frame: RawSpan,
    into out: inout [UInt8]
  ) throws(RenderError) {
    try spend(Int(pattern.length >> 6))
    out.appendASCII("re.compile(")
    let start = out.count
    try render(pattern, style, arena, frame, into: &out)
    let shown = out.rawBytes.extracting(start..<out.count).offset(ofCodePoint: Renderer.shownPattern)
    out.removeSubrange((start + shown)...)
    var flags = flags
    if pattern.kind != .bytes {
      // A text's pattern is a Unicode one unless it says otherwise, and only otherwise is shown.
      if flags & RegularExpressionFlag.kinds == 0 { flags |= RegularExpressionFlag.unicode }
      if flags & RegularExpressionFlag.kinds == RegularExpressionFlag.unicode {
        flags &= ~RegularExpressionFlag.unicode
      }
    }
    if flags != 0 {
      out.appendASCII(", ")
      RegularExpressionFlag.appendOfPattern(flags, to: &out)
    }
    out.append(UInt8(ascii: ")"))
  }
}

/// `8-4-4-4-12` hexadecimal digits.
enum UUIDText {
  static func append(_ bits: UInt128, to out: inout [UInt8]) {
    for index in 0..<32 {
      if index == 8 || index == 12 || index == 16 || index == 20 { out.append(UInt8(ascii: "-")) }
      out.appendHex(UInt64(truncatingIfNeeded: bits >> UInt128(124 - 4 * index)) & 0xF)
    }
  }
}

extension PickleArena {
  /// A path's segments, taken apart. Python 2's byte strings are read by `charset`.
  func path(
    _ pathClass: PathClass, _ segments: PickleValue, _ charset: Renderer.Charset, _ frame: RawSpan
  ) throws(RenderError) -> ParsedPath {
    var texts: [[UInt8]] = []
    if segments.kind == .tuple {
      var cursor = cursor(segments)
      while let segment = next(&cursor) {
        var text: [UInt8] = []
        if segment.kind == .string2 {
          try charset.decode(bytes(segment, frame), limit: RenderLimits.text, into: &text)
        } else {
          text.append(bytes(segment, frame))
        }
        texts.append(text)
      }
    }
    return ParsedPath(pathClass, segments: texts)
  }
}
