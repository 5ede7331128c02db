import TestSupport
import Testing

@testable import LogRecords

@Suite struct AscTimeTests {
  private func text(_ ascTime: inout AscTime, _ created: Double, _ msecs: Double) throws -> String {
    var output: [UInt8] = []
    try ascTime.append(created: created, msecs: msecs, into: &output)
    return String(decoding: output, as: UTF8.self)
  }

  @Test func theDefault() throws {
    var ascTime = try AscTime(converter: .zone(TimeZoneRules(posix: Array("KST-9".utf8))))
    #expect(try text(&ascTime, 1_717_000_000.25, 250) == "2024-05-30 01:26:40,250")
    #expect(try text(&ascTime, 1_717_000_000.9, 999.99) == "2024-05-30 01:26:40,999")
    #expect(try text(&ascTime, 1_717_000_001, 1000) == "2024-05-30 01:26:41,1000")
    #expect(try text(&ascTime, 1_717_000_001, -5.5) == "2024-05-30 01:26:41,-05")
    #expect(try text(&ascTime, 1_717_000_001, 0) == "2024-05-30 01:26:41,000")
    #expect(try text(&ascTime, 253_402_300_800, 7) == "10000-01-01 09:00:00,007")
    #expect(try text(&ascTime, -62_135_596_800, 7) == "1-01-01 09:00:00,007")
  }

  @Test func datefmtHasNoMilliseconds() throws {
    var ascTime = try AscTime(datefmt: Array("%H:%M:%S %Z".utf8), converter: .gmtime)
    #expect(try text(&ascTime, 1_717_000_000, 250) == "16:26:40 GMT")
    ascTime = try AscTime(datefmt: [], converter: .gmtime)
    #expect(try text(&ascTime, 1_717_000_000, 250) == "2024-05-29 16:26:40,250")
    ascTime = try AscTime(defaultMsecFormat: nil, converter: .gmtime)
    #expect(try text(&ascTime, 1_717_000_000, 250) == "2024-05-29 16:26:40")
    ascTime = try AscTime(
      defaultTimeFormat: Array("%d.%m.".utf8), defaultMsecFormat: MillisecondsFormat(Array("%s %5.1f".utf8)),
      converter: .gmtime)
    #expect(try text(&ascTime, 1_717_000_000, 250.25) == "29.05. 250.2")
  }

  @Test func numbersFromTheNetwork() throws {
    var ascTime = try AscTime(converter: .gmtime)
    var output = Array("x".utf8)
    let created: [(Double, CalendarTimeError)] = [
      (.nan, .notANumber), (.infinity, .timestampOutOfRange), (-Double.infinity, .timestampOutOfRange),
      (1e300, .timestampOutOfRange), (-1e300, .timestampOutOfRange), (1e18, .yearOutOfRange), (-1e18, .yearOutOfRange),
      (-9_223_372_036_854_775_808, .yearOutOfRange),
    ]
    for (value, error) in created {
      #expect(throws: AscTimeError.created(error)) { try ascTime.append(created: value, msecs: 0, into: &output) }
    }
    for value in [Double.nan, .infinity, -Double.infinity] {
      #expect(throws: AscTimeError.milliseconds) { try ascTime.append(created: 0, msecs: value, into: &output) }
    }
    #expect(output == Array("x".utf8))
    #expect(try text(&ascTime, 0, 1e22) == "1970-01-01 00:00:00,10000000000000000000000")
  }

  @Test(
    arguments: [
      ("%s,%03d", nil), ("%s", .wrongArguments), ("%s%s%s", .wrongArguments), ("%d%s", .wrongArguments),
      ("%s %", .incomplete),
      ("%s %03", .incomplete), ("%(a)s %d", .wrongArguments), ("%s %*d", .wrongArguments), ("%s %x", .wrongArguments),
      ("%s %y", .unknownConversion), ("%r %d", .unsupported), ("%s %99999d", .unsupported), ("%s %s%%", nil),
      ("100", .wrongArguments),
    ] as [(String, MillisecondsFormatError?)])
  func formatsThatCannotWork(format: String, error: MillisecondsFormatError?) {
    do {
      _ = try MillisecondsFormat(Array(format.utf8))
      #expect(error == nil)
    } catch let thrown {
      #expect(thrown == error)
    }
  }

  @Test(.enabled(if: PythonOracle.isAvailable), arguments: ["Asia/Seoul", "Europe/Dublin"])
  func agreesWithFormatTime(zone: String) throws {
    var random = SeededGenerator("formatTime \(zone)")
    let rules = TestZones.database.local(tz: zone)
    let questions = (0..<6000).map { _ -> [String] in
      let flags = (0..<Int.random(in: 0...2, using: &random)).map { _ in "-+ 0#".randomElement(using: &random) ?? "0" }
      let width = ["", "3", "12"].randomElement(using: &random) ?? ""
      let precision = ["", "", ".0", ".3", ".20"].randomElement(using: &random) ?? ""
      let type = "sdiuaeEfFgG".randomElement(using: &random) ?? "d"
      let text = ["%s", "%30s", "%-30s|", "%.7s", "%%%s"].randomElement(using: &random) ?? "%s"
      let msecs: Double =
        switch Int.random(in: 0..<8, using: &random) {
        case 0: Double(bitPattern: random.next())
        case 1:
          [Double.nan, .infinity, -Double.infinity, 0, -0.0, 0.5, 1.5, 2.5, 1e16, 1e-5, 9.5, 0.05].randomElement(
            using: &random) ?? 0
        case 2: Double.random(in: -1e20...1e20, using: &random)
        case 3: Double(Int.random(in: 0...2_000_000, using: &random)) / 1024
        default: Double.random(in: -5...1005, using: &random)
        }
      let created = Double.random(in: -1e10...1e10, using: &random)
      return [text + "," + "%" + String(flags) + width + precision + String(type), "\(created)", "\(msecs.bitPattern)"]
    }
    let script = """
      import logging, struct
      for f, created, msecs in data:
          formatter = logging.Formatter()
          formatter.default_msec_format = f
          record = logging.makeLogRecord(dict(created=float(created), msecs=struct.unpack('<d', struct.pack('<Q', int(msecs)))[0]))
          try:
              print(json.dumps(formatter.formatTime(record)))
          except (OverflowError, ValueError):
              print('null')
      """
    let answers = try PythonOracle.ask(script, questions, tz: zone)
    #expect(answers.count == questions.count)
    for (question, answer) in zip(questions, answers) {
      let format = try MillisecondsFormat(Array(question[0].utf8))
      var ascTime = try AscTime(defaultMsecFormat: format, converter: .zone(rules))
      let msecs = Double(bitPattern: UInt64(question[2]) ?? 0)
      let result = try? text(&ascTime, Double(question[1]) ?? 0, msecs)
      #expect(result == answer as? String, "\(question) \(msecs)")
    }
  }
}
