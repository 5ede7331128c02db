import TestSupport
import Testing

@testable import LogRecords

@Suite struct CalendarTimeTests {
  @Test(
    arguments: [
      (0, [1970, 1, 1, 0, 0, 0, 4, 1]), (-1, [1969, 12, 31, 23, 59, 59, 3, 365]),
      (951_782_400, [2000, 2, 29, 0, 0, 0, 2, 60]), (1_717_000_000, [2024, 5, 29, 16, 26, 40, 3, 150]),
      (-62_135_596_801, [0, 12, 31, 23, 59, 59, 0, 366]), (-62_167_219_201, [-1, 12, 31, 23, 59, 59, 5, 365]),
      (253_402_300_800, [10000, 1, 1, 0, 0, 0, 6, 1]),
      (67_767_976_233_532_799, [2_147_483_647, 12, 31, 23, 59, 59, 2, 365]),
      (-67_768_040_609_740_800, [-2_147_481_748, 1, 1, 0, 0, 0, 4, 1]),
    ] as [(Int64, [Int])])
  func gmtime(seconds: Int64, fields: [Int]) throws {
    let time = try CalendarTime(gmtime: seconds)
    #expect(
      [time.year, time.month, time.day, time.hour, time.minute, time.second, time.weekday, time.yearDay] == fields)
    #expect(time.abbreviation == Array("GMT".utf8))
  }

  @Test(arguments: [67_767_976_233_532_800, -67_768_040_609_740_801, .max, .min] as [Int64])
  func yearsThatPythonCannotPrint(seconds: Int64) {
    #expect(throws: CalendarTimeError.yearOutOfRange) { try CalendarTime(gmtime: seconds) }
  }

  @Test func offsetsMoveTheLastPrintableSecond() throws {
    let seoul = LocalTimeType(utcOffset: 32400, abbreviation: Array("KST".utf8))
    #expect(try CalendarTime(67_767_976_233_532_799 - 32400, in: seoul).year == 2_147_483_647)
    #expect(throws: CalendarTimeError.yearOutOfRange) { try CalendarTime(67_767_976_233_532_800 - 32400, in: seoul) }
  }

  @Test func timestampsAreRoundedDown() throws {
    #expect(try CalendarTime.seconds(of: -1.5) == -2)
    #expect(try CalendarTime.seconds(of: -0.0) == 0)
    #expect(try CalendarTime.seconds(of: 1_717_000_000.999) == 1_717_000_000)
    #expect(try CalendarTime.seconds(of: -9_223_372_036_854_775_808) == .min)
    #expect(throws: CalendarTimeError.notANumber) { try CalendarTime.seconds(of: .nan) }
    for timestamp in [Double.infinity, -Double.infinity, 1e300, -1e300, 9_223_372_036_854_775_808] {
      #expect(throws: CalendarTimeError.timestampOutOfRange) { try CalendarTime.seconds(of: timestamp) }
    }
  }

  @Test(.enabled(if: PythonOracle.isAvailable)) func agreesWithPython() throws {
    var random = SeededGenerator("CalendarTime")
    let timestamps = (0..<20000).map { _ in
      switch Int.random(in: 0..<4, using: &random) {
      case 0: Double(bitPattern: random.next())
      case 1: Double.random(in: -1e17...1e17, using: &random)
      case 2: Double.random(in: -1e12...1e12, using: &random)
      default: Double.random(in: -1e10...1e10, using: &random)
      }
    }
    let script = """
      import struct
      for bits in data:
          try:
              t = time.gmtime(struct.unpack('<d', struct.pack('<Q', int(bits)))[0])
              print(json.dumps(list(t[:8]) if t[0] >= -2147481748 else 'OSError'))
          except Exception as e:
              print(json.dumps(type(e).__name__))
      """
    let answers = try PythonOracle.ask(script, timestamps.map { String($0.bitPattern) })
    #expect(answers.count == timestamps.count)
    for (timestamp, answer) in zip(timestamps, answers) {
      do {
        let time = try CalendarTime(gmtime: CalendarTime.seconds(of: timestamp))
        let fields = [
          time.year, time.month, time.day, time.hour, time.minute, time.second, time.weekdayFromMonday, time.yearDay,
        ]
        #expect(fields == answer as? [Int], "\(timestamp)")
      } catch {
        let names: [CalendarTimeError: String] = [
          .notANumber: "ValueError", .timestampOutOfRange: "OverflowError", .yearOutOfRange: "OSError",
        ]
        #expect(names[error] == answer as? String, "\(timestamp)")
      }
    }
  }
}
