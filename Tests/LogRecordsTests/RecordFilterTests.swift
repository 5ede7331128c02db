import Pickle
import Testing

@testable import LogRecords

struct RecordFilterTests {
  private static let second: UInt64 = 1_000_000_000

  /// A filter, and a clock that only the test moves.
  private final class Bench {
    let filter: RecordFilter
    var now: UInt64 = 1_000_000_000_000
    /// The messages of all summaries so far.
    var summaries: [RecordSummary] = []
    var texts: [String] { summaries.map { String(decoding: $0.message, as: UTF8.self) } }

    init(_ filter: RecordFilter) { self.filter = filter }

    func passes(_ message: String, _ logger: String = "app", level: Int = 20, peer: Int = 1) -> Bool {
      var subject = RecordFilter.Subject(origin: RecordOrigin(peer: Array("peer".utf8), listener: []), peer: peer)
      subject.logger = Array(logger.utf8)
      subject.level = level
      subject.levelName = Array("LEVEL\(level)".utf8)
      return filter.passes(subject, message: Array(message.utf8).rawBytes, now: now, summaries: &summaries)
    }

    func wait(_ seconds: Double) {
      now += UInt64(seconds * 1e9)
      summaries += filter.takeSummaries(now)
    }
  }

  private func dedupe(_ seconds: UInt64 = 10) -> Bench {
    Bench(RecordFilter(name: "f", dedupe: seconds * Self.second))
  }

  private func rate(_ records: Int, burst: Int) -> Bench {
    let rate = RecordFilter.Rate(records: records, interval: Self.second, burst: burst, text: "\(records)/s")
    return Bench(RecordFilter(name: "f", rate: rate))
  }

  // MARK: Repetitions

  @Test func aTextThatComesAgainPassesOnceInAWindow() {
    let bench = dedupe()
    #expect(bench.passes("x"))
    for _ in 0..<9 {
      bench.wait(1)
      #expect(!bench.passes("x"))
    }
    #expect(bench.texts == [])
    bench.wait(1)
    #expect(bench.texts == ["last message repeated 9 times"])
    #expect(bench.filter.nextDeadline == .max)
    #expect(bench.passes("x"))
  }

