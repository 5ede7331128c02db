import Dispatch
import Glibc
import LogHandlers
import LogListeners
import LogRecords
import SharedState

/// Another configuration while everything goes on, and files that are opened anew.
extension Daemon {
  /// Goes over to another configuration. Throws, and goes on as before, when it cannot be done.
  ///
  /// Connections stay. Listeners that are the same stay; `limits` that size memory are those of the
  /// start.
  public func reload(_ new: Configuration) throws {
    try queue.sync {
      let plan = try DaemonPlan(new, environment)
      let before = handlers
      // Whatever can fail comes first.
      try awaitDecoders()
      let numbers = try numberListeners(new.listeners)
      let bound = try bind(new.listeners)
      let fresh: [RunningHandler]
      do {
        fresh = try makeHandlers(plan, new, isStart: false)
      } catch {
        for socket in bound { close(socket.descriptor) }
        throw error
      }
      if new.limits.memoryBytes != configuration.limits.memoryBytes
        || new.limits.maxConnections != configuration.limits.maxConnections
        || new.limits.maxFrameBytes != configuration.limits.maxFrameBytes
      {
        log.write(.warning, "memory_bytes, max_connections and max_frame_bytes change at the next start")
      }
      let old = configuration
      configuration = new
      configuration.limits = old.limits
      configuration.limits.stopTimeout = new.limits.stopTimeout
      handlers = fresh
      for (number, decoder) in decoders.enumerated() {
        let make = pipelines(number, plan)
        onDecoder(decoder) { decoder in
          decoder.meetAllDeadlines()
          decoder.replaceSink { sink in
            // What the old filters have kept back has been told about.
            var next = make(sink.ledger, sink.peers)
            next.carry(sink.summariesLeft)
            return next
          }
        }
      }
      // What the replaced handlers still hold goes where it was meant to go.
      for handler in before where !fresh.contains(where: { $0.ring == handler.ring }) { handler.output?.retire() }
      for listener in old.listeners where !new.listeners.contains(listener) { stopListening(listener) }
      for (index, descriptor) in bound { listen(descriptor, new.listeners[index], numbers[index]) }
      let places = new.listeners.map(\.endpoint)
      for listener in old.listeners where !places.contains(listener.endpoint) { listener.endpoint.removePath() }
    }
  }

  /// Throws when a decode queue does not answer.
  func awaitDecoders() throws(ReloadError) {
    let deadline = DispatchTime.now() + Daemon.reloadPatience
    for decoder in decoders {
      let done = Handover<Void>()
      decoder.post { _ in done.put(()) }
      guard done.take(until: deadline) != nil else { throw ReloadError() }
    }
  }

  /// Has a decode queue do something before it reads on, and waits for it: no longer than for one that
  /// has answered just now.
  func onDecoder(
    _ decoder: DecodeQueue<Pipeline>, _ work: @escaping @Sendable (DecodeQueue<Pipeline>) -> Void
  ) {
    let done = Handover<Void>()
    decoder.post { decoder in
      work(decoder)
      done.put(())
    }
    guard done.take(until: DispatchTime.now() + Daemon.reloadPatience) == nil else { return }
    log.write(.warning, "a write does not return: its decode queue goes over to the new configuration when it does")
  }

  func stopListening(_ listener: Configuration.Listener) {
    if let descriptor = listeners.descriptor(at: listener.endpoint) { keeper.forget(listener: descriptor) }
    switch listeners.remove(listener) {
    case .stream(let stream): acceptQueue.sync { stream.stop() }
    case .datagrams(let token, let descriptor):
      book.removeDatagrams(descriptor)
      onDecoder(decoders[token % decoders.count]) { $0.removeDatagrams(descriptor) }
    case nil: break
    }
  }

  /// Opens all files by their names again.
  public func reopen() {
    queue.sync { for handler in handlers { handler.output?.reopen() } }
  }
}
