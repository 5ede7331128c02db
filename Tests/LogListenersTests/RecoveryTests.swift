import Dispatch
import Glibc
import LogRecords
import Pickle
import SharedState
import Testing
import TestSupport

@testable import LogListeners

/// A process is killed at each instant at which something is noted or taken, and the next one goes on.
struct RecoveryTests {
  /// What is sent to a listener, and over what.
  enum Input: CaseIterable {
    case wholeFrames, bytes, pieces, largeFrames, datagrams

    var type: __socket_type { self == .datagrams ? SOCK_DGRAM : SOCK_SEQPACKET }

    var bodies: [[UInt8]] {
      switch self {
      case .wholeFrames, .datagrams: (0..<6).map { body($0, $0 * 7) }
      case .bytes: [body(1, 5), body(2, 0), body(3, 3)]
      case .pieces: (0..<9).map { body($0, 40 + $0) }
      case .largeFrames: (0..<3).map { body($0, 6_000) }
      }
    }

    /// What one receive gets each.
    var pieces: [[UInt8]] {
      let stream = bodies.flatMap(frame)
      func cut(_ size: Int) -> [[UInt8]] {
        stride(from: 0, to: stream.count, by: size).map { Array(stream[$0..<min($0 + size, stream.count)]) }
      }
      switch self {
      case .wholeFrames: return [Array(stream)]
      case .datagrams: return bodies
      case .bytes: return cut(1)
      case .pieces: return cut(101)
      case .largeFrames: return cut(2_500)
      }
    }
  }

  @Test(arguments: Input.allCases, [0, 1, 2])
  func eachRecordComesOnceWheneverTheProcessIsKilled(input: Input, fullEvery: Int) throws {
    let first = try KillBench(try QueueMemory(layout: KillBench.layout, name: "onggi-test"), input, fullEvery)
    try first.memory.mapRing(0)
    first.memory.setName(Array("ring".utf8), ofRing: 0)
    first.memory.open(slot: 0, ConnectionState(cookie: 1, listener: 0, peer: []))
    try first.run(after: 0)
    #expect(first.records == input.bodies, "nobody was killed")
    let kills = first.log.kills
    #expect(kills.count >= 2 * input.pieces.count || input == .datagrams)
    for kill in kills {
      // And once more, while that one is cleaning up.
      let next = try KillBench(try QueueMemory(adopting: kill.descriptor), input, 0, kills: 6)
      try next.run(after: kill.sent)
      #expect(next.records == input.bodies, "killed after \(kill.sent) pieces, \(kill.instant)")
      #expect(next.memory.isQuiet, "nothing is left to do")
      for again in next.log.kills {
        let last = try KillBench(try QueueMemory(adopting: again.descriptor), input, 0, kills: 0)
        try last.run(after: again.sent)
        #expect(
          last.records == input.bodies, "killed after \(kill.sent), \(kill.instant); \(again.sent), \(again.instant)")
      }
    }
  }

  /// A connection that does not come back is taken as far as it had been read.
  @Test func aLostConnectionEndsWhereItWasReadTo() throws {
    let input = Input.pieces
    let first = try KillBench(try QueueMemory(layout: KillBench.layout, name: "onggi-test"), input, 0)
    try first.memory.mapRing(0)
    first.memory.setName(Array("ring".utf8), ofRing: 0)
    first.memory.open(slot: 0, ConnectionState(cookie: 1, listener: 0, peer: []))
    try first.run(after: 0)
    for kill in first.log.kills {
      let next = try KillBench(try QueueMemory(adopting: kill.descriptor), input, 0, kills: 0)
      next.recover(descriptor: nil)
      let read = input.pieces.prefix(kill.sent).reduce(0) { $0 + $1.count }
      var whole = 0
      var size = 0
      while whole < input.bodies.count, size + 4 + input.bodies[whole].count <= read {
        size += 4 + input.bodies[whole].count
        whole += 1
      }
      #expect(next.records == Array(input.bodies.prefix(whole)), "killed after \(kill.sent), \(kill.instant)")
      #expect(next.log.truncated == (read > size ? [read - size] : []))
      #expect(next.memory.connection(0) == nil && next.memory.work == Work.none)
    }
  }

  /// Ending one connection does not take away what another one's bytes wait for.
  @Test func theRestOfAReadStaysNotedWhileOthersEnd() throws {
    let memory = try QueueMemory(layout: KillBench.layout, name: "onggi-test")
    try memory.mapRing(0)
    memory.setName(Array("ring".utf8), ofRing: 0)
    for slot in 0..<2 { memory.open(slot: slot, ConnectionState(cookie: 1, listener: 0, peer: [])) }
    let input = memory.layout.input + QueueLayout.inputHeadroom
    let bytes = frame([1]) + frame([2])
    memory.window.put(bytes, at: input)
    var transaction = Transaction(memory.layout)
    transaction.set(.rest(slot: 0, input..<input + bytes.count), memory.window)
    transaction.commit(memory.window)
    let first = try KillBench(
      try QueueMemory(adopting: try whatAKillLeaves(of: memory)), .wholeFrames, 2, fullTimes: .max, kills: 0)
    first.recover(descriptor: nil, drains: false)
    #expect(first.memory.connection(1) == nil && first.memory.connection(0) != nil)
    let next = try KillBench(
      try QueueMemory(adopting: try whatAKillLeaves(of: first.memory)), .wholeFrames, 0, kills: 0)
    next.recover(descriptor: nil)
    #expect(next.records == [[1], [2]])
  }
}

