/// An exception class of Python or its standard library.
public struct ExceptionClass: Equatable, Sendable {
  /// How `str()` makes the text, and what the constructor makes of its arguments.
  enum Kind: Equatable, Sendable {
    case plain, keyError, osError, unicodeDecode, unicodeEncode, unicodeTranslate, syntaxError, group
    case jsonDecode, calledProcess, timeoutExpired, urlError, sslError
  }

  var module: String
  var name: String
  var kind: Kind

  static func builtin(_ name: RawSpan) -> ExceptionClass? {
    for candidate in plainBuiltins where name.equals(candidate) {
      return ExceptionClass(module: "builtins", name: candidate, kind: .plain)
    }
    for candidate in osErrors where name.equals(candidate) {
      return ExceptionClass(module: "builtins", name: candidate, kind: .osError)
    }
    for (candidate, meaning, kind) in specialBuiltins where name.equals(candidate) {
      return ExceptionClass(module: "builtins", name: meaning, kind: kind)
    }
    return nil
  }

  static func standard(module: RawSpan, name: RawSpan) -> ExceptionClass? {
    for entry in others where module.equals(entry.old) || module.equals(entry.module) {
      for (candidate, kind) in entry.names where name.equals(candidate) {
        return ExceptionClass(module: entry.module, name: candidate, kind: kind)
      }
    }
    // Names that Python 3 keeps for its own OSError and TimeoutError.
    if module.equals("socket") || module.equals("select") || module.equals("os") {
      if name.equals("error") { return osError("OSError") }
      if module.equals("socket"), name.equals("timeout") { return osError("TimeoutError") }
    }
    let hasTimeout = [
      "concurrent.futures._base", "concurrent.futures", "asyncio.exceptions", "asyncio", "asyncio.base_futures",
    ].contains { module.equals($0) }
    if hasTimeout, name.equals("TimeoutError") { return osError("TimeoutError") }
    return nil
  }

  private static func osError(_ name: String) -> ExceptionClass {
    ExceptionClass(module: "builtins", name: name, kind: .osError)
  }

  /// The subclass that `OSError(errno, …)` becomes on Linux (`errnomap` in CPython's `Objects/exceptions.c`).
  static func osErrorName(errno: Int64) -> String? {
    switch errno {
    case 1, 13: "PermissionError"
    case 2: "FileNotFoundError"
    case 3: "ProcessLookupError"
    case 4: "InterruptedError"
    case 10: "ChildProcessError"
    case 11, 114, 115: "BlockingIOError"
    case 17: "FileExistsError"
    case 20: "NotADirectoryError"
    case 21: "IsADirectoryError"
    case 32, 108: "BrokenPipeError"
    case 103: "ConnectionAbortedError"
    case 104: "ConnectionResetError"
    case 110: "TimeoutError"
    case 111: "ConnectionRefusedError"
    default: nil
    }
  }

