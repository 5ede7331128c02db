import LogRecords
import SharedState

/// A connection of a decode queue, and where its stream stands.
struct Connection {
  /// -1: it was lost with an earlier process, and only what that one had read is still taken.
  let descriptor: Int32
  let peer: Peer
  var frame = FrameState()
  var block: FrameBlocks.Block?
  /// What its slot says of the two.
  var noted = StoredFrame()

  var stored: StoredFrame {
    StoredFrame(
      frame: UInt64(truncatingIfNeeded: frame.size) << 32 | UInt64(truncatingIfNeeded: frame.received),
      header: UInt64(truncatingIfNeeded: frame.headerCount) << 32 | UInt64(frame.headerBytes),
      block: block?.stored ?? 0)
  }

  /// Where the rest of the frame under way is to be put.
  var rest: Range<Int> {
    guard let block else { return 0..<0 }
    return block.offset + frame.received..<block.offset + frame.size
  }

  /// Finds the place in the stream again that the slot keeps. False: it keeps none that can be.
  mutating func restore(_ blocks: inout FrameBlocks) -> Bool {
    guard
      let frame = FrameState(
        headerBytes: UInt32(truncatingIfNeeded: noted.header), headerCount: Int(noted.header >> 32),
        size: Int(noted.frame >> 32), received: Int(noted.frame & 0xffff_ffff))
    else { return false }
    self.frame = frame
    guard let stored = StoredBlock(noted.block) else { return frame.size == 0 }
    block = blocks.adopt(stored, size: frame.size)
    return true
  }
}

/// The connections of a decode queue by slot; nil where there is none. Grows with the highest slot, since
/// few daemons ever have as many connections as they may.
struct ConnectionTable {
  private var entries: [Connection?] = []

  /// All that have ever had a connection, and perhaps others.
  var slots: Range<Int> { entries.indices }

  subscript(slot: Int) -> Connection? {
    get { slot < entries.count ? entries[slot] : nil }
    set {
      while entries.count <= slot { entries.append(nil) }
      entries[slot] = newValue
    }
  }
}
