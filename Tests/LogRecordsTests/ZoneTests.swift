import Foundation
import TestSupport
import Testing

@testable import LogRecords

@Suite struct ZoneTests {
  private func describe(_ type: LocalTimeType) -> String {
    "\(type.utcOffset) \(String(decoding: type.abbreviation, as: UTF8.self))\(type.isDST ? " dst" : "")"
  }

  // MARK: POSIX strings

  @Test(
    arguments: [
      ("EST5EDT,M3.2.0,M11.1.0", 1_720_000_000, "-14400 EDT dst"),
      ("EST5EDT,M3.2.0,M11.1.0", 1_704_067_200, "-18000 EST"),
      ("AEST-10AEDT,M10.1.0,M4.1.0/3", 1_704_067_200, "39600 AEDT dst"), ("<+0545>-5:45", 0, "20700 +0545"),
      ("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", 1_720_000_000, "-7200 -02 dst"),
      ("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", 1_730_000_000, "-10800 -03"),
      ("EST5EDT4,M3.2.0/-1,M11.1.0/25:30", 1_730_000_000, "-14400 EDT dst"),
      ("XXX3YYY,J60,300", 1_709_175_600 + 18000, "-10800 XXX"), ("XXX3YYY,J60,300", 1_709_272_800, "-7200 YYY dst"),
      ("WAR3DST,0/0,J365/23", 1_735_689_599, "-7200 DST dst"), ("XXX-25", 0, "86400 XXX"),
      ("XXX3:99:99", 0, "-14399 XXX"),
      ("Nope", 1_720_000_000, "0 Nope"), ("Foo/Bar", 0, "0 Foo"), ("AB", 0, "0 "), ("<A>3", 0, "0 "), ("", 0, "0 "),
      ("EST5EDT,M3.2.0", 1_720_000_000, "-14400 EDT dst"), ("EST5EDT,xyz", 1_730_000_000, "-14400 EDT dst"),
      ("AEST-10AEDT,M10.1.0,M4.1.0/3", -1_000_000_000, "39600 AEDT dst"),
      ("EST5EDT,M3.2.0,M11.1.0", -1_000_000_000, "-18000 EST"), ("XXX3,M3.2.0,M11.1.0", 1_720_000_000, "0  dst"),
    ] as [(String, Int64, String)])
  func posixStringsAsGlibcReadsThem(text: String, seconds: Int64, expected: String) {
    #expect(describe(TimeZoneRules(posix: Array(text.utf8)).localTimeType(at: seconds)) == expected)
  }

  @Test func footersMustBeComplete() {
    for text in ["EST5EDT,M3.2.0,M11.1.0", "UTC0", "<+0330>-3:30", "IST-1GMT0,M10.5.0,M3.5.0/1"] {
      #expect(PosixTimeZone(strict: Array(text.utf8)) != nil, "\(text)")
    }
    for text in [
      "", "E5", "EST", "EST5EDT,M3.2.0,M11.1.0x", "EST5EDT,M13.2.0,M11.1.0", "EST5EDT,J0,J5", "EST5,M3.2.0,M11.1.0",
    ] {
      #expect(PosixTimeZone(strict: Array(text.utf8)) == nil, "\(text)")
    }
  }

  // MARK: TZif files

