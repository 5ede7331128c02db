public import Pickle

/// The configured loggers: which handlers get a record of a given logger name and level.
///
/// `logging`'s own rules: `Logger.getEffectiveLevel`, `Logger.handle` with the logger's filters, and
/// `Logger.callHandlers` up to the first logger that does not propagate. All that depends on the
/// name alone is worked out once for each name and kept, so that a record pays one look-up.
public struct LoggerTree: Sendable {
  /// A configured logger.
  public struct Logger: Sendable {
    /// Dotted; empty for the root.
    public var name: [UInt8]
    /// 0 (NOTSET): the nearest ancestor's that is not 0.
    public var level: Int
    /// Numbers of handlers, in the order in which they are called.
    public var handlers: [Int]
    public var filters: [LogFilter]
    public var propagate: Bool

    public init(
      name: [UInt8], level: Int = 0, handlers: [Int] = [], filters: [LogFilter] = [], propagate: Bool = true
    ) {
      self.name = name
      self.level = level
      self.handlers = handlers
      self.filters = filters
      self.propagate = propagate
    }
  }

  /// What of a handler decides whether it takes a record.
  public struct Handler: Sendable {
    public var level: Int
    public var filters: [LogFilter]

    public init(level: Int = 0, filters: [LogFilter] = []) {
      self.level = level
      self.filters = filters
    }
  }

  /// Where the records of one logger name go.
  public struct Route: Sendable {
    /// `Logger.isEnabledFor`: lower levels go nowhere.
    public var level: Int
    /// The logger's own filters that have to look at each record: numbers in the configuration.
    public var filters: [Int]
    public var targets: [Target]
  }

  /// A handler and the levels it takes.
  public struct Target: Sendable {
    public var handler: Int
    public var levels: ClosedRange<Int>
    /// The handler's filters that have to look at each record: numbers in the configuration.
    public var filters: [Int]
  }

  /// Names that are kept at most. Names come from senders: beyond it all are forgotten.
  public static let keptNames = 4096
  /// Bytes of a name that is kept at most; longer ones are worked out each time.
  public static let longestKeptName = 1024

  private let root: Logger
  private let loggers: [[UInt8]: Logger]
  private let handlers: [Handler]
  @usableFromInline var cache = RouteCache()

  public init(root: Logger, loggers: [Logger], handlers: [Handler]) {
    self.root = root
    self.loggers = Dictionary(loggers.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
    self.handlers = handlers
  }

  /// The number of the route for a logger's name; valid until the next call.
  @inlinable @inline(__always)
  public mutating func route(_ name: RawSpan) -> Int {
    let known = cache.find(name)
    return known >= 0 ? known : add(name)
  }

  /// The same for a name that is not a slice of the pickle.
  public mutating func route(unescaped name: PickleValue, _ arena: borrowing PickleArena, _ pickle: RawSpan) -> Int {
    var bytes: [UInt8] = []
    bytes.append(arena.bytes(name, pickle))
    return route(bytes.rawBytes)
  }

  /// `Logger.isEnabledFor`: lower levels of a route go nowhere.
  @inlinable @inline(__always)
  public func level(of route: Int) -> Int { cache.routes[route].level }

  /// Whether there is a filter on the way that has to look at each record itself: `filters(ofRoute:)`
  /// and `filters(ofTarget:)`.
  @inlinable @inline(__always)
  public func isFiltered(_ route: Int) -> Bool { cache.routes[route].isFiltered }

  /// The numbers of a route's targets.
  @inlinable @inline(__always)
  public func targets(of route: Int) -> Range<Int> { cache.routes[route].targets }

  /// A route's target where it has exactly one; `none` otherwise.
  @inlinable @inline(__always)
  public func onlyTarget(of route: Int) -> CachedTarget { cache.routes[route].only }

  @inlinable @inline(__always)
  public func target(_ number: Int) -> CachedTarget { cache.targets[number] }

  /// A target as the record path reads it.
  public struct CachedTarget: BitwiseCopyable, Sendable {
    public let handler: Int
    public let lowest: Int
    public let highest: Int

    /// Takes nothing.
    static var none: CachedTarget { CachedTarget(handler: -1, lowest: 1, highest: 0) }

    private init(handler: Int, lowest: Int, highest: Int) {
      self.handler = handler
      self.lowest = lowest
      self.highest = highest
    }

    init(_ target: Target) {
      self.init(handler: target.handler, lowest: target.levels.lowerBound, highest: target.levels.upperBound)
    }
  }

  /// The logger's filters that have to look at each record of a route: numbers in the configuration.
  public func filters(ofRoute number: Int) -> [Int] { cache.routeFilters[number] }

  /// The same of the handler behind a target.
  public func filters(ofTarget number: Int) -> [Int] { cache.filters[number] }

  @usableFromInline @inline(never)
  mutating func add(_ name: RawSpan) -> Int {
    var bytes: [UInt8] = []
    bytes.append(name)
    return cache.add(bytes, resolve(bytes), keep: bytes.count <= LoggerTree.longestKeptName)
  }

  /// The route of a name, worked out.
  public func resolve(_ name: [UInt8]) -> Route {
    // `getLogger("root")` and `getLogger("")` are the root itself.
    let isRoot = name.isEmpty || name.elementsEqual("root".utf8)
    let path = isRoot ? [root] : lineage(name)
    // Python's `Manager.disable` keeps levels up to 0 from every logger; here a record is not lost for
    // a level that its sender left out.
    let level = path.first { $0.level != 0 }?.level ?? 0
    // A logger's own filters see its own records only, not those that propagate to it.
    let own = (isRoot || path[0].name == name) && !path.isEmpty ? path[0].filters : []
    guard let passing = LogFilter.combine(own, name: name) else { return Route(level: level, filters: [], targets: []) }
    var targets: [Target] = []
    for logger in path {
      for handler in logger.handlers {
        guard let filters = LogFilter.combine(handlers[handler].filters, name: name) else { continue }
        let lowest = max(handlers[handler].level, max(passing.levels.lowerBound, filters.levels.lowerBound))
        let highest = min(passing.levels.upperBound, filters.levels.upperBound)
        guard lowest <= highest else { continue }
        targets.append(Target(handler: handler, levels: lowest...highest, filters: filters.dynamic))
      }
      if !logger.propagate { break }
    }
    return Route(level: level, filters: passing.dynamic, targets: targets)
  }

  /// The configured loggers from the name upwards, the root last: `Manager._fixupParents`. A search
  /// that found nobody leaves out the byte in front of its dot as well, so that "a" is an ancestor of
  /// "a." but not of "a..b".
  private func lineage(_ name: [UInt8]) -> [Logger] {
    var path: [Logger] = []
    if let own = loggers[name] { path.append(own) }
    var end = name.count
    while end > 0, let dot = name[..<end].lastIndex(of: UInt8(ascii: ".")), dot > 0 {
      if let logger = loggers[Array(name[..<dot])] {
        path.append(logger)
        end = dot
      } else {
        end = dot - 1
      }
    }
    path.append(root)
    return path
  }
}
