import Pickle

/// Where a line is written: memory that somebody lends, and how far it is filled.
///
/// Nothing is written that does not fit; the line is then taken back, and there will be room later.
public struct LineBuffer: ~Copyable, ~Escapable {
  public var bytes: MutableRawSpan
  public var count = 0

  @_lifetime(copy bytes)
  @inline(__always)
  public init(_ bytes: consuming MutableRawSpan) { self.bytes = bytes }

  @inline(__always)
  var room: Int { bytes.byteCount &- count }

  /// Whether so many bytes more fit: the very question that the stores ask, so that they need not.
  @inline(__always)
  func has(_ size: Int) -> Bool {
    bytes.byteCount >= size && UInt(bitPattern: count) <= UInt(bitPattern: bytes.byteCount &- size)
  }

  /// Appends bytes as they are; false when they do not fit.
  @inline(__always)
  mutating func append(_ source: RawSpan) -> Bool {
    guard source.byteCount <= room else { return false }
    bytes.copy(source, to: count)
    count &+= source.byteCount
    return true
  }

  @inline(__always)
  mutating func append(_ byte: UInt8) -> Bool {
    guard has(1) else { return false }
    bytes.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count &+= 1
    return true
  }

  /// Appends `length` bytes of `source` if all of them are ASCII. 0: they are not; 1: done; -1: they
  /// do not fit.
  ///
  /// A short text is one word, of which too much is written and then written over, or two words that
  /// overlap.
  @inline(__always)
  mutating func appendASCII(_ source: RawSpan, _ start: Int, _ length: Int) -> Int {
    guard has(length &+ 8) else { return -1 }
    let high: UInt64 = 0x8080_8080_8080_8080
    if length < 8 {
      if length == 0 { return 1 }
      guard source.has(8, at: start) else { return appendASCIIBytes(source, start, length) }
      let word = source.load64(start)
      guard word & high & (1 << UInt64(8 * length) &- 1) == 0 else { return 0 }
      bytes.store64(word, count)
      count &+= length
      return 1
    }
    if length >= 16 {
      guard bytes.copyASCII(source, start, length, to: count) else { return 0 }
      count &+= length
      return 1
    }
    let first = source.load64(start)
    let last = source.load64(start &+ length &- 8)
    guard (first | last) & high == 0 else { return 0 }
    bytes.store64(first, count)
    bytes.store64(last, count &+ length &- 8)
    count &+= length
    return 1
  }

  @inline(never)
  private mutating func appendASCIIBytes(_ source: RawSpan, _ start: Int, _ length: Int) -> Int {
    for offset in 0..<length {
      let byte = source[start + offset]
      guard byte < 0x80 else { return 0 }
      bytes.storeBytes(of: byte, toByteOffset: count + offset, as: UInt8.self)
    }
    count += length
    return 1
  }

  /// Appends text: UTF-8 in which lone surrogates may stand as three bytes, or anything that says it
  /// is. What comes out is always UTF-8.
  @inline(__always)
  mutating func appendText(_ source: RawSpan, _ start: Int, _ length: Int, _ errors: EncodingErrors) -> Bool {
    let result = appendASCII(source, start, length)
    return result == 0 ? appendEncoded(source.extracting(start..<start + length), errors) : result > 0
  }

  @inline(never)
  mutating func appendEncoded(_ text: RawSpan, _ errors: EncodingErrors) -> Bool {
    var offset = 0
    while offset < text.byteCount {
      // As much as can be copied in one piece.
      let start = offset
      var codePoint: UInt32 = 0
      var length = 0
      while offset < text.byteCount {
        if text[offset] < 0x80 {
          offset += 1
          continue
        }
        // Most of what is not ASCII has three bytes, without surrogates: the first one tells.
        if offset + 4 <= text.byteCount {
          let word = text.load32(offset)
          if word & 0xc0_c0f0 == 0x80_80e0, word & 0xff != 0xe0, word & 0xff != 0xed {
            offset += 3
            continue
          }
        }
        (codePoint, length) = text.codePoint(at: offset)
        if length <= 1 || CodePoint.isSurrogate(codePoint) { break }
        offset += length
      }
      guard append(text.extracting(start..<offset)) else { return false }
      if offset < text.byteCount {
        var escape: [UInt8] = []
        if length <= 1 {
          escape.appendEscapedByte(text[offset])
          offset += 1
        } else {
          errors.append(surrogate: codePoint, into: &escape)
          offset += length
        }
        guard append(escape.rawBytes) else { return false }
      }
    }
    return true
  }
}

/// What becomes of text that UTF-8 cannot show, lone surrogates: a handler's `errors`, as in
/// Python's `codecs`. Python's default, `strict`, loses the record; here it is `backslashreplace`.
public enum EncodingErrors: String, Sendable, CaseIterable {
  case backslashreplace, ignore, replace, xmlcharrefreplace, namereplace, surrogateescape, surrogatepass, strict

  func append(surrogate: UInt32, into out: inout [UInt8]) {
    switch self {
    case .backslashreplace, .namereplace, .strict: out.appendEscape(surrogate)
    case .ignore: break
    case .replace: out.append(UInt8(ascii: "?"))
    case .xmlcharrefreplace: out.append(contentsOf: "&#\(surrogate);".utf8)
    case .surrogateescape where 0xdc80...0xdcff ~= surrogate: out.append(UInt8(surrogate & 0xff))
    case .surrogateescape: out.appendEscape(surrogate)
    case .surrogatepass: out.appendCodePoint(surrogate)
    }
  }
}

extension [UInt8] {
  /// `\xNN`: a byte that is no text.
  mutating func appendEscapedByte(_ byte: UInt8) {
    append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "x")])
    for digit in [byte >> 4, byte & 15] { append(digit < 10 ? 48 + digit : 87 + digit) }
  }
}
