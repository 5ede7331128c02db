import LogHandlers

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

/// All that the daemon counted, as one value: what it writes when it stops.
public struct Ledger: Sendable {
  public struct Listener: Sendable {
    public var name: String
    var connections: ConnectionSlots.Counts
    public var counts = QueueLedger.Listener()
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
  private var byHandler: [QueueLedger.Handler] = []

  public var received: UInt64 { listeners.reduce(0) { $0 + $1.counts.frames } }
  public var rejected: UInt64 { listeners.reduce(0) { $0 + $1.counts.rejected.reduce(0, +) } }

  mutating func addListener(_ name: String, _ connections: ConnectionSlots.Counts) {
    listeners.append(Listener(name: name, connections: connections))
  }

  mutating func add(_ queue: QueueLedger) {
    for (number, part) in queue.listeners.enumerated() where number < listeners.count {
      listeners[number].counts.frames += part.frames
      listeners[number].counts.bytes += part.bytes
      for (reason, count) in part.rejected.enumerated() { listeners[number].counts.rejected[reason] += count }
    }
    filtered += queue.filtered
    routed += queue.routed
    for (number, part) in queue.handlers.enumerated() {
      if number >= byHandler.count { byHandler.append(QueueLedger.Handler()) }
      byHandler[number].discarded += part.discarded
      byHandler[number].tooBig += part.tooBig
      byHandler[number].unformatted += part.unformatted
    }
  }

  mutating func addHandler(_ name: String, _ statistics: HandlerStatistics?, _ number: Int) {
    let counted = number < byHandler.count ? byHandler[number] : QueueLedger.Handler()
    var all = statistics ?? HandlerStatistics()
    // What a NullHandler takes is done with; what was too big was accepted and dropped.
    all.accepted += counted.discarded + counted.tooBig
    all.written += counted.discarded
    all.dropped[.tooBig] += counted.tooBig
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

  /// One line of JSON.
  public var json: String {
    func object(_ pairs: [(String, String)]) -> String {
      "{" + pairs.map { "\(Ledger.quoted($0.0)): \($0.1)" }.joined(separator: ", ") + "}"
    }
    func reasons(_ counts: [UInt64]) -> String {
      object(Rejection.allCases.filter { counts[$0.rawValue] > 0 }.map { ($0.name, "\(counts[$0.rawValue])") })
    }
    func dropped(_ counts: DroppedRecords) -> String {
      object(DropReason.allCases.filter { counts[$0] > 0 }.map { ($0.name, "\(counts[$0])") })
    }
    var rejected = [UInt64](repeating: 0, count: Rejection.allCases.count)
    for listener in listeners {
      for (reason, count) in listener.counts.rejected.enumerated() { rejected[reason] += count }
    }
    let records = object([
      ("received", "\(received)"), ("rejected", reasons(rejected)), ("filtered", "\(filtered)"),
      ("routed", "\(routed)"),
    ])
    let byListener = listeners.map { listener in
      let refused = [("max_connections", listener.connections.tooMany), ("resources", listener.connections.resources)]
      let connections = object([
        ("accepted", "\(listener.connections.accepted)"), ("open", "\(listener.connections.open)"),
        ("refused", object(refused.filter { $0.1 > 0 }.map { ($0.0, "\($0.1)") })),
      ])
      return (
        listener.name,
        object([
          ("connections", connections), ("frames", "\(listener.counts.frames)"), ("bytes", "\(listener.counts.bytes)"),
          ("rejected", reasons(listener.counts.rejected)),
        ])
      )
    }
    let byHandler = handlers.map { handler in
      let statistics = handler.statistics
      return (
        handler.name,
        object([
          ("accepted", "\(statistics.accepted)"), ("written", "\(statistics.written)"),
          ("dropped", dropped(statistics.dropped)),
          ("pending", "\(statistics.pending)"), ("bytes", "\(statistics.bytes)"),
          ("rollovers", "\(statistics.rollovers)"), ("unformatted", "\(handler.unformatted)"),
        ])
      )
    }
    return object([("records", records), ("listeners", object(byListener)), ("handlers", object(byHandler))])
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
