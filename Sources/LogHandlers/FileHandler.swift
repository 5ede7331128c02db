public import Dispatch
import Glibc
public import SharedState
import Synchronization

/// Writes what the decode queues formatted into a file, by the rules of Python's file handlers.
///
/// Whoever has something to write calls `flush`, which leaves a note and, unless the handler's own
/// queue is awake, wakes it. So who brings lines does not wait for the disk, however long it takes.
/// Only a flood is written by who brings it, while it is in the processor's cache, and not to a disk
/// that was slow lately, nor to what is no file on a disk.
public final class FileHandler: LogHandler {
  /// Bytes that one `write` gets at most.
  static let writeSize = 1 << 20
  /// The first and the longest pause after a failed attempt.
  static let firstRetryMilliseconds = 50
  static let longestRetryMilliseconds = 2000
  /// Between writes that are seldom, so that nobody waits for more after them.
  static let seldomNanoseconds: UInt64 = 5_000_000
  /// Records that make a flood.
  static let flood: UInt64 = 128
  /// A write that has to wait and takes longer shows a slow disk, which is one for so long.
  static let slowNanoseconds: UInt64 = 5_000_000
  static let slowPeriodNanoseconds: UInt64 = 30_000_000_000
  /// How long a start, a reload or a signal waits for a disk that does not answer.
  static let patience = DispatchTimeInterval.seconds(2)
  /// Files that were left before the disk had confirmed them, at most.
  static let mostUnconfirmed = 16

  public let path: String
  private let writer: Mutex<FileWriter>
  private let cells: HandlerCells
  private let rings: [RingCounts]
  /// nil where nothing rotates.
  private let backups: Backups?
  private let wanted = Atomic<Bool>(false)
  /// Where everything is done that may wait for the disk, or for ever.
  private let queue = DispatchQueue(label: "onggi.handler")
  /// When the queue wrote last: `DispatchTime`'s uptime.
  private let lastWritten = Atomic<UInt64>(0)
  /// Whether the queue has something to do.
  private let isBusy = Atomic<Bool>(false)
  /// Whether it is a file on a disk.
  private let isRegular = Atomic<Bool>(false)
  /// Until when the disk counts as slow: `DispatchTime`'s uptime.
  private let slowUntil = Atomic<UInt64>(0)
  /// nil unless `fsync` is "interval".
  private let interval: SynchronizationInterval?

  /// - Parameters:
  ///   - rings: this handler's ring in each decode queue
  ///   - report: told about trouble and its end; on any queue
  public init(
    options: FileOptions, rings: [RingConsumer], report: @escaping @Sendable (HandlerEvent) -> Void
  ) {
    path = options.path
    backups = Backups(options, report: report)
    cells = HandlerCells(rings.first)
    writer = Mutex(FileWriter(options: options, rings: rings, backups: backups, cells: cells, report: report))
    self.rings = rings.map(\.counts)
    interval = options.synchronization == .interval ? SynchronizationInterval(options, report) : nil
  }

  public func open() {
    onQueue { $0.openAtStart() }
    backups?.open()
  }

  /// Does something with the writer; waits for it, but not for a disk that does not answer.
  private func onQueue(_ body: @escaping @Sendable (inout FileWriter) -> Void) {
    let done = DispatchSemaphore(value: 0)
    queue.async { [self] in
      use { body(&$0) }
      done.signal()
    }
    _ = done.wait(timeout: .now() + FileHandler.patience)
  }

  /// Does something other than writing with the writer. Who wanted to write meanwhile has left a note
  /// and gone on.
  private func use<Result>(_ body: (inout FileWriter) -> sending Result) -> Result {
    let result = writer.withLock { body(&$0) }
    wakeIfWanted()
    return result
  }

  private func wakeIfWanted() {
    if wanted.load(ordering: .sequentiallyConsistent) { wake() }
  }

  private func wake() {
    if !isBusy.exchange(true, ordering: .sequentiallyConsistent) { queue.async { self.writeWhatComes() } }
  }

  public func flush() {
    let waiting = waiting
    // A queue asks all handlers, and one that had nothing to write would be woken for each of others' records.
    guard waiting > 0 else { return }
    if waiting >= FileHandler.flood, isRegular.load(ordering: .relaxed) {
      let began = DispatchTime.now().uptimeNanoseconds
      if began >= slowUntil.load(ordering: .relaxed) {
        let waits = FileCalls.waits
        flushNow()
        let now = DispatchTime.now().uptimeNanoseconds
        // A thread that was only made to let others run has waited for no disk.
        if now - began > FileHandler.slowNanoseconds, FileCalls.waits > waits {
          slowUntil.store(now + FileHandler.slowPeriodNanoseconds, ordering: .relaxed)
        }
        return
      }
    }
    wakeForWork()
  }

