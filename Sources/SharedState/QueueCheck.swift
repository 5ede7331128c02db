import Pickle

/// Looking at memory that an earlier process left, before a word of it is believed.
///
/// Whoever can write to it could as well write to the log files; this is against damage and mistakes,
/// which must not trap, hang or read elsewhere. One contradiction, and the whole memory is given up.
extension QueueMemory {
  /// Finishes the transaction and the writers' steps under way, and checks everything. Once, before the
  /// memory is used.
  package func check() throws(StateError) {
    let rings = (0..<layout.ringCount).filter { name(ofRing: $0) != nil }
    let transaction = Transaction(layout)
    guard transaction.redo(window, mayChange: { mayChange($0, rings) }) else {
      throw .damaged("the transaction under way")
    }
    guard let work else { throw .damaged("the work under way") }
    for ring in rings { try check(ring: ring) }
    try checkCounters(rings)
    try checkSlots()
    // What is left of a read begins with a frame.
    if case .rest(let slot, _) = work, connection(slot) != nil, storedFrame(slot) != StoredFrame() {
      throw .damaged("the rest of connection \(slot)")
    }
  }

  /// What all that is counted in one memory stays below, bytes included: the sum over all queues is a
  /// number of 64 bits, and takes decades.
  static var largestCount: UInt64 { 1 << 57 }

  private func checkCounters(_ rings: [Int]) throws(StateError) {
    var sum: UInt64 = 0
    func add(_ first: Int, _ count: Int) throws(StateError) {
      let cells = QueueMemory.sum(window, first, count)
      sum &+= cells.sum
      guard cells.bits < QueueMemory.largestCount, sum < QueueMemory.largestCount else {
        throw .damaged("the counters")
      }
    }
    try add(QueueLayout.Cell.filtered, 2)
    for listener in 0..<QueueLayout.mostListeners {
      try add(layout.counters.listener(listener), QueueLayout.listenerCells)
    }
    for ring in 0..<layout.ringCount { try add(layout.counters.handler(ring), QueueLayout.handlerCells) }
    for ring in rings {
      let layout = self.ring(ring)
      try add(layout.cell(RingLayout.Cell.tail), 2)
      try add(layout.cell(RingLayout.Cell.dropped), RingLayout.Cell.droppedCount)
    }
  }

  /// What cells come to, and all bits that one of them has. So few numbers below the limit cannot wrap.
  private static func sum(_ window: borrowing MemoryWindow, _ first: Int, _ count: Int) -> (sum: UInt64, bits: UInt64) {
    let cells = window.bytes(first * 8..<(first + count) * 8)
    var result = (sum: UInt64(0), bits: UInt64(0))
    for cell in 0..<count {
      let number = cells.load64(cell * 8)
      result.sum &+= number
      result.bits |= number
    }
    return result
  }

  private func mayChange(_ cell: Int, _ rings: [Int]) -> Bool {
    typealias Cell = QueueLayout.Cell
    if cell < 0 || cell >= layout.fileSize / 8 { return false }
    if [Cell.work, Cell.workFirst, Cell.workEnd, Cell.filtered, Cell.routed].contains(cell) { return true }
    if cell >= layout.ledger / 8 && cell < layout.nameLengths / 8 || isSlotCell(cell) { return true }
    return rings.contains { ring in
      let layout = self.ring(ring)
      return cell == layout.cell(RingLayout.Cell.tail) || cell == layout.cell(RingLayout.Cell.tailRecords)
    }
  }

  private func check(ring: Int) throws(StateError) {
    let layout = self.ring(ring)
    // A writer that was killed; what comes of it is looked at like all else.
    try RingStep(leftIn: self, layout)?.carryOut(layout) { window.store($0, $1) }
    func load(_ cell: Int) -> UInt64 { window.load(layout.cell(cell)) }
    let (head, tail) = (load(RingLayout.Cell.head), load(RingLayout.Cell.tail))
    let (headRecords, tailRecords) = (load(RingLayout.Cell.headRecords), load(RingLayout.Cell.tailRecords))
    let region = load(RingLayout.Cell.region)
    guard head <= tail, tail - head <= UInt64(layout.size), headRecords <= tailRecords, region <= 1,
      tail < QueueMemory.largestCount, tailRecords < QueueMemory.largestCount,
      (tail == head) == (tailRecords == headRecords)
    else { throw .damaged("the ends of ring \(ring)") }
    guard tail != head else { return }
    try check(ring, layout, region: Int(region), to: tail, tailRecords)
    let base = load(RingLayout.Cell.base + Int(region))
    let baseRecords = load(RingLayout.Cell.baseRecords + Int(region))
    if headRecords < baseRecords {
      // The older region ends where the one in use begins.
      try check(ring, layout, region: 1 - Int(region), to: base, baseRecords)
      guard load(RingLayout.Cell.base + 1 - Int(region)) <= head,
        load(RingLayout.Cell.baseRecords + 1 - Int(region)) <= headRecords
      else { throw .damaged("the older region of ring \(ring)") }
    }
    let record = firstRecord(layout, region: headRecords < baseRecords ? 1 - Int(region) : Int(region), headRecords)
    guard record.lowerBound <= head, head < record.upperBound || record.isEmpty else {
      throw .damaged("the head of ring \(ring)")
    }
    // A process can be killed between the two.
    window.store(layout.cell(RingLayout.Cell.torn), head == record.lowerBound ? 0 : 1)
  }

