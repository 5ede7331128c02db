import LogHandlers
import LogListeners

extension Ledger {
  /// The ledger for people: aligned tables, with what was refused or dropped spelled out below.
  public var text: String {
    var text = TextTable.aligned(
      [
        ["records", "received", "rejected", "filtered", "routed"],
        ["", "\(received)", "\(rejected)", "\(filtered)", "\(routed)"],
      ])
    text +=
      "\n"
      + TextTable.aligned(
        [["listener", "open", "accepted", "refused", "frames", "bytes", "rejected", "kernel drops"]]
          + listeners.map { listener in
            let counts = listener.counts
            return [
              TextTable.oneLine(listener.name), "\(listener.connections.open)", "\(listener.connections.accepted)",
              "\(sum(refusals(listener.connections)))", "\(counts.frames)", ByteCount.text(counts.bytes),
              "\(sum(reasons(counts.rejected)))", "\(listener.kernelDrops)",
            ]
          })
    for listener in listeners {
      text += line("refused", listener.name, refusals(listener.connections))
      text += line("closed", listener.name, closures(listener.counts))
      text += line("rejected", listener.name, reasons(listener.counts.rejected))
    }
    text +=
      "\n"
      + TextTable.aligned(
        [["handler", "accepted", "written", "dropped", "pending", "bytes", "rollovers"]]
          + handlers.map { handler in
            let counts = handler.statistics
            return [
              TextTable.oneLine(handler.name), "\(counts.accepted)", "\(counts.written)", "\(counts.dropped.total)",
              "\(counts.pending)", ByteCount.text(counts.bytes), "\(counts.rollovers)",
            ]
          })
    for handler in handlers {
      text += line("dropped", handler.name, drops(handler.statistics.dropped))
      if handler.unformatted > 0 {
        text += "  \(TextTable.oneLine(handler.name)): \(handler.unformatted) records with a field that has no text\n"
      }
    }
    text += peersText
    if silentQueues > 0 {
      text += "\n\(silentQueues) of the decode queues did not answer: their counts are older\n"
    }
    return text
  }

  private var peersText: String {
    let talkers = peers.talkers.top(Ledger.shownPeers)
    let rejected = peers.rejected.top(Ledger.shownPeers)
    var text = ""
    if !talkers.isEmpty {
      text +=
        "\n"
        + TextTable.aligned(
          [["sent most", "frames", "bytes"]]
            + talkers.map { [$0.address.text, "\($0.count)", ByteCount.text($0.bytes)] })
    }
    if !rejected.isEmpty {
      text +=
        "\n"
        + TextTable.aligned(
          [["refused most", "frames", "the last as"]]
            + rejected.map { [$0.address.text, "\($0.count)", $0.reason?.name ?? ""] })
    }
    return text
  }

  private func sum(_ counts: [(reason: String, count: UInt64)]) -> UInt64 { counts.reduce(0) { $0 + $1.count } }

  private func line(_ what: String, _ name: String, _ counts: [(reason: String, count: UInt64)]) -> String {
    if counts.isEmpty { return "" }
    let reasons = counts.map { "\($0.reason) \($0.count)" }.joined(separator: ", ")
    return "  \(TextTable.oneLine(name)) \(what): \(reasons)\n"
  }

  /// One line: what `systemctl status` shows.
  public var summary: String {
    var parts = ["\(received) records", "\(openConnections) connections"]
    if rejected > 0 { parts.append("\(rejected) rejected") }
    if filtered > 0 { parts.append("\(filtered) filtered") }
    if dropped > 0 { parts.append("\(dropped) dropped") }
    if pending > 0 { parts.append("\(pending) waiting to be written") }
    return parts.joined(separator: ", ")
  }
}

/// Lines with columns: the first to the left, the others to the right.
enum TextTable {
  static func aligned(_ rows: [[String]]) -> String {
    var widths: [Int] = []
    for row in rows {
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        widths[column] = max(widths[column], cell.count)
      }
    }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + space : space + cell
      }
      return cells.joined(separator: "  ") + "\n"
    }.joined()
  }

  /// A name from the configuration, which may be any text.
  static func oneLine(_ name: String) -> String {
    String(String.UnicodeScalarView(name.unicodeScalars.map { $0.value < 0x20 || 0x7f...0x9f ~= $0.value ? "?" : $0 }))
  }
}

/// Bytes for people, in units of a thousand.
enum ByteCount {
  static func text(_ bytes: UInt64) -> String {
    if bytes < 1000 { return "\(bytes) B" }
    var unit: UInt64 = 1000
    for name in ["kB", "MB", "GB"] {
      // Below what would be rounded up to four digits.
      if bytes < unit * 1000 - unit / 2 { return number(bytes, unit) + " " + name }
      unit *= 1000
    }
    return number(bytes, unit) + " TB"
  }

  /// With one decimal below ten.
  private static func number(_ bytes: UInt64, _ unit: UInt64) -> String {
    let tenths = rounded(bytes, unit / 10)
    return tenths < 100 ? "\(tenths / 10).\(tenths % 10)" : "\(rounded(bytes, unit))"
  }

  private static func rounded(_ bytes: UInt64, _ unit: UInt64) -> UInt64 {
    bytes / unit + (bytes % unit >= unit / 2 ? 1 : 0)
  }
}
