/// A filter of the configuration: `logging.Filter` by name, and the daemon's own conditions.
/// A record passes when all of them hold.
public struct LogFilter: Sendable {
  /// `logging.Filter(name)`: the logger of that name and those below it. Empty: all.
  public var name: [UInt8]
  public var levels: ClosedRange<Int>
  /// The number of a condition that needs the record itself (rate, dedupe, pattern), or nil.
  public var dynamic: Int?

  public init(name: [UInt8] = [], levels: ClosedRange<Int> = Int.min...Int.max, dynamic: Int? = nil) {
    self.name = name
    self.levels = levels
    self.dynamic = dynamic
  }

  /// `Filter.filter` of Python: the name itself, or the name and a dot in front of the rest.
  public func passes(name other: [UInt8]) -> Bool {
    name.isEmpty || other.starts(with: name) && (other.count == name.count || other[name.count] == UInt8(ascii: "."))
  }

  /// What several filters mean together for one logger name; nil when nothing of it passes.
  static func combine(_ filters: [LogFilter], name: [UInt8]) -> (levels: ClosedRange<Int>, dynamic: [Int])? {
    var lowest = Int.min
    var highest = Int.max
    var dynamic: [Int] = []
    for filter in filters {
      guard filter.passes(name: name) else { return nil }
      lowest = max(lowest, filter.levels.lowerBound)
      highest = min(highest, filter.levels.upperBound)
      if let number = filter.dynamic { dynamic.append(number) }
    }
    return lowest <= highest ? (lowest...highest, dynamic) : nil
  }
}
