/// Code points of WTF-8: UTF-8 in which lone surrogates stand as three bytes, which is how Python
/// texts are kept here. A Python text's length, indexes and widths are in code points.
public enum CodePoint {
  @inlinable
  public static func isSurrogate(_ codePoint: UInt32) -> Bool { codePoint & 0xFFFF_F800 == 0xD800 }

  /// Python 3.13's `str.isprintable()` of one code point: what `repr` shows as it is.
  public static func isPrintable(_ codePoint: UInt32) -> Bool {
    switch codePoint {
    case 0x20..<0x7F: return true
    // Hangul and the Han ideographs, which texts are full of.
    case 0xAC00..<0xD7A4, 0x4E00..<0xA000: return true
    default: break
    }
    var (low, high) = (0, printableBoundaries.count)
    while low < high {
      let middle = (low &+ high) / 2
      if printableBoundaries[middle] <= codePoint { low = middle &+ 1 } else { high = middle }
    }
    return low & 1 == 0
  }
}

extension RawSpan {
  /// The offset of the first byte at or after `start` that is not ASCII, or `byteCount`.
  public func firstNonASCII(from start: Int = 0) -> Int {
    var offset = start
    while offset &+ 8 <= byteCount {
      let high = load64(offset) & 0x8080_8080_8080_8080
      if high != 0 { return offset &+ high.trailingZeroBitCount >> 3 }
      offset &+= 8
    }
    while offset < byteCount, self[offset] < 0x80 { offset &+= 1 }
    return offset
  }

  /// The code point that begins at `offset`, and how many bytes it has: 0 where the bytes there
  /// are not WTF-8 (an overlong form, a stray or a missing continuation, a value over U+10FFFF).
  @inline(__always)
  public func codePoint(at offset: Int) -> (codePoint: UInt32, length: Int) {
    let lead = UInt32(self[offset])
    if lead < 0x80 { return (lead, 1) }
    let left = byteCount &- offset
    if lead < 0xE0 {
      guard lead >= 0xC2, left >= 2 else { return (lead, 0) }
      let second = UInt32(self[offset &+ 1])
      guard second & 0xC0 == 0x80 else { return (lead, 0) }
      return ((lead & 0x1F) << 6 | second & 0x3F, 2)
    }
    if lead < 0xF0 {
      guard left >= 3 else { return (lead, 0) }
      let (second, third) = (UInt32(self[offset &+ 1]), UInt32(self[offset &+ 2]))
      let value = (lead & 0x0F) << 12 | (second & 0x3F) << 6 | third & 0x3F
      guard second & 0xC0 == 0x80, third & 0xC0 == 0x80, value >= 0x800 else { return (lead, 0) }
      return (value, 3)
    }
    guard lead < 0xF5, left >= 4 else { return (lead, 0) }
    let (second, third, fourth) = (UInt32(self[offset &+ 1]), UInt32(self[offset &+ 2]), UInt32(self[offset &+ 3]))
    let value = (lead & 0x07) << 18 | (second & 0x3F) << 12 | (third & 0x3F) << 6 | fourth & 0x3F
    guard second & 0xC0 == 0x80, third & 0xC0 == 0x80, fourth & 0xC0 == 0x80, value >= 0x10000, value <= 0x10FFFF
    else { return (lead, 0) }
    return (value, 4)
  }

  /// How many code points the text has (Python's `len`). The text must be WTF-8, as everything is
  /// that a `Renderer` wrote.
  public func countCodePoints() -> Int {
    var continuations = 0
    var offset = 0
    while offset &+ 8 <= byteCount {
      continuations &+= RawSpan.continuations(load64(offset)).nonzeroBitCount
      offset &+= 8
    }
    while offset < byteCount {
      if self[offset] & 0xC0 == 0x80 { continuations &+= 1 }
      offset &+= 1
    }
    return byteCount &- continuations
  }

  /// The offset of code point number `index` (from 0), or `byteCount` where the text has no more
  /// than `index` of them. The text must be WTF-8.
  public func offset(ofCodePoint index: Int) -> Int {
    var left = index
    var offset = 0
    while offset &+ 8 <= byteCount {
      let starts = 8 &- RawSpan.continuations(load64(offset)).nonzeroBitCount
      if starts > left { break }
      left &-= starts
      offset &+= 8
    }
    while offset < byteCount {
      if self[offset] & 0xC0 != 0x80 {
        if left == 0 { return offset }
        left &-= 1
      }
      offset &+= 1
    }
    return offset
  }

  /// The top bit of each of eight bytes that is a continuation byte, 0b10xxxxxx.
  private static func continuations(_ word: UInt64) -> UInt64 {
    word & ~(word << 1) & 0x8080_8080_8080_8080
  }
}

extension Array where Element == UInt8 {
  /// Appends a code point; surrogates as three bytes.
  public mutating func appendCodePoint(_ codePoint: UInt32) {
    switch codePoint {
    case 0..<0x80:
      append(UInt8(codePoint))
    case 0x80..<0x800:
      append(UInt8(0xC0 | codePoint >> 6))
      append(UInt8(0x80 | codePoint & 0x3F))
    case 0x800..<0x10000:
      append(UInt8(0xE0 | codePoint >> 12))
      append(UInt8(0x80 | codePoint >> 6 & 0x3F))
      append(UInt8(0x80 | codePoint & 0x3F))
    default:
      append(UInt8(0xF0 | codePoint >> 18 & 0x07))
      append(UInt8(0x80 | codePoint >> 12 & 0x3F))
      append(UInt8(0x80 | codePoint >> 6 & 0x3F))
      append(UInt8(0x80 | codePoint & 0x3F))
    }
  }
}
