/// Rate limits by key: for each so many records at once, and then so many in a time.
///
/// A bucket is the moment at which it is full again (the generic cell rate algorithm, ITU-T I.371). A
/// full one is like one that never was, so its place can go to another key, and the table needs no
/// cleaning. Keys that find all their places taken share one bucket.
struct TokenBuckets: Sendable {
  /// Keys at once; a power of two.
  static let places = 8192
  /// Places that a key may have.
  static let steps = 8
  /// Sixteenths of a nanosecond, in which rates up to a million a second are exact to a ten-thousandth.
  private static let fraction: UInt64 = 16

  private struct Bucket: BitwiseCopyable {
    var key: UInt64 = 0
    var isFullAt: UInt64 = 0
  }

  /// What a record takes, and what a full bucket holds, as time.
  private let cost: UInt64
  private let depth: UInt64
  /// Empty before the first record.
  private var buckets: [Bucket] = []
  private var shared = Bucket()

  /// - Parameter interval: nanoseconds
  init(records: Int, interval: UInt64, burst: Int) {
    cost = max(
      1, interval.multipliedReportingOverflow(by: TokenBuckets.fraction).partialValue / UInt64(max(1, records)))
    let (depth, overflow) = cost.multipliedReportingOverflow(by: UInt64(max(1, burst)))
    self.depth = overflow ? 1 << 62 : min(depth, 1 << 62)
  }

  /// Takes a record's share; false when there is not enough left.
  ///
  /// - Parameters:
  ///   - key: a seeded hash, which stands for what it was made of
  ///   - now: nanoseconds of a clock that does not go back
  mutating func take(_ key: UInt64, now: UInt64) -> Bool {
    if buckets.isEmpty { buckets = Array(repeating: Bucket(), count: TokenBuckets.places) }
    let time = now &* TokenBuckets.fraction
    var free = -1
    for step in 0..<TokenBuckets.steps {
      let place = Int(truncatingIfNeeded: key >> 20 &+ UInt64(step)) & (TokenBuckets.places - 1)
      if buckets[place].key == key { return take(from: &buckets[place], time) }
      if free < 0, buckets[place].isFullAt <= time { free = place }
    }
    guard free >= 0 else { return take(from: &shared, time) }
    buckets[free] = Bucket(key: key)
    return take(from: &buckets[free], time)
  }

  private func take(from bucket: inout Bucket, _ time: UInt64) -> Bool {
    let isFullAt = max(bucket.isFullAt, time)
    guard isFullAt &- time &+ cost <= depth else { return false }
    bucket.isFullAt = isFullAt &+ cost
    return true
  }
}
