import Pickle
import Synchronization
import TestSupport
import Testing

@testable import LogRecords

struct LogFormatterTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let format: String
    let fields: [(String, TestValue)]
    let line: String
    var style = FormatString.Style.percent
    var testDescription: String { "\(format.debugDescription) → \(line.debugDescription)" }

    init(_ format: String, _ fields: [(String, TestValue)], _ line: String, _ style: FormatString.Style = .percent) {
      self.format = format
      self.fields = fields
      self.line = line
      self.style = style
    }
  }

  private static let time: [(String, TestValue)] = [("created", .float(1_700_000_000.25)), ("msecs", .float(250))]

  /// Lines that Python's Formatter makes, too.
  static let cases = [
    Case("%(message)s", [("msg", .text("plain"))], "plain"),
    Case("%(message)s", [("msg", .text(""))], ""),
    Case("%(message)s|%(name)s", [("msg", .integer(7)), ("name", .text("app"))], "7|app"),
    Case("%(message)s", [("msg", .tuple([.integer(1), .text("a")]))], "(1, 'a')"),
    Case("%(message)s", [("msg", .none)], "None"),
    Case("[%(asctime)s] %(levelname)s", time + [("levelname", .text("INFO"))], "[2023-11-14 22:13:20,250] INFO"),
    Case("%(asctime)s", [("created", .float(1_700_000_000)), ("msecs", .float(7.99))], "2023-11-14 22:13:20,007"),
    Case("%(asctime)s", [("created", .float(1_700_000_000)), ("msecs", .float(530))], "2023-11-14 22:13:20,530"),
    Case("%(asctime)s", [("created", .float(1_700_000_000)), ("msecs", .float(999.999))], "2023-11-14 22:13:20,999"),
    Case("%(asctime)s", [("created", .integer(1_700_000_000)), ("msecs", .integer(5))], "2023-11-14 22:13:20,005"),
    Case("%(asctime)s", [("created", .float(-0.5)), ("msecs", .float(500))], "1969-12-31 23:59:59,500"),
    Case("{asctime:>25}|", time, "  2023-11-14 22:13:20,250|", .brace),
    Case("${asctime} $message", time + [("msg", .text("m"))], "2023-11-14 22:13:20,250 m", .dollar),
    Case("%(message)10s|%(lineno)05d", [("msg", .text("m")), ("lineno", .integer(42))], "         m|00042"),
    Case("{message!r:>6}|{lineno:x}", [("msg", .text("m")), ("lineno", .integer(255))], "   'm'|ff", .brace),
    Case("{message:{width}}|", [("msg", .text("m")), ("width", .integer(4))], "m   |", .brace),
    // The traceback and the stack each begin a line, but not a second one.
    Case("%(message)s", [("msg", .text("m")), ("exc_text", .text("T"))], "m\nT"),
    Case("%(message)s", [("msg", .text("m\n")), ("exc_text", .text("T"))], "m\nT"),
    Case("%(message)s", [("msg", .text("")), ("exc_text", .text("T"))], "\nT"),
    Case("%(message)s", [("msg", .text("m")), ("exc_text", .text("")), ("stack_info", .text(""))], "m"),
    Case("%(message)s", [("msg", .text("m")), ("exc_text", .none), ("stack_info", .text("S"))], "m\nS"),
    Case("%(message)s", [("msg", .text("m")), ("exc_text", .text("T")), ("stack_info", .text("S"))], "m\nT\nS"),
    Case("%(message)s", [("msg", .text("m")), ("exc_text", .text("T\n")), ("stack_info", .text("S\n"))], "m\nT\nS\n"),
    // Arguments that the sender did not merge.
    Case("%(message)s", [("msg", .text("%d of %s")), ("args", .tuple([.integer(1), .text("x")]))], "1 of x"),
    Case("%(message)s", [("msg", .text("100%")), ("args", .tuple([]))], "100%"),
    Case("%(message)s", [("msg", .text("100%")), ("args", .none)], "100%"),
    Case("%(message)s", [("msg", .text("%(a)s")), ("args", .dictionary(["a": .integer(5)]))], "5"),
    Case("%(message)s", [("msg", .text("%s")), ("args", .dictionary(["a": .integer(5)]))], "{'a': 5}"),
    Case("%(message)s", [("msg", .text("%r")), ("args", .text("one"))], "'one'"),
    Case("{message:>8}", [("msg", .text("%d%%")), ("args", .tuple([.integer(9)]))], "      9%", .brace),
    // What makeLogRecord gives a record that lacks it.
    Case("%(name)s %(levelno)s %(levelname)s %(funcName)s", [("msg", .text("m"))], "None None Level None None"),
    Case("%(threadName)s %(exc_info)s %(pathname)s|%(lineno)d", [("msg", .text("m"))], "MainThread None |0"),
    Case("%(user)s %(ratio).2f", [("user", .text("가")), ("ratio", .float(0.125))], "가 0.12"),
  ]

  @Test(arguments: cases) func makesTheLine(_ test: Case) throws {
    for general in [false, true] {
      let maker = try LineMaker(test.format, style: test.style)
      let line = try #require(try maker.line(recordPickle(test.fields), general: general))
      #expect(String(decoding: line, as: UTF8.self) == test.line + "\n")
      #expect(maker.unshown == 0)
    }
  }

  /// The expectations above are Python's.
  @Test(.enabled(if: PythonOracle.isAvailable)) func pythonMakesTheSameLines() throws {
    let questions = Self.cases.map { test -> [String: Any] in
      let style: String =
        switch test.style {
        case .percent: "%"
        case .brace: "{"
        case .dollar: "$"
        }
      return ["format": test.format, "style": style, "pickle": recordPickle(test.fields).map { Int($0) }]
    }
    let script = """
      import logging, pickle
      for question in data:
          formatter = logging.Formatter(question['format'], style=question['style'])
          formatter.converter = time.gmtime
          record = logging.makeLogRecord(pickle.loads(bytes(question['pickle'])))
          print(json.dumps(formatter.format(record)))
      """
    let answers = try PythonOracle.ask(script, questions)
    #expect(answers.count == Self.cases.count)
    for (test, answer) in zip(Self.cases, answers) { #expect(answer as? String == test.line, "\(test.format)") }
  }

  // MARK: What the sender left out

  /// Received at 1,700,000,001.625 by process 4242, which began 1.5 seconds before.
  static let received = [
    Case(
      "%(asctime)s %(created)f %(msecs)03d %(relativeCreated)d", [],
      "2023-11-14 22:13:21,625 1700000001.625000 625 1500"),
    Case("{process} {thread} {threadName} {processName}", [], "4242 4242 MainThread MainProcess", .brace),
    Case("$created $msecs $relativeCreated", [], "1700000001.625 625.0 1500.0", .dollar),
    Case("%(asctime)s", [("created", .integer(1))], "1970-01-01 00:00:01,625"),
    Case("%(asctime)s %(created)s", [("msecs", .float(7))], "2023-11-14 22:13:21,007 1700000001.625"),
    Case("%(asctime)s %(created)s", [("created", .none)], "2023-11-14 22:13:21,625 None"),
    Case("%(process)s %(thread)s", [("process", .none), ("thread", .integer(1))], "None 1"),
  ]

  /// The clock goes on by a second each time when it is asked.
  @Test(arguments: received) func whatTheSenderLeftOutIsTheReceivers(_ test: Case) throws {
    for general in [false, true] {
      let asked = Atomic<Int64>(0)
      let maker = try LineMaker(
        test.format, style: test.style,
        receiver: Receiver(process: 4242) {
          let times = asked.add(1, ordering: .relaxed).oldValue
          return 1_700_000_000_125_000_000 + times * 1_500_000_000
        })
      let line = try #require(try maker.line(recordPickle(test.fields), general: general))
      #expect(String(decoding: line, as: UTF8.self) == test.line + "\n")
      #expect(maker.unshown == 0)
      // The next one came later.
      if test.fields.isEmpty, test.style == .dollar {
        let next = try maker.line(recordPickle([]), general: general)
        #expect(next.map { String(decoding: $0, as: UTF8.self) } == "1700000003.125 125.0 3000.0\n")
      }
    }
  }

  /// The clock is not asked for records that say when they were made.
  @Test func whoSaysWhenItWasIsBelieved() throws {
    let asked = Atomic<Int64>(0)
    let maker = try LineMaker(
      "%(asctime)s", receiver: Receiver(process: 1) { asked.add(1, ordering: .relaxed).newValue })
    _ = try maker.line(recordPickle(Self.time))
    #expect(asked.load(ordering: .relaxed) == 1)
  }

  @Test(.enabled(if: PythonOracle.isAvailable)) func pythonGivesTheSame() throws {
    let questions = Self.received.map { test -> [String: Any] in
      let style = test.style == .percent ? "%" : test.style == .brace ? "{" : "$"
      return ["format": test.format, "style": style, "pickle": recordPickle(test.fields).map { Int($0) }]
    }
    let script = """
      import logging, os, pickle, sys, threading
      time.time, time.time_ns = lambda: 1700000001.625, lambda: 1700000001625000000
      logging._startTime = 1700000000125000000 if sys.version_info >= (3, 13) else 1700000000.125
      threading._active[4242] = threading.main_thread()
      os.getpid = threading.get_ident = lambda: 4242
      for question in data:
          formatter = logging.Formatter(question['format'], style=question['style'])
          formatter.converter = lambda seconds: time.gmtime(time.time() if seconds is None else seconds)
          record = logging.makeLogRecord(pickle.loads(bytes(question['pickle'])))
          print(json.dumps(formatter.format(record)))
      """
    let answers = try PythonOracle.ask(script, questions)
    #expect(answers.count == Self.received.count)
    for (test, answer) in zip(Self.received, answers) { #expect(answer as? String == test.line, "\(test.format)") }
  }

  // MARK: What has no text

  /// Python loses these; here the field's reference stands in the line, and it is counted.
  @Test(arguments: [
    ("%(absent)s %(message)s", "%(absent)s m"), ("%(message)s %(lineno)d", "m %(lineno)d"),
    ("%(asctime)s|", "%(asctime)s|"),
  ])
  func whatHasNoTextStaysAReference(format: String, expected: String) throws {
    let maker = try LineMaker(format)
    let fields: [(String, TestValue)] = [
      ("msg", .text("m")), ("lineno", .text("seven")), ("created", .text("now")), ("msecs", .float(.nan)),
    ]
    let line = try #require(try maker.line(recordPickle(fields)))
    #expect(String(decoding: line, as: UTF8.self) == expected + "\n")
    #expect(maker.unshown == 1)
  }

  /// With a datefmt Python does not look at `msecs`.
  @Test func aTimeWithoutMillisecondsDoesNotNeedThem() throws {
    for (datefmt, expected) in [("%H:%M", "22:13"), (nil, "%(asctime)s")] {
      let maker = try LineMaker("%(asctime)s", datefmt: datefmt)
      let line = try maker.line(recordPickle([("created", .float(1_700_000_000.25)), ("msecs", .text("x"))]))
      #expect(line.map { String(decoding: $0, as: UTF8.self) } == expected + "\n")
    }
  }

  @Test func argumentsThatDoNotFitLeaveTheMessageAsItCame() throws {
    let maker = try LineMaker("%(message)s")
    for arguments in [TestValue.tuple([]), .tuple([.integer(1), .integer(2)]), .tuple([.text("x")])] {
      let line = try maker.line(recordPickle([("msg", .text("%d!")), ("args", arguments)]))
      #expect(line.map { String(decoding: $0, as: UTF8.self) } == "%d!\n")
    }
    // No arguments at all are no failure.
    #expect(maker.unshown == 2)
  }

  @Test func aMonstersMemoryIsGivenBack() throws {
    let maker = try LineMaker("%(message)s %(extra)r")
    let long = TestValue.tuple([.text(String(repeating: "x", count: 1 << 20))])
    let line = try #require(try maker.line(recordPickle([("msg", long), ("extra", long)]), size: 1 << 22))
    #expect(line.count > 2 << 20)
    #expect(maker.keptBytes == 0)
    _ = try maker.line(recordPickle([("msg", .tuple([.none])), ("extra", .tuple([.none]))]))
    #expect((1...2 * RenderLimits.keptText).contains(maker.keptBytes))
  }

  /// The largest integer that Python shows, in each field of a long format.
  @Test func theLargestIntegerManyTimes() throws {
    let digits = "9" + String(repeating: "7", count: RenderLimits.integerDigits - 1)
    let long = [UInt8](("L" + digits + "L\n").utf8)
    let pickle = Array("}(".utf8) + [0x58, 3, 0, 0, 0] + Array("msg".utf8) + long + Array("u.".utf8)
    let line = try LineMaker("%(msg)s %(msg)d %(msg)r %(msg)s %(msg)d %(msg)i %(msg)s %(msg)d").line(pickle)
    #expect(
      line.map { String(decoding: $0, as: UTF8.self) } == Array(repeating: digits, count: 8).joined(separator: " ")
        + "\n")
  }

  /// Each reference walks through the dictionary.
  @Test(arguments: [(20, true), (200, false)]) func manyReferencesToALargeDictionaryStayAsTheyCame(
    times: Int, isMerged: Bool
  ) throws {
    let names = (0..<2000).map { ("k\($0)", TestValue.none) } + [("a", .integer(5))]
    let message = String(repeating: "%(a)s", count: times)
    let pickle = recordPickle([
      ("msg", .text(message)), ("args", .dictionary(Dictionary(uniqueKeysWithValues: names))),
    ])
    let line = try #require(try LineMaker("%(message)s").line(pickle))
    #expect(String(decoding: line, as: UTF8.self) == (isMerged ? String(repeating: "5", count: times) : message) + "\n")
  }

  @Test func defaultsStandBelowTheRecord() throws {
    let defaults = [
      (Array("user".utf8), OwnValue(text: Array("nobody".utf8))), (Array("name".utf8), OwnValue(.integer(1))),
    ]
    let maker = try LineMaker("%(user)s %(name)s", defaults: defaults)
    let without = try maker.line(recordPickle([("name", .text("app"))]))
    #expect(without.map { String(decoding: $0, as: UTF8.self) } == "nobody app\n")
    let with = try maker.line(recordPickle([("name", .text("app")), ("user", .text("kim"))]))
    #expect(with.map { String(decoding: $0, as: UTF8.self) } == "kim app\n")
  }

  @Test func theDaemonsOwnFieldsCannotBeForged() throws {
    let maker = try LineMaker("%(peer)s %(listener)s %(peer_uid)s %(peer_pid)d %(message)s")
    maker.origin.credentials = (uid: 1000, gid: 100, pid: 4242)
    let forged: [(String, TestValue)] = [
      ("peer", .text("10.0.0.1")), ("listener", .text("other")), ("peer_uid", .integer(0)), ("peer_pid", .integer(1)),
      ("msg", .text("m")),
    ]
    let line = try maker.line(recordPickle(forged))
    #expect(line.map { String(decoding: $0, as: UTF8.self) } == "127.0.0.1:4000 tcp 1000 4242 m\n")
  }

  @Test(arguments: [
    (LineLayout(), "a\nb\u{1b}[31m\tc\u{7f}\u{85}d\n  T\n"),
    (LineLayout(newlines: .indent), "a\n    b\u{1b}[31m\tc\u{7f}\u{85}d\n      T\n"),
    (LineLayout(newlines: .escape), "a\\nb\u{1b}[31m\tc\u{7f}\u{85}d\\n  T\n"),
    (LineLayout(escapesControlCharacters: true), "a\nb\\x1b[31m\tc\\x7f\\x85d\n  T\n"),
    (LineLayout(escapesControlCharacters: true, newlines: .escape), "a\\nb\\x1b[31m\tc\\x7f\\x85d\\n  T\n"),
  ])
  func theLayoutIsTheWholeRecords(layout: LineLayout, expected: String) throws {
    let maker = try LineMaker("%(message)s", layout: layout)
    let fields: [(String, TestValue)] = [("msg", .text("a\nb\u{1b}[31m\tc\u{7f}\u{85}d")), ("exc_text", .text("  T"))]
    let line = try maker.line(recordPickle(fields))
    #expect(line.map { String(decoding: $0, as: UTF8.self) } == expected)
  }

  @Test(arguments: [
    (EncodingErrors.backslashreplace, "a\\udce9b\\ud800c"), (.strict, "a\\udce9b\\ud800c"), (.ignore, "abc"),
    (.replace, "a?b?c"), (.xmlcharrefreplace, "a&#56553;b&#55296;c"), (.namereplace, "a\\udce9b\\ud800c"),
  ])
  func loneSurrogatesBecomeWhatErrorsSays(errors: EncodingErrors, expected: String) throws {
    let message: [UInt8] = [0x61, 0xed, 0xb3, 0xa9, 0x62, 0xed, 0xa0, 0x80, 0x63]
    let maker = try LineMaker("%(message)s", errors: errors)
    let line = try maker.line(recordPickle([("msg", .raw(message))]))
    #expect(line == Array("\(expected)\n".utf8))
  }

  @Test func surrogatesCanStayBytes() throws {
    let message: [UInt8] = [0x61, 0xed, 0xb3, 0xa9, 0x62, 0xed, 0xa0, 0x80]
    let escape = try LineMaker("%(message)s", errors: .surrogateescape)
    #expect(
      try escape.line(recordPickle([("msg", .raw(message))])) == Array("a".utf8) + [0xe9] + Array("b\\ud800\n".utf8))
    let pass = try LineMaker("%(message)s", errors: .surrogatepass)
    #expect(try pass.line(recordPickle([("msg", .raw(message))])) == message + [0x0a])
  }

  /// Text that says it is UTF-8 and is not never reaches a file as it is.
  @Test(
    arguments: [
      ([0xff], "\\xff"), ([0x61, 0x80, 0x62], "a\\x80b"), ([0xc3], "\\xc3"), ([0xe2, 0x82], "\\xe2\\x82"),
      ([0xc0, 0x80], "\\xc0\\x80"), ([0xf5, 0x80, 0x80, 0x80], "\\xf5\\x80\\x80\\x80"),
      ([0xf0, 0x9f, 0x98, 0x80, 0xf0, 0x9f], "😀\\xf0\\x9f"),
    ] as [([UInt8], String)])
  func invalidUTF8IsShownByteByByte(message: [UInt8], expected: String) throws {
    let maker = try LineMaker("%(message)s.%(user)s")
    let line = try maker.line(recordPickle([("msg", .raw(message)), ("user", .raw(message))]))
    #expect(line == Array("\(expected).\(expected)\n".utf8))
  }
}
