/// A regular expression as the tree that it is. Which part a group matched, and whether a quantifier
/// is greedy, makes no difference to whether there is a match, and is not kept.
indirect enum PatternNode: Sendable {
  case set(CodePointSet)
  case sequence([PatternNode])
  case alternatives([PatternNode])
  /// From `least` to `most` times; nil: any number.
  case repetition(PatternNode, least: Int, most: Int?)
  case assertion(PatternAssertion)

  static let empty = PatternNode.sequence([])
}

/// What holds between two characters.
enum PatternAssertion: UInt8, Sendable {
  /// `\A`, and `^` without `(?m)`.
  case textStart
  /// `\Z`.
  case textEnd
  /// `^` with `(?m)`.
  case lineStart
  /// `$` with `(?m)`.
  case lineEnd
  /// `$` without `(?m)`: at the end, or in front of a newline that ends the text.
  case lastLineEnd
  case wordBoundary
  case noWordBoundary
  /// The same with `(?a)`.
  case asciiWordBoundary
  case noASCIIWordBoundary
}

/// Why a pattern is refused.
public struct PatternError: Error, Sendable, Equatable, CustomStringConvertible {
  public let message: String
  /// Bytes of UTF-8 in front of the place.
  public let offset: Int

  public var description: String { "\(message) (at byte \(offset))" }
}

/// What patterns may ask for. All of it is checked when a pattern is read, but for the text's length.
public enum PatternLimits {
  /// Groups within groups.
  public static let depth = 100
  /// Steps of the compiled pattern: about one for each character, those of `x{50}` being fifty.
  public static let steps = 2000
  /// What a matcher remembers of a pattern, in bytes.
  public static let cacheBytes = 512 << 10
  /// Bytes of a message that are searched. In the worst case each costs as much as the pattern has steps.
  public static let text = 256 << 10
}
