import TestSupport
import Testing

@testable import LogRecords

@Suite struct RolloverScheduleTests {
  private func schedule(
    _ when: String, _ interval: Int = 1, utc: Bool = false, at time: RolloverSchedule.TimeOfDay? = nil,
    zone: TimeZoneRules = .utc
  ) throws -> RolloverSchedule {
    try RolloverSchedule(when: RolloverSchedule.When(when), interval: interval, utc: utc, atTime: time, zone: zone)
  }

  private let newYork = TimeZoneRules(posix: Array("EST5EDT,M3.2.0,M11.1.0".utf8))
  /// 2024-05-29 16:26:40 UTC, a Wednesday.
  private let wednesday = 1_717_000_000 as Int64

  @Test(
    arguments: [
      ("S", 1, 1_717_000_001), ("s", 5, 1_717_000_005), ("M", 1, 1_717_000_060), ("h", 2, 1_717_007_200),
      ("D", 1, 1_717_086_400), ("midnight", 1, 1_717_027_200), ("Midnight", 3, 1_717_200_000), ("W2", 1, 1_717_027_200),
      ("W3", 1, 1_717_113_600), ("w6", 1, 1_717_372_800), ("W0", 2, 1_718_064_000),
    ] as [(String, Int, Int64)])
  func utcRollovers(when: String, interval: Int, expected: Int64) throws {
    #expect(try schedule(when, interval, utc: true).computeRollover(wednesday) == expected)
  }

  @Test(
    arguments: [
      ("X", .unknownWhen), ("", .unknownWhen), ("W", .weekdayMissing), ("W10", .weekdayMissing),
      ("W7", .invalidWeekday),
      ("Wx", .invalidWeekday), ("mid", .unknownWhen),
    ] as [(String, RolloverScheduleError)])
  func whensThatAreRefused(when: String, error: RolloverScheduleError) {
    #expect(throws: error) { try RolloverSchedule.When(when) }
  }

  @Test func intervalsThatAreRefused() {
    for interval in [0, -1, .min, .max] {
      #expect(throws: RolloverScheduleError.invalidInterval) { try schedule("W0", interval) }
    }
  }

  @Test func timesOfDay() {
    #expect(RolloverSchedule.TimeOfDay(hour: 23, minute: 59, second: 59)?.seconds == 86399)
    #expect(RolloverSchedule.TimeOfDay(hour: 24) == nil)
    #expect(RolloverSchedule.TimeOfDay(hour: 0, minute: -1) == nil)
  }

  /// Local midnight before and after the changes of 2024 in New York: 10 March and 3 November.
  @Test func midnightsOverDaylightSavingTime() throws {
    let midnight = try schedule("midnight", zone: newYork)
    #expect(midnight.computeRollover(1_710_050_400) == 1_710_129_600)
    #expect(midnight.suffix(rolloverAt: 1_710_129_600, now: 1_710_129_600) == Array("2024-03-10".utf8))
    #expect(midnight.computeRollover(1_730_610_000) == 1_730_696_400)
    #expect(midnight.suffix(rolloverAt: 1_730_696_400, now: 1_730_696_400) == Array("2024-11-03".utf8))
  }

  @Test func instantsWithoutACalendar() throws {
    for when in ["S", "midnight", "W3"] {
      for interval in [1, 1 << 40] {
        let schedule = try schedule(when, interval, zone: newYork)
        for time in [Int64.min, -1 << 62, 1 << 62, .max] {
          _ = schedule.computeRollover(time)
          #expect(schedule.suffix(rolloverAt: time, now: time) == nil)
        }
        #expect(schedule.computeRollover(.max) == RolloverSchedule.never)
      }
    }
  }

