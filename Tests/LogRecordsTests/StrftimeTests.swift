import TestSupport
import Testing

@testable import LogRecords

@Suite struct StrftimeTests {
  private func strftime(_ format: String, _ time: CalendarTime) throws -> String {
    var output = Array("<".utf8)
    try CompiledStrftime.append(format: Array(format.utf8), time, into: &output)
    return String(decoding: output.dropFirst(), as: UTF8.self)
  }

  /// Wednesday, 2024-05-29 16:26:40 UTC.
  private let wednesday = 1_717_000_000 as Int64

  @Test(arguments: [
    ("", ""), ("%", "%"), ("a%", "a%"), ("%%", "%"), ("%5%", "    %"), ("%^a", "WED"), ("%#Z", "gmt"), ("%#p", "pm"),
    ("%^P", "pm"), ("%010a", "0000000Wed"), ("%-5d", "   29"), ("%_5d", "   29"), ("%05d", "00029"),
    ("%10z", "         +0000000000"),
    ("%_z", "+   0"), ("%-z", "+0"), ("%5C", "00020"), ("%Ex", "05/29/24"), ("%Oc", "%Oc"), ("%10Q", "      %10Q"),
    ("%^q", "%^Q"), ("%#Eb %#Ea", "%#EB %#Ea"), ("%5", "   %5"), ("%5E", "  %5E"), ("%5 d", "  %5 d"),
    ("%^c", "WED MAY 29 16:26:40 2024"),
    ("%#c", "Wed May 29 16:26:40 2024"), ("%030c", "000000Wed May 29 16:26:40 2024"), ("%10n", "         \n"),
    ("%s", "1717000000"), ("%20s", "          1717000000"), ("é%Y한", "é2024한"), ("%5é", "  %5é"), ("%+", "%+"),
    ("%N", "%N"),
    ("%U %W %V %u %w %j", "21 22 22 3 3 150"), ("%I %l %k %e", "04  4 16 29"), ("%E5d", "%E5d"), ("%-05d", "00029"),
    ("%012F", "002024-05-29"), ("%^20r", "         04:26:40 PM"), ("%Y-%m-%d %H:%M:%S", "2024-05-29 16:26:40"),
  ])
  func codes(format: String, text: String) throws {
    #expect(try strftime(format, CalendarTime(gmtime: wednesday)) == text)
  }

  /// As `time.strftime` writes a tuple of midnight, the first of January, with a Monday in it whatever the year.
  @Test(arguments: [
    (0, "0|0000|   0|   0|0000|0|000|0|00|0|00|0-01-01|01/01/00|Mon Jan  1 00:00:00 0|0|0000000000|    0|    0"),
    (
      -5, "-5|-005|  -5|  -5|-005|-1|-01|-1|95|-5|95|-5-01-01|01/01/95|Mon Jan  1 00:00:00 -5|-5|-000000001|   -1|   -1"
    ),
    (
      999,
      "999|0999| 999| 999|0999|9|009|9|99|999|99|999-01-01|01/01/99|Mon Jan  1 00:00:00 999|999|0000000009|    9|    9"
    ),
    (
      -101,
      "-101|-101|-101|-101|-101|-2|-02|-2|99|-101|99|-101-01-01|01/01/99|Mon Jan  1 00:00:00 -101|-101|-000000002|   -2|   -2"
    ),
    (
      12345,
      "12345|12345|12345|12345|12345|123|123|123|45|12345|45|12345-01-01|01/01/45|Mon Jan  1 00:00:00 12345|12345|0000000123|  123|  123"
    ),
  ])
  func years(year: Int, text: String) throws {
    var time = try CalendarTime(gmtime: Int64(Civil.day(ofYear: year)) * 86400)
    #expect((time.year, time.month, time.day) == (year, 1, 1))
    time.weekday = 1
    let format = "%Y|%4Y|%_4Y|%-4Y|%04Y|%C|%3C|%_C|%y|%G|%g|%F|%D|%c|%EY|%10C|%_5C|%-5C"
    #expect(try strftime(format, time) == text)
  }

