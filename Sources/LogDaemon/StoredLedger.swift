import SharedState

/// Cells of a listener from the last one down: the reasons of rejections, from the third one on, may
/// become more.
enum ListenerCell {
  static let idle = QueueLayout.listenerCells - 1
  // In the first queue's memory, see `ListenerCounters`:
  static let accepted = idle - 1
  static let tooMany = idle - 2
  static let notAllowed = idle - 3
  static let resources = idle - 4
  static let kernelDrops = idle - 5
  static let kernelOffset = idle - 6
  static let kernelSocket = idle - 7
}

/// How a queue's counters get into its memory, with the transaction that they count, and out of it in
/// the next process.
struct StoredLedger: Sendable, BitwiseCopyable {
  private let layout: QueueLayout.Counters
  /// The listener whose frames were counted since the last transaction; -1: none.
  private var listener = -1
  private var filtered: UInt64
  private var routed: UInt64
  /// Whether more was counted than frames of one listener.
  private var isStale = false

  init(_ layout: QueueLayout, _ ledger: QueueLedger) {
    self.layout = layout.counters
    filtered = ledger.filtered
    routed = ledger.routed
  }

  /// Something was counted that is rare.
  mutating func touch() { isStale = true }

  /// Frames of a listener were counted.
  @inline(__always)
  mutating func touch(_ number: Int) {
    if listener >= 0, listener != number { isStale = true }
    listener = number
  }

  /// Notes what was counted since the last time.
  @inline(__always)
  mutating func note(_ ledger: QueueLedger, _ transaction: inout Transaction, _ window: borrowing MemoryWindow) {
    if isStale { return noteAll(ledger, &transaction, window) }
    if listener >= 0 {
      noteFrames(ledger, listener, &transaction, window)
      listener = -1
    }
    noteTotals(ledger, &transaction, window)
  }

  @inline(__always)
  private func noteFrames(
    _ ledger: QueueLedger, _ number: Int, _ transaction: inout Transaction, _ window: borrowing MemoryWindow
  ) {
    let cell = layout.listener(number)
    transaction.set(cell, ledger.listeners[number].frames, window)
    transaction.set(cell + 1, ledger.listeners[number].bytes, window)
  }

  @inline(__always)
  private mutating func noteTotals(
    _ ledger: QueueLedger, _ transaction: inout Transaction, _ window: borrowing MemoryWindow
  ) {
    if ledger.filtered != filtered { transaction.set(QueueLayout.Cell.filtered, ledger.filtered, window) }
    if ledger.routed != routed { transaction.set(QueueLayout.Cell.routed, ledger.routed, window) }
    (filtered, routed) = (ledger.filtered, ledger.routed)
  }

  @inline(never)
  private mutating func noteAll(
    _ ledger: QueueLedger, _ transaction: inout Transaction, _ window: borrowing MemoryWindow
  ) {
    for (number, counts) in ledger.listeners.enumerated() {
      noteFrames(ledger, number, &transaction, window)
      for (reason, count) in counts.rejected.enumerated() {
        transaction.set(layout.listener(number) + 2 + reason, count, window)
      }
      transaction.set(layout.listener(number) + ListenerCell.idle, counts.idle, window)
    }
    for (number, counts) in ledger.handlers.enumerated() {
      let cell = layout.handler(number)
      transaction.set(cell, counts.discarded, window)
      transaction.set(cell + 1, counts.tooBig, window)
      transaction.set(cell + 2, counts.unformatted, window)
      for rank in 0..<4 { transaction.set(cell + 3 + rank, counts.full[rank], window) }
    }
    noteTotals(ledger, &transaction, window)
    (listener, isStale) = (-1, false)
  }
}

extension QueueLedger {
  /// What an earlier process counted; zeros in fresh memory.
  init(stored memory: QueueMemory, listeners: Int, handlers: Int) {
    self.init(listeners: listeners, handlers: handlers)
    filtered = memory.window.load(QueueLayout.Cell.filtered)
    routed = memory.window.load(QueueLayout.Cell.routed)
    for number in self.listeners.indices {
      let cell = memory.layout.counters.listener(number)
      self.listeners[number].frames = memory.window.load(cell)
      self.listeners[number].bytes = memory.window.load(cell + 1)
      for reason in self.listeners[number].rejected.indices {
        self.listeners[number].rejected[reason] = memory.window.load(cell + 2 + reason)
      }
      self.listeners[number].idle = memory.window.load(cell + ListenerCell.idle)
    }
    for number in self.handlers.indices {
      let cell = memory.layout.counters.handler(number)
      self.handlers[number].discarded = memory.window.load(cell)
      self.handlers[number].tooBig = memory.window.load(cell + 1)
      self.handlers[number].unformatted = memory.window.load(cell + 2)
      for rank in 0..<4 { self.handlers[number].full[rank] = memory.window.load(cell + 3 + rank) }
    }
  }
}