  /// A version 2 file with one type per name.
  private func tzif(
    transitions: [(Int64, UInt8)], types: [(Int32, UInt8, UInt8)], names: String, footer: String,
    leapSeconds: UInt32 = 0
  ) -> [UInt8] {
    func big(_ value: some FixedWidthInteger) -> [UInt8] {
      (0..<value.bitWidth / 8).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
    let empty = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
    let counts: [UInt32] = [
      0, 0, leapSeconds, UInt32(transitions.count), UInt32(types.count), UInt32(names.utf8.count),
    ]
    return empty + [UInt8](repeating: 0, count: 24) + empty + counts.flatMap(big)
      + transitions.flatMap { big($0.0) } + transitions.map(\.1) + types.flatMap { big($0.0) + [$0.1, $0.2] }
      + Array(names.utf8) + [UInt8](repeating: 0, count: Int(leapSeconds) * 12) + Array("\n\(footer)\n".utf8)
  }

  @Test func transitionsThenTheFooter() throws {
    let bytes = tzif(
      transitions: [(100, 1), (200, 0)], types: [(3600, 0, 0), (7200, 1, 4)], names: "ONE\0TWO\0", footer: "THR-3")
    let rules = try TimeZoneRules(tzif: bytes)
    #expect(describe(rules.localTimeType(at: 99)) == "3600 ONE")
    #expect(describe(rules.localTimeType(at: 100)) == "7200 TWO dst")
    #expect(describe(rules.localTimeType(at: 199)) == "7200 TWO dst")
    #expect(describe(rules.localTimeType(at: 200)) == "10800 THR")
    #expect(rules.interval(containing: 150) == ZoneInterval(start: 100, end: 200, type: rules.types[1]))
    #expect(describe(rules.localTimeType(at: .min)) == "3600 ONE")
    #expect(describe(rules.localTimeType(at: .max)) == "10800 THR")
  }

  @Test func everyCutOfAFileIsRefusedOrRead() throws {
    let bytes = tzif(transitions: [(100, 0)], types: [(3600, 0, 0)], names: "ONE\0", footer: "ONE-1")
    for length in 0..<bytes.count - 7 {
      #expect(throws: TimeZoneFileError.self) { try TimeZoneRules(tzif: Array(bytes[..<length])) }
    }
    #expect(throws: TimeZoneFileError.malformed) { try TimeZoneRules(tzif: Array(bytes.dropLast())) }
  }

  @Test func hostileFiles() throws {
    let types: [(Int32, UInt8, UInt8)] = [(0, 0, 0)]
    let cases: [(TimeZoneFileError, [UInt8])] = [
      (.malformed, tzif(transitions: [(5, 1)], types: types, names: "UTC\0", footer: "")),
      (.malformed, tzif(transitions: [(5, 0), (5, 0)], types: types, names: "UTC\0", footer: "")),
      (.malformed, tzif(transitions: [], types: [(0, 0, 9)], names: "UTC\0", footer: "")),
      (.malformed, tzif(transitions: [], types: types, names: "UTC", footer: "")),
      (.malformed, tzif(transitions: [], types: [(.min, 0, 0)], names: "UTC\0", footer: "")),
      (.malformed, tzif(transitions: [], types: [(0, 2, 0)], names: "UTC\0", footer: "")),
      (.malformed, tzif(transitions: [], types: [], names: "UTC\0", footer: "")),
      (.leapSeconds, tzif(transitions: [], types: types, names: "UTC\0", footer: "", leapSeconds: 1)),
      (.notTZif, Array("#!/bin/sh".utf8)), (.truncated, []),
      (.truncated, Array("TZif2".utf8) + [UInt8](repeating: 0xff, count: 60)),
      (.tooBig, [UInt8](repeating: 0, count: TimeZoneFileLimits.bytes + 1)),
    ]
    for (error, bytes) in cases { #expect(throws: error) { try TimeZoneRules(tzif: bytes) } }
  }

  @Test func damagedFilesNeverTrap() throws {
    var random = SeededGenerator("damaged TZif files")
    let whole = tzif(
      transitions: [(100, 1), (200, 0), (.max, 1)], types: [(3600, 0, 0), (7200, 1, 4)], names: "ONE\0TWO\0",
      footer: "ONE-1TWO,M3.5.0,M10.5.0/3")
    var read = 0
    for _ in 0..<20000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 44..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      guard let rules = try? TimeZoneRules(tzif: bytes) else { continue }
      read += 1
      for seconds in [Int64.min, -1 << 40, 0, 150, 1 << 33, .max] {
        _ = rules.interval(containing: seconds)
        _ = try? rules.calendarTime(at: seconds)
      }
      let fields = LocalFields(year: 2024, month: 3, day: 31, hour: 2)
      _ = rules.instant(of: fields, isDST: true)
      _ = rules.localTimeType(of: fields, fold: true)
    }
    #expect(read > 0)
  }

  // MARK: The TZ variable and names

  private func database(_ files: [String: String]) -> ZoneDatabase {
    let made = files.mapValues { tzif(transitions: [], types: [(60, 0, 0)], names: "\($0)\0", footer: "") }
    return ZoneDatabase { made[$0] }
  }

  @Test(
    arguments: [
      (nil, "LOC"), ("", "UNI"), (":", "UTC"), ("Asia/Seoul", "SEO"), (":Asia/Seoul", "SEO"), ("/srv/zone", "SRV"),
      (":/srv/zone", "SRV"), ("Nope", "Nope"), ("EST5", "EST"), ("/nope", ""),
    ] as [(String?, String)])
  func theVariable(value: String?, name: String) {
    let database = database([
      "/etc/localtime": "LOC", "/usr/share/zoneinfo/Universal": "UNI", "/usr/share/zoneinfo/Asia/Seoul": "SEO",
      "/srv/zone": "SRV",
    ])
    #expect(String(decoding: database.local(tz: value).localTimeType(at: 0).abbreviation, as: UTF8.self) == name)
  }

  @Test func withoutAnyFiles() {
    let database = ZoneDatabase { _ in nil }
    #expect(describe(database.local(tz: nil).localTimeType(at: 0)) == "0 UTC")
    #expect(describe(database.local(tz: "").localTimeType(at: 0)) == "0 Universal")
    #expect(describe(database.local(tz: "Asia/Seoul").localTimeType(at: 0)) == "0 Asia")
    #expect(throws: ZoneDatabaseError.notFound) { try database.zone(named: "Asia/Seoul") }
  }

  @Test func theDirectory() throws {
    let made = tzif(transitions: [], types: [(60, 0, 0)], names: "ONE\0", footer: "")
    let database = ZoneDatabase(directory: "/zones") { $0 == "/zones/Own" ? made : nil }
    #expect(try database.zone(named: "Own").localTimeType(at: 0).utcOffset == 60)
    #expect(describe(database.local(tz: "Own").localTimeType(at: 0)) == "60 ONE")
    #expect(ZoneDatabase(directory: "") { _ in nil }.directory == "/usr/share/zoneinfo")
  }

  @Test(arguments: [
    "", "/etc/localtime", "../localtime", "Asia/../../x", "Asia//Seoul", "Asia/", ".hidden", "-x", "Asia/Seoul\0",
    "a b",
    "é", String(repeating: "a", count: 256),
  ])
  func namesThatAreNoNames(name: String) {
    let database = ZoneDatabase { _ in
      Issue.record("read")
      return nil
    }
    #expect(throws: ZoneDatabaseError.invalidName) { try database.zone(named: name) }
  }

  // MARK: Against Python

  @Test(
    .enabled(if: PythonOracle.isAvailable),
    arguments: TestZones.names + [
      "EST5EDT,M3.2.0,M11.1.0", "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "IST-1GMT0,M10.5.0,M3.5.0/1",
      "XXX-12YYY,J60/0,300/40",
    ])
  func localtimeAgreesWithPython(zone: String) throws {
    var random = SeededGenerator("localtime \(zone)")
    let rules = TestZones.database.local(tz: zone)
    let instants = random.instants(3000, in: rules)
    let script = """
      for x in data:
          try:
              t = time.localtime(x)
              time.strftime('', t)
              print(json.dumps([*t[:6], t[7], t[8], t.tm_gmtoff, t.tm_zone]))
          except (OSError, OverflowError):
              print('null')
      """
    let answers = try PythonOracle.ask(script, instants, tz: zone)
    #expect(answers.count == instants.count)
    var cursor = ZoneCursor(rules)
    for (instant, answer) in zip(instants, answers) {
      let time = try? cursor.calendarTime(at: instant)
      let fields = time.map {
        [$0.year, $0.month, $0.day, $0.hour, $0.minute, $0.second, $0.yearDay, $0.isDST ? 1 : 0, $0.utcOffset]
      }
      let expected = answer as? [Any]
      #expect(fields == expected?.dropLast().compactMap { $0 as? Int }, "\(zone) \(instant)")
      #expect(
        time.map { String(decoding: $0.abbreviation, as: UTF8.self) } == expected?.last as? String, "\(zone) \(instant)"
      )
      #expect(rules.localTimeType(at: instant) == cursor.localTimeType(at: instant))
    }
  }

