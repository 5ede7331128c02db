import SharedState

/// Who has which block of partial frames: the free ones, the most recently used first, so that few
/// pages are ever touched.
struct FrameBlocks {
  private let classes: FrameBlockClasses
  private let start: Int
  /// Free blocks of each class: those that may have pages, and those that have none. Blocks that were
  /// never used are not listed: they are from `fresh` on.
  private var warm: [[Int32]]
  private var cold: [[Int32]]
  private var fresh: [Int]
  /// Blocks of each class in use.
  private var taken: [Int]
  /// Bytes of frames that blocks are in use for.
  private(set) var used = 0
  /// What `used` may reach. A single frame may exceed it, so that there is always one that gets on.
  let limit: Int

  init(_ layout: QueueLayout, limit: Int) {
    classes = layout.frameBlocks
    start = layout.blocks
    warm = Array(repeating: [], count: classes.count)
    cold = warm
    fresh = Array(repeating: 0, count: classes.count)
    taken = fresh
    self.limit = limit
  }

  /// A block for a frame of `size` bytes, or nil when partial frames have all the memory they may.
  mutating func allocate(_ size: Int) -> Block? {
    guard used == 0 || used + size <= limit, let index = classes.index(for: size) else { return nil }
    let number: Int32
    if let last = warm[index].popLast() ?? cold[index].popLast() {
      number = last
    } else {
      guard fresh[index] < classes.blocks(index) else { return nil }
      number = Int32(fresh[index])
      fresh[index] += 1
    }
    return take(index, number, size)
  }

  private mutating func take(_ index: Int, _ number: Int32, _ size: Int) -> Block {
    used += size
    taken[index] += 1
    return Block(kind: Int32(index), number: number, offset: start + classes.offset(index, Int(number)), size: size)
  }

  /// Takes a block as in use that an earlier process gave to a frame.
  mutating func adopt(_ stored: StoredBlock, size: Int) -> Block {
    while fresh[stored.kind] <= stored.number {
      warm[stored.kind].append(Int32(fresh[stored.kind]))
      fresh[stored.kind] += 1
    }
    warm[stored.kind].removeAll { $0 == stored.number }
    return take(stored.kind, Int32(stored.number), size)
  }

  /// Takes a block back, and gives back to the system what only a large frame needed.
  ///
  /// A thousand busy connections need a block each after every read: to give its pages back each time
  /// would cost more than to read. So as many free blocks keep theirs as are in use.
  mutating func release(_ block: Block, _ memory: QueueMemory) {
    let index = Int(block.kind)
    used -= block.size
    taken[index] -= 1
    if block.size > FrameBlocks.keptBytes {
      let end = block.offset + (block.size + 4095) / 4096 * 4096
      memory.file.discard(block.offset + FrameBlocks.keptBytes..<end)
    }
    warm[index].append(block.number)
    while warm[index].count > max(FrameBlocks.keptBlocks, taken[index]), let number = warm[index].popLast() {
      let offset = start + classes.offset(index, Int(number))
      memory.file.discard(offset..<offset + min(FrameBlocks.keptBytes, classes.size(index)))
      cold[index].append(number)
    }
  }

  /// Bytes at the start of a block that keep their pages when it is free, and blocks of a class that do so
  /// whatever is in use.
  static let keptBytes = 16 * 1024
  static let keptBlocks = 32

  struct Block: BitwiseCopyable {
    let kind: Int32
    let number: Int32
    /// Where it begins in the window, and in the file.
    let offset: Int
    /// Bytes of the frame it was taken for.
    let size: Int

    /// As a slot names it.
    var stored: UInt64 { StoredBlock(kind: Int(kind), number: Int(number)).word }
  }
}
