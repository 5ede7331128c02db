/// From the description of a call to the value that Python's own classes would make of it.
extension PickleArena {
  /// Takes a value for what Python's standard library would make of it.
  ///
  /// Nil for builtin values, for classes that are not known, and for objects whose arguments or
  /// state the class would refuse.
  public func standardValue(_ value: PickleValue, _ frame: RawSpan) -> StandardValue? {
    switch value.kind {
    case .global: enumerationConstant(value, frame)
    case .object: standardObject(value, frame)
    default: nil
    }
  }

  private func enumerationConstant(_ global: PickleValue, _ frame: RawSpan) -> StandardValue? {
    guard let module = item(global, 0), let name = item(global, 1), module.isSlice, name.isSlice else { return nil }
    guard let member = EnumerationClass.constant(module: bytes(module, frame), name: bytes(name, frame)) else {
      return nil
    }
    return .enumeration(member.class, value: .integer(Int64(member.value)))
  }

  private func standardObject(_ object: PickleValue, _ frame: RawSpan) -> StandardValue? {
    let callable = field(object, ObjectField.callable)
    let arguments = field(object, ObjectField.arguments)
    guard field(object, ObjectField.keywords).kind == .none else { return nil }
    if callable.kind == .object { return unpickledZoneInfo(callable, arguments, frame) }
    guard let name = StandardName.of(callable, self, frame) else { return nil }
    switch name {
    case .dateTime, .date, .time, .timeDelta, .timeZone, .pytzUTC, .pytzZone, .dateutilUTC:
      return temporal(name, arguments, frame)
    case .zoneInfo, .unpickledZoneInfo: return zoneInfo(arguments)
    case .uuid: return uuid(field(object, ObjectField.state), frame)
    case .decimal:
      guard count(of: arguments) == 1, let text = item(arguments, 0), isText(text) else { return nil }
      return DecimalText.isCanonical(bytes(text, frame)) ? .decimal(text) : nil
    case .fraction: return fraction(arguments, frame)
    case .path(let pathClass):
      guard allItems(of: arguments, { isText($0) }) else { return nil }
      return .path(pathClass, segments: arguments)
    case .enumeration(let enumeration): return enumerationMember(enumeration, arguments, frame)
    case .regularExpressionFlag:
      guard count(of: arguments) == 1, let bits = integer(arguments, 0), bits >= 0 else { return nil }
      return .regularExpressionFlag(bits)
    case .pattern:
      guard count(of: arguments) == 2, let pattern = item(arguments, 0), let flags = integer(arguments, 1) else {
        return nil
      }
      guard isText(pattern) || pattern.kind == .bytes, flags >= 0 else { return nil }
      return .pattern(pattern, flags: flags)
    case .internetAddress(let addressClass): return internetAddress(addressClass, arguments, frame)
    case .exception(let exception):
      guard arguments.kind == .tuple || arguments.kind == .none else { return nil }
      return .exception(exception, arguments: exceptionArguments(arguments, of: object, frame))
    case .range:
      guard count(of: arguments) == 3, allItems(of: arguments, { isInteger($0) }) else { return nil }
      guard let start = item(arguments, 0), let stop = item(arguments, 1), let step = item(arguments, 2) else {
        return nil
      }
      return isZero(step) ? nil : .range(start: start, stop: stop, step: step)
    case .slice:
      guard count(of: arguments) == 3, let start = item(arguments, 0), let stop = item(arguments, 1),
        let step = item(arguments, 2)
      else { return nil }
      return .slice(start: start, stop: stop, step: step)
    case .type:
      guard count(of: arguments) == 1, let instance = item(arguments, 0) else { return nil }
      switch instance.kind {
      case .none: return .typeOfSingleton("NoneType")
      case .ellipsis: return .typeOfSingleton("ellipsis")
      case .notImplemented: return .typeOfSingleton("NotImplementedType")
      default: return nil
      }
    case .getLogger:
      guard count(of: arguments) == 1, let name = item(arguments, 0), isText(name) else { return nil }
      return .logger(name: name)
    case .namedTuple(let tupleClass): return namedTuple(tupleClass, arguments)
    case .orderedDictionary, .defaultDictionary, .counter, .deque, .chainMap, .userDictionary, .userList, .userString,
      .array, .namespace:
      return collection(name, object, arguments, frame)
    case .getattr, .otherClass, .builtinFunction: return nil
    }
  }

