import CLinux
import Glibc
import SharedState

/// The edge to files: the system calls of the way out, each once, with EINTR retried and every
/// other failure thrown.
enum FileCalls {
  /// Opens a file to append to it, or makes it with these permissions and this group.
  static func openForAppending(
    _ path: String, permissions: UInt32, group: UInt32?, truncate: Bool
  ) throws(SystemError) -> Int32 {
    // Only opening must not wait, as it would for a FIFO that nobody reads.
    let flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (truncate ? O_TRUNC : 0)
    while true {
      var descriptor = unsafe open(path, flags | O_CREAT | O_EXCL, 0o600)
      var isNew = descriptor >= 0
      if !isNew && errno == EEXIST {
        descriptor = unsafe open(path, flags)
        if descriptor < 0 && errno == ENOENT {
          // A link to a file that does not exist yet; or what was there has vanished.
          descriptor = unsafe open(path, flags | O_CREAT, 0o600)
          isNew = descriptor >= 0
        }
      }
      if descriptor >= 0 {
        if isNew {
          // The group first: nobody else may read the file before it has the right one.
          if let group { _ = fchown(descriptor, UInt32.max, group) }
          _ = fchmod(descriptor, permissions)
        }
        let flags = fcntl(descriptor, F_GETFL)
        if flags >= 0 { _ = fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) }
        return descriptor
      }
      if errno != EINTR { throw SystemError("open \(path)", errno) }
    }
  }

  /// Another descriptor of an open file.
  static func duplicate(_ descriptor: Int32) throws(SystemError) -> Int32 {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw SystemError("dup", errno) }
    return copy
  }

  /// Writes bytes of the window; returns how many the kernel took, at least one.
  static func write(_ descriptor: Int32, _ window: borrowing MemoryWindow, _ range: Range<Int>) throws(SystemError)
    -> Int
  {
    while true {
      let count = unsafe window.withUnsafeAddress(range) { unsafe Glibc.write(descriptor, $0, range.count) }
      if count > 0 { return count }
      if count == 0 { throw SystemError("write", ENOSPC) }
      if errno != EINTR { throw SystemError("write", errno) }
    }
  }

  /// Opens a file that is there to read it and to append to it; nil when that cannot be.
  static func openToVerify(_ path: String) -> Int32? {
    let descriptor = unsafe open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
    return descriptor < 0 ? nil : descriptor
  }

  /// Bytes of a file from an offset on: fewer at its end, none after an error.
  static func read(_ descriptor: Int32, at offset: Int, _ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, count, off_t(offset)) }
    return Array(bytes.prefix(max(0, got)))
  }

  static func identify(_ descriptor: Int32) throws(SystemError) -> FileIdentity {
    var raw = onggi_file_identity()
    guard unsafe onggi_identify(descriptor, &raw) == 0 else { throw SystemError("statx", errno) }
    return FileIdentity(
      device: raw.device, inode: raw.inode, bornSeconds: raw.born_seconds, bornNanoseconds: raw.born_nanoseconds,
      size: Int(raw.size), isRegular: raw.is_regular != 0)
  }

  /// What stands at a path now, or at the end of the links there; nil when nothing does.
  static func status(_ path: String, followingLinks: Bool = false) -> PathStatus? {
    var status = Glibc.stat()
    guard unsafe (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
    return PathStatus(status)
  }

  /// `lstat`'s device numbers are packed otherwise than `statx`'s; compare those of one kind.
  static func status(of descriptor: Int32) -> PathStatus? {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return nil }
    return PathStatus(status)
  }

  /// Renames a file to a name that must be free: nothing is ever overwritten.
  static func rename(_ from: String, to: String) throws(SystemError) {
    guard unsafe onggi_rename_noreplace(from, to) == 0 else { throw SystemError("rename \(from) to \(to)", errno) }
  }

  static func remove(_ path: String) throws(SystemError) {
    guard unsafe unlink(path) == 0 || errno == ENOENT else { throw SystemError("remove \(path)", errno) }
  }

  /// The names in a directory, in no order; nil when it cannot be read.
  static func names(in directory: String) -> [String]? {
    let stream = unsafe opendir(directory)
    guard let stream = unsafe stream else { return nil }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while true {
      let entry = unsafe readdir(stream)
      guard let entry = unsafe entry else { break }
      let name = unsafe String(cString: onggi_entry_name(entry))
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }
}

// MARK: Rotated files

extension FileCalls {
  /// Opens a regular file to read it; nil when nothing stands there, or something else.
  static func openForReading(_ path: String) throws(SystemError) -> Int32? {
    // No link is followed, and no FIFO is waited for.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ELOOP { return nil }
      throw SystemError("open \(path)", errno)
    }
    if status(of: descriptor)?.isRegular == true { return descriptor }
    close(descriptor)
    return nil
  }

  /// Makes a file that must not exist.
  static func create(_ path: String) throws(SystemError) -> Int32 {
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SystemError("open \(path)", errno) }
    return descriptor
  }

  /// Gives a copy the owner, group, permissions and time of its original.
  static func copyAttributes(from original: Int32, to copy: Int32) throws(SystemError) {
    var status = stat()
    guard unsafe fstat(original, &status) == 0 else { throw SystemError("fstat", errno) }
    var permissions = status.st_mode & 0o777
    if fchown(copy, status.st_uid, status.st_gid) != 0, fchown(copy, UInt32.max, status.st_gid) != 0 {
      // What the group might do is not for another group.
      permissions &= ~0o070
    }
    guard fchmod(copy, permissions) == 0 else { throw SystemError("fchmod", errno) }
    let times = [status.st_atim, status.st_mtim]
    guard unsafe futimens(copy, times) == 0 else { throw SystemError("futimens", errno) }
  }

  /// fsync(2): returns when the disk has the file.
  static func synchronize(_ descriptor: Int32) throws(SystemError) {
    guard fsync(descriptor) == 0 else { throw SystemError("fsync", errno) }
  }

  /// The same for a directory's names.
  static func synchronize(directory: String) throws(SystemError) {
    let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("open \(directory)", errno) }
    defer { close(descriptor) }
    // EINVAL: a file system that has nothing to do here.
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw SystemError("fsync \(directory)", errno) }
  }
}

/// What tells a file from every other, and how it stands.
public struct FileIdentity: Sendable, Equatable {
  public var device: UInt64
  public var inode: UInt64
  public var bornSeconds: Int64
  public var bornNanoseconds: UInt64
  public var size: Int
  public var isRegular: Bool
}

struct PathStatus: Sendable, Equatable {
  var device: UInt64
  var inode: UInt64
  /// Seconds since 1970.
  var modified: Int64
  var modifiedNanoseconds: Int
  var size: Int
  var isRegular: Bool

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    modified = Int64(status.st_mtim.tv_sec)
    modifiedNanoseconds = status.st_mtim.tv_nsec
    size = Int(status.st_size)
    isRegular = onggi_is_regular(status.st_mode) != 0
  }

  /// Whether both were last written at the same time, to the nanosecond.
  func isAsOld(as other: PathStatus) -> Bool {
    modified == other.modified && modifiedNanoseconds == other.modifiedNanoseconds
  }

  func isSameFile(as other: PathStatus) -> Bool { device == other.device && inode == other.inode }
}
