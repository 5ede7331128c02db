import Glibc
import Pickle
import TestSupport
import Testing

@testable import SharedState

/// Memory that an earlier process left: what is finished in it, and what is not believed.
struct QueueCheckTests {
  private typealias Cell = RingLayout.Cell

  /// Memory whose rings have names, with records in the first one.
  private static func left(_ records: [String] = []) throws -> QueueMemory {
    let memory = try testMemory(rings: 2)
    for ring in 0..<2 { memory.setName(Array("ring \(ring)".utf8), ofRing: ring) }
    var transaction = Transaction(memory.layout)
    var producer = RingProducer(memory.ring(0), memory.window)
    append(records, to: &producer, memory)
    producer.publish(&transaction, memory.window)
    transaction.commit(memory.window)
    return memory
  }

  private static func append(_ records: [String], to producer: inout RingProducer, _ memory: QueueMemory) {
    for record in records {
      memory.window.put(Array(record.utf8), at: producer.room.lowerBound)
      producer.append(record.utf8.count, .info, memory.window)
    }
  }

  private static func adopt(_ memory: QueueMemory) throws(StateError) -> QueueMemory {
    try QueueMemory(adopting: fcntl(memory.file.descriptor, F_DUPFD_CLOEXEC, 3))
  }

  private static func waiting(_ memory: QueueMemory) -> String {
    var consumer = RingConsumer(memory, ring: 0)
    var text: [UInt8] = []
    while case let count = consumer.pending(), count > 0 {
      let length = consumer.bytes(ofFirst: count)
      text += memory.window.array(consumer.start..<consumer.start + length)
      consumer.advance(bytes: length, records: count)
    }
    return String(decoding: text, as: UTF8.self)
  }

  // MARK: Transactions

  @Test(arguments: 0...4) func aNotedTransactionIsCarriedOutHoweverFarItCame(carriedOut: Int) throws {
    let memory = try Self.left(["one\n"])
    var producer = RingProducer(memory.ring(0), memory.window)
    Self.append(["two\n"], to: &producer, memory)
    var transaction = Transaction(memory.layout)
    producer.publish(&transaction, memory.window)
    transaction.set(QueueLayout.Cell.routed, 7, memory.window)
    transaction.set(.none, memory.window)
    memory.window.store(QueueLayout.Cell.logCount, 4)
    let log = memory.layout.log / 8
    for entry in 0..<carriedOut {
      memory.window.store(Int(memory.window.load(log + 2 * entry)), memory.window.load(log + 2 * entry + 1))
    }
    let next = try Self.adopt(memory)
    #expect(Self.waiting(next) == "one\ntwo\n")
    #expect(next.window.load(QueueLayout.Cell.routed) == 7)
    #expect(next.window.load(QueueLayout.Cell.logCount) == 0)
  }

  @Test func aTransactionThatWasNotNotedLeavesNothing() throws {
    let memory = try Self.left(["one\n"])
    var producer = RingProducer(memory.ring(0), memory.window)
    Self.append(["two\n"], to: &producer, memory)
    var transaction = Transaction(memory.layout)
    producer.publish(&transaction, memory.window)
    #expect(Self.waiting(try Self.adopt(memory)) == "one\n")
  }

  // MARK: Steps of a writer

  /// Memory in which a writer was killed behind each of a step's stores; first behind none.
  private static func killed(
    _ make: () throws -> QueueMemory, in step: (inout RingConsumer) -> RingStep,
    then look: (_ next: QueueMemory, _ stores: Int, _ isLast: Bool) throws -> Void
  ) throws {
    var stores = 0
    while true {
      let memory = try make()
      var consumer = RingConsumer(memory, ring: 0)
      var count = 0
      step(&consumer).carryOut(memory.ring(0)) { cell, value in
        if count < stores { memory.window.store(cell, value) }
        count += 1
      }
      try look(adopt(memory), stores, stores == count)
      if stores == count { return }
      stores += 1
    }
  }

