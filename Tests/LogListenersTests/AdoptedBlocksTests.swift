import SharedState
import Testing

@testable import LogListeners

struct AdoptedBlocksTests {
  private static let layout = QueueLayout(connections: 4, memory: 4 << 20, largestFrame: 1 << 16, rings: 1)

  /// What an earlier process gave to frames counts like what this one gives.
  @Test func adoptedBlocksAreUsed() throws {
    var blocks = FrameBlocks(Self.layout, limit: 100_000)
    let kind = try #require(Self.layout.frameBlocks.index(for: 60_000))
    let adopted = blocks.adopt(StoredBlock(kind: kind, number: 1), size: 60_000)
    let another = blocks.allocate(60_000)
    #expect(another == nil && blocks.used == 60_000, "both are more than they may have together")
    let memory = try QueueMemory(layout: Self.layout, name: "onggi-test")
    blocks.release(adopted, memory)
    let instead = blocks.allocate(60_000)
    #expect(instead != nil && blocks.used == 60_000)
  }

  /// Nobody else gets an adopted block, and those before it are free.
  @Test func nobodyElseGetsAnAdoptedBlock() throws {
    var blocks = FrameBlocks(Self.layout, limit: 1 << 20)
    let kind = try #require(Self.layout.frameBlocks.index(for: 1000))
    _ = blocks.adopt(StoredBlock(kind: kind, number: 2), size: 1000)
    var given: Set<Int32> = []
    for _ in 0..<3 {
      let block = blocks.allocate(1000)
      given.insert(try #require(block).number)
    }
    #expect(given == [0, 1, 3])
  }
}
