/// How many records have gone through a ring. Anybody may read it at any time, also while its writer
/// is held up.
public struct RingCounts: Sendable {
  private let memory: QueueMemory
  private let layout: RingLayout

  fileprivate init(_ memory: QueueMemory, _ layout: RingLayout) {
    self.memory = memory
    self.layout = layout
  }

  /// Records that the writer is done with. Read before `published`, it is never larger.
  public var taken: UInt64 { memory.window.loadAcquire(layout.cell(RingLayout.Cell.headRecords)) }
  /// Their bytes, and those of a record that is written in part.
  public var takenBytes: UInt64 { memory.window.loadAcquire(layout.cell(RingLayout.Cell.head)) }
  /// Records that were dropped for want of room, by rank.
  public func dropped(_ rank: RecordRank) -> UInt64 {
    memory.window.load(layout.cell(RingLayout.Cell.dropped + Int(rank.rawValue)))
  }
  /// Records that whoever receives them refused.
  public var refused: UInt64 { memory.window.load(layout.cell(RingLayout.Cell.dropped + RingDrops.refused)) }
  /// The bytes of all of these.
  public var droppedBytes: UInt64 { memory.window.load(layout.cell(RingLayout.Cell.droppedBytes)) }
  /// Records that the queue has shown to the writer. On the queue, between two reads, these are all.
  public var published: UInt64 { memory.window.loadAcquire(layout.cell(RingLayout.Cell.tailRecords)) }
}

extension QueueMemory {
  /// - Parameter index: a ring that is mapped
  public func counts(ofRing index: Int) -> RingCounts { RingCounts(self, ring(index)) }
}

extension RingConsumer {
  public var counts: RingCounts { RingCounts(memory, layout) }
}
