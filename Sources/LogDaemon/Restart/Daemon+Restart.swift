import Glibc
import LogHandlers
import LogListeners
import LogRecords
import SharedState

/// Going on where an earlier process stopped: with its sockets, connections and handlers' rings.
extension Daemon {
  // MARK: Sockets

  /// The passed sockets that listeners of the configuration take, by the listener's name. Sockets of
  /// units that none takes become listeners of their own.
  func takePassedSockets() -> [String: Int32] {
    var sockets: [String: Int32] = [:]
    for listener in configuration.listeners {
      guard let socket = passed.takeSocket(for: listener) else { continue }
      sockets[listener.name] = socket.descriptor
      if let number = socket.number { keeper.note(listener: socket.descriptor, number) }
    }
    let (more, unwanted) = passed.takeRest(besides: configuration.listeners.map(\.name))
    for (listener, socket) in more {
      sockets[listener.name] = socket.descriptor
      addListener(listener)
      log.write(
        .notice, "no listener is called \(socket.name): the socket \(listener.endpoint.text) is served with defaults")
    }
    for socket in unwanted {
      close(socket.descriptor)
      if let number = socket.number { keeper.remove(.listener(number)) }
      socket.endpoint?.removePath()
    }
    return sockets
  }

  /// Who the datagrams of a listener are from when nobody asks more closely; of others it is not used.
  func datagramPeer(_ listener: Configuration.Listener) -> Peer {
    let number = listeners.names.firstIndex(of: listener.name) ?? 0
    return Peer(
      listener: number,
      origin: RecordOrigin(peer: Array(listener.endpoint.text.utf8), listener: Array(listener.name.utf8)))
  }

  // MARK: Connections

  /// Takes over the connections that came back, and takes what had been read of those that did not.
  func adoptConnections() {
    var back: [DescriptorKeeper.Name: Int32] = [:]
    for connection in passed.connections {
      let (queue, slot, descriptor) = (connection.queue, connection.slot, connection.descriptor)
      let name = DescriptorKeeper.Name.connection(queue: queue, slot: slot)
      guard memories.indices.contains(queue), 0..<memories[queue].layout.slotCount ~= slot,
        let state = memories[queue].connection(slot), state.cookie == Socket.cookie(descriptor), back[name] == nil
      else {
        // It had ended, or what is known of it is lost: where its next frame begins is unknown.
        close(descriptor)
        if back[name] == nil { keeper.remove(name) }
        continue
      }
      Socket.doNotBlock(descriptor)
      back[name] = descriptor
    }
    var lost = 0
    for (queue, memory) in memories.enumerated() where memory.isAdopted {
      for slot in 0..<memory.layout.slotCount {
        guard let state = memory.connection(slot) else { continue }
        let descriptor = back[.connection(queue: queue, slot: slot)]
        if descriptor == nil { lost += 1 }
        keeper.note()
        slots.adopt(slot, of: queue, listener: listeners.names.indices.contains(state.listener) ? state.listener : 0)
        decoders[queue].adopt(descriptor, slot: slot, peer: peer(state, descriptor))
      }
    }
    if lost > 0 {
      log.write(
        .warning, "\(lost) connections of the process before did not come back; what had been read of them is taken")
    }
    if !back.isEmpty { log.write(.notice, "\(back.count) connections go on") }
  }

  private func peer(_ state: ConnectionState, _ descriptor: Int32?) -> Peer {
    let number = listeners.names.indices.contains(state.listener) ? state.listener : 0
    let name = listeners.names.indices.contains(number) ? listeners.names[number] : ""
    let listener = configuration.listeners.first { $0.name == name }
    let text = state.peer.isEmpty ? Array((listener?.endpoint.text ?? "").utf8) : state.peer
    let origin = RecordOrigin(
      peer: text, listener: Array(name.utf8), credentials: state.credentials.map { ($0.uid, $0.gid, $0.pid) })
    let address = state.credentials.map { PeerAddress.user($0.uid) } ?? descriptor.flatMap { Socket.peer($0)?.address }
    return Peer(
      listener: number, origin: origin, address: address ?? .unknown, timeouts: listener?.timeouts ?? .none)
  }

  // MARK: Handlers

  /// The ring that a handler had in the process before; the last one, if there were several.
  func takeLeftRing(_ handler: Configuration.Handler) -> Int? {
    let identity = HandlerIdentity(handler)
    return leftRings.lastIndex { $0.identity == identity }.map { leftRings.remove(at: $0).number }
  }

  /// A ring that no handler has.
  func freeRing(besides taken: [Int]) -> Int? {
    let used = Set(taken + everyHandler.map(\.ring) + leftRings.map(\.number))
    return (0..<memories[0].layout.ringCount).first { !used.contains($0) }
  }

  /// Writes what handlers still hold that the configuration has no more, to where it was meant to go.
  func retireLeftHandlers() {
    for (number, identity) in leftRings {
      let waiting = memories.reduce(UInt64(0)) { sum, memory in
        let counts = memory.counts(ofRing: number)
        return sum + counts.published - counts.taken
      }
      guard waiting > 0 else {
        for memory in memories { memory.forgetRing(number) }
        continue
      }
      let place: (output: DaemonPlan.Output, configured: Configuration.Handler.Output, name: String)? =
        switch identity.place {
        case .file(let path):
          (.file(FileOptions(path: path, delay: true)), .file(Configuration.File(path: path)), path)
        case .other(let text) where text.hasPrefix("journal "):
          // Its identifier stands in the entries already.
          (.journal(path: environment.journalSocket), .journal(identifier: ""), "the journal")
        case .other: nil
        }
      guard let place, let output = try? open(place.output, ring: number, isFirst: false)
      else {
        log.write(.error, "\(waiting) records of the handler \(identity.name), which is gone, cannot be written")
        for memory in memories { memory.forgetRing(number) }
        continue
      }
      log.write(.notice, "\(waiting) records of the handler \(identity.name), which is gone, go to \(place.name)")
      everyHandler.append(
        RunningHandler(
          configuration: Configuration.Handler(name: identity.name, output: place.configured), ring: number,
          output: output))
      book.add(LedgerBook.Handler(name: identity.name, number: number, output: output))
      output.retire()
    }
    leftRings = []
  }
}
