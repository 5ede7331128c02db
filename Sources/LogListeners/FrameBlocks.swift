import SharedState

/// Who has which block of partial frames: the free ones, the most recently used first, so that few
/// pages are ever touched.
struct FrameBlocks {
  private let classes: FrameBlockClasses
  private let start: Int
  /// Free blocks of each class. Blocks that were never used are not listed: they are from `fresh` on.
  private var free: [[Int32]]
  private var fresh: [Int]
  /// Bytes of frames that blocks are in use for.
  private(set) var used = 0
  /// What `used` may reach. A single frame may exceed it, so that there is always one that gets on.
  let limit: Int

  init(_ layout: QueueLayout, limit: Int) {
    classes = layout.frameBlocks
    start = layout.blocks
    free = Array(repeating: [], count: classes.count)
    fresh = Array(repeating: 0, count: classes.count)
    self.limit = limit
  }

  /// A block for a frame of `size` bytes, or nil when partial frames have all the memory they may.
  mutating func allocate(_ size: Int) -> Block? {
    guard used == 0 || used + size <= limit, let index = classes.index(for: size) else { return nil }
    if let number = free[index].popLast() {
      used += size
      return Block(kind: Int32(index), number: number, offset: start + classes.offset(index, Int(number)), size: size)
    }
    guard fresh[index] < classes.blocks(index) else { return nil }
    let number = fresh[index]
    fresh[index] += 1
    used += size
    return Block(kind: Int32(index), number: Int32(number), offset: start + classes.offset(index, number), size: size)
  }

  /// Takes a block as in use that an earlier process gave to a frame.
  mutating func adopt(_ stored: StoredBlock, size: Int) -> Block {
    while fresh[stored.kind] <= stored.number {
      free[stored.kind].append(Int32(fresh[stored.kind]))
      fresh[stored.kind] += 1
    }
    free[stored.kind].removeAll { $0 == stored.number }
    used += size
    return Block(
      kind: Int32(stored.kind), number: Int32(stored.number),
      offset: start + classes.offset(stored.kind, stored.number), size: size)
  }

  /// Takes a block back, and gives back to the system what only a large frame needed.
  mutating func release(_ block: Block, _ memory: QueueMemory) {
    used -= block.size
    let kept = FrameBlocks.keptBytes
    if block.number >= FrameBlocks.keptBlocks || block.size > kept {
      let keep = block.number >= FrameBlocks.keptBlocks ? 0 : kept
      if block.size > keep {
        memory.file.discard(block.offset + keep..<block.offset + (block.size + 4095) / 4096 * 4096)
      }
    }
    free[Int(block.kind)].append(block.number)
  }

  /// Bytes at the start of a block, and blocks of a class, that keep their pages when they are free.
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
