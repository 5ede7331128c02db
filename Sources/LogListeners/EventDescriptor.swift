import CLinux
import Glibc
import SharedState

/// The edge to eventfd(2): a descriptor that one thread makes ready to wake another.
struct EventDescriptor: ~Copyable {
  let descriptor: Int32

  init() throws(SystemError) {
    descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    guard descriptor >= 0 else { throw SystemError("eventfd", errno) }
  }

  deinit { close(descriptor) }

  /// Makes it ready. On any thread.
  borrowing func signal() {
    var one: UInt64 = 1
    _ = unsafe write(descriptor, &one, 8)
  }

  /// Takes the readiness away.
  borrowing func clear() {
    var count: UInt64 = 0
    _ = unsafe read(descriptor, &count, 8)
  }
}