/// What the sinks of one bench saw.
private final class KillLog {
  struct Kill {
    /// What a process leaves that is killed at this instant.
    let descriptor: Int32
    /// Pieces that it had received.
    let sent: Int
    let instant: String
  }

  /// How many instants are kept.
  let most: Int
  var kills: [Kill] = []
  var sent = 0
  var truncated: [Int] = []

  init(most: Int) { self.most = most }
}

/// A sink that puts each frame's body in a ring, as a record, and keeps a copy of the memory of each
/// instant.
private struct RingSink: RecordSink {
  let log: KillLog
  let memory: QueueMemory
  /// There is no room before every so many frames, so many times each; 0: there always is.
  let fullEvery: Int
  let fullTimes: Int
  private var producer: RingProducer
  private var taken = 0
  private var refused = 0
  var unflushed = 0
  let nextDeadline = UInt64.max

  init(_ log: KillLog, _ memory: QueueMemory, _ fullEvery: Int, _ fullTimes: Int) {
    (self.log, self.memory, self.fullEvery, self.fullTimes) = (log, memory, fullEvery, fullTimes)
    producer = RingProducer(memory.ring(0), memory.window)
  }

  private func note(_ instant: String) {
    guard log.kills.count < log.most, let descriptor = try? whatAKillLeaves(of: memory) else { return }
    log.kills.append(KillLog.Kill(descriptor: descriptor, sent: log.sent, instant: instant))
  }

  private mutating func put(_ window: borrowing MemoryWindow, _ body: [UInt8]) -> Bool {
    if fullEvery > 0, taken % fullEvery == fullEvery - 1, refused < fullTimes {
      refused += 1
      return false
    }
    // A record has its number, so that one without bytes is one.
    let record = [UInt8(ascii: "#")] + body
    window.put(record, at: producer.room.lowerBound)
    producer.append(record.count, .info, window)
    (taken, refused) = (taken + 1, 0)
    return true
  }

  mutating func take(_ window: borrowing MemoryWindow, _ range: Range<Int>, from peer: Peer) -> Taken {
    note("before frames")
    let bytes = window.array(range)
    var at = 0
    while bytes.count - at >= Frame.headerSize {
      let end = at + Frame.headerSize + Frame.length(bytes.rawBytes, at: at)
      guard end <= bytes.count else { break }
      guard put(window, Array(bytes[at + Frame.headerSize..<end])) else { return Taken(at, .full) }
      at = end
    }
    note("behind frames")
    return Taken(at, .done)
  }

