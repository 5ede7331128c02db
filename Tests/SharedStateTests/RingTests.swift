import Foundation
import Pickle
import Synchronization
import Testing

@testable import SharedState

/// A ring of one MiB, alone in its queue's memory.
func testMemory(rings: Int = 1, connections: Int = 4, largestFrame: Int = 1 << 16) throws -> QueueMemory {
  let memory = try QueueMemory(
    layout: QueueLayout(connections: connections, memory: 1 << 20, largestFrame: largestFrame, rings: rings),
    name: "onggi-test")
  for ring in 0..<rings { try memory.mapRing(ring) }
  return memory
}

extension MemoryWindow {
  fileprivate func fill(_ range: Range<Int>, _ source: [UInt8]) {
    var target = writable(range)
    target.copy(source.rawBytes, to: 0)
  }
}

/// Both ends of a ring.
private final class RingBench {
  let memory: QueueMemory
  var producer: RingProducer
  var consumer: RingConsumer

  init() throws {
    memory = try testMemory()
    producer = RingProducer(memory.ring(0), memory.window)
    consumer = RingConsumer(memory, ring: 0)
  }

  /// Adds a record and shows it; false when there is no room.
  func add(_ record: [UInt8]) -> Bool { producer.add(record, memory) }

  /// Takes the first records that wait, at most `most`, out of both regions.
  func take(_ most: Int) -> [UInt8] {
    var result: [UInt8] = []
    var left = most
    while left > 0 {
      let count = min(consumer.pending(), left)
      if count == 0 { break }
      let length = consumer.bytes(ofFirst: count)
      result += memory.window.array(consumer.start..<consumer.start + length)
      consumer.advance(bytes: length, records: count)
      left -= count
    }
    return result
  }

  func rewind() { producer.rewind(memory.window) }

  /// Starts both ends again from what stands in the memory.
  func restart() {
    producer = RingProducer(memory.ring(0), memory.window)
    consumer = RingConsumer(memory, ring: 0)
  }
}

extension RingProducer {
  fileprivate mutating func add(_ record: [UInt8], _ memory: QueueMemory) -> Bool {
    refresh(memory.window)
    guard room.count >= record.count else { return false }
    memory.window.fill(room, record)
    append(record.count, .info, memory.window)
    var transaction = Transaction(memory.layout)
    publish(&transaction, memory.window)
    transaction.commit(memory.window)
    return true
  }
}

