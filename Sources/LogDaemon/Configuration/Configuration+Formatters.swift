extension Configuration {
  /// `logging.Formatter`.
  public struct Formatter: Sendable, Equatable {
    public enum Style: String, Sendable, CaseIterable {
      case percent = "%"
      case brace = "{"
      case dollar = "$"
    }

    public var name: String
    /// nil: the message alone, in the style's own spelling.
    public var format: String?
    public var style: Style
    public var datefmt: String?
    /// Whether Python's checks of the format are done, beyond those that rendering needs.
    public var validate: Bool
    public var defaults: [Default]
    public var defaultTimeFormat: String
    /// nil: no milliseconds.
    public var defaultMsecFormat: String?
    public var zone: Zone

    public init(
      name: String,
      format: String? = nil,
      style: Style = .percent,
      datefmt: String? = nil,
      validate: Bool = true,
      defaults: [Default] = [],
      defaultTimeFormat: String = "%Y-%m-%d %H:%M:%S",
      defaultMsecFormat: String? = "%s,%03d",
      zone: Zone = .local
    ) {
      self.name = name
      self.format = format
      self.style = style
      self.datefmt = datefmt
      self.validate = validate
      self.defaults = defaults
      self.defaultTimeFormat = defaultTimeFormat
      self.defaultMsecFormat = defaultMsecFormat
      self.zone = zone
    }

    /// The value of a field that a record lacks.
    public struct Default: Sendable, Equatable {
      public enum Value: Sendable, Equatable {
        case string(String)
        case integer(Int)
        case float(Double)
        case boolean(Bool)
      }

      public var name: String
      public var value: Value

      public init(name: String, value: Value) {
        self.name = name
        self.value = value
      }
    }
  }

  /// `logging.Filter`, and what Onggi adds to it. A record passes that passes every part.
  public struct Filter: Sendable, Equatable {
    /// The key of `[filters]`.
    public var name: String
    /// Python's `name`: this logger and those below it. Empty: every one.
    public var logger: String
    public var rate: Rate?
    /// How many records may come at once, above `rate`. Given when `rate` is.
    public var burst: Int?
    /// Repetitions of a record's text within this time are dropped.
    public var dedupe: Duration?
    public var level: Int?
    public var maxLevel: Int?
    /// A regular expression that the message has to match somewhere.
    public var pattern: String?

    public init(
      name: String,
      logger: String = "",
      rate: Rate? = nil,
      burst: Int? = nil,
      dedupe: Duration? = nil,
      level: Int? = nil,
      maxLevel: Int? = nil,
      pattern: String? = nil
    ) {
      self.name = name
      self.logger = logger
      self.rate = rate
      self.burst = burst
      self.dedupe = dedupe
      self.level = level
      self.maxLevel = maxLevel
      self.pattern = pattern
    }
  }

  /// So many records in every `interval`.
  public struct Rate: Sendable, Equatable {
    public var records: Int
    public var interval: Duration

    public init(records: Int, per interval: Duration = .seconds(1)) {
      self.records = records
      self.interval = interval
    }

    /// As a configuration spells it: "1000/s".
    public var text: String {
      let unit = Quantities.durationUnits.first { Duration.milliseconds($0.milliseconds) == interval }
      return "\(records)/\(unit?.name ?? "\(interval)")"
    }
  }
}
