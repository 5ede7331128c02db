/// Why a pickle was refused, and where.
public struct PickleError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The raw values are the reasons' names in ledgers, messages and `onggi decode`.
  public enum Code: String, Sendable, CaseIterable {
    /// The bytes end inside an opcode or before STOP.
    case truncated
    case unknownOpcode = "unknown_opcode"
    /// An opcode's argument, or the values that it finds on the stack, are not what it needs.
    case malformed
    case stackUnderflow = "stack_underflow"
    case missingMark = "missing_mark"
    case missingMemo = "missing_memo"
    case unsupportedProtocol = "unsupported_protocol"
    /// More than one of `PickleLimits` allows; `limit` and `actual` say which and how much.
    case limitExceeded = "limit_exceeded"
    /// The pickle is sound, but it is not the dictionary that a record has to be.
    case notARecord = "not_a_record"
  }

  public var code: Code
  /// What was wrong, for people: no text of the sender's.
  public var detail: StaticString
  /// Offset of the opcode's first byte in the pickle.
  public var offset: Int
  /// With `limitExceeded`: the limit, and what the pickle asked for (at least).
  public var limit: Int
  public var actual: Int

  @inline(never)
  public init(_ code: Code, _ detail: StaticString, at offset: Int, limit: Int = 0, actual: Int = 0) {
    self.code = code
    self.detail = detail
    self.offset = offset
    self.limit = limit
    self.actual = actual
  }

  /// What was wrong, and where, for people.
  public var description: String {
    let excess = code == .limitExceeded ? " (\(actual) instead of at most \(limit))" : ""
    return "at byte \(offset): \(detail.description)\(excess)"
  }

  public static func == (a: PickleError, b: PickleError) -> Bool { a.code == b.code && a.offset == b.offset }
}
