import CLinux
import Glibc
public import SharedState

/// The edge to the journal's socket: datagrams of its native protocol
/// (systemd.io/JOURNAL_NATIVE_PROTOCOL), sent without ever waiting.
///
/// Not `sd_journal_sendv`: that returns 0 when nobody listens, and waits without end when the
/// socket's queue is full.
public struct JournalSocket: ~Copyable, Sendable {
  public static let path = "/run/systemd/journal/socket"
  /// Bytes that may be on the way to journald. The system caps it at `net.core.wmem_max`, unless
  /// the process is privileged.
  private static let sendBuffer: Int32 = 8 << 20
  /// Datagrams of one call, at most.
  public static var most: Int { Int(ONGGI_SENDS) }

  let descriptor: Int32

  /// Connected, so that poll(2) and ECONNREFUSED speak of the listener's queue.
  public init(path: String) throws(SystemError) {
    let bytes = Array(path.utf8)
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    guard bytes.count < MemoryLayout.size(ofValue: name.sun_path) else { throw SystemError("connect", ENAMETOOLONG) }
    unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: bytes) }
    let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | flags, 0)
    guard descriptor >= 0 else { throw SystemError("socket", errno) }
    var size = JournalSocket.sendBuffer
    let length = socklen_t(MemoryLayout<Int32>.size)
    if unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &size, length) != 0 {
      _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, length)
    }
    let result = unsafe withUnsafePointer(to: &name) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else {
      let number = errno
      close(descriptor)
      throw SystemError("connect", number)
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Sends datagrams that lie one behind the other; returns how many were taken, at least one.
  func send(_ window: borrowing MemoryWindow, from start: Int, sizes: [UInt32]) throws(SystemError) -> Int {
    let range = start..<start + sizes.reduce(0) { $0 + Int($1) }
    while true {
      let count = unsafe window.withUnsafeAddress(range) { address in
        unsafe sizes.withUnsafeBufferPointer {
          unsafe onggi_send_datagrams(
            descriptor, address.assumingMemoryBound(to: UInt8.self), $0.baseAddress, Int32($0.count))
        }
      }
      if count > 0 { return Int(count) }
      if count == 0 || errno != EINTR { throw SystemError("send", count == 0 ? EAGAIN : errno) }
    }
  }

  /// Sends one datagram.
  public func send(_ entry: [UInt8]) throws(SystemError) {
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    while unsafe entry.withUnsafeBytes({ unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, flags) }) < 0 {
      if errno != EINTR { throw SystemError("send", errno) }
    }
  }

  /// Sends an entry that stands in a file.
  func send(file: Int32) throws(SystemError) {
    while onggi_send_descriptor(descriptor, file) < 0 {
      if errno != EINTR { throw SystemError("send", errno) }
    }
  }
}

/// An entry that is too long for a datagram: a memory file that nobody can change any more, which is
/// what journald asks for.
struct SealedFile: ~Copyable {
  let descriptor: Int32

  /// A file of bytes of the window.
  init(_ window: borrowing MemoryWindow, _ range: Range<Int>) throws(SystemError) {
    let descriptor = unsafe onggi_memfd_create_sealable("onggi-journal")
    guard descriptor >= 0 else { throw SystemError("memfd_create", errno) }
    do throws(SystemError) {
      var start = range.lowerBound
      while start < range.upperBound {
        start += try FileCalls.write(descriptor, window, start..<range.upperBound)
      }
      guard onggi_memfd_seal(descriptor) == 0 else { throw SystemError("fcntl", errno) }
    } catch {
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }
}
