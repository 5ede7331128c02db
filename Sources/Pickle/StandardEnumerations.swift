/// The enumerations of the standard library whose members pickles carry as their values.
public enum EnumerationClass: UInt8, Sendable {
  case httpStatus, httpMethod, signals, signalHandlers, addressFamily, socketKind, safeUUID

  var name: String {
    switch self {
    case .httpStatus: "HTTPStatus"
    case .httpMethod: "HTTPMethod"
    case .signals: "Signals"
    case .signalHandlers: "Handlers"
    case .addressFamily: "AddressFamily"
    case .socketKind: "SocketKind"
    case .safeUUID: "SafeUUID"
    }
  }

  var module: String {
    switch self {
    case .httpStatus, .httpMethod: "http"
    case .signals, .signalHandlers: "signal"
    case .addressFamily, .socketKind: "socket"
    case .safeUUID: "uuid"
    }
  }

  /// The names that Python 3.13 on Linux gives the members. Numbers of signals and sockets are
  /// those of x86 and ARM.
  static func memberName(_ value: Int64, of members: [(value: Int, name: String)]) -> String? {
    members.first { $0.value == value }?.name
  }

  /// Members whose values are integers; none for `HTTPMethod`, whose values are their names.
  var members: [(value: Int, name: String)] {
    switch self {
    case .httpStatus: EnumerationClass.statuses
    case .httpMethod: []
    case .signals: EnumerationClass.signalNumbers
    case .signalHandlers: [(0, "SIG_DFL"), (1, "SIG_IGN")]
    case .addressFamily: EnumerationClass.families
    case .socketKind: EnumerationClass.kinds
    case .safeUUID: [(0, "safe"), (-1, "unsafe")]
    }
  }

  static let methods = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]

  /// The member that a module's constant is: Python 3.6 to 3.11 pickle `signal.SIGTERM` by name.
  static func constant(module: RawSpan, name: RawSpan) -> (class: EnumerationClass, value: Int)? {
    let classes: [EnumerationClass]
    if module.equals("signal") {
      classes = [.signals, .signalHandlers]
    } else if module.equals("socket") {
      classes = [.addressFamily, .socketKind]
    } else {
      return nil
    }
    for candidate in classes {
      for member in candidate.members where name.equals(member.name) { return (candidate, member.value) }
      for alias in aliases where name.equals(alias.alias) {
        if let member = candidate.members.first(where: { $0.name == alias.name }) { return (candidate, member.value) }
      }
    }
    return nil
  }

  private static let aliases: [(alias: String, name: String)] = [
    ("SIGIOT", "SIGABRT"), ("SIGCLD", "SIGCHLD"), ("SIGPOLL", "SIGIO"), ("AF_ROUTE", "AF_NETLINK"),
  ]

  private static let statuses: [(value: Int, name: String)] = [
    (100, "CONTINUE"), (101, "SWITCHING_PROTOCOLS"), (102, "PROCESSING"), (103, "EARLY_HINTS"), (200, "OK"),
    (201, "CREATED"), (202, "ACCEPTED"), (203, "NON_AUTHORITATIVE_INFORMATION"), (204, "NO_CONTENT"),
    (205, "RESET_CONTENT"), (206, "PARTIAL_CONTENT"), (207, "MULTI_STATUS"), (208, "ALREADY_REPORTED"),
    (226, "IM_USED"), (300, "MULTIPLE_CHOICES"), (301, "MOVED_PERMANENTLY"), (302, "FOUND"), (303, "SEE_OTHER"),
    (304, "NOT_MODIFIED"), (305, "USE_PROXY"), (307, "TEMPORARY_REDIRECT"), (308, "PERMANENT_REDIRECT"),
    (400, "BAD_REQUEST"), (401, "UNAUTHORIZED"), (402, "PAYMENT_REQUIRED"), (403, "FORBIDDEN"), (404, "NOT_FOUND"),
    (405, "METHOD_NOT_ALLOWED"), (406, "NOT_ACCEPTABLE"), (407, "PROXY_AUTHENTICATION_REQUIRED"),
    (408, "REQUEST_TIMEOUT"), (409, "CONFLICT"), (410, "GONE"), (411, "LENGTH_REQUIRED"),
    (412, "PRECONDITION_FAILED"), (413, "CONTENT_TOO_LARGE"), (414, "URI_TOO_LONG"),
    (415, "UNSUPPORTED_MEDIA_TYPE"), (416, "RANGE_NOT_SATISFIABLE"), (417, "EXPECTATION_FAILED"),
    (418, "IM_A_TEAPOT"), (421, "MISDIRECTED_REQUEST"), (422, "UNPROCESSABLE_CONTENT"), (423, "LOCKED"),
    (424, "FAILED_DEPENDENCY"), (425, "TOO_EARLY"), (426, "UPGRADE_REQUIRED"), (428, "PRECONDITION_REQUIRED"),
    (429, "TOO_MANY_REQUESTS"), (431, "REQUEST_HEADER_FIELDS_TOO_LARGE"), (451, "UNAVAILABLE_FOR_LEGAL_REASONS"),
    (500, "INTERNAL_SERVER_ERROR"), (501, "NOT_IMPLEMENTED"), (502, "BAD_GATEWAY"), (503, "SERVICE_UNAVAILABLE"),
    (504, "GATEWAY_TIMEOUT"), (505, "HTTP_VERSION_NOT_SUPPORTED"), (506, "VARIANT_ALSO_NEGOTIATES"),
    (507, "INSUFFICIENT_STORAGE"), (508, "LOOP_DETECTED"), (510, "NOT_EXTENDED"),
    (511, "NETWORK_AUTHENTICATION_REQUIRED"),
  ]
  private static let signalNumbers: [(value: Int, name: String)] = [
    (1, "SIGHUP"), (2, "SIGINT"), (3, "SIGQUIT"), (4, "SIGILL"), (5, "SIGTRAP"), (6, "SIGABRT"), (7, "SIGBUS"),
    (8, "SIGFPE"), (9, "SIGKILL"), (10, "SIGUSR1"), (11, "SIGSEGV"), (12, "SIGUSR2"), (13, "SIGPIPE"),
    (14, "SIGALRM"), (15, "SIGTERM"), (16, "SIGSTKFLT"), (17, "SIGCHLD"), (18, "SIGCONT"), (19, "SIGSTOP"),
    (20, "SIGTSTP"), (21, "SIGTTIN"), (22, "SIGTTOU"), (23, "SIGURG"), (24, "SIGXCPU"), (25, "SIGXFSZ"),
    (26, "SIGVTALRM"), (27, "SIGPROF"), (28, "SIGWINCH"), (29, "SIGIO"), (30, "SIGPWR"), (31, "SIGSYS"),
    (34, "SIGRTMIN"), (64, "SIGRTMAX"),
  ]
  private static let families: [(value: Int, name: String)] = [
    (0, "AF_UNSPEC"), (1, "AF_UNIX"), (2, "AF_INET"), (3, "AF_AX25"), (4, "AF_IPX"), (5, "AF_APPLETALK"),
    (6, "AF_NETROM"), (7, "AF_BRIDGE"), (8, "AF_ATMPVC"), (9, "AF_X25"), (10, "AF_INET6"), (11, "AF_ROSE"),
    (13, "AF_NETBEUI"), (14, "AF_SECURITY"), (15, "AF_KEY"), (16, "AF_NETLINK"), (17, "AF_PACKET"), (18, "AF_ASH"),
    (19, "AF_ECONET"), (20, "AF_ATMSVC"), (21, "AF_RDS"), (22, "AF_SNA"), (23, "AF_IRDA"), (24, "AF_PPPOX"),
    (25, "AF_WANPIPE"), (26, "AF_LLC"), (29, "AF_CAN"), (30, "AF_TIPC"), (38, "AF_ALG"), (40, "AF_VSOCK"),
    (42, "AF_QIPCRTR"),
  ]
  private static let kinds: [(value: Int, name: String)] = [
    (1, "SOCK_STREAM"), (2, "SOCK_DGRAM"), (3, "SOCK_RAW"), (4, "SOCK_RDM"), (5, "SOCK_SEQPACKET"),
    (2048, "SOCK_NONBLOCK"), (524288, "SOCK_CLOEXEC"),
  ]
}