  @Test(.enabled(if: PythonOracle.isAvailable), arguments: TestZones.names)
  func mktimeAgreesWithPython(zone: String) throws {
    var random = SeededGenerator("mktime \(zone)")
    let rules = TestZones.database.local(tz: zone)
    let questions = random.instants(1500, in: rules).compactMap { instant -> [Int]? in
      guard let time = try? rules.calendarTime(at: instant), abs(time.year) < 1_000_000 else { return nil }
      let shift = [-3600, -1800, 0, 0, 1800, 3600].randomElement(using: &random) ?? 0
      let isDST = [-1, -1, -1, 0, 1].randomElement(using: &random) ?? -1
      return [time.year, time.month, time.day, time.hour, time.minute, time.second + shift, isDST]
    }
    let script = """
      for q in data:
          try:
              print(int(time.mktime((*q[:6], 0, 0, q[6]))))
          except OverflowError:
              print('null')
      """
    let answers = try PythonOracle.ask(script, questions, tz: zone)
    #expect(answers.count == questions.count)
    var guess: Int64 = 0
    for (q, answer) in zip(questions, answers) {
      let fields = LocalFields(year: q[0], month: q[1], day: q[2], hour: q[3], minute: q[4], second: q[5])
      let instant = rules.instant(of: fields, isDST: q[6] < 0 ? nil : q[6] == 1, offsetGuess: &guess)
      #expect(instant == answer as? Int64, "\(zone) \(q)")
    }
  }

