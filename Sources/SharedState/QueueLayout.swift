/// Where everything stands in a queue's memory.
///
///     page 0        header: magic, version, sizes, the work under way, totals of the ledger
///     …             log of the transaction
///     …             counters of the ledger
///     …             names of listeners and handlers (of the first queue only): all lengths, then the bytes
///     …             connections' states
///     …             the kernel's receive headers
///     …             input buffer
///     …             datagram buffers
///     …             blocks of partial frames, in classes of growing size
///     ring 0 …      header page, then two regions: ends of records, bytes
public struct QueueLayout: Sendable, Equatable {
  static let magic: UInt64 = 0x6f6e_6767_695f_7131  // "onggi_q1"
  /// Raised whenever the meaning of a stored byte changes, or its place.
  static let version: UInt64 = 5

  /// Bytes that one read takes at most: one busy connection then delays the others by one read, which is
  /// half a millisecond. Reading a flood costs the less the more each read takes; beyond this little is left
  /// to gain, and all of it becomes resident memory.
  public static let readSize = 1024 * 1024
  /// Bytes in front of the read, for the up to three bytes of an unfinished length.
  public static let inputHeadroom = 64
  public static let inputSize = 4096 + readSize
  public static let receiveAreaSize = 16 * 1024
  public static let datagrams = 32
  /// A datagram over UDP or a Unix socket is shorter than this.
  public static let datagramStride = 64 * 1024 + 4096
  @usableFromInline static let ringHeaderSize = 4096
  static let headerSize = 4096

  /// Bytes that may wait, at most: a ring knows the low 32 bits of where its records end.
  public static let largestMemory = (1 << 32) - 4096

  /// Listeners by name that one memory knows, those of earlier configurations included.
  public static let mostListeners = 256
  /// Counters of a listener, and of a handler, in cells.
  public static let listenerCells = 32
  public static let handlerCells = 8
  package static let nameSize = 8192
  package static let slotSize = 128

  /// Numbers of the header's cells (eight bytes each).
  public enum Cell {
    static let magic = 0
    static let version = 1
    static let connections = 2
    static let memory = 3
    static let largestFrame = 4
    static let ringCount = 5
    /// See `Work`.
    package static let work = 8
    static let workFirst = 9
    static let workEnd = 10
    /// Entries of the log that are to be carried out; 0: there is no transaction.
    package static let logCount = 16
    /// Totals of the ledger.
    public static let filtered = 24
    public static let routed = 25
  }

  /// What it was made from.
  public let connections: Int
  public let memory: Int
  public let largestFrame: Int
  public let ringCount: Int

  package let log: Int
  /// Entries that the log has room for.
  package let logCapacity: Int
  let ledger: Int
  /// A cell for each name: all are looked through, and reading a page takes memory.
  package let nameLengths: Int
  package let names: Int
  package let slots: Int
  public let receiveArea: Int
  public let input: Int
  public let datagramBuffers: Int
  public let blocks: Int
  public let rings: Int
  /// Bytes of each of a ring's two regions.
  public let ringSize: Int
  /// Bytes that may wait in a ring.
  public let ringLimit: Int
  /// Bytes of a region's ends of records: four for each record, for every 16 bytes of the region.
  public let endsSize: Int
  /// Bytes of a region's ranks of records: one for each.
  let ranksSize: Int
  /// Bytes of one ring with everything.
  let ringStride: Int
  public let frameBlocks: FrameBlockClasses

  public var slotCount: Int { connections }
  /// The same in the file and in the window.
  public var fileSize: Int { rings + ringCount * ringStride }

  /// - Parameters:
  ///   - connections: slots for this many connections
  ///   - memory: bytes that may wait; a ring can hold all of it
  ///   - largestFrame: bytes of the largest frame with its length
  ///   - rings: handlers
  public init(connections: Int, memory: Int, largestFrame: Int, rings ringCount: Int) {
    func pages(_ bytes: Int) -> Int { (bytes + 4095) / 4096 * 4096 }
    self.connections = connections
    self.memory = memory
    self.largestFrame = largestFrame
    self.ringCount = ringCount
    log = QueueLayout.headerSize
    let counters = QueueLayout.mostListeners * QueueLayout.listenerCells + ringCount * QueueLayout.handlerCells
    logCapacity = counters + 2 * ringCount + 64
    ledger = log + pages(logCapacity * 16)
    nameLengths = ledger + pages(counters * 8)
    names = nameLengths + pages((QueueLayout.mostListeners + ringCount) * 8)
    slots = names + (QueueLayout.mostListeners + ringCount) * QueueLayout.nameSize
    receiveArea = slots + pages(connections * QueueLayout.slotSize)
    input = receiveArea + QueueLayout.receiveAreaSize
    datagramBuffers = input + QueueLayout.inputSize
    blocks = datagramBuffers + QueueLayout.datagrams * QueueLayout.datagramStride
    frameBlocks = FrameBlockClasses(connections: connections, memory: memory / 2, largestFrame: largestFrame)
    // A page more: a frame that fills its block to the last byte is read with the padding behind it.
    rings = pages(blocks + frameBlocks.size) + 4096
    ringLimit = memory
    ringSize = pages(max(memory, 1 << 20))
    endsSize = pages(ringSize / 16 * 4)
    ranksSize = pages(endsSize / 4)
    ringStride = QueueLayout.ringHeaderSize + 2 * (ranksSize + endsSize + ringSize)
  }

