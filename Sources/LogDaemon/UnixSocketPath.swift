import Glibc
import LogListeners
import SharedState

/// Unix sockets in the file system.
enum UnixSocketPath {
  /// Binds a socket to a path. One that nobody listens at any more is replaced; one that is served,
  /// or anything else that stands there, is left alone and an error.
  static func bind(
    _ path: String, _ access: Configuration.SocketAccess, _ kind: Socket.Kind
  ) throws(SystemError) -> Int32 {
    switch SystemFiles.kind(path) {
    case .nothing: break
    case .other: throw SystemError("something else stands at \(path)", EEXIST)
    case .socket:
      if Socket.isServed(path: path, kind) { throw SystemError("bind", EADDRINUSE) }
      SystemFiles.remove(path)
    }
    // Nobody else may connect before it is theirs to.
    let before = umask(0o177)
    defer { umask(before) }
    let descriptor = try Socket.bound(.unix(path: path), kind)
    do throws(SystemError) {
      try setAccess(path, access)
    } catch {
      close(descriptor)
      SystemFiles.remove(path)
      throw error
    }
    return descriptor
  }

  /// Sets a socket's permissions, owner and group.
  static func setAccess(_ path: String, _ access: Configuration.SocketAccess) throws(SystemError) {
    var owner: UInt32?
    var group: UInt32?
    if let name = access.owner {
      owner = SystemFiles.user(name)
      if owner == nil { throw SystemError("user \(name)", ENOENT) }
    }
    if let name = access.group {
      group = SystemFiles.group(name)
      if group == nil { throw SystemError("group \(name)", ENOENT) }
    }
    try SystemFiles.setAccess(path, mode: access.mode, owner: owner, group: group)
  }

  /// Takes a socket out of the file system, and nothing else.
  static func remove(_ path: String) {
    if SystemFiles.kind(path) == .socket { SystemFiles.remove(path) }
  }
}
