import Glibc
import LogListeners
import SharedState

/// What the service manager passed to this process, sorted: sockets of socket units, and what an
/// earlier process gave to the store. Whatever is none of these is closed and spoken of.
public struct PassedDescriptors: Sendable {
  /// A socket that listens, or takes datagrams.
  struct ListeningSocket: Sendable {
    let descriptor: Int32
    /// Of a socket unit: its FileDescriptorName.
    let name: String
    /// Of the store: the number in its name there.
    let number: Int?
    let kind: Socket.Kind
    let address: Socket.Address
  }

  struct StoredConnection: Sendable {
    let descriptor: Int32
    let queue: Int
    let slot: Int
  }

  private(set) var sockets: [ListeningSocket] = []
  private(set) var connections: [StoredConnection] = []
  /// By queue; there can be several under one name if somebody else stored some.
  private(set) var memories: [Int: [Int32]] = [:]

  /// Nothing.
  public init() {}

  /// Sorts what systemd passed. Called once, before there are other threads.
  public init(log: DaemonLog) {
    let passed: [(name: String, descriptor: Int32)]
    do throws(SystemError) {
      passed = try SocketActivation.listenFDs()
    } catch {
      log.write(.error, "what systemd passed cannot be taken: \(error)")
      return
    }
    for (name, descriptor) in passed { sort(name, descriptor, log) }
  }

  private mutating func sort(_ name: String, _ descriptor: Int32, _ log: DaemonLog) {
    let stored = DescriptorKeeper.Name(name)
    switch stored {
    case .memory(let number)? where Socket.kind(descriptor) == nil && number >= 0:
      memories[number, default: []].append(descriptor)
    case .connection(let queue, let slot)? where Socket.isConnection(descriptor):
      connections.append(StoredConnection(descriptor: descriptor, queue: queue, slot: slot))
    default:
      if stored == nil || stored.isListener, let kind = Socket.kind(descriptor), !Socket.isConnection(descriptor),
        let address = Socket.localAddress(descriptor)
      {
        Socket.doNotBlock(descriptor)
        var number: Int?
        if case .listener(let index)? = stored { number = index }
        sockets.append(
          ListeningSocket(descriptor: descriptor, name: name, number: number, kind: kind, address: address))
      } else {
        close(descriptor)
        if FileDescriptorStore.isName(name) { FileDescriptorStore.remove(name: name) }
        log.write(.warning, kind: "unknown descriptors", "systemd passed a descriptor \(name) that is of no use here")
      }
    }
  }

  /// The socket for a listener: of its name, or bound to its address. It is passed on once.
  mutating func takeSocket(for listener: Configuration.Listener) -> ListeningSocket? {
    let kind = listener.endpoint.kind
    let index =
      sockets.firstIndex {
        $0.number == nil && $0.name == listener.name && $0.kind == kind.kind && $0.isUnix == kind.isUnix
      }
      ?? sockets.firstIndex { $0.kind == kind.kind && $0.address == listener.endpoint.address }
    return index.map { sockets.remove(at: $0) }
  }

  /// The sockets of units that no listener of the configuration took, each as a listener with
  /// defaults; and those of the store that nobody wants any more.
  mutating func takeRest(besides names: [String]) -> (
    listeners: [(Configuration.Listener, ListeningSocket)], unwanted: [ListeningSocket]
  ) {
    defer { sockets = [] }
    var taken = names
    var listeners: [(Configuration.Listener, ListeningSocket)] = []
    for socket in sockets where socket.number == nil {
      guard let endpoint = socket.endpoint else { continue }
      var name = socket.name
      var number = 2
      while taken.contains(name) {
        name = "\(socket.name)-\(number)"
        number += 1
      }
      taken.append(name)
      listeners.append((Configuration.Listener(name: name, endpoint: endpoint), socket))
    }
    return (listeners, sockets.filter { $0.number != nil || $0.endpoint == nil })
  }
}

extension DescriptorKeeper.Name? {
  fileprivate var isListener: Bool {
    if case .listener? = self { return true }
    return false
  }
}

extension PassedDescriptors.ListeningSocket {
  var isUnix: Bool {
    if case .unix = address { return true }
    return false
  }

  /// nil: a kind of socket that is none of ours.
  var endpoint: Configuration.Listener.Endpoint? {
    switch (address, kind) {
    case (.unix(let path), .stream): return .unix(path: path, Configuration.SocketAccess())
    case (.unix(let path), .datagram): return .unixDatagram(path: path, Configuration.SocketAccess())
    case (.internet(let host, let port), let kind):
      guard let address = InternetAddress(host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)") else {
        return nil
      }
      return kind == .stream ? .tcp(address) : .udp(address)
    }
  }
}

extension Configuration.Listener.Endpoint {
  var kind: (kind: Socket.Kind, isUnix: Bool) {
    switch self {
    case .tcp: (.stream, false)
    case .udp: (.datagram, false)
    case .unix: (.stream, true)
    case .unixDatagram: (.datagram, true)
    }
  }

  var address: Socket.Address {
    switch self {
    case .tcp(let address), .udp(let address): .internet(host: address.host, port: address.port)
    case .unix(let path, _), .unixDatagram(let path, _): .unix(path: path)
    }
  }
}
