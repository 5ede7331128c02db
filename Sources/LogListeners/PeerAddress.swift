import CLinux
import Glibc

/// Who sends, without the port: a host, or a user of this one. What the peers' counts go by.
public struct PeerAddress: Sendable, Hashable, BitwiseCopyable {
  private enum Kind: UInt8, BitwiseCopyable { case none, internet4, internet6, user }

  private let kind: Kind
  /// The address' bytes as they come from the network; or the user's number.
  private let high: UInt64
  private let low: UInt64

  private init(_ kind: Kind, _ high: UInt64, _ low: UInt64) {
    self.kind = kind
    self.high = high
    self.low = low
  }

  /// Nothing is known.
  public static let unknown = PeerAddress(.none, 0, 0)

  /// Of a Unix socket's credentials.
  public static func user(_ number: UInt32) -> PeerAddress { PeerAddress(.user, 0, UInt64(number)) }

  /// IPv4 addresses in their IPv6 form are the same hosts.
  static func internet6(_ high: UInt64, _ low: UInt64) -> PeerAddress {
    if high == 0, low >> 32 == 0xffff { return internet4(UInt32(truncatingIfNeeded: low)) }
    return PeerAddress(.internet6, high, low)
  }

  static func internet4(_ address: UInt32) -> PeerAddress { PeerAddress(.internet4, 0, UInt64(address)) }

  /// The address as 128 bits, IPv4 as ::ffff:0:0/96; nil: it is none.
  var bits: (address: UInt128, isIPv4: Bool)? {
    switch kind {
    case .none, .user: nil
    case .internet4: (UInt128(0xffff) << 32 | UInt128(low), true)
    case .internet6: (UInt128(high) << 64 | UInt128(low), false)
    }
  }

  /// "10.0.0.1", "fe80::1", "uid 1000".
  public var text: String {
    switch kind {
    case .none: "unknown"
    case .user: "uid \(low)"
    case .internet4: (0..<4).map { "\(low >> UInt64(24 - 8 * $0) & 0xff)" }.joined(separator: ".")
    case .internet6: Socket.text(high, low)
    }
  }
}
