/// What a (module, name) pair of Python's standard library stands for.
///
/// The pairs are those that CPython 2.7 and 3.6 and later write for protocols 0 to 5; Python 2's
/// module names, which protocols up to 2 use for Python 3's modules too, are `NameSpelling`'s.
enum StandardName: Equatable {
  case dateTime, date, time, timeDelta, timeZone
  case zoneInfo, unpickledZoneInfo
  case pytzUTC, pytzZone, dateutilUTC
  case uuid, decimal, fraction
  case path(PathClass)
  case orderedDictionary, defaultDictionary, counter, deque, chainMap
  case userDictionary, userList, userString
  case namedTuple(NamedTupleClass)
  case enumeration(EnumerationClass)
  case regularExpressionFlag
  case pattern
  case internetAddress(InternetClass)
  case exception(ExceptionClass)
  case range, slice, array, namespace
  case type, getattr
  case getLogger
  /// A class, or a function written in C, whose instances or results are none of the above.
  case otherClass, builtinFunction
}

extension StandardName {
  /// What a global stands for; nil where it is not of the standard library, or not known.
  static func of(_ global: PickleValue, _ arena: borrowing PickleArena, _ frame: RawSpan) -> StandardName? {
    guard global.kind == .global, let module = arena.item(global, 0), let name = arena.item(global, 1) else {
      return nil
    }
    guard module.isSlice, name.isSlice else { return nil }
    return of(module: arena.bytes(module, frame), name: arena.bytes(name, frame))
  }

  static func of(module: RawSpan, name: RawSpan) -> StandardName? {
    for entry in modules where module.equals(entry.module) {
      for (candidate, meaning) in entry.names where name.equals(candidate) { return meaning }
    }
    if module.equals("builtins") || module.equals("__builtin__") || module.equals("exceptions") {
      return builtin(name)
    }
    if let exception = ExceptionClass.standard(module: module, name: name) { return .exception(exception) }
    return nil
  }

