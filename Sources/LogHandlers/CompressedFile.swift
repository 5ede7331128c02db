import CZlib
import CZstd
import Glibc
import SharedState

/// The edge to zlib and libzstd: files compressed piece by piece, in memory that does not depend on
/// how long they are.
enum CompressedFile {
  /// Bytes that are read, and written, at once.
  static let pieceSize = 128 << 10

  /// Writes what can be read from `source`, compressed, to `target`. Returns how many bytes were read.
  ///
  /// - Parameter shouldStop: asked before each piece
  /// - Throws: ECANCELED when it was to stop
  static func write(
    _ source: Int32, to target: Int32, as compression: Compression, shouldStop: () -> Bool
  ) throws(SystemError) -> Int {
    let input = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 16)
    let output = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 16)
    defer {
      unsafe input.deallocate()
      unsafe output.deallocate()
    }
    let encoder = try Encoder(compression)
    var total = 0
    while true {
      if shouldStop() { throw SystemError("compress", ECANCELED) }
      let count = try unsafe read(source, input)
      total += count
      try unsafe encoder.encode(UnsafeRawBufferPointer(rebasing: input[..<count]), isLast: count == 0, output) {
        piece throws(SystemError) in try unsafe write(target, piece)
      }
      if count == 0 { return total }
    }
  }

  /// Whether two files hold the same bytes, from the start.
  static func areEqual(_ first: Int32, _ second: Int32) throws(SystemError) -> Bool {
    let pieces = UnsafeMutableRawPointer.allocate(byteCount: 2 * pieceSize, alignment: 16)
    defer { unsafe pieces.deallocate() }
    let buffers = unsafe (
      UnsafeMutableRawBufferPointer(start: pieces, count: pieceSize),
      UnsafeMutableRawBufferPointer(start: pieces + pieceSize, count: pieceSize)
    )
    guard lseek(first, 0, SEEK_SET) == 0, lseek(second, 0, SEEK_SET) == 0 else { throw SystemError("lseek", errno) }
    while true {
      // Reads of regular files are only short at their ends.
      let counts = (try unsafe read(first, buffers.0), try unsafe read(second, buffers.1))
      guard counts.0 == counts.1 else { return false }
      guard counts.0 > 0 else { return true }
      guard unsafe memcmp(pieces, pieces + pieceSize, counts.0) == 0 else { return false }
    }
  }

  /// Returns how many bytes were read, 0 at the end.
  private static func read(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
    while true {
      let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count >= 0 { return count }
      if errno != EINTR { throw SystemError("read", errno) }
    }
  }

  private static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemError) {
    var rest = unsafe bytes
    while unsafe !rest.isEmpty {
      let count = unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
      if count > 0 {
        unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      } else if count == 0 || errno != EINTR {
        throw SystemError("write", count == 0 ? ENOSPC : errno)
      }
    }
  }
}

/// A compressor of one of the libraries, and its memory.
@safe
private struct Encoder: ~Copyable {
  private let gzip: UnsafeMutablePointer<z_stream>?
  private let zstd: OpaquePointer?

  init(_ compression: Compression) throws(SystemError) {
    switch compression {
    case .gzip:
      let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
      unsafe stream.initialize(to: z_stream())
      // 15 bits of window, and 16 for gzip's header in place of zlib's; 8 is the default memory level.
      let status = unsafe deflateInit2_(
        stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size))
      guard status == Z_OK else {
        unsafe stream.deallocate()
        throw SystemError("deflateInit", ENOMEM)
      }
      unsafe gzip = stream
      unsafe zstd = nil
    case .zstd:
      guard let context = unsafe ZSTD_createCCtx() else { throw SystemError("ZSTD_createCCtx", ENOMEM) }
      // The program `zstd` adds a checksum too.
      _ = unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
      unsafe zstd = context
      unsafe gzip = nil
    }
  }

  deinit {
    if let gzip = unsafe gzip {
      unsafe deflateEnd(gzip)
      unsafe gzip.deallocate()
    }
    unsafe ZSTD_freeCCtx(zstd)
  }

  /// Encodes one more piece; with the last one, whatever is still to come out.
  func encode(
    _ input: UnsafeRawBufferPointer, isLast: Bool, _ output: UnsafeMutableRawBufferPointer,
    write: (UnsafeRawBufferPointer) throws(SystemError) -> Void
  ) throws(SystemError) {
    if let gzip = unsafe gzip {
      unsafe gzip.pointee.next_in = UnsafeMutablePointer(
        mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
      unsafe gzip.pointee.avail_in = UInt32(input.count)
      var status = Z_OK
      repeat {
        unsafe gzip.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe gzip.pointee.avail_out = UInt32(output.count)
        status = unsafe deflate(gzip, isLast ? Z_FINISH : Z_NO_FLUSH)
        guard status != Z_STREAM_ERROR else { throw SystemError("deflate", EINVAL) }
        let count = unsafe output.count - Int(gzip.pointee.avail_out)
        try unsafe write(UnsafeRawBufferPointer(rebasing: output[..<count]))
      } while unsafe isLast ? status != Z_STREAM_END : gzip.pointee.avail_out == 0
    } else {
      var from = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
      var isDone = false
      while !isDone {
        var to = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let left = unsafe ZSTD_compressStream2(zstd, &to, &from, isLast ? ZSTD_e_end : ZSTD_e_continue)
        guard ZSTD_isError(left) == 0 else { throw SystemError("ZSTD_compressStream2", EINVAL) }
        try unsafe write(UnsafeRawBufferPointer(rebasing: output[..<to.pos]))
        isDone = unsafe isLast ? left == 0 : from.pos == from.size
      }
    }
  }
}
