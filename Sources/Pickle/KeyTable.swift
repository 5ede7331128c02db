/// The dictionary keys that somebody will ask for, each with a number: the slot its value is kept in.
///
/// Everything else in a record is skipped without being looked at.
public struct KeyTable: Sendable {
  /// An open-addressed table of slots (-1: free), a power of two at most half full.
  private var buckets: [Int32]
  private var names: [[UInt8]]

  /// The names in slot order; a name that occurs twice keeps its first slot.
  public init(_ names: [[UInt8]]) {
    self.names = names
    var size = 16
    while size < names.count * 2 { size *= 2 }
    buckets = Array(repeating: -1, count: size)
    for (slot, name) in names.enumerated() where self.slot(of: name.rawBytes) < 0 {
      var at = KeyTable.hash(name.rawBytes) & (size - 1)
      while buckets[at] >= 0 { at = (at + 1) & (size - 1) }
      buckets[at] = Int32(slot)
    }
  }

  public var count: Int { names.count }

  /// The slot of a key, or -1.
  public func slot(of key: RawSpan) -> Int {
    let mask = buckets.count - 1
    var at = KeyTable.hash(key) & mask
    while buckets[at] >= 0 {
      let name = names[Int(buckets[at])]
      if key.elementsEqual(name.rawBytes) { return Int(buckets[at]) }
      at = (at + 1) & mask
    }
    return -1
  }

  /// The table's contents come from the configuration, so nobody outside can make it slow.
  private static func hash(_ key: RawSpan) -> Int { Int(truncatingIfNeeded: key.hashed() >> 32) }
}

extension RawSpan {
  /// Whether the span holds the bytes of an array.
  public func elementsEqual(_ other: [UInt8]) -> Bool { elementsEqual(other.rawBytes) }

  /// Whether two spans hold the same bytes.
  public func elementsEqual(_ other: RawSpan) -> Bool {
    let count = byteCount
    guard count == other.byteCount else { return false }
    if count < 8 {
      for offset in 0..<count where self[offset] != other[offset] { return false }
      return true
    }
    var offset = 0
    while offset &+ 8 < count {
      if load64(offset) != other.load64(offset) { return false }
      offset &+= 8
    }
    // The last word overlaps the one before.
    return load64(count &- 8) == other.load64(count &- 8)
  }

  /// A quick hash, the same in every process. Its upper bits are the better ones.
  public func hashed() -> UInt64 {
    let multiplier: UInt64 = 0x9e37_79b9_7f4a_7c15
    let count = byteCount
    var hash = UInt64(truncatingIfNeeded: count) &* multiplier
    if count < 8 {
      for offset in 0..<count { hash = (hash ^ UInt64(self[offset])) &* multiplier }
      return hash
    }
    var offset = 0
    while offset &+ 8 < count {
      hash = (hash ^ load64(offset)) &* multiplier
      hash ^= hash >> 29
      offset &+= 8
    }
    return (hash ^ load64(count &- 8)) &* multiplier
  }
}
