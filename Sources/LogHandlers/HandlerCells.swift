import SharedState

/// What a handler keeps in its ring's header in the first queue's memory, for the next
/// process. The writer changes it; anybody may read it.
struct HandlerCells: Sendable {
  /// nil: a handler without rings, which has nothing to keep.
  private let memory: QueueMemory?
  private let first: Int

  init(_ ring: RingConsumer?) {
    memory = ring?.memory
    first = ring?.layout.handlerCells ?? 0
  }

  private subscript(_ cell: Int) -> UInt64 {
    get { memory?.window.load(first + cell) ?? 0 }
    nonmutating set { memory?.window.store(first + cell, newValue) }
  }

  var rollovers: UInt64 {
    get { self[0] }
    nonmutating set { self[0] = newValue }
  }

  /// The step at which a rollover by size is to go on; nil: none is under way.
  var rolloverStep: Int? {
    get { self[1] == 0 ? nil : Int(truncatingIfNeeded: self[1] & 0x7fff_ffff) - 1 }
    nonmutating set { self[1] = newValue.map { UInt64($0) + 1 } ?? 0 }
  }

  /// Records that the journal refused.
  var refused: UInt64 {
    get { self[3] }
    nonmutating set { self[3] = newValue }
  }

  /// Bytes that the journal got.
  var sent: UInt64 {
    get { self[4] }
    nonmutating set { self[4] = newValue }
  }
}
