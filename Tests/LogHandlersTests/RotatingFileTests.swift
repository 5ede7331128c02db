import Foundation
import SharedState
import Synchronization
import Testing

@testable import LogHandlers

struct RotatingFileTests {
  /// `RotatingFileHandler` in a few lines: what Python leaves in which file.
  struct Model {
    let maxBytes: Int
    let backupCount: Int
    var files: [String] = [""]  // The file itself, then its backups.

    mutating func write(_ record: String) {
      let size = files[0].utf8.count
      if maxBytes > 0, backupCount > 0, size > 0, size + record.unicodeScalars.count >= maxBytes {
        files.insert("", at: 0)
        files = Array(files.prefix(backupCount + 1))
      }
      files[0] += record
    }
  }

  private func compare(_ bench: HandlerBench, _ model: Model) {
    for (number, text) in model.files.enumerated() {
      #expect(bench.text(number == 0 ? "" : ".\(number)") == text, "file \(number)")
    }
    #expect(bench.names.count == model.files.count)
  }

  /// Records at the border, some with more bytes than characters, in batches of any size.
  @Test(arguments: [(100, 3), (64, 1), (1000, 20), (1, 2), (40, 0), (0, 5)])
  func leavesWhatPythonLeaves(maxBytes: Int, backupCount: Int) throws {
    let bench = try HandlerBench(.size(maxBytes: maxBytes, backupCount: backupCount))
    var model = Model(maxBytes: maxBytes, backupCount: backupCount)
    var random = SystemRandomNumberGenerator()
    for number in 0..<400 {
      var batch: [String] = []
      for _ in 0...random.next() % 5 {
        let letter = ["x", "é", "가", "😀", "\n"].randomElement(using: &random) ?? "x"
        batch.append("\(number)" + String(repeating: letter, count: Int(random.next() % 30)) + "\n")
      }
      bench.put(batch)
      bench.handler.flushNow()
      for record in batch { model.write(record) }
    }
    compare(bench, model)
  }

  /// Python compares the file's bytes and the record's characters with `maxBytes`.
  @Test(arguments: [("12345678\n", false), ("123456789\n", true), ("가나다라마바사아\n", false), ("가나다라마바사아자\n", true)])
  func theBorderIsInCharactersOfTheRecord(second: String, rolls: Bool) throws {
    let bench = try HandlerBench(.size(maxBytes: 20, backupCount: 2))
    bench.write("123456789\n", second)
    #expect(bench.text() == (rolls ? second : "123456789\n" + second))
    #expect(bench.text(".1") == (rolls ? "123456789\n" : nil))
    #expect(bench.handler.statistics().rollovers == (rolls ? 1 : 0))
  }

  @Test func anEmptyFileIsNeverRolledOver() throws {
    let bench = try HandlerBench(.size(maxBytes: 10, backupCount: 2))
    bench.write(String(repeating: "x", count: 5000) + "\n")
    #expect(bench.names == ["app.log"])
    bench.write("y\n")
    #expect(bench.names == ["app.log", "app.log.1"])
    #expect(bench.text() == "y\n")
  }

  @Test func gapsInTheNumbersStayWhereTheyAre() throws {
    let bench = try HandlerBench(.size(maxBytes: 10, backupCount: 4)) { path in
      for number in [1, 3, 4, 7] {
        try "old \(number)".write(toFile: "\(path).\(number)", atomically: false, encoding: .utf8)
      }
    }
    bench.write("1234567\n", "abcdefg\n")
    // Nothing stands in 2, so that 3 moves to 4, whose file was the oldest, and 1 to 2. 7 is none of ours.
    #expect(bench.names == ["app.log", "app.log.1", "app.log.2", "app.log.4", "app.log.7"])
    #expect(bench.text(".1") == "1234567\n" && bench.text(".2") == "old 1")
    #expect(bench.text(".4") == "old 3" && bench.text(".7") == "old 7")
  }

  @Test func aRolloverThatFailsKeepsTheRecordsAndIsMadeUpFor() throws {
    // A folder that is not empty cannot be removed as the oldest backup.
    let bench = try HandlerBench(.size(maxBytes: 10, backupCount: 2)) { path in
      try FileManager.default.createDirectory(atPath: path + ".2/full", withIntermediateDirectories: true)
      try "old".write(toFile: path + ".1", atomically: false, encoding: .utf8)
    }
    bench.write("1234567\n", "abcdefg\n")
    #expect(bench.text() == "1234567\n" && bench.text(".1") == "old")
    #expect(bench.handler.statistics().pending == 1)
    #expect(bench.events.failures.load(ordering: .relaxed) == 1)
    bench.write("hijklmn\n")
    try FileManager.default.removeItem(atPath: bench.path + ".2")
    #expect(bench.settles())
    #expect(bench.text() == "hijklmn\n" && bench.text(".1") == "abcdefg\n" && bench.text(".2") == "1234567\n")
    #expect(bench.events.failures.load(ordering: .relaxed) == 1, "told once, not at every attempt")
    #expect(bench.events.recoveries.load(ordering: .relaxed) == 1)
  }

