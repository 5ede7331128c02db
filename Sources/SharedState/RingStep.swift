/// What a writer changes in its ring at once: records are written, or dropped and counted. All of it
/// happens or none, whenever the process is killed, as with a queue's `Transaction`.
///
/// The outcome is noted first, one store makes the note valid, then it is carried out. A process that
/// finds a valid note carries it out again, which does no harm.
struct RingStep: Equatable {
  /// Behind the last record that is done with.
  var head: UInt64
  var headRecords: UInt64
  /// Whether a part of the record behind it stands in the file.
  var isTorn = false
  /// What is counted as not written by then; nil: no record is dropped.
  var dropped: RingDrops?

  /// Cells of the note, from `RingLayout.Cell.step` on.
  private enum StepCell {
    /// `none`, or what the note is about.
    static let kind = 0
    static let head = 1
    static let headRecords = 2
    static let isTorn = 3
    static let droppedBytes = 4
    /// By reason.
    static let dropped = 5
  }

  private enum Kind: UInt64 { case none, written, dropped }

  /// Makes all stores in order. The process can be killed behind each.
  @inline(__always)
  func carryOut(_ layout: RingLayout, _ store: (_ cell: Int, _ value: UInt64) -> Void) {
    let note = layout.cell(RingLayout.Cell.step)
    store(note + StepCell.head, head)
    store(note + StepCell.headRecords, headRecords)
    store(note + StepCell.isTorn, isTorn ? 1 : 0)
    if let dropped {
      store(note + StepCell.droppedBytes, dropped.bytes)
      for reason in 0..<RingDrops.reasons { store(note + StepCell.dropped + reason, dropped.records[reason]) }
    }
    store(note + StepCell.kind, (dropped == nil ? Kind.written : .dropped).rawValue)
    if let dropped {
      for reason in 0..<RingDrops.reasons {
        store(layout.cell(RingLayout.Cell.dropped + reason), dropped.records[reason])
      }
      store(layout.cell(RingLayout.Cell.droppedBytes), dropped.bytes)
    }
    store(layout.cell(RingLayout.Cell.torn), isTorn ? 1 : 0)
    store(layout.cell(RingLayout.Cell.headRecords), headRecords)
    // The head comes last: it is what the queue looks at, and what says that a write is over.
    store(layout.cell(RingLayout.Cell.head), head)
    store(layout.cell(RingLayout.Cell.intent), 0)
    store(note + StepCell.kind, Kind.none.rawValue)
  }

  /// The step that a process was killed in; nil: none.
  init?(leftIn memory: QueueMemory, _ layout: RingLayout) throws(StateError) {
    let note = layout.cell(RingLayout.Cell.step)
    guard let kind = Kind(rawValue: memory.window.load(note + StepCell.kind)) else {
      throw .damaged("a step of a ring")
    }
    if kind == .none { return nil }
    head = memory.window.load(note + StepCell.head)
    headRecords = memory.window.load(note + StepCell.headRecords)
    isTorn = memory.window.load(note + StepCell.isTorn) != 0
    guard kind == .dropped else { return }
    var dropped = RingDrops()
    dropped.bytes = memory.window.load(note + StepCell.droppedBytes)
    for reason in 0..<RingDrops.reasons {
      dropped.records[reason] = memory.window.load(note + StepCell.dropped + reason)
    }
    self.dropped = dropped
  }

  init(head: UInt64, headRecords: UInt64, isTorn: Bool = false, dropped: RingDrops? = nil) {
    self.head = head
    self.headRecords = headRecords
    self.isTorn = isTorn
    self.dropped = dropped
  }
}

/// Records of a ring that were done with and not written, and their bytes.
struct RingDrops: Equatable {
  /// Want of room by rank, then what the receiver refused.
  static let reasons = RecordRank.allCases.count + 1
  static let refused = RecordRank.allCases.count

  /// By reason; more places than reasons.
  var records = SIMD8<UInt64>()
  var bytes: UInt64 = 0

  init() {}

  /// What a ring has counted so far.
  init(_ memory: QueueMemory, _ layout: RingLayout) {
    for reason in 0..<RingDrops.reasons {
      records[reason] = memory.window.load(layout.cell(RingLayout.Cell.dropped + reason))
    }
    bytes = memory.window.load(layout.cell(RingLayout.Cell.droppedBytes))
  }
}

// MARK: Steps of a writer

extension RingConsumer {
  /// Frees what has been written: whole records, and of the one behind them a part if `isTorn`.
  public mutating func advance(bytes: Int, records: Int, isTorn: Bool = false) {
    take(RingStep(head: head &+ UInt64(bytes), headRecords: headRecords &+ UInt64(records), isTorn: isTorn))
  }

  /// Leaves out the first record that waits, since whoever receives it refuses it. `pending` was asked
  /// before.
  public mutating func refuseFirst() {
    var dropped = RingDrops(memory, layout)
    let size = UInt64(bytes(ofFirst: 1))
    dropped.records[RingDrops.refused] += 1
    dropped.bytes += size
    take(RingStep(head: head &+ size, headRecords: headRecords &+ 1, dropped: dropped))
  }

  /// Drops as many of the oldest records as free `bytes`, but none that matters more than `rank`, and
  /// none behind such a one. They are counted by rank. Returns how many.
  public mutating func dropOldest(freeing bytes: Int, upTo rank: RecordRank) -> Int {
    var total: UInt64 = 0
    var freed = 0
    while freed < bytes, let step = drop(freeing: bytes - freed, upTo: rank) {
      freed += Int(truncatingIfNeeded: step.head &- head)
      total += step.headRecords &- headRecords
      take(step)
    }
    return Int(truncatingIfNeeded: total)
  }

  /// The same within a region; nil: no record can be dropped.
  mutating func drop(freeing bytes: Int, upTo rank: RecordRank) -> RingStep? {
    let waiting = pending()
    // The rest of a record that is written in part has to follow.
    guard waiting > 0, memory.window.load(layout.cell(RingLayout.Cell.torn)) == 0 else { return nil }
    var dropped = RingDrops(memory, layout)
    var number = 0
    while number < waiting, self.bytes(ofFirst: number) < bytes {
      let own = self.rank(number)
      guard own <= rank else { break }
      dropped.records[Int(own.rawValue)] += 1
      number += 1
    }
    guard number > 0 else { return nil }
    let size = UInt64(self.bytes(ofFirst: number))
    dropped.bytes += size
    return RingStep(head: head &+ size, headRecords: headRecords &+ UInt64(number), dropped: dropped)
  }

  private mutating func take(_ step: RingStep) {
    (head, headRecords) = (step.head, step.headRecords)
    step.carryOut(layout) { memory.window.storeRelease($0, $1) }
  }
}
