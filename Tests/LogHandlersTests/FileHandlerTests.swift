import Foundation
import Glibc
import LogRecords
import SharedState
import Synchronization
import Testing

@testable import LogHandlers

struct FileHandlerTests {
  private static func permissions(_ path: String) -> Int? {
    (try? FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
  }

  @Test func aNewFileHasItsPermissionsAndAnOldOneItsOwn() throws {
    let bench = try HandlerBench()
    #expect(Self.permissions(bench.path) == 0o640)
    let old = try HandlerBench(prepare: { path in
      try "old\n".write(toFile: path, atomically: false, encoding: .utf8)
      _ = unsafe chmod(path, 0o604)
    })
    old.write("new\n")
    #expect(Self.permissions(old.path) == 0o604)
    #expect(old.text() == "old\nnew\n")
  }

  @Test func delayLeavesTheFileToTheFirstRecord() throws {
    let bench = try HandlerBench(delay: true)
    #expect(bench.names == [])
    bench.write("first\n")
    #expect(bench.text() == "first\n")
  }

  @Test func modeWTruncatesAtTheStartOnly() throws {
    let bench = try HandlerBench(truncate: true) { path in
      try "old\n".write(toFile: path, atomically: false, encoding: .utf8)
    }
    bench.write("one\n")
    bench.handler.reopen()
    bench.write("two\n")
    #expect(bench.settles(), "reopening has woken the handler's own queue, which may be the one that writes")
    #expect(bench.text() == "one\ntwo\n")
  }

  @Test func reopeningLeavesARenamedFile() throws {
    let bench = try HandlerBench()
    bench.write("one\n")
    try FileManager.default.moveItem(atPath: bench.path, toPath: bench.path + ".old")
    bench.write("two\n")
    #expect(bench.text(".old") == "one\ntwo\n" && bench.text() == nil)
    bench.handler.reopen()
    bench.write("three\n")
    #expect(bench.settles(), "reopening has woken the handler's own queue, which may be the one that writes")
    #expect(bench.text() == "three\n")
  }

  @Test func aWatchedFileIsLeftWhenItIsMovedOrRemoved() throws {
    let bench = try HandlerBench(.watched)
    bench.write("one\n")
    try FileManager.default.moveItem(atPath: bench.path, toPath: bench.path + ".old")
    bench.write("two\n")
    #expect(bench.text(".old") == "one\n" && bench.text() == "two\n")
    try FileManager.default.removeItem(atPath: bench.path)
    bench.write("three\n")
    #expect(bench.text() == "three\n")
    // Another file in its place, as some editors leave it.
    try FileManager.default.removeItem(atPath: bench.path)
    try "theirs\n".write(toFile: bench.path, atomically: false, encoding: .utf8)
    bench.write("four\n")
    #expect(bench.text() == "theirs\nfour\n")
  }

  /// `os.stat` follows links: what counts is the file at their end.
  @Test func aWatchedLinkIsLeftWhenItsTargetIsAnother() throws {
    let bench = try HandlerBench(.watched) { path in
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path + ".first")
    }
    bench.write("one\n", "two\n")
    #expect(bench.text(".first") == "one\ntwo\n" && bench.names == ["app.log", "app.log.first"])
    try FileManager.default.moveItem(atPath: bench.path + ".first", toPath: bench.path + ".old")
    bench.write("three\n")
    #expect(bench.text(".first") == "three\n" && bench.text(".old") == "one\ntwo\n")
  }

  private static func everySecond() throws -> RolloverSchedule {
    try RolloverSchedule(when: .seconds, utc: true, zone: .utc)
  }

  /// 2024-05-29 16:00:00 UTC.
  private static let long: TimeInterval = 1_716_998_400

