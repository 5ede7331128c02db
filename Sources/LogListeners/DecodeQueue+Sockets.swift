import Glibc
public import SharedState

/// Which sockets a queue reads. Everything here is done on the queue.
extension DecodeQueue where Sink: ~Copyable {
  /// Takes over a connection. On the queue.
  public func add(_ descriptor: Int32, slot: Int, peer: Peer) {
    connections[slot] = Connection(descriptor: descriptor, peer: peer)
    do throws(SystemError) {
      try Epoll.add(epoll.descriptor, descriptor, token: UInt64(slot))
    } catch {
      return close(slot)
    }
    noteReceived(slot, isNewFrame: false)
  }

  /// Takes over a datagram socket. On the queue.
  public func addDatagrams(_ descriptor: Int32, peer: Peer) throws(SystemError) {
    try Epoll.add(epoll.descriptor, descriptor, token: Token.datagrams + UInt64(datagramSockets.count))
    datagramSockets.append(DatagramSocket(descriptor: descriptor, peer: peer))
  }

  /// Closes a datagram socket. On the queue.
  public func removeDatagrams(_ descriptor: Int32) {
    guard let index = datagramSockets.firstIndex(where: { $0?.descriptor == descriptor }) else { return }
    Epoll.remove(epoll.descriptor, descriptor)
    Glibc.close(descriptor)
    datagramSockets[index] = nil
  }

  /// Takes over a connection of an earlier process with what that one had of a frame. Before `start`.
  ///
  /// - Parameter descriptor: nil when it did not come back: what had been read of it is taken, then it
  ///   ends
  public func adopt(_ descriptor: Int32?, slot: Int, peer: Peer) {
    var connection = Connection(descriptor: descriptor ?? -1, peer: peer)
    connection.noted = memory.storedFrame(slot)
    guard connection.restore(&blocks) else {
      // Memory that was checked has no such slot.
      if let descriptor { Glibc.close(descriptor) }
      return memory.free(slot: slot)
    }
    connections[slot] = connection
    guard let descriptor else { return }
    do throws(SystemError) {
      try Epoll.add(epoll.descriptor, descriptor, token: UInt64(slot))
    } catch {
      return close(slot)
    }
    noteReceived(slot, isNewFrame: true)
  }

  func close(_ slot: Int) {
    guard let connection = connections[slot] else { return }
    sink.commit(&transaction, memory.window)
    memory.noteFree(slot: slot, &transaction)
    // Another connection's bytes may wait for room.
    if stalled == nil { transaction.set(.none, memory.window) }
    transaction.commit(memory.window)
    if connection.descriptor >= 0 {
      Epoll.remove(epoll.descriptor, connection.descriptor)
      Glibc.close(connection.descriptor)
    }
    if let block = connection.block { blocks.release(block, memory) }
    connections[slot] = nil
    if !connection.peer.timeouts.isNone { timeouts.closed(slot) }
    closed(slot, connection.peer)
  }
}
