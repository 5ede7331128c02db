import LogHandlers
import SharedState

/// Why a frame was refused: the names in the ledger.
public enum Rejection: Int, CaseIterable, Sendable {
  /// The pickle is malformed.
  case malformed
  /// The pickle asks for more than a limit allows.
  case limit
  /// The pickle is sound, but no record.
  case notARecord
  /// The stream ended within the frame, or the datagram is shorter than its length says.
  case truncated
  /// Longer than `max_frame_bytes`.
  case tooLong
  /// The first bytes of another protocol.
  case foreign
  /// Partial frames have all the memory they may have.
  case memory
  /// A datagram whose length does not fit its frame.
  case datagram
  /// Did not come whole in time.
  case timeout
  /// A datagram of a peer that is not in the listener's `allow`.
  case notAllowed

  public var name: String {
    switch self {
    case .malformed: "malformed"
    case .limit: "limit"
    case .notARecord: "not_a_record"
    case .truncated: "truncated"
    case .tooLong: "too_long"
    case .foreign: "foreign_protocol"
    case .memory: "memory"
    case .datagram: "datagram_length"
    case .timeout: "frame_timeout"
    case .notAllowed: "not_allowed"
    }
  }
}

/// What one decode queue counted. `received = rejected + filtered + routed` at any time between two
/// records.
public struct QueueLedger: Sendable {
  public struct Listener: Sendable {
    public var frames: UInt64 = 0
    public var bytes: UInt64 = 0
    /// By `Rejection`.
    public var rejected = [UInt64](repeating: 0, count: Rejection.allCases.count)
    /// Connections that were closed between two frames for their silence.
    public var idle: UInt64 = 0
  }

  public var listeners: [Listener]
  public var filtered: UInt64 = 0
  public var routed: UInt64 = 0
  public var handlers: [Handler]

  public struct Handler: Sendable {
    /// Records of a `NullHandler`.
    public var discarded: UInt64 = 0
    /// Records that could not be taken, since one line is larger than all the handler's memory.
    public var tooBig: UInt64 = 0
    /// Records for which there was no room, with `drop-newest`.
    public var full = SIMD4<UInt64>()
    /// Records with a field that had no text, whose reference was written instead.
    public var unformatted: UInt64 = 0
  }

  public init(listeners: Int, handlers: Int) {
    self.listeners = Array(repeating: Listener(), count: listeners)
    self.handlers = Array(repeating: Handler(), count: handlers)
  }

  /// Makes room for what a new configuration has more.
  mutating func grow(listeners: Int, handlers: Int) {
    while self.listeners.count < listeners { self.listeners.append(Listener()) }
    while self.handlers.count < handlers { self.handlers.append(Handler()) }
  }
}

/// All that the daemon counted, as one value that adds up: `onggi status` shows it, and the daemon
/// writes it when it stops.
public struct Ledger: Sendable {
  public struct Listener: Sendable {
    public var name: String
    var connections: ConnectionSlots.Counts
    public var counts = QueueLedger.Listener()
    /// Datagrams that the kernel had no room for.
    public var kernelDrops: UInt64
  }

  public struct Handler: Sendable {
    public var name: String
    var statistics = HandlerStatistics()
    public var unformatted: UInt64 = 0
  }

  public private(set) var listeners: [Listener] = []
  public private(set) var handlers: [Handler] = []
  public private(set) var filtered: UInt64 = 0
  public private(set) var routed: UInt64 = 0
  public private(set) var peers = PeerCounts()
  /// Decode queues that did not answer. Their part is what they said the last time.
  public internal(set) var silentQueues = 0
  private var byHandler: [QueueLedger.Handler] = []

  public var received: UInt64 { listeners.reduce(0) { $0 + $1.counts.frames } }
  /// By `Rejection`.
  public var rejectedByReason: [UInt64] {
    var sum = [UInt64](repeating: 0, count: Rejection.allCases.count)
    for listener in listeners {
      for (reason, count) in listener.counts.rejected.enumerated() { sum[reason] += count }
    }
    return sum
  }
  public var rejected: UInt64 { rejectedByReason.reduce(0, +) }
  public var openConnections: Int { listeners.reduce(0) { $0 + $1.connections.open } }
  public var dropped: UInt64 { handlers.reduce(0) { $0 + $1.statistics.dropped.total } }
  public var pending: UInt64 { handlers.reduce(0) { $0 + $1.statistics.pending } }

  /// - Parameter listeners: all that the queues know, by number
  init(listeners: [(name: String, connections: ConnectionSlots.Counts, kernelDrops: UInt64)]) {
    self.listeners = listeners.map {
      Listener(name: $0.name, connections: $0.connections, kernelDrops: $0.kernelDrops)
    }
  }

  mutating func add(_ queue: QueueLedger, _ peers: PeerCounts) {
    for (number, part) in queue.listeners.enumerated() where number < listeners.count {
      listeners[number].counts.frames += part.frames
      listeners[number].counts.bytes += part.bytes
      listeners[number].counts.idle += part.idle
      for (reason, count) in part.rejected.enumerated() { listeners[number].counts.rejected[reason] += count }
    }
    filtered += queue.filtered
    routed += queue.routed
    for (number, part) in queue.handlers.enumerated() {
      if number >= byHandler.count { byHandler.append(QueueLedger.Handler()) }
      byHandler[number].discarded += part.discarded
      byHandler[number].tooBig += part.tooBig
      byHandler[number].full &+= part.full
      byHandler[number].unformatted += part.unformatted
    }
    self.peers.add(peers)
  }

  /// Adds a handler, after all queues.
  ///
  /// - Parameters:
  ///   - statistics: what it says itself; nil: a `NullHandler`
  ///   - number: its number in the queues' ledgers
  ///   - published: records that the queues had put into its rings when they gave their parts, which
  ///     was later; nil: they did not all say
  mutating func addHandler(_ name: String, _ statistics: HandlerStatistics?, _ number: Int, published: UInt64?) {
    let counted = number < byHandler.count ? byHandler[number] : QueueLedger.Handler()
    var all = statistics ?? HandlerStatistics()
    // Of the same moment as `routed`.
    if let published { all.accepted = max(published, all.written + all.dropped.total) }
    // What a NullHandler takes is done with; what the queue dropped was accepted.
    all.accepted += counted.discarded + counted.tooBig + counted.full.wrappedSum()
    all.written += counted.discarded
    all.dropped[.tooBig] += counted.tooBig
    for rank in RecordRank.allCases { all.dropped[DropReason.full(rank)] += counted.full[Int(rank.rawValue)] }
    // A handler that a reload replaced by one of the same name counts with it.
    let index = handlers.firstIndex { $0.name == name } ?? handlers.count
    if index == handlers.count { handlers.append(Handler(name: name)) }
    handlers[index].statistics.accepted += all.accepted
    handlers[index].statistics.written += all.written
    handlers[index].statistics.dropped += all.dropped
    handlers[index].statistics.bytes += all.bytes
    handlers[index].statistics.rollovers += all.rollovers
    handlers[index].unformatted += counted.unformatted
  }

  /// What waits will not be written: the daemon stops, and nobody keeps it.
  public mutating func dropPending() {
    for index in handlers.indices {
      handlers[index].statistics.dropped[.stopping] += handlers[index].statistics.pending
    }
  }
}