  private static let plainBuiltins = [
    "ValueError", "TypeError", "RuntimeError", "Exception", "AttributeError", "IndexError", "AssertionError",
    "ArithmeticError", "BaseException", "BufferError", "BytesWarning", "DeprecationWarning", "EOFError",
    "EncodingWarning", "FloatingPointError", "FutureWarning", "GeneratorExit", "ImportError", "ImportWarning",
    "KeyboardInterrupt", "LookupError", "MemoryError", "ModuleNotFoundError", "NameError", "NotImplementedError",
    "OverflowError", "PendingDeprecationWarning", "PythonFinalizationError", "RecursionError", "ReferenceError",
    "ResourceWarning", "RuntimeWarning", "StopAsyncIteration", "StopIteration", "SyntaxWarning", "SystemError",
    "SystemExit", "UnboundLocalError", "UnicodeError", "UnicodeWarning", "UserWarning", "Warning",
    "ZeroDivisionError",
  ]
  private static let osErrors = [
    "OSError", "BlockingIOError", "BrokenPipeError", "ChildProcessError", "ConnectionAbortedError", "ConnectionError",
    "ConnectionRefusedError", "ConnectionResetError", "FileExistsError", "FileNotFoundError", "InterruptedError",
    "IsADirectoryError", "NotADirectoryError", "PermissionError", "ProcessLookupError", "TimeoutError",
  ]
  private static let specialBuiltins: [(String, String, Kind)] = [
    ("KeyError", "KeyError", .keyError), ("IOError", "OSError", .osError), ("EnvironmentError", "OSError", .osError),
    ("UnicodeDecodeError", "UnicodeDecodeError", .unicodeDecode),
    ("UnicodeEncodeError", "UnicodeEncodeError", .unicodeEncode),
    ("UnicodeTranslateError", "UnicodeTranslateError", .unicodeTranslate),
    ("SyntaxError", "SyntaxError", .syntaxError), ("IndentationError", "IndentationError", .syntaxError),
    ("TabError", "TabError", .syntaxError), ("StandardError", "Exception", .plain),
    ("ExceptionGroup", "ExceptionGroup", .group), ("BaseExceptionGroup", "BaseExceptionGroup", .group),
  ]
  /// Classes that have neither an `__init__` nor a `__str__` of their own, unless a kind says more.
  private static let others: [(old: String, module: String, names: [(String, Kind)])] = [
    ("simplejson.decoder", "json.decoder", [("JSONDecodeError", .jsonDecode)]),
    (
      "commands", "subprocess",
      [
        ("CalledProcessError", .calledProcess), ("TimeoutExpired", .timeoutExpired), ("SubprocessError", .plain),
      ]
    ),
    ("urllib2", "urllib.error", [("URLError", .urlError)]),
    ("urllib2", "urllib.request", [("URLError", .urlError)]),
    ("Queue", "queue", [("Empty", .plain), ("Full", .plain)]),
    ("_queue", "_queue", [("Empty", .plain)]),
    ("socket", "socket", [("gaierror", .osError), ("herror", .osError)]),
    (
      "decimal", "decimal",
      [
        "DecimalException", "InvalidOperation", "DivisionByZero", "Overflow", "Underflow", "Inexact", "Rounded",
        "Subnormal", "Clamped", "FloatOperation", "DivisionImpossible", "DivisionUndefined", "InvalidContext",
        "ConversionSyntax",
      ].map { ($0, .plain) }
    ),
    (
      "asyncio.base_futures", "asyncio.exceptions",
      [("CancelledError", .plain), ("InvalidStateError", .plain), ("BrokenBarrierError", .plain)]
    ),
    ("concurrent.futures", "concurrent.futures._base", [("CancelledError", .plain), ("InvalidStateError", .plain)]),
    ("binascii", "binascii", [("Error", .plain), ("Incomplete", .plain)]),
    ("struct", "struct", [("error", .plain)]),
    ("zlib", "zlib", [("error", .plain)]),
    ("cPickle", "pickle", ["PickleError", "PicklingError", "UnpicklingError"].map { ($0, .plain) }),
    ("_pickle", "_pickle", ["PickleError", "PicklingError", "UnpicklingError"].map { ($0, .plain) }),
    (
      "httplib", "http.client",
      [
        "HTTPException", "NotConnected", "InvalidURL", "CannotSendRequest", "CannotSendHeader", "ResponseNotReady",
        "ImproperConnectionState", "UnknownTransferEncoding",
      ].map { ($0, .plain) }
    ),
    ("shutil", "shutil", [("Error", .osError), ("SameFileError", .osError), ("SpecialFileError", .osError)]),
    (
      "ssl", "ssl",
      [
        "SSLError", "SSLZeroReturnError", "SSLWantReadError", "SSLWantWriteError", "SSLSyscallError", "SSLEOFError",
        "SSLCertVerificationError",
      ].map { ($0, .sslError) }
    ),
    ("zipfile", "zipfile", [("BadZipFile", .plain), ("LargeZipFile", .plain)]),
    (
      "sqlite3.dbapi2", "sqlite3",
      [
        "Error", "Warning", "InterfaceError", "DatabaseError", "DataError", "OperationalError", "IntegrityError",
        "InternalError", "ProgrammingError", "NotSupportedError",
      ].map { ($0, .plain) }
    ),
    ("ipaddress", "ipaddress", [("AddressValueError", .plain), ("NetmaskValueError", .plain)]),
    ("unittest.case", "unittest.case", [("SkipTest", .plain)]),
    ("smtplib", "smtplib", [("SMTPException", .osError), ("SMTPServerDisconnected", .osError)]),
  ]
}

/// Named tuples of the standard library, whose field names pickles leave out.
public enum NamedTupleClass: UInt8, Sendable {
  case parseResult, splitResult, defragResult, parseResultBytes, splitResultBytes, defragResultBytes, structTime

  var name: String {
    switch self {
    case .parseResult: "ParseResult"
    case .splitResult: "SplitResult"
    case .defragResult: "DefragResult"
    case .parseResultBytes: "ParseResultBytes"
    case .splitResultBytes: "SplitResultBytes"
    case .defragResultBytes: "DefragResultBytes"
    case .structTime: "time.struct_time"
    }
  }

  var fields: [String] {
    switch self {
    case .parseResult, .parseResultBytes: ["scheme", "netloc", "path", "params", "query", "fragment"]
    case .splitResult, .splitResultBytes: ["scheme", "netloc", "path", "query", "fragment"]
    case .defragResult, .defragResultBytes: ["url", "fragment"]
    case .structTime:
      ["tm_year", "tm_mon", "tm_mday", "tm_hour", "tm_min", "tm_sec", "tm_wday", "tm_yday", "tm_isdst"]
    }
  }
}
