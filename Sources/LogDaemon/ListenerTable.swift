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

  private(set) var names: [String] = []
  private var open: [(Configuration.Listener, Open)] = []
  private var nextDatagrams = 0

  /// The numbers of the configuration's listeners, in its order.
  mutating func numbers(for listeners: [Configuration.Listener]) -> [Int] {
    listeners.map { listener in
      if let number = names.firstIndex(of: listener.name) { return number }
      names.append(listener.name)
      return names.count - 1
    }
  }

  var all: [(name: String, number: Int)] { names.enumerated().map { ($1, $0) } }

  /// By number.
  func charsets(_ listeners: [Configuration.Listener], _ charsets: [Renderer.Charset]) -> [Renderer.Charset] {
    names.map { name in
      listeners.firstIndex { $0.name == name }.map { charsets[$0] } ?? .utf8
    }
  }

  mutating func streams(_ listener: Configuration.Listener, _ stream: StreamListener) {
    open.append((listener, .stream(stream)))
  }

  /// Notes a datagram socket; returns its number.
  mutating func datagrams(_ listener: Configuration.Listener, _ descriptor: Int32) -> Int {
    nextDatagrams += 1
    open.append((listener, .datagrams(nextDatagrams, descriptor)))
    return nextDatagrams
  }

  mutating func remove(_ listener: Configuration.Listener) -> Open? {
    guard let index = open.firstIndex(where: { $0.0 == listener }) else { return nil }
    return open.remove(at: index).1
  }
}

extension Configuration.Listener.Endpoint {
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
      if SystemFiles.kind(path) == .socket { SystemFiles.remove(path) }
    }
  }
}

extension InternetAddress {
  /// The address without the port.
  var host: String { InternetAddress.text(of: bytes) }
}

extension Duration {
  var dispatch: DispatchTimeInterval {
    let (seconds, attoseconds) = components
    return .nanoseconds(Int(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000).0 + Int(attoseconds / 1_000_000_000))
  }
}
