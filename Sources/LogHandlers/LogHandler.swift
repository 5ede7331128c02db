public import Dispatch
public import SharedState

/// Whoever takes formatted records out of its rings and puts them where they are to be kept: a file,
/// or the journal.
///
/// A record never calls it: decode queues put records into rings, and ask for a flush at times.
public protocol LogHandler: AnyObject, Sendable {
  /// Gets ready at the start, unless the first record is to do that. Trouble is reported, not thrown.
  func open()

  /// Writes what waits, or sees to it that somebody does; does nothing when nothing waits. On any queue;
  /// never waits for a reader.
  func flush()

  /// Writes what waits, and returns when that is done or has failed, or another does it.
  func flushNow()

  /// Lets go of what is open and opens it by its name again: SIGUSR1.
  func reopen()

  /// Nothing more will come: what waits is written, and then everything is closed.
  func retire()

  /// Frees bytes of the ring that a decode queue has for this handler: at least so many, by dropping
  /// the oldest records, or all that it can without one that matters more than `rank`. On that queue;
  /// never waits for a write.
  ///
  /// - Returns: records that were dropped
  func dropOldest(queue: Int, bytes: Int, upTo rank: RecordRank) -> Int

  /// Sees to it that the disk has what was written so far, where the handler was asked for that: the
  /// daemon stops. Leaves the group when that is done or has failed.
  func synchronize(in group: DispatchGroup)

  /// The handler's part of the ledger. On any queue; never waits for a write. What it says was
  /// written or dropped was accepted before.
  func statistics() -> HandlerStatistics
}

extension LogHandler {
  public func synchronize(in group: DispatchGroup) {}
}

/// What a handler tells about itself.
public enum HandlerEvent: Sendable {
  /// Writing or rotating fails; what waits is kept.
  case failing(path: String, SystemError)
  case recovered(path: String)
  /// A file that was there ended within a line, which was ended: what wrote it was cut off.
  case endedLine(path: String)
  /// Old files cannot be compressed or removed; they stay, and it is tried again after the next rollover.
  case backups(path: String, SystemError)
  case backupsRecovered(path: String)
}

/// A handler's part of the ledger; bytes and records.
public struct HandlerStatistics: Sendable {
  public var accepted: UInt64 = 0
  public var written: UInt64 = 0
  /// Records that were taken and will not be written.
  public var dropped = DroppedRecords()
  public var bytes: UInt64 = 0
  public var rollovers: UInt64 = 0
  public var pending: UInt64 { accepted - written - dropped.total }

  public init() {}
}

/// Why a record that a handler took is not written: the names in the ledger.
public enum DropReason: Int, CaseIterable, Sendable {
  /// Larger than all the handler's memory, or than whoever receives it takes.
  case tooBig
  /// The handler's memory was full: records below INFO, from INFO, from WARNING, from ERROR on.
  case fullDebug, fullInfo, fullWarning, fullError
  /// The daemon stopped before it could be written.
  case stopping
  /// The journal refused it for what it is.
  case journal

  public var name: String {
    switch self {
    case .tooBig: "too_big"
    case .fullDebug: "full_debug"
    case .fullInfo: "full_info"
    case .fullWarning: "full_warning"
    case .fullError: "full_error"
    case .stopping: "stopping"
    case .journal: "journal"
    }
  }
}

extension DropReason {
  /// Want of room, for a record of this rank.
  public static func full(_ rank: RecordRank) -> DropReason {
    switch rank {
    case .debug: .fullDebug
    case .info: .fullInfo
    case .warning: .fullWarning
    case .error: .fullError
    }
  }
}

/// Records that were dropped, by reason.
public struct DroppedRecords: Sendable, Equatable {
  private var counts = [UInt64](repeating: 0, count: DropReason.allCases.count)

  public init() {}

  public subscript(_ reason: DropReason) -> UInt64 {
    get { counts[reason.rawValue] }
    set { counts[reason.rawValue] = newValue }
  }

  public var total: UInt64 { counts.reduce(0, +) }

  /// Adds what was dropped from a ring. Only the journal refuses records.
  mutating func add(_ ring: RingCounts) {
    for rank in RecordRank.allCases { self[DropReason.full(rank)] += ring.dropped(rank) }
    self[.journal] += ring.refused
  }

  public static func += (sum: inout DroppedRecords, other: DroppedRecords) {
    for reason in DropReason.allCases { sum[reason] += other[reason] }
  }
}
