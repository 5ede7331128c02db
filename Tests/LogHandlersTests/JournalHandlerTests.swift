import Dispatch
import Foundation
import Pickle
import SharedState
import Synchronization
import Testing

@testable import LogHandlers

/// A journal handler whose journald is a socket of the test's.
struct JournalHandlerTests {
  @Test func everyRecordIsADatagram() throws {
    let bench = try JournalBench(rings: 2)
    bench.journald.start()
    bench.put((0..<5).map { "record \($0)" })
    bench.put((5..<9).map { "record \($0)" }, ring: 1)
    bench.handler.flush()
    #expect(bench.journald.receive(9).sorted() == (0..<9).map { "record \($0)" })
    #expect(bench.settles())
    let statistics = bench.handler.statistics()
    #expect(statistics.written == 9 && statistics.accepted == 9 && statistics.dropped.total == 0)
  }

  /// The queue holds as many as `net.unix.max_dgram_qlen` says, and more than that come.
  @Test func whatAFullQueueDoesNotTakeWaits() throws {
    let bench = try JournalBench()
    bench.journald.start()
    let records = (0..<2000).map { "record \($0)" }
    bench.put(records)
    let began = DispatchTime.now()
    bench.handler.flush()
    bench.waits { $0.written > 0 && $0.pending > 0 }
    usleep(200_000)
    #expect(bench.handler.statistics().pending > 0)
    #expect(bench.journald.receive(2000) == records)
    #expect(bench.settles())
    // A busy journald is no trouble, unless this machine stood still.
    if DispatchTime.now() < began + JournalWriter.patience {
      #expect(bench.events.failures.load(ordering: .relaxed) == 0)
    }
  }

  @Test func whatComesBeforeJournaldWaits() throws {
    let bench = try JournalBench()
    bench.put(["one", "two"])
    bench.handler.flush()
    usleep(100_000)
    #expect(bench.handler.statistics().pending == 2)
    #expect(bench.events.failures.load(ordering: .relaxed) == 1)
    bench.journald.start()
    #expect(bench.journald.receive(2) == ["one", "two"])
    #expect(bench.settles())
    #expect(bench.events.recoveries.load(ordering: .relaxed) == 1)
  }

  @Test func aRestartedJournaldGetsTheRest() throws {
    let bench = try JournalBench()
    bench.journald.start()
    bench.put(["one"])
    bench.handler.flush()
    #expect(bench.journald.receive(1) == ["one"])
    bench.journald.stop()
    bench.put(["two"])
    bench.handler.flush()
    bench.waits { _ in bench.events.failures.load(ordering: .relaxed) == 1 }
    bench.journald.start()
    #expect(bench.journald.receive(1) == ["two"])
    #expect(bench.settles())
  }

  @Test func theOldestMakeRoom() throws {
    let bench = try JournalBench()
    let records = (0..<100).map { String(format: "record %03d", $0) }
    bench.put(records)
    #expect(bench.handler.dropOldest(queue: 0, bytes: 95, upTo: .error) == 10)
    #expect(bench.handler.dropOldest(queue: 0, bytes: 20, upTo: .error) == 2)
    bench.journald.start()
    bench.handler.flush()
    #expect(bench.journald.receive(88) == Array(records[12...]))
    #expect(bench.settles())
    var statistics = bench.handler.statistics()
    #expect(statistics.dropped[.fullInfo] == 12 && statistics.written == 88 && statistics.accepted == 100)
    #expect(bench.handler.dropOldest(queue: 0, bytes: 1, upTo: .error) == 0)
    bench.put(["a", "b"])
    #expect(bench.handler.dropOldest(queue: 0, bytes: 1 << 20, upTo: .error) == 2)
    statistics = bench.handler.statistics()
    #expect(statistics.dropped[.fullInfo] == 14 && statistics.pending == 0)
  }

  @Test func aRetiredHandlerStillSendsWhatWaits() throws {
    let bench = try JournalBench()
    bench.put(["one"])
    bench.handler.retire()
    usleep(20_000)
    bench.journald.start()
    #expect(bench.journald.receive(1) == ["one"])
    #expect(bench.settles())
  }
}

/// Entries that go as files. One test at a time: the files all have the same name, by which one of them
/// lets writing fail.
@Suite(.serialized) struct JournalFileTests {
  @Test func aLongEntryGoesAsAFile() throws {
    let bench = try JournalBench()
    bench.journald.start()
    let long = String(repeating: "x", count: JournalWriter.largestDatagram) + "y"
    bench.put(["short", long, "short too"])
    bench.handler.flush()
    #expect(bench.journald.receive(3) == ["short", long, "short too"])
    #expect(bench.journald.sealedFiles == 1)
    #expect(bench.settles())
  }

  /// A file that is made but could not be sent belongs to the record that is dropped, and not to the next
  /// long one.
  @Test func aDroppedLongEntryIsNotSent() throws {
    let bench = try JournalBench()
    bench.journald.start()
    bench.put((0..<1000).map { "record \($0)" })
    bench.handler.flush()
    bench.waits { $0.written > 0 && $0.pending > 0 }
    let pending = Int(bench.handler.statistics().pending)
    #expect(bench.handler.dropOldest(queue: 0, bytes: 1 << 30, upTo: .error) == pending)
    func long(_ letter: String) -> String { String(repeating: letter, count: JournalWriter.largestDatagram + 1) }
    bench.put([long("x"), "last"])
    // It is tried again at times, without room.
    usleep(500_000)
    #expect(bench.handler.dropOldest(queue: 0, bytes: 1 << 30, upTo: .error) == 2)
    bench.put([long("y")])
    bench.handler.flush()
    #expect(bench.journald.receive(1000 - pending + 1).last == long("y"))
    #expect(bench.settles())
  }

