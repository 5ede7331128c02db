import Foundation
import SharedState
import TestSupport
import Testing

@testable import LogHandlers

/// A process is killed in a write; the next one finds out how much of it stands in the file.
struct WriteRecoveryTests {
  enum Fate: CaseIterable { case stays, isRenamed, isRotated, isRemoved }

  private static let records = ["one\n", "two\n", "three\n"]

  /// A folder with the file as the killed process left it, and its memory.
  private final class Left {
    let folder: String
    let path: String
    let memory: QueueMemory

    /// - Parameters:
    ///   - written: bytes of the write, of two records, that the file got
    ///   - isNoted: whether the process had accounted for them
    init(written: Int, isNoted: Bool, _ fate: Fate) throws {
      folder = FileManager.default.temporaryDirectory.appending(path: "onggi-\(UUID().uuidString)").path
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      path = folder + "/app.log"
      let memory = try QueueMemory(
        layout: QueueLayout(connections: 1, memory: 1 << 20, largestFrame: 4096, rings: 1), name: "onggi-test")
      try memory.mapRing(0)
      memory.setName(Array("app".utf8), ofRing: 0)
      var producer = RingProducer(memory.ring(0), memory.window)
      for record in WriteRecoveryTests.records {
        memory.window.put(Array(record.utf8), at: producer.room.lowerBound)
        producer.append(record.utf8.count, .info, memory.window)
      }
      var transaction = Transaction(memory.layout)
      producer.publish(&transaction, memory.window)
      transaction.commit(memory.window)

      try "earlier\n".write(toFile: path, atomically: false, encoding: .utf8)
      let opened = try FileCalls.openToVerify(path)
      let descriptor = try #require(opened)
      defer { close(descriptor) }
      var consumer = RingConsumer(memory, ring: 0)
      #expect(consumer.pending() == 3)
      consumer.note(WriteIntent(try FileCalls.identify(descriptor), bytes: consumer.bytes(ofFirst: 2), records: 2))
      if written > 0 {
        let start = consumer.start
        #expect(try FileCalls.write(descriptor, memory.window, start..<start + written) == written)
      }
      if isNoted, written > 0 {
        consumer.advance(bytes: written, records: written / 4, isTorn: written % 4 != 0)
      }
      switch fate {
      case .stays: break
      case .isRenamed: try FileManager.default.moveItem(atPath: path, toPath: path + "-20261125")
      case .isRotated:
        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
        try "new\n".write(toFile: path, atomically: false, encoding: .utf8)
      case .isRemoved: try FileManager.default.removeItem(atPath: path)
      }
      self.memory = try QueueMemory(adopting: try whatAKillLeaves(of: memory))
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func goOn() -> FileHandler {
      let handler = FileHandler(
        options: FileOptions(path: path), rings: [RingConsumer(memory, ring: 0)],
        report: { Issue.record("trouble: \($0)") })
      handler.open()
      handler.flushNow()
      return handler
    }

    func text(_ suffix: String = "") -> String? { try? String(contentsOfFile: path + suffix, encoding: .utf8) }
  }

  @Test(arguments: Fate.allCases, [0, 2, 4, 6, 8])
  func whatStandsInTheFileIsNotWrittenAgain(fate: Fate, written: Int) throws {
    for isNoted in [false, true] {
      let left = try Left(written: written, isNoted: isNoted, fate)
      let handler = left.goOn()
      #expect(handler.statistics().written == 3 && handler.statistics().pending == 0)
      // A record that was begun is finished where it began.
      let old = "earlier\n" + Self.records.prefix((written + 3) / 4).joined()
      let new = Self.records.dropFirst((written + 3) / 4).joined()
      switch fate {
      case .stays: #expect(left.text() == old + new)
      case .isRenamed: #expect(left.text("-20261125") == old && left.text() == new)
      case .isRotated: #expect(left.text(".1") == old && left.text() == "new\n" + new)
      case .isRemoved:
        // What was accounted for went with the file. A record of which a part did comes whole again.
        let gone = isNoted ? written / 4 : 0
        #expect(left.text() == Self.records.dropFirst(gone).joined())
      }
      #expect(try RingConsumer(QueueMemory(adopting: whatAKillLeaves(of: left.memory)), ring: 0).backlog == 0)
    }
  }

  /// Another file at the place of the old one, with the same bytes, is not taken for it.
  @Test func anotherFileWithTheSameBytesIsNotTheOld() throws {
    let left = try Left(written: 8, isNoted: false, .isRemoved)
    try "earlier\none\ntwo\n".write(toFile: left.path, atomically: false, encoding: .utf8)
    _ = left.goOn()
    #expect(left.text() == "earlier\none\ntwo\none\ntwo\nthree\n")
  }

  /// A write that was noted for other records is no write.
  @Test func anIntentThatContradictsTheRingIsNotBelieved() throws {
    let left = try Left(written: 0, isNoted: false, .stays)
    let opened = try FileCalls.openToVerify(left.path)
    let descriptor = try #require(opened)
    defer { close(descriptor) }
    for (bytes, records) in [(9, 2), (8, 3), (1, 0), (1 << 40, 2), (8, 1 << 40)] {
      var consumer = RingConsumer(left.memory, ring: 0)
      consumer.note(WriteIntent(try FileCalls.identify(descriptor), bytes: bytes, records: records))
      #expect(consumer.interruptedWrite() == nil, "\(bytes) bytes, \(records) records")
    }
    _ = left.goOn()
    #expect(left.text() == "earlier\none\ntwo\nthree\n")
  }
}