  // MARK: datetime

  private func temporal(_ name: StandardName, _ arguments: PickleValue, _ frame: RawSpan) -> StandardValue? {
    let count = count(of: arguments)
    switch name {
    case .date:
      guard count == 1, let state = item(arguments, 0) else { return nil }
      guard let bytes = DateTimeState.bytes(state, count: 4, self, frame) else { return nil }
      guard let (date, fold) = DateTimeState.date(bytes[...]), !fold else { return nil }
      return .date(date)
    case .time:
      guard (1...2).contains(count), let state = item(arguments, 0) else { return nil }
      guard let bytes = DateTimeState.bytes(state, count: 6, self, frame) else { return nil }
      guard let time = DateTimeState.time(bytes[...], fold: nil) else { return nil }
      return .time(time, zone: item(arguments, 1) ?? .none)
    case .dateTime:
      guard (1...2).contains(count), let state = item(arguments, 0) else { return nil }
      guard let bytes = DateTimeState.bytes(state, count: 10, self, frame) else { return nil }
      guard let (date, fold) = DateTimeState.date(bytes[..<4]) else { return nil }
      guard let time = DateTimeState.time(bytes[4...], fold: fold) else { return nil }
      return .dateTime(date, time, zone: item(arguments, 1) ?? .none)
    case .timeDelta:
      guard count <= 3, allItems(of: arguments, { $0.kind == .integer }) else { return nil }
      let fields = (0..<3).map { Int(item(arguments, $0)?.asInteger ?? 0) }
      return TimeDelta(days: fields[0], seconds: fields[1], microseconds: fields[2]).map { .timeDelta($0) }
    case .timeZone:
      guard (1...2).contains(count), let delta = item(arguments, 0), delta.kind == .object else { return nil }
      guard case .timeDelta(let offset)? = standardValue(delta, frame), offset.isZoneOffset else { return nil }
      let name = item(arguments, 1) ?? .none
      return isText(name) || name.kind == .none ? .timeZone(offset: offset, name: name) : nil
    case .pytzUTC, .dateutilUTC:
      return count == 0 ? .offsetZone(offset: .zero, name: .none) : nil
    case .pytzZone:
      // pytz._p(zone, utcoffset in seconds, dst in seconds, tzname)
      guard count == 4, let seconds = integer(arguments, 1), let name = item(arguments, 3), isText(name) else {
        return nil
      }
      guard let offset = TimeDelta(days: 0, seconds: Int(seconds), microseconds: 0), offset.isZoneOffset else {
        return nil
      }
      return .offsetZone(offset: offset, name: name)
    default: return nil
    }
  }

  /// `getattr(zoneinfo.ZoneInfo, '_unpickle')(key, from_cache)`: how protocols up to 5 name it.
  private func unpickledZoneInfo(
    _ callable: PickleValue, _ arguments: PickleValue, _ frame: RawSpan
  ) -> StandardValue? {
    guard let (owner, name) = attributeReference(callable, frame), name.isSlice else { return nil }
    guard StandardName.of(owner, self, frame) == .zoneInfo, bytes(name, frame).equals("_unpickle") else { return nil }
    return zoneInfo(arguments)
  }

  private func zoneInfo(_ arguments: PickleValue) -> StandardValue? {
    guard (1...2).contains(count(of: arguments)), let key = item(arguments, 0), isText(key) else { return nil }
    return .zoneInfo(key: key)
  }

  /// `getattr(owner, name)`, where an object is that.
  func attributeReference(_ object: PickleValue, _ frame: RawSpan) -> (owner: PickleValue, name: PickleValue)? {
    guard object.kind == .object else { return nil }
    let arguments = field(object, ObjectField.arguments)
    guard StandardName.of(field(object, ObjectField.callable), self, frame) == .getattr else { return nil }
    guard count(of: arguments) == 2, let owner = item(arguments, 0), let name = item(arguments, 1), isText(name) else {
      return nil
    }
    return (owner, name)
  }

