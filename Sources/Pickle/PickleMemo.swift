/// The memo: an array as long as indices come one after the other, as every pickler writes them,
/// and a map for the rest. So an index costs nothing by being large.
struct PickleMemo: ~Copyable {
  /// The first `used` are the memo. What lies above is left over and means nothing.
  private var dense: [PickleValue] = []
  private var used = 0
  private var sparse: [UInt32: PickleValue] = [:]
  /// How many indices have a value: what MEMOIZE takes for its index.
  private(set) var count = 0

  /// Stands in `dense` for an index without a value. No opcode makes this bit pattern.
  private static let hole = PickleValue(.none, bits: .max)

  private static func isHole(_ value: PickleValue) -> Bool { value.kind == .none && value.bits == .max }

  subscript(_ index: UInt32) -> PickleValue? {
    @inline(__always) get {
      if Int(index) < used {
        let value = dense[Int(index)]
        if !PickleMemo.isHole(value) { return value }
      }
      return sparse.isEmpty ? nil : sparse[index]
    }
  }

  @inline(__always)
  mutating func put(_ value: PickleValue, at index: UInt32, offset: Int) throws(PickleError) {
    // `dense` never has more places than the limit has entries.
    if Int(index) == used, used < dense.count, sparse.isEmpty {
      dense[used] = value
      used += 1
      count += 1
    } else {
      try insert(value, at: index, offset: offset)
    }
  }

  @inline(never)
  private mutating func insert(_ value: PickleValue, at index: UInt32, offset: Int) throws(PickleError) {
    if self[index] != nil {
      if Int(index) < used, !PickleMemo.isHole(dense[Int(index)]) {
        dense[Int(index)] = value
      } else {
        sparse[index] = value
      }
      return
    }
    guard count < PickleLimits.memo else {
      throw PickleError(
        .limitExceeded, "too many memo entries", at: offset, limit: PickleLimits.memo, actual: count + 1)
    }
    // Python 2 counts from 1, and a pickle that was optimised has gaps.
    if Int(index) < PickleLimits.memo, Int(index) <= 2 * used + 64 {
      while used <= Int(index) {
        if used == dense.count { growDense() }
        dense[used] = PickleMemo.hole
        used += 1
      }
      dense[Int(index)] = value
    } else {
      guard sparse.count < PickleLimits.sparseMemo else {
        throw PickleError(
          .limitExceeded, "too many memo entries far apart", at: offset,
          limit: PickleLimits.sparseMemo, actual: sparse.count + 1)
      }
      sparse[index] = value
    }
    count += 1
  }

  @inline(never)
  private mutating func growDense() {
    let more = min(max(64, dense.count), PickleLimits.memo - dense.count)
    dense.makeRoom(for: more, limit: PickleLimits.memo)
    for _ in 0..<more { dense.append(PickleMemo.hole) }
  }

  mutating func clear() {
    if dense.count > PickleLimits.keptArenaValues { dense = [] }
    used = 0
    if !sparse.isEmpty { sparse = [:] }
    count = 0
  }
}
