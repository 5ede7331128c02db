import Pickle
import Testing

@testable import LogRecords

struct JournalFormatterTests {
  private static let common: [(String, TestValue)] = [
    ("name", .text("app.db")), ("levelno", .integer(30)), ("levelname", .text("WARNING")), ("msg", .text("hello")),
    ("args", .none), ("pathname", .text("/srv/app/db.py")), ("filename", .text("db.py")), ("module", .text("db")),
    ("lineno", .integer(42)), ("funcName", .text("query")), ("created", .float(1_700_000_000.25)),
    ("msecs", .float(250)), ("relativeCreated", .float(10)), ("thread", .integer(7)),
    ("threadName", .text("MainThread")), ("process", .integer(8)), ("processName", .text("worker")),
    ("exc_info", .none), ("exc_text", .none), ("stack_info", .none), ("taskName", .none),
  ]

  @Test(arguments: [false, true]) func fieldsHavePythonSystemdsNames(_ general: Bool) throws {
    let maker = try EntryMaker()
    let entry = try #require(try maker.entry(Self.common, level: 30, general: general))
    #expect(
      entry.texts == [
        "MESSAGE=hello", "PRIORITY=4", "SYSLOG_IDENTIFIER=onggi", "LOGGER=app.db", "THREAD_NAME=MainThread",
        "PROCESS_NAME=worker", "CODE_FILE=/srv/app/db.py", "CODE_LINE=42", "CODE_FUNC=query",
      ])
    #expect(maker.unshown == 0)
  }

  @Test func whatARecordLacksIsLeftOut() throws {
    let entry = try #require(try EntryMaker().entry([("msg", .text("m")), ("exc_text", .text(""))], level: 20))
    #expect(entry.texts == ["MESSAGE=m", "PRIORITY=6", "SYSLOG_IDENTIFIER=onggi"])
  }

  @Test(arguments: [
    (Int.min, 7), (0, 7), (10, 7), (11, 6), (20, 6), (21, 4), (30, 4), (31, 3), (40, 3), (41, 2), (50, 2), (51, 1),
    (Int.max, 1),
  ]) func levelsBetweenTheStandardOnesGoByThresholds(_ level: Int, _ priority: Int) throws {
    let entry = try #require(try EntryMaker().entry([("msg", .text("m"))], level: level))
    #expect(entry.texts.contains("PRIORITY=\(priority)"))
  }

  @Test(arguments: [false, true]) func extrasAreFieldsInCapitals(_ general: Bool) throws {
    let extras: [(String, TestValue)] = [
      ("user", .text("kim")), ("request_id", .integer(7)), ("Ratio", .float(0.5)), ("nothing", .none),
      ("items", .tuple([.integer(1), .text("a")])), ("lines", .text("a\nb\n")), ("asctime", .text("left behind")),
      ("message", .text("left behind")),
    ]
    let entry = try #require(try EntryMaker().entry(Self.common + extras, level: 20, general: general))
    #expect(
      entry.texts.dropFirst(9) == [
        "USER=kim", "REQUEST_ID=7", "RATIO=0.5", "NOTHING=None", "ITEMS=(1, 'a')", "LINES=a\nb\n",
      ])
  }

  @Test(arguments: [
    ("user", "USER"), ("user-id", "USER_ID"), ("user.id", "USER_ID"), ("_private", "PRIVATE"), ("__", "EXTRA"),
    ("", "EXTRA"), ("1st", "EXTRA_1ST"), ("사용자", "EXTRA"), ("사용자id", "ID"), ("größe", "GR__E"), ("a=b\nc", "A_B_C"),
    ("MESSAGE", "EXTRA_MESSAGE"), ("priority", "EXTRA_PRIORITY"), ("message_id", "EXTRA_MESSAGE_ID"),
    ("SYSLOG_IDENTIFIER", "EXTRA_SYSLOG_IDENTIFIER"), ("syslog_x", "EXTRA_SYSLOG_X"), ("code_file", "EXTRA_CODE_FILE"),
    ("OBJECT_PID", "EXTRA_OBJECT_PID"), ("_PID", "PID"), ("__REALTIME_TIMESTAMP", "REALTIME_TIMESTAMP"),
    ("_message", "EXTRA_MESSAGE"), ("logger", "EXTRA_LOGGER"), ("thread_name", "EXTRA_THREAD_NAME"),
    ("exception_text", "EXTRA_EXCEPTION_TEXT"), ("coredump_unit", "EXTRA_COREDUMP_UNIT"), ("codec", "CODEC"),
    (String(repeating: "n", count: 65), String(repeating: "N", count: 64)),
    ("code_" + String(repeating: "n", count: 65), "EXTRA_CODE_" + String(repeating: "N", count: 53)),
  ]) func namesOfExtrasAreTakenFromNobody(_ key: String, _ name: String) throws {
    let entry = try #require(try EntryMaker().entry([("msg", .text("m")), (key, .text("v"))], level: 20))
    #expect(entry.texts.last == "\(name)=v")
    #expect(entry.texts.count == 4)
    #expect(name.utf8.allSatisfy { 65...90 ~= $0 || 48...57 ~= $0 || $0 == 95 })
  }

  @Test func anExtraOverridesNothing() throws {
    let hostile: [(String, TestValue)] = [
      ("PRIORITY", .text("0")), ("MESSAGE", .text("forged\nPRIORITY=0")), ("_UID", .text("0")), ("LOGGER", .text("x")),
      ("user\n_UID", .text("0")), ("user=1\nPRIORITY", .text("0")),
    ]
    let entry = try #require(try EntryMaker().entry(Self.common + hostile, level: 20))
    for name in ["MESSAGE", "PRIORITY", "LOGGER"] { #expect(entry.fields.filter { $0.name == name }.count == 1) }
    #expect(entry.fields.allSatisfy { !$0.name.hasPrefix("_") })
    #expect(entry.texts.contains("EXTRA_MESSAGE=forged\nPRIORITY=0"))
  }

  @Test func onlySoManyExtrasBecomeFields() throws {
    let extras = (0..<JournalFormatter.mostExtras + 5).map { ("x\($0)", TestValue.integer(Int32($0))) }
    let maker = try EntryMaker()
    let entry = try #require(try maker.entry([("msg", .text("m"))] + extras, level: 20))
    #expect(entry.fields.count == 3 + JournalFormatter.mostExtras)
    #expect(maker.unshown == 1)
  }

  private static let shown: [(String, String)] = [
    ("plain", "plain"), ("두 줄\n\t둘째", "두 줄\n\t둘째"), ("\u{1b}[31mred\u{1b}[0m", "\\x1b[31mred\\x1b[0m"),
    ("a\r\nb", "a\\r\nb"), ("nul\0", "nul\\x00"), ("del\u{7f}", "del\\x7f"), ("c1\u{85}end", "c1\\x85end"),
    ("no-break\u{a0}", "no-break\u{a0}"), ("\(free(0xfdd0))\(free(0xfdef))\u{fdcf}", "\\ufdd0\\ufdef\u{fdcf}"),
    ("\(free(0xffff))\u{fffd}", "\\uffff\u{fffd}"), ("\(free(0x1fffe))\u{1f600}", "\\U0001fffe\u{1f600}"),
    ("1234567\u{1b}8", "1234567\\x1b8"), ("12345678\u{1b}", "12345678\\x1b"),
    ("한국어 12345678\u{7}", "한국어 12345678\\x07"),
  ]

  /// A code point that Unicode keeps free, which Swift does not let stand in a literal.
  private static func free(_ codePoint: UInt32) -> String { Unicode.Scalar(codePoint).map { String($0) } ?? "" }

  @Test(arguments: shown) func messagesStayReadableInJournalctl(_ text: String, _ shown: String) throws {
    let entry = try #require(try EntryMaker().entry([("msg", .text(text))], level: 20))
    #expect(entry.texts.first == "MESSAGE=\(shown)")
  }

  @Test func textThatIsNoUnicodeIsEscaped() throws {
    let surrogate: [UInt8] = [0x61, 0xed, 0xb0, 0x80]
    let entry = try #require(try EntryMaker().entry([("msg", .raw(surrogate)), ("extra", .raw(surrogate))], level: 20))
    #expect(entry.texts.first == "MESSAGE=a\\udc00")
    #expect(entry.texts.last == "EXTRA=a\\udc00")
  }

  @Test func bytesStayAsTheyAre() throws {
    // SHORT_BINBYTES is no part of a stock record: the general machine reads it.
    let pickle = Array("}(X".utf8) + [3, 0, 0, 0] + Array("rawC".utf8) + [4, 0, 10, 255, 61] + Array("u.".utf8)
    let entry = try #require(try EntryMaker().entry(pickle, level: 20))
    #expect(entry.fields.last == Entry.Field(name: "RAW", value: [0, 10, 255, 61]))
  }

  @Test func theFormatterMakesTheMessage() throws {
    let maker = try EntryMaker("%(levelname)s %(message)s", identifier: "two\nlines")
    let fields = Self.common.filter { $0.0 != "exc_text" } + [("exc_text", .text("Traceback\n  x"))]
    let entry = try #require(try maker.entry(fields, level: 40))
    #expect(entry.texts.first == "MESSAGE=WARNING hello\nTraceback\n  x")
    #expect(entry.texts.contains("SYSLOG_IDENTIFIER=two\nlines"))
    #expect(entry.texts.last == "EXCEPTION_TEXT=Traceback\n  x")
  }

  @Test func argumentsThatTheSenderDidNotMergeAreAField() throws {
    let fields: [(String, TestValue)] = [("msg", .text("%d")), ("args", .tuple([.integer(5)]))]
    let entry = try #require(try EntryMaker().entry(fields, level: 20))
    #expect(entry.texts.first == "MESSAGE=5")
    #expect(entry.texts.last == "CODE_ARGS=(5,)")
  }

  @Test func whatDoesNotFitIsNotAHalfOne() throws {
    let fields = Self.common + [("user", .text("kim")), ("n", .integer(1))]
    let whole = try #require(try EntryMaker().bytes(fields, level: 20))
    for size in 0..<whole.count { #expect(try EntryMaker().bytes(fields, level: 20, size: size) == nil, "\(size)") }
    // Text is copied in words: a few bytes more are asked for.
    #expect(try EntryMaker().bytes(fields, level: 20, size: whole.count + 8) == whole)
  }

  @Test func anEntryOfTheDaemonsOwn() throws {
    let bytes = JournalFormatter.entry(priority: 4, identifier: "onggi", message: "refused \u{1b} a\nb")
    #expect(try Entry(bytes).texts == ["PRIORITY=4", "SYSLOG_IDENTIFIER=onggi", "MESSAGE=refused \\x1b a\nb"])
  }
}

/// An entry, taken apart as journald does it (server_process_entry in journald-native.c).
struct Entry {
  struct Field: Equatable {
    let name: String
    let value: [UInt8]
  }
  var fields: [Field] = []
  var texts: [String] { fields.map { "\($0.name)=\(String(decoding: $0.value, as: UTF8.self))" } }

  init(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while let end = rest.firstIndex(of: 10) {
      let line = rest[..<end]
      rest = rest[(end + 1)...]
      if let sign = line.firstIndex(of: UInt8(ascii: "=")) {
        fields.append(Field(name: String(decoding: line[..<sign], as: UTF8.self), value: Array(line[(sign + 1)...])))
        continue
      }
      try #require(rest.count >= 8)
      let size = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      rest = rest.dropFirst(8)
      try #require(rest.count > size && rest[rest.startIndex + size] == 10)
      fields.append(Field(name: String(decoding: line, as: UTF8.self), value: Array(rest.prefix(size))))
      rest = rest.dropFirst(size + 1)
    }
    #expect(rest.isEmpty)
  }
}

/// A journal formatter and what it needs to make a record's entry.
final class EntryMaker {
  private var message: LogFormatter
  private let journal: JournalFormatter
  private var reader: RecordReader
  private var state = RenderState()
  /// Fields that had no text so far.
  var unshown: Int { state.unshown }

  init(_ format: String = "%(message)s", identifier: String = "onggi") throws {
    var fields = RecordFields()
    message = LogFormatter(
      try FormatString(format, .percent), time: try AscTime(converter: .gmtime), fields: &fields)
    journal = JournalFormatter(identifier: Array(identifier.utf8), fields: &fields)
    reader = RecordReader(keys: fields.keys)
  }

  func entry(_ fields: [(String, TestValue)], level: Int, general: Bool = false) throws -> Entry? {
    try bytes(recordPickle(fields), level: level, general: general).map { try Entry($0) }
  }

  func entry(_ pickle: [UInt8], level: Int) throws -> Entry? { try bytes(pickle, level: level).map { try Entry($0) } }

  func bytes(_ fields: [(String, TestValue)], level: Int, size: Int = 1 << 17) throws -> [UInt8]? {
    try bytes(recordPickle(fields), level: level, size: size)
  }

  /// The entry in a buffer of `size` bytes; nil: it does not fit.
  private func bytes(_ pickle: [UInt8], level: Int, size: Int = 1 << 17, general: Bool = false) throws -> [UInt8]? {
    state.renderer.reset(pickleBytes: pickle.count)
    var memory = [UInt8](repeating: 0xee, count: size)
    let padded = pickle + [UInt8](repeating: 0, count: RecordReader.padding)
    let frame = padded.rawBytes.extracting(0..<pickle.count)
    if general || !reader.read(padded.rawBytes, end: pickle.count) {
      let record = try state.unpickler.load(frame)
      reader.set(record, state.unpickler.arena, frame)
    }
    let count = EntryMaker.append(journal, &message, level, reader, frame, &state, &memory)
    return count.map { Array(memory[..<$0]) }
  }

  private static func append(
    _ journal: JournalFormatter, _ message: inout LogFormatter, _ level: Int, _ reader: borrowing RecordReader,
    _ frame: RawSpan, _ state: inout RenderState, _ memory: inout [UInt8]
  ) -> Int? {
    var span = memory.mutableSpan
    var entry = unsafe LineBuffer(span.mutableBytes)
    return journal.append(
      reader.values, reader.dictionary, frame, level: level, message: &message, &state, into: &entry)
      ? entry.count : nil
  }
}