  /// Where the record that waits first stands, in a region that was checked.
  private func firstRecord(_ layout: RingLayout, region: Int, _ headRecords: UInt64) -> Range<UInt64> {
    let base = window.load(layout.cell(RingLayout.Cell.base + region))
    let number = Int(headRecords - window.load(layout.cell(RingLayout.Cell.baseRecords + region)))
    func end(_ record: Int) -> UInt64 {
      base + UInt64(window.load32(at: layout.ends(region) + record * 4) &- UInt32(truncatingIfNeeded: base))
    }
    return (number == 0 ? base : end(number - 1))..<end(number)
  }

  /// A region's records end one behind the other, and the last one where it says.
  private func check(
    _ ring: Int, _ layout: RingLayout, region: Int, to end: UInt64, _ endRecords: UInt64
  ) throws(StateError) {
    let base = window.load(layout.cell(RingLayout.Cell.base + region))
    let baseRecords = window.load(layout.cell(RingLayout.Cell.baseRecords + region))
    guard base <= end, end - base <= UInt64(layout.size), baseRecords <= endRecords,
      endRecords - baseRecords <= UInt64(layout.capacity)
    else { throw .damaged("a region of ring \(ring)") }
    var at = base
    for record in 0..<Int(endRecords - baseRecords) {
      let low = window.load32(at: layout.ends(region) + record * 4)
      at += UInt64(low &- UInt32(truncatingIfNeeded: at))
      guard at <= end else { throw .damaged("a record of ring \(ring)") }
    }
    guard at == end else { throw .damaged("the last record of ring \(ring)") }
  }

  private func checkSlots() throws(StateError) {
    var blocks = Set<UInt64>()
    for slot in 0..<layout.slotCount where connection(slot) != nil {
      let stored = storedFrame(slot)
      let (size, received) = (stored.frame >> 32, stored.frame & 0xffff_ffff)
      let headerCount = stored.header >> 32
      guard size <= UInt64(layout.largestFrame), headerCount < 4,
        size == 0 ? received == headerCount : received < size && headerCount == 0,
        (size == 0) == (stored.block == 0)
      else { throw .damaged("the frame of connection \(slot)") }
      guard size > 0 else { continue }
      guard let block = StoredBlock(stored.block), layout.frameBlocks.contains(block),
        layout.frameBlocks.size(block.kind) >= Int(size), blocks.insert(stored.block).inserted
      else { throw .damaged("the block of connection \(slot)") }
      // It begins with the length that the slot knows.
      let start = layout.blocks + layout.frameBlocks.offset(block.kind, block.number)
      guard received >= 4, UInt64(window.load32(at: start).byteSwapped) + 4 == size else {
        throw .damaged("the start of the frame of connection \(slot)")
      }
    }
  }
}

/// A block of a partial frame, as a slot names it.
public struct StoredBlock: Sendable, BitwiseCopyable {
  public let kind: Int
  public let number: Int

  public init(kind: Int, number: Int) {
    self.kind = kind
    self.number = number
  }

  /// nil: none.
  public init?(_ word: UInt64) {
    guard word >> 63 == 1 else { return nil }
    kind = Int(word >> 32 & 0x7fff_ffff)
    number = Int(word & 0xffff_ffff)
  }

  public var word: UInt64 { 1 << 63 | UInt64(kind) << 32 | UInt64(number) }
}

extension FrameBlockClasses {
  func contains(_ block: StoredBlock) -> Bool { block.kind < count && block.number < blocks(block.kind) }
}
