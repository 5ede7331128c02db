/// How much a record matters when there is no room for all: by the level it has, in Python's steps.
public enum RecordRank: UInt8, CaseIterable, Comparable, Sendable {
  case debug, info, warning
  /// ERROR and above: what is kept longest.
  case error

  /// - Parameter level: Python's `levelno`
  @inline(__always)
  public init(level: Int) { self = level >= 40 ? .error : level >= 30 ? .warning : level >= 20 ? .info : .debug }

  public static func < (a: RecordRank, b: RecordRank) -> Bool { a.rawValue < b.rawValue }
}
