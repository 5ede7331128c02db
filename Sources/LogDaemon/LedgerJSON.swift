import LogHandlers
import LogListeners

extension Ledger {
  /// Peers in the JSON and in the text.
  static let shownPeers = 10

  /// One line of JSON.
  public var json: String {
    let records = JSONText.object([
      ("received", "\(received)"), ("rejected", Ledger.object(reasons(rejectedByReason))),
      ("filtered", "\(filtered)"), ("routed", "\(routed)"),
    ])
    var members = [
      ("records", records),
      ("listeners", JSONText.object(listeners.map { ($0.name, json(of: $0)) })),
      ("handlers", JSONText.object(handlers.map { ($0.name, json(of: $0)) })),
      ("peers", peersJSON),
    ]
    if silentQueues > 0 { members.append(("silent_queues", "\(silentQueues)")) }
    return JSONText.object(members)
  }

  private func json(of listener: Listener) -> String {
    let connections = JSONText.object([
      ("accepted", "\(listener.connections.accepted)"), ("open", "\(listener.connections.open)"),
      ("refused", Ledger.object(refusals(listener.connections))),
      ("closed", Ledger.object(closures(listener.counts))),
    ])
    return JSONText.object([
      ("connections", connections), ("frames", "\(listener.counts.frames)"), ("bytes", "\(listener.counts.bytes)"),
      ("rejected", Ledger.object(reasons(listener.counts.rejected))), ("kernel_drops", "\(listener.kernelDrops)"),
    ])
  }

  private func json(of handler: Handler) -> String {
    let statistics = handler.statistics
    return JSONText.object([
      ("accepted", "\(statistics.accepted)"), ("written", "\(statistics.written)"),
      ("dropped", Ledger.object(drops(statistics.dropped))), ("pending", "\(statistics.pending)"),
      ("bytes", "\(statistics.bytes)"), ("rollovers", "\(statistics.rollovers)"),
      ("unformatted", "\(handler.unformatted)"),
    ])
  }

  private var peersJSON: String {
    func entry(_ entry: TopPeers.Entry, _ more: (String, String)) -> String {
      var members = [("peer", JSONText.quoted(entry.address.text)), ("frames", "\(entry.count)")]
      // Of the frames, so many may have been another peer's.
      if entry.excess > 0 { members.append(("excess", "\(entry.excess)")) }
      return JSONText.object(members + [more])
    }
    let talkers = peers.talkers.top(Ledger.shownPeers).map { entry($0, ("bytes", "\($0.bytes)")) }
    let rejected = peers.rejected.top(Ledger.shownPeers).map {
      entry($0, ("reason", JSONText.quoted($0.reason?.name ?? "")))
    }
    return JSONText.object([("talkers", JSONText.array(talkers)), ("rejected", JSONText.array(rejected))])
  }

  // MARK: Counts by reason, without those that are zero

  func reasons(_ counts: [UInt64]) -> [(reason: String, count: UInt64)] {
    Rejection.allCases.map { ($0.name, counts[$0.rawValue]) }.filter { $0.1 > 0 }
  }

  func refusals(_ counts: ConnectionSlots.Counts) -> [(reason: String, count: UInt64)] {
    [("max_connections", counts.tooMany), ("not_allowed", counts.notAllowed), ("resources", counts.resources)]
      .filter { $0.1 > 0 }
  }

  /// Connections that the daemon closed between two frames.
  func closures(_ counts: QueueLedger.Listener) -> [(reason: String, count: UInt64)] {
    [("idle_timeout", counts.idle)].filter { $0.1 > 0 }
  }

  func drops(_ counts: DroppedRecords) -> [(reason: String, count: UInt64)] {
    DropReason.allCases.map { ($0.name, counts[$0]) }.filter { $0.1 > 0 }
  }

  private static func object(_ counts: [(reason: String, count: UInt64)]) -> String {
    JSONText.object(counts.map { ($0.reason, "\($0.count)") })
  }
}

/// JSON out of texts that are JSON already.
private enum JSONText {
  static func object(_ members: [(String, String)]) -> String {
    "{" + members.map { "\(quoted($0.0)): \($0.1)" }.joined(separator: ", ") + "}"
  }

  static func array(_ values: [String]) -> String { "[" + values.joined(separator: ", ") + "]" }

  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
