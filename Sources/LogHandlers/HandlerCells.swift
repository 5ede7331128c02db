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

  /// Those that are done.
  private(set) var rollovers: UInt64 {
    get { self[0] }
    nonmutating set { self[0] = newValue }
  }

  /// The step at which a rollover is to go on: the number of the file that is renamed next. nil: none is
  /// under way.
  var rolloverStep: Int? { self[1] == 0 ? nil : Int(truncatingIfNeeded: self[1] & 0x7fff_ffff) - 1 }

  /// Notes what a rollover does next. Together with how many there are then, so that it is counted once
  /// however often a process is killed in it.
  func note(rolloverStep step: Int) {
    if self[1] == 0 { self[2] = rollovers &+ 1 }
    self[1] = UInt64(step) + 1
  }

  /// The rollover that was noted is done.
  func countRollover() {
    if self[2] != rollovers { rollovers += 1 }
    self[1] = 0
  }

  /// The rollover that was noted did not happen.
  func forgetRollover() { self[1] = 0 }
}