  // MARK: Numbers and names

  private func uuid(_ state: PickleValue, _ frame: RawSpan) -> StandardValue? {
    guard state.kind == .dictionary, let number = lookUp("int", in: state, frame) else { return nil }
    return unsigned128(number, frame).map { .uuid($0) }
  }

  private func fraction(_ arguments: PickleValue, _ frame: RawSpan) -> StandardValue? {
    let parts: (PickleValue, PickleValue)?
    switch count(of: arguments) {
    case 1:
      // Before Python 3.12: `str(fraction)`.
      guard let text = item(arguments, 0), isText(text) else { return nil }
      let span = bytes(text, frame)
      let slash = (0..<span.byteCount).first { span[$0] == UInt8(ascii: "/") } ?? span.byteCount
      let numerator = decimalInteger(text, 0..<slash, frame)
      let denominator =
        slash < span.byteCount ? decimalInteger(text, slash + 1..<span.byteCount, frame) : .integer(1)
      parts = if let numerator, let denominator { (numerator, denominator) } else { nil }
    case 2:
      parts = if let first = item(arguments, 0), let second = item(arguments, 1) { (first, second) } else { nil }
    default: return nil
    }
    guard let (numerator, denominator) = parts, isInteger(numerator), isInteger(denominator) else { return nil }
    guard !isZero(denominator), !isNegative(denominator, frame) else { return nil }
    return .fraction(numerator: numerator, denominator: denominator)
  }

