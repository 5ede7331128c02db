public import Dispatch
import Glibc
import SharedState

/// Waiting for room, and the end. Everything here is done on the queue.
extension DecodeQueue where Sink: ~Copyable {
  /// Stops reading until the handler that is full has written something. What other threads left
  /// here is still done.
  func waitForRoom() {
    source?.suspend()
    waitsSince = DispatchTime.now().uptimeNanoseconds
    retryLater()
  }

  func retryLater() {
    queue.asyncAfter(deadline: .now() + .milliseconds(DecodeQueue.retryMilliseconds)) { [self] in
      takeInbox()
      if isStopping { return }
      resume()
      if stalled != nil {
        flush()
        return retryLater()
      }
      if let since = waitsSince { waited += DispatchTime.now().uptimeNanoseconds - since }
      waitsSince = nil
      source?.resume()
      run()
    }
  }

  func resume() {
    guard let work = stalled else { return }
    stalled = nil
    switch work {
    case .stream(let slot, let block, let rest):
      take(slot, block: block, rest: rest)
      if stalled == nil, connections[slot]?.descriptor == -1 { end(slot) }
    case .datagrams(let peer, let next, let count): takeDatagrams(peer, next, count)
    }
  }

  // MARK: Stopping

  /// Takes what lies in the receive queues, gives it to the files, and reads nothing more. On the
  /// queue.
  ///
  /// A sender that goes on all the time is listened to for so many reads and no longer; what waits
  /// for room is waited for until the deadline.
  public func drain(until deadline: DispatchTime) {
    isStopping = true
    // What an earlier process left may be waiting though there is no socket any more.
    _ = makeRoom(until: deadline)
    for slot in connections.slots {
      var reads = DecodeQueue.lastReads
      while reads > 0, connections[slot] != nil, makeRoom(until: deadline), receive(slot) { reads -= 1 }
    }
    for index in datagramSockets.indices {
      var reads = DecodeQueue.lastDatagramReads
      while reads > 0, makeRoom(until: deadline), receiveDatagrams(index) { reads -= 1 }
    }
    flush()
    // The sockets stay open, but only `post` is still listened to.
    for slot in connections.slots {
      if let connection = connections[slot] { Epoll.remove(epoll.descriptor, connection.descriptor) }
    }
    for socket in datagramSockets { if let socket { Epoll.remove(epoll.descriptor, socket.descriptor) } }
  }

  /// Waits until nothing is stalled; false when that does not happen in time.
  func makeRoom(until deadline: DispatchTime) -> Bool {
    while stalled != nil {
      flush()
      resume()
      if stalled == nil { break }
      guard DispatchTime.now() < deadline else { return false }
      usleep(UInt32(DecodeQueue.retryMilliseconds * 1000))
    }
    return true
  }
}
