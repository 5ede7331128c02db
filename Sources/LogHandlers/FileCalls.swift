import CLinux
import Glibc
import SharedState

/// The edge to files: the system calls of the way out, each once, with EINTR retried and every
/// other failure thrown.
enum FileCalls {
  // MARK: What tests let fail

  /// Whether a test wants the call to fail. Always false in a release build.
  @inline(__always)
  private static func isStruck(_ call: FileCall, _ path: @autoclosure () -> String) -> Bool {
    #if DEBUG
      return FileFaults.strike(call, path)
    #else
      return false
    #endif
  }

  @inline(__always)
  private static func isStruck(_ call: FileCall, _ descriptor: Int32) -> Bool {
    #if DEBUG
      return FileFaults.strike(call) { path(of: descriptor) }
    #else
      return false
    #endif
  }

  #if DEBUG
    private static func path(of descriptor: Int32) -> String {
      var buffer = [CChar](repeating: 0, count: 4096)
      let count = unsafe readlink("/proc/self/fd/\(descriptor)", &buffer, buffer.count)
      return String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  #endif

  /// How often this thread has waited for something in the kernel so far; getrusage(2)'s `ru_nvcsw`.
  static var waits: Int64 { onggi_thread_waits() }

  // MARK: The file being written

  /// Opens a file to append to it, or makes it with these permissions and this group.
  static func openForAppending(
    _ path: String, permissions: UInt32, group: UInt32?, truncate: Bool
  ) throws(SystemError) -> (descriptor: Int32, isNew: Bool) {
    // Only opening must not wait, as it would for a FIFO that nobody reads.
    let flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (truncate ? O_TRUNC : 0)
    if isStruck(.open, path) { throw SystemError("open \(path)", errno) }
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
        return (descriptor, isNew)
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
    var range = range
    #if DEBUG
      switch FileFaults.outcome(.write, { path(of: descriptor) }) {
      case .passes: break
      case .fails(let number): throw SystemError("write", number)
      case .takes(let most): range = range.prefix(most)
      }
    #endif
    while true {
      let count = unsafe window.withUnsafeAddress(range) { unsafe Glibc.write(descriptor, $0, range.count) }
      if count > 0 { return count }
      if count == 0 { throw SystemError("write", ENOSPC) }
      if errno != EINTR { throw SystemError("write", errno) }
    }
  }

  /// Ends a line that somebody else began.
  static func writeLineEnd(_ descriptor: Int32) throws(SystemError) {
    if isStruck(.write, descriptor) { throw SystemError("write", errno) }
    let byte: [UInt8] = [10]
    guard unsafe Glibc.write(descriptor, byte, 1) == 1 else { throw SystemError("write", errno) }
  }

  /// Writes once more what stands at an offset already: what the disk refused is forgotten by the
  /// kernel, which would not try again by itself.
  static func rewrite(
    _ descriptor: Int32, _ window: borrowing MemoryWindow, _ range: Range<Int>, at offset: Int
  ) throws(SystemError) {
    if isStruck(.rewrite, descriptor) { throw SystemError("write", errno) }
    // Linux appends with O_APPEND, whatever the offset.
    let flags = fcntl(descriptor, F_GETFL)
    guard flags >= 0, fcntl(descriptor, F_SETFL, flags & ~O_APPEND) == 0 else { throw SystemError("fcntl", errno) }
    defer { _ = fcntl(descriptor, F_SETFL, flags) }
    var rest = range
    while !rest.isEmpty {
      let at = off_t(offset + rest.lowerBound - range.lowerBound)
      let count = unsafe window.withUnsafeAddress(rest) { unsafe pwrite(descriptor, $0, rest.count, at) }
      if count <= 0 && errno == EINTR { continue }
      guard count > 0 else { throw SystemError("write", errno) }
      rest = rest.dropFirst(count)
    }
  }

  /// fdatasync(2): returns when the disk has what was written.
  static func synchronizeData(_ descriptor: Int32) throws(SystemError) {
    if isStruck(.synchronize, descriptor) { throw SystemError("fdatasync", errno) }
    guard fdatasync(descriptor) == 0 else { throw SystemError("fdatasync", errno) }
  }

  /// Whether a file ends within a line; false also where it may not be read.
  static func endsWithinLine(_ descriptor: Int32, size: Int) throws(SystemError) -> Bool {
    guard size > 0 else { return false }
    // The same file, whatever its name is by now.
    let reader = unsafe open("/proc/self/fd/\(descriptor)", O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard reader >= 0 else { return false }
    defer { close(reader) }
    let last = try read(reader, at: size - 1, 1)
    return !last.isEmpty && last != [10]
  }

  /// Opens a file that is there to read it and to append to it; nil when there is none, or nothing
  /// that can be opened so.
  static func openToVerify(_ path: String) throws(SystemError) -> Int32? {
    if isStruck(.openAgain, path) { throw SystemError("open \(path)", errno) }
    let descriptor = unsafe open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
    if descriptor >= 0 { return descriptor }
    if [ENOENT, ENOTDIR, EISDIR, ENXIO, ELOOP].contains(errno) { return nil }
    throw SystemError("open \(path)", errno)
  }

  /// Bytes of a file from an offset on: fewer at its end.
  static func read(_ descriptor: Int32, at offset: Int, _ count: Int) throws(SystemError) -> [UInt8] {
    if isStruck(.read, descriptor) { throw SystemError("read", errno) }
    var bytes = [UInt8](repeating: 0, count: count)
    let got = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, count, off_t(offset)) }
    guard got >= 0 else { throw SystemError("read", errno) }
    return Array(bytes.prefix(got))
  }

