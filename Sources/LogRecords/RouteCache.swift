public import Pickle

/// Routes by logger name, in an open-addressed table.
@usableFromInline
struct RouteCache: Sendable {
  @usableFromInline
  struct Route: BitwiseCopyable, Sendable {
    @usableFromInline let level: Int
    @usableFromInline let first: Int
    @usableFromInline let count: Int
    @usableFromInline let isFiltered: Bool
    /// The target itself where there is exactly one.
    @usableFromInline let only: LoggerTree.CachedTarget
    @inlinable var targets: Range<Int> { first..<first + count }
  }

  @usableFromInline
  struct Entry: BitwiseCopyable, Sendable {
    @usableFromInline var key = NameKey()
    /// -1: free.
    @usableFromInline var route: Int32 = -1
  }

  @usableFromInline private(set) var routes: [Route] = []
  @usableFromInline private(set) var targets: [LoggerTree.CachedTarget] = []
  /// By target.
  private(set) var filters: [[Int]] = []
  /// By route.
  private(set) var routeFilters: [[Int]] = []
  @usableFromInline private(set) var names: [[UInt8]] = []
  /// Places that a name may have, so that no search is longer.
  @inlinable static var steps: Int { 16 }
  /// A power of two, and twice as many as there are names at least.
  @usableFromInline private(set) var entries = [Entry](repeating: Entry(), count: 128)

  /// Nobody outside can know which names share a place.
  @usableFromInline let seed = UInt64.random(in: .min ... .max)

  @inlinable @inline(__always)
  func find(_ name: RawSpan) -> Int {
    let key = NameKey(name)
    var at = key.place(seed) & (entries.count - 1)
    for _ in 0..<RouteCache.steps {
      let entry = entries[at]
      if entry.route < 0 { return -1 }
      if entry.key == key, key.isWhole || RouteCache.isEqual(name, names[Int(entry.route)]) { return Int(entry.route) }
      at = (at + 1) & (entries.count - 1)
    }
    return -1
  }

  @usableFromInline @inline(never)
  static func isEqual(_ name: RawSpan, _ other: [UInt8]) -> Bool { name.elementsEqual(other) }

  mutating func add(_ name: [UInt8], _ route: LoggerTree.Route, keep: Bool) -> Int {
    if names.count >= LoggerTree.keptNames || names.last.map({ $0.count > LoggerTree.longestKeptName }) == true {
      self = RouteCache()
    }
    let number = routes.count
    let isFiltered = !route.filters.isEmpty || route.targets.contains { !$0.filters.isEmpty }
    let own = route.targets.map { LoggerTree.CachedTarget($0) }
    routes.append(
      Route(
        level: route.level, first: targets.count, count: own.count, isFiltered: isFiltered,
        only: own.count == 1 ? own[0] : .none))
    routeFilters.append(route.filters)
    targets += own
    filters += route.targets.map(\.filters)
    names.append(name)
    if 2 * names.count > entries.count { grow() }
    if keep { place(number) }
    return number
  }

  private mutating func place(_ number: Int) {
    let name = names[number]
    let key = NameKey(name.rawBytes)
    let home = key.place(seed)
    let places = (0..<RouteCache.steps).map { (home + $0) & (entries.count - 1) }
    // Where all are taken, the newcomer takes the first.
    entries[places.first { entries[$0].route < 0 } ?? places[0]] = Entry(key: key, route: Int32(number))
  }

  private mutating func grow() {
    entries = [Entry](repeating: Entry(), count: 2 * entries.count)
    // The newest is placed by who added it.
    for number in names.indices.dropLast() { place(number) }
  }
}

/// A logger's name in three words: all of it up to 24 bytes, a hash of a longer one.
@usableFromInline
struct NameKey: BitwiseCopyable, Equatable, Sendable {
  @usableFromInline var first: UInt64 = 0
  @usableFromInline var middle: UInt64 = 0
  @usableFromInline var last: UInt64 = 0
  @usableFromInline var length: Int32 = 0

  @usableFromInline init() {}

  @inlinable @inline(__always)
  init(_ name: RawSpan) {
    let count = name.byteCount
    length = Int32(truncatingIfNeeded: count)
    if count >= 8 {
      first = name.load64(0)
      last = name.load64(count &- 8)
      // With the last word it is everything behind the first one.
      middle = count <= 24 ? name.load64(min(8, count &- 8)) : name.hashed()
    } else if count >= 4 {
      first = UInt64(name.load32(0))
      last = UInt64(name.load32(count &- 4))
    } else if count > 0 {
      first = UInt64(name[0]) << 8 | UInt64(name[count / 2])
      last = UInt64(name[count &- 1])
    }
  }

  @inlinable @inline(__always)
  static func == (one: NameKey, other: NameKey) -> Bool {
    (one.first ^ other.first) | (one.middle ^ other.middle) | (one.last ^ other.last) == 0 && one.length == other.length
  }

  /// Whether equal keys are equal names.
  @inlinable @inline(__always)
  var isWhole: Bool { length <= 24 }

  @inlinable @inline(__always)
  func place(_ seed: UInt64) -> Int {
    let multiplier: UInt64 = 0x9e37_79b9_7f4a_7c15
    var hash = (first ^ seed) &* multiplier
    hash = (hash ^ hash >> 32 ^ middle) &* multiplier
    hash = (hash ^ hash >> 32 ^ last) &* multiplier
    return Int(truncatingIfNeeded: (hash ^ UInt64(truncatingIfNeeded: length)) >> 33)
  }
}
