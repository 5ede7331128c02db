/// The one file of loads, stores and copies of several bytes at once.
///
/// Everything here is bounds-checked, with one comparison where the standard library's own accessors
/// take two; what is `unsafe` behind the check is that any bit pattern becomes a value, which for
/// integers of a fixed width is always sound.
extension RawSpan {
  /// The byte at `offset`. Traps when it lies outside; callers check lengths first.
  @inlinable @inline(__always)
  public subscript(_ offset: Int) -> UInt8 {
    precondition(has(1, at: offset))
    return unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
  }

  /// Whether so many bytes can be read at `offset`: the very question that the loads ask, so that whoever
  /// has asked it pays once.
  @inlinable @inline(__always)
  public func has(_ size: Int, at offset: Int) -> Bool {
    byteCount >= size && UInt(bitPattern: offset) <= UInt(bitPattern: byteCount &- size)
  }

  /// The `length` bytes at `offset`. Traps when they do not lie within.
  @inlinable @inline(__always)
  @_lifetime(copy self)
  public func piece(_ offset: Int, _ length: Int) -> RawSpan {
    precondition(length >= 0 && has(length, at: offset))
    return unsafe extracting(unchecked: Range(uncheckedBounds: (offset, offset &+ length)))
  }

  @inlinable @inline(__always)
  public func load16(_ offset: Int) -> UInt16 {
    precondition(has(2, at: offset))
    return UInt16(littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt16.self))
  }

  @inlinable @inline(__always)
  public func load32(_ offset: Int) -> UInt32 {
    precondition(has(4, at: offset))
    return UInt32(littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self))
  }

  @inlinable @inline(__always)
  public func load64(_ offset: Int) -> UInt64 {
    precondition(has(8, at: offset))
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
    precondition(has(32, at: offset))
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

extension MutableRawSpan {
  @inlinable @inline(__always)
  public mutating func store64(_ value: UInt64, _ offset: Int) {
    precondition(byteCount >= 8 && UInt(bitPattern: offset) <= UInt(bitPattern: byteCount &- 8))
    unsafe storeBytes(of: value.littleEndian, toUncheckedByteOffset: offset, as: UInt64.self)
  }

  /// Copies `length` bytes, sixteen at least, and says whether all of them are ASCII. Traps when one of the
  /// spans does not hold them; callers check the room first.
  ///
  /// The last sixteen bytes overlap those before, so that no length needs a loop for what is left.
  @inlinable @inline(__always)
  public mutating func copyASCII(_ source: RawSpan, _ start: Int, _ length: Int, to offset: Int) -> Bool {
    precondition(length >= 16)
    precondition(source.has(length, at: start))
    precondition(byteCount >= length && UInt(bitPattern: offset) <= UInt(bitPattern: byteCount &- length))
    var seen = SIMD2<UInt64>.zero
    let last = length &- 16
    var at = 0
    while at < last {
      let bytes = unsafe source.unsafeLoadUnaligned(
        fromUncheckedByteOffset: start &+ at, as: SIMD2<UInt64>.self)
      seen |= bytes
      unsafe storeBytes(of: bytes, toUncheckedByteOffset: offset &+ at, as: SIMD2<UInt64>.self)
      at &+= 16
    }
    let bytes = unsafe source.unsafeLoadUnaligned(
      fromUncheckedByteOffset: start &+ last, as: SIMD2<UInt64>.self)
    seen |= bytes
    unsafe storeBytes(of: bytes, toUncheckedByteOffset: offset &+ last, as: SIMD2<UInt64>.self)
    return (seen.x | seen.y) & 0x8080_8080_8080_8080 == 0
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
