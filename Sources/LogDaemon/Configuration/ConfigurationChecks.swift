public import LogRecords

/// What of a configuration only other parts of the daemon can judge.
public struct ConfigurationChecks: Sendable {
  /// What is wrong with a text, and where in it.
  public struct Problem: Sendable, Equatable {
    public var message: String
    /// Bytes of UTF-8 before the place. nil: the text as a whole.
    public var offset: Int?

    public init(_ message: String, offset: Int? = nil) {
      self.message = message
      self.offset = offset
    }
  }

  /// Whether `logging.Formatter` would take `format`, `style`, `validate` and `defaults`.
  public var format: @Sendable (Configuration.Formatter) -> Problem?
  /// Whether there is a time zone of that IANA name.
  public var zoneExists: @Sendable (String) -> Bool
  /// Whether a filter's `pattern` is a regular expression.
  public var pattern: @Sendable (String) -> Problem?
  /// The one name of a charset with several, or nil for an unknown one.
  public var charset: @Sendable (String) -> String?

  /// - Parameters:
  ///   - format: By default what `FormatString` says.
  ///   - zoneExists: See `zones(of:)`.
  ///   - pattern: By default what `Pattern` says.
  ///   - charset: By default `basicCharset`.
  public init(
    format: @escaping @Sendable (Configuration.Formatter) -> Problem? = ConfigurationChecks.pythonFormat,
    zoneExists: @escaping @Sendable (String) -> Bool,
    pattern: @escaping @Sendable (String) -> Problem? = ConfigurationChecks.pythonPattern,
    charset: @escaping @Sendable (String) -> String? = ConfigurationChecks.basicCharset
  ) {
    self.format = format
    self.zoneExists = zoneExists
    self.pattern = pattern
    self.charset = charset
  }

  /// What `logging.Formatter` says of a format.
  public static func pythonFormat(_ formatter: Configuration.Formatter) -> Problem? {
    do throws(FormatError) {
      let format = formatter.format.map { Array($0.utf8) }
      _ = try FormatString(format, style: formatter.style.formatString, validate: formatter.validate)
      return nil
    } catch {
      return Problem(error.message, offset: error.offset)
    }
  }

  /// What `re.compile` says of a pattern, and what else there is to say.
  public static func pythonPattern(_ text: String) -> Problem? {
    if text.isEmpty { return Problem("it is empty, so everything would pass") }
    do throws(PatternError) {
      _ = try Pattern(text)
      return nil
    } catch {
      return Problem(error.message, offset: error.offset)
    }
  }

  /// Whether a zone database has a zone.
  public static func zones(of database: ZoneDatabase) -> @Sendable (String) -> Bool {
    { name in (try? database.zone(named: name)) != nil }
  }

  /// "utf-8" and "latin-1" by any of Python's names for them.
  public static func basicCharset(_ name: String) -> String? {
    let folded = name.lowercased().map { $0 == "_" || $0 == " " ? "-" : $0 }
    switch String(folded) {
    case "utf-8", "utf8", "u8", "utf", "cp65001": return "utf-8"
    case "latin-1", "latin1", "latin", "l1", "iso-8859-1", "iso8859-1", "8859", "cp819": return "latin-1"
    default: return nil
    }
  }
}

extension Configuration.Formatter.Style {
  public var formatString: FormatString.Style {
    switch self {
    case .percent: .percent
    case .brace: .brace
    case .dollar: .dollar
    }
  }
}
