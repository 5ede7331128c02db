/// How long a writer waits for more before it looks again: the lines of so much time go out with one
/// `write`. Where few come, a wakeup for each few of them would cost more than they do.
struct WritePace {
  static let microseconds: UInt32 = 1000
  static let fewMicroseconds: UInt32 = 4000
  /// Records of a millisecond below which they are few, on the average of so many nanoseconds.
  static let fewRecords: UInt64 = 10
  static let window: UInt64 = 16_000_000

  private var began: UInt64 = 0
  private var records: UInt64 = 0
  private var isFew = true

  /// - Parameters:
  ///   - now: nanoseconds of any clock that does not go back
  ///   - published: records that came so far, in all
  mutating func pause(_ now: UInt64, _ published: UInt64) -> UInt32 {
    if now - began >= WritePace.window {
      isFew = (published &- records) &* 1_000_000 < WritePace.fewRecords &* (now - began)
      (began, records) = (now, published)
    }
    return isFew ? WritePace.fewMicroseconds : WritePace.microseconds
  }
}
