/// What an object of a class of the standard library is, taken out of the call and the state that
/// its pickle describes. Checked: whatever Python's own constructor would refuse has none.
///
/// `PickleValue`s inside belong to the frame and the arena that the object came from.
public enum StandardValue: Sendable {
  case date(CivilDate)
  /// `zone`: the `tzinfo`, or `none`.
  case time(ClockTime, zone: PickleValue)
  case dateTime(CivilDate, ClockTime, zone: PickleValue)
  case timeDelta(TimeDelta)
  /// `datetime.timezone`; `name` is a text or `none`.
  case timeZone(offset: TimeDelta, name: PickleValue)
  /// `zoneinfo.ZoneInfo`: its key, a text.
  case zoneInfo(key: PickleValue)
  /// `pytz`' or `dateutil`'s zone, which carries the offset that holds for its time.
  case offsetZone(offset: TimeDelta, name: PickleValue)
  case uuid(UInt128)
  /// A text in the form that `str(Decimal)` gives.
  case decimal(PickleValue)
  /// Integers; the denominator is positive.
  case fraction(numerator: PickleValue, denominator: PickleValue)
  /// The constructor's arguments: a tuple of texts, or `none`.
  case path(PathClass, segments: PickleValue)
  /// An `IntEnum` or, with text as its value, `HTTPMethod`.
  case enumeration(EnumerationClass, value: PickleValue)
  case regularExpressionFlag(Int64)
  case pattern(PickleValue, flags: Int64)
  /// `items`: a dictionary, a sequence of pairs, or `none`.
  case orderedDictionary(items: PickleValue)
  case defaultDictionary(factory: PickleValue, items: PickleValue)
  case counter(items: PickleValue)
  /// `initial`: a sequence or `none`; then what was appended, a list or `none`. `maximum` is
  /// `none` or an integer.
  case deque(initial: PickleValue, appended: PickleValue, maximum: PickleValue)
  /// `collections.UserDict`, `UserList` and `UserString`: what they wrap.
  case wrapper(PickleValue)
  /// A list of mappings.
  case chainMap(PickleValue)
  case namedTuple(NamedTupleClass, values: PickleValue)
  case internetAddress(InternetAddress)
  case exception(ExceptionClass, arguments: PickleValue)
  /// Integers; the step is not 0.
  case range(start: PickleValue, stop: PickleValue, step: PickleValue)
  case slice(start: PickleValue, stop: PickleValue, step: PickleValue)
  case array(typeCode: PickleValue, items: PickleValue)
  /// `types.SimpleNamespace`: a dictionary, or `none`.
  case namespace(PickleValue)
  /// `type(None)` and its like: the name of the value's class.
  case typeOfSingleton(String)
  case logger(name: PickleValue)
}

/// The texts that `str(Decimal)` gives.
enum DecimalText {
  static func isCanonical(_ text: RawSpan) -> Bool {
    var position = 0
    func digits() -> Int {
      let start = position
      while position < text.byteCount, text[position] &- UInt8(ascii: "0") < 10 { position += 1 }
      return position - start
    }
    func take(_ byte: Character) -> Bool {
      guard position < text.byteCount, text[position] == byte.asciiValue else { return false }
      position += 1
      return true
    }
    _ = take("-")
    let rest = text.extracting(position..<text.byteCount)
    if rest.equals("Infinity") { return true }
    for name in ["NaN", "sNaN"] where rest.byteCount >= name.utf8.count {
      if rest.extracting(0..<name.utf8.count).equals(name) {
        position += name.utf8.count
        let start = position
        let payload = digits()
        return position == text.byteCount && (payload == 0 || text[start] != UInt8(ascii: "0"))
      }
    }
    let start = position
    let whole = digits()
    guard whole > 0, whole == 1 || text[start] != UInt8(ascii: "0") else { return false }
    if take("."), digits() == 0 { return false }
    if take("E") {
      guard take("+") || take("-"), position < text.byteCount, text[position] != UInt8(ascii: "0") else { return false }
      guard digits() > 0 else { return false }
    }
    return position == text.byteCount
  }
}