struct RingTests {
  private static func record(_ number: Int, _ length: Int) -> [UInt8] {
    (0..<length).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0) }
  }

  @Test func recordsComeOutAsTheyWentInOverManyTurns() throws {
    let ring = try RingBench()
    var random = SystemRandomNumberGenerator()
    var sent: [UInt8] = []
    var total = 0
    for number in 0..<600 {
      let record = Self.record(number, Int(random.next() % 40_000))
      ring.rewind()
      while !ring.add(record) {
        defer { ring.rewind() }
        let taken = ring.take(7)
        #expect(Array(sent.prefix(taken.count)) == taken)
        sent.removeFirst(taken.count)
      }
      sent += record
      total += record.count
    }
    #expect(total > 8 * ring.memory.layout.ringSize)
    #expect(ring.take(.max) == sent)
    #expect(ring.consumer.headRecords == 600 && ring.consumer.pending() == 0)
  }

  @Test func anEmptyRingRewindsAndAFullerOneDoesNot() throws {
    let ring = try RingBench()
    let start = ring.producer.room.lowerBound
    for number in 0..<100 {
      #expect(ring.add(Self.record(number, 5000)))
      #expect(ring.add(Self.record(number, 300)))
      ring.rewind()
      #expect(ring.producer.room.lowerBound == start + 5300, "records wait: no rewinding")
      #expect(ring.take(1) == Self.record(number, 5000))
      ring.rewind()
      #expect(ring.producer.room.lowerBound == start + 5300)
      #expect(ring.take(1) == Self.record(number, 300))
      ring.rewind()
      #expect(ring.producer.room == start..<start + ring.memory.layout.ringSize)
    }
    #expect(ring.consumer.headRecords == 200, "records count for ever")
  }

  @Test func fullByBytes() throws {
    let ring = try RingBench()
    let size = ring.memory.layout.ringSize
    #expect(ring.add(Self.record(1, size)))
    ring.rewind()
    #expect(ring.producer.room.isEmpty && !ring.add([1]), "the other region is free, but so much may not wait")
    #expect(ring.producer.used == size)
    #expect(ring.take(1) == Self.record(1, size))
    ring.rewind()
    #expect(ring.producer.room.count == size)
  }

  @Test func fullByRecords() throws {
    let ring = try RingBench()
    let capacity = ring.producer.layout.capacity
    let added = (0..<capacity).count { _ in ring.add([7]) }
    #expect(added == capacity)
    #expect(!ring.add([8]), "no further record can be numbered")
    #expect(ring.consumer.pending() == capacity && ring.consumer.bytes(ofFirst: capacity) == capacity)
    #expect(ring.consumer.records(in: 10, of: capacity) == 10)
    ring.rewind()
    #expect(ring.add([8]), "the other region has numbers left")
    #expect(ring.consumer.pending() == capacity, "the older region comes first")
    #expect(ring.take(capacity).count == capacity)
    #expect(ring.take(.max) == [8])
  }

  @Test func whatIsNotPublishedIsNotSeen() throws {
    let ring = try RingBench()
    let before = ring.producer
    ring.producer.append(10, .info, ring.memory.window)
    #expect(ring.consumer.pending() == 0)
    ring.producer = before
    var transaction = Transaction(ring.memory.layout)
    ring.producer.publish(&transaction, ring.memory.window)
    transaction.commit(ring.memory.window)
    #expect(ring.consumer.pending() == 0, "a transaction that is taken back leaves nothing")
  }

  @Test func anotherProducerAndConsumerGoOnWhereTheLastOnesStopped() throws {
    let ring = try RingBench()
    for number in 0..<10 { #expect(ring.add(Self.record(number, 100))) }
    _ = ring.take(4)
    ring.restart()
    #expect(ring.consumer.pending() == 6)
    #expect(ring.add(Self.record(10, 100)))
    for number in 4...10 { #expect(ring.take(1) == Self.record(number, 100)) }
  }

  @Test func charactersAreCountedWhereBytesAreMore() throws {
    let ring = try RingBench()
    #expect(ring.add(Array("가 é 😀\n".utf8)))
    #expect(ring.consumer.pending() == 1)
    #expect(ring.consumer.charactersOfFirst() == 6)
  }

  @Test func theRegionsChangeOverWhenEnoughHasComeAndTheOtherIsEmpty() throws {
    let ring = try RingBench()
    let first = ring.producer.room.lowerBound
    #expect(ring.add(Self.record(1, RingProducer.changeOver)))
    ring.rewind()
    let second = ring.producer.room.lowerBound
    #expect(second != first + RingProducer.changeOver, "the other region")
    #expect(ring.add(Self.record(2, RingProducer.changeOver)))
    ring.rewind()
    #expect(ring.producer.room.lowerBound == second + RingProducer.changeOver, "the first one is not empty yet")
    #expect(ring.take(1) == Self.record(1, RingProducer.changeOver))
    ring.rewind()
    #expect(ring.producer.room.lowerBound == first)
    #expect(ring.take(.max) == Self.record(2, RingProducer.changeOver))
  }

  /// A process may be killed before it shows what it has put in.
  @Test func withinATransactionARingStaysInItsRegion() throws {
    let ring = try RingBench()
    #expect(ring.add(Self.record(1, RingProducer.changeOver)))
    let place = ring.producer.room.lowerBound
    ring.memory.window.store8(7, at: place)
    ring.producer.append(1, .info, ring.memory.window)
    ring.rewind()
    #expect(ring.producer.room.lowerBound == place + 1)
    #expect(RingProducer(ring.memory.ring(0), ring.memory.window).room.lowerBound == place)
  }

  /// One thread puts in and rewinds, another takes out: nothing is lost, torn or out of order.
  @Test func twoThreads() throws {
    let memory = try testMemory()
    let records = 40_000
    let done = Atomic<Bool>(false)
    let thread = Thread {
      var producer = RingProducer(memory.ring(0), memory.window)
      for number in 0..<records {
        let record = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 1 + number * 7919 % 500)
        producer.rewind(memory.window)
        while !producer.add(record, memory) {
          sched_yield()
          producer.rewind(memory.window)
        }
      }
      done.store(true, ordering: .releasing)
    }
    thread.start()
    var consumer = RingConsumer(memory, ring: 0)
    var wrong = 0
    for number in 0..<records {
      while consumer.pending() == 0 { sched_yield() }
      let length = consumer.bytes(ofFirst: 1)
      let record = memory.window.array(consumer.start..<consumer.start + length)
      let byte = UInt8(truncatingIfNeeded: number)
      if record != [UInt8](repeating: byte, count: 1 + number * 7919 % 500) { wrong += 1 }
      consumer.advance(bytes: length, records: 1)
    }
    #expect(wrong == 0)
    while !done.load(ordering: .acquiring) { sched_yield() }
  }

  /// A reader looks at words, some bytes behind a frame's end, and nothing is mapped behind the last
  /// block when the first ring has no memory.
  @Test func behindTheLastBlockSomeBytesCanBeRead() throws {
    for largest in [4096, 1 << 16, 1 << 20] {
      let layout = QueueLayout(connections: 2, memory: 4 << 20, largestFrame: largest, rings: 1)
      let memory = try QueueMemory(layout: layout, name: "onggi-test")
      let end = layout.blocks + layout.frameBlocks.size
      #expect(memory.window.array(end..<end + 24) == [UInt8](repeating: 0, count: 24))
    }
  }
}