  @Test func anotherTextTellsAboutTheRepetitionsInFrontOfItself() {
    let bench = dedupe()
    #expect(bench.passes("x") && !bench.passes("x") && !bench.passes("x"))
    #expect(bench.passes("y"))
    #expect(bench.texts == ["last message repeated 2 times"])
    #expect(bench.summaries[0].logger == Array("app".utf8) && bench.summaries[0].level == 20)
    #expect(
      bench.summaries[0].levelName == Array("LEVEL20".utf8) && bench.summaries[0].origin.peer == Array("peer".utf8))
    // The window of x is not over for it.
    #expect(!bench.passes("x"))
    bench.wait(10)
    #expect(bench.texts.dropFirst() == ["message repeated 1 times: [x]"])
  }

  @Test func textsInTurnAreAllSuppressed() {
    let bench = dedupe()
    #expect(bench.passes("x") && bench.passes("y"))
    for _ in 0..<5 { #expect(!bench.passes("x") && !bench.passes("y")) }
    bench.wait(10)
    #expect(bench.texts.sorted() == ["message repeated 5 times: [x]", "message repeated 5 times: [y]"])
  }

  @Test func otherLoggersAndLevelsAreOtherMessages() {
    let bench = dedupe()
    #expect(bench.passes("x") && bench.passes("x", "other") && bench.passes("x", level: 30))
    // Of whichever peer.
    #expect(!bench.passes("x", peer: 2))
  }

  @Test func longTextsAreCutBetweenCharacters() {
    let bench = dedupe()
    let text = String(repeating: "옹", count: 200)
    #expect(bench.passes(text) && !bench.passes(text) && bench.passes("y", "other") && bench.passes("z"))
    #expect(bench.texts == ["last message repeated 1 times"])
    #expect(!bench.passes(text))
    bench.wait(10)
    #expect(bench.texts.last == "message repeated 1 times: [\(String(repeating: "옹", count: 85))]")
  }

  // MARK: Rates

  @Test func aBurstPassesAndThenTheRate() {
    let bench = rate(10, burst: 5)
    #expect((0..<20).map { _ in bench.passes("x") }.count { $0 } == 5)
    bench.wait(1)
    #expect((0..<20).map { _ in bench.passes("x") }.count { $0 } == 5)
    // A tenth of a second is one record.
    bench.wait(0.1)
    #expect(bench.passes("x") && !bench.passes("x"))
    #expect(bench.texts == [])
    bench.wait(9)
    #expect(bench.texts == ["31 records over 10/s suppressed (filter f)"])
    #expect(bench.filter.nextDeadline == .max)
  }

  @Test func overAMinuteTheRateIsExact() {
    let bench = rate(1000, burst: 1)
    var passed = 0
    for _ in 0..<60_000 * 5 {
      bench.now += 200_000
      if bench.passes("x") { passed += 1 }
    }
    #expect((59_990...60_010).contains(passed), "\(passed)")
  }

  @Test func peersAndLoggersHaveBucketsOfTheirOwn() {
    let bench = rate(1, burst: 1)
    #expect(bench.passes("x") && !bench.passes("x"))
    #expect(bench.passes("x", "other") && bench.passes("x", peer: 2))
    #expect(!bench.passes("x", "other", level: 40) && !bench.passes("x", "other", level: 30))
    bench.wait(10)
    #expect(bench.summaries.map(\.level) == [20, 40])
    #expect(bench.summaries[1].levelName == Array("LEVEL40".utf8))
  }

  // MARK: Floods

  @Test func aFloodOfNamesKeepsTheTablesAndTheRestOfThePromise() {
    let bench = rate(1, burst: 1)
    var passed = 0
    for number in 0..<200_000 where bench.passes("x", "name.\(number)") { passed += 1 }
    // Every place once, and what shares a bucket.
    #expect(passed <= TokenBuckets.places + 1 && passed > TokenBuckets.places / 2, "\(passed)")
    bench.summaries += bench.filter.takeSummaries(.max)
    #expect(bench.summaries.count <= SuppressedRecords.most + 1)
    let told = bench.texts.compactMap { Int($0.prefix { $0 != " " }) }.reduce(0, +)
    #expect(told == 200_000 - passed, "everything that was suppressed is told about")
    // Full buckets are given to others.
    bench.wait(2)
    #expect((0..<1000).map { bench.passes("x", "new.\($0)") }.count { $0 } == 1000)
  }

  @Test func aFloodOfTextsForgetsTheOldestAndLosesNone() {
    let bench = dedupe()
    var passed = 0
    for number in 0..<100_000 {
      if bench.passes("text \(number)") { passed += 1 }
      if bench.passes("text \(number)") { passed += 1 }
    }
    bench.summaries += bench.filter.takeSummaries(.max)
    let told = bench.texts.compactMap { $0.split(separator: " ").compactMap { Int($0) }.first }.reduce(0, +)
    #expect(passed >= 100_000 && passed + told == 200_000)
  }

  @Test func repetitionsThatCannotBeCountedPass() {
    let bench = dedupe()
    let count = SuppressedRecords.most + 100
    for number in 0..<count { _ = bench.passes("text \(number)") }
    let again = (0..<count).map { bench.passes("text \($0)") }.count { $0 }
    #expect((100...count / 4).contains(again), "\(again)")
  }

  // MARK: The summary as a record

  /// Names and texts are senders'. Whatever bytes they are, no summary is lost for them.
  @Test func anyNameCanBeReadAgain() {
    var reader = RecordReader(keys: RecordFields().keys)
    var names = (0...255).map { [UInt8](repeating: $0, count: 5) }
    names += (0...300).map { length in (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ length) } }
    for name in names {
      for level in [0, -1, 40, .max, .min] {
        let summary = RecordSummary(
          logger: name, level: level, levelName: name.reversed(), message: name,
          origin: RecordOrigin(peer: [], listener: []))
        let pickle = summary.pickle(created: 1.5)
        let padded = pickle + [UInt8](repeating: 0xff, count: RecordReader.padding)
        let isRead = reader.read(padded.rawBytes, end: pickle.count)
        #expect(isRead, "\(name)")
        let number = reader.values[RecordFields.Slot.levelNumber]?.asInteger
        #expect(number == Int64(level))
        guard let read = reader.values[RecordFields.Slot.name] else { continue }
        #expect(Array(pickle[read.offset..<read.offset + Int(read.length)]) == summary.logger)
      }
    }
  }

  @Test func aSummaryIsARecordOfTheStockShape() throws {
    let summary = RecordSummary(
      logger: Array("app.옹기".utf8), level: -7, levelName: Array("TINY".utf8), message: Array("text".utf8),
      origin: RecordOrigin(peer: [], listener: []))
    let lines = try LineMaker("%(asctime)s %(name)s %(levelno)d %(levelname)s %(message)s %(process)d")
    let line = try lines.line(summary.pickle(created: 1.5))
    #expect(line.map { String(decoding: $0, as: UTF8.self) } == "1970-01-01 00:00:01,500 app.옹기 -7 TINY text 0\n")
  }
}