  /// Half of the files are shifted when a rename fails: the others follow, and none is shifted twice.
  @Test(.enabled(if: mayMount)) func aShiftGoesOnWhereItStopped() throws {
    let bench = try HandlerBench(.size(maxBytes: 10, backupCount: 5)) { path in
      for number in 1...3 { try "old \(number)".write(toFile: "\(path).\(number)", atomically: false, encoding: .utf8) }
    }
    // A file on which another is mounted is busy.
    #expect(succeeds("mount", "--bind", bench.path + ".1", bench.path + ".1"))
    bench.write("1234567\n", "abcdefg\n")
    #expect(bench.text(".4") == "old 3" && bench.text(".3") == "old 2" && bench.text(".2") == nil)
    #expect(bench.text(".1") == "old 1" && bench.text() == "1234567\n" && bench.handler.statistics().pending == 1)
    #expect(succeeds("umount", bench.path + ".1"))
    #expect(bench.settles())
    #expect(bench.text(".4") == "old 3" && bench.text(".3") == "old 2" && bench.text(".2") == "old 1")
    #expect(bench.text(".1") == "1234567\n" && bench.text() == "abcdefg\n" && bench.text(".5") == nil)
  }

  // MARK: A process that is killed in a rollover

  /// What stands in the folder after four rollovers, and what a process left that was killed in the
  /// fifth: those from `step` on are not moved up, or are `moved` and not noted.
  @Test(arguments: 0...2, [false, true]) func aKilledRolloverIsFinishedAndCountedOnce(step: Int, moved: Bool) throws {
    let bench = try HandlerBench(.size(maxBytes: 10, backupCount: 3))
    bench.write("record 1\n", "record 2\n", "record 3\n", "record 4\n", "record 5\n")
    #expect(bench.handler.statistics().rollovers == 4)
    try FileManager.default.removeItem(atPath: bench.path + ".3")
    for number in (0...2).reversed() where moved ? number >= step : number > step {
      let from = number == 0 ? "" : ".\(number)"
      try FileManager.default.moveItem(atPath: bench.path + from, toPath: bench.path + ".\(number + 1)")
    }
    HandlerCells(RingConsumer(bench.memory, ring: 0)).note(rolloverStep: step)
    bench.put(["record 6\n"])
    bench.restart()
    bench.handler.flushNow()
    #expect(bench.names == ["app.log", "app.log.1", "app.log.2", "app.log.3"])
    for (suffix, number) in [("", 6), (".1", 5), (".2", 4), (".3", 3)] {
      #expect(bench.text(suffix) == "record \(number)\n")
    }
    #expect(bench.handler.statistics().rollovers == 5 && bench.events.failures.load(ordering: .relaxed) == 0)
    bench.restart()
    #expect(bench.handler.statistics().rollovers == 5)
  }

  /// A step that no process noted, whose name is taken: nothing is written over, and nothing waits.
  @Test(arguments: [0, 1, 7, 1000, 0x7fff_fffe]) func aDamagedStepCostsNoFileAndNoTime(step: Int) throws {
    let bench = try HandlerBench(.size(maxBytes: 10, backupCount: 30))
    for number in 1...20 { bench.write("record \(number)\n") }
    HandlerCells(RingConsumer(bench.memory, ring: 0)).note(rolloverStep: step)
    bench.restart()
    bench.write("record 21\n")
    // The oldest first: all there were, and the rollover that the step called for.
    let kept = (0...30).reversed().compactMap { bench.text($0 == 0 ? "" : ".\($0)") }.joined()
    #expect(kept == (1...21).map { "record \($0)\n" }.joined())
    let statistics = bench.handler.statistics()
    #expect(statistics.pending == 0 && statistics.rollovers == 20)
    #expect(bench.events.failures.load(ordering: .relaxed) == 0)
  }

  @Test func twoQueuesKeepTheirRecordsWholeAndInOrder() throws {
    let bench = try HandlerBench(.size(maxBytes: 20_000, backupCount: 1000), rings: 2)
    let handler = bench.handler
    for round in 0..<200 {
      for ring in 0..<2 {
        bench.put((0..<20).map { "begin \(ring) \(round * 20 + $0)\n  more\nend \(ring)\n" }, ring: ring)
      }
      DispatchQueue.concurrentPerform(iterations: 2) { _ in handler.flushNow() }
    }
    #expect(bench.settles())
    var reached = [0, 0]
    let backups = bench.names.count - 1
    #expect(backups > 5)
    for number in (0...backups).reversed() {
      let text = try #require(bench.text(number == 0 ? "" : ".\(number)"))
      var lines = text.split(separator: "\n")[...]
      while let first = lines.popFirst() {
        let words = first.split(separator: " ")
        guard words.count == 3, words[0] == "begin", let ring = Int(words[1]), (0..<2).contains(ring) else {
          Issue.record("file \(number): a record begins with \(first)")
          return
        }
        #expect(words[2] == "\(reached[ring])")
        #expect(lines.popFirst() == "  more" && lines.popFirst() == "end \(ring)")
        reached[ring] += 1
      }
    }
    #expect(reached == [4000, 4000])
  }
}