  @Test func aWriteThatIsAccountedForByHalfIsSoAltogetherOrFoundOutAnew() throws {
    let intent = WriteIntent(
      device: 1, inode: 2, bornSeconds: 3, bornNanoseconds: 4, length: 5, bytes: 8, records: 2)
    var isNoted = Set<Bool>()
    try Self.killed {
      let memory = try Self.left(["one\n", "two\n", "three\n"])
      RingConsumer(memory, ring: 0).note(intent)
      return memory
    } in: { consumer in
      RingStep(head: consumer.head + 6, headRecords: consumer.headRecords + 1, isTorn: true)
    } then: { next, stores, _ in
      var again = RingConsumer(next, ring: 0)
      let left = again.interruptedWrite()
      isNoted.insert(left == nil)
      if let left {
        #expect(left == intent && stores < 4, "found out anew")
        again.settle(left, written: 6)
      }
      #expect(again.headRecords == 1 && again.head == 6 && again.tornFile?.inode == 2, "killed behind \(stores) stores")
      #expect(again.pending() == 2 && again.bytes(ofFirst: 1) == 2)
      again.restartTornRecord()
      #expect(Self.waiting(next) == "two\nthree\n" && again.tornFile == nil)
    }
    #expect(isNoted == [false, true])
  }

  /// A pipe and the journal are written to without an intent: what was not accounted for comes again.
  @Test func aWriteWithoutAnIntentIsAccountedForAltogetherOrNotAtAll() throws {
    try Self.killed {
      try Self.left(["one\n", "two\n", "three\n"])
    } in: { consumer in
      RingStep(head: consumer.head + 8, headRecords: consumer.headRecords + 2)
    } then: { next, stores, isLast in
      #expect(Self.waiting(next) == (stores < 4 ? "one\ntwo\nthree\n" : "three\n"), "killed behind \(stores) stores")
      if isLast { #expect(stores > 4) }
    }
  }

  @Test func whatIsDroppedIsCountedOnceWheneverTheProcessIsKilled() throws {
    try Self.killed {
      try Self.left(["one\n", "two\n", "three\n"])
    } in: { consumer in
      guard let step = consumer.drop(freeing: 5, upTo: .error) else {
        Issue.record("nothing can be dropped")
        return RingStep(head: 0, headRecords: 0)
      }
      return step
    } then: { next, stores, isLast in
      let counts = next.counts(ofRing: 0)
      var consumer = RingConsumer(next, ring: 0)
      // The next process needs the room, too.
      if counts.taken == 0 { #expect(consumer.dropOldest(freeing: 5, upTo: .error) == 2) }
      #expect(counts.taken == 2 && counts.dropped(.info) == 2, "killed behind \(stores) stores")
      #expect(counts.droppedBytes == 8)
      if isLast { #expect(stores > 12) }
      #expect(Self.waiting(next) == "three\n")
    }
  }

  @Test func whatIsRefusedIsCounted() throws {
    let memory = try Self.left(["one\n", "two\n"])
    var consumer = RingConsumer(memory, ring: 0)
    #expect(consumer.pending() == 2)
    consumer.refuseFirst()
    let counts = try Self.adopt(memory).counts(ofRing: 0)
    #expect(counts.refused == 1 && counts.droppedBytes == 4 && counts.taken == 1)
    #expect(Self.waiting(memory) == "two\n")
  }

  // MARK: Damage

  /// What is done to memory with three records, a partial frame of 20 bytes and its 9 bytes.
  struct Damage: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let make: @Sendable (QueueMemory) -> Void

    init(_ what: String, _ make: @escaping @Sendable (QueueMemory) -> Void) {
      (testDescription, self.make) = (what, make)
    }

    static func ring(_ what: String, _ cell: Int, _ value: UInt64) -> Damage {
      Damage(what) { $0.window.store($0.ring(0).cell(cell), value) }
    }

    static func slot(_ what: String, _ cell: Int, _ value: UInt64) -> Damage {
      Damage(what) { $0.window.store($0.layout.slots / 8 + cell, value) }
    }

    static func header(_ what: String, _ cell: Int, _ value: UInt64) -> Damage {
      Damage(what) { $0.window.store(cell, value) }
    }
  }

  static let damages: [Damage] = [
    .header("more notes than there is room for", QueueLayout.Cell.logCount, 1 << 40),
    Damage("a note about the log itself") { memory in
      var transaction = Transaction(memory.layout)
      transaction.set(memory.layout.log / 8, 1, memory.window)
      memory.window.store(QueueLayout.Cell.logCount, 1)
    },
    Damage("a note beyond the file") { memory in
      var transaction = Transaction(memory.layout)
      transaction.set(Int.max, 1, memory.window)
      memory.window.store(QueueLayout.Cell.logCount, 1)
    },
    .header("work of no kind", QueueLayout.Cell.work, 9),
    .header("work of a connection that cannot be", QueueLayout.Cell.work, Work.receive(slot: 4).word),
    .header("work of a listener that cannot be", QueueLayout.Cell.work, Work.receiveDatagrams(listener: 256).word),
    Damage("a rest outside of the buffer") { memory in
      var transaction = Transaction(memory.layout)
      transaction.set(.rest(slot: 0, 0..<10), memory.window)
      transaction.commit(memory.window)
    },
    Damage("a rest behind a partial frame") { memory in
      var transaction = Transaction(memory.layout)
      transaction.set(.rest(slot: 0, memory.layout.input..<memory.layout.input + 10), memory.window)
      transaction.commit(memory.window)
    },
    Damage("more datagrams than one receive gives") { memory in
      var transaction = Transaction(memory.layout)
      transaction.set(.datagrams(listener: 0, next: 0, count: 33), memory.window)
      transaction.commit(memory.window)
    },
    .ring("a step of no kind", Cell.step, 3),
    Damage("a step behind the tail") { memory in
      RingStep(head: 15, headRecords: 3).carryOut(memory.ring(0)) { cell, value in
        if value != 0 { memory.window.store(cell, value) }
      }
    },
    .ring("a head behind the tail", Cell.head, 15),
    .ring("a head in another record", Cell.head, 5),
    .ring("a head in front of its region", Cell.base, 2),
    .ring("records behind the last one", Cell.headRecords, 4),
    .ring("bytes without a record", Cell.headRecords, 3),
    .ring("a third region", Cell.region, 2),
    .ring("a tail that no daemon reaches", Cell.tail, .max),
    .ring("more records than ends", Cell.tailRecords, 1 << 40),
    .ring("a tail between two ends", Cell.tail, 13),
    .ring("a region that begins behind its end", Cell.base, 100),
    Damage("an end behind the last one") { $0.window.storeBytes(of: 1000, count: 4, at: $0.ring(0).ends(0)) },
    Damage("ends that go back") { $0.window.storeBytes(of: 2, count: 4, at: $0.ring(0).ends(0) + 4) },
    .slot("a frame over the limit", SlotCell.frame, 1 << 62 | 9),
    .slot("more of a frame than it has", SlotCell.frame, 20 << 32 | 20),
    .slot("less of a frame than its length", SlotCell.frame, 20 << 32 | 3),
    .slot("a frame of another length", SlotCell.frame, 21 << 32 | 9),
    .slot("a length in front of a frame", SlotCell.header, 1 << 32),
    .slot("a length of four bytes", SlotCell.header, 4 << 32),
    .slot("a frame without a block", SlotCell.block, 0),
    .slot("a block of no class", SlotCell.block, StoredBlock(kind: 9, number: 0).word),
    .slot("a block behind the last one", SlotCell.block, StoredBlock(kind: 0, number: 1000).word),
    Damage("a block of two connections") { memory in
      memory.open(slot: 1, ConnectionState(cookie: 2, listener: 0, peer: []))
      var transaction = Transaction(memory.layout)
      memory.note(memory.storedFrame(0), instead: StoredFrame(), slot: 1, &transaction)
      transaction.commit(memory.window)
    },
    .header("a total that no daemon reaches", QueueLayout.Cell.filtered, .max),
    Damage("counters that are too many together") { memory in
      for listener in 0..<3 { memory.window.store(memory.layout.counters.listener(listener), 1 << 56) }
    },
    Damage("a handler's counter that no daemon reaches") { $0.window.store($0.layout.counters.handler(1), 1 << 63) },
  ]

  private static func rich() throws -> QueueMemory {
    let memory = try left(["one\n", "two\n", "three\n"])
    memory.open(slot: 0, ConnectionState(cookie: 1, listener: 0, peer: Array("127.0.0.1:1".utf8)))
    hold(memory, slot: 0, size: 20, received: 9, block: 0)
    return memory
  }

  private static func hold(_ memory: QueueMemory, slot: Int, size: Int, received: Int, block: Int) {
    let layout = memory.layout
    guard let kind = layout.frameBlocks.index(for: size) else { return }
    let length = (0..<4).map { UInt8(truncatingIfNeeded: (size - 4) >> (24 - 8 * $0)) }
    let bytes = length + (4..<received).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ slot) }
    memory.window.put(bytes, at: layout.blocks + layout.frameBlocks.offset(kind, block))
    var transaction = Transaction(layout)
    memory.note(
      StoredFrame(frame: UInt64(size) << 32 | UInt64(received), block: StoredBlock(kind: kind, number: block).word),
      instead: StoredFrame(), slot: slot, &transaction)
    transaction.commit(memory.window)
  }