  /// The integer in a part of a text, which is its decimal digits after an optional `-`.
  private func decimalInteger(_ text: PickleValue, _ range: Range<Int>, _ frame: RawSpan) -> PickleValue? {
    let span = bytes(text, frame).extracting(range)
    let start = span.byteCount > 0 && span[0] == UInt8(ascii: "-") ? 1 : 0
    guard span.byteCount > start else { return nil }
    var value: Int64? = 0
    for index in start..<span.byteCount {
      let digit = span[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      if let known = value {
        let (shifted, overflow) = known.multipliedReportingOverflow(by: 10)
        let (sum, carry) = shifted.subtractingReportingOverflow(Int64(digit))
        value = overflow || carry ? nil : sum
      }
    }
    // Counted downwards, since there is one negative number more than there are positive ones.
    if let value, start == 1 || value != .min { return .integer(start == 1 ? value : -value) }
    guard span[start] != UInt8(ascii: "0") else { return nil }
    return .slice(
      .decimalInteger, offset: text.offset + range.lowerBound, length: range.count, inScratch: text.inScratch)
  }

  private func enumerationMember(
    _ enumeration: EnumerationClass, _ arguments: PickleValue, _ frame: RawSpan
  ) -> StandardValue? {
    guard count(of: arguments) == 1, let value = item(arguments, 0) else { return nil }
    if enumeration == .httpMethod {
      guard isText(value) else { return nil }
      let text = bytes(value, frame)
      guard EnumerationClass.methods.contains(where: { text.equals($0) }) else { return nil }
    } else if value.kind == .none {
      guard enumeration == .safeUUID else { return nil }
    } else {
      guard value.kind == .integer else { return nil }
      guard EnumerationClass.memberName(value.asInteger, of: enumeration.members) != nil else { return nil }
    }
    return .enumeration(enumeration, value: value)
  }

  private func internetAddress(
    _ addressClass: InternetClass, _ arguments: PickleValue, _ frame: RawSpan
  ) -> StandardValue? {
    guard count(of: arguments) == 1, let argument = item(arguments, 0) else { return nil }
    if isText(argument) {
      let span = bytes(argument, frame)
      guard span.byteCount <= InternetAddress.longestText else { return nil }
      let text = (0..<span.byteCount).map { span[$0] }
      return InternetAddress(addressClass, text: text).map { .internetAddress($0) }
    }
    guard addressClass.isAddress, let bits = unsigned128(argument, frame) else { return nil }
    return InternetAddress(addressClass, bits: bits).map { .internetAddress($0) }
  }

  /// The arguments after the constructor: `AttributeError`'s state may replace them, as Python
  /// 3.12 and later send it.
  private func exceptionArguments(_ arguments: PickleValue, of object: PickleValue, _ frame: RawSpan) -> PickleValue {
    let state = field(object, ObjectField.state)
    guard state.kind == .dictionary, let replaced = lookUp("args", in: state, frame) else { return arguments }
    return replaced.kind == .tuple ? replaced : arguments
  }

  // MARK: Collections

  private func collection(
    _ name: StandardName, _ object: PickleValue, _ arguments: PickleValue, _ frame: RawSpan
  ) -> StandardValue? {
    let listItems = field(object, ObjectField.listItems)
    let dictionaryItems = field(object, ObjectField.dictionaryItems)
    let state = field(object, ObjectField.state)
    let count = count(of: arguments)
    switch name {
    case .orderedDictionary, .counter:
      // The argument's items or those that were set one by one: real pickles never have both.
      let initial = item(arguments, 0, orNoneIn: count)
      guard count <= 1, initial.kind == .none || dictionaryItems.kind == .none else { return nil }
      let items = initial.kind == .none ? dictionaryItems : initial
      if name == .counter {
        return items.kind == .none || items.kind == .dictionary ? .counter(items: items) : nil
      }
      return isMapping(items) ? .orderedDictionary(items: items) : nil
    case .defaultDictionary:
      let factory = item(arguments, 0, orNoneIn: count)
      guard count <= 1, factory.kind == .none || factory.kind == .global || factory.kind == .object else { return nil }
      return .defaultDictionary(factory: factory, items: dictionaryItems)
    case .deque:
      let initial = item(arguments, 0, orNoneIn: count)
      let maximum = count == 2 ? item(arguments, 1) ?? .none : .none
      guard count <= 2, [.none, .list, .tuple].contains(initial.kind) else { return nil }
      guard maximum.kind == .none || maximum.kind == .integer && maximum.asInteger >= 0 else { return nil }
      return .deque(initial: initial, appended: listItems, maximum: maximum)
    case .userDictionary, .userList, .userString:
      guard state.kind == .dictionary, let wrapped = lookUp("data", in: state, frame) else { return nil }
      return .wrapper(wrapped)
    case .chainMap:
      guard state.kind == .dictionary, let maps = lookUp("maps", in: state, frame), maps.kind == .list else {
        return nil
      }
      return .chainMap(maps)
    case .array:
      guard count == 2, let code = item(arguments, 0), isText(code), let items = item(arguments, 1) else { return nil }
      return items.kind == .list ? .array(typeCode: code, items: items) : nil
    case .namespace:
      guard count == 0, state.kind == .dictionary || state.kind == .none else { return nil }
      return .namespace(state)
    default: return nil
    }
  }

  private func namedTuple(_ tupleClass: NamedTupleClass, _ arguments: PickleValue) -> StandardValue? {
    // The tuple itself: from protocols 0 and 1, and `struct_time`'s always, with a dictionary after it.
    if let first = item(arguments, 0, orNoneIn: count(of: arguments)).ifTuple,
      count(first) == tupleClass.fields.count, count(of: arguments) == (tupleClass == .structTime ? 2 : 1)
    {
      return .namedTuple(tupleClass, values: first)
    }
    guard count(of: arguments) == tupleClass.fields.count, tupleClass != .structTime else { return nil }
    return .namedTuple(tupleClass, values: arguments)
  }

  /// A dictionary, or a sequence of pairs as Python 2.7 pickles an `OrderedDict`.
  private func isMapping(_ items: PickleValue) -> Bool {
    switch items.kind {
    case .none, .dictionary: true
    case .list, .tuple: allItems(of: items) { ($0.kind == .list || $0.kind == .tuple) && count($0) == 2 }
    default: false
    }
  }
}

extension PickleValue {
  fileprivate var ifTuple: PickleValue? { kind == .tuple ? self : nil }
}