  /// The layout that a header describes, if it is a header of this version and the file has its size.
  package init?(stored header: borrowing MemoryWindow, fileSize: Int) {
    guard header.load(Cell.magic) == QueueLayout.magic, header.load(Cell.version) == QueueLayout.version,
      let connections = Int(exactly: header.load(Cell.connections)), 1...(1 << 20) ~= connections,
      let memory = Int(exactly: header.load(Cell.memory)), 1...QueueLayout.largestMemory ~= memory,
      let largestFrame = Int(exactly: header.load(Cell.largestFrame)), 1...(1 << 31) ~= largestFrame,
      let rings = Int(exactly: header.load(Cell.ringCount)), 1...4096 ~= rings
    else { return nil }
    self.init(connections: connections, memory: memory, largestFrame: largestFrame, rings: rings)
    guard self.fileSize == fileSize else { return nil }
  }

  /// Where the counters of listeners and handlers stand.
  public var counters: Counters { Counters(first: ledger / 8) }

  public struct Counters: Sendable, BitwiseCopyable {
    let first: Int

    /// The first cell of a listener's counters, and of a handler's.
    @inline(__always)
    public func listener(_ number: Int) -> Int {
      precondition(number >= 0 && number < QueueLayout.mostListeners)
      return first + number * QueueLayout.listenerCells
    }

    public func handler(_ number: Int) -> Int {
      first + QueueLayout.mostListeners * QueueLayout.listenerCells + number * QueueLayout.handlerCells
    }
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
      // No more of them can be in use than the memory for partial frames has room for, and one more
      // takes the next frame of a connection whose last one is still in its block.
      let count = max(1, min(connections, memory / smallest + 1)) + 1
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
  /// Bytes of a class's blocks.
  public func size(_ index: Int) -> Int { classes[index].size }
}

/// Where the parts of one ring stand in its queue's window, and the numbers of its cells.
public struct RingLayout: Sendable, BitwiseCopyable {
  public let header: Int
  /// Bytes of a region.
  public let size: Int
  @usableFromInline let endsSize: Int
  @usableFromInline let ranksSize: Int
  /// Bytes that may wait.
  public let limit: Int

  /// Records that fit into a region.
  @inlinable public var capacity: Int { endsSize / 4 }

  /// Where each record of a region ends: the low 32 bits of the position behind it.
  @inlinable func ends(_ region: Int) -> Int {
    header + QueueLayout.ringHeaderSize + region * (ranksSize + endsSize + size)
  }
  /// How much each record of a region matters: see `RecordRank`.
  @inlinable func ranks(_ region: Int) -> Int { ends(region) + endsSize }
  /// The records of a region.
  @inlinable func bytes(_ region: Int) -> Int { ranks(region) + ranksSize }

  /// Cells of the header, from its start. What the writer changes and what the queue changes stand
  /// on cache lines of their own.
  enum Cell {
    static let head = 8
    static let headRecords = 9
    /// Not 0: a part of the record that waits first stands in the file already.
    static let torn = 10
    static let tail = 16
    static let tailRecords = 17
    static let region = 18
    /// By region.
    static let base = 20
    static let baseRecords = 22
    /// See `WriteIntent`.
    static let intent = 32
    /// Cells for the handler's own use, of the ring in the first queue.
    static let handler = 64
    static let handlerCount = 32
    /// Records that were not written, by reason, and their bytes: see `RingDrops`.
    static let dropped = 96
    static let droppedBytes = 108
    static let droppedCount = 16
    /// See `RingStep`.
    static let step = 128
  }

  func cell(_ number: Int) -> Int { header / 8 + number }
}
