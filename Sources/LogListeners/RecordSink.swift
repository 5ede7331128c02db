public import LogRecords
public import SharedState

/// Where records come from: one for each connection and each datagram socket.
public final class Peer: Sendable {
  /// The listener's number in the configuration.
  public let listener: Int
  public let origin: RecordOrigin
  public let address: PeerAddress
  /// How long its connection may be silent or leave a frame unfinished.
  public let timeouts: ConnectionTimeouts.Limits

  public init(
    listener: Int, origin: RecordOrigin, address: PeerAddress = .unknown, timeouts: ConnectionTimeouts.Limits = .none
  ) {
    self.listener = listener
    self.origin = origin
    self.address = address
    self.timeouts = timeouts
  }

  /// The peer's name for messages.
  public var name: String { String(decoding: origin.peer, as: UTF8.self) }
}

/// Where a datagram comes from. Its sender's name costs more than the record, so it is only made
/// when somebody asks.
public struct DatagramSource: ~Copyable {
  /// The socket's; its origin names no sender.
  public let socket: Peer
  let memory: QueueMemory
  let number: Int

  /// The sender.
  public func peer() -> Peer {
    let name = Socket.name(Socket.datagram(number, memory).peer)
    if name.isEmpty {
      guard let sender = Socket.credentials(ofDatagram: number, memory) else { return socket }
      let origin = RecordOrigin(
        peer: socket.origin.peer, listener: socket.origin.listener, credentials: (sender.uid, sender.gid, sender.pid))
      return Peer(listener: socket.listener, origin: origin, address: .user(sender.uid))
    }
    return Peer(
      listener: socket.listener, origin: RecordOrigin(peer: Array(name.utf8), listener: socket.origin.listener),
      address: address)
  }

  public var address: PeerAddress { Socket.datagramAddress(number, memory) }
}

/// What a decode queue feeds with frames. All calls come on that queue, one at a time.
public protocol RecordSink: ~Copyable, SendableMetatype {
  /// Takes the whole frames at the start of `range` of the window.
  mutating func take(_ window: borrowing MemoryWindow, _ range: Range<Int>, from peer: Peer) -> Taken
  /// Takes one datagram: it is a frame, or it is refused.
  mutating func takeDatagram(
    _ window: borrowing MemoryWindow, _ range: Range<Int>, truncated: Bool, from source: borrowing DatagramSource
  ) -> Taken
  /// A connection ended in the middle of a frame of which `bytes` had come.
  mutating func truncated(_ bytes: Int, from peer: Peer)
  /// A stream that is closed, since its bytes are no frames or its partial frame has no room.
  mutating func refused(_ reason: StreamRefusal, from peer: Peer)
  /// A connection that was closed between two frames, since it was silent for too long.
  mutating func idle(_ peer: Peer)
  /// When `meetDeadline` has something to do, or earlier: nanoseconds of `DispatchTime`'s uptime;
  /// `UInt64.max`: never.
  var nextDeadline: UInt64 { get }
  /// Does what is due by then, `UInt64.max` being everything. A `commit` follows.
  mutating func meetDeadline(_ now: UInt64, _ window: borrowing MemoryWindow)
  /// Notes what is to show the writers all records taken so far, and everything else that is to
  /// outlive the process with them. Whoever calls it carries the transaction out at once.
  mutating func commit(_ transaction: inout Transaction, _ window: borrowing MemoryWindow)
  /// Bytes that were committed since the last flush.
  var unflushed: Int { get }
  /// Gives what was committed to the files.
  mutating func flush()
  /// Bytes that wait for a writer now, at most.
  mutating func backlog(_ window: borrowing MemoryWindow) -> Int
}

extension RecordSink where Self: ~Copyable {
  public mutating func backlog(_ window: borrowing MemoryWindow) -> Int { 0 }
}

/// How far a sink came.
public struct Taken: Sendable {
  /// Bytes of whole frames that were taken.
  public var consumed: Int
  public var outcome: Outcome

  public enum Outcome: Sendable, Equatable {
    /// All whole frames were taken.
    case done
    /// A handler has no room: the rest is to be offered again later.
    case full
    /// What follows is no frame that is let in.
    case refused(StreamRefusal)
  }

  public init(_ consumed: Int, _ outcome: Outcome) {
    self.consumed = consumed
    self.outcome = outcome
  }
}

/// Why a connection is closed by the daemon.
public enum StreamRefusal: Error, Sendable, Equatable {
  /// A frame longer than `max_frame_bytes`.
  case frameTooLong(Int)
  /// Another protocol; its name.
  case foreign(String)
  /// Partial frames have all the memory they may have.
  case memory
  /// A partial frame that did not come whole in time.
  case frameTimeout
}
