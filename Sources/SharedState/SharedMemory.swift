import CLinux
import Glibc
import Pickle

/// The edge to mapped memory: memory files (memfd_create(2)) and windows on them.
///
/// A memory file lives as long as a descriptor of it, and systemd keeps descriptors. What stands in
/// one survives the process, SIGKILL included; that is what connections' partial frames, unwritten
/// lines and the notes about a write in progress are kept in.
public struct MemoryFile: ~Copyable, Sendable {
  public let descriptor: Int32
  public let size: Int

  /// A new file of `size` zero bytes. Pages take memory only when they are first written.
  public init(name: String, size: Int) throws(SystemError) {
    let descriptor = unsafe name.withCString { unsafe onggi_memfd_create($0) }
    guard descriptor >= 0 else { throw SystemError("memfd_create", errno) }
    guard ftruncate(descriptor, size) == 0, onggi_seal_size(descriptor) == 0 else {
      let number = errno
      close(descriptor)
      throw SystemError("ftruncate", number)
    }
    self.descriptor = descriptor
    self.size = size
  }

  /// Takes over a file that an earlier process made, whose size nobody can change any more. Closes the
  /// descriptor when it throws.
  public init(adopting descriptor: Int32) throws(SystemError) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, onggi_has_sealed_size(descriptor) != 0 else {
      close(descriptor)
      throw SystemError("fstat", EINVAL)
    }
    self.descriptor = descriptor
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Gives the pages of a range back to the system; they read as zeros again.
  public borrowing func discard(_ range: Range<Int>) {
    _ = onggi_punch_hole(descriptor, Int64(range.lowerBound), Int64(range.count))
  }
}

/// A window on a part of a memory file: bytes, and 64-bit cells shared with other threads and with
/// the process that comes after this one.
///
/// A plain `store` is seen after a kill in program order, which is all that one thread's own cells
/// need; cells that another thread reads take `storeRelease` and `loadAcquire`.
@safe
public struct MemoryWindow: ~Copyable, @unchecked Sendable {
  private let base: UnsafeMutableRawPointer
  /// Bytes of address space, mapped or not.
  public let count: Int

  /// Takes `count` bytes of address space, in which nothing may be touched before it is mapped.
  public init(reserving count: Int) throws(SystemError) {
    let start = unsafe mmap(nil, count, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let start = unsafe start, unsafe start != MAP_FAILED else { throw SystemError("mmap", errno) }
    unsafe base = start
    self.count = count
  }

  deinit { unsafe munmap(base, count) }

  /// Shows a range of the file at `offset` of the window; both start at a page.
  public func map(_ file: borrowing MemoryFile, _ range: Range<Int>, at offset: Int) throws(SystemError) {
    precondition(range.lowerBound % 4096 == 0 && offset % 4096 == 0 && offset >= 0)
    precondition(!range.isEmpty && range.upperBound <= file.size && offset + range.count <= count)
    let result = unsafe mmap(
      base + offset, range.count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file.descriptor,
      off_t(range.lowerBound))
    guard unsafe result != MAP_FAILED else { throw SystemError("mmap", errno) }
  }

  /// Bytes to read.
  @inline(__always)
  @_lifetime(borrow self)
  public func bytes(_ range: Range<Int>) -> RawSpan {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    let span = unsafe RawSpan(_unsafeStart: base + range.lowerBound, byteCount: range.count)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// Bytes to write. The window is shared memory, so that borrowing it is enough; who may write
  /// where is the protocol of the structure that stands there.
  @inline(__always)
  @_lifetime(borrow self)
  public func writable(_ range: Range<Int>) -> MutableRawSpan {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    let span = unsafe MutableRawSpan(_unsafeStart: base + range.lowerBound, byteCount: range.count)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// Touches a range, so that no page of it is missing when the kernel is to write there.
  public func populate(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    for offset in stride(from: range.lowerBound, to: range.upperBound, by: 4096) {
      let byte = unsafe (base + offset).assumingMemoryBound(to: UInt8.self)
      unsafe byte.pointee |= 0
    }
  }

  /// The cell with this number; cells are eight bytes each, from the window's start.
  @inline(__always)
  private func cell(_ index: Int) -> UnsafeMutablePointer<UInt64> {
    precondition(index >= 0 && (index + 1) * 8 <= count)
    return unsafe (base + index * 8).assumingMemoryBound(to: UInt64.self)
  }

  /// The byte at an offset.
  public func load8(at offset: Int) -> UInt8 {
    precondition(offset >= 0 && offset < count)
    return unsafe (base + offset).load(as: UInt8.self)
  }

  /// The 32 bits at an offset in bytes.
  public func load32(at offset: Int) -> UInt32 {
    precondition(offset >= 0 && offset + 4 <= count)
    return unsafe (base + offset).load(as: UInt32.self)
  }

  /// Stores a byte at an offset.
  @inline(__always)
  public func store8(_ value: UInt8, at offset: Int) {
    precondition(UInt(bitPattern: offset) < UInt(bitPattern: count))
    unsafe (base + offset).storeBytes(of: value, as: UInt8.self)
  }

  /// Stores 32 bits at an offset in bytes.
  @inline(__always)
  public func store32(_ value: UInt32, at offset: Int) {
    precondition(offset >= 0 && offset <= count &- 4)
    unsafe (base + offset).storeBytes(of: value, as: UInt32.self)
  }

  @inline(__always)
  public func load(_ index: Int) -> UInt64 { unsafe onggi_load_relaxed(cell(index)) }
  /// A store that a later store of the same thread never overtakes, for whoever reads after a kill.
  @inline(__always)
  public func store(_ index: Int, _ value: UInt64) { unsafe onggi_store_release(cell(index), value) }
  @inline(__always)
  public func loadAcquire(_ index: Int) -> UInt64 { unsafe onggi_load_acquire(cell(index)) }
  @inline(__always)
  public func storeRelease(_ index: Int, _ value: UInt64) { unsafe onggi_store_release(cell(index), value) }

  /// Lends a cell to a system call.
  @inline(__always)
  @unsafe
  public func unsafeCell(_ index: Int) -> UnsafeMutablePointer<UInt64> { unsafe cell(index) }

  /// Lends a range to a system call.
  @inline(__always)
  @unsafe
  public func withUnsafeAddress<Result>(
    _ range: Range<Int>, _ body: (UnsafeMutableRawPointer) -> Result
  ) -> Result {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    return unsafe body(base + range.lowerBound)
  }

  /// Puts bytes at an offset.
  public func put(_ bytes: [UInt8], at offset: Int) {
    var target = writable(offset..<offset + bytes.count)
    target.copy(bytes.rawBytes, to: 0)
  }

  /// A copy of a range.
  public func array(_ range: Range<Int>) -> [UInt8] {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    return unsafe [UInt8](UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
  }

  /// Copies a range to another place of the window. The two do not overlap.
  public func copy(_ range: Range<Int>, to offset: Int) {
    var target = writable(offset..<offset + range.count)
    target.copy(bytes(range), to: 0)
  }

  /// Writes the lowest `count` bytes of a word, the lowest one first.
  public func storeBytes(of word: UInt32, count: Int, at offset: Int) {
    var target = writable(offset..<offset + count)
    for index in 0..<count {
      target.storeBytes(
        of: UInt8(truncatingIfNeeded: word >> UInt32(8 * index)), toByteOffset: index, as: UInt8.self)
    }
  }
}