  /// Whether the last part of a dotted name begins as PEP 8 wants classes to begin. That is a
  /// guess, since a pickle says nothing about what it wants imported.
  static func isClassName(_ name: RawSpan) -> Bool {
    var start = 0
    for offset in 0..<name.byteCount where name[offset] == UInt8(ascii: ".") { start = offset + 1 }
    while start < name.byteCount, name[start] == UInt8(ascii: "_") { start += 1 }
    return start < name.byteCount && (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(name[start])
  }

  private static func builtin(_ name: RawSpan) -> StandardName? {
    if let exception = ExceptionClass.builtin(name) { return .exception(exception) }
    for candidate in builtinClasses where name.equals(candidate) { return .otherClass }
    for candidate in builtinFunctions where name.equals(candidate) { return .builtinFunction }
    return nil
  }

  private static let modules: [(module: String, names: [(String, StandardName)])] = [
    (
      "datetime",
      [
        ("datetime", .dateTime), ("date", .date), ("time", .time), ("timedelta", .timeDelta), ("timezone", .timeZone),
        ("tzinfo", .otherClass),
      ]
    ),
    ("zoneinfo", zoneInfoNames),
    ("backports.zoneinfo", zoneInfoNames),
    ("pytz", [("_UTC", .pytzUTC), ("_p", .pytzZone)]),
    ("dateutil.tz.tz", [("tzutc", .dateutilUTC)]),
    ("uuid", [("UUID", .uuid), ("SafeUUID", .enumeration(.safeUUID))]),
    ("decimal", [("Decimal", .decimal)]),
    ("fractions", [("Fraction", .fraction)]),
    ("pathlib", paths),
    ("pathlib._local", paths),
    (
      "collections",
      [
        ("OrderedDict", .orderedDictionary), ("defaultdict", .defaultDictionary), ("Counter", .counter),
        ("deque", .deque), ("ChainMap", .chainMap), ("UserDict", .userDictionary), ("UserList", .userList),
        ("UserString", .userString),
      ]
    ),
    ("UserDict", [("IterableUserDict", .userDictionary), ("UserDict", .userDictionary)]),
    ("UserList", [("UserList", .userList)]),
    ("UserString", [("UserString", .userString)]),
    ("urllib.parse", parseResults),
    ("urlparse", parseResults),
    ("time", [("struct_time", .namedTuple(.structTime)), ("time", .builtinFunction), ("sleep", .builtinFunction)]),
    ("http", [("HTTPStatus", .enumeration(.httpStatus)), ("HTTPMethod", .enumeration(.httpMethod))]),
    ("signal", [("Signals", .enumeration(.signals)), ("Handlers", .enumeration(.signalHandlers))]),
    ("socket", [("AddressFamily", .enumeration(.addressFamily)), ("SocketKind", .enumeration(.socketKind))]),
    ("re", [("_compile", .pattern), ("RegexFlag", .regularExpressionFlag), ("Pattern", .otherClass)]),
    (
      "ipaddress",
      [
        ("IPv4Address", .internetAddress(.ipv4Address)), ("IPv6Address", .internetAddress(.ipv6Address)),
        ("IPv4Interface", .internetAddress(.ipv4Interface)), ("IPv6Interface", .internetAddress(.ipv6Interface)),
        ("IPv4Network", .internetAddress(.ipv4Network)), ("IPv6Network", .internetAddress(.ipv6Network)),
      ]
    ),
    ("builtins", builtins),
    ("__builtin__", builtins + builtins2),
    ("types", [("SimpleNamespace", .namespace)]),
    ("array", [("array", .array)]),
    ("logging", [("getLogger", .getLogger), ("Logger", .otherClass)]),
    ("functools", [("partial", .otherClass), ("reduce", .builtinFunction)]),
    ("operator", [("itemgetter", .otherClass), ("attrgetter", .otherClass), ("methodcaller", .otherClass)]),
    (
      "itertools",
      [
        ("count", .otherClass), ("chain", .otherClass), ("cycle", .otherClass), ("islice", .otherClass),
        ("repeat", .otherClass), ("zip_longest", .otherClass), ("imap", .otherClass), ("izip", .otherClass),
        ("ifilter", .otherClass), ("ifilterfalse", .otherClass), ("izip_longest", .otherClass),
      ]
    ),
    ("io", [("open", .builtinFunction), ("BytesIO", .otherClass), ("StringIO", .otherClass)]),
    ("_io", [("open", .builtinFunction), ("BytesIO", .otherClass), ("StringIO", .otherClass)]),
    ("math", ["sqrt", "floor", "ceil", "log", "exp", "sin", "cos", "pow"].map { ($0, .builtinFunction) }),
  ]

  private static let zoneInfoNames: [(String, StandardName)] = [
    ("ZoneInfo", .zoneInfo), ("ZoneInfo._unpickle", .unpickledZoneInfo),
  ]
  private static let paths: [(String, StandardName)] = [
    ("PurePosixPath", .path(.purePosixPath)), ("PosixPath", .path(.posixPath)),
    ("PureWindowsPath", .path(.pureWindowsPath)), ("WindowsPath", .path(.windowsPath)),
  ]
  private static let parseResults: [(String, StandardName)] = [
    ("ParseResult", .namedTuple(.parseResult)), ("SplitResult", .namedTuple(.splitResult)),
    ("DefragResult", .namedTuple(.defragResult)), ("ParseResultBytes", .namedTuple(.parseResultBytes)),
    ("SplitResultBytes", .namedTuple(.splitResultBytes)), ("DefragResultBytes", .namedTuple(.defragResultBytes)),
  ]
  private static let builtins: [(String, StandardName)] = [
    ("range", .range), ("slice", .slice), ("type", .type), ("getattr", .getattr),
  ]
  private static let builtins2: [(String, StandardName)] = [
    ("xrange", .range), ("long", .otherClass), ("unicode", .otherClass), ("basestring", .otherClass),
    ("unichr", .builtinFunction), ("reduce", .builtinFunction), ("intern", .builtinFunction),
  ]
  private static let builtinClasses = [
    "int", "str", "list", "dict", "float", "bool", "bytes", "object", "tuple", "set", "frozenset", "bytearray",
    "complex", "classmethod", "enumerate", "filter", "map", "memoryview", "property", "reversed", "staticmethod",
    "super", "zip",
  ]
  private static let builtinFunctions = [
    "__import__", "abs", "aiter", "all", "anext", "any", "ascii", "bin", "breakpoint", "callable", "chr", "compile",
    "delattr", "dir", "divmod", "eval", "exec", "format", "globals", "hasattr", "hash", "hex", "id", "input",
    "isinstance", "issubclass", "iter", "len", "locals", "max", "min", "next", "oct", "open", "ord", "pow", "print",
    "repr", "round", "setattr", "sorted", "sum", "vars",
  ]
}

/// Python 3's names for what protocols up to 2 spell as Python 2 did: the part of CPython's
/// `Lib/_compat_pickle.py` in which no name can be an application's own module.
enum NameSpelling {
  /// Python 3's pair for a pair that moved or changed its name; nil where it did not.
  static func pair(_ module: RawSpan, _ name: RawSpan) -> (module: String, name: String)? {
    for (oldModule, oldName, newModule, newName) in pairs where module.equals(oldModule) && name.equals(oldName) {
      return (newModule, newName)
    }
    return nil
  }

