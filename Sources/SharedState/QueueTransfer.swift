/// Going over to memory of another layout, when the limits of the configuration have changed.
extension QueueMemory {
  /// Whether no record waits to be written.
  public var areRingsEmpty: Bool {
    rings.allSatisfy { ring in
      window.load(ring.layout.cell(RingLayout.Cell.head)) == window.load(ring.layout.cell(RingLayout.Cell.tail))
    }
  }

  /// The rings that somebody has used.
  public var usedRings: [Int] { (0..<layout.ringCount).filter { name(ofRing: $0) != nil } }

  private var rings: [(number: Int, layout: RingLayout)] { usedRings.map { ($0, ring($0)) } }

  /// Fresh memory that goes on where other memory stands, in which no record waits and no work is under
  /// way: names, counters, connections and their partial frames. nil: it has no room for all of them.
  public convenience init?(layout: QueueLayout, name: String, continuing old: QueueMemory) throws(SystemError) {
    guard old.areRingsEmpty, layout.ringCount >= old.layout.ringCount else { return nil }
    try self.init(layout: layout, name: name)
    for slot in 0..<old.layout.slotCount {
      guard let connection = old.connection(slot) else { continue }
      guard slot < layout.slotCount else { return nil }
      open(slot: slot, connection)
    }
    guard moveFrames(from: old) else { return nil }
    for listener in 0..<QueueLayout.mostListeners {
      if let name = old.name(ofListener: listener) { setName(name, ofListener: listener) }
      copyCells(
        old.layout.counters.listener(listener), layout.counters.listener(listener), QueueLayout.listenerCells, old)
    }
    for ring in old.usedRings {
      try mapRing(ring)
      moveRing(ring, from: old)
      copyCells(old.layout.counters.handler(ring), layout.counters.handler(ring), QueueLayout.handlerCells, old)
      // The name last: from then on it is used.
      setName(old.name(ofRing: ring) ?? [], ofRing: ring)
    }
    copyCells(QueueLayout.Cell.filtered, QueueLayout.Cell.filtered, 2, old)
  }

  private func copyCells(_ from: Int, _ to: Int, _ count: Int, _ old: QueueMemory) {
    for index in 0..<count { window.store(to + index, old.window.load(from + index)) }
  }

  private func moveFrames(from old: QueueMemory) -> Bool {
    var used = Array(repeating: 0, count: layout.frameBlocks.count)
    var transaction = Transaction(layout)
    for slot in 0..<min(layout.slotCount, old.layout.slotCount) where old.connection(slot) != nil {
      var stored = old.storedFrame(slot)
      if let block = StoredBlock(stored.block) {
        let size = Int(stored.frame >> 32)
        guard let kind = layout.frameBlocks.index(for: size), size <= layout.largestFrame,
          used[kind] < layout.frameBlocks.blocks(kind)
        else { return false }
        let start = old.layout.blocks + old.layout.frameBlocks.offset(block.kind, block.number)
        window.put(
          old.window.array(start..<start + Int(stored.frame & 0xffff_ffff)),
          at: layout.blocks + layout.frameBlocks.offset(kind, used[kind]))
        stored.block = StoredBlock(kind: kind, number: used[kind]).word
        used[kind] += 1
      }
      note(stored, instead: StoredFrame(), slot: slot, &transaction)
      transaction.commit(window)
    }
    return true
  }

  /// An empty ring goes on counting where it stood.
  private func moveRing(_ number: Int, from old: QueueMemory) {
    let (from, to) = (old.ring(number), ring(number))
    let tail = old.window.load(from.cell(RingLayout.Cell.tail))
    let tailRecords = old.window.load(from.cell(RingLayout.Cell.tailRecords))
    for cell in [RingLayout.Cell.head, RingLayout.Cell.tail, RingLayout.Cell.base] {
      window.store(to.cell(cell), tail)
    }
    for cell in [RingLayout.Cell.headRecords, RingLayout.Cell.tailRecords, RingLayout.Cell.baseRecords] {
      window.store(to.cell(cell), tailRecords)
    }
    copyCells(
      from.cell(RingLayout.Cell.handler), to.cell(RingLayout.Cell.handler),
      RingLayout.Cell.handlerCount + RingLayout.Cell.droppedCount, old)
  }

  /// Maps a ring that nobody uses, and makes it empty.
  public func clearRing(_ number: Int) throws(SystemError) {
    try mapRing(number)
    forgetRing(number)
  }

  /// Makes an empty ring one that nobody has used.
  public func forgetRing(_ number: Int) {
    setName(nil, ofRing: number)
    let layout = ring(number)
    for cell in 0..<QueueLayout.ringHeaderSize / 8 { window.store(layout.cell(cell), 0) }
    let counters = self.layout.counters.handler(number)
    for cell in 0..<QueueLayout.handlerCells { window.store(counters + cell, 0) }
  }
}
