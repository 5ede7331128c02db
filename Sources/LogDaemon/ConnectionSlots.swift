import LogListeners
import SharedState
import Synchronization

/// Which slots of which decode queue are free, and how many connections each listener has.
///
/// Connections are spread evenly over the queues and stay where they are: that keeps their order. What
/// was counted is kept for the next process.
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
    /// By listener.
    var openOf: [Int] = []
  }

  private let limit: Int
  /// The first queue's.
  private let memory: QueueMemory
  private let state: Mutex<State>

  /// - Parameters:
  ///   - limit: connections at a time
  ///   - memories: of the queues
  init(_ limit: Int, _ memories: [QueueMemory]) {
    self.limit = limit
    memory = memories[0]
    state = Mutex(State(free: memories.map { Array((0..<$0.layout.slotCount).reversed()) }))
  }

  /// A slot for a new connection, or nil when there are too many; either is counted.
  func take(listener: Int) -> (queue: Int, slot: Int)? {
    state.withLock { state in
      count(ListenerCell.accepted, listener)
      guard state.open < limit, let queue = state.free.indices.max(by: { state.free[$0].count < state.free[$1].count }),
        let slot = state.free[queue].popLast()
      else {
        count(ListenerCell.tooMany, listener)
        return nil
      }
      state.changeOpen(listener, by: 1)
      return (queue, slot)
    }
  }

  /// Notes a connection of an earlier process, in the slot that it has.
  func adopt(_ slot: Int, of queue: Int, listener: Int) {
    state.withLock { state in
      state.free[queue].removeAll { $0 == slot }
      state.changeOpen(listener, by: 1)
    }
  }

  func free(_ slot: Int, of queue: Int, listener: Int) {
    state.withLock { state in
      state.free[queue].append(slot)
      state.changeOpen(listener, by: -1)
    }
  }

  /// A connection of a peer that is not in the listener's `allow`.
  func refuseNotAllowed(listener: Int) {
    state.withLock { _ in
      count(ListenerCell.accepted, listener)
      count(ListenerCell.notAllowed, listener)
    }
  }

  /// A connection that could not be had for want of descriptors or memory.
  func refuse(listener: Int) { state.withLock { _ in count(ListenerCell.resources, listener) } }

  /// Under the lock.
  private func count(_ cell: Int, _ listener: Int) { ListenerCounters(memory, listener)[cell] += 1 }

  func counts(listener: Int) -> Counts {
    state.withLock { state in
      let counters = ListenerCounters(memory, listener)
      return Counts(
        accepted: counters[ListenerCell.accepted],
        open: state.openOf.indices.contains(listener) ? state.openOf[listener] : 0,
        tooMany: counters[ListenerCell.tooMany], notAllowed: counters[ListenerCell.notAllowed],
        resources: counters[ListenerCell.resources])
    }
  }
}

extension ConnectionSlots.State {
  fileprivate mutating func changeOpen(_ listener: Int, by change: Int) {
    while openOf.count <= listener { openOf.append(0) }
    openOf[listener] += change
    open += change
  }
}
