import Foundation
import Glibc
import LogRecords
import Pickle
import SharedState
import Synchronization

@testable import LogListeners

/// What a decode queue told its sink, in order.
enum SinkEvent: Equatable, Sendable {
  case frame(connection: String, [UInt8])
  case datagram([UInt8], truncated: Bool)
  case truncated(connection: String, Int)
  case refused(connection: String, StreamRefusal)
  case idle(connection: String)
  case closed(slot: Int)
}

/// The events of a bench, and what its sink is to do.
final class SinkLog: Sendable {
  let events = Mutex<[SinkEvent]>([])
  /// The sink says `full` before every so many frames, so many times; 0: never.
  let fullEvery = Atomic<Int>(0)
  let fullTimes = Atomic<Int>(1)
  let commits = Atomic<Int>(0)
  /// What the sink says is due next, and when it was asked to do it.
  let nextDeadline = Atomic<UInt64>(.max)
  let met = Mutex<[UInt64]>([])

  func add(_ event: SinkEvent) { events.withLock { $0.append(event) } }
  var all: [SinkEvent] { events.withLock { $0 } }

  func frames(of connection: String) -> [[UInt8]] {
    all.compactMap { if case .frame(connection, let body) = $0 { body } else { nil } }
  }
}

/// Takes frames and writes down what they hold.
struct RecordingSink: RecordSink {
  let log: SinkLog
  let largestFrame: Int
  private var taken = 0
  private var refusals = 0
  private(set) var unflushed = 0

  init(_ log: SinkLog, largestFrame: Int) {
    self.log = log
    self.largestFrame = largestFrame
  }

  /// Whether the next frame finds no room.
  private mutating func isFull() -> Bool {
    let every = log.fullEvery.load(ordering: .relaxed)
    guard every > 0, taken % every == every - 1, refusals < log.fullTimes.load(ordering: .relaxed) else { return false }
    refusals += 1
    return true
  }

  private mutating func note(_ event: SinkEvent, _ count: Int) {
    log.add(event)
    taken += 1
    refusals = 0
    unflushed += count
  }

  mutating func take(_ window: borrowing MemoryWindow, _ range: Range<Int>, from peer: Peer) -> Taken {
    let bytes = window.bytes(range)
    var at = 0
    while bytes.byteCount - at >= Frame.headerSize {
      let length = Frame.length(bytes, at: at)
      if length > largestFrame { return Taken(at, .refused(StreamRefusal(Frame.error(length)))) }
      let end = at + Frame.headerSize + length
      guard end <= bytes.byteCount else { break }
      if isFull() { return Taken(at, .full) }
      let body = window.array(range.lowerBound + at + Frame.headerSize..<range.lowerBound + end)
      note(.frame(connection: peer.name, body), length)
      at = end
    }
    return Taken(at, .done)
  }

  mutating func takeDatagram(
    _ window: borrowing MemoryWindow, _ range: Range<Int>, truncated: Bool, from source: borrowing DatagramSource
  ) -> Taken {
    if isFull() { return Taken(0, .full) }
    note(.datagram(window.array(range), truncated: truncated), range.count)
    return Taken(range.count, .done)
  }

  mutating func truncated(_ bytes: Int, from peer: Peer) { log.add(.truncated(connection: peer.name, bytes)) }
  mutating func refused(_ reason: StreamRefusal, from peer: Peer) { log.add(.refused(connection: peer.name, reason)) }
  mutating func idle(_ peer: Peer) { log.add(.idle(connection: peer.name)) }
  var nextDeadline: UInt64 { log.nextDeadline.load(ordering: .relaxed) }
  mutating func meetDeadline(_ now: UInt64, _ window: borrowing MemoryWindow) {
    log.nextDeadline.store(.max, ordering: .relaxed)
    log.met.withLock { $0.append(now) }
  }
  mutating func commit(_ transaction: inout Transaction, _ window: borrowing MemoryWindow) {
    log.commits.add(1, ordering: .relaxed)
  }
  mutating func flush() { unflushed = 0 }
}

