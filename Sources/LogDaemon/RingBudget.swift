import SharedState

/// How a queue's memory for records that wait is divided among its handlers' rings.
///
/// A share is each handler's own, so that a slow one never takes it from another; what is common is for
/// whoever needs it first. For now a share is all of it, and nothing is common. Memory for partial
/// frames is not part of it: what is half read can always be read to its end.
struct RingBudget: Sendable {
  private let share: Int
  private let common: Int

  /// - Parameters:
  ///   - bytes: for all rings together
  ///   - rings: how many there are
  init(bytes: Int, rings: Int) {
    share = bytes
    common = 0
  }

  /// Bytes that one ring has at most, when the others are empty.
  var most: Int { share + common }

  /// Bytes of the common half that nobody uses.
  private func free(_ rings: [RingProducer]) -> Int {
    var left = common
    for ring in rings { left -= max(0, ring.used - share) }
    return max(0, left)
  }

  /// Sets what each ring may take by the next time; together that is never more than there is.
  func divide(among rings: inout [RingProducer]) {
    if common == 0 { return setAll(&rings, 0) }
    setAll(&rings, free(rings) / rings.count)
  }

  private func setAll(_ rings: inout [RingProducer], _ more: Int) {
    for index in rings.indices { rings[index].limit = max(share, rings[index].used) + more }
  }

  /// Gives one ring all that is left. False: that is no more than it had.
  func giveAll(to ring: Int, of rings: inout [RingProducer]) -> Bool {
    let before = rings[ring].limit
    let left = free(rings)
    setAll(&rings, 0)
    rings[ring].limit += left
    return rings[ring].limit > before
  }
}

extension QueueLayout {
  /// Bytes that partial frames may have together: a quarter, or as much as the largest frame.
  var partialBytes: Int { max(memory / 4, min(largestFrame, memory / 2)) }
  /// Bytes that formatted records may have together.
  var recordBytes: Int { memory - partialBytes }
}
