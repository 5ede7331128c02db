import Glibc
import SharedState
import Testing

@testable import LogListeners

/// What blocks of partial frames do with the pages they no longer need.
@Suite struct FrameBlocksTests {
  private let memory: QueueMemory
  private var blocks: FrameBlocks
  private static let connections = 400

  init() throws {
    let layout = QueueLayout(
      connections: FrameBlocksTests.connections, memory: 16 << 20, largestFrame: 1 << 20, rings: 1)
    memory = try QueueMemory(layout: layout, name: "onggi-test")
    blocks = FrameBlocks(layout, limit: 8 << 20)
  }

  /// Kilobytes of the memory that have pages.
  private func kilobytes() throws -> Int {
    var status = stat()
    try #require(unsafe fstat(memory.file.descriptor, &status) == 0)
    return Int(status.st_blocks) / 2
  }

  private mutating func take(_ count: Int, size: Int) throws -> [FrameBlocks.Block] {
    var taken: [FrameBlocks.Block] = []
    while taken.count < count {
      let block = blocks.allocate(size)
      taken.append(try #require(block))
    }
    for block in taken {
      for page in stride(from: block.offset, to: block.offset + size, by: 4096) { memory.window.store8(1, at: page) }
    }
    return taken
  }

  @Test mutating func asManyFreeBlocksKeepTheirPagesAsAreInUse() throws {
    let before = try kilobytes()
    var taken = try take(FrameBlocksTests.connections, size: 3000)
    #expect(try kilobytes() >= before + 4 * taken.count)
    // Each connection has its frame finished and begins another one: nothing is given back.
    for index in taken.indices {
      blocks.release(taken[index], memory)
      #expect(try kilobytes() >= before + 4 * taken.count)
      taken[index] = try take(1, size: 3000)[0]
    }
    // Nor when many are between two frames at the same time.
    for block in taken[..<150] { blocks.release(block, memory) }
    #expect(try kilobytes() >= before + 4 * taken.count)
    for block in taken[150...] { blocks.release(block, memory) }
    #expect(blocks.used == 0)
    #expect(try kilobytes() <= before + 4 * FrameBlocks.keptBlocks)
    // All of them can be had again.
    #expect(try take(FrameBlocksTests.connections, size: 3000).count == FrameBlocksTests.connections)
  }

  @Test mutating func whatOnlyALargeFrameNeededIsGivenBackAtOnce() throws {
    let before = try kilobytes()
    for block in try take(3, size: 1 << 20) { blocks.release(block, memory) }
    #expect(try kilobytes() <= before + 3 * FrameBlocks.keptBytes / 1024)
  }
}