  @Test(arguments: damages) func damagedMemoryIsRefused(damage: Damage) throws {
    let memory = try Self.rich()
    #expect(throws: Never.self) { try Self.adopt(memory) }
    damage.make(memory)
    do throws(StateError) {
      _ = try Self.adopt(memory)
      Issue.record("it was believed")
    } catch {
      guard case .damaged = error else {
        Issue.record("another reason: \(error)")
        return
      }
    }
  }

  // MARK: What is no memory of a queue

  @Test func anotherVersionAndAnotherFileAreToldApart() throws {
    let memory = try Self.left()
    memory.window.store(QueueLayout.Cell.version, QueueLayout.version + 1)
    #expect(throws: StateError.otherVersion) { try Self.adopt(memory) }
    memory.window.store(QueueLayout.Cell.version, QueueLayout.version)
    memory.window.store(QueueLayout.Cell.magic, 1)
    #expect(throws: StateError.notOurs) { try Self.adopt(memory) }
    memory.window.store(QueueLayout.Cell.magic, QueueLayout.magic)
    for cell in [QueueLayout.Cell.connections, QueueLayout.Cell.memory, QueueLayout.Cell.largestFrame] {
      let right = memory.window.load(cell)
      for wrong: UInt64 in [0, 1 << 20 | 1, 1 << 40, .max] {
        memory.window.store(cell, wrong)
        #expect(throws: StateError.otherVersion) { try Self.adopt(memory) }
      }
      memory.window.store(cell, right)
    }
    #expect(throws: Never.self) { try Self.adopt(memory) }
  }

