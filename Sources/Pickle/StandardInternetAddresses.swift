/// The six classes of `ipaddress`.
public enum InternetClass: UInt8, Sendable {
  case ipv4Address, ipv6Address, ipv4Interface, ipv6Interface, ipv4Network, ipv6Network

  var isIPv6: Bool { self == .ipv6Address || self == .ipv6Interface || self == .ipv6Network }
  var isAddress: Bool { self == .ipv4Address || self == .ipv6Address }
  var isNetwork: Bool { self == .ipv4Network || self == .ipv6Network }
  var width: Int { isIPv6 ? 128 : 32 }

  var name: String {
    switch self {
    case .ipv4Address: "IPv4Address"
    case .ipv6Address: "IPv6Address"
    case .ipv4Interface: "IPv4Interface"
    case .ipv6Interface: "IPv6Interface"
    case .ipv4Network: "IPv4Network"
    case .ipv6Network: "IPv6Network"
    }
  }
}

/// An address, interface or network of `ipaddress`.
public struct InternetAddress: Equatable, Sendable {
  /// Bytes of the longest text that is looked at: an IPv6 address, a zone and a prefix length.
  static let longestText = 128

  public let addressClass: InternetClass
  /// The address' bits: 32 or 128 of them.
  public var bits: UInt128
  /// Of interfaces and networks; an address has its width.
  public var prefixLength: Int
  /// An IPv6 address' zone, what stands after `%`; empty where it has none.
  public var scope: [UInt8] = []

  /// Nil where the bits do not fit the class.
  public init?(_ addressClass: InternetClass, bits: UInt128) {
    guard addressClass.isIPv6 || bits <= 0xFFFF_FFFF else { return nil }
    self.addressClass = addressClass
    self.bits = bits
    self.prefixLength = addressClass.width
  }

  /// The texts that `ipaddress` itself writes: an address, then `/` and the prefix length.
  public init?(_ addressClass: InternetClass, text: [UInt8]) {
    var address = text[...]
    var prefixLength = addressClass.width
    if let slash = text.firstIndex(of: UInt8(ascii: "/")) {
      guard !addressClass.isAddress, let length = InternetAddress.decimal(text[(slash + 1)...]) else { return nil }
      guard length <= addressClass.width else { return nil }
      prefixLength = length
      address = text[..<slash]
    }
    var scope: [UInt8] = []
    if addressClass.isIPv6, let percent = address.firstIndex(of: UInt8(ascii: "%")) {
      scope = Array(address[(percent + 1)...])
      address = address[..<percent]
      guard !scope.isEmpty, !scope.contains(UInt8(ascii: "%")) else { return nil }
    }
    let bits = addressClass.isIPv6 ? InternetAddress.ipv6(address) : InternetAddress.ipv4(address)
    guard let bits, let parsed = InternetAddress(addressClass, bits: bits) else { return nil }
    self = parsed
    self.prefixLength = prefixLength
    self.scope = scope
    // A network with host bits set is a ValueError in Python.
    if addressClass.isNetwork, bits & ~mask != 0 { return nil }
  }

  var mask: UInt128 {
    let width = addressClass.width
    let all: UInt128 = addressClass.isIPv6 ? .max : 0xFFFF_FFFF
    return prefixLength == 0 ? 0 : all & (all << UInt128(width - prefixLength))
  }

  var text: [UInt8] {
    var text = InternetAddress.text(bits, isIPv6: addressClass.isIPv6)
    if !scope.isEmpty {
      text.append(UInt8(ascii: "%"))
      text += scope
    }
    if !addressClass.isAddress {
      text.append(UInt8(ascii: "/"))
      text.appendInteger(Int64(prefixLength))
    }
    return text
  }

  static func text(_ bits: UInt128, isIPv6: Bool) -> [UInt8] {
    var text: [UInt8] = []
    guard isIPv6 else {
      appendDotted(bits, to: &text)
      return text
    }
    let groups = (0..<8).map { UInt16(truncatingIfNeeded: bits >> UInt128(112 - 16 * $0)) }
    if bits >> 32 == 0xFFFF {
      text.appendASCII("::ffff:")
      appendDotted(bits & 0xFFFF_FFFF, to: &text)
      return text
    }
    let gap = longestZeroRun(groups)
    for (index, group) in groups.enumerated() {
      if gap.contains(index) {
        if index == gap.lowerBound { text.appendASCII("::") }
        continue
      }
      if index > 0, index != gap.upperBound || gap.isEmpty { text.append(UInt8(ascii: ":")) }
      text.append(contentsOf: String(group, radix: 16).utf8)
    }
    return text
  }

  /// The first of the longest runs of at least two zero groups.
  private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int> {
    var longest = 0..<0
    var start = 0
    for index in 0...groups.count {
      if index < groups.count, groups[index] == 0 { continue }
      if index - start > max(longest.count, 1) { longest = start..<index }
      start = index + 1
    }
    return longest
  }

  private static func appendDotted(_ bits: UInt128, to text: inout [UInt8]) {
    for index in 0..<4 {
      if index > 0 { text.append(UInt8(ascii: ".")) }
      text.appendInteger(Int64(UInt8(truncatingIfNeeded: bits >> UInt128(24 - 8 * index))))
    }
  }

  private static func decimal(_ digits: ArraySlice<UInt8>) -> Int? {
    guard (1...3).contains(digits.count) else { return nil }
    var value = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      value = value * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return value
  }

  private static func ipv4(_ text: ArraySlice<UInt8>) -> UInt128? {
    let octets = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard octets.count == 4 else { return nil }
    var bits: UInt128 = 0
    for octet in octets {
      guard let value = decimal(octet), value < 256, octet.count == 1 || octet.first != UInt8(ascii: "0") else {
        return nil
      }
      bits = bits << 8 | UInt128(value)
    }
    return bits
  }

  private static func ipv6(_ text: ArraySlice<UInt8>) -> UInt128? {
    guard text.count <= 45 else { return nil }
    var parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard parts.count >= 3 else { return nil }
    var groups: [UInt128] = []
    var dotted: UInt128?
    if let last = parts.last, last.contains(UInt8(ascii: ".")) {
      dotted = ipv4(last)
      guard dotted != nil else { return nil }
      parts.removeLast()
    }
    var gap: Int?
    for (index, part) in parts.enumerated() {
      if part.isEmpty {
        let isEdge = index == 0 || (index == parts.count - 1 && dotted == nil)
        if isEdge {
          // An empty part at an edge is the outer half of `::`.
          let neighbour = index == 0 ? 1 : index - 1
          guard parts.indices.contains(neighbour), parts[neighbour].isEmpty else { return nil }
          continue
        }
        guard gap == nil else { return nil }
        gap = groups.count
        continue
      }
      guard part.count <= 4, let group = UInt16(String(decoding: part, as: UTF8.self), radix: 16) else { return nil }
      groups.append(UInt128(group))
    }
    if let dotted { groups += [dotted >> 16, dotted & 0xFFFF] }
    guard gap == nil ? groups.count == 8 : groups.count < 8 else { return nil }
    if let gap { groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap) }
    return groups.reduce(0) { $0 << 16 | $1 }
  }
}