  @Test func deletion() throws {
    let names = try schedule("midnight").names
    let files = [
      "app.log", "app.log.2024-05-03", "app.log.2024-05-01", "app.log.2024-05-02.gz", "app.log.2024-05-0", "app.log.x",
      "app.log.2024-05-011", "other.log.2024-05-01", "app.log.2024-05-02", "app.log.2024_05_01",
      "app.log.2024-05-01.bak",
      "app.log.12024-05-01", "app.log2024-05-01",
    ].map { Array($0.utf8) }
    func deleted(_ count: Int, _ extensions: [String] = []) -> [String] {
      names.filesToDelete(
        among: files, baseName: Array("app.log".utf8), backupCount: count, extensions: extensions.map { Array($0.utf8) }
      ).map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(deleted(0) == [])
    #expect(deleted(1) == ["app.log.2024-05-01", "app.log.2024-05-02"])
    #expect(deleted(2) == ["app.log.2024-05-01"])
    #expect(deleted(3) == [])
    // A file and its compressed copy are one backup.
    #expect(deleted(2, [".gz"]) == ["app.log.2024-05-01"])
    #expect(deleted(1, [".gz"]) == ["app.log.2024-05-01", "app.log.2024-05-02", "app.log.2024-05-02.gz"])
  }

  @Test func takenNamesAreNumbered() throws {
    let names = try schedule("H").names
    let name = Array("app.log.2024-10-27_02".utf8)
    var existing: Set<[UInt8]> = []
    var made: [[UInt8]] = []
    for _ in 0..<1002 {
      let free = try #require(names.freeName(for: name) { existing.contains($0) })
      #expect(existing.insert(free).inserted)
      made.append(free)
    }
    #expect(
      made.prefix(3).map { String(decoding: $0, as: UTF8.self) } == [
        "app.log.2024-10-27_02", "app.log.2024-10-27_02.001", "app.log.2024-10-27_02.002",
      ])
    #expect(made.last == Array("app.log.2024-10-27_02.1001".utf8))
    let later = Array("app.log.2024-10-27_03".utf8)
    let deleted = names.filesToDelete(among: existing + [later], baseName: Array("app.log".utf8), backupCount: 1)
    #expect(deleted == made)
    #expect(names.freeName(for: name) { _ in true } == nil)
  }

  @Test(.enabled(if: PythonOracle.isAvailable), arguments: TestZones.names)
  func agreesWithPython(zone: String) throws {
    var random = SeededGenerator("TimedRotatingFileHandler \(zone)")
    let rules = TestZones.database.local(tz: zone)
    let whens = ["S", "M", "H", "D", "MIDNIGHT", "MIDNIGHT", "W0", "W3", "W6"]
    let questions = random.instants(1500, in: rules).filter { abs($0) < 1 << 36 }.map { instant -> [Any] in
      let time = ["", "", "13:45:30", "02:30:00", "00:00:00", "23:59:59"].randomElement(using: &random) ?? ""
      return [
        Int(instant), whens.randomElement(using: &random) ?? "S", [1, 1, 2, 3, 7].randomElement(using: &random) ?? 1,
        Int.random(in: 0..<4, using: &random) == 0, time,
        [0, 0, 1, 3000, 90000, 4_000_000].randomElement(using: &random) ?? 0,
      ]
    }
    let script = """
      import datetime, logging.handlers, tempfile
      directory = tempfile.mkdtemp()
      class Handler(logging.handlers.TimedRotatingFileHandler):
          def rotate(self, source, target):
              self.target = os.path.basename(target)
      for t, when, interval, utc, at, late in data:
          at = datetime.time.fromisoformat(at) if at else None
          h = Handler(os.path.join(directory, 'app.log'), when, interval, delay=True, utc=utc, atTime=at)
          h.rolloverAt = first = h.computeRollover(t)
          real, time.time = time.time, lambda: first + late
          h.doRollover()
          time.time = real
          print(json.dumps([first, h.target, h.rolloverAt]))
          h.close()
      os.rmdir(directory)
      """
    let answers = try PythonOracle.ask(script, questions, tz: zone)
    #expect(answers.count == questions.count)
    for (question, answer) in zip(questions, answers) {
      guard let time = question[0] as? Int, let when = question[1] as? String, let interval = question[2] as? Int,
        let utc = question[3] as? Bool, let at = question[4] as? String, let late = question[5] as? Int,
        let expected = answer as? [Any]
      else { continue }
      let parts = at.split(separator: ":").compactMap { Int($0) }
      let atTime =
        parts.count == 3 ? RolloverSchedule.TimeOfDay(hour: parts[0], minute: parts[1], second: parts[2]) : nil
      let schedule = try schedule(when, interval, utc: utc, at: atTime, zone: rules)
      let first = schedule.computeRollover(Int64(time))
      let now = first + Int64(late)
      let suffix = try #require(schedule.suffix(rolloverAt: first, now: now))
      #expect(first == expected[0] as? Int64, "\(zone) \(question)")
      #expect("app.log." + String(decoding: suffix, as: UTF8.self) == expected[1] as? String, "\(zone) \(question)")
      #expect(schedule.computeRollover(now) == expected[2] as? Int64, "\(zone) \(question)")
    }
  }
}