  private static func makeOld(_ path: String, _ text: String) throws {
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: long)], ofItemAtPath: path)
  }

  @Test func aTimedFileGetsTheTimeOfItsInterval() throws {
    let bench = try HandlerBench(.timed(try Self.everySecond(), backupCount: 0)) { try Self.makeOld($0, "old\n") }
    bench.write("new\n")
    #expect(bench.names == ["app.log", "app.log.2024-05-29_16-00-00"])
    #expect(bench.text(".2024-05-29_16-00-00") == "old\n" && bench.text() == "new\n")
    #expect(bench.handler.statistics().rollovers == 1)
  }

  /// A process was killed in front of the renaming, or behind it.
  @Test(arguments: [false, true]) func aTimedRolloverOfAKilledProcessIsCountedOnce(isRenamed: Bool) throws {
    let midnight = try RolloverSchedule(when: .midnight, utc: true, zone: .utc)
    let bench = try HandlerBench(.timed(midnight, backupCount: 0)) { try Self.makeOld($0, "old\n") }
    HandlerCells(RingConsumer(bench.memory, ring: 0)).note(rolloverStep: 0)
    let renamed = bench.path + ".2024-05-29"
    if isRenamed { try FileManager.default.moveItem(atPath: bench.path, toPath: renamed) }
    bench.restart()
    bench.write("new\n")
    #expect(bench.names == ["app.log", "app.log.2024-05-29"])
    #expect(bench.text(".2024-05-29") == "old\n" && bench.text() == "new\n")
    #expect(bench.handler.statistics().rollovers == 1)
  }

  @Test func aTimedNameThatIsTakenIsNotOverwritten() throws {
    let bench = try HandlerBench(.timed(try Self.everySecond(), backupCount: 0)) { path in
      try Self.makeOld(path, "old\n")
      try "taken".write(toFile: path + ".2024-05-29_16-00-00", atomically: false, encoding: .utf8)
    }
    bench.write("new\n")
    #expect(bench.text(".2024-05-29_16-00-00") == "taken" && bench.text(".2024-05-29_16-00-00.001") == "old\n")
  }

  @Test func theOldestTimedFilesGoAndNothingElse() throws {
    let bench = try HandlerBench(.timed(try Self.everySecond(), backupCount: 2)) { path in
      try Self.makeOld(path, "old\n")
      for suffix in [
        ".2020-01-01_00-00-00", ".2021-01-01_00-00-00", ".2022-01-01_00-00-00", ".1", ".2020-01-01", ".bak",
      ] {
        try suffix.write(toFile: path + suffix, atomically: false, encoding: .utf8)
      }
    }
    bench.write("new\n")
    #expect(
      bench.names == [
        "app.log", "app.log.1", "app.log.2020-01-01", "app.log.2022-01-01_00-00-00", "app.log.2024-05-29_16-00-00",
        "app.log.bak",
      ])
  }

  @Test(arguments: [Rollover.size(maxBytes: 10, backupCount: 3), .timed(try everySecond(), backupCount: 3)])
  func whatIsNoRegularFileIsNeverRolledOver(rollover: Rollover) throws {
    var reader: Int32 = -1
    let bench = try HandlerBench(rollover) { path in
      _ = unsafe mkfifo(path, 0o600)
      reader = unsafe open(path, O_RDWR | O_NONBLOCK)
    }
    defer { close(reader) }
    sleep(rollover.isTimed ? 2 : 0)
    bench.write("1234567\n", "abcdefg\n", "hijklmn\n")
    #expect(bench.settles())
    #expect(bench.names == ["app.log"])
    var buffer = [UInt8](repeating: 0, count: 100)
    let count = unsafe read(reader, &buffer, buffer.count)
    #expect(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self) == "1234567\nabcdefg\nhijklmn\n")
  }

  /// The disk takes a part of a record and then nothing: what it took is not written again.
  @Test(.enabled(if: mayMount)) func aFullDiskTearsNoRecordAndLosesNone() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "onggi-full-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    #expect(succeeds("mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder))
    defer { _ = succeeds("umount", "-l", folder) }
    let bench = try HandlerBench(folder: folder)
    try Data(count: 40_000).write(to: URL(fileURLWithPath: folder + "/filler"))
    let records = (0..<20).map { "\($0) " + String(repeating: "x", count: 4990) + "\n" }
    bench.put(records)
    bench.handler.flushNow()
    let torn = try #require(bench.text())
    #expect(torn.utf8.count > 20_000 && torn.utf8.count < records.joined().utf8.count)
    #expect(!torn.hasSuffix("\n"), "the last record is torn: otherwise this tests nothing")
    let statistics = bench.handler.statistics()
    #expect(statistics.pending > 0 && statistics.written == UInt64(torn.utf8.count { $0 == 10 }))
    // A reopened file would begin with the rest of a record.
    bench.handler.reopen()
    try FileManager.default.removeItem(atPath: folder + "/filler")
    #expect(bench.settles())
    #expect(bench.text() == records.joined())
    #expect(bench.events.failures.load(ordering: .relaxed) == 1)
    #expect(bench.events.recoveries.load(ordering: .relaxed) == 1)
  }

  @Test func aFolderThatIsMissingIsWaitedFor() throws {
    let bench = try HandlerBench(delay: true)
    try FileManager.default.removeItem(atPath: bench.folder)
    bench.write("one\n")
    #expect(bench.handler.statistics().pending == 1)
    try FileManager.default.createDirectory(atPath: bench.folder, withIntermediateDirectories: true)
    #expect(bench.settles())
    #expect(bench.text() == "one\n")
  }

  @Test func aFolderThatIsMissingAtTheStartIsWaitedForToo() throws {
    let bench = try HandlerBench(prepare: { path in
      try FileManager.default.removeItem(atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path)
    })
    #expect(bench.events.failures.load(ordering: .relaxed) == 1)
    bench.write("one\n")
    #expect(bench.handler.statistics().pending == 1)
    try FileManager.default.createDirectory(atPath: bench.folder, withIntermediateDirectories: true)
    #expect(bench.settles())
    #expect(bench.text() == "one\n")
    #expect(bench.events.recoveries.load(ordering: .relaxed) == 1)
  }

  @Test func aLineThatWasCutOffIsEndedOnce() throws {
    let bench = try HandlerBench(prepare: { try "a\nhal".write(toFile: $0, atomically: false, encoding: .utf8) })
    #expect(bench.text() == "a\nhal")
    bench.write("one\n")
    bench.handler.reopen()
    bench.write("two\n")
    #expect(bench.settles(), "reopening has woken the handler's own queue, which may be the one that writes")
    #expect(bench.text() == "a\nhal\none\ntwo\n")
    #expect(bench.events.endedLines.load(ordering: .relaxed) == 1)
  }

  @Test func aRetiredHandlerClosesItsFile() throws {
    let bench = try HandlerBench()
    func isOpen() throws -> Bool {
      let links = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").map {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0)
      }
      return links.contains(bench.path)
    }
    bench.write("one\n")
    #expect(try isOpen())
    bench.put(["two\n"])
    bench.handler.retire()
    #expect(try bench.eventually { try !isOpen() })
    #expect(bench.text() == "one\ntwo\n")
  }

  @Test func aRemovedFileIsMadeAgain() throws {
    let bench = try HandlerBench()
    bench.write("one\n")
    try FileManager.default.removeItem(atPath: bench.folder)
    bench.write("two\n")
    #expect(bench.handler.statistics().pending == 1)
    try FileManager.default.createDirectory(atPath: bench.folder, withIntermediateDirectories: true)
    #expect(bench.settles())
    #expect(bench.text() == "two\n")
  }

  @Test func reopeningMakesTheNewFileAtOnce() throws {
    let bench = try HandlerBench()
    try FileManager.default.moveItem(atPath: bench.path, toPath: bench.path + ".old")
    bench.handler.reopen()
    #expect(bench.text() == "")
  }
}

extension Rollover {
  fileprivate var isTimed: Bool {
    if case .timed = self { return true }
    return false
  }
}
