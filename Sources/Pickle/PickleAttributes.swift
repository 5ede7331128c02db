/// `{value.name}` of `str.format`: what attributes give without running anyone's code.
///
/// That is the stored state of objects whose class is not known, the documented data attributes of
/// the known classes, and `__class__` with its names. A method or a property of the sender's is
/// `.needsSenderCode`, an attribute that Python would not find either is `.invalid`.
/// New texts go to the arena's scratch, new tuples and paths to its nodes.
extension Renderer {
  /// `getattr(value, name)`.
  public mutating func attribute(
    _ name: RawSpan, of value: PickleValue, _ arena: inout PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> PickleValue {
    try spend(1)
    if name.equals("__class__") { return try arena.classOf(value, frame) }
    switch value.kind {
    case .global:
      if let found = try className(name, of: value, &arena, frame) { return found }
    case .object:
      return try objectAttribute(name, of: value, &arena, frame)
    case .integer, .bigInteger, .decimalInteger, .bool:
      let plain = value.kind == .bool ? PickleValue.integer(value.asInteger) : value
      if name.equals("real") || name.equals("numerator") { return plain }
      if name.equals("imag") { return .integer(0) }
      if name.equals("denominator") { return .integer(1) }
    case .float:
      if name.equals("real") { return value }
      if name.equals("imag") { return .float(0) }
    case .complex:
      if name.equals("real"), let real = arena.item(value, 0) { return real }
      if name.equals("imag"), let imaginary = arena.item(value, 1) { return imaginary }
    default: break
    }
    if value.kind == .global, let standard = arena.standardValue(value, frame),
      let found = try standardAttribute(name, of: standard, value, &arena, frame)
    {
      return found
    }
    throw Renderer.isMethod(name) || value.kind == .global || value.kind == .persistentID ? .needsSenderCode : .invalid
  }

  private mutating func className(
    _ name: RawSpan, of global: PickleValue, _ arena: inout PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> PickleValue? {
    guard arena.standardValue(global, frame) == nil else { return nil }
    if name.equals("__module__"), let module = arena.globalModule(global, frame) { return try arena.makeText(module) }
    guard let qualified = arena.globalName(global, frame) else { return nil }
    if name.equals("__qualname__") { return try arena.makeText(qualified) }
    if name.equals("__name__") {
      let start = qualified.lastIndex(of: UInt8(ascii: ".")).map { $0 + 1 } ?? 0
      return try arena.makeText(Array(qualified[start...]))
    }
    return nil
  }

  private mutating func objectAttribute(
    _ name: RawSpan, of object: PickleValue, _ arena: inout PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> PickleValue {
    let standard = arena.standardValue(object, frame)
    if let standard, let found = try standardAttribute(name, of: standard, object, &arena, frame) { return found }
    let hasAttributes =
      switch standard {
      case nil, .exception, .namespace: true
      default: false
      }
    guard hasAttributes else { throw Renderer.isMethod(name) ? .needsSenderCode : .invalid }
    for state in arena.states(of: object) where state.kind == .dictionary {
      if let found = try lookup(state, key: name, arena, frame) { return found }
    }
    if name.equals("__dict__"), let state = arena.states(of: object).first, state.kind == .dictionary { return state }
    if case .namespace = standard { throw .invalid }
    // A class attribute or a property, which only the class knows.
    throw .needsSenderCode
  }

  /// Data attributes of the known classes; nil for names that are none.
  private mutating func standardAttribute(
    _ name: RawSpan, of value: StandardValue, _ object: PickleValue, _ arena: inout PickleArena, _ frame: RawSpan
  ) throws(RenderError) -> PickleValue? {
    switch value {
    case .date(let date): return Renderer.field(name, of: date)
    case .time(let time, let zone):
      return name.equals("tzinfo") ? zone : Renderer.field(name, of: time)
    case .dateTime(let date, let time, let zone):
      return name.equals("tzinfo") ? zone : Renderer.field(name, of: date) ?? Renderer.field(name, of: time)
    case .timeDelta(let delta):
      if name.equals("days") { return .integer(Int64(delta.days)) }
      if name.equals("seconds") { return .integer(Int64(delta.seconds)) }
      if name.equals("microseconds") { return .integer(Int64(delta.microseconds)) }
    case .zoneInfo(let key):
      if name.equals("key") { return key }
    case .offsetZone(_, let zoneName):
      if name.equals("zone"), zoneName.kind != .none {
        return arena.item(arena.field(object, ObjectField.arguments), 0)
      }
    case .uuid(let bits): return try arena.uuidAttribute(name, bits)
    case .decimal:
      if name.equals("real") { return object }
    case .fraction(let numerator, let denominator):
      if name.equals("numerator") { return numerator }
      if name.equals("denominator") { return denominator }
      if name.equals("real") { return object }
      if name.equals("imag") { return .integer(0) }
    case .path(let pathClass, let segments):
      let path = try arena.path(pathClass, segments, charset, frame)
      return try arena.pathAttribute(name, path, object)
    case .enumeration(let enumeration, let member):
      if name.equals("value") || name.equals("_value_") { return member }
      if member.kind == .integer {
        // An `IntEnum`'s member is an integer.
        if name.equals("real") || name.equals("numerator") { return member }
        if name.equals("imag") { return .integer(0) }
        if name.equals("denominator") { return .integer(1) }
      }
      guard name.equals("name") || name.equals("_name_") else { break }
      if enumeration == .httpMethod { return member }
      let memberName =
        member.kind == .none ? "unknown" : EnumerationClass.memberName(member.asInteger, of: enumeration.members)
      if let memberName { return try arena.makeText(Array(memberName.utf8)) }
    case .regularExpressionFlag(let bits):
      if name.equals("value") || name.equals("real") || name.equals("numerator") { return .integer(bits) }
      if name.equals("imag") { return .integer(0) }
      if name.equals("denominator") { return .integer(1) }
      if name.equals("name") {
        var text: [UInt8] = []
        RegularExpressionFlag.append(bits, to: &text)
        let names = text.split(separator: UInt8(ascii: "|")).map { $0.starts(with: "re.".utf8) ? $0.dropFirst(3) : $0 }
        return try arena.makeText(Array(names.joined(separator: "|".utf8)))
      }
    case .pattern(let pattern, let flags):
      if name.equals("pattern") { return pattern }
      if name.equals("flags") {
        let isText = pattern.kind != .bytes && flags & RegularExpressionFlag.kinds == 0
        return .integer(isText ? flags | RegularExpressionFlag.unicode : flags)
      }
    case .defaultDictionary(let factory, _):
      if name.equals("default_factory") { return factory }
    case .deque(_, _, let maximum):
      if name.equals("maxlen") { return maximum }
    case .wrapper(let wrapped):
      if name.equals("data") { return wrapped }
    case .chainMap(let maps):
      if name.equals("maps") { return maps }
    case .namedTuple(let tupleClass, let values):
      for (index, field) in tupleClass.fields.enumerated() where name.equals(field) { return arena.item(values, index) }
    case .internetAddress(let address):
      if name.equals("version") { return .integer(address.addressClass.isIPv6 ? 6 : 4) }
      if name.equals("max_prefixlen") { return .integer(Int64(address.addressClass.width)) }
      if name.equals("compressed") || !address.addressClass.isAddress && name.equals("with_prefixlen") {
        return try arena.makeText(address.text)
      }
      if name.equals("prefixlen"), address.addressClass.isNetwork { return .integer(Int64(address.prefixLength)) }
      if name.equals("scope_id"), address.addressClass.isIPv6 {
        return address.scope.isEmpty ? PickleValue.none : try arena.makeText(address.scope)
      }
    case .exception(let exception, let arguments):
      return try exceptionAttribute(name, ExceptionArguments(exception, arguments, arena, frame), &arena)
    case .range(let start, let stop, let step), .slice(let start, let stop, let step):
      if name.equals("start") { return start }
      if name.equals("stop") { return stop }
      if name.equals("step") { return step }
    case .array(let typeCode, _):
      if name.equals("typecode") { return typeCode }
    case .typeOfSingleton(let typeName):
      if name.equals("__name__") || name.equals("__qualname__") { return try arena.makeText(Array(typeName.utf8)) }
      if name.equals("__module__") { return try arena.makeText(Array("builtins".utf8)) }
    case .logger(let loggerName):
      if name.equals("name") { return loggerName }
    case .timeZone, .orderedDictionary, .counter, .namespace: break
    }
    return nil
  }

  private static func field(_ name: RawSpan, of date: CivilDate) -> PickleValue? {
    if name.equals("year") { return .integer(Int64(date.year)) }
    if name.equals("month") { return .integer(Int64(date.month)) }
    if name.equals("day") { return .integer(Int64(date.day)) }
    return nil
  }

  private static func field(_ name: RawSpan, of time: ClockTime) -> PickleValue? {
    if name.equals("hour") { return .integer(Int64(time.hour)) }
    if name.equals("minute") { return .integer(Int64(time.minute)) }
    if name.equals("second") { return .integer(Int64(time.second)) }
    if name.equals("microsecond") { return .integer(Int64(time.microsecond)) }
    if name.equals("fold") { return .integer(time.fold ? 1 : 0) }
    return nil
  }

  private func exceptionAttribute(
    _ name: RawSpan, _ view: ExceptionArguments, _ arena: inout PickleArena
  ) throws(RenderError) -> PickleValue? {
    if name.equals("args") {
      if view.arguments.kind == .tuple, view.shown == view.count { return view.arguments }
      return try arena.makeTuple((0..<view.shown).map { view.argument($0, arena) })
    }
    if name.equals("__cause__") || name.equals("__context__") { return PickleValue.none }
    // The attribute's position among the arguments; `nil` where the class has no such attribute.
    let names: [String?]
    switch view.exception.kind {
    case .osError, .sslError:
      // They stay None unless the constructor took the arguments apart.
      names = ["errno", "strerror", view.hasFilename ? "filename" : nil, nil, "filename2"]
      guard (2...5).contains(view.count) else {
        return ["errno", "strerror", "filename", "filename2"].contains { name.equals($0) } ? PickleValue.none : nil
      }
      if name.equals("filename"), !view.hasFilename { return PickleValue.none }
      if name.equals("filename2") { return view.hasFilename ? view.argument(4, arena) : PickleValue.none }
    case .unicodeDecode, .unicodeEncode: names = ["encoding", "object", "start", "end", "reason"]
    case .unicodeTranslate: names = ["object", "start", "end", "reason"]
    case .group: names = ["message", "exceptions"]
    case .jsonDecode: names = ["msg", "doc", "pos"]
    case .calledProcess: names = ["returncode", "cmd", "output", "stderr"]
    case .timeoutExpired: names = ["cmd", "timeout", "output", "stderr"]
    case .urlError: names = ["reason"]
    case .syntaxError: names = ["msg"]
    case .plain, .keyError:
      switch view.name {
      case "StopIteration": names = ["value"]
      case "SystemExit": names = ["code"]
      case "ImportError", "ModuleNotFoundError": names = ["msg"]
      default: return nil
      }
    }
    for (index, candidate) in names.enumerated() {
      if let candidate, name.equals(candidate) { return view.argument(index, arena) }
    }
    return nil
  }

  /// Whether Python's builtin types have a method of that name. What begins with two underscores
  /// is taken for one.
  private static func isMethod(_ name: RawSpan) -> Bool {
    if name.byteCount > 2, name[0] == UInt8(ascii: "_"), name[1] == UInt8(ascii: "_") { return true }
    return methods.contains { name.equals($0) }
  }

  private static let methods = [
    "absolute", "add", "add_note", "address_exclude", "adjusted", "append", "appendleft", "as_integer_ratio",
    "as_posix", "as_tuple", "as_uri", "astimezone", "bit_count", "bit_length", "canonical", "capitalize", "casefold",
    "center", "chmod", "clear", "combine", "compare", "compare_networks", "compare_signal", "compare_total",
    "compare_total_mag", "conjugate", "copy", "copy_abs", "copy_negate", "copy_sign", "count", "ctime", "cwd", "date",
    "decode", "difference", "difference_update", "discard", "dst", "elements", "encode", "endswith", "exists", "exp",
    "expandtabs", "expanduser", "extend", "extendleft", "find", "findall", "finditer", "fma", "format", "format_map",
    "from_bytes", "from_decimal", "from_float", "fromhex", "fromisocalendar", "fromisoformat", "fromkeys",
    "fromordinal", "fromtimestamp", "fromutc", "fullmatch", "get", "glob", "group", "hardlink_to", "hex", "home",
    "hosts", "index", "insert", "intersection", "intersection_update", "is_absolute", "is_block_device",
    "is_canonical", "is_char_device", "is_dir", "is_fifo", "is_file", "is_finite", "is_infinite", "is_integer",
    "is_mount", "is_nan", "is_normal", "is_qnan", "is_relative_to", "is_reserved", "is_signed", "is_snan",
    "is_socket", "is_subnormal", "is_symlink", "is_zero", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit",
    "isdisjoint", "isidentifier", "islower", "isnumeric", "isocalendar", "isoformat", "isoweekday", "isprintable",
    "isspace", "issubset", "issuperset", "istitle", "isupper", "items", "iterdir", "join", "joinpath", "keys",
    "lchmod", "limit_denominator", "link_to", "ljust", "ln", "log10", "logb", "logical_and", "logical_invert",
    "logical_or", "logical_xor", "lower", "lstat", "lstrip", "maketrans", "match", "max", "max_mag", "min", "min_mag",
    "mkdir", "most_common", "move_to_end", "next_minus", "next_plus", "next_toward", "normalize", "now",
    "number_class", "open", "overlaps", "owner", "partition", "pop", "popitem", "popleft", "quantize", "radix",
    "read_bytes", "read_text", "readlink", "relative_to", "remainder_near", "remove", "removeprefix", "removesuffix",
    "rename", "replace", "resolve", "reverse", "rfind", "rglob", "rindex", "rjust", "rmdir", "rotate", "rpartition",
    "rsplit", "rstrip", "same_quantum", "samefile", "scaleb", "scanner", "search", "setdefault", "shift", "sort",
    "split", "splitlines", "sqrt", "startswith", "stat", "strftime", "strip", "strptime", "sub", "subn", "subnet_of",
    "subnets", "subtract", "supernet", "supernet_of", "swapcase", "symlink_to", "symmetric_difference",
    "symmetric_difference_update", "time", "timestamp", "timetuple", "timetz", "title", "to_bytes", "to_eng_string",
    "to_integral", "to_integral_exact", "to_integral_value", "today", "toordinal", "total", "total_seconds", "touch",
    "translate", "tzname", "union", "unlink", "update", "upper", "utcfromtimestamp", "utcnow", "utcoffset",
    "utctimetuple", "values", "weekday", "with_name", "with_stem", "with_suffix", "with_traceback", "write_bytes",
    "write_text", "zfill",
  ]
}
