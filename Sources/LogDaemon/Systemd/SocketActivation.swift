public import SharedState

/// The sockets and stored descriptors that systemd passes at start: sd_listen_fds(3).
public enum SocketActivation {
  /// Takes them over, in systemd's order, which is not stable: the names tell which is which.
  ///
  /// A name is a socket unit's `FileDescriptorName=` or the `FDNAME` something was stored under; a
  /// name may come more than once. Called once, before there are other threads: it changes the
  /// environment. Throws when the environment variables are none that systemd would set.
  public static func listenFDs() throws(SystemError) -> [(name: String, descriptor: Int32)] {
    try SystemdCalls.listenFDs()
  }
}
