import Dispatch
import Glibc
public import SharedState
import Synchronization

/// Writes what the decode queues formatted into a file, by the rules of Python's file handlers.
///
/// Whoever has something to write calls `flush`. The first becomes the writer until nothing is
/// left; the others only leave a note, so that no queue waits for another's write.
public final class FileHandler: LogHandler {
  /// Bytes that one `write` gets at most.
  static let writeSize = 1 << 20
  /// The first and the longest pause after a failed attempt.
  static let firstRetryMilliseconds = 50
  static let longestRetryMilliseconds = 2000

  public let path: String
  private let writer: Mutex<FileWriter>
  private let cells: HandlerCells
  private let rings: [RingCounts]
  /// nil where nothing rotates.
  private let backups: Backups?
  private let wanted = Atomic<Bool>(false)
  private let queue: DispatchQueue
  /// Whether whoever flushes writes: not to a pipe or a terminal, where a write may wait for ever.
  private let writesInline: Bool

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
    queue = DispatchQueue(label: "onggi.handler")
    writesInline = options.descriptor == nil
  }

  public func open() {
    writer.withLock { $0.openAtStart() }
    backups?.open()
  }

  public func flush() {
    if writesInline { return flushNow() }
    if !wanted.exchange(true, ordering: .acquiringAndReleasing) { queue.async { self.flushNow() } }
  }

  public func flushNow() {
    wanted.store(true, ordering: .releasing)
    while wanted.load(ordering: .acquiring) {
      let done = writer.withLockIfAvailable { writer -> Int? in
        wanted.store(false, ordering: .releasing)
        return writer.drain()
      }
      guard let done else { return }  // Whoever writes now will see the note.
      if let milliseconds = done {
        queue.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [weak self] in self?.retry() }
        return
      }
    }
  }

  private func retry() {
    writer.withLock { $0.endPause() }
    flushNow()
  }

  public func reopen() {
    writer.withLock { $0.reopen() }
    flush()
  }

  public func retire() {
    backups?.retire()
    writer.withLock { $0.isRetired = true }
    flush()
  }

  public func dropOldest(queue: Int, bytes: Int, upTo rank: RecordRank) -> Int {
    writer.withLockIfAvailable { $0.dropOldest(queue, bytes: bytes, upTo: rank) } ?? 0
  }

  public func statistics() -> HandlerStatistics {
    var statistics = HandlerStatistics()
    statistics.rollovers = cells.rollovers
    for ring in rings {
      // In this order: what is written meanwhile is pending.
      let taken = ring.taken
      statistics.bytes += ring.takenBytes - min(ring.takenBytes, ring.droppedBytes)
      let dropped = RecordRank.allCases.reduce(0) { $0 + ring.dropped($1) }
      statistics.dropped.add(ring)
      statistics.written += taken - min(taken, dropped)
      statistics.accepted += max(ring.published, dropped)
    }
    return statistics
  }
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

  public init(
    path: String, descriptor: Int32? = nil, permissions: UInt32 = 0o640, rollover: Rollover = .never,
    truncateAtStart: Bool = false, delay: Bool = false, group: UInt32? = nil,
    backups: BackupOptions = BackupOptions()
  ) {
    self.path = path
    self.descriptor = descriptor
    self.permissions = permissions
    self.rollover = rollover
    self.truncateAtStart = truncateAtStart
    self.delay = delay
    self.group = group
    self.backups = backups
  }
}
