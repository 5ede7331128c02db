import Pickle

/// What outlives the process of one connection besides its descriptor and its place in a frame: who
/// is at its other end, and how to tell it from another connection.
public struct ConnectionState: Sendable, Equatable {
  /// SO_COOKIE, socket(7): no other socket has it until the machine is started again.
  public var cookie: UInt64
  /// The listener's number.
  public var listener: Int
  /// Address and port; empty for a Unix socket. Longer ones are cut at `longestPeer` bytes.
  public var peer: [UInt8]
  public var credentials: Credentials?

  public struct Credentials: Sendable, Equatable {
    public var uid: UInt32
    public var gid: UInt32
    public var pid: Int32

    public init(uid: UInt32, gid: UInt32, pid: Int32) {
      self.uid = uid
      self.gid = gid
      self.pid = pid
    }
  }

  public static let longestPeer = 63

  public init(cookie: UInt64, listener: Int, peer: [UInt8], credentials: Credentials? = nil) {
    self.cookie = cookie
    self.listener = listener
    self.peer = peer
    self.credentials = credentials
  }
}

/// Cells of a slot, from its start.
enum SlotCell {
  /// 1: there is a connection.
  static let isOpen = 0
  static let cookie = 1
  /// Size of the frame under way (high) and bytes of it that have come (low).
  static let frame = 2
  /// Bytes of an unfinished length: how many (high) and which (low).
  static let header = 3
  /// 0: none; else its class (high) and number (low), with the topmost bit set.
  static let block = 4
  static let listener = 5
  /// User (high) and group (low).
  static let owner = 6
  /// Process, with the topmost bit set; 0: no credentials.
  static let process = 7
  /// A byte that says how long it is, then the name.
  static let peer = 8
}

/// A connection's place in its stream, as its slot keeps it: see `SlotCell`.
public struct StoredFrame: Sendable, Equatable, BitwiseCopyable {
  public var frame: UInt64
  public var header: UInt64
  public var block: UInt64

  public init(frame: UInt64 = 0, header: UInt64 = 0, block: UInt64 = 0) {
    self.frame = frame
    self.header = header
    self.block = block
  }
}

extension QueueMemory {
  private func cell(_ slot: Int, _ number: Int) -> Int {
    precondition(slot >= 0 && slot < layout.slotCount)
    return (layout.slots + slot * QueueLayout.slotSize) / 8 + number
  }

  /// Notes a connection in a free slot. By whoever accepted it, before the queue hears of it.
  public func open(slot: Int, _ state: ConnectionState) {
    window.store(cell(slot, SlotCell.cookie), state.cookie)
    window.store(cell(slot, SlotCell.frame), 0)
    window.store(cell(slot, SlotCell.header), 0)
    window.store(cell(slot, SlotCell.block), 0)
    window.store(cell(slot, SlotCell.listener), UInt64(state.listener))
    window.store(
      cell(slot, SlotCell.owner), state.credentials.map { UInt64($0.uid) << 32 | UInt64($0.gid) } ?? 0)
    window.store(
      cell(slot, SlotCell.process), state.credentials.map { 1 << 63 | UInt64(UInt32(bitPattern: $0.pid)) } ?? 0)
    let peer = state.peer.prefix(ConnectionState.longestPeer)
    let at = cell(slot, SlotCell.peer) * 8
    window.put([UInt8(peer.count)] + peer, at: at)
    window.storeRelease(cell(slot, SlotCell.isOpen), 1)
  }

  /// The connection of a slot; nil where there is none.
  public func connection(_ slot: Int) -> ConnectionState? {
    guard window.load(cell(slot, SlotCell.isOpen)) == 1 else { return nil }
    let at = cell(slot, SlotCell.peer) * 8
    let bytes = window.array(at..<at + ConnectionState.longestPeer + 1)
    let length = min(Int(bytes[0]), ConnectionState.longestPeer)
    let owner = window.load(cell(slot, SlotCell.owner))
    let process = window.load(cell(slot, SlotCell.process))
    return ConnectionState(
      cookie: window.load(cell(slot, SlotCell.cookie)),
      listener: Int(truncatingIfNeeded: window.load(cell(slot, SlotCell.listener)) & 0xffff_ffff),
      peer: Array(bytes[1..<1 + length]),
      credentials: process >> 63 == 0
        ? nil
        : ConnectionState.Credentials(
          uid: UInt32(owner >> 32), gid: UInt32(truncatingIfNeeded: owner),
          pid: Int32(bitPattern: UInt32(truncatingIfNeeded: process))))
  }

  /// Frees a slot at once, outside of a transaction: its connection did not come back, or has nothing
  /// that could be lost.
  public func free(slot: Int) { window.storeRelease(cell(slot, SlotCell.isOpen), 0) }

  public func storedFrame(_ slot: Int) -> StoredFrame {
    StoredFrame(
      frame: window.load(cell(slot, SlotCell.frame)), header: window.load(cell(slot, SlotCell.header)),
      block: window.load(cell(slot, SlotCell.block)))
  }

  /// Notes where a connection's stream stands now; what is as before costs nothing.
  @inline(__always)
  public func note(_ new: StoredFrame, instead old: StoredFrame, slot: Int, _ transaction: inout Transaction) {
    if new.frame != old.frame { transaction.set(cell(slot, SlotCell.frame), new.frame, window) }
    if new.header != old.header { transaction.set(cell(slot, SlotCell.header), new.header, window) }
    if new.block != old.block { transaction.set(cell(slot, SlotCell.block), new.block, window) }
  }

  /// Notes that a slot is free.
  public func noteFree(slot: Int, _ transaction: inout Transaction) {
    transaction.set(cell(slot, SlotCell.isOpen), 0, window)
  }

  /// Cells that a transaction may change in a slot.
  func isSlotCell(_ cell: Int) -> Bool {
    let offset = cell * 8 - layout.slots
    return offset >= 0 && offset < layout.slotCount * QueueLayout.slotSize
  }
}

// MARK: Names

extension QueueMemory {
  /// The names of listeners and handlers, so that the next process finds their counters and rings.
  /// In the first queue's memory; a name of more than `longestName` bytes is not kept.
  public static var longestName: Int { QueueLayout.nameSize - 16 }

  private func store(name: [UInt8], number: Int) {
    guard name.count <= QueueMemory.longestName else { return }
    let length = layout.nameLengths / 8 + number
    window.store(length, 0)
    window.put(name, at: layout.names + number * QueueLayout.nameSize)
    window.storeRelease(length, UInt64(name.count) + 1)
  }

  private func name(number: Int) -> [UInt8]? {
    let length = window.load(layout.nameLengths / 8 + number)
    guard length > 0, length <= UInt64(QueueMemory.longestName) + 1 else { return nil }
    let start = layout.names + number * QueueLayout.nameSize
    return window.array(start..<start + Int(length) - 1)
  }

  public func setName(_ name: [UInt8], ofListener listener: Int) { store(name: name, number: listener) }

  public func name(ofListener listener: Int) -> [UInt8]? { name(number: listener) }

  public func setName(_ name: [UInt8]?, ofRing ring: Int) {
    let number = QueueLayout.mostListeners + ring
    if let name { store(name: name, number: number) } else { window.store(layout.nameLengths / 8 + number, 0) }
  }

  public func name(ofRing ring: Int) -> [UInt8]? { name(number: QueueLayout.mostListeners + ring) }
}
