import CLinux
import Glibc
import SharedState

/// The edge to epoll(7): which of a queue's sockets have something to read.
struct Epoll: ~Copyable {
  let descriptor: Int32
  private var tokens = [UInt64](repeating: 0, count: Int(ONGGI_EVENTS))

  init() throws(SystemError) {
    let descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard descriptor >= 0 else { throw SystemError("epoll_create1", errno) }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Starts to watch a socket; `token` comes back when it has something to read. On any thread.
  static func add(_ epoll: Int32, _ socket: Int32, token: UInt64) throws(SystemError) {
    guard onggi_epoll_add(epoll, socket, token) == 0 else { throw SystemError("epoll_ctl", errno) }
  }

  /// Stops to watch a socket. Closing alone does not do that while another process holds it too.
  static func remove(_ epoll: Int32, _ socket: Int32) {
    _ = onggi_epoll_remove(epoll, socket)
  }

  /// Waits for at most `milliseconds`; returns how many sockets are ready.
  mutating func wait(milliseconds: Int32) -> Int {
    max(0, Int(unsafe onggi_epoll_wait(descriptor, &tokens, milliseconds)))
  }

  /// The token of the `index`th socket that is ready.
  func token(_ index: Int) -> UInt64 { tokens[index] }
}
