import Testing

@testable import LogDaemon
@testable import LogListeners

struct TopPeersTests {
  private func host(_ number: Int) -> PeerAddress { .internet4(UInt32(0x0a00_0000 + number)) }

  @Test func whoeverFitsIsCountedExactly() {
    var peers = TopPeers()
    for round in 1...3 {
      for number in 0..<TopPeers.most { peers.count(host(number), UInt64(number * round), bytes: 10) }
    }
    let top = peers.top(TopPeers.most + 1)
    #expect(top.count == TopPeers.most)
    #expect(top.map(\.count) == (0..<TopPeers.most).reversed().map { UInt64($0 * 6) })
    #expect(top.allSatisfy { $0.excess == 0 && $0.bytes == 30 })
  }

  /// A flood of addresses that come once each neither grows the table nor hides who really sends most.
  @Test func aFloodOfOthersHidesNobody() throws {
    var peers = TopPeers()
    for number in 0..<100_000 {
      peers.count(host(1000 + number), 1)
      if number % 10 == 0 { peers.count(host(1), 1) }
      if number % 20 == 0 { peers.count(host(2), 1) }
    }
    let top = peers.top(TopPeers.most + 1)
    #expect(top.count == TopPeers.most)
    #expect(top[0].address == host(1) && top[1].address == host(2))
    #expect(top[0].count - top[0].excess <= 10_000 && top[0].count >= 10_000)
    #expect(top.allSatisfy { $0.excess <= 115_000 / UInt64(TopPeers.most) })
  }

  @Test func queuesAddUp() {
    var first = TopPeers()
    var second = TopPeers()
    first.count(host(1), 5, reason: .malformed)
    second.count(host(1), 2, reason: .limit)
    second.count(host(2), 6)
    first.add(second)
    #expect(first.top(2).map(\.count) == [7, 6])
    #expect(first.top(1)[0].reason == .limit)
  }

  @Test func addressesReadAsPeopleWriteThem() {
    #expect(PeerAddress.internet4(0x7f00_0001).text == "127.0.0.1")
    #expect(PeerAddress.internet6(0, 1).text == "::1")
    #expect(PeerAddress.internet6(0xfe80 << 48, 0xff).text == "fe80::ff")
    #expect(PeerAddress.internet6(0, 0xffff_0a00_0001) == .internet4(0x0a00_0001))
    #expect(PeerAddress.user(1000).text == "uid 1000")
  }
}
