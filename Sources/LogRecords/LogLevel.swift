/// How grave a record is: Python's `levelno`. Any integer is a level; a few have names.
public struct LogLevel: Sendable, Hashable, Comparable {
  public var number: Int

  public init(_ number: Int) { self.number = number }

  public static let notSet = LogLevel(0)
  public static let debug = LogLevel(10)
  public static let info = LogLevel(20)
  public static let warning = LogLevel(30)
  public static let error = LogLevel(40)
  public static let critical = LogLevel(50)

  public static func < (a: LogLevel, b: LogLevel) -> Bool { a.number < b.number }
}