  private func wakeForWork() {
    wanted.store(true, ordering: .sequentiallyConsistent)
    wake()
  }

  /// Records that nobody is done with.
  private var waiting: UInt64 {
    var waiting: UInt64 = 0
    for ring in rings {
      // In this order: it is never less than none.
      let taken = ring.taken
      waiting &+= ring.published &- taken
    }
    return waiting
  }

  private func writeWhatComes() {
    var pace = WritePace()
    while true {
      flushNow()
      // Who comes once in a while is not followed at once by more: one wakeup less.
      let now = DispatchTime.now().uptimeNanoseconds
      if now - lastWritten.exchange(now, ordering: .relaxed) < FileHandler.seldomNanoseconds {
        usleep(pace.pause(now, published))
      }
      if wanted.load(ordering: .sequentiallyConsistent) { continue }
      isBusy.store(false, ordering: .sequentiallyConsistent)
      // Who came before that has seen a busy queue.
      guard wanted.load(ordering: .sequentiallyConsistent),
        !isBusy.exchange(true, ordering: .sequentiallyConsistent)
      else { return }
    }
  }

  /// Records that came so far.
  private var published: UInt64 { rings.reduce(0) { $0 &+ $1.published } }

  public func flushNow() {
    wanted.store(true, ordering: .sequentiallyConsistent)
    while wanted.load(ordering: .sequentiallyConsistent) {
      let done = writer.withLockIfAvailable { writer -> Int? in
        wanted.store(false, ordering: .sequentiallyConsistent)
        let done = writer.drain()
        isRegular.store(writer.isOnDisk, ordering: .relaxed)
        if writer.isDirty { interval?.begin(self) }
        return done
      }
      guard let done else { return }  // Whoever has the writer now will see the note.
      if let milliseconds = done {
        queue.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [weak self] in self?.retry() }
        return
      }
    }
  }

  func retry() {
    writer.withLock { $0.endPause() }
    flushNow()
  }

  public func reopen() {
    onQueue { $0.reopen() }
    wakeForWork()
  }

  public func synchronize(in group: DispatchGroup) { interval?.confirmNow(self, in: group) }

  /// For whoever waits for the disk: see `FileWriter.takeDirty`.
  func takeDirty() -> (descriptors: [Int32], directory: Bool) { use { $0.takeDirty() } }
  func giveBack(_ descriptors: [Int32], directory: Bool) {
    use { $0.giveBack(descriptors, directory: directory) }
  }

  public func retire() {
    backups?.retire()
    queue.async { [self] in
      writer.withLock { $0.isRetired = true }
      wakeForWork()
    }
  }

  public func dropOldest(queue: Int, bytes: Int, upTo rank: RecordRank) -> Int {
    let dropped = writer.withLockIfAvailable { $0.dropOldest(queue, bytes: bytes, upTo: rank) }
    if dropped != nil { wakeIfWanted() }
    return dropped ?? 0
  }

  public func statistics() -> HandlerStatistics {
    var statistics = HandlerStatistics()
    statistics.rollovers = cells.rollovers
    for ring in rings {
      // In this order: what is written meanwhile is pending.
      let taken = ring.taken
      statistics.bytes += ring.takenBytes - min(ring.takenBytes, ring.droppedBytes)
      var dropped = DroppedRecords()
      dropped.add(ring)
      statistics.dropped += dropped
      statistics.written += taken - min(taken, dropped.total)
      statistics.accepted += max(ring.published, dropped.total)
    }
    return statistics
  }
}

/// When a file handler waits until the disk has what was written.
public enum Synchronization: Sendable {
  case never
  /// Once a second, beside the writing.
  case interval
  /// After each write, which does not count before.
  case always
}

/// What a file handler was configured with.
public struct FileOptions: Sendable {
  public var path: String
  /// An open descriptor in place of the path: standard output or standard error.
  public var descriptor: Int32?
  /// Permissions of a new file, whatever the umask.
  public var permissions: UInt32
  /// The number of a new file's group; nil: the process' own.
  public var group: UInt32?
  public var rollover: Rollover
  public var truncateAtStart: Bool
  /// Whether the first record opens the file.
  public var delay: Bool
  public var backups: BackupOptions
  public var synchronization: Synchronization

  /// The directory of the path.
  var directory: String {
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  public init(
    path: String, descriptor: Int32? = nil, permissions: UInt32 = 0o640, rollover: Rollover = .never,
    truncateAtStart: Bool = false, delay: Bool = false, group: UInt32? = nil,
    backups: BackupOptions = BackupOptions(), synchronization: Synchronization = .never
  ) {
    self.path = path
    self.descriptor = descriptor
    self.permissions = permissions
    self.rollover = rollover
    self.truncateAtStart = truncateAtStart
    self.delay = delay
    self.group = group
    self.backups = backups
    self.synchronization = synchronization
  }
}
