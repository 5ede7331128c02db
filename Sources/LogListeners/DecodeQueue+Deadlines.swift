import Dispatch
import LogRecords
import SharedState

/// What is due some time. Everything here is done on the queue.
extension DecodeQueue where Sink: ~Copyable {
  func noteReceived(_ slot: Int, isNewFrame: Bool) {
    guard let connection = connections[slot], !connection.peer.timeouts.isNone else { return }
    timeouts.received(
      slot, connection.peer.timeouts, isPartial: !connection.frame.isBetweenFrames, isNewFrame: isNewFrame,
      now: DispatchTime.now().uptimeNanoseconds - waited)
  }

  /// Closes connections that took too long, and lets the sink say what it has to. The connections'
  /// clock stands still while the queue waits for room: then it is not they who are late.
  func meetDeadlines() {
    let timeout = timeouts.next
    let sum = sink.nextDeadline
    guard timeout != .max || sum != .max, !isStopping else { return }
    let now = DispatchTime.now().uptimeNanoseconds
    if sum <= now { meetSinkDeadline(now) }
    guard stalled == nil, timeout <= now - waited else { return }
    for slot in timeouts.due(now - waited) {
      // What has come by now counts.
      receive(slot)
      guard stalled == nil else { return }
      if let expiry = timeouts.expiry(slot, now: now - waited) { expire(slot, expiry) }
    }
  }

  /// What work is under way stays noted.
  func meetSinkDeadline(_ now: UInt64) {
    sink.meetDeadline(now, memory.window)
    sink.commit(&transaction, memory.window)
    transaction.commit(memory.window)
  }

  /// Has the sink do everything that it would do some time: it is to be replaced, or the queue stops.
  /// On the queue.
  public func meetAllDeadlines() {
    meetSinkDeadline(.max)
    flush()
  }

  func expire(_ slot: Int, _ expiry: ConnectionTimeouts.Expiry) {
    guard let connection = connections[slot] else { return }
    switch expiry {
    case .frame: return refuse(slot, .frameTimeout)
    case .idle:
      if connection.frame.isBetweenFrames { sink.idle(connection.peer) }
      end(slot)
    }
  }

  /// Sees to it that the queue is woken for the next deadline, when it goes back to Dispatch.
  func armTimer() {
    if isStopping { return }
    let timeout = timeouts.next
    timer?.arm(min(sink.nextDeadline, timeout == .max ? .max : timeout.clampedSum(waited)))
  }
}
