import Testing

@testable import LogListeners

struct AllowListTests {
  private static let ten = (bytes: [10, 0, 0, 0] as [UInt8], prefixLength: 8)

  private func mapped(_ address: UInt32) -> PeerAddress { .internet6(0, 0xffff << 32 | UInt64(address)) }

  @Test func blocksOfIPv4HoldTheirAddressesInEitherForm() {
    let list = AllowList([Self.ten])
    #expect(list.contains(.internet4(0x0A01_0203)) && list.contains(mapped(0x0A01_0203)))
    #expect(!list.contains(.internet4(0x0B01_0203)) && !list.contains(mapped(0x0B01_0203)))
    #expect(!list.contains(.internet6(0x0A00_0000_0000_0000, 1)))
    #expect(!list.contains(.unknown) && !list.contains(.user(0)))
  }

  @Test func blocksOfIPv6AreAboutIPv6() {
    let all = AllowList([(Array(repeating: 0, count: 16), 0)])
    #expect(all.contains(.internet6(0xfd00 << 48, 1)) && !all.contains(.internet4(0x7F00_0001)))
    let local = AllowList([([0xfd] + Array(repeating: 0, count: 15), 8)])
    #expect(local.contains(.internet6(0xfd12 << 48, 7)) && !local.contains(.internet6(0xfe12 << 48, 7)))
    let one = AllowList([(Array(repeating: 0, count: 15) + [1], 128)])
    #expect(one.contains(.internet6(0, 1)) && !one.contains(.internet6(0, 2)))
    // IPv4 in IPv6's spelling.
    let spelled = AllowList([(Array(repeating: 0, count: 10) + [0xff, 0xff, 10, 0, 0, 0], 104)])
    #expect(spelled.contains(.internet4(0x0AFF_FFFF)) && !spelled.contains(.internet4(0x0BFF_FFFF)))
  }

  @Test func zeroBitsHoldAllOfAKindAndAllBitsOne() {
    #expect(AllowList([([0, 0, 0, 0], 0)]).contains(.internet4(0xFFFF_FFFF)))
    let one = AllowList([([192, 168, 0, 1], 32)])
    #expect(one.contains(.internet4(0xC0A8_0001)) && !one.contains(.internet4(0xC0A8_0000)))
    #expect(!AllowList([]).contains(.internet4(1)))
  }
}