  @Test(.enabled(if: PythonOracle.isAvailable), arguments: TestZones.names)
  func zoneinfoAgreesWithPython(zone: String) throws {
    var random = SeededGenerator("zoneinfo \(zone)")
    let rules = try TestZones.database.zone(named: zone)
    let questions = random.instants(2000, in: rules).compactMap { instant -> [Int]? in
      guard let time = try? rules.calendarTime(at: instant), (1...9999).contains(time.year) else { return nil }
      return [
        time.year, time.month, time.day, time.hour, time.minute, time.second, Bool.random(using: &random) ? 1 : 0,
      ]
    }
    let script = """
      import datetime, zoneinfo
      zone = zoneinfo.ZoneInfo('\(zone)')
      for q in data:
          t = datetime.datetime(*q[:6], fold=q[6], tzinfo=zone)
          print(json.dumps([int(t.utcoffset().total_seconds()), t.tzname()]))
      """
    let answers = try PythonOracle.ask(script, questions)
    #expect(answers.count == questions.count)
    for (q, answer) in zip(questions, answers) {
      let fields = LocalFields(year: q[0], month: q[1], day: q[2], hour: q[3], minute: q[4], second: q[5])
      let type = rules.localTimeType(of: fields, fold: q[6] == 1)
      let expected = answer as? [Any]
      #expect(type?.utcOffset == expected?.first as? Int, "\(zone) \(q)")
      #expect(
        type.map { String(decoding: $0.abbreviation, as: UTF8.self) } == expected?.last as? String, "\(zone) \(q)")
    }
  }
}
