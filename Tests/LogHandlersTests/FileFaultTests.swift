#if DEBUG
  import Dispatch
  import Foundation
  import LogRecords
  import SharedState
  import Synchronization
  import Testing

  @testable import LogHandlers

  /// Every system call on the way to the disk fails, once and several times: all records are in the
  /// files in the end, once, in order and whole.
  struct FileFaultTests {
    static let errors = [ENOSPC, EIO, EROFS, EDQUOT, EACCES, ENOENT, ESTALE]
    static let records = (0..<24).map { "record \($0) " + String(repeating: "x", count: $0 % 7) + "\n" }
    /// Three records fit into a file.
    static let rotating = Rollover.size(maxBytes: 50, backupCount: 20)

    private final class Counter: Sendable {
      private let count = Atomic<Int>(0)
      var value: Int { count.load(ordering: .relaxed) }
      /// Counts; returns how many came before.
      func next() -> Int { count.wrappingAdd(1, ordering: .relaxed).oldValue }
    }

    /// Lets calls of one kind fail, from the `from`th on.
    private final class Plan: Sendable {
      let seen = Atomic<Int>(0)
      let struck = Atomic<Int>(0)
      init(_ folder: String, _ call: FileCall, from: Int = Int.max, times: Int = 0, _ outcome: FileFaults.Outcome) {
        FileFaults.arm(folder) { [self] asked in
          guard asked == call else { return .passes }
          let number = seen.wrappingAdd(1, ordering: .relaxed).oldValue
          guard number >= from, number < from + times else { return .passes }
          struck.add(1, ordering: .relaxed)
          return outcome
        }
      }
    }

    /// Puts the records in three at a time, and has the handler try again until all are written.
    private static func write(_ bench: HandlerBench) -> Bool {
      for start in stride(from: 0, to: records.count, by: 3) {
        bench.put(Array(records[start..<start + 3]))
        bench.handler.flushNow()
      }
      for _ in 0..<200 {
        if bench.handler.statistics().pending == 0 { return true }
        bench.handler.retry()
      }
      return false
    }

    /// All files' texts, the oldest first.
    private static func everything(_ bench: HandlerBench) -> String {
      (1...20).reversed().compactMap { bench.text(".\($0)") }.joined() + (bench.text() ?? "")
    }

    private static func folder() -> String {
      FileManager.default.temporaryDirectory.appending(path: "onggi-\(UUID().uuidString)").path
    }

    @Test(
      arguments: [
        FileCall.open, .identify, .status, .list, .read, .write, .synchronize, .synchronizeDirectory, .rename,
      ],
      [1, 4])
    func eachCallFailsAtEachPoint(_ call: FileCall, _ times: Int) throws {
      let first = Self.folder()
      let clean = Plan(first, call, .passes)
      let bench = try HandlerBench(Self.rotating, folder: first, fsync: .always) {
        try "old\n".write(toFile: $0, atomically: false, encoding: .utf8)
      }
      #expect(Self.write(bench))
      #expect(Self.everything(bench) == "old\n" + Self.records.joined())
      FileFaults.disarm(first)
      let calls = clean.seen.load(ordering: .relaxed)
      #expect(calls > 0, "otherwise this tests nothing")
      for from in 0..<calls {
        let folder = Self.folder()
        let number = Self.errors[from % Self.errors.count]
        let plan = Plan(folder, call, from: from, times: times, .fails(number))
        let bench = try HandlerBench(Self.rotating, folder: folder, fsync: .always) {
          try "old\n".write(toFile: $0, atomically: false, encoding: .utf8)
        }
        #expect(Self.write(bench), "\(call) \(from) \(number)")
        #expect(Self.everything(bench) == "old\n" + Self.records.joined(), "\(call) \(from): \(number)")
        #expect(plan.struck.load(ordering: .relaxed) > 0)
        FileFaults.disarm(folder)
      }
    }

    /// The disk takes some bytes, nothing, and some bytes again.
    @Test(arguments: [1, 5, 13, 29]) func aWriteIsCutShort(_ most: Int) throws {
      let folder = Self.folder()
      let count = Counter()
      FileFaults.arm(folder) { call in
        guard call == .write else { return .passes }
        return count.next() % 3 == 1 ? .fails(ENOSPC) : .takes(most)
      }
      defer { FileFaults.disarm(folder) }
      let bench = try HandlerBench(Self.rotating, folder: folder)
      for start in stride(from: 0, to: Self.records.count, by: 3) {
        bench.put(Array(Self.records[start..<start + 3]))
        bench.handler.flushNow()
      }
      for _ in 0..<2000 where bench.handler.statistics().pending > 0 { bench.handler.retry() }
      #expect(Self.everything(bench) == Self.records.joined())
    }

    /// NFS and others cannot rename without overwriting: a link does it.
    @Test func aFileSystemWithoutExclusiveRenames() throws {
      let folder = Self.folder()
      let plan = Plan(folder, .rename, from: 0, times: Int.max, .fails(EINVAL))
      defer { FileFaults.disarm(folder) }
      let bench = try HandlerBench(Self.rotating, folder: folder)
      #expect(Self.write(bench))
      #expect(Self.everything(bench) == Self.records.joined())
      #expect(plan.struck.load(ordering: .relaxed) > 0)
    }

    /// What a disk refused is written again at its place, and counts only then.
    @Test func whatTheDiskDoesNotConfirmIsNotWritten() throws {
      let folder = Self.folder()
      let rewrites = Counter()
      let bench = try HandlerBench(folder: folder, fsync: .always)
      let asked = Counter()
      FileFaults.arm(folder) { call in
        if call == .rewrite { _ = rewrites.next() }
        return call == .synchronize && asked.next() < 2 ? .fails(EIO) : .passes
      }
      defer { FileFaults.disarm(folder) }
      bench.write("one\n")
      #expect(bench.text() == "one\n" && bench.handler.statistics().written == 0)
      bench.handler.retry()
      #expect(bench.handler.statistics().written == 0)
      #expect(bench.settles())
      #expect(bench.text() == "one\n" && bench.handler.statistics().written == 1)
      #expect(rewrites.value == 2)
      #expect(bench.events.failures.load(ordering: .relaxed) == 1)
      #expect(bench.events.recoveries.load(ordering: .relaxed) == 1)
    }

    /// Where somebody has cut the file meanwhile, nothing is written behind its end.
    @Test func aFileThatWasCutIsNotWrittenToAgain() throws {
      let folder = Self.folder()
      let bench = try HandlerBench(folder: folder, fsync: .always)
      bench.write("one\n")
      let asked = Counter()
      FileFaults.arm(folder) { $0 == .synchronize && asked.next() == 0 ? .fails(EIO) : .passes }
      defer { FileFaults.disarm(folder) }
      bench.write("two\n")
      try Data().write(to: URL(fileURLWithPath: bench.path))
      #expect(bench.settles())
      #expect(bench.text() == "" && bench.handler.statistics().written == 2)
    }

    /// A disk was mounted again: another file stands at the path, and nothing reaches the open one any more.
    @Test func aDeadFileIsLeftWhenAnotherStandsAtItsPath() throws {
      let folder = Self.folder()
      let bench = try HandlerBench(folder: folder)
      bench.write("one\n")
      let gone = Self.folder()
      try FileManager.default.createDirectory(atPath: gone, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: gone) }
      try FileManager.default.moveItem(atPath: bench.path, toPath: gone + "/app.log")
      try "new\n".write(toFile: bench.path, atomically: false, encoding: .utf8)
      FileFaults.arm(gone) { $0 == .write ? .fails(EIO) : .passes }
      defer { FileFaults.disarm(gone) }
      bench.write("two\n")
      #expect(bench.settles())
      #expect(bench.text() == "new\ntwo\n")
    }

    /// A record of which a part stands in a file that somebody removes comes whole in the next one.
    @Test func aTornRecordOfARemovedFileComesWhole() throws {
      let folder = Self.folder()
      let bench = try HandlerBench(folder: folder)
      let count = Counter()
      FileFaults.arm(folder) { call in
        guard call == .write else { return .passes }
        return count.next() == 0 ? .takes(2) : .fails(ENOSPC)
      }
      bench.write("one\n", "two\n")
      #expect(bench.text() == "on" && bench.handler.statistics().pending == 2)
      try FileManager.default.removeItem(atPath: bench.path)
      FileFaults.disarm(folder)
      #expect(bench.settles())
      #expect(bench.text() == "one\ntwo\n")
    }

    /// Whoever brings records does not make a failing disk be tried each time.
    @Test func aFailingDiskIsLeftInPeace() throws {
      let folder = Self.folder()
      let count = Counter()
      FileFaults.arm(folder) { call in
        guard call == .write else { return .passes }
        _ = count.next()
        return .fails(ENOSPC)
      }
      defer { FileFaults.disarm(folder) }
      let bench = try HandlerBench(folder: folder)
      for number in 0..<1000 { bench.write("\(number)\n") }
      #expect(count.value > 0 && count.value < 100, "\(count.value) times")
    }

    /// A file that is rotated away before the disk has confirmed it keeps no writer waiting.
    @Test func noWriterWaitsForTheDiskToConfirmALeftFile() throws {
      let folder = Self.folder()
      let gate = DispatchSemaphore(value: 0)
      FileFaults.arm(folder) { call in
        if call == .synchronize { gate.wait() }
        return .passes
      }
      let bench = try HandlerBench(Self.rotating, folder: folder, fsync: .interval)
      bench.put(Self.records)
      bench.handler.flush()
      #expect(bench.settles())
      #expect(Self.everything(bench) == Self.records.joined())
      FileFaults.disarm(folder)
      for _ in Self.records { gate.signal() }
    }

    /// A process that is killed before the disk has confirmed: the next one writes nothing twice, also
    /// when it cannot look at once.
    @Test(arguments: [FileCall.openAgain, .read, .identify, .synchronize])
    func aKilledProcessDoesNotWriteTwice(_ call: FileCall) throws {
      let folder = Self.folder()
      FileFaults.arm(folder) { $0 == .synchronize ? .fails(EIO) : .passes }
      defer { FileFaults.disarm(folder) }
      let bench = try HandlerBench(folder: folder, fsync: .always)
      bench.write("one\n", "two\n")
      #expect(bench.handler.statistics().written == 0)
      let asked = Counter()
      FileFaults.arm(folder) { asking in
        asking == call && asked.next() < 3 ? .fails(EIO) : .passes
      }
      bench.restart()
      bench.write("three\n")
      for _ in 0..<20 where bench.handler.statistics().pending > 0 { bench.handler.retry() }
      #expect(bench.text() == "one\ntwo\nthree\n")
      #expect(asked.value > 3)
    }

    /// What stands in the file, and what may stand there, makes no room for others.
    @Test func whatTheDiskMayHaveIsNotDropped() throws {
      let folder = Self.folder()
      FileFaults.arm(folder) { $0 == .synchronize ? .fails(EIO) : .passes }
      defer { FileFaults.disarm(folder) }
      let bench = try HandlerBench(folder: folder, fsync: .always)
      bench.write("one\n", "two\n")
      #expect(bench.handler.dropOldest(queue: 0, bytes: 1 << 20, upTo: .error) == 0)
      // The next process cannot look.
      FileFaults.arm(folder) { $0 == .openAgain || $0 == .synchronize ? .fails(EIO) : .passes }
      bench.restart()
      #expect(bench.handler.dropOldest(queue: 0, bytes: 1 << 20, upTo: .error) == 0)
      // It can, but the disk still confirms nothing.
      FileFaults.arm(folder) { $0 == .synchronize ? .fails(EIO) : .passes }
      bench.handler.retry()
      #expect(bench.handler.statistics().written == 0)
      FileFaults.disarm(folder)
      #expect(bench.settles())
      let statistics = bench.handler.statistics()
      #expect(statistics.written == 2 && statistics.dropped.total == 0 && bench.text() == "one\ntwo\n")
    }

    /// A start waits for a disk that does not answer, but not for long.
    @Test(.timeLimit(.minutes(2))) func aFileThatCannotBeOpenedHoldsUpNoStart() throws {
      let folder = Self.folder()
      let gate = DispatchSemaphore(value: 0)
      FileFaults.arm(folder) { call in
        if call == .open { gate.wait() }
        return .passes
      }
      let bench = try HandlerBench(folder: folder)
      bench.put(["one\n"])
      bench.handler.flush()
      #expect(bench.handler.statistics().pending == 1)
      FileFaults.disarm(folder)
      gate.signal()
      #expect(bench.settles())
    }

    @Test func intervalAsksTheDiskBesideTheWriting() throws {
      let folder = Self.folder()
      let asked = Counter()
      let gate = DispatchSemaphore(value: 0)
      FileFaults.arm(folder) { call in
        guard call == .synchronize else { return .passes }
        let number = asked.next()
        if number == 0 { gate.wait() }
        return number == 1 ? .fails(EIO) : .passes
      }
      defer { FileFaults.disarm(folder) }
      let bench = try HandlerBench(folder: folder, fsync: .interval)
      let began = DispatchTime.now()
      for number in 0..<50 { bench.write("\(number)\n") }
      #expect(bench.settles(), "while the disk is being asked")
      #expect(bench.eventually { asked.value == 1 })
      gate.signal()
      bench.write("50\n")
      #expect(bench.eventually { bench.events.failures.load(ordering: .relaxed) == 1 })
      #expect(bench.eventually { bench.events.recoveries.load(ordering: .relaxed) == 1 })
      let seconds = Double(DispatchTime.now().uptimeNanoseconds - began.uptimeNanoseconds) / 1e9
      #expect(asked.value >= 3 && Double(asked.value) <= seconds + 2, "at most once a second")
      let before = asked.value
      bench.write("51\n")
      let group = DispatchGroup()
      bench.handler.synchronize(in: group)
      #expect(group.wait(timeout: .now() + .seconds(10)) == .success)
      #expect(asked.value > before)
    }

    /// A flood is written by who brings it, but not to a disk that was slow lately.
    @Test func aSlowDiskHoldsUpNoFlood() throws {
      let folder = Self.folder()
      let gate = DispatchSemaphore(value: 0)
      let count = Counter()
      FileFaults.arm(folder) { call in
        guard call == .write else { return .passes }
        let number = count.next()
        if number == 1 { usleep(20_000) }
        if number > 1 { gate.wait() }
        return .passes
      }
      let bench = try HandlerBench(folder: folder)
      bench.write("first\n")
      let flood = (0..<Int(FileHandler.flood)).map { "\($0)\n" }
      bench.put(flood)
      bench.handler.flush()
      #expect(bench.handler.statistics().pending == 0, "written by now")
      bench.put(flood)
      let done = DispatchSemaphore(value: 0)
      let handler = bench.handler
      DispatchQueue.global().async {
        handler.flush()
        done.signal()
      }
      #expect(done.wait(timeout: .now() + .seconds(20)) == .success)
      #expect(bench.handler.statistics().pending == FileHandler.flood)
      FileFaults.disarm(folder)
      gate.signal()
      #expect(bench.settles())
    }

    /// A write that takes long since others had the processor meanwhile shows no slow disk.
    @Test func aBusyProcessorIsNoSlowDisk() throws {
      // Whoever waits for a lock in between has waited, which can happen once, but not each time.
      let isWritten = try (0..<10).contains { _ in
        let folder = Self.folder()
        let bench = try HandlerBench(folder: folder)
        bench.write("first\n")
        FileFaults.arm(folder) { call in
          let end = DispatchTime.now().uptimeNanoseconds + 4 * FileHandler.slowNanoseconds
          while call == .write, DispatchTime.now().uptimeNanoseconds < end {}
          return .passes
        }
        defer { FileFaults.disarm(folder) }
        let flood = (0..<Int(FileHandler.flood)).map { "\($0)\n" }
        for _ in 0..<2 {
          bench.put(flood)
          bench.handler.flush()
        }
        return bench.handler.statistics().pending == 0
      }
      #expect(isWritten)
    }

    /// Who wants to write while the file is opened, or its descriptor is taken to be synchronized, is
    /// not forgotten.
    @Test func whatComesDuringAnOpeningIsWritten() throws {
      let folder = Self.folder()
      let bench = try HandlerBench(folder: folder)
      let gate = DispatchSemaphore(value: 0)
      FileFaults.arm(folder) { call in
        if call == .open { gate.wait() }
        return .passes
      }
      bench.restart()
      bench.write("record\n")
      #expect(bench.handler.statistics().pending == 1)
      FileFaults.disarm(folder)
      gate.signal()
      #expect(bench.settles())
      #expect(bench.text() == "record\n")
    }

    /// A file that cannot be opened again does not seem to be well before something was written to it.
    @Test func aFailedReopeningIsNotOverBeforeARecord() throws {
      let folder = Self.folder()
      let bench = try HandlerBench(folder: folder)
      bench.write("one\n")
      let tried = Counter()
      FileFaults.arm(folder) { call in
        guard call == .open else { return .passes }
        _ = tried.next()
        return .fails(EACCES)
      }
      bench.handler.reopen()
      #expect(tried.value == 1 && bench.events.failures.load(ordering: .relaxed) == 1)
      FileFaults.disarm(folder)
      bench.handler.flushNow()
      #expect(bench.events.recoveries.load(ordering: .relaxed) == 0)
      bench.write("two\n")
      #expect(bench.settles())
      #expect(bench.eventually { bench.events.recoveries.load(ordering: .relaxed) == 1 })
      #expect(bench.text() == "one\ntwo\n")
    }

    /// Nobody but the handler's own queue waits for a write that does not return.
    @Test func aWriteThatHangsHoldsUpNobody() throws {
      let folder = Self.folder()
      let gate = DispatchSemaphore(value: 0)
      FileFaults.arm(folder) { call in
        if call == .write { gate.wait() }
        return .passes
      }
      let bench = try HandlerBench(folder: folder)
      let start = DispatchTime.now()
      for number in 0..<100 {
        bench.put(["\(number)\n"])
        bench.handler.flush()
      }
      #expect(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds < 1_000_000_000)
      #expect(bench.handler.statistics().pending == 100)
      FileFaults.disarm(folder)
      gate.signal()
      #expect(bench.settles())
      #expect(bench.text() == (0..<100).map { "\($0)\n" }.joined())
    }
  }
#endif
