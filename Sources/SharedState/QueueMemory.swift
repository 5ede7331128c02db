/// The memory of one decode queue: what it has read and what it has formatted, in one memory file
/// that can outlive the process.
///
///     page 0        header: magic, version, sizes, the transaction
///     …             connections' slots
///     …             the kernel's receive headers
///     …             input buffer
///     …             datagram buffers
///     …             blocks of partial frames, in classes of growing size
///     ring 0 …      header page, then two regions: ends of records, bytes
///
/// All of it is sparse: pages take memory when they are first written.
public final class QueueMemory: Sendable {
  public let layout: QueueLayout
  public let file: MemoryFile
  public let window: MemoryWindow

  public init(layout: QueueLayout, name: String) throws(SystemError) {
    self.layout = layout
    file = try MemoryFile(name: name, size: layout.fileSize)
    window = try MemoryWindow(reserving: layout.fileSize)
    try window.map(file, 0..<layout.rings, at: 0)
    window.store(QueueLayout.Cell.magic, QueueLayout.magic)
    window.store(QueueLayout.Cell.version, QueueLayout.version)
    // No page fault inside a receive: the pages that the kernel writes to are there.
    window.populate(layout.receiveArea..<layout.receiveArea + QueueLayout.receiveAreaSize)
    window.populate(layout.input..<layout.input + QueueLayout.inputSize)
  }

  /// Makes ring `index` usable. Called before the ring is first used, on any thread, once.
  public func mapRing(_ index: Int) throws(SystemError) {
    let start = layout.rings + index * layout.ringStride
    try window.map(file, start..<start + layout.ringStride, at: start)
  }

  /// Where the parts of ring `index` stand in the window.
  public func ring(_ index: Int) -> RingLayout {
    RingLayout(
      header: layout.rings + index * layout.ringStride, size: layout.ringSize, endsSize: layout.endsSize,
      limit: layout.ringLimit)
  }
}

/// Where everything stands in a queue's memory.
public struct QueueLayout: Sendable, Equatable {
  static let magic: UInt64 = 0x6f6e_6767_695f_7131  // "onggi_q1"
  /// Raised whenever the meaning of a stored byte changes.
  static let version: UInt64 = 1

  /// Bytes that one read takes at most: one busy connection then delays the others by one read.
  public static let readSize = 256 * 1024
  /// Bytes in front of the read, for the up to three bytes of an unfinished length.
  public static let inputHeadroom = 64
  public static let inputSize = 4096 + readSize
  public static let receiveAreaSize = 16 * 1024
  public static let datagrams = 32
  /// A datagram over UDP or a Unix socket is shorter than this.
  public static let datagramStride = 64 * 1024 + 4096
  @usableFromInline static let ringHeaderSize = 4096

  /// Numbers of the header's cells (eight bytes each).
  public enum Cell {
    public static let magic = 0
    public static let version = 1
  }

  public let slots: Int
  public let slotCount: Int
  public let receiveArea: Int
  public let input: Int
  public let datagramBuffers: Int
  public let blocks: Int
  public let rings: Int
  public let ringCount: Int
  /// Bytes of each of a ring's two regions.
  public let ringSize: Int
  /// Bytes that may wait in a ring.
  public let ringLimit: Int
  /// Bytes of a region's ends of records: four for each record, for every 16 bytes of the region.
  public let endsSize: Int
  /// Bytes of one ring with everything.
  let ringStride: Int
  public let frameBlocks: FrameBlockClasses

  /// The same in the file and in the window.
  public var fileSize: Int { rings + ringCount * ringStride }

  public static let slotSize = 64

  /// - Parameters:
  ///   - connections: slots for this many connections
  ///   - memory: bytes that may wait; a ring can hold all of it
  ///   - largestFrame: bytes of the largest frame with its length
  ///   - rings: handlers
  public init(connections: Int, memory: Int, largestFrame: Int, rings ringCount: Int) {
    func pages(_ bytes: Int) -> Int { (bytes + 4095) / 4096 * 4096 }
    slots = 4096
    slotCount = connections
    receiveArea = slots + pages(connections * QueueLayout.slotSize)
    input = receiveArea + QueueLayout.receiveAreaSize
    datagramBuffers = input + QueueLayout.inputSize
    blocks = datagramBuffers + QueueLayout.datagrams * QueueLayout.datagramStride
    frameBlocks = FrameBlockClasses(connections: connections, memory: memory / 2, largestFrame: largestFrame)
    // A page more: a frame that fills its block to the last byte is read with the padding behind it.
    rings = pages(blocks + frameBlocks.size) + 4096
    self.ringCount = ringCount
    ringLimit = memory
    ringSize = pages(max(memory, 1 << 20))
    endsSize = pages(ringSize / 16 * 4)
    ringStride = QueueLayout.ringHeaderSize + 2 * (endsSize + ringSize)
  }
}

/// The sizes of the blocks in which partial frames wait for their rest.
public struct FrameBlockClasses: Sendable, Equatable {
  struct Class: Sendable, Equatable {
    let size: Int
    let count: Int
    /// Where the class begins, from the start of all blocks.
    let offset: Int
    /// The number of its first block.
    let first: Int
  }
  let classes: [Class]
  let size: Int

  init(connections: Int, memory: Int, largestFrame: Int) {
    var classes: [Class] = []
    var size = 4096
    var smallest = 4096
    var offset = 0
    var first = 0
    while true {
      // No more of them can be in use than the memory for partial frames has room for.
      let count = max(1, min(connections, memory / smallest + 1))
      classes.append(Class(size: size, count: count, offset: offset, first: first))
      offset += size * count
      first += count
      if size >= largestFrame { break }
      smallest = size
      size *= 16
    }
    self.classes = classes
    self.size = offset
  }

  public var count: Int { classes.count }
  /// The class of blocks that hold `size` bytes, the smallest such.
  public func index(for size: Int) -> Int? { classes.firstIndex { size <= $0.size } }
  /// How many blocks a class has.
  public func blocks(_ index: Int) -> Int { classes[index].count }
  /// Where a block begins, from the start of all blocks.
  public func offset(_ index: Int, _ number: Int) -> Int { classes[index].offset + number * classes[index].size }
}

/// Where the parts of one ring stand in its queue's window, and the numbers of its cells.
public struct RingLayout: Sendable, BitwiseCopyable {
  public let header: Int
  /// Bytes of a region.
  public let size: Int
  @usableFromInline let endsSize: Int
  /// Bytes that may wait.
  public let limit: Int

  /// Records that fit into a region.
  @inlinable public var capacity: Int { endsSize / 4 }

  /// Where each record of a region ends: the low 32 bits of the position behind it.
  @inlinable func ends(_ region: Int) -> Int { header + QueueLayout.ringHeaderSize + region * (endsSize + size) }
  /// The records of a region.
  @inlinable func bytes(_ region: Int) -> Int { ends(region) + endsSize }

  /// Cells of the header, from its start. What the writer changes and what the queue changes stand
  /// on cache lines of their own.
  enum Cell {
    static let head = 8
    static let headRecords = 9
    static let tail = 16
    static let tailRecords = 17
    static let region = 18
    /// By region.
    static let base = 20
    static let baseRecords = 22
    static let intent = 32
  }

  func cell(_ number: Int) -> Int { header / 8 + number }
}
