import Dispatch
import Glibc
import LogHandlers
import LogListeners
import LogRecords
import SharedState

/// The end.
extension Daemon {
  /// Whether what is not written stays where the next process finds it.
  public var keepsState: Bool { keeper.isAvailable }

  /// Stops to accept, takes what lies in the receive queues now, and writes it. Sockets that the service
  /// manager keeps stay as they are.
  ///
  /// - Returns: records that could not be written within `limits.stop_timeout`
  public func stop() -> UInt64 {
    // What is half compressed is begun anew at the next start.
    defer { LowPriorityQueue.shared.stop() }
    return queue.sync {
      let deadline = DispatchTime.now() + configuration.limits.stopTimeout.dispatch
      for listener in configuration.listeners {
        if case .stream(let stream)? = listeners.remove(listener) {
          acceptQueue.sync {
            stream.acceptAll()
            stream.stop()
          }
          if !keepsState { listener.endpoint.removePath() }
        }
      }
      for decoder in decoders {
        let done = Handover<Void>()
        decoder.post { decoder in
          decoder.drain(until: deadline)
          repeat {
            decoder.meetAllDeadlines()
            if decoder.withSink({ $0.summariesLeft.isEmpty }) { break }
            usleep(UInt32(Daemon.stopPollMilliseconds * 1000))
          } while DispatchTime.now() < deadline
          done.put(())
        }
        done.take(until: deadline)
      }
      if !keepsState { for listener in configuration.listeners { listener.endpoint.removePath() } }
      while true {
        let pending = everyHandler.reduce(0) { $0 + ($1.output?.statistics().pending ?? 0) }
        if pending == 0 || DispatchTime.now() >= deadline {
          synchronize(until: deadline)
          return pending
        }
        for handler in everyHandler { handler.output?.flush() }
        usleep(UInt32(Daemon.stopPollMilliseconds * 1000))
      }
    }
  }

  /// Handlers with `fsync` have their files on the disk, or have had the time for it.
  func synchronize(until deadline: DispatchTime) {
    let group = DispatchGroup()
    for handler in everyHandler { handler.output?.synchronize(in: group) }
    guard group.wait(timeout: deadline) == .timedOut else { return }
    log.write(.error, "stop_timeout is over, and the disk has not confirmed all that was written")
  }
}
