import LogListeners
import SharedState

/// What is counted of a listener before a decode queue hears of it. It stands in the first queue's
/// memory at once, where the next process goes on with it. Whoever counts has a lock.
struct ListenerCounters: Sendable {
  private let memory: QueueMemory
  private let first: Int

  /// - Parameter number: the listener's
  init(_ memory: QueueMemory, _ number: Int) {
    self.memory = memory
    first = memory.layout.counters.listener(number)
  }

  /// See `ListenerCell`.
  subscript(_ cell: Int) -> UInt64 {
    get { memory.window.load(first + cell) }
    nonmutating set { memory.window.store(first + cell, newValue) }
  }

  // MARK: Datagrams that the kernel drops

  /// Begins with a socket: where an earlier process stopped, if that had the same one; otherwise with what
  /// is dropped from now on.
  func begin(_ descriptor: Int32) {
    // Half of the cookie is enough to tell two sockets of one listener apart.
    let cookie = Socket.cookie(descriptor)
    let socket = (cookie ^ cookie >> 32) & 0xffff_ffff
    guard socket == 0 || self[ListenerCell.kernelSocket] != socket else { return }
    self[ListenerCell.kernelSocket] = 0
    let now = Socket.drops(descriptor) ?? 0
    self[ListenerCell.kernelOffset] = UInt64(UInt32(truncatingIfNeeded: self[ListenerCell.kernelDrops]) &- now)
    self[ListenerCell.kernelSocket] = socket
  }

  /// Adds what was dropped since the last time. The kernel's count is modulo 2^32; the sum less the
  /// offset is what it was then, so that one store counts.
  func countDrops(_ descriptor: Int32) {
    guard let now = Socket.drops(descriptor) else { return }
    let sum = self[ListenerCell.kernelDrops]
    let last = UInt32(truncatingIfNeeded: sum &- self[ListenerCell.kernelOffset])
    self[ListenerCell.kernelDrops] = sum &+ UInt64(now &- last)
  }
}
