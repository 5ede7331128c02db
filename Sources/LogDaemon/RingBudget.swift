import SharedState

/// How a queue's memory for records that wait is divided among its handlers' rings.
///
/// One half is shares: each handler's own, so that a slow one never takes it from another. The other
/// half is common, for whoever needs it first, but only of the handlers that make senders wait: one that
/// drops records may keep what it has for ever, and a record that needs the common half would wait as
/// long. Memory for partial frames is not part of it: what is half read can always be read to its end.
struct RingBudget: Sendable {
  private let share: Int
  private let common: Int
  /// Rings that may have of the common half.
  private let waiting: Int

  /// - Parameters:
  ///   - bytes: for all rings together
  ///   - rings: how many there are
  ///   - waiting: how many of them make senders wait when they are full
  init(bytes: Int, rings: Int, waiting: Int) {
    let isDivided = rings > 1 && waiting > 0
    share = isDivided ? bytes / 2 / rings : bytes / max(1, rings)
    common = isDivided ? bytes / 2 : 0
    self.waiting = max(1, waiting)
  }

  /// Bytes of the common half that nobody uses.
  private func free(_ rings: [RingProducer]) -> Int {
    var left = common
    for ring in rings { left -= max(0, ring.used - share) }
    return max(0, left)
  }

  /// Sets what each ring may take by the next time; together that is never more than there is.
  ///
  /// - Parameter waits: by ring: whether it makes senders wait
  func divide(among rings: inout [RingProducer], waits: [Bool]) {
    setAll(&rings, waits, common == 0 ? 0 : free(rings) / waiting)
  }

  private func setAll(_ rings: inout [RingProducer], _ waits: [Bool], _ more: Int) {
    for index in rings.indices { rings[index].limit = max(share, rings[index].used) + (waits[index] ? more : 0) }
  }

  /// Gives one ring all that is left. False: that is no more than it had.
  func giveAll(to ring: Int, of rings: inout [RingProducer], waits: [Bool]) -> Bool {
    let before = rings[ring].limit
    let left = free(rings)
    setAll(&rings, waits, 0)
    if waits[ring] { rings[ring].limit += left }
    return rings[ring].limit > before
  }
}

extension QueueLayout {
  /// Bytes that partial frames may have together: a quarter, or as much as the largest frame.
  var partialBytes: Int { max(memory / 4, min(largestFrame, memory / 2)) }
  /// Bytes that formatted records may have together.
  var recordBytes: Int { memory - partialBytes }
}
