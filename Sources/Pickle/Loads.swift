/// The one file with unchecked types of access to bytes: loads of several bytes at once.
///
/// Every load below is bounds-checked by the span; what is `unsafe` in it is only that any bit
/// pattern becomes a value, which for fixed-width integers is always sound.
extension RawSpan {
  /// The byte at `offset`. Traps when it lies outside; callers check lengths first.
  @inlinable @inline(__always)
  public subscript(_ offset: Int) -> UInt8 {
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  @inlinable @inline(__always)
  public func load16(_ offset: Int) -> UInt16 {
    UInt16(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  @inlinable @inline(__always)
  public func load32(_ offset: Int) -> UInt32 {
    UInt32(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  @inlinable @inline(__always)
  public func load64(_ offset: Int) -> UInt64 {
    UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
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
      for unsafe byte in unsafe text { seen |= byte }
      return seen < 0x80
    }
  }
}

extension MutableRawSpan {
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
