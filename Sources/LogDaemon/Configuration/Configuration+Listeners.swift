extension Configuration {
  /// A socket that records come in at.
  public struct Listener: Sendable, Equatable {
    public enum Endpoint: Sendable, Equatable {
      case tcp(InternetAddress)
      case udp(InternetAddress)
      /// Stream.
      case unix(path: String, SocketAccess)
      case unixDatagram(path: String, SocketAccess)
    }

    /// Also the FileDescriptorName under which systemd may hand the socket over.
    public var name: String
    public var endpoint: Endpoint
    /// Peers outside of these blocks are refused. nil: nobody is. TCP and UDP only.
    public var allow: [AddressBlock]?
    /// How Python 2 byte strings are read. "utf-8" (other bytes become lone surrogates), "latin-1",
    /// or what `ConfigurationChecks.charset` made of another name.
    public var charset: String
    /// A connection that stays silent for longer is closed. nil: none is. Streams only.
    public var idleTimeout: Duration?
    /// A connection that leaves a frame unfinished for longer is closed. nil: none is. Streams only.
    public var frameTimeout: Duration?

    public init(
      name: String,
      endpoint: Endpoint,
      allow: [AddressBlock]? = nil,
      charset: String = "utf-8",
      idleTimeout: Duration? = nil,
      frameTimeout: Duration? = .seconds(60)
    ) {
      self.name = name
      self.endpoint = endpoint
      self.allow = allow
      self.charset = charset
      self.idleTimeout = idleTimeout
      self.frameTimeout = frameTimeout
    }

    /// `logging.handlers.DEFAULT_TCP_LOGGING_PORT`.
    public static let defaultTCP = InternetAddress(ipv4: (127, 0, 0, 1), port: 9020)
    /// `logging.handlers.DEFAULT_UDP_LOGGING_PORT`.
    public static let defaultUDP = InternetAddress(ipv4: (127, 0, 0, 1), port: 9021)

    /// The listeners of a file that has no `[listeners]`.
    public static let builtIn = [
      Listener(name: "tcp", endpoint: .tcp(defaultTCP)), Listener(name: "udp", endpoint: .udp(defaultUDP)),
    ]
  }

  /// Who may connect to a Unix socket.
  public struct SocketAccess: Sendable, Equatable {
    /// Permission bits.
    public var mode: UInt32
    /// A user's name or number. nil: the process' own.
    public var owner: String?
    /// A group's name or number. nil: the process' own.
    public var group: String?

    public init(mode: UInt32 = 0o660, owner: String? = nil, group: String? = nil) {
      self.mode = mode
      self.owner = owner
      self.group = group
    }
  }
}
