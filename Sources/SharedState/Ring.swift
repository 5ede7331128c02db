import Pickle

/// The queue's end of a ring: where formatted records are put.
///
/// A ring holds whole records back to back, as the bytes that go into the file, and beside them
/// where each ends: rotation happens between records, and a record may have many lines. Positions
/// count for ever; a position's place is its distance from `base`, modulo the ring's size. Records
/// are written behind `tail`, where nobody looks yet, and become visible with `publish`, which is
/// one store: the number of records. Where they end follows from the last one's end.
public struct RingProducer: Sendable, BitwiseCopyable {
  public let layout: RingLayout
  /// Behind the last record, published or not.
  public private(set) var tail: UInt64 = 0
  public private(set) var tailRecords: UInt64 = 0
  private var base: UInt64 = 0
  private var baseRecords: UInt64 = 0
  /// The writer's positions when they were last looked at; the real ones may be further.
  private var head: UInt64 = 0
  private var headRecords: UInt64 = 0

  public init(_ layout: RingLayout, _ window: borrowing MemoryWindow) {
    self.layout = layout
    tail = window.load(layout.cell(RingLayout.Cell.tail))
    tailRecords = window.load(layout.cell(RingLayout.Cell.tailRecords))
    base = window.load(layout.cell(RingLayout.Cell.base))
    baseRecords = window.load(layout.cell(RingLayout.Cell.baseRecords))
    refresh(window)
  }

  /// Looks how far the writer has come.
  public mutating func refresh(_ window: borrowing MemoryWindow) {
    head = window.loadAcquire(layout.cell(RingLayout.Cell.head))
    headRecords = window.load(layout.cell(RingLayout.Cell.headRecords))
  }

  /// Bytes that wait, at most.
  public var used: Int { Int(truncatingIfNeeded: tail &- head) }
  public var isEmpty: Bool { tail == head }

  /// Starts again at the ring's beginning when nothing waits, so that only its first pages are ever
  /// touched while the disk keeps up. Between transactions only.
  public mutating func rewind(_ window: borrowing MemoryWindow) {
    guard tail != base else { return }
    refresh(window)
    guard tail == head else { return }
    base = tail
    baseRecords = tailRecords
    window.store(layout.cell(RingLayout.Cell.base), base)
    window.store(layout.cell(RingLayout.Cell.baseRecords), baseRecords)
  }

  /// The room behind the tail, in the window. Empty when no further record can be numbered.
  @inline(__always)
  public var room: Range<Int> {
    let place = Int(truncatingIfNeeded: (tail &- base) & UInt64(layout.size - 1))
    let start = layout.bytes + place
    if Int(truncatingIfNeeded: tailRecords &- headRecords) >= layout.capacity { return start..<start }
    return start..<start + (layout.size - used)
  }

  /// Adds the record that stands in the first `length` bytes of `room`.
  @inline(__always)
  public mutating func append(_ length: Int, _ window: borrowing MemoryWindow) {
    let place = Int(truncatingIfNeeded: (tailRecords &- baseRecords) & UInt64(layout.capacity - 1))
    let at = layout.ends + place * 4
    tail &+= UInt64(truncatingIfNeeded: length)
    var end = window.writable(at..<at + 4)
    end.storeBytes(of: UInt32(truncatingIfNeeded: tail), as: UInt32.self)
    tailRecords &+= 1
  }

  /// Shows the writer everything up to the tail.
  public func publish(_ window: borrowing MemoryWindow) {
    window.store(layout.cell(RingLayout.Cell.tail), tail)
    window.storeRelease(layout.cell(RingLayout.Cell.tailRecords), tailRecords)
  }
}

/// The writer's end of a ring. One thread at a time uses it.
public struct RingConsumer: Sendable {
  public let memory: QueueMemory
  public let layout: RingLayout
  public private(set) var head: UInt64
  public private(set) var headRecords: UInt64

  public init(_ memory: QueueMemory, ring: Int) {
    self.memory = memory
    layout = memory.ring(ring)
    head = memory.window.load(layout.cell(RingLayout.Cell.head))
    headRecords = memory.window.load(layout.cell(RingLayout.Cell.headRecords))
  }

  /// Records that are to be written.
  public func pending() -> Int {
    let tail = memory.window.loadAcquire(layout.cell(RingLayout.Cell.tailRecords))
    return Int(truncatingIfNeeded: tail &- headRecords)
  }

  /// The bytes of the first `count` records that wait.
  public func bytes(ofFirst count: Int) -> Int {
    guard count > 0 else { return 0 }
    let base = memory.window.load(layout.cell(RingLayout.Cell.baseRecords))
    let last = headRecords &+ UInt64(count - 1) &- base
    let at = layout.ends + Int(truncatingIfNeeded: last & UInt64(layout.capacity - 1)) * 4
    let end = memory.window.load32(at: at)
    return Int(end &- UInt32(truncatingIfNeeded: head))
  }

  /// How many of the first `count` waiting records have at most `limit` bytes together.
  public func records(in limit: Int, of count: Int) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high + 1) / 2
      if bytes(ofFirst: middle) <= limit { low = middle } else { high = middle - 1 }
    }
    return low
  }

  /// Where the first waiting byte stands in the window; the ring's size of bytes follow in one piece.
  public var start: Int {
    let base = memory.window.load(layout.cell(RingLayout.Cell.base))
    return layout.bytes + Int(truncatingIfNeeded: (head &- base) & UInt64(layout.size - 1))
  }

  /// Frees what has been written.
  public mutating func advance(bytes: Int, records: Int) {
    head &+= UInt64(bytes)
    headRecords &+= UInt64(records)
    memory.window.store(layout.cell(RingLayout.Cell.headRecords), headRecords)
    memory.window.storeRelease(layout.cell(RingLayout.Cell.head), head)
  }
}

extension RingConsumer {
  /// The code points of the record that waits first: its bytes less UTF-8's continuation bytes.
  public func charactersOfFirst() -> Int {
    let start = start
    return RingConsumer.characters(memory.window, start..<start + bytes(ofFirst: 1))
  }

  private static func characters(_ window: borrowing MemoryWindow, _ range: Range<Int>) -> Int {
    let bytes = window.bytes(range)
    var count = 0
    for offset in bytes.byteOffsets where bytes[offset] & 0xc0 != 0x80 { count += 1 }
    return count
  }
}
