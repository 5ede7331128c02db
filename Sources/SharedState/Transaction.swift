/// What a decode queue changes in its memory with one step: the ends of rings, a connection's state,
/// counters, and what work remains. All of it happens or none, whenever the process is killed.
///
/// It is a redo log: each change is noted first, then one store makes the notes valid, then they are
/// carried out. A process that finds valid notes carries them out again, which does no harm. Between
/// two kills a process runs in program order, so plain stores in order are all that it takes.
public struct Transaction: Sendable, BitwiseCopyable {
  private let log: Int
  private let capacity: Int
  private var count = 0

  public init(_ layout: QueueLayout) {
    log = layout.log / 8
    capacity = layout.logCapacity
  }

  /// Notes that a cell is to have a value.
  @inline(__always)
  public mutating func set(_ cell: Int, _ value: UInt64, _ window: borrowing MemoryWindow) {
    precondition(count < capacity)
    window.store(log + 2 * count, UInt64(truncatingIfNeeded: cell))
    window.store(log + 2 * count + 1, value)
    count += 1
  }

  /// Carries everything out.
  public mutating func commit(_ window: borrowing MemoryWindow) {
    window.store(QueueLayout.Cell.logCount, UInt64(truncatingIfNeeded: count))
    apply(window, count)
    count = 0
  }

  private func apply(_ window: borrowing MemoryWindow, _ count: Int) {
    for entry in 0..<count {
      window.storeRelease(Int(truncatingIfNeeded: window.load(log + 2 * entry)), window.load(log + 2 * entry + 1))
    }
    window.store(QueueLayout.Cell.logCount, 0)
  }

  /// Carries out what an earlier process noted and may not have finished. False: the notes are no
  /// transaction of a queue with this layout.
  func redo(_ window: borrowing MemoryWindow, mayChange: (Int) -> Bool) -> Bool {
    let noted = window.load(QueueLayout.Cell.logCount)
    guard noted <= UInt64(capacity) else { return false }
    let count = Int(noted)
    for entry in 0..<count {
      guard let cell = Int(exactly: window.load(log + 2 * entry)), mayChange(cell) else { return false }
    }
    apply(window, count)
    return true
  }
}

/// What a decode queue is about to do with its input buffer: what a process that comes after a kill
/// has to do in its place.
public enum Work: Sendable, Equatable {
  case none
  /// A receive from a connection; the receive headers tell whether it took something.
  case receive(slot: Int)
  /// What a read left when a handler had no room: bytes of the window.
  case rest(slot: Int, Range<Int>)
  /// A receive of datagrams by a listener.
  case receiveDatagrams(listener: Int)
  /// Datagrams of the last receive that were not taken yet, from `next` on.
  case datagrams(listener: Int, next: Int, count: Int)

  /// The cell's value: the kind in the lowest byte, then the slot or listener.
  @inline(__always)
  public var word: UInt64 {
    switch self {
    case .none: 0
    case .receive(let slot): 1 | UInt64(truncatingIfNeeded: slot) << 8
    case .rest(let slot, _): 2 | UInt64(truncatingIfNeeded: slot) << 8
    case .receiveDatagrams(let listener): 3 | UInt64(truncatingIfNeeded: listener) << 8
    case .datagrams(let listener, _, _): 4 | UInt64(truncatingIfNeeded: listener) << 8
    }
  }
}

extension Transaction {
  /// Notes what remains to be done.
  @inline(__always)
  public mutating func set(_ work: Work, _ window: borrowing MemoryWindow) {
    set(QueueLayout.Cell.work, work.word, window)
    switch work {
    case .rest(_, let range):
      set(QueueLayout.Cell.workFirst, UInt64(range.lowerBound), window)
      set(QueueLayout.Cell.workEnd, UInt64(range.upperBound), window)
    case .datagrams(_, let next, let count):
      set(QueueLayout.Cell.workFirst, UInt64(next), window)
      set(QueueLayout.Cell.workEnd, UInt64(count), window)
    default: break
    }
  }
}

extension QueueMemory {
  /// The work that was under way. Its numbers are within the layout; whether there is such a
  /// connection or listener is for the caller to see.
  public var work: Work? {
    let word = window.load(QueueLayout.Cell.work)
    let number = Int(truncatingIfNeeded: word >> 8)
    let first = window.load(QueueLayout.Cell.workFirst)
    let end = window.load(QueueLayout.Cell.workEnd)
    switch word & 0xff {
    case 0: return Work.none
    case 1, 2:
      guard number < layout.slotCount else { return nil }
      if word & 0xff == 1 { return .receive(slot: number) }
      let input = UInt64(layout.input)..<UInt64(layout.input + QueueLayout.inputSize)
      guard input.contains(first), first <= end, end <= input.upperBound else { return nil }
      return .rest(slot: number, Int(first)..<Int(end))
    case 3, 4:
      guard number < QueueLayout.mostListeners else { return nil }
      if word & 0xff == 3 { return .receiveDatagrams(listener: number) }
      guard first <= end, end <= UInt64(QueueLayout.datagrams) else { return nil }
      return .datagrams(listener: number, next: Int(first), count: Int(end))
    default: return nil
    }
  }

  /// The cell that a receive sets to `Work.receive` when its headers are ready for the kernel.
  public static var workCell: Int { QueueLayout.Cell.work }
}
