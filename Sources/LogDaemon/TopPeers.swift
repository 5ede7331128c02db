public import LogListeners

/// Who sends most, and who sends most of what is refused: a bounded table for each decode queue.
///
/// The space-saving algorithm (Metwally, Agrawal, El Abbadi 2005): whoever is not among those that
/// are counted takes the place and the count of the smallest. So whoever sent more than a
/// `most`th of everything is in the table, and a count is too high by `excess` at most.
public struct TopPeers: Sendable {
  /// Peers that are counted, at most.
  public static let most = 64

  public struct Entry: Sendable, Equatable {
    public let address: PeerAddress
    public var count: UInt64
    /// Of `count`, what may have been others'.
    public var excess: UInt64 = 0
    public var bytes: UInt64 = 0
    /// Why the last frame was refused.
    public var reason: Rejection?
  }

  private var entries: [Entry] = []
  /// Whoever was counted last often is the next one, too.
  private var last = 0

  public init() {}

  /// Counts something a peer did. Called for each read, not for each record.
  public mutating func count(
    _ address: PeerAddress, _ number: UInt64, bytes: UInt64 = 0, reason: Rejection? = nil
  ) {
    if last >= entries.count || entries[last].address != address { last = place(address) }
    entries[last].count += number
    entries[last].bytes += bytes
    entries[last].reason = reason
  }

  private mutating func place(_ address: PeerAddress) -> Int {
    if let index = entries.firstIndex(where: { $0.address == address }) { return index }
    guard entries.count == TopPeers.most,
      let smallest = entries.indices.min(by: { entries[$0].count < entries[$1].count })
    else {
      entries.append(Entry(address: address, count: 0))
      return entries.count - 1
    }
    let count = entries[smallest].count
    entries[smallest] = Entry(address: address, count: count, excess: count)
    return smallest
  }

  /// Adds another queue's table. The result may have more than `most` entries.
  mutating func add(_ other: TopPeers) {
    for entry in other.entries {
      if let index = entries.firstIndex(where: { $0.address == entry.address }) {
        entries[index].count += entry.count
        entries[index].excess += entry.excess
        entries[index].bytes += entry.bytes
        entries[index].reason = entry.reason ?? entries[index].reason
      } else {
        entries.append(entry)
      }
    }
  }

  /// The first `number`, the largest count first.
  public func top(_ number: Int) -> [Entry] {
    Array(entries.sorted { ($1.count, $0.address.text) < ($0.count, $1.address.text) }.prefix(number))
  }
}

/// The peers of one decode queue.
public struct PeerCounts: Sendable {
  /// By frames.
  public var talkers = TopPeers()
  /// By refused frames.
  public var rejected = TopPeers()

  public init() {}

  mutating func add(_ other: PeerCounts) {
    talkers.add(other.talkers)
    rejected.add(other.rejected)
  }
}
