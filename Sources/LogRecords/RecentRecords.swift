/// Which records have passed a moment ago: by key, until when one like it is a repetition.
///
/// Of more keys than it has places for, it forgets those whose time is nearly over; what is forgotten
/// passes once too often.
struct RecentRecords: Sendable {
  /// Keys at once; a power of two.
  static let places = 8192
  /// Places that a key may have.
  static let steps = 8

  private struct Entry: BitwiseCopyable {
    var key: UInt64 = 0
    var until: UInt64 = 0
  }

  /// Empty before the first record.
  private var entries: [Entry] = []

  enum Sight: Equatable {
    /// Like one that has passed; until then others are as well.
    case repeated(until: UInt64)
    /// The first of its kind; `forgotten` had to make room.
    case first(forgotten: UInt64?)
  }

  /// - Parameters:
  ///   - key: a seeded hash, which stands for what it was made of
  ///   - now: nanoseconds of a clock that does not go back
  ///   - window: how long repetitions of the first one are some, in nanoseconds
  mutating func see(_ key: UInt64, now: UInt64, window: UInt64) -> Sight {
    if entries.isEmpty { entries = Array(repeating: Entry(), count: RecentRecords.places) }
    var oldest = 0
    var isFirstStep = true
    for step in 0..<RecentRecords.steps {
      let place = Int(truncatingIfNeeded: key >> 20 &+ UInt64(step)) & (RecentRecords.places - 1)
      let entry = entries[place]
      if entry.key == key, entry.until > 0 {
        if entry.until > now { return .repeated(until: entry.until) }
        entries[place].until = now &+ window
        return .first(forgotten: nil)
      }
      if isFirstStep || entry.until < entries[oldest].until { oldest = place }
      isFirstStep = false
    }
    let forgotten = entries[oldest].until > now ? entries[oldest].key : nil
    entries[oldest] = Entry(key: key, until: now &+ window)
    return .first(forgotten: forgotten)
  }
}
