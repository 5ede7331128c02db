import Glibc
public import LogRecords
public import SharedState

/// The edge to files and names that are read at start and reload: configuration, time zones,
/// users and groups, the environment.
public enum SystemFiles {
  /// Bytes that a file read whole may have.
  public static let largest = 8 << 20

  /// A file's bytes; a longer one is cut.
  public static func read(_ path: String, limit: Int = largest) throws(SystemError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw SystemError("open", errno) }
    defer { close(descriptor) }
    return try read(descriptor, limit: limit)
  }

  /// What a descriptor still gives.
  public static func read(_ descriptor: Int32, limit: Int) throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while bytes.count < limit {
      let count = unsafe Glibc.read(descriptor, &chunk, min(chunk.count, limit - bytes.count))
      if count == 0 { break }
      guard count > 0 else {
        if errno == EINTR { continue }
        throw SystemError("read", errno)
      }
      bytes.append(contentsOf: chunk[..<count])
    }
    return bytes
  }

  /// Writes all of it; false when nobody takes it.
  @discardableResult
  public static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes[done...].withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        done += count
      } else if errno != EINTR {
        return false
      }
    }
    return true
  }

  /// Puts a file in the place of another, so that there is always one or the other, whole.
  static func replace(_ path: String, with bytes: [UInt8]) throws(SystemError) {
    let temporary = path + ".new"
    let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0o640)
    guard descriptor >= 0 else { throw SystemError("open \(temporary)", errno) }
    let done = write(bytes, to: descriptor) && fsync(descriptor) == 0
    let number = errno
    close(descriptor)
    guard done else { throw SystemError("write \(temporary)", number) }
    guard unsafe rename(temporary, path) == 0 else { throw SystemError("rename \(temporary)", errno) }
  }

  /// Sends all of it to a socket without waiting; false when that cannot be done now.
  static func send(_ bytes: [UInt8], to socket: Int32) -> Bool {
    while true {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
      }
      if count >= 0 || errno != EINTR { return count == bytes.count }
    }
  }

  /// Whether a descriptor is that of a `DEVICE:INODE`, both decimal.
  static func isOpen(_ descriptor: Int32, as identity: String) -> Bool {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return false }
    return identity == "\(status.st_dev):\(status.st_ino)"
  }

  /// The command line without the program's name: proc(5)'s cmdline. `CommandLine.arguments` is empty
  /// in a process that preloads a library which interposes on the C library early, as libfaketime.
  public static func arguments() -> [String] {
    guard let bytes = try? read("/proc/self/cmdline", limit: 4 << 20) else { return [] }
    return bytes.split(separator: 0, omittingEmptySubsequences: false).dropFirst().dropLast().map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// Raises the number of descriptors that the process may have as far as it may; returns it.
  static func raiseDescriptorLimit() -> Int {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard unsafe getrlimit(resource, &limit) == 0 else { return Int.max }
    var raised = rlimit(rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max)
    if unsafe setrlimit(resource, &raised) == 0 { limit = raised }
    return Int(clamping: limit.rlim_cur)
  }

  /// Seconds since 1970.
  static func wallTime() -> Double { Double(wallNanoseconds()) / 1e9 }

  /// Nanoseconds since 1970.
  static func wallNanoseconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  public static func environment(_ name: String) -> String? {
    let value = unsafe getenv(name)
    guard let value = unsafe value else { return nil }
    return unsafe String(cString: value)
  }

  public static func workingDirectory() -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let result = unsafe getcwd(&buffer, buffer.count)
    guard unsafe result != nil else { return "/" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The number of a user by name or number; nil: there is none.
  public static func user(_ name: String) -> UInt32? {
    if let number = UInt32(name) { return number }
    let entry = unsafe getpwnam(name)
    guard let entry = unsafe entry else { return nil }
    return unsafe entry.pointee.pw_uid
  }

  public static func group(_ name: String) -> UInt32? {
    if let number = UInt32(name) { return number }
    let entry = unsafe getgrnam(name)
    guard let entry = unsafe entry else { return nil }
    return unsafe entry.pointee.gr_gid
  }

  /// Permissions, owner and group of a path; -1 leaves one as it is.
  static func setAccess(_ path: String, mode: UInt32, owner: UInt32?, group: UInt32?) throws(SystemError) {
    guard unsafe chmod(path, mode) == 0 else { throw SystemError("chmod \(path)", errno) }
    guard owner != nil || group != nil else { return }
    guard unsafe chown(path, owner ?? UInt32.max, group ?? UInt32.max) == 0 else {
      throw SystemError("chown \(path)", errno)
    }
  }

  enum PathKind { case nothing, socket, other }

  static func kind(_ path: String) -> PathKind {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return .nothing }
    return status.st_mode & S_IFMT == S_IFSOCK ? .socket : .other
  }

  static func remove(_ path: String) { _ = unsafe unlink(path) }
}

extension Receiver {
  /// This process, since somebody asked first.
  public static let process = Receiver(process: getpid()) { SystemFiles.wallNanoseconds() }
}
