/// The one file of loads, stores and copies of several bytes at once.
///
/// Everything here is bounds-checked, with one comparison where the standard library's own accessors
/// take two; what is `unsafe` behind the check is that any bit pattern becomes a value, which for
/// integers of a fixed width is always sound.
extension RawSpan {
  /// The byte at `offset`. Traps when it lies outside; callers check lengths first.
  @inlinable @inline(__always)
  public subscript(_ offset: Int) -> UInt8 {
    precondition(UInt(bitPattern: offset) < UInt(bitPattern: byteCount))
    return unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
  }

  @inlinable @inline(__always)
  public func load16(_ offset: Int) -> UInt16 {
    precondition(byteCount >= 2 && UInt(bitPattern: offset) <= UInt(bitPattern: byteCount &- 2))
    return UInt16(littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt16.self))
  }

  @inlinable @inline(__always)
  public func load32(_ offset: Int) -> UInt32 {
    precondition(byteCount >= 4 && UInt(bitPattern: offset) <= UInt(bitPattern: byteCount &- 4))
    return UInt32(littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self))
  }

  @inlinable @inline(__always)
  public func load64(_ offset: Int) -> UInt64 {
    precondition(byteCount >= 8 && UInt(bitPattern: offset) <= UInt(bitPattern: byteCount &- 8))
    return UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
  }
}

extension RawSpan {
  /// Whether the 32 bytes at `offset`, with one bounds check for all, are these words where the masks have
  /// bits.
  @inline(__always)
  func isMasked(
    _ offset: Int, _ words: (UInt64, UInt64, UInt64, UInt64), _ masks: (UInt64, UInt64, UInt64, UInt64)
  ) -> Bool {
    precondition(byteCount >= 32 && UInt(bitPattern: offset) <= UInt(bitPattern: byteCount &- 32))
    let a = UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
    let b = UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset &+ 8, as: UInt64.self))
    let c = UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset &+ 16, as: UInt64.self))
    let d = UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset &+ 24, as: UInt64.self))
    return (a & masks.0 ^ words.0) | (b & masks.1 ^ words.1) | (c & masks.2 ^ words.2) | (d & masks.3 ^ words.3) == 0
  }
}

extension Array where Element == UInt8 {
  /// The array's bytes, borrowed.
  @inlinable
  public var rawBytes: RawSpan {
    @_lifetime(borrow self)
    get { unsafe span.bytes }
  }

  /// Appends a copy of `bytes`.
  @inlinable @inline(__always)
  public mutating func append(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
  }

  /// Appends a literal.
  @inlinable @inline(__always)
  public mutating func appendASCII(_ text: StaticString) {
    unsafe append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
}

extension InlineArray where Element == UInt8 {
  /// The array's bytes, borrowed.
  @inlinable @inline(__always)
  var rawBytes: RawSpan {
    @_lifetime(borrow self)
    get { unsafe span.bytes }
  }
}

extension RawSpan {
  /// Whether a range holds ASCII only. One pass that the compiler turns into vector instructions;
  /// traps when the range does not lie within the span.
  @inlinable
  public func isASCII(_ start: Int, _ length: Int) -> Bool {
    precondition(start >= 0 && length >= 0 && length <= byteCount - start)
    return unsafe withUnsafeBytes { (bytes: UnsafeRawBufferPointer) in
      guard let base = bytes.baseAddress else { return true }
      let text = unsafe UnsafeRawBufferPointer(start: base + start, count: length)
      var seen: UInt8 = 0
      var index = 0
      while index < length {
        seen |= unsafe text[index]
        index &+= 1
      }
      return seen < 0x80
    }
  }
}

extension MutableRawSpan {
  @inlinable @inline(__always)
  public mutating func store64(_ value: UInt64, _ offset: Int) {
    precondition(byteCount >= 8 && UInt(bitPattern: offset) <= UInt(bitPattern: byteCount &- 8))
    unsafe storeBytes(of: value.littleEndian, toUncheckedByteOffset: offset, as: UInt64.self)
  }

  /// Copies all of `source` to `offset`. Traps when it does not fit; callers check the room first.
  @inlinable @inline(__always)
  public mutating func copy(_ source: RawSpan, to offset: Int) {
    precondition(offset >= 0 && source.byteCount <= byteCount - offset)
    unsafe withUnsafeMutableBytes { (to: UnsafeMutableRawBufferPointer) in
      unsafe source.withUnsafeBytes { (from: UnsafeRawBufferPointer) in
        guard let target = to.baseAddress, let start = from.baseAddress else { return }
        unsafe (target + offset).copyMemory(from: start, byteCount: from.count)
      }
    }
  }
}

extension Hasher {
  /// Feeds bytes. Seeded anew in each process, as all of the standard library's hashing.
  public mutating func combine(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe combine(bytes: $0) }
  }
}
