import SharedState

/// A moment at which a process is killed: what stands in its memory then.
enum StateMoment: CaseIterable {
  case started, waiting, bothRegions, noted, halfDone, received, receivedRest, receivedNothing, rest, datagrams
  case restOfDatagrams, writing, torn, partial, ran, ranWithPartial

  /// Of the memories that are left: small, and sparse.
  static let layout = QueueLayout(connections: 4, memory: 1 << 20, largestFrame: largestFrame + 4, rings: rings)
  static let largestFrame = 4096
  static let rings = 2
  /// What stands in the file that a write was under way to, in front of it.
  static let earlier = Array("earlier\n".utf8)

  /// A record of the stock shape whose message is `text`, in its frame.
  static func frame(_ text: String) -> [UInt8] {
    func string(_ text: String) -> [UInt8] {
      let count = UInt8(truncatingIfNeeded: text.utf8.count)
      return [UInt8(ascii: "X"), count, 0, 0, 0] + text.utf8
    }
    let record = [0x80, 2] + Array("}(".utf8) + string("msg") + string(text) + string("args") + Array("Nu.".utf8)
    return [0, 0, 0, UInt8(truncatingIfNeeded: record.count)] + record
  }

  /// Leaves the memory as it is at this moment. `file`: what a write goes to.
  func leave(_ memory: QueueMemory, file: WriteIntent) {
    for ring in 0..<StateMoment.rings { memory.setName(Array("file\0\(ring)\0/x".utf8), ofRing: ring) }
    memory.setName(Array("tcp".utf8), ofListener: 0)
    let (window, layout) = (MemoryPlaces(memory), memory.layout)
    var transaction = Transaction(layout)
    let input = layout.input + QueueLayout.inputHeadroom
    let whole = StateMoment.frame("one") + StateMoment.frame("two")
    switch self {
    case .started: break
    case .waiting:
      put(["one\n", "two\n"], memory, ring: 0)
      put(["three\n"], memory, ring: 1)
    case .bothRegions:
      // The second record has a region of its own, since the first one fills enough of the other.
      put([String(repeating: "x", count: 300_000) + "\n"], memory, ring: 0)
      put(["two\n", "three\n"], memory, ring: 0)
    case .noted, .halfDone:
      put(["one\n"], memory, ring: 0)
      var producer = RingProducer(memory.ring(0), memory.window)
      window.put(Array("two\n".utf8), at: producer.room.lowerBound)
      producer.append(4, .info, memory.window)
      producer.publish(&transaction, memory.window)
      transaction.set(.none, memory.window)
      memory.window.store(QueueLayout.Cell.logCount, 3)
      if self == .halfDone {
        // The first entry of the log.
        memory.window.store(Int(memory.window.load(layout.log / 8)), memory.window.load(layout.log / 8 + 1))
      }
    case .received:
      open(memory, slot: 0)
      window.put(whole + StateMoment.frame("three").prefix(9), at: input)
      window.receive(whole.count + 9, message: 0)
      memory.window.store(QueueLayout.Cell.work, Work.receive(slot: 0).word)
    case .receivedRest:
      open(memory, slot: 1)
      let start = hold(memory, slot: 1, 9)
      let rest = StateMoment.frame("held").dropFirst(9)
      window.put(Array(rest), at: start + 9)
      window.put(whole, at: input)
      window.receive(rest.count + whole.count, message: 0)
      memory.window.store(QueueLayout.Cell.work, Work.receive(slot: 1).word)
    case .receivedNothing:
      open(memory, slot: 0)
      window.receive(0xffff_ffff, message: 0)
      memory.window.store(QueueLayout.Cell.work, Work.receive(slot: 0).word)
    case .rest:
      open(memory, slot: 0)
      window.put(whole, at: input)
      transaction.set(.rest(slot: 0, input..<input + whole.count), memory.window)
      transaction.commit(memory.window)
    case .datagrams, .restOfDatagrams:
      for number in 0..<3 {
        let frame = StateMoment.frame("datagram")
        window.put(frame, at: layout.datagramBuffers + number * QueueLayout.datagramStride)
        window.receive(frame.count, message: number)
      }
      window.receive(0xffff_ffff, message: 3)
      let work = self == .datagrams ? Work.receiveDatagrams(listener: 0) : .datagrams(listener: 0, next: 1, count: 3)
      transaction.set(work, memory.window)
      transaction.commit(memory.window)
    case .writing, .torn:
      put(["one\n", "two\n", "three\n"], memory, ring: 0)
      var consumer = RingConsumer(memory, ring: 0)
      var intent = file
      (intent.length, intent.records) = (StateMoment.earlier.count, min(consumer.pending(), 2))
      intent.bytes = consumer.bytes(ofFirst: intent.records)
      consumer.note(intent)
      if self == .torn { consumer.advance(bytes: 6, records: 1, isTorn: true) }
    case .partial:
      for slot in 0..<3 { open(memory, slot: slot) }
      _ = hold(memory, slot: 0, 9)
      _ = hold(memory, slot: 1, 4)
      memory.note(
        StoredFrame(frame: 2, header: 2 << 32), instead: StoredFrame(), slot: 2, &transaction)
      transaction.commit(memory.window)
    case .ran:
      run(memory, stream: whole + StateMoment.frame("three"), datagrams: [StateMoment.frame("four"), [0, 0, 0, 9]])
    case .ranWithPartial:
      run(memory, stream: whole + StateMoment.frame("three").dropLast(3), datagrams: [])
    }
  }

