public import LogRecords

extension Configuration {
  /// A handler: where records go, and which ones, and as what text.
  public struct Handler: Sendable, Equatable {
    public enum Output: Sendable, Equatable {
      case file(File)
      case watchedFile(File)
      case rotatingFile(File, SizeRotation, Retention)
      case timedRotatingFile(File, TimeRotation, Retention)
      case stream(StandardStream)
      case journal(identifier: String)
      case null
    }

    public var name: String
    public var output: Output
    public var level: Int
    /// nil: `logging.Formatter()`, whose text is the message.
    public var formatter: String?
    /// Names of filters.
    public var filters: [String]
    public var controlCharacters: ControlCharacters
    public var multiline: Multiline
    public var whenFull: WhenFull

    public init(
      name: String,
      output: Output,
      level: Int = 0,
      formatter: String? = nil,
      filters: [String] = [],
      controlCharacters: ControlCharacters = .keep,
      multiline: Multiline = .keep,
      whenFull: WhenFull = .block
    ) {
      self.name = name
      self.output = output
      self.level = level
      self.formatter = formatter
      self.filters = filters
      self.controlCharacters = controlCharacters
      self.multiline = multiline
      self.whenFull = whenFull
    }

    /// The file that it writes to, of those that do.
    public var file: File? {
      switch output {
      case .file(let file), .watchedFile(let file), .rotatingFile(let file, _, _), .timedRotatingFile(let file, _, _):
        file
      case .stream, .journal, .null: nil
      }
    }
  }

  public enum StandardStream: String, Sendable, CaseIterable {
    case output = "ext://sys.stdout"
    case error = "ext://sys.stderr"
  }

  public enum ControlCharacters: String, Sendable, CaseIterable { case keep, escape }

  public enum Multiline: String, Sendable, CaseIterable { case keep, indent, escape }

  public struct File: Sendable, Equatable {
    public enum Mode: String, Sendable, CaseIterable {
      case append = "a"
      /// Truncates at the first start only.
      case write = "w"
    }

    /// Python's names of what to do with text that UTF-8 cannot hold.
    public enum EncodingErrors: String, Sendable, CaseIterable {
      case strict, ignore, replace, backslashreplace, surrogateescape, surrogatepass, xmlcharrefreplace, namereplace
    }

    public enum Synchronization: String, Sendable, CaseIterable { case never, interval, always }

    /// Absolute, without `.`, `..` and empty components.
    public var path: String
    public var mode: Mode
    /// nil: the file says nothing, which is Python's "strict".
    public var errors: EncodingErrors?
    /// Opened by the first record only.
    public var delay: Bool
    /// Permission bits, kept over rotation and compression.
    public var permissions: UInt32
    /// A group's name or number. nil: the process' own.
    public var group: String?
    public var fsync: Synchronization

    public init(
      path: String,
      mode: Mode = .append,
      errors: EncodingErrors? = nil,
      delay: Bool = false,
      permissions: UInt32 = 0o640,
      group: String? = nil,
      fsync: Synchronization = .never
    ) {
      self.path = path
      self.mode = mode
      self.errors = errors
      self.delay = delay
      self.permissions = permissions
      self.group = group
      self.fsync = fsync
    }
  }

  public struct SizeRotation: Sendable, Equatable {
    /// 0: never.
    public var maxBytes: Int
    public var backupCount: Int

    public init(maxBytes: Int = 0, backupCount: Int = 0) {
      self.maxBytes = maxBytes
      self.backupCount = backupCount
    }
  }

  public struct TimeRotation: Sendable, Equatable {
    public var when: RolloverSchedule.When
    /// At least 1.
    public var interval: Int
    /// 0: all files are kept.
    public var backupCount: Int
    /// Seconds since midnight. nil: midnight itself.
    public var atTime: Int?
    public var zone: Zone

    public init(
      when: RolloverSchedule.When = .hours, interval: Int = 1, backupCount: Int = 0, atTime: Int? = nil,
      zone: Zone = .local
    ) {
      self.when = when
      self.interval = interval
      self.backupCount = backupCount
      self.atTime = atTime
      self.zone = zone
    }
  }

  /// What becomes of rotated files, beyond Python's `backupCount`.
  public struct Retention: Sendable, Equatable {
    public enum Compression: String, Sendable, CaseIterable { case none, gzip, zstd }

    public var compress: Compression
    /// Of all the files of a handler together, the one being written included.
    public var maxTotalBytes: Int?
    public var maxAge: Duration?

    public init(compress: Compression = .none, maxTotalBytes: Int? = nil, maxAge: Duration? = nil) {
      self.compress = compress
      self.maxTotalBytes = maxTotalBytes
      self.maxAge = maxAge
    }
  }
}
