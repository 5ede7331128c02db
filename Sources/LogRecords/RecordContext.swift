public import Pickle

/// What a formatter sees of a record besides its slots.
public struct RecordOrigin: Sendable {
  /// `%(peer)s`: address and port, or the Unix socket.
  public var peer: [UInt8]
  /// `%(listener)s`: the listener's name in the configuration.
  public var listener: [UInt8]
  /// `%(peer_uid)s`, `%(peer_gid)s`, `%(peer_pid)s`: Unix sockets only.
  public var credentials: (uid: UInt32, gid: UInt32, pid: Int32)?

  public init(peer: [UInt8], listener: [UInt8], credentials: (uid: UInt32, gid: UInt32, pid: Int32)? = nil) {
    self.peer = peer
    self.listener = listener
    self.credentials = credentials
  }

  /// The names that are the daemon's whatever the sender sent under them.
  enum Field: String, CaseIterable, Sendable {
    case peer
    case listener
    case uid = "peer_uid"
    case gid = "peer_gid"
    case pid = "peer_pid"
  }

  func value(_ field: Field) -> OwnValue {
    switch field {
    case .peer: OwnValue(text: peer)
    case .listener: OwnValue(text: listener)
    case .uid: OwnValue(credentials.map { .integer(Int64($0.uid)) } ?? .none)
    case .gid: OwnValue(credentials.map { .integer(Int64($0.gid)) } ?? .none)
    case .pid: OwnValue(credentials.map { .integer(Int64($0.pid)) } ?? .none)
    }
  }
}

/// What rendering values needs besides the record: one for each decode queue.
public struct RenderState: ~Copyable {
  public var unpickler = Unpickler()
  public var renderer: Renderer
  /// Where the record at hand comes from.
  public var origin = RecordOrigin(peer: [], listener: [])
  /// Fields that had no text since somebody looked: their references stand in the lines.
  public var unshown = 0
  let receiver: Receiver
  var receipt = Receiver.Receipt()
  /// For extras of records of the stock shape, which are otherwise not decoded as a whole.
  var extras = Unpickler()
  /// Text under construction.
  var text: [UInt8] = []
  var field: [UInt8] = []

  public init(renderer: Renderer = Renderer()) { self.init(renderer: renderer, receiver: Receiver()) }

  public init(renderer: Renderer = Renderer(), receiver: Receiver) {
    self.renderer = renderer
    self.receiver = receiver
  }
}