  /// Python 3's module for a module's name; nil where it is the same.
  static func module(_ module: RawSpan) -> String? {
    for (old, new) in modules where module.equals(old) { return new }
    return nil
  }

  private static let modules: [(String, String)] = [
    ("__builtin__", "builtins"), ("exceptions", "builtins"), ("copy_reg", "copyreg"), ("Queue", "queue"),
    ("SocketServer", "socketserver"), ("ConfigParser", "configparser"), ("cPickle", "pickle"),
    ("httplib", "http.client"), ("urllib2", "urllib.request"), ("urlparse", "urllib.parse"),
    ("xmlrpclib", "xmlrpc.client"), ("cookielib", "http.cookiejar"), ("Cookie", "http.cookies"),
    ("BaseHTTPServer", "http.server"), ("HTMLParser", "html.parser"), ("_abcoll", "collections.abc"),
    ("StringIO", "io"), ("cStringIO", "io"), ("UserDict", "collections"), ("UserList", "collections"),
    ("UserString", "collections"), ("_elementtree", "xml.etree.ElementTree"),
  ]
  private static let pairs: [(String, String, String, String)] = [
    ("__builtin__", "long", "builtins", "int"), ("__builtin__", "unicode", "builtins", "str"),
    ("__builtin__", "basestring", "builtins", "str"), ("__builtin__", "xrange", "builtins", "range"),
    ("__builtin__", "unichr", "builtins", "chr"), ("__builtin__", "reduce", "functools", "reduce"),
    ("__builtin__", "intern", "sys", "intern"), ("itertools", "imap", "builtins", "map"),
    ("itertools", "izip", "builtins", "zip"), ("itertools", "ifilter", "builtins", "filter"),
    ("itertools", "ifilterfalse", "itertools", "filterfalse"),
    ("itertools", "izip_longest", "itertools", "zip_longest"),
    ("exceptions", "StandardError", "builtins", "Exception"),
    ("UserDict", "IterableUserDict", "collections", "UserDict"),
    ("commands", "CalledProcessError", "subprocess", "CalledProcessError"),
    ("commands", "TimeoutExpired", "subprocess", "TimeoutExpired"),
    ("commands", "Popen", "subprocess", "Popen"), ("commands", "CompletedProcess", "subprocess", "CompletedProcess"),
  ]
}

extension RawSpan {
  func equals(_ text: String) -> Bool {
    let utf8 = text.utf8
    guard byteCount == utf8.count else { return false }
    var offset = 0
    for byte in utf8 {
      if self[offset] != byte { return false }
      offset += 1
    }
    return true
  }
}
