/// A format as `logging.Formatter` takes it, parsed once, for all records.
///
/// It accepts what `logging.Formatter(fmt, style=…, validate=…)` of Python 3.13 accepts, except for
/// widths and precisions beyond `FormatLimits.width`. Python looks at a format superficially: much
/// that passes raises later, for every record. Such a field is in `pieces` as one without a source.
public struct FormatString: Sendable {
  /// Python's `%`, `{` and `$`.
  public enum Style: Sendable, CaseIterable {
    case percent, brace, dollar

    /// What `logging.Formatter` takes for no format, or an empty one.
    public var defaultFormat: StaticString {
      switch self {
      case .percent: "%(message)s"
      case .brace: "{message}"
      case .dollar: "${message}"
      }
    }
  }

  public let style: Style
  public let pieces: [FormatPiece]
  /// `Formatter.usesTime()`: whether a record needs its `asctime`. Python searches the text, so
  /// `{asctime_of_birth}` says yes as well.
  public let usesTime: Bool

  /// - Parameters:
  ///   - format: UTF-8. Nil and empty stand for the style's default.
  ///   - validate: Whether to refuse what `Formatter(validate=True)` refuses. Without it nothing is
  ///     refused; what makes no sense becomes fields without a source.
  public init(_ format: [UInt8]?, style: Style, validate: Bool = true) throws(FormatError) {
    let text: [UInt8] =
      if let format, !format.isEmpty { format } else { Array("\(style.defaultFormat)".utf8) }
    self.style = style
    switch style {
    case .percent:
      if validate { try PercentFormat.validate(text) }
      pieces = try PercentFormat.pieces(text, validate: validate)
      usesTime = FormatText.contains(text, "%(asctime)")
    case .brace:
      if validate { try BraceFormat.validate(text) }
      pieces = BraceFormat.pieces(text)
      usesTime = FormatText.contains(text, "{asctime")
    case .dollar:
      if validate { try DollarFormat.validate(text) }
      pieces = DollarFormat.pieces(text)
      usesTime = FormatText.contains(text, "$asctime") || FormatText.contains(text, "${asctime}")
    }
  }
}
