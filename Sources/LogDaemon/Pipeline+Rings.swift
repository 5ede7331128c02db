import LogHandlers
import LogListeners
import LogRecords
import Pickle
public import SharedState

/// The rings behind a pipeline: what becomes of a record that does not fit, and how what fits is shown to
/// who writes it.
extension Pipeline {
  // MARK: Lines to files

  public mutating func commit(_ transaction: inout Transaction, _ window: borrowing MemoryWindow) {
    for index in rings.indices where kinds[index] != .discarded { rings[index].publish(&transaction, window) }
    stored.note(ledger, &transaction, window)
    status?.note()
  }

  public mutating func flush() {
    for handler in handlers { handler?.flush() }
    unflushed = 0
  }

  public mutating func backlog(_ window: borrowing MemoryWindow) -> Int {
    var most = 0
    // Whoever drops records is not waited for.
    for index in rings.indices where kinds[index] != .discarded && whenFull[index] == .block {
      rings[index].refresh(window)
      most = max(most, rings[index].used)
    }
    return most
  }

  mutating func rewind(_ window: borrowing MemoryWindow) {
    // Within a transaction no ring turns over, and so nothing is to be dropped for it.
    for index in rings.indices where kinds[index] != .discarded && rings[index].isPublished {
      rings[index].rewind(window)
      if whenFull[index] == .dropOldest, rings[index].mustTurn { turn(index, window) }
    }
    budget.divide(among: &rings, waits: waits)
  }

  /// Makes the older region empty, so that the ring can go on there.
  @inline(never)
  mutating func turn(_ handler: Int, _ window: borrowing MemoryWindow) {
    _ = handlers[handler]?.dropOldest(queue: queue, bytes: rings[handler].usedElsewhere, upTo: .error)
    rings[handler].rewind(window)
  }

  // MARK: A full ring

  /// What a record that does not fit can do.
  enum Room {
    /// Try again at once.
    case made
    /// Be offered again.
    case later
    /// It is counted as dropped.
    case dropped
  }

  /// Bytes that are freed first for a record that does not fit; each further time, twice as many.
  static let firstRoom = 64 * 1024

  @inline(never)
  mutating func makeRoom(
    _ handler: Int, _ rank: RecordRank, _ attempt: Int, _ window: borrowing MemoryWindow
  ) -> Room {
    let before = rings[handler].used
    for index in rings.indices where kinds[index] != .discarded { rings[index].refresh(window) }
    if budget.giveAll(to: handler, of: &rings, waits: waits) || rings[handler].used < before { return .made }
    // What the record took itself, of other rings or as an earlier copy of this one, will not become less
    // however long it waits. Where it took something, all its rings were saved.
    let own = unflushed - savedUnflushed
    let start = own > 0 ? savedRings[handler] : rings[handler]
    if rings[handler].used == rings[handler].added(since: start), start.isAtStart, !waits[handler] || used == own {
      ledger.handlers[numbers[handler]].tooBig += 1
      stored.touch()
      return .dropped
    }
    switch whenFull[handler] {
    case .block: return .later
    case .dropNewest: return drop(handler, rank)
    case .dropOldest:
      // At the end of its region a ring cannot have more room before it turns over, which is done
      // between two reads.
      guard !rings[handler].isAtEnd else { return .later }
      let dropped = handlers[handler]?.dropOldest(
        queue: queue, bytes: Pipeline.firstRoom << min(attempt, 16), upTo: max(rank, .warning))
      rings[handler].refresh(window)
      // What was taken just now is not the writer's to leave out before the transaction.
      if dropped ?? 0 == 0, !start.isPublished { return .later }
      // An older record that matters more, or a write that does not return, is in the way.
      return dropped ?? 0 > 0 ? .made : drop(handler, rank)
    }
  }

  /// Bytes that wait in all rings.
  var used: Int { rings.reduce(0) { $0 + $1.used } }

  mutating func drop(_ handler: Int, _ rank: RecordRank) -> Room {
    ledger.handlers[numbers[handler]].full[Int(rank.rawValue)] += 1
    stored.touch()
    return .dropped
  }

  // MARK: Taking a record back

  /// Notes how things stand, so that a record which does not fit everywhere can be taken back.
  @inline(never)
  mutating func save(_ targets: Range<Int>) {
    for index in targets { save(tree.target(index).handler) }
  }

  mutating func save(_ handler: Int) {
    savedRings[handler] = rings[handler]
    savedCounts[handler] = ledger.handlers[numbers[handler]]
  }

  @inline(never)
  mutating func restore(_ targets: Range<Int>) {
    for index in targets { restore(tree.target(index).handler) }
    unflushed = savedUnflushed
  }

  mutating func restore(_ handler: Int) {
    rings[handler] = savedRings[handler]
    ledger.handlers[numbers[handler]] = savedCounts[handler]
  }
}
