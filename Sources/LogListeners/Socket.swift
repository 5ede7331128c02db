import CLinux
import Glibc
public import SharedState

/// The edge to sockets: every call of the listeners that takes an address or a structure.
public enum Socket {
  /// Where a listener listens.
  public enum Address: Sendable, Hashable {
    /// Numeric host ("127.0.0.1", "::") and port.
    case internet(host: String, port: UInt16)
    case unix(path: String)
  }

  public enum Kind: Sendable, Equatable { case stream, datagram }

  /// Connections that wait for `accept`, at most: listen(2).
  static let backlog: Int32 = 1024

  /// A bound socket that does not block; streams listen already.
  public static func bound(_ address: Address, _ kind: Kind) throws(SystemError) -> Int32 {
    var storage = sockaddr_storage()
    let length = try fill(&storage, address)
    let type = kind == .stream ? SOCK_STREAM : SOCK_DGRAM
    let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = socket(Int32(storage.ss_family), Int32(type.rawValue) | flags, 0)
    guard descriptor >= 0 else { throw SystemError("socket", errno) }
    do throws(SystemError) {
      if case .internet(let host, _) = address {
        if kind == .stream { try set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1) }
        // "[::]" then means IPv6 alone, and "0.0.0.0" may stand beside it.
        if host.contains(":") { try set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, host == "::" ? 0 : 1) }
      }
      let result = unsafe withUnsafePointer(to: &storage) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(descriptor, $0, length) }
      }
      guard result == 0 else { throw SystemError("bind", errno) }
      if kind == .stream {
        guard listen(descriptor, backlog) == 0 else { throw SystemError("listen", errno) }
      }
      return descriptor
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// Whether somebody listens on a Unix socket's path: a stale file answers ECONNREFUSED.
  public static func isServed(path: String, _ kind: Kind) -> Bool {
    let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    do throws(SystemError) {
      close(try connected(.unix(path: path), kind, flags: flags, seconds: nil))
      return true
    } catch {
      return error.number == EAGAIN || error.number == EPROTOTYPE
    }
  }

  /// A connection to a Unix stream socket, on which connecting, sending and receiving wait for so
  /// long at most and then fail with EAGAIN.
  public static func connected(path: String, seconds: Int) throws(SystemError) -> Int32 {
    try connected(.unix(path: path), .stream, flags: Int32(SOCK_CLOEXEC.rawValue), seconds: seconds)
  }

  private static func connected(
    _ address: Address, _ kind: Kind, flags: Int32, seconds: Int?
  ) throws(SystemError) -> Int32 {
    var storage = sockaddr_storage()
    let length = try fill(&storage, address)
    let type = kind == .stream ? SOCK_STREAM : SOCK_DGRAM
    let descriptor = socket(Int32(storage.ss_family), Int32(type.rawValue) | flags, 0)
    guard descriptor >= 0 else { throw SystemError("socket", errno) }
    if let seconds {
      setTimeout(descriptor, SO_SNDTIMEO, seconds)
      setTimeout(descriptor, SO_RCVTIMEO, seconds)
    }
    let result = unsafe withUnsafePointer(to: &storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe connect(descriptor, $0, length) }
    }
    guard result == 0 else {
      let number = errno
      close(descriptor)
      throw SystemError("connect", number)
    }
    return descriptor
  }

  /// Sets SO_RCVTIMEO or SO_SNDTIMEO; 0 waits for ever.
  public static func setTimeout(_ descriptor: Int32, _ option: Int32, _ seconds: Int) {
    var time = timeval(tv_sec: seconds, tv_usec: 0)
    unsafe setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
  }

  /// recv(2): appends up to `most` bytes to `bytes`.
  public static func receive(_ descriptor: Int32, most: Int, into bytes: inout [UInt8]) -> Received {
    var chunk = [UInt8](repeating: 0, count: most)
    while true {
      let count = unsafe recv(descriptor, &chunk, most, 0)
      if count < 0 && errno == EINTR { continue }
      if count < 0 { return errno == EAGAIN ? .wouldBlock : .failed(errno) }
      bytes.append(contentsOf: chunk[..<count])
      return count == 0 ? .end : .count(count)
    }
  }

  /// send(2), without SIGPIPE: how many of the bytes were taken.
  public static func send(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Received {
    while true {
      let count = unsafe bytes.withUnsafeBytes { bytes in
        unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 { return .count(count) }
      if errno != EINTR { return errno == EAGAIN ? .wouldBlock : .failed(errno) }
    }
  }

  private static func fill(_ storage: inout sockaddr_storage, _ address: Address) throws(SystemError) -> socklen_t {
    switch address {
    case .internet(let host, let port):
      if host.contains(":") {
        var name = sockaddr_in6()
        name.sin6_family = sa_family_t(AF_INET6)
        name.sin6_port = port.bigEndian
        guard unsafe inet_pton(AF_INET6, host, &name.sin6_addr) == 1 else { throw SystemError("inet_pton", EINVAL) }
        unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.storeBytes(of: name, as: sockaddr_in6.self) }
        return socklen_t(MemoryLayout<sockaddr_in6>.size)
      }
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_port = port.bigEndian
      guard unsafe inet_pton(AF_INET, host, &name.sin_addr) == 1 else { throw SystemError("inet_pton", EINVAL) }
      unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.storeBytes(of: name, as: sockaddr_in.self) }
      return socklen_t(MemoryLayout<sockaddr_in>.size)
    case .unix(let path):
      let bytes = Array(path.utf8)
      let room = MemoryLayout<sockaddr_un>.size - MemoryLayout<sa_family_t>.size
      guard bytes.count < room else { throw SystemError("bind", ENAMETOOLONG) }
      storage.ss_family = sa_family_t(AF_UNIX)
      unsafe withUnsafeMutableBytes(of: &storage) { raw in
        for (index, byte) in bytes.enumerated() { unsafe raw[MemoryLayout<sa_family_t>.size + index] = byte }
      }
      return socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + 1)
    }
  }

  /// What kind of socket a descriptor is; nil: none, or one of another kind.
  public static func kind(_ descriptor: Int32) -> Kind? {
    switch option(descriptor, SOL_SOCKET, SO_TYPE) {
    case Int32(SOCK_STREAM.rawValue): .stream
    case Int32(SOCK_DGRAM.rawValue): .datagram
    default: nil
    }
  }

  /// Whether it is a stream that does not listen.
  public static func isConnection(_ descriptor: Int32) -> Bool {
    kind(descriptor) == .stream && option(descriptor, SOL_SOCKET, SO_ACCEPTCONN) == 0
  }

  /// Where a socket is bound; nil: nowhere that a listener could be.
  public static func localAddress(_ descriptor: Int32) -> Address? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(descriptor, $0, &length)
      }
    }
    guard result == 0 else { return nil }
    if Int32(storage.ss_family) == AF_UNIX {
      let start = MemoryLayout<sa_family_t>.size
      let bytes = unsafe withUnsafeBytes(of: &storage) { raw in
        (start..<max(start, Int(length))).map { unsafe raw[$0] }
      }
      let path = bytes.prefix { $0 != 0 }
      return path.isEmpty ? nil : .unix(path: String(decoding: path, as: UTF8.self))
    }
    let text = name(storage)
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
    return .internet(host: text[..<colon].filter { $0 != "[" && $0 != "]" }, port: port)
  }

  /// The other end's name and address; nil when it is gone or has none.
  public static func peer(_ descriptor: Int32) -> (name: String, address: PeerAddress)? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getpeername(descriptor, $0, &length)
      }
    }
    return result == 0 ? (name(storage), address(storage)) : nil
  }

  public static func doNotBlock(_ descriptor: Int32) {
    let flags = fcntl(descriptor, F_GETFL)
    if flags >= 0 { _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) }
  }

  /// Another descriptor of the same socket.
  public static func duplicate(_ descriptor: Int32) throws(SystemError) -> Int32 {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw SystemError("dup", errno) }
    return copy
  }

  /// Sets an integer option.
  public static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) throws(SystemError) {
    var value = value
    guard unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
      throw SystemError("setsockopt", errno)
    }
  }

  /// When a connection over which nothing comes is asked whether the peer is still there, how long
  /// after that again, and how often before it is given up: seconds, seconds, times. tcp(7).
  public static let keepAliveIdle: Int32 = 300
  public static let keepAliveInterval: Int32 = 30
  public static let keepAliveProbes: Int32 = 5

  /// Lets the kernel find out about peers that went away without a word. On a listening TCP socket:
  /// accepted ones inherit it.
  public static func keepAlive(_ descriptor: Int32) throws(SystemError) {
    try set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
    try set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPIDLE, keepAliveIdle)
    try set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPINTVL, keepAliveInterval)
    try set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPCNT, keepAliveProbes)
  }

  /// An integer option, or nil.
  public static func option(_ descriptor: Int32, _ level: Int32, _ option: Int32) -> Int32? {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    return unsafe getsockopt(descriptor, level, option, &value, &length) == 0 ? value : nil
  }

  /// What accept4(2) gave.
  public enum Accepted: Sendable {
    case connection(Int32, peer: String, PeerAddress)
    /// Nobody waits any more.
    case none
    /// The connection was gone already, or the call was interrupted: try the next one.
    case again
    case failed(SystemError)
  }

  public static func accept(_ listener: Int32) -> Accepted {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let descriptor = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe onggi_accept4(listener, $0, &length) }
    }
    if descriptor >= 0 { return .connection(descriptor, peer: name(storage), address(storage)) }
    switch errno {
    case EAGAIN: return .none
    case EINTR, ECONNABORTED: return .again
    default: return .failed(SystemError("accept", errno))
    }
  }

  /// "127.0.0.1:40000", "[::1]:40000"; empty for a Unix socket, whose clients have no names.
  static func name(_ storage: sockaddr_storage) -> String {
    var storage = storage
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    switch Int32(storage.ss_family) {
    case AF_INET:
      var name = unsafe withUnsafeBytes(of: &storage) { unsafe $0.load(as: sockaddr_in.self) }
      unsafe inet_ntop(AF_INET, &name.sin_addr, &text, socklen_t(text.count))
      return "\(string(text)):\(UInt16(bigEndian: name.sin_port))"
    case AF_INET6:
      var name = unsafe withUnsafeBytes(of: &storage) { unsafe $0.load(as: sockaddr_in6.self) }
      unsafe inet_ntop(AF_INET6, &name.sin6_addr, &text, socklen_t(text.count))
      return "[\(string(text))]:\(UInt16(bigEndian: name.sin6_port))"
    default: return ""
    }
  }

  /// The host of an address; `unknown` for a Unix socket's.
  static func address(_ storage: sockaddr_storage) -> PeerAddress {
    var storage = storage
    return unsafe withUnsafeBytes(of: &storage) { unsafe address($0) }
  }

  private static func address(_ bytes: UnsafeRawBufferPointer) -> PeerAddress {
    switch Int32(unsafe bytes.load(as: sockaddr.self).sa_family) {
    case AF_INET:
      let offset = MemoryLayout<sockaddr_in>.offset(of: \.sin_addr) ?? 4
      return .internet4(UInt32(bigEndian: unsafe bytes.load(fromByteOffset: offset, as: UInt32.self)))
    case AF_INET6:
      let offset = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr) ?? 8
      return .internet6(
        UInt64(bigEndian: unsafe bytes.load(fromByteOffset: offset, as: UInt64.self)),
        UInt64(bigEndian: unsafe bytes.load(fromByteOffset: offset + 8, as: UInt64.self)))
    default: return .unknown
    }
  }

  /// inet_ntop(3) of an IPv6 address.
  static func text(_ high: UInt64, _ low: UInt64) -> String {
    var words = (high.bigEndian, low.bigEndian)
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    unsafe inet_ntop(AF_INET6, &words, &text, socklen_t(text.count))
    return string(text)
  }

  private static func string(_ text: [CChar]) -> String {
    String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Who is at the other end of a Unix socket: SO_PEERCRED, unix(7).
  public struct Credentials: Sendable, BitwiseCopyable {
    public let pid: Int32
    public let uid: UInt32
    public let gid: UInt32
  }

  public static func credentials(_ descriptor: Int32) -> Credentials? {
    var value = onggi_credentials()
    var length = socklen_t(MemoryLayout<onggi_credentials>.size)
    guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &value, &length) == 0 else { return nil }
    return Credentials(pid: value.pid, uid: value.uid, gid: value.gid)
  }

  // MARK: Receiving

  /// What a receive gave: bytes or datagrams, the end of a stream, nothing for now, or an error.
  public enum Received: Sendable, Equatable {
    case count(Int)
    case end
    case wouldBlock
    case failed(Int32)
  }

  /// Receives from a stream: first into `first`, what is more into `second`; both are ranges of the
  /// queue's window, whose receive headers tell after a kill how much it was.
  static func receive(
    _ descriptor: Int32, slot: Int, _ memory: QueueMemory, first: Range<Int>, second: Range<Int>
  ) -> Received {
    let area = memory.layout.receiveArea
    let result = unsafe memory.window.withUnsafeAddress(area..<area + QueueLayout.receiveAreaSize) { headers in
      unsafe memory.window.withUnsafeAddress(first) { a in
        unsafe memory.window.withUnsafeAddress(second) { b in
          unsafe onggi_receive_stream(
            descriptor, headers.assumingMemoryBound(to: onggi_receive_area.self),
            memory.window.unsafeCell(QueueMemory.workCell), Work.receive(slot: slot).word, a, first.count, b,
            second.count)
        }
      }
    }
    if result > 0 { return .count(result) }
    if result == 0 { return .end }
    return errno == EAGAIN || errno == EINTR ? .wouldBlock : .failed(errno)
  }

  /// Receives up to `QueueLayout.datagrams` datagrams into the queue's datagram buffers.
  static func receiveDatagrams(_ descriptor: Int32, listener: Int, _ memory: QueueMemory) -> Received {
    let area = memory.layout.receiveArea
    let buffers = memory.layout.datagramBuffers
    let size = QueueLayout.datagrams * QueueLayout.datagramStride
    let result = unsafe memory.window.withUnsafeAddress(area..<area + QueueLayout.receiveAreaSize) { headers in
      unsafe memory.window.withUnsafeAddress(buffers..<buffers + size) { bytes in
        unsafe onggi_receive_datagrams(
          descriptor, headers.assumingMemoryBound(to: onggi_receive_area.self),
          memory.window.unsafeCell(QueueMemory.workCell), Work.receiveDatagrams(listener: listener).word,
          bytes.assumingMemoryBound(to: UInt8.self), QueueLayout.datagramStride, 64 * 1024)
      }
    }
    if result > 0 { return .count(Int(result)) }
    return result == 0 || errno == EAGAIN || errno == EINTR ? .wouldBlock : .failed(errno)
  }

  /// Datagrams that the kernel dropped for want of room in the socket's buffer since it was made,
  /// modulo 2^32: SO_MEMINFO, socket(7). nil: the kernel does not say.
  public static func drops(_ descriptor: Int32) -> UInt32? {
    var values = [UInt32](repeating: 0, count: Int(SK_MEMINFO_VARS))
    var length = socklen_t(values.count * MemoryLayout<UInt32>.size)
    guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, &values, &length) == 0,
      Int(length) == values.count * MemoryLayout<UInt32>.size
    else { return nil }
    return values[Int(SK_MEMINFO_DROPS)]
  }

  /// What the receive took that a process was killed in: bytes of a stream (0 at its end), or nil when
  /// the kernel had given nothing yet.
  static func interruptedReceive(_ memory: QueueMemory, slot: Int) -> Int? {
    let (length, _, _) = datagram(0, memory)
    let frame = memory.storedFrame(slot).frame
    let rest = max(0, Int(frame >> 32) - Int(frame & 0xffff_ffff))
    return length == Int(ONGGI_NOT_RECEIVED) || length > rest + QueueLayout.readSize ? nil : length
  }

  /// How many datagrams that receive took.
  static func interruptedDatagrams(_ memory: QueueMemory) -> Int {
    (0..<QueueLayout.datagrams).first { datagram($0, memory).length > 64 * 1024 } ?? QueueLayout.datagrams
  }

  /// SO_COOKIE, socket(7): a number that no other socket has; 0 if it cannot be had.
  public static func cookie(_ descriptor: Int32) -> UInt64 {
    var value: UInt64 = 0
    var length = socklen_t(MemoryLayout<UInt64>.size)
    return unsafe getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &value, &length) == 0 ? value : 0
  }

  /// One of the datagrams of the last `receiveDatagrams`.
  static func datagram(_ index: Int, _ memory: QueueMemory) -> (length: Int, truncated: Bool, peer: sockaddr_storage) {
    precondition(index < QueueLayout.datagrams)
    let area = memory.layout.receiveArea
    return unsafe memory.window.withUnsafeAddress(area..<area + QueueLayout.receiveAreaSize) { headers in
      let area = unsafe headers.assumingMemoryBound(to: onggi_receive_area.self)
      let messages = unsafe UnsafeRawPointer(area).assumingMemoryBound(to: onggi_message.self)
      let names = unsafe UnsafeRawPointer(area).advanced(by: MemoryLayout<onggi_receive_area>.offset(of: \.names) ?? 0)
        .assumingMemoryBound(to: sockaddr_storage.self)
      let message = unsafe messages[index]
      let truncated = unsafe message.header.msg_flags & Int32(MSG_TRUNC) != 0
      return unsafe (Int(message.received), truncated, names[index])
    }
  }
  /// The sender of a datagram of the last `receiveDatagrams`, without making a text of it.
  static func datagramAddress(_ index: Int, _ memory: QueueMemory) -> PeerAddress {
    precondition(index < QueueLayout.datagrams)
    let size = MemoryLayout<sockaddr_storage>.size
    let names = memory.layout.receiveArea + (MemoryLayout<onggi_receive_area>.offset(of: \.names) ?? 0)
    let host = unsafe memory.window.withUnsafeAddress(names + index * size..<names + (index + 1) * size) { name in
      unsafe address(UnsafeRawBufferPointer(start: name, count: size))
    }
    if host != .unknown { return host }
    return credentials(ofDatagram: index, memory).map { .user($0.uid) } ?? .unknown
  }

  /// Has the kernel say with each datagram of a Unix socket who sent it: SO_PASSCRED, unix(7).
  public static func passCredentials(_ descriptor: Int32) throws(SystemError) {
    try set(descriptor, SOL_SOCKET, SO_PASSCRED, 1)
  }

  /// Who sent one of the datagrams of the last `receiveDatagrams`; nil where the kernel did not say.
  static func credentials(ofDatagram index: Int, _ memory: QueueMemory) -> Credentials? {
    precondition(index < QueueLayout.datagrams)
    let area = memory.layout.receiveArea
    var value = onggi_credentials()
    let isKnown = unsafe memory.window.withUnsafeAddress(area..<area + QueueLayout.receiveAreaSize) { headers in
      unsafe onggi_datagram_credentials(headers.assumingMemoryBound(to: onggi_receive_area.self), Int32(index), &value)
    }
    return isKnown == 1 ? Credentials(pid: value.pid, uid: value.uid, gid: value.gid) : nil
  }
}
