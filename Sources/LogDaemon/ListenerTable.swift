import Dispatch
import LogListeners
import Pickle

/// The listeners that are open, and a number for each name that there ever was: counts go on when a
/// listener of the same name comes back.
struct ListenerTable {
  enum Open {
    case stream(StreamListener)
    /// The socket's number, which says whose decode queue it belongs to, and its descriptor.
    case datagrams(Int, Int32)
  }

  private struct Entry {
    let listener: Configuration.Listener
    let descriptor: Int32
    let open: Open
  }

  private(set) var names: [String]
  private var open: [Entry] = []
  private var nextDatagrams = 0

  /// - Parameter names: those of an earlier process, by number
  init(names: [String] = []) { self.names = names }

  /// The numbers of the configuration's listeners, in its order.
  mutating func numbers(for listeners: [Configuration.Listener]) -> [Int] {
    listeners.map { listener in
      if let number = names.firstIndex(of: listener.name) { return number }
      names.append(listener.name)
      return names.count - 1
    }
  }

  /// By number.
  func charsets(_ listeners: [Configuration.Listener], _ charsets: [Renderer.Charset]) -> [Renderer.Charset] {
    names.map { name in
      listeners.firstIndex { $0.name == name }.map { charsets[$0] } ?? .utf8
    }
  }

  /// By number: who may send datagrams.
  func allowed(_ listeners: [Configuration.Listener]) -> [AllowList?] {
    names.map { name in listeners.first { $0.name == name && $0.endpoint.isDatagrams }?.allowList }
  }

  func isOpen(_ listener: Configuration.Listener) -> Bool { open.contains { $0.listener == listener } }
  func isOpen(at endpoint: Configuration.Listener.Endpoint) -> Bool { descriptor(at: endpoint) != nil }

  /// The socket that listens at a place, whatever the listener is called.
  func descriptor(at endpoint: Configuration.Listener.Endpoint) -> Int32? {
    open.first { $0.listener.endpoint == endpoint }?.descriptor
  }

  mutating func streams(_ listener: Configuration.Listener, _ stream: StreamListener, _ descriptor: Int32) {
    open.append(Entry(listener: listener, descriptor: descriptor, open: .stream(stream)))
  }

  /// Notes a datagram socket; returns its number.
  mutating func datagrams(_ listener: Configuration.Listener, _ descriptor: Int32) -> Int {
    nextDatagrams += 1
    open.append(Entry(listener: listener, descriptor: descriptor, open: .datagrams(nextDatagrams, descriptor)))
    return nextDatagrams
  }

  mutating func remove(_ listener: Configuration.Listener) -> Open? {
    guard let index = open.firstIndex(where: { $0.listener == listener }) else { return nil }
    return open.remove(at: index).open
  }
}

extension Configuration.Listener {
  var allowList: AllowList? { allow.map { AllowList($0.map { ($0.bytes, $0.prefixLength) }) } }
}

extension Configuration.Listener {
  /// How long its connections may take.
  var timeouts: ConnectionTimeouts.Limits {
    ConnectionTimeouts.Limits(
      idle: idleTimeout?.wholeNanoseconds ?? .max, frame: frameTimeout?.wholeNanoseconds ?? .max)
  }
}

extension Configuration.Listener.Endpoint {
  var isDatagrams: Bool {
    switch self {
    case .udp, .unixDatagram: true
    case .tcp, .unix: false
    }
  }

  /// For messages and `%(peer)s`: the address, or the socket's path.
  public var text: String {
    switch self {
    case .tcp(let address), .udp(let address): "\(address)"
    case .unix(let path, _), .unixDatagram(let path, _): path
    }
  }

  /// Takes away what binding a Unix socket left in the file system.
  func removePath() {
    switch self {
    case .tcp, .udp: break
    case .unix(let path, _), .unixDatagram(let path, _):
      UnixSocketPath.remove(path)
    }
  }
}

extension InternetAddress {
  /// The address without the port.
  var host: String { InternetAddress.text(of: bytes) }
}

extension Duration {
  /// Nanoseconds; at most as many as there are in a number.
  var wholeNanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    let (whole, overflow) = UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? .max : whole.addingReportingOverflow(UInt64(clamping: attoseconds / 1_000_000_000)).partialValue
  }

  var dispatch: DispatchTimeInterval {
    let (seconds, attoseconds) = components
    return .nanoseconds(
      Int(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000).0 + Int(attoseconds / 1_000_000_000))
  }
}
