import Dispatch
import Glibc
public import SharedState
import Synchronization

/// `systemd.journal.JournalHandler`: sends the entries that the decode queues formatted to journald.
///
/// All sending happens on a queue of its own, so that whatever becomes of journald, decode queues
/// and other handlers go on. What journald does not take waits in the rings.
public final class JournalHandler: LogHandler {
  private let writer: Mutex<JournalWriter>
  private let rings: [RingCounts]
  private let wanted = Atomic<Bool>(false)
  private let queue = DispatchQueue(label: "onggi.journal")
  /// What ends a wait. On the queue only.
  private let wake: WakeUp

  /// - Parameters:
  ///   - path: journald's socket
  ///   - rings: this handler's ring in each decode queue
  ///   - report: told about trouble and its end; on any queue
  public init(path: String, rings: [RingConsumer], report: @escaping @Sendable (HandlerEvent) -> Void) {
    writer = Mutex(JournalWriter(path: path, rings: rings, report: report))
    self.rings = rings.map(\.counts)
    wake = WakeUp(queue)
    wake.start { [weak self] in self?.goOn() }
  }

  public func open() { writer.withLock { $0.open() } }

  public func flush() {
    // One that had nothing to send would be woken for each of others' records.
    if rings.contains(where: { $0.taken != $0.published }) { wakeForWork() }
  }

  private func wakeForWork() {
    if !wanted.exchange(true, ordering: .acquiringAndReleasing) { queue.async { self.drain() } }
  }

  public func flushNow() { queue.sync { drain() } }

  private func drain() {
    wanted.store(false, ordering: .releasing)
    while true {
      // A batch at a time: a decode queue that needs room waits for one batch, and no longer.
      switch writer.withLock({ $0.step() }) {
      case .more: continue
      case .done: return
      case .wait(let milliseconds, let connection): return wake.set(milliseconds, connection)
      }
    }
  }

  /// Ends a wait. On the queue.
  private func goOn() {
    wake.clear()
    writer.withLock { $0.endWait() }
    drain()
  }

  public func reopen() {
    writer.withLock { $0.reopen() }
    wakeForWork()
  }

  public func retire() {
    writer.withLock { $0.isRetired = true }
    wakeForWork()
  }

  public func dropOldest(queue: Int, bytes: Int, upTo rank: RecordRank) -> Int {
    writer.withLock { $0.dropOldest(queue, bytes: bytes, upTo: rank) }
  }

  public func statistics() -> HandlerStatistics {
    var statistics = HandlerStatistics()
    // In this order: what becomes of a record meanwhile, it is pending or written until the next time.
    let taken = rings.reduce(0) { $0 + $1.taken }
    for ring in rings {
      statistics.bytes += ring.takenBytes - min(ring.takenBytes, ring.droppedBytes)
      statistics.dropped.add(ring)
    }
    statistics.written = taken - min(taken, statistics.dropped.total)
    statistics.accepted = rings.reduce(0) { $0 + $1.published }
    return statistics
  }
}

/// Calls somebody when a socket can be written, or after a while. All on one queue.
private final class WakeUp: @unchecked Sendable {
  private let queue: DispatchQueue
  private let timer: any DispatchSourceTimer
  private var writable: (any DispatchSourceWrite)?
  private var connection = 0
  private var isWatching = false
  private var work: @Sendable () -> Void = {}

  init(_ queue: DispatchQueue) {
    self.queue = queue
    timer = DispatchSource.makeTimerSource(queue: queue)
  }

  func start(_ work: @escaping @Sendable () -> Void) {
    self.work = work
    timer.setEventHandler(handler: work)
    timer.schedule(deadline: .distantFuture)
    timer.activate()
  }

  deinit { unwatch() }

  func set(_ milliseconds: Int, _ connection: JournalWriter.Connection?) {
    timer.schedule(deadline: .now() + .milliseconds(milliseconds))
    guard let connection else { return unwatch() }
    if connection.number != self.connection { watch(connection) }
    guard !isWatching else { return }
    isWatching = true
    writable?.resume()
  }

  func clear() {
    timer.schedule(deadline: .distantFuture)
    if isWatching { writable?.suspend() }
    isWatching = false
  }

  /// A source that is suspended, on a descriptor of its own: the socket may be closed meanwhile.
  private func watch(_ new: JournalWriter.Connection) {
    unwatch()
    guard let copy = try? FileCalls.duplicate(new.descriptor) else { return }
    let source = DispatchSource.makeWriteSource(fileDescriptor: copy, queue: queue)
    source.setEventHandler(handler: work)
    source.setCancelHandler { close(copy) }
    writable = source
    connection = new.number
  }

  private func unwatch() {
    guard let source = writable else { return }
    source.cancel()
    // A suspended source must not be let go of.
    if !isWatching { source.resume() }
    isWatching = false
    writable = nil
    connection = 0
  }
}
