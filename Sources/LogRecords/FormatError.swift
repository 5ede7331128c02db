/// Why a format is refused, and where.
public struct FormatError: Error, Equatable, Sendable {
  /// For people; names the offending part where there is one.
  public let message: String
  /// Offset in bytes of the offending part in the format, which is UTF-8.
  public let offset: Int

  @inline(never)
  init(_ message: String, at offset: Int) {
    self.message = message
    self.offset = offset
  }
}

/// What a format may ask for.
public enum FormatLimits {
  /// A width or precision that stands in a format, in code points. Python knows no such bound and
  /// makes a text of a gigabyte when told to; no line of a log needs padding of that size.
  public static let width = 65_536
}