  @Test func aFileWhoseSizeCanChangeIsRefused() throws {
    let path = "/dev/shm/onggi-test-\(getpid())"
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    #expect(descriptor >= 0)
    _ = unsafe unlink(path)
    let memory = try Self.left()
    #expect(ftruncate(descriptor, off_t(memory.file.size)) == 0)
    let header = memory.window.array(0..<4096)
    #expect(unsafe pwrite(descriptor, header, header.count, 0) == 4096)
    #expect(throws: StateError.system(SystemError("fstat", EINVAL))) { try QueueMemory(adopting: descriptor) }
    let pipe = try MemoryFile(name: "short", size: 100)
    #expect(throws: StateError.notOurs) {
      try QueueMemory(adopting: fcntl(pipe.descriptor, F_DUPFD_CLOEXEC, 3))
    }
    let cut = try MemoryFile(name: "cut", size: 1 << 20)
    #expect(unsafe pwrite(cut.descriptor, header, header.count, 0) == 4096)
    #expect(throws: StateError.otherVersion) { try QueueMemory(adopting: fcntl(cut.descriptor, F_DUPFD_CLOEXEC, 3)) }
  }

  /// Whether a record is written in part is what the ends of the ring say, whatever was noted of it.
  @Test(arguments: [2, 4, 6]) func aRecordIsTornWhereTheWriterStands(bytes: Int) throws {
    let memory = try Self.left(["one\n", "two\n"])
    var consumer = RingConsumer(memory, ring: 0)
    #expect(consumer.pending() == 2)
    let isTorn = bytes % 4 != 0
    consumer.advance(bytes: bytes, records: bytes / 4, isTorn: isTorn)
    let cell = memory.ring(0).cell(Cell.torn)
    memory.window.store(cell, isTorn ? 0 : 1)
    #expect(try Self.adopt(memory).window.load(cell) == (isTorn ? 1 : 0))
  }

  // MARK: Another layout

  @Test func anotherLayoutKeepsNamesCountersAndPartialFrames() throws {
    let old = try testMemory(rings: 2, connections: 4, largestFrame: 1 << 16)
    old.setName(Array("ring".utf8), ofRing: 1)
    old.setName(Array("tcp".utf8), ofListener: 0)
    for slot in [0, 1, 3] {
      old.open(slot: slot, ConnectionState(cookie: UInt64(slot), listener: 2, peer: Array("peer \(slot)".utf8)))
    }
    Self.hold(old, slot: 0, size: 20, received: 9, block: 2)
    Self.hold(old, slot: 3, size: 60_000, received: 5_000, block: 1)
    // A listener whose name stands in another queue's memory.
    old.window.store(old.layout.counters.listener(5), 55)
    old.window.store(old.layout.counters.handler(1), 66)
    old.window.store(QueueLayout.Cell.routed, 77)
    var producer = RingProducer(old.ring(1), old.window)
    old.window.put(Array("one\n".utf8), at: producer.room.lowerBound)
    producer.append(4, .info, old.window)
    var transaction = Transaction(old.layout)
    producer.publish(&transaction, old.window)
    transaction.commit(old.window)
    var consumer = RingConsumer(old, ring: 1)
    #expect(consumer.pending() == 1)
    consumer.advance(bytes: 4, records: 1)
    let wanted = QueueLayout(connections: 9, memory: 4 << 20, largestFrame: 1 << 18, rings: 3)
    let new = try #require(try QueueMemory(layout: wanted, name: "onggi-test", continuing: old))
    let next = try Self.adopt(new)
    #expect(next.layout == wanted && next.usedRings == [1])
    #expect(next.name(ofListener: 0) == Array("tcp".utf8) && next.name(ofRing: 1) == Array("ring".utf8))
    #expect(next.window.load(wanted.counters.listener(5)) == 55)
    #expect(next.window.load(wanted.counters.handler(1)) == 66)
    #expect(next.window.load(QueueLayout.Cell.routed) == 77)
    let counts = next.counts(ofRing: 1)
    #expect(counts.published == 1 && counts.taken == 1 && counts.takenBytes == 4)
    for slot in 0..<4 {
      #expect(next.connection(slot) == old.connection(slot))
      guard let before = StoredBlock(old.storedFrame(slot).block) else { continue }
      let after = try #require(StoredBlock(next.storedFrame(slot).block))
      let count = Int(old.storedFrame(slot).frame & 0xffff_ffff)
      let from = old.layout.blocks + old.layout.frameBlocks.offset(before.kind, before.number)
      let to = wanted.blocks + wanted.frameBlocks.offset(after.kind, after.number)
      #expect(next.window.array(to..<to + count) == old.window.array(from..<from + count))
      #expect(next.storedFrame(slot).frame == old.storedFrame(slot).frame)
    }
    let short = QueueLayout(connections: 3, memory: 4 << 20, largestFrame: 1 << 16, rings: 2)
    #expect(try QueueMemory(layout: short, name: "onggi-test", continuing: old) == nil, "a connection has no slot")
    let small = QueueLayout(connections: 4, memory: 4 << 20, largestFrame: 1 << 12, rings: 2)
    #expect(try QueueMemory(layout: small, name: "onggi-test", continuing: old) == nil, "a frame is too long")
    let few = QueueLayout(connections: 4, memory: 4 << 20, largestFrame: 1 << 16, rings: 1)
    #expect(try QueueMemory(layout: few, name: "onggi-test", continuing: old) == nil, "a ring is missing")
    let waits = try Self.left(["one\n"])
    #expect(try QueueMemory(layout: wanted, name: "onggi-test", continuing: waits) == nil, "a record waits")
  }

  /// A ring that a process was killed in while it was made free.
  @Test func aRingThatIsTakenAnewIsEmpty() throws {
    let memory = try Self.left(["one\n"])
    memory.setName(nil, ofRing: 0)
    memory.window.store(memory.ring(0).cell(Cell.head), 3)
    let next = try Self.adopt(memory)
    try next.clearRing(0)
    var consumer = RingConsumer(next, ring: 0)
    #expect(consumer.pending() == 0 && consumer.head == 0)
  }
}