  private func run(_ memory: QueueMemory, stream: [UInt8], datagrams: [[UInt8]]) {
    do {
      try RealRun.leave(memory, stream: stream, datagrams: datagrams)
    } catch {
      fatalError("no run: \(error)")
    }
  }

  private func open(_ memory: QueueMemory, slot: Int) {
    memory.open(
      slot: slot, ConnectionState(cookie: UInt64(slot) + 1, listener: 0, peer: Array("127.0.0.1:1".utf8)))
  }

  /// A connection has sent so many bytes of a frame. Returns where they stand.
  private func hold(_ memory: QueueMemory, slot: Int, _ count: Int) -> Int {
    let frame = StateMoment.frame("held")
    let start = memory.layout.blocks + memory.layout.frameBlocks.offset(0, slot)
    MemoryPlaces(memory).put(Array(frame.prefix(count)), at: start)
    var transaction = Transaction(memory.layout)
    memory.note(
      StoredFrame(
        frame: UInt64(frame.count) << 32 | UInt64(count), block: StoredBlock(kind: 0, number: slot).word),
      instead: StoredFrame(), slot: slot, &transaction)
    transaction.commit(memory.window)
    return start
  }

  private func put(_ records: [String], _ memory: QueueMemory, ring: Int) {
    var producer = RingProducer(memory.ring(ring), memory.window)
    producer.rewind(memory.window)
    for record in records {
      MemoryPlaces(memory).put(Array(record.utf8), at: producer.room.lowerBound)
      producer.append(record.utf8.count, .info, memory.window)
    }
    var transaction = Transaction(memory.layout)
    producer.publish(&transaction, memory.window)
    transaction.commit(memory.window)
  }
}

/// Changes to a memory from outside of the daemon.
struct MemoryPlaces {
  let memory: QueueMemory

  init(_ memory: QueueMemory) { self.memory = memory }

  func put(_ bytes: [UInt8], at offset: Int) { memory.window.put(bytes, at: offset) }

  /// Notes how much a receive took, as the kernel does: `onggi_message.received`.
  func receive(_ count: Int, message: Int) {
    let at = memory.layout.receiveArea + message * MemoryPlaces.messageSize + MemoryPlaces.received
    memory.window.storeBytes(of: UInt32(truncatingIfNeeded: count), count: 4, at: at)
  }

  static let messageSize = 64
  static let received = 56
  private static let flags = 48

  /// Of a region of a ring: ends and ranks of records, then their bytes.
  private static func regionSize(_ ring: RingLayout) -> Int {
    ring.capacity * 4 + (ring.capacity + 4095) / 4096 * 4096 + ring.size
  }

  /// Where a change is to be made. It never reaches over the end of a cell.
  func place(_ change: MemoryChange) -> Int {
    let layout = memory.layout
    let place = change.place
    let (half, number) = (place / 128, place % 128)
    switch change.kind & 7 {
    case 0: return place % 32 * 8
    case 1: return layout.log + place * 8
    case 2: return layout.slots + place % (4 * QueueLayout.slotSize / 8) * 8
    case 3: return memory.ring(0).header + place * 8
    case 4: return memory.ring(1).header + place * 8
    case 5:
      let ring = memory.ring(half)
      let ends = ring.header + 4096 + number / 64 * MemoryPlaces.regionSize(ring)
      return ends + number % 64 * 4
    case 6:
      return layout.receiveArea + place % 32 * MemoryPlaces.messageSize
        + (place % 64 < 32 ? MemoryPlaces.received : MemoryPlaces.flags)
    default:
      let start =
        switch place / 32 {
        case 0: layout.input + QueueLayout.inputHeadroom
        case 1: layout.datagramBuffers
        case 2: layout.blocks
        case 3: layout.counters.listener(0) * 8
        case 4: layout.counters.handler(0) * 8
        case 5: place % 2 == 0 ? layout.nameLengths : layout.names
        case 6:
          place % 2 == 0
            ? layout.nameLengths + QueueLayout.mostListeners * 8
            : layout.names + QueueLayout.mostListeners * QueueLayout.nameSize
        default: memory.ring(0).header + 4096 + MemoryPlaces.regionSize(memory.ring(0)) - memory.ring(0).size
        }
      return start + place % 32 * 8
    }
  }

  func make(_ change: MemoryChange) {
    let offset = place(change)
    let old = memory.window.load(offset / 8)
    if offset % 8 == 0 && !change.isNarrow {
      memory.window.store(offset / 8, change.isSum ? old &+ change.value : change.value)
    } else {
      let half = UInt32(truncatingIfNeeded: old >> UInt64(offset % 8 * 8))
      let value = UInt32(truncatingIfNeeded: change.value)
      memory.window.storeBytes(of: change.isSum ? half &+ value : value, count: 4, at: offset)
    }
  }
}

/// A change to a memory, as ten bytes of an input: an area, a place in it, and a value that is put there
/// or added to what is there.
struct MemoryChange {
  let kind: UInt8
  let place: Int
  let value: UInt64

  var isSum: Bool { kind & 8 != 0 }
  /// Whether it is of 32 bits: numbers of the receive area, and ends of records.
  var isNarrow: Bool { kind & 7 == 5 || kind & 7 == 6 }

  static let size = 10

  /// The changes of an input: what follows its first byte.
  static func each(_ bytes: [UInt8], _ body: (MemoryChange) -> Void) {
    var at = 1
    while at + size <= bytes.count {
      let value = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[at + 2 + $1]) << UInt64(8 * $1) }
      body(MemoryChange(kind: bytes[at], place: Int(bytes[at + 1]), value: value))
      at += size
    }
  }
}
