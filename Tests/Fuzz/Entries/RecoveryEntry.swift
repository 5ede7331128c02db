import Dispatch
import Glibc
import LogDaemon
import LogHandlers
import LogListeners
import LogRecords
import Pickle
import SharedState

/// A whole start with memory that an earlier process left, damaged: the same inputs as those of
/// `StateEntry`.
///
/// It is refused with a reason, or all that a start does with it works, files included, and nothing
/// waits afterwards.
enum RecoveryEntry {
  static func run(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let moments = StateMoment.allCases
    files.restore()
    do {
      let left = try QueueMemory(layout: StateMoment.layout, name: "fuzz")
      for ring in 0..<StateMoment.rings { try left.mapRing(ring) }
      moments[Int(first) % moments.count].leave(left, file: files.intent)
      let places = MemoryPlaces(left)
      MemoryChange.each(bytes) { places.make($0) }
      goOn(left)
    } catch {
      fatalError("no memory: \(error)")
    }
  }

  private static func goOn(_ left: QueueMemory) {
    guard let memory = adopt(left) else { return }
    do {
      if memory.isQuiet {
        let wanted = QueueLayout(connections: 5, memory: 2 << 20, largestFrame: 8192, rings: 3)
        _ = try QueueMemory(layout: wanted, name: "fuzz", continuing: memory)
      }
      for ring in 0..<StateMoment.rings where memory.name(ofRing: ring) == nil { try memory.clearRing(ring) }
      try recover(memory)
    } catch {
      fatalError("the system refused: \(error)")
    }
    guard let next = adopt(memory) else { fatalError("broken: what a start leaves can be gone on with") }
    promise(next.isQuiet, "and nothing waits in it")
  }

  private static func adopt(_ memory: QueueMemory) -> QueueMemory? {
    do throws(StateError) {
      return try QueueMemory(adopting: fcntl(memory.file.descriptor, F_DUPFD_CLOEXEC, 3))
    } catch {
      promise(!"\(error)".isEmpty, "what is refused is refused with a reason")
      return nil
    }
  }

  private static func recover(_ memory: QueueMemory) throws {
    let handlers = (0..<StateMoment.rings).map { ring in
      FileHandler(
        options: FileOptions(path: files.paths[ring]), rings: [RingConsumer(memory, ring: ring)],
        report: { fatalError("broken: a file of ours can be written: \($0)") })
    }
    for handler in handlers { handler.open() }
    let outputs = handlers.enumerated().map {
      Pipeline.Output(number: $0, handler: $1, ring: RingProducer(memory.ring($0), memory.window))
    }
    let queue = try DecodeQueue(
      label: "fuzz", memory: memory, sink: try RealRun.pipeline(memory, outputs, listeners: 1),
      largestFrame: StateMoment.largestFrame,
      partialBytes: memory.layout.memory / 2, closed: { _, _ in })
    var connections: [Int: Int32] = [:]
    for slot in 0..<memory.layout.slotCount where memory.connection(slot) != nil {
      // The others did not come back.
      if slot % 2 == 0 { connections[slot] = fcntl(files.silent, F_DUPFD_CLOEXEC, 3) }
      queue.adopt(connections[slot], slot: slot, peer: peer)
    }
    queue.recover { $0 == 0 ? peer : nil }
    queue.drain(until: .now() + 1)
    for (slot, descriptor) in connections where memory.connection(slot) != nil { close(descriptor) }
    for handler in handlers {
      // It may be writing on its own queue. Damaged counters may say that more was dropped than there is:
      // then it seems that nothing is pending.
      var rounds = 0
      while handler.statistics().pending > 0 || !memory.areRingsEmpty, rounds < 100_000 {
        rounds += 1
        handler.flushNow()
        usleep(20)
      }
      promise(handler.statistics().pending == 0, "everything is written")
    }
    let ledger = queue.withSink { $0.ledger }
    promise(ledger.listeners.count == 1, "the ledger goes on")
  }

  private static let peer = Peer(listener: 0, origin: RecordOrigin(peer: Array("peer".utf8), listener: []))

  private static let files: Files = {
    do { return try Files() } catch { fatalError("no files: \(error)") }
  }()

  /// The files of two handlers, in memory. A write to the first one was under way, under the name that
  /// it has now: it was renamed since.
  private struct Files {
    let paths: [String]
    let intent: WriteIntent
    /// A connection over which nothing comes.
    let silent: Int32
    private let descriptors: [Int32]

    init() throws {
      let names = Files.names
      _ = unsafe mkdir(Files.folder, 0o700)
      descriptors = names.map { unsafe open($0, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
      paths = Array(names.prefix(2))
      atexit {
        for name in Files.names { _ = unsafe unlink(name) }
        _ = unsafe rmdir(Files.folder)
      }
      intent = try WriteIntent(file: descriptors[2])
      var ends: [Int32] = [-1, -1]
      _ = unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends)
      silent = ends[0]
    }

    private static var folder: String { "/dev/shm/onggi-fuzz-\(getpid())" }
    private static var names: [String] { ["a.log", "b.log", "a.log.1"].map { "\(folder)/\($0)" } }

    /// The state in front of every run: of the write, a record and a part of the next one are there.
    func restore() {
      let text = StateMoment.earlier + Array("one\ntw".utf8)
      for descriptor in descriptors { _ = ftruncate(descriptor, 0) }
      _ = unsafe pwrite(descriptors[2], text, text.count, 0)
    }
  }
}

/// libFuzzer's entry: see `Tests/Fuzz/run`.
@_cdecl("FuzzRecovery")
public func fuzzRecovery(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  RecoveryEntry.run(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