  static func identify(_ descriptor: Int32) throws(SystemError) -> FileIdentity {
    if isStruck(.identify, descriptor) { throw SystemError("statx", errno) }
    var raw = onggi_file_identity()
    guard unsafe onggi_identify(descriptor, &raw) == 0 else { throw SystemError("statx", errno) }
    return FileIdentity(
      device: raw.device, inode: raw.inode, bornSeconds: raw.born_seconds, bornNanoseconds: raw.born_nanoseconds,
      size: Int(raw.size), isRegular: raw.is_regular != 0, isRemoved: raw.links == 0)
  }

  // MARK: Names

  /// What stands at a path now, or at the end of the links there; nil when nothing does.
  static func status(_ path: String, followingLinks: Bool = false) throws(SystemError) -> PathStatus? {
    if isStruck(.status, path) { throw SystemError("stat \(path)", errno) }
    var status = Glibc.stat()
    if unsafe (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0 { return PathStatus(status) }
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw SystemError("stat \(path)", errno)
  }

  /// `lstat`'s device numbers are packed otherwise than `statx`'s; compare those of one kind.
  static func status(of descriptor: Int32) -> PathStatus? {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return nil }
    return PathStatus(status)
  }

  /// Renames a file to a name that must be free: nothing is ever overwritten.
  static func rename(_ from: String, to: String) throws(SystemError) {
    if !isStruck(.rename, from), unsafe onggi_rename_noreplace(from, to) == 0 { return }
    // Some file systems, NFS among them, only rename over what is there.
    if errno == EINVAL || errno == ENOSYS { return try renameWithLink(from, to: to) }
    throw SystemError("rename \(from) to \(to)", errno)
  }

  /// Gives a file its new name beside the old one, which goes then. Where a process was killed in
  /// between, both are there.
  private static func renameWithLink(_ from: String, to: String) throws(SystemError) {
    if isStruck(.renameWithLink, from) { throw SystemError("link \(from) to \(to)", errno) }
    if unsafe link(from, to) != 0 {
      let failure = SystemError("link \(from) to \(to)", errno)
      guard failure.number == EEXIST, let old = try status(from), let new = try status(to), old.isSameFile(as: new)
      else { throw failure }
    }
    try remove(from)
  }

  static func remove(_ path: String) throws(SystemError) {
    if !isStruck(.remove, path), unsafe unlink(path) == 0 { return }
    guard errno == ENOENT else { throw SystemError("remove \(path)", errno) }
  }

  /// The names in a directory, in no order.
  static func names(in directory: String) throws(SystemError) -> [String] {
    if isStruck(.list, directory + "/") { throw SystemError("open \(directory)", errno) }
    let stream = unsafe opendir(directory)
    guard let stream = unsafe stream else { throw SystemError("open \(directory)", errno) }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      let entry = unsafe readdir(stream)
      guard let entry = unsafe entry else { break }
      let name = unsafe String(cString: onggi_entry_name(entry))
      if name != "." && name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw SystemError("read \(directory)", errno) }
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
    if isStruck(.synchronizeDirectory, directory + "/") { throw SystemError("fsync \(directory)", errno) }
    let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // A directory that may be searched only.
    if descriptor < 0 && errno == EACCES { return }
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
  /// Whether it has no name any more: nobody could read what is written to it.
  public var isRemoved: Bool
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
