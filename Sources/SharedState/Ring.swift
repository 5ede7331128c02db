import Pickle

/// The queue's end of a ring: where formatted records are put.
///
/// A ring holds whole records back to back, as the bytes that go into the file, and beside them
/// where each ends: rotation happens between records, and a record may have many lines. Positions
/// count for ever. Records are written behind `tail`, where nobody looks yet, and become visible
/// with the queue's transaction, by one store: the number of records. Where they end follows from the
/// last one's end.
///
/// The memory is two regions, each large enough for everything that may wait. The queue fills one
/// from its start while the writer empties the other, and they change over when the other is empty
/// and enough has come. So only the first pages of both are ever touched while the disk keeps up,
/// and what is written is still in the processor's cache.
public struct RingProducer: Sendable, BitwiseCopyable {
  /// Bytes in a region after which the queue goes over to the other one.
  static let changeOver = 128 * 1024
  /// Bytes that the records of one read hardly fill.
  static let lastRoom = 1 << 20

  public let layout: RingLayout
  /// Behind the last record, published or not.
  @usableFromInline var tail: UInt64
  @usableFromInline var tailRecords: UInt64
  private var region: Int
  /// Where the next record, its end and its rank go in the window.
  @usableFromInline var bytesAt: Int
  @usableFromInline var endAt: Int
  @usableFromInline var rankAt: Int
  /// Where records have to end, by the region and by what may wait.
  @usableFromInline var bytesEnd: Int
  /// Behind the place for the last end that the region has.
  @usableFromInline var endsEnd: Int
  /// Where the region in use begins.
  private var base: UInt64
  private var baseRecords: UInt64
  /// The writer's positions when they were last looked at; the real ones may be further.
  @usableFromInline var head: UInt64
  @usableFromInline var headRecords: UInt64
  /// What the writer was last shown.
  private var publishedRecords: UInt64
  /// Bytes that may wait here now: `layout.limit`, or what others leave of it.
  public var limit: Int { didSet { setEnd() } }

  /// A ring without memory: it has no room.
  public init() {
    layout = RingLayout(header: 0, size: 0, endsSize: 0, ranksSize: 0, limit: 0)
    (tail, tailRecords, region, base, baseRecords, head, headRecords, publishedRecords) = (0, 0, 0, 0, 0, 0, 0, 0)
    (bytesAt, endAt, rankAt, bytesEnd, endsEnd) = (0, 0, 0, 0, 0)
    limit = 0
  }

  public init(_ layout: RingLayout, _ window: borrowing MemoryWindow) {
    self.layout = layout
    tail = window.load(layout.cell(RingLayout.Cell.tail))
    tailRecords = window.load(layout.cell(RingLayout.Cell.tailRecords))
    region = Int(window.load(layout.cell(RingLayout.Cell.region)) & 1)
    (bytesAt, endAt, rankAt, bytesEnd, endsEnd) = (0, 0, 0, 0, 0)
    base = window.load(layout.cell(RingLayout.Cell.base + region))
    baseRecords = window.load(layout.cell(RingLayout.Cell.baseRecords + region))
    head = window.loadAcquire(layout.cell(RingLayout.Cell.head))
    headRecords = window.load(layout.cell(RingLayout.Cell.headRecords))
    publishedRecords = tailRecords
    limit = layout.limit
    // Where a process was killed while it began anew, its region's start means nothing.
    if tail == head { begin(region, window) } else { setPlaces() }
  }

  /// From the positions, where the next record goes.
  private mutating func setPlaces() {
    let number = Int(truncatingIfNeeded: tailRecords &- baseRecords)
    bytesAt = layout.bytes(region) + Int(truncatingIfNeeded: tail &- base)
    endAt = layout.ends(region) + number * 4
    rankAt = layout.ranks(region) + number
    endsEnd = layout.ends(region) + layout.capacity * 4
    setEnd()
  }

  private mutating func setEnd() { bytesEnd = end(limit) }

  /// Where records have to end when so many bytes may wait.
  private func end(_ limit: Int) -> Int {
    bytesAt + min(layout.size - Int(truncatingIfNeeded: tail &- base), limit - used)
  }

