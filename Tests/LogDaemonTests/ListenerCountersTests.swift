import Glibc
import LogListeners
import SharedState
import TestSupport
import Testing

@testable import LogDaemon

/// What is counted of listeners goes on over a restart that keeps the memory.
struct ListenerCountersTests {
  private static func memory() throws -> QueueMemory {
    try QueueMemory(
      layout: QueueLayout(connections: 3, memory: 1 << 20, largestFrame: 4096, rings: 1), name: "onggi-test")
  }

  private static func next(_ memory: QueueMemory) throws -> QueueMemory {
    try QueueMemory(adopting: whatAKillLeaves(of: memory))
  }

  @Test func connectionsAreCountedOnWhereAKilledProcessStopped() throws {
    let memory = try Self.memory()
    let slots = ConnectionSlots(2, [memory])
    #expect(slots.take(listener: 1) != nil && slots.take(listener: 1) != nil && slots.take(listener: 1) == nil)
    slots.refuseNotAllowed(listener: 1)
    slots.refuse(listener: 4)
    let later = ConnectionSlots(2, [try Self.next(memory)])
    later.adopt(0, of: 0, listener: 1)
    #expect(later.take(listener: 1) != nil && later.take(listener: 1) == nil)
    let counts = later.counts(listener: 1)
    #expect(counts.accepted == 6 && counts.open == 2 && counts.tooMany == 2 && counts.notAllowed == 1)
    #expect(later.counts(listener: 4).resources == 1 && later.counts(listener: 0).accepted == 0)
  }

  /// A datagram socket whose kernel buffer has room for a few datagrams only.
  private final class Flooded {
    let descriptor: Int32
    private let sender: Int32

    init() throws {
      descriptor = try Socket.bound(.internet(host: "127.0.0.1", port: 0), .datagram)
      try Socket.set(descriptor, SOL_SOCKET, SO_RCVBUF, 4096)
      sender = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
      var name = sockaddr_storage()
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let connected = unsafe withUnsafeMutablePointer(to: &name) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe getsockname(descriptor, $0, &length) == 0 && connect(sender, $0, length) == 0
        }
      }
      #expect(connected)
    }

    deinit {
      close(descriptor)
      close(sender)
    }

    /// Has the kernel drop so many.
    func drop(_ count: UInt32) {
      let before = Socket.drops(descriptor) ?? 0
      let text = [UInt8](repeating: 0, count: 1000)
      while (Socket.drops(descriptor) ?? 0) &- before < count { _ = unsafe send(sender, text, text.count, 0) }
    }
  }

  private static func drops(_ book: LedgerBook) -> UInt64 {
    book.setListeners(["tcp", "udp"])
    return book.take().listeners[1].kernelDrops
  }

  @Test func whatTheKernelDropsBetweenTwoProcessesIsCounted() throws {
    let memory = try Self.memory()
    let socket = try Flooded()
    socket.drop(3)
    let book = LedgerBook(ConnectionSlots(3, [memory]), memory)
    book.addDatagrams(socket.descriptor, listener: 1)
    #expect(Self.drops(book) == 0, "nobody listened yet")
    socket.drop(5)
    #expect(Self.drops(book) == 5)
    socket.drop(2)

    let kept = try Self.next(memory)
    socket.drop(4)
    let later = LedgerBook(ConnectionSlots(3, [kept]), kept)
    #expect(Self.drops(later) == 5)
    later.addDatagrams(socket.descriptor, listener: 1)
    #expect(Self.drops(later) == 11, "since the killed process looked last")
    later.removeDatagrams(socket.descriptor)
    socket.drop(1)

    // Another socket has nothing to do with the first one.
    let other = try Flooded()
    other.drop(20)
    later.addDatagrams(other.descriptor, listener: 1)
    #expect(Self.drops(later) == 11)
    other.drop(1)
    #expect(Self.drops(later) == 12)
  }
}