  /// Python gives up on results that do not fit its buffer.
  @Test func resultsThatAreTooLong() throws {
    let time = try CalendarTime(gmtime: wednesday)
    #expect(try strftime("%2047d", time).utf8.count == 2047)
    #expect(try strftime("%2048d", time) == "")
    #expect(try strftime("aaa%2043d", time).utf8.count == 2046)
    #expect(try strftime("%99999999999999999999999d", time) == "")
    #expect(try strftime(String(repeating: "%9999d", count: 1000), time).utf8.count == 0)
  }

  @Test func nullCharactersAreRefused() {
    #expect(throws: StrftimeError.embeddedNull) { try CompiledStrftime(Array("a\0b".utf8)) }
  }

  /// `%s` reads the fields in the local zone, whatever zone they are of.
  @Test func secondsOfGmtimeInALocalZone() throws {
    let seoul = TimeZoneRules(posix: Array("KST-9".utf8))
    var output: [UInt8] = []
    try CompiledStrftime(Array("%s %Z".utf8)).append(CalendarTime(gmtime: 0), localZone: seoul, into: &output)
    #expect(output == Array("-32400 GMT".utf8))
    output = []
    try CompiledStrftime(Array("%s".utf8)).append(seoul.calendarTime(at: 5), localZone: seoul, into: &output)
    #expect(output == Array("5".utf8))
  }

  @Test func extremes() throws {
    let last = try CalendarTime(gmtime: 67_767_976_233_532_799)
    #expect(try strftime("%Y %C %y %G %g %s", last) == "2147483647 21474836 47 -2147483648 52 67767976233532799")
    let first = try CalendarTime(gmtime: -67_768_040_609_740_800)
    #expect(try strftime("%Y %C %y %G", first) == "-2147481748 -21474818 52 -2147481748")
  }

  @Test(
    .enabled(if: PythonOracle.isAvailable), arguments: ["UTC", "Asia/Seoul", "America/New_York", "Africa/Monrovia"])
  func agreesWithPython(zone: String) throws {
    var random = SeededGenerator("strftime \(zone)")
    let rules = TestZones.database.local(tz: zone)
    let instants = random.instants(6000, in: rules).filter { (try? rules.calendarTime(at: $0)) != nil }
    let questions = instants.map { instant -> [Any] in
      ["\(instant)", format(&random), Int.random(in: 0..<4, using: &random) == 0 ? 1 : 0]
    }
    let script = """
      for x, f, utc in data:
          try:
              print(json.dumps(time.strftime(f, (time.gmtime if utc else time.localtime)(int(x)))))
          except (OSError, OverflowError):
              print('null')
      """
    let answers = try PythonOracle.ask(script, questions, tz: zone)
    #expect(answers.count == questions.count)
    for (question, answer) in zip(questions, answers) {
      guard let instant = (question[0] as? String).flatMap({ Int64($0) }), let format = question[1] as? String,
        let utc = question[2] as? Int
      else { continue }
      guard let time = try? utc == 1 ? CalendarTime(gmtime: instant) : rules.calendarTime(at: instant) else {
        #expect(!(answer is String), "\(instant)")
        continue
      }
      var output: [UInt8] = []
      try CompiledStrftime(Array(format.utf8)).append(time, localZone: rules, into: &output)
      #expect(String(decoding: output, as: UTF8.self) == answer as? String, "\(zone) \(instant) \(format) \(utc)")
    }
  }

  /// Everything a directive may have, in numbers that make sense and in others.
  private func format(_ random: inout SeededGenerator) -> String {
    var format = ""
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      format += ["", "", "-", "T", "한", ":"].randomElement(using: &random) ?? ""
      format += "%"
      for _ in 0..<max(0, Int.random(in: -2...2, using: &random)) {
        format += ["_", "-", "0", "^", "#"].randomElement(using: &random) ?? ""
      }
      format += ["", "", "", "3", "12", "0"].randomElement(using: &random) ?? ""
      format += ["", "", "", "E", "O"].randomElement(using: &random) ?? ""
      format.unicodeScalars.append(Unicode.Scalar(UInt8.random(in: 33...126, using: &random)))
    }
    // Epochs of the other zone's fields depend on what Python's process computed before.
    return format.replacing("s", with: "S")
  }
}