  /// Looks how far the writer has come.
  public mutating func refresh(_ window: borrowing MemoryWindow) {
    head = window.loadAcquire(layout.cell(RingLayout.Cell.head))
    headRecords = window.load(layout.cell(RingLayout.Cell.headRecords))
    setEnd()
  }

  /// Bytes that wait, at most.
  @inlinable public var used: Int { Int(truncatingIfNeeded: tail &- head) }
  public var isEmpty: Bool { tail == head }

  /// Starts at a region's beginning again, if that is possible now: in the same region when nothing
  /// waits, in the other one when enough has come. Never within a transaction: a process that is killed
  /// before it would leave a tail that lies in front of its region.
  public mutating func rewind(_ window: borrowing MemoryWindow) {
    guard isPublished else { return }
    if tail != head { refresh(window) }
    guard tail != base else { return }
    if tail == head {
      begin(region, window)
    } else if isChangeDue, head >= base {
      begin(1 - region, window)
      window.storeRelease(layout.cell(RingLayout.Cell.region), UInt64(region))
    }
  }

  /// Bytes that wait in the region that is not being filled.
  public var usedElsewhere: Int { head < base ? Int(truncatingIfNeeded: base &- head) : 0 }

  /// Whether it is the region's end, and not what waits, that leaves no more room.
  public var isAtEnd: Bool {
    let place = Int(truncatingIfNeeded: tail &- base)
    return layout.size - place <= limit - used
      || Int(truncatingIfNeeded: tailRecords &- baseRecords) >= layout.capacity
  }

  /// Whether the region is about to end and the other one is not empty: whoever never waits has to
  /// give that one up.
  public var mustTurn: Bool {
    usedElsewhere > 0
      && (layout.size - Int(truncatingIfNeeded: tail &- base) < min(RingProducer.lastRoom, layout.size / 8)
        || layout.capacity - Int(truncatingIfNeeded: tailRecords &- baseRecords) < layout.capacity / 8)
  }

  /// Whether the region has taken enough: bytes, or records to number.
  private var isChangeDue: Bool {
    tail &- base >= UInt64(RingProducer.changeOver) || tailRecords &- baseRecords >= UInt64(layout.capacity / 2)
  }

  /// The writer has nothing in this region: it is the other's, or everything is written.
  private mutating func begin(_ other: Int, _ window: borrowing MemoryWindow) {
    region = other
    base = tail
    baseRecords = tailRecords
    setPlaces()
    window.store(layout.cell(RingLayout.Cell.base + region), base)
    window.store(layout.cell(RingLayout.Cell.baseRecords + region), baseRecords)
  }

  /// The room behind the tail, in the window. Empty when no further record can be numbered.
  @inlinable @inline(__always)
  public var room: Range<Int> {
    bytesAt..<(endAt < endsEnd ? max(bytesAt, bytesEnd) : bytesAt)
  }

  /// The same without the last eighth.
  public var roomLessReserve: Range<Int> {
    let room = room
    return room.lowerBound..<max(room.lowerBound, min(room.upperBound, end(limit - limit / 8)))
  }

  /// Whether the writer has been shown everything, and so could leave it out.
  public var isPublished: Bool { tailRecords == publishedRecords }

  /// Bytes that were added since the ring stood as `earlier`.
  public func added(since earlier: RingProducer) -> Int { Int(truncatingIfNeeded: tail &- earlier.tail) }

  /// Whether the region has nothing yet.
  public var isAtStart: Bool { tail == base }

  /// Adds the record that stands in the first `length` bytes of `room`.
  @inlinable @inline(__always)
  public mutating func append(_ length: Int, _ rank: RecordRank, _ window: borrowing MemoryWindow) {
    tail &+= UInt64(truncatingIfNeeded: length)
    window.store32(UInt32(truncatingIfNeeded: tail), at: endAt)
    window.store8(rank.rawValue, at: rankAt)
    tailRecords &+= 1
    bytesAt &+= length
    endAt &+= 4
    rankAt &+= 1
  }

