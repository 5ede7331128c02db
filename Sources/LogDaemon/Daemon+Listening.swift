import Glibc
import LogHandlers
import LogListeners
import LogRecords
import SharedState

/// The sockets that a daemon listens at.
extension Daemon {
  /// Sockets for the listeners that are not open yet, by their place in the list; all of them or,
  /// with an error, none. A socket that listens at the same place already is taken over with
  /// everything that waits in it.
  func bind(
    _ wanted: [Configuration.Listener], passed: [String: Int32] = [:]
  ) throws -> [(index: Int, descriptor: Int32)] {
    var bound: [(index: Int, descriptor: Int32)] = []
    for (index, listener) in wanted.enumerated() where !listeners.isOpen(listener) {
      do throws(SystemError) {
        if let socket = passed[listener.name] {
          bound.append((index, socket))
        } else if let open = listeners.descriptor(at: listener.endpoint) {
          bound.append((index, try Socket.duplicate(open)))
        } else {
          bound.append((index, try bind(listener)))
          keeper.keep(listener: bound[bound.count - 1].descriptor)
        }
      } catch {
        for socket in bound {
          close(socket.descriptor)
          if !listeners.isOpen(at: wanted[socket.index].endpoint) { wanted[socket.index].endpoint.removePath() }
        }
        throw ListenError("listener \(listener.name): \(error) (\(listener.endpoint.text))")
      }
    }
    return bound
  }

  func bind(_ listener: Configuration.Listener) throws(SystemError) -> Int32 {
    switch listener.endpoint {
    case .tcp(let address): return try Socket.bound(.internet(host: address.host, port: address.port), .stream)
    case .udp(let address):
      let descriptor = try Socket.bound(.internet(host: address.host, port: address.port), .datagram)
      growReceiveBuffer(descriptor, listener.name)
      return descriptor
    case .unix(let path, let access): return try UnixSocketPath.bind(path, access, .stream)
    case .unixDatagram(let path, let access): return try UnixSocketPath.bind(path, access, .datagram)
    }
  }

  func listen(_ descriptor: Int32, _ listener: Configuration.Listener, _ number: Int) {
    let name = Array(listener.name.utf8)
    switch listener.endpoint {
    case .tcp, .unix: listenForConnections(descriptor, listener, number, name)
    case .udp, .unixDatagram:
      let peer = datagramPeer(listener)
      if case .unixDatagram = listener.endpoint { try? Socket.passCredentials(descriptor) }
      let token = listeners.datagrams(listener, descriptor)
      book.addDatagrams(descriptor, listener: number)
      decoders[token % decoders.count].post { decoder in try? decoder.addDatagrams(descriptor, peer: peer) }
    }
  }

  func listenForConnections(
    _ descriptor: Int32, _ listener: Configuration.Listener, _ number: Int, _ listenerName: [UInt8]
  ) {
    let (slots, keeper, memories, decoders) = (slots, keeper, memories, decoders)
    let log = log
    var path: String?
    if case .unix(let socketPath, _) = listener.endpoint { path = socketPath }
    let socketPath = path
    let allowed = listener.allowList
    let timeouts = listener.timeouts
    if case .tcp = listener.endpoint { try? Socket.keepAlive(descriptor) }
    let stream = StreamListener(
      descriptor, queue: acceptQueue,
      accepted: { connection, name, host in
        if let allowed, !allowed.contains(host) {
          close(connection)
          slots.refuseNotAllowed(listener: number)
          log.write(.warning, kind: "refused peers", "refused \(name): it is not in the listener's \"allow\"")
          return
        }
        guard let (queue, slot) = slots.take(listener: number) else {
          close(connection)
          log.write(.warning, kind: "refused connections", "refused \(name): max_connections are open")
          return
        }
        var credentials: (uid: UInt32, gid: UInt32, pid: Int32)?
        if socketPath != nil, let peer = Socket.credentials(connection) {
          credentials = (peer.uid, peer.gid, peer.pid)
        }
        let origin = RecordOrigin(
          peer: Array((socketPath ?? name).utf8), listener: listenerName, credentials: credentials)
        let address = credentials.map { PeerAddress.user($0.uid) } ?? host
        let peer = Peer(listener: number, origin: origin, address: address, timeouts: timeouts)
        memories[queue].open(
          slot: slot,
          ConnectionState(
            cookie: Socket.cookie(connection), listener: number, peer: socketPath == nil ? Array(name.utf8) : [],
            credentials: credentials.map { ConnectionState.Credentials(uid: $0.uid, gid: $0.gid, pid: $0.pid) }))
        keeper.keep(connection, queue: queue, slot: slot)
        decoders[queue].post { $0.add(connection, slot: slot, peer: peer) }
      },
      refused: { error in
        slots.refuse(listener: number)
        log.write(.error, kind: "accept", "cannot accept connections: \(error)")
      })
    listeners.streams(listener, stream, descriptor)
    stream.start()
  }

  /// 64 MiB of datagrams can wait if the system lets them: it caps the request at `rmem_max`.
  func growReceiveBuffer(_ descriptor: Int32, _ name: String) {
    let wanted: Int32 = 64 << 20
    try? Socket.set(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, wanted)
    if let now = Socket.option(descriptor, SOL_SOCKET, SO_RCVBUF), now >= wanted { return }
    try? Socket.set(descriptor, SOL_SOCKET, SO_RCVBUF, wanted)
    if let now = Socket.option(descriptor, SOL_SOCKET, SO_RCVBUF), now < 4 << 20 {
      log.write(
        .warning,
        "listener \(name): the kernel gives \(now) bytes of receive buffer; raise net.core.rmem_max against losses in bursts"
      )
    }
  }
}
