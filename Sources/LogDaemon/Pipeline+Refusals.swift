public import LogListeners
import LogRecords
import Pickle

/// What a pipeline refuses, and streams that end.
extension Pipeline {
  @inline(never)
  mutating func reject(_ error: PickleError, from peer: Peer) {
    let reason: Rejection =
      switch error.code {
      case .limitExceeded: .limit
      case .notARecord: .notARecord
      default: .malformed
      }
    reject(reason, from: peer, detail: error.description)
  }

  mutating func reject(_ reason: Rejection, from peer: Peer, detail: String) {
    ledger.listeners[peer.listener].rejected[reason.rawValue] += 1
    peers.rejected.count(peer.address, 1, reason: reason)
    stored.touch()
    report(.rejected(reason, peer: peer.name, detail: detail))
  }

  public mutating func truncated(_ bytes: Int, from peer: Peer) {
    ledger.listeners[peer.listener].frames += 1
    ledger.listeners[peer.listener].bytes += UInt64(bytes)
    reject(.truncated, from: peer, detail: "the connection ended after \(bytes) bytes of a frame")
  }

  public mutating func refused(_ reason: StreamRefusal, from peer: Peer) {
    ledger.listeners[peer.listener].frames += 1
    switch reason {
    case .frameTooLong(let length):
      reject(.tooLong, from: peer, detail: "a frame of \(length) bytes; max_frame_bytes is \(largestFrame)")
    case .foreign(let name): reject(.foreign, from: peer, detail: "\(name) instead of log records")
    case .memory: reject(.memory, from: peer, detail: "unfinished frames have all the memory they may have")
    case .frameTimeout: reject(.timeout, from: peer, detail: "a frame that was not whole within frame_timeout")
    }
  }

  public mutating func idle(_ peer: Peer) {
    ledger.listeners[peer.listener].idle += 1
    stored.touch()
    report(.idle(peer: peer.name))
  }
}

/// What a pipeline has to say.
public enum PipelineEvent: Sendable {
  case rejected(Rejection, peer: String, detail: String)
  /// A record of this handler lacks a field that its format shows, or has one without a text.
  case unformatted(handler: Int)
  /// A connection was closed for its silence.
  case idle(peer: String)
}
