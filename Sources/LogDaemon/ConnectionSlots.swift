import LogListeners
import SharedState
import Synchronization

/// Which slots of which decode queue are free, and how many connections each listener has.
///
/// Connections are spread evenly over the queues and stay where they are: that keeps their order.
final class ConnectionSlots: Sendable {
  struct Counts: Sendable {
    var accepted: UInt64 = 0
    var open = 0
    /// `max_connections` were open.
    var tooMany: UInt64 = 0
    /// The peer is not in the listener's `allow`.
    var notAllowed: UInt64 = 0
    /// No descriptor or no memory.
    var resources: UInt64 = 0
  }

  fileprivate struct State {
    /// By queue; the most recently freed last, so that few of the slots' pages are touched.
    var free: [[Int]]
    var open = 0
    var counts: [Counts] = []
  }

  private let limit: Int
  private let state: Mutex<State>

  /// - Parameters:
  ///   - limit: connections at a time
  ///   - queues: slots of each queue
  init(_ limit: Int, queues: [Int]) {
    self.limit = limit
    state = Mutex(State(free: queues.map { Array((0..<$0).reversed()) }))
  }

  /// A slot for a new connection, or nil when there are too many; either is counted.
  func take(listener: Int) -> (queue: Int, slot: Int)? {
    state.withLock { state in
      state.count(listener) { $0.accepted += 1 }
      guard state.open < limit, let queue = state.free.indices.max(by: { state.free[$0].count < state.free[$1].count }),
        let slot = state.free[queue].popLast()
      else {
        state.count(listener) { $0.tooMany += 1 }
        return nil
      }
      state.open += 1
      state.count(listener) { $0.open += 1 }
      return (queue, slot)
    }
  }

  /// Notes a connection of an earlier process, in the slot that it has.
  func adopt(_ slot: Int, of queue: Int, listener: Int) {
    state.withLock { state in
      state.free[queue].removeAll { $0 == slot }
      state.open += 1
      state.count(listener) { $0.open += 1 }
    }
  }

  func free(_ slot: Int, of queue: Int, listener: Int) {
    state.withLock { state in
      state.free[queue].append(slot)
      state.open -= 1
      state.count(listener) { $0.open -= 1 }
    }
  }

  /// A connection of a peer that is not in the listener's `allow`.
  func refuseNotAllowed(listener: Int) {
    state.withLock { state in
      state.count(listener) {
        $0.accepted += 1
        $0.notAllowed += 1
      }
    }
  }

  /// A connection that could not be had for want of descriptors or memory.
  func refuse(listener: Int) { state.withLock { $0.count(listener) { $0.resources += 1 } } }

  func counts(listener: Int) -> Counts {
    state.withLock { $0.counts.indices.contains(listener) ? $0.counts[listener] : Counts() }
  }
}

extension ConnectionSlots.State {
  fileprivate mutating func count(_ listener: Int, _ change: (inout ConnectionSlots.Counts) -> Void) {
    while counts.count <= listener { counts.append(ConnectionSlots.Counts()) }
    change(&counts[listener])
  }
}
