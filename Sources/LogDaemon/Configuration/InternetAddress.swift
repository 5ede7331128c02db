/// An IPv4 or IPv6 address and a port.
public struct InternetAddress: Sendable, Equatable, CustomStringConvertible {
  /// 4 or 16 bytes in network order.
  public var bytes: [UInt8]
  public var port: UInt16

  public init(ipv4: (UInt8, UInt8, UInt8, UInt8), port: UInt16) {
    bytes = [ipv4.0, ipv4.1, ipv4.2, ipv4.3]
    self.port = port
  }

  init(bytes: [UInt8], port: UInt16) {
    self.bytes = bytes
    self.port = port
  }

  /// "127.0.0.1:9020", "[::1]:9020" or "localhost:9020" (which is 127.0.0.1).
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    guard let number = Quantities.digits(text[text.index(after: colon)...]), let port = UInt16(exactly: number) else {
      return nil
    }
    var host = text[..<colon]
    if host == "localhost" { host = "127.0.0.1" }
    if host.hasPrefix("["), host.hasSuffix("]") {
      guard let bytes = Self.ipv6(host.dropFirst().dropLast()) else { return nil }
      self.init(bytes: bytes, port: port)
    } else {
      guard let bytes = Self.ipv4(host) else { return nil }
      self.init(bytes: bytes, port: port)
    }
  }

  public var isIPv6: Bool { bytes.count == 16 }

  /// 0.0.0.0 or ::, which listen on every address.
  public var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }

  /// 127.0.0.0/8, ::1, and the former within ::ffff:0:0/96.
  public var isLoopback: Bool {
    if bytes.count == 4 { return bytes[0] == 127 }
    return bytes == Self.loopbackIPv6 || (bytes.starts(with: Self.mappedPrefix) && bytes[12] == 127)
  }

  public var description: String {
    let host = Self.text(of: bytes)
    return isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  private static let loopbackIPv6: [UInt8] = Array(repeating: 0, count: 15) + [1]
  private static let mappedPrefix: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF]

  /// Four decimal numbers. Leading zeros, which some read as octal, are refused.
  static func ipv4(_ text: Substring) -> [UInt8]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bytes: [UInt8] = []
    for part in parts {
      guard let number = Quantities.digits(part), let byte = UInt8(exactly: number) else { return nil }
      guard part.utf8.count == 1 || part.utf8.first != UInt8(ascii: "0") else { return nil }
      bytes.append(byte)
    }
    return bytes
  }

  /// RFC 4291, section 2.2. Zones (`%eth0`) are refused.
  static func ipv6(_ text: Substring) -> [UInt8]? {
    guard let gap = firstGap(in: text) else {
      guard let bytes = groups(text), bytes.count == 16 else { return nil }
      return bytes
    }
    let head = text[..<gap]
    let tail = text[text.index(gap, offsetBy: 2)...]
    guard let left = head.isEmpty ? [] : groups(head, mayEndInIPv4: false),
      let right = tail.isEmpty ? [] : groups(tail), left.count + right.count <= 14
    else { return nil }
    return left + Array(repeating: 0, count: 16 - left.count - right.count) + right
  }

  /// Where "::" begins.
  private static func firstGap(in text: Substring) -> Substring.Index? {
    text.indices.first { text[$0...].hasPrefix("::") }
  }

  private static func groups(_ text: Substring, mayEndInIPv4: Bool = true) -> [UInt8]? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    var bytes: [UInt8] = []
    for (index, part) in parts.enumerated() {
      if mayEndInIPv4, index == parts.count - 1, part.contains(".") {
        guard let ipv4 = ipv4(part) else { return nil }
        bytes += ipv4
        continue
      }
      guard (1...4).contains(part.utf8.count), part.allSatisfy({ $0.isASCII && $0.isHexDigit }),
        let group = UInt16(part, radix: 16)
      else { return nil }
      bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
    }
    return bytes.count <= 16 ? bytes : nil
  }

  /// RFC 5952: lower case, and the longest run of zero groups shortened.
  static func text(of bytes: [UInt8]) -> String {
    if bytes.count == 4 { return bytes.map(String.init).joined(separator: ".") }
    if bytes.starts(with: mappedPrefix) { return "::ffff:" + text(of: Array(bytes[12...])) }
    let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
    var gap = 0..<0
    var index = 0
    while index < groups.count {
      let end = groups[index...].firstIndex { $0 != 0 } ?? groups.count
      if end - index > gap.count, end - index > 1 { gap = index..<end }
      index = end + 1
    }
    let hexadecimal = groups.map { String($0, radix: 16) }
    guard !gap.isEmpty else { return hexadecimal.joined(separator: ":") }
    return hexadecimal[..<gap.lowerBound].joined(separator: ":") + "::"
      + hexadecimal[gap.upperBound...].joined(separator: ":")
  }
}

/// A CIDR block: all the addresses whose first `prefixLength` bits are those of `bytes`.
public struct AddressBlock: Sendable, Equatable, CustomStringConvertible {
  /// 4 or 16 bytes in network order. Bits behind the prefix are zero.
  public var bytes: [UInt8]
  public var prefixLength: Int

  /// "10.0.0.0/8", "fd00::/8", or a single address.
  ///
  /// Bits behind the prefix are cleared; `description` then differs from what was written.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, let host = parts.first else { return nil }
    guard let bytes = InternetAddress.ipv4(host) ?? InternetAddress.ipv6(host) else { return nil }
    let bits = bytes.count * 8
    var length = bits
    if parts.count == 2 {
      guard let number = Quantities.digits(parts[1]), number <= bits else { return nil }
      length = number
    }
    prefixLength = length
    self.bytes = bytes.enumerated().map { index, byte in
      byte & ~UInt8(truncatingIfNeeded: 0xFF >> min(8, max(0, length - index * 8)))
    }
  }

  /// Whether an address (4 or 16 bytes) lies in it. An IPv4 address that came in over an IPv6 socket
  /// (::ffff:0:0/96) is what it is: IPv4.
  public func contains(_ address: [UInt8]) -> Bool {
    var address = address[...]
    if address.count == 16, bytes.count == 4 {
      guard address.prefix(10).allSatisfy({ $0 == 0 }), address.dropFirst(10).prefix(2) == [0xFF, 0xFF] else {
        return false
      }
      address = address.suffix(4)
    }
    guard address.count == bytes.count else { return false }
    for (index, (left, right)) in zip(address, bytes).enumerated() {
      let mask = ~UInt8(truncatingIfNeeded: 0xFF >> min(8, max(0, prefixLength - index * 8)))
      if left & mask != right { return false }
    }
    return true
  }

  public var description: String { "\(InternetAddress.text(of: bytes))/\(prefixLength)" }
}
