import LogHandlers
import SharedState
import Testing

@testable import LogDaemon

struct LedgerTests {
  private func ledger(published: UInt64?) -> Ledger {
    var ledger = Ledger(listeners: [
      ("tcp", ConnectionSlots.Counts(accepted: 3, open: 1, tooMany: 2), 0), ("udp", .init(), 7),
    ])
    var queue = QueueLedger(listeners: 2, handlers: 2)
    queue.listeners[0].frames = 10
    queue.listeners[0].bytes = 12_345
    queue.listeners[0].rejected[Rejection.malformed.rawValue] = 2
    queue.routed = 8
    queue.handlers[0].tooBig = 1
    queue.handlers[1].discarded = 8
    ledger.add(queue, PeerCounts())
    var statistics = HandlerStatistics()
    statistics.accepted = 5
    statistics.written = 4
    ledger.addHandler("file", statistics, 0, published: published)
    ledger.addHandler("nothing", nil, 1, published: nil)
    return ledger
  }

  /// What the queues had published when they gave their part counts, not what the handler saw before.
  @Test(arguments: [nil, 5, 7, 3] as [UInt64?]) func aHandlersPartAddsUp(_ published: UInt64?) {
    let file = ledger(published: published).handlers[0].statistics
    #expect(file.accepted == max(published ?? 5, 4) + 1)
    #expect(file.written == 4 && file.dropped[.tooBig] == 1)
    #expect(file.accepted == file.written + file.dropped.total + file.pending)
  }

  @Test func whatAStoppingDaemonLeavesIsDropped() {
    var ledger = ledger(published: 7)
    ledger.dropPending()
    let file = ledger.handlers[0].statistics
    #expect(file.pending == 0 && file.dropped[.stopping] == 3 && file.accepted == 8)
  }

  /// What is rare is noted when something says so, and the rest with each read.
  @Test func theNextProcessGoesOnCounting() throws {
    let memory = try QueueMemory(
      layout: QueueLayout(connections: 1, memory: 1 << 20, largestFrame: 4096, rings: 2), name: "onggi-test")
    var ledger = QueueLedger(listeners: 2, handlers: 2)
    var stored = StoredLedger(memory.layout, ledger)
    var transaction = Transaction(memory.layout)
    func isKept() -> Bool {
      stored.note(ledger, &transaction, memory.window)
      transaction.commit(memory.window)
      let next = QueueLedger(stored: memory, listeners: 2, handlers: 2)
      return String(describing: next) == String(describing: ledger)
    }
    (ledger.listeners[1].frames, ledger.listeners[1].bytes, ledger.routed) = (10, 12_345, 9)
    stored.touch(1)
    #expect(isKept(), "frames of one listener")
    (ledger.listeners[0].frames, ledger.listeners[1].frames, ledger.filtered) = (2, 11, 1)
    stored.touch(0)
    stored.touch(1)
    #expect(isKept(), "frames of two listeners")
    ledger.listeners[0].rejected[Rejection.malformed.rawValue] = 3
    ledger.listeners[1].idle = 4
    ledger.handlers[0].full = SIMD4(5, 6, 7, 8)
    (ledger.handlers[1].discarded, ledger.handlers[1].tooBig, ledger.handlers[1].unformatted) = (9, 10, 11)
    stored.touch()
    #expect(isKept(), "what is rare")
  }

  @Test func theSameNameCountsTogether() {
    var ledger = ledger(published: 5)
    var later = HandlerStatistics()
    (later.accepted, later.written, later.bytes, later.rollovers) = (2, 2, 9, 1)
    ledger.addHandler("file", later, 2, published: 2)
    #expect(ledger.handlers.map(\.name) == ["file", "nothing"])
    #expect(ledger.handlers[0].statistics.accepted == 8 && ledger.handlers[0].statistics.rollovers == 1)
  }

  @Test func theJSONHasTheKeysThatAreSpelledOut() {
    let json = ledger(published: 5).json
    #expect(
      json == #"{"records": {"received": 10, "rejected": {"malformed": 2}, "filtered": 0, "routed": 8}, "#
        + #""listeners": {"tcp": {"connections": {"accepted": 3, "open": 1, "refused": {"max_connections": 2}, "closed": {}}, "#
        + #""frames": 10, "bytes": 12345, "rejected": {"malformed": 2}, "kernel_drops": 0}, "#
        + #""udp": {"connections": {"accepted": 0, "open": 0, "refused": {}, "closed": {}}, "#
        + #""frames": 0, "bytes": 0, "rejected": {}, "kernel_drops": 7}}, "#
        + #""handlers": {"file": {"accepted": 6, "written": 4, "dropped": {"too_big": 1}, "pending": 1, "#
        + #""bytes": 0, "rollovers": 0, "unformatted": 0}, "#
        + #""nothing": {"accepted": 8, "written": 8, "dropped": {}, "pending": 0, "bytes": 0, "rollovers": 0, "#
        + #""unformatted": 0}}, "peers": {"talkers": [], "rejected": []}}"#)
  }

  @Test func theTextIsAligned() {
    #expect(
      ledger(published: 5).text == """
        records  received  rejected  filtered  routed
                       10         2         0       8

        listener  open  accepted  refused  frames  bytes  rejected  kernel drops
        tcp          1         3        2      10  12 kB         2             0
        udp          0         0        0       0    0 B         0             7
          tcp refused: max_connections 2
          tcp rejected: malformed 2

        handler  accepted  written  dropped  pending  bytes  rollovers
        file            6        4        1        1    0 B          0
        nothing         8        8        0        0    0 B          0
          file dropped: too_big 1

        """)
  }

  @Test func theSummaryHasWhatIsWorthSaying() {
    #expect(
      ledger(published: 5).summary
        == "10 records, 1 connections, 2 rejected, 1 dropped, 1 waiting to be written")
    #expect(Ledger(listeners: []).summary == "0 records, 0 connections")
  }

  @Test func namesCannotBreakTheTable() {
    var ledger = Ledger(listeners: [("a\nb\u{1b}[31m", .init(), 0)])
    ledger.addHandler("\"quoted\"\u{1}", nil, 0, published: nil)
    #expect(ledger.text.contains("a?b?[31m"))
    #expect(ledger.json.contains(#""\"quoted\"\u0001": {"#))
  }

  @Test(
    arguments: [
      (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9949, "9.9 kB"), (9950, "10 kB"), (999_499, "999 kB"),
      (999_500, "1.0 MB"), (2_500_000_000, "2.5 GB"), (UInt64.max, "18446744 TB"),
    ] as [(UInt64, String)]) func bytesForPeople(_ bytes: UInt64, _ text: String)
  {
    #expect(ByteCount.text(bytes) == text)
  }
}