/// A decode queue that reads from socket pairs.
final class QueueBench {
  static let largestFrame = 4 << 20
  let log = SinkLog()
  let queue: DecodeQueue<RecordingSink>
  private var descriptors: [Int32] = []
  private var slots = 0

  /// A queue cannot be stopped, only drained: those of the tests stay until the process ends.
  private static let kept = Mutex<[DecodeQueue<RecordingSink>]>([])

  init(partialBytes: Int = 8 << 20) throws {
    let log = log
    let layout = QueueLayout(connections: 64, memory: 16 << 20, largestFrame: QueueBench.largestFrame + 4, rings: 1)
    queue = try DecodeQueue(
      label: "test", memory: QueueMemory(layout: layout, name: "onggi-test"),
      sink: RecordingSink(log, largestFrame: QueueBench.largestFrame), largestFrame: QueueBench.largestFrame,
      partialBytes: partialBytes, closed: { slot, _ in log.add(.closed(slot: slot)) })
    QueueBench.kept.withLock { [queue] in $0.append(queue) }
    queue.start()
  }

  deinit { for descriptor in descriptors { Glibc.close(descriptor) } }

  private func pair(_ type: __socket_type) throws -> (ours: Int32, queues: Int32) {
    var ends: [Int32] = [-1, -1]
    guard unsafe socketpair(AF_UNIX, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw SystemError("socketpair", errno)
    }
    descriptors.append(ends[0])
    try Socket.set(ends[0], SOL_SOCKET, SO_SNDBUF, 1 << 20)
    return (ends[0], ends[1])
  }

  /// A connection whose peer is called `name`. With SEQPACKET the queue receives exactly the pieces
  /// that are sent.
  func connect(
    _ name: String, _ type: __socket_type = SOCK_SEQPACKET, timeouts: ConnectionTimeouts.Limits = .none
  ) throws -> Int32 {
    let (ours, queues) = try pair(type)
    let slot = slots
    slots += 1
    let peer = Peer(
      listener: 0, origin: RecordOrigin(peer: Array(name.utf8), listener: []), timeouts: timeouts)
    queue.post { $0.add(queues, slot: slot, peer: peer) }
    return ours
  }

  func datagrams() throws -> Int32 {
    let (ours, queues) = try pair(SOCK_DGRAM)
    let peer = Peer(listener: 0, origin: RecordOrigin(peer: [], listener: []))
    queue.post { try? $0.addDatagrams(queues, peer: peer) }
    return ours
  }

  func send(_ bytes: some Collection<UInt8>, _ descriptor: Int32) -> Bool {
    let array = Array(bytes)
    return unsafe array.withUnsafeBytes { unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      == array.count
  }

  func end(_ descriptor: Int32) {
    Glibc.close(descriptor)
    descriptors.removeAll { $0 == descriptor }
  }

  /// Whether the queue has closed its end.
  func isClosed(_ descriptor: Int32) -> Bool {
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard unsafe Glibc.poll(&poll, 1, 30_000) == 1 else { return false }
    var byte: UInt8 = 0
    return unsafe recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT)) <= 0
  }

  /// Waits until the condition holds; false when it does not within half a minute.
  func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<15_000 {
      if condition() { return true }
      usleep(2000)
    }
    return false
  }
}

/// A frame with this body.
func frame(_ body: [UInt8]) -> [UInt8] {
  (0..<4).map { UInt8(truncatingIfNeeded: body.count >> (24 - 8 * $0)) } + body
}

/// A body of bytes that tell its place and number.
func body(_ number: Int, _ length: Int) -> [UInt8] {
  let period = (0..<min(length, 256)).map { UInt8(truncatingIfNeeded: number &* 57 &+ $0 &* 3) }
  var bytes: [UInt8] = []
  bytes.reserveCapacity(length + 256)
  while bytes.count < length { bytes += period }
  bytes.removeLast(bytes.count - length)
  return bytes
}
