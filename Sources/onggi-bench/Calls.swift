import Glibc
import LogDaemon
import SharedState

/// The edge: clocks and sockets.
enum Calls {
  static var ticksPerSecond: Int { sysconf(Int32(_SC_CLK_TCK)) }

  /// Of a clock that only goes forward.
  static func nanoseconds() -> Int { read(CLOCK_MONOTONIC) }

  /// Processor time of this process.
  static func cpuNanoseconds() -> Int { read(CLOCK_PROCESS_CPUTIME_ID) }

  private static func read(_ clock: clockid_t) -> Int {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  /// Lets the main thread wake when it wants to, not up to 50 microseconds later (`timerslack_ns` in proc(5)).
  static func wakeInTime() {
    let file = unsafe open("/proc/self/timerslack_ns", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    _ = unsafe write(file, "1", 1)
    close(file)
  }

  /// Returns at once when the moment is over.
  static func sleep(until moment: Int) {
    var time = timespec(tv_sec: moment / 1_000_000_000, tv_nsec: moment % 1_000_000_000)
    while unsafe clock_nanosleep(CLOCK_MONOTONIC, Int32(TIMER_ABSTIME), &time, nil) == EINTR {}
  }

  /// A socket that blocks, connected.
  static func connected(_ target: LoadOptions.Target) throws(BenchError) -> Int32 {
    var storage = sockaddr_storage()
    let length: Int
    var kind = SOCK_STREAM
    switch target {
    case .tcp(let address): length = fill(&storage, address)
    case .udp(let address):
      length = fill(&storage, address)
      kind = SOCK_DGRAM
    case .unix(let path), .unixDatagram(let path):
      if case .unixDatagram = target { kind = SOCK_DGRAM }
      guard path.utf8.count < MemoryLayout<sockaddr_un>.size - 2 else {
        throw BenchError(message: "\(path) is too long")
      }
      storage.ss_family = sa_family_t(AF_UNIX)
      unsafe withUnsafeMutableBytes(of: &storage) { raw in
        for (index, byte) in path.utf8.enumerated() { unsafe raw[2 + index] = byte }
      }
      length = 2 + path.utf8.count + 1
    }
    let descriptor = socket(Int32(storage.ss_family), Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw failure("socket") }
    let result = unsafe withUnsafePointer(to: &storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(length))
      }
    }
    guard result == 0 else {
      let error = failure("connect")
      close(descriptor)
      throw error
    }
    return descriptor
  }

  /// Makes the structure of an address; returns its length.
  private static func fill(_ storage: inout sockaddr_storage, _ address: InternetAddress) -> Int {
    storage.ss_family = sa_family_t(address.isIPv6 ? AF_INET6 : AF_INET)
    // In both structures the port is at 2; the address is at 4, and behind the flow label at 8.
    let start = address.isIPv6 ? 8 : 4
    unsafe withUnsafeMutableBytes(of: &storage) { raw in
      unsafe raw.storeBytes(of: address.port.bigEndian, toByteOffset: 2, as: UInt16.self)
      for (index, byte) in address.bytes.enumerated() { unsafe raw[start + index] = byte }
    }
    return address.isIPv6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
  }

  /// Sends all of a range.
  static func send(_ descriptor: Int32, _ bytes: [UInt8], _ range: Range<Int>) throws(BenchError) {
    var done = range.lowerBound
    while done < range.upperBound {
      let count = unsafe bytes.withUnsafeBytes { raw in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: raw[done..<range.upperBound])
        return unsafe Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        done += count
      } else if errno != EINTR {
        throw failure("send")
      }
    }
  }

  /// Bytes of a file; nil: there is none.
  static func size(_ path: String) -> Int? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? Int(status.st_size) : nil
  }

  /// The names in a directory.
  static func names(_ directory: String) -> [String] {
    guard let stream = unsafe opendir(directory) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  static func close(_ descriptor: Int32) { _ = Glibc.close(descriptor) }

  private static func failure(_ call: String) -> BenchError {
    BenchError(message: "\(call): \(SystemError.text(errno))")
  }
}
