/// What the daemon is to do: a configuration file that was found free of errors, with every default
/// filled in and every name resolved.
public struct Configuration: Sendable, Equatable {
  /// In the order of the file, as all lists here.
  public var listeners: [Listener]
  public var formatters: [Formatter]
  public var filters: [Filter]
  public var handlers: [Handler]
  /// The names that `[levels]` adds to Python's own.
  public var levels: [LevelName]
  /// All but the root.
  public var loggers: [Logger]
  public var root: Logger
  public var control: Control
  public var limits: Limits

  public init(
    listeners: [Listener] = Listener.builtIn,
    formatters: [Formatter] = [],
    filters: [Filter] = [],
    handlers: [Handler] = [],
    levels: [LevelName] = [],
    loggers: [Logger] = [],
    root: Logger = .root(),
    control: Control = Control(),
    limits: Limits = Limits()
  ) {
    self.listeners = listeners
    self.formatters = formatters
    self.filters = filters
    self.handlers = handlers
    self.levels = levels
    self.loggers = loggers
    self.root = root
    self.control = control
    self.limits = limits
  }

  /// What the daemon does without a configuration file: Python's own default ports, and every record
  /// in `onggi.log`, which rotates.
  public static func builtIn(logsDirectory: String) -> Configuration {
    let formatter = Formatter(name: "plain", format: "[%(asctime)s] [%(levelname)s] %(message)s")
    let file = File(path: FilePath.absolute("onggi.log", in: logsDirectory))
    let rotation = SizeRotation(maxBytes: 100 << 20, backupCount: 10)
    let handler = Handler(name: "app", output: .rotatingFile(file, rotation, Retention()), formatter: formatter.name)
    return Configuration(
      formatters: [formatter], handlers: [handler], root: .root(level: 0, handlers: [handler.name]))
  }

  /// A name of `[levels]`: `logging.addLevelName(number, name)`.
  public struct LevelName: Sendable, Equatable {
    public var name: String
    public var number: Int

    public init(name: String, number: Int) {
      self.name = name
      self.number = number
    }

    /// Python's own names, `WARN` and `FATAL` included.
    public static let python = [
      LevelName(name: "CRITICAL", number: 50), LevelName(name: "FATAL", number: 50),
      LevelName(name: "ERROR", number: 40), LevelName(name: "WARNING", number: 30),
      LevelName(name: "WARN", number: 30), LevelName(name: "INFO", number: 20),
      LevelName(name: "DEBUG", number: 10), LevelName(name: "NOTSET", number: 0),
    ]
  }

  public struct Logger: Sendable, Equatable {
    public var name: String
    /// 0 is NOTSET: the level of the nearest ancestor that has one.
    public var level: Int
    /// Names of handlers, each once.
    public var handlers: [String]
    /// Names of filters.
    public var filters: [String]
    public var propagate: Bool

    public init(
      name: String, level: Int = 0, handlers: [String] = [], filters: [String] = [], propagate: Bool = true
    ) {
      self.name = name
      self.level = level
      self.handlers = handlers
      self.filters = filters
      self.propagate = propagate
    }

    /// Python's root logger: WARNING unless something else is said.
    public static func root(level: Int = 30, handlers: [String] = [], filters: [String] = []) -> Logger {
      Logger(name: "root", level: level, handlers: handlers, filters: filters, propagate: false)
    }
  }

  /// The control socket.
  public struct Control: Sendable, Equatable {
    /// nil: `control.sock` in `$RUNTIME_DIRECTORY`, or in `/run/onggi`.
    public var path: String?
    public var access: SocketAccess

    public init(path: String? = nil, access: SocketAccess = SocketAccess()) {
      self.path = path
      self.access = access
    }
  }

  public struct Limits: Sendable, Equatable {
    /// How long a stopping daemon may go on writing what it has taken.
    public var stopTimeout: Duration
    public var maxFrameBytes: Int
    public var maxConnections: Int
    /// All that waits in the daemon: unwritten records, partial frames, the decoder's scratch.
    public var memoryBytes: Int
    /// What handlers do that do not say it themselves.
    public var whenFull: WhenFull

    public init(
      stopTimeout: Duration = .seconds(10),
      maxFrameBytes: Int = 16 << 20,
      maxConnections: Int = 4096,
      memoryBytes: Int = 64 << 20,
      whenFull: WhenFull = .block
    ) {
      self.stopTimeout = stopTimeout
      self.maxFrameBytes = maxFrameBytes
      self.maxConnections = maxConnections
      self.memoryBytes = memoryBytes
      self.whenFull = whenFull
    }
  }

  /// What happens to a record for which there is no room left.
  public enum WhenFull: String, Sendable, CaseIterable {
    case block
    case dropOldest = "drop-oldest"
    case dropNewest = "drop-newest"
  }

  /// The zone whose clock counts.
  public enum Zone: Sendable, Equatable {
    case local
    case utc
    /// An IANA name.
    case named(String)
  }
}