  #if DEBUG
    /// What can never be sent is counted, and keeps nobody waiting.
    @Test func whatTheJournalRefusesIsCounted() throws {
      let file = "/memfd:onggi-journal"
      FileFaults.arm(file) { $0 == .write ? .fails(EFBIG) : .passes }
      defer { FileFaults.disarm(file) }
      let bench = try JournalBench()
      bench.journald.start()
      let long = String(repeating: "x", count: JournalWriter.largestDatagram + 1)
      bench.put(["one", long, "two"])
      bench.handler.flush()
      #expect(bench.journald.receive(2) == ["one", "two"])
      #expect(bench.settles())
      let statistics = bench.handler.statistics()
      #expect(statistics.dropped[.journal] == 1 && statistics.written == 2 && statistics.accepted == 3)
      #expect(statistics.bytes == 6)
    }
  #endif
}

/// A journal handler, fed as decode queues feed it.
final class JournalBench {
  let journald: FakeJournald
  let events = HandlerBench.Events()
  let handler: JournalHandler
  private let memory: QueueMemory
  private var producers: [RingProducer]

  init(rings: Int = 1) throws {
    journald = FakeJournald()
    memory = try QueueMemory(
      layout: QueueLayout(connections: 1, memory: 1 << 20, largestFrame: 4096, rings: rings), name: "onggi-test")
    for ring in 0..<rings { try memory.mapRing(ring) }
    let events = events
    handler = JournalHandler(path: journald.path, rings: (0..<rings).map { [memory] in RingConsumer(memory, ring: $0) })
    {
      event in
      switch event {
      case .failing: events.failures.add(1, ordering: .relaxed)
      case .recovered: events.recoveries.add(1, ordering: .relaxed)
      default: break
      }
    }
    producers = (0..<rings).map { [memory] in RingProducer(memory.ring($0), memory.window) }
  }

  func put(_ records: [String], ring: Int = 0) {
    producers[ring].rewind(memory.window)
    producers[ring].refresh(memory.window)
    for record in records {
      let bytes = Array(record.utf8)
      HandlerBench.fill(memory.window, producers[ring].room, bytes)
      producers[ring].append(bytes.count, .info, memory.window)
    }
    var transaction = Transaction(memory.layout)
    producers[ring].publish(&transaction, memory.window)
    transaction.commit(memory.window)
  }

  /// Waits for up to half a minute.
  func waits(_ condition: (HandlerStatistics) -> Bool) {
    for _ in 0..<6000 {
      if condition(handler.statistics()) { return }
      usleep(5000)
    }
    Issue.record("it did not come about: \(handler.statistics())")
  }

  func settles() -> Bool {
    for _ in 0..<6000 {
      if handler.statistics().pending == 0 { return true }
      usleep(5000)
    }
    return false
  }
}

/// A datagram socket at a path of its own.
final class FakeJournald {
  let path = FileManager.default.temporaryDirectory.appending(path: "onggi-\(UUID().uuidString)").path
  private var descriptor: Int32 = -1

  func start() {
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let bound = unsafe withUnsafePointer(to: &name) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(bound == 0)
    var patience = timeval(tv_sec: 30, tv_usec: 0)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  func stop() {
    close(descriptor)
    descriptor = -1
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Entries that came as files, which nobody can change any more.
  private(set) var sealedFiles = 0

  /// So many entries, or those that came with half a minute between two.
  func receive(_ count: Int) -> [String] {
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var result: [String] = []
    while result.count < count, let entry = receive(&buffer) { result.append(String(decoding: entry, as: UTF8.self)) }
    return result
  }

  /// A datagram, or the file that an empty one carries.
  private func receive(_ buffer: inout [UInt8]) -> [UInt8]? {
    var control = [UInt8](repeating: 0, count: 64)
    let (count, controlCount) = unsafe buffer.withUnsafeMutableBytes { bytes in
      unsafe control.withUnsafeMutableBytes { control in
        var vector = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
        return unsafe withUnsafeMutablePointer(to: &vector) { vector in
          var message = unsafe msghdr()
          unsafe message.msg_iov = vector
          unsafe message.msg_iovlen = 1
          unsafe message.msg_control = control.baseAddress
          unsafe message.msg_controllen = control.count
          let count = unsafe recvmsg(descriptor, &message, 0)
          return unsafe (count, message.msg_controllen)
        }
      }
    }
    guard count == 0, controlCount >= 20 else { return count < 0 ? nil : Array(buffer[..<count]) }
    // cmsg(3): the length, the level, the type, then the descriptor.
    let file = (0..<4).reduce(Int32(0)) { $0 | Int32(control[16 + $1]) << Int32(8 * $1) }
    defer { close(file) }
    let (getSeals, everySeal) = (Int32(1034), Int32(0xf))
    if fcntl(file, getSeals) == everySeal { sealedFiles += 1 }
    let length = unsafe pread(file, &buffer, buffer.count, 0)
    return length < 0 ? nil : Array(buffer[..<length])
  }

  deinit { stop() }
}