  mutating func takeDatagram(
    _ window: borrowing MemoryWindow, _ range: Range<Int>, truncated: Bool, from source: borrowing DatagramSource
  ) -> Taken {
    note("before a datagram")
    return put(window, window.array(range)) ? Taken(range.count, .done) : Taken(0, .full)
  }

  mutating func truncated(_ bytes: Int, from peer: Peer) { log.truncated.append(bytes) }
  mutating func refused(_ reason: StreamRefusal, from peer: Peer) { Issue.record("refused: \(reason)") }
  mutating func idle(_ peer: Peer) {}
  mutating func meetDeadline(_ now: UInt64, _ window: borrowing MemoryWindow) {}
  mutating func commit(_ transaction: inout Transaction, _ window: borrowing MemoryWindow) {
    note("before a transaction")
    producer.publish(&transaction, window)
    note("in a transaction")
  }
  mutating func flush() {}
}

/// A decode queue that is driven from the test's own thread.
private final class KillBench {
  static let layout = QueueLayout(connections: 2, memory: 1 << 20, largestFrame: (64 << 10) + 4, rings: 1)

  let memory: QueueMemory
  let log: KillLog
  private let input: RecoveryTests.Input
  private let queue: DecodeQueue<RingSink>
  private let peer = Peer(listener: 0, origin: RecordOrigin(peer: [], listener: []))

  init(_ memory: QueueMemory, _ input: RecoveryTests.Input, _ fullEvery: Int, fullTimes: Int = 2, kills: Int = .max)
    throws
  {
    self.memory = memory
    log = KillLog(most: kills)
    self.input = input
    if !memory.isAdopted { try memory.mapRing(0) }
    queue = try DecodeQueue(
      label: "test", memory: memory, sink: RingSink(log, memory, fullEvery, fullTimes), largestFrame: 64 << 10,
      partialBytes: 1 << 20, closed: { _, _ in })
  }

  func recover(descriptor: Int32?, drains: Bool = true) {
    for slot in 0..<2 where memory.isAdopted && memory.connection(slot) != nil {
      queue.adopt(slot == 0 ? descriptor : nil, slot: slot, peer: peer)
    }
    queue.recover { _ in peer }
    if drains { queue.drain(until: .now() + 5) }
  }

  /// Goes on behind so many pieces, up to the last one.
  func run(after sent: Int) throws {
    log.sent = sent
    var ends: [Int32] = [-1, -1]
    guard unsafe socketpair(AF_UNIX, Int32(input.type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw SystemError("socketpair", errno)
    }
    defer {
      close(ends[0])
      // The queue closes what it has taken over when that ends.
      if input == .datagrams || memory.connection(0) != nil { close(ends[1]) }
    }
    recover(descriptor: input == .datagrams ? nil : ends[1])
    if input == .datagrams {
      try queue.addDatagrams(ends[1], peer: peer)
    } else if !memory.isAdopted {
      queue.add(ends[1], slot: 0, peer: peer)
    }
    for (number, piece) in input.pieces.enumerated().dropFirst(sent) {
      log.sent = number + 1
      let count = unsafe piece.withUnsafeBytes { unsafe send(ends[0], $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      #expect(count == piece.count)
      queue.drain(until: .now() + 5)
    }
  }

  /// What waits in the ring.
  var records: [[UInt8]] {
    var consumer = RingConsumer(memory, ring: 0)
    var records: [[UInt8]] = []
    while consumer.pending() > 0 {
      let length = consumer.bytes(ofFirst: 1)
      records.append(Array(memory.window.array(consumer.start..<consumer.start + length).dropFirst()))
      consumer.advance(bytes: length, records: 1)
    }
    return records
  }
}