/// `re.RegexFlag`: a set of bits.
enum RegularExpressionFlag {
  static let unicode: Int64 = 32
  static let kinds: Int64 = 4 | 32 | 256

  private static let inPattern: [(bit: Int64, name: StaticString)] = [
    (2, "re.IGNORECASE"), (4, "re.LOCALE"), (8, "re.MULTILINE"), (16, "re.DOTALL"), (32, "re.UNICODE"),
    (64, "re.VERBOSE"), (128, "re.DEBUG"), (256, "re.ASCII"),
  ]

  /// The flags of a compiled pattern, as its `repr()` lists them (`pattern_repr` in CPython's `Modules/_sre/sre.c`).
  static func appendOfPattern(_ flags: Int64, to out: inout [UInt8]) {
    append(flags, order: inPattern, to: &out)
  }

  /// `str()` and `repr()` of a `re.RegexFlag`: in the order of the class' definition.
  static func append(_ flags: Int64, to out: inout [UInt8]) {
    if flags == 0 { return out.appendASCII("re.NOFLAG") }
    guard definition.contains(where: { flags & $0.bit != 0 }) else {
      out.appendASCII("re.RegexFlag(")
      out.appendInteger(flags)
      return out.append(UInt8(ascii: ")"))
    }
    append(flags, order: definition, to: &out)
  }

  private static let definition: [(bit: Int64, name: StaticString)] = [
    (256, "re.ASCII"), (2, "re.IGNORECASE"), (4, "re.LOCALE"), (32, "re.UNICODE"), (8, "re.MULTILINE"),
    (16, "re.DOTALL"), (64, "re.VERBOSE"), (128, "re.DEBUG"),
  ]

  private static func append(_ flags: Int64, order: [(bit: Int64, name: StaticString)], to out: inout [UInt8]) {
    var rest = flags
    var isFirst = true
    for (bit, name) in order where flags & bit != 0 {
      if !isFirst { out.append(UInt8(ascii: "|")) }
      isFirst = false
      out.appendASCII(name)
      rest &= ~bit
    }
    if rest != 0 {
      out.appendASCII(isFirst ? "0x" : "|0x")
      out.append(contentsOf: String(rest, radix: 16).utf8)
    }
  }
}
