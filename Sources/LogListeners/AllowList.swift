/// Who may send: address blocks of a listener.
///
/// IPv4 addresses are what they are inside of IPv6, ::ffff:0:0/96, so that both kinds are one
/// comparison. A block that is wider than that is about IPv6 alone.
public struct AllowList: Sendable {
  private struct Block: BitwiseCopyable {
    let value: UInt128
    let mask: UInt128
    let holdsIPv4: Bool
  }

  private let blocks: [Block]

  /// - Parameter blocks: 4 or 16 bytes in network order, and how many of their bits count
  public init(_ blocks: [(bytes: [UInt8], prefixLength: Int)]) {
    self.blocks = blocks.map { bytes, prefixLength in
      let isIPv4 = bytes.count == 4
      let value = bytes.reduce(isIPv4 ? 0xffff : 0) { $0 << 8 | UInt128($1) }
      let length = prefixLength + (isIPv4 ? 96 : 0)
      // A shift by all the bits there are gives zero.
      let mask = UInt128.max << UInt128(128 - length)
      return Block(value: value & mask, mask: mask, holdsIPv4: length >= 96)
    }
  }

  public func contains(_ peer: PeerAddress) -> Bool {
    guard let (address, isIPv4) = peer.bits else { return false }
    return blocks.contains { address & $0.mask == $0.value && (!isIPv4 || $0.holdsIPv4) }
  }
}