  /// Shows the writer everything up to the tail, when the transaction is carried out.
  @inline(__always)
  public mutating func publish(_ transaction: inout Transaction, _ window: borrowing MemoryWindow) {
    guard tailRecords != publishedRecords else { return }
    transaction.set(layout.cell(RingLayout.Cell.tail), tail, window)
    transaction.set(layout.cell(RingLayout.Cell.tailRecords), tailRecords, window)
    publishedRecords = tailRecords
  }
}

/// The writer's end of a ring. One thread at a time uses it.
///
/// Whatever it is asked is about the records that wait in one region: the older ones, if there are
/// records in both.
public struct RingConsumer: Sendable {
  public let memory: QueueMemory
  public let layout: RingLayout
  /// Changed with a `RingStep`.
  public internal(set) var head: UInt64
  public internal(set) var headRecords: UInt64
  private var region = 0
  private var base: UInt64 = 0
  private var baseRecords: UInt64 = 0

  public init(_ memory: QueueMemory, ring: Int) {
    self.memory = memory
    layout = memory.ring(ring)
    head = memory.window.load(layout.cell(RingLayout.Cell.head))
    headRecords = memory.window.load(layout.cell(RingLayout.Cell.headRecords))
  }

  /// All records that wait, in both regions.
  public var backlog: UInt64 {
    memory.window.loadAcquire(layout.cell(RingLayout.Cell.tailRecords)) &- headRecords
  }

  /// Records that are to be written next.
  public mutating func pending() -> Int {
    let tail = memory.window.loadAcquire(layout.cell(RingLayout.Cell.tailRecords))
    guard tail != headRecords else { return 0 }
    // The queue may change over at any time, but then only away from the region that is looked at,
    // and not back before its records are written.
    let current = Int(memory.window.loadAcquire(layout.cell(RingLayout.Cell.region)) & 1)
    let start = memory.window.load(layout.cell(RingLayout.Cell.baseRecords + current))
    let isOlder = headRecords < start
    region = isOlder ? 1 - current : current
    base = memory.window.load(layout.cell(RingLayout.Cell.base + region))
    baseRecords = memory.window.load(layout.cell(RingLayout.Cell.baseRecords + region))
    return Int(truncatingIfNeeded: (isOlder ? min(start, tail) : tail) &- headRecords)
  }

  /// The bytes of the first `count` records that wait.
  public func bytes(ofFirst count: Int) -> Int {
    guard count > 0 else { return 0 }
    let last = Int(truncatingIfNeeded: headRecords &+ UInt64(count - 1) &- baseRecords)
    let end = memory.window.load32(at: layout.ends(region) + last * 4)
    return Int(end &- UInt32(truncatingIfNeeded: head))
  }

  /// How many of the first `count` waiting records have at most `limit` bytes together.
  public func records(in limit: Int, of count: Int) -> Int {
    if bytes(ofFirst: count) <= limit { return count }
    var low = 0
    var high = count - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if bytes(ofFirst: middle) <= limit { low = middle } else { high = middle - 1 }
    }
    return max(0, low)
  }

  /// Where the first waiting byte stands in the window; the others follow it.
  public var start: Int { layout.bytes(region) + Int(truncatingIfNeeded: head &- base) }

  /// How much one of the waiting records matters.
  func rank(_ number: Int) -> RecordRank {
    let first = Int(truncatingIfNeeded: headRecords &- baseRecords)
    return RecordRank(rawValue: memory.window.load8(at: layout.ranks(region) + first + number)) ?? .error
  }

  /// Goes back to the first byte of the record that waits first. `pending` was asked before.
  mutating func rewindToRecord() {
    let number = Int(truncatingIfNeeded: headRecords &- baseRecords)
    var start = base
    if number > 0 {
      let end = memory.window.load32(at: layout.ends(region) + (number - 1) * 4)
      start = head &- UInt64(UInt32(truncatingIfNeeded: head) &- end)
    }
    head = start
    memory.window.storeRelease(layout.cell(RingLayout.Cell.head), head)
    memory.window.store(layout.cell(RingLayout.Cell.torn), 0)
  }

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
