import CLinux
import LogRecords
public import SharedState

/// What a queue does first whose memory an earlier process left: the work that one was killed in.
///
/// It is the same work with the same bytes, from where the last transaction ended. What the earlier
/// process may have formatted already was behind the ends of the rings and is written over.
extension DecodeQueue where Sink: ~Copyable {
  /// Does the work under way, then ends the connections that did not come back. On the queue, before
  /// anything is read.
  package func recover(_ datagrams: (Int) -> Peer?) {
    guard memory.isAdopted else { return }
    switch memory.work ?? .none {
    case .none: break
    case .receive(let slot):
      if let count = Socket.interruptedReceive(memory, slot: slot), count > 0 { took(count, from: slot) }
    case .rest(let slot, let range): take(slot, block: false, rest: range)
    case .receiveDatagrams(let listener):
      let count = Socket.interruptedDatagrams(memory)
      if let peer = datagrams(listener), count > 0 { takeDatagrams(peer, 0, count) }
    case .datagrams(let listener, let next, let noted):
      let count = min(noted, Socket.interruptedDatagrams(memory))
      if let peer = datagrams(listener), next < count { takeDatagrams(peer, next, count) }
    }
    if stalled == nil { commit(.none) }
    for slot in connections.slots where connections[slot]?.descriptor == -1 {
      if case .stream(slot, _, _)? = stalled { continue }
      end(slot)
    }
    // Also what the earlier process had put in the rings and not written.
    sink.flush()
  }
}

extension QueueMemory {
  /// Whether an earlier process left nothing here that has to be done again or written.
  public var isQuiet: Bool {
    guard areRingsEmpty else { return false }
    switch work {
    case .none?: return true
    case .receive(let slot)?: return (Socket.interruptedReceive(self, slot: slot) ?? 0) == 0
    case .receiveDatagrams?: return Socket.interruptedDatagrams(self) == 0
    case .rest?, .datagrams?, nil: return false
    }
  }
}
