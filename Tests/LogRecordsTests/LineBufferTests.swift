import Pickle
import Testing

@testable import LogRecords

/// Lines that do not fit: at every size there is an answer, and never a byte outside.
struct LineBufferTests {
  static let records: [(String, [(String, TestValue)], EncodingErrors, LineLayout)] = [
    (
      "[%(asctime)s] [%(levelname)s] %(message)s",
      [
        ("created", .float(1_700_000_000.25)), ("msecs", .float(250)), ("levelname", .text("INFO")),
        ("msg", .text("hello")),
      ],
      .backslashreplace, LineLayout()
    ),
    (
      "%(message)s", [("msg", .text("m")), ("exc_text", .text("Traceback\n  line")), ("stack_info", .text("Stack"))],
      .strict, LineLayout()
    ),
    ("%(message)s %(lineno)8d %(peer)s", [("msg", .text("가나다 😀")), ("lineno", .integer(7))], .replace, LineLayout()),
    ("%(message)s|%(user)s", [("msg", .raw([0x61, 0xff, 0xed, 0xa0, 0x80, 0x62]))], .xmlcharrefreplace, LineLayout()),
    (
      "%(message)s", [("msg", .text("a\nb\nc\u{1}"))], .strict,
      LineLayout(escapesControlCharacters: true, newlines: .indent)
    ),
    (
      "%(message)s",
      [("msg", .text("%s and %s")), ("args", .tuple([.text(String(repeating: "x", count: 40)), .integer(1)]))], .strict,
      LineLayout()
    ),
  ]

  @Test(arguments: records.indices) func everySizeIsAnsweredAndARoomyOneHoldsTheLine(index: Int) throws {
    let (format, fields, errors, layout) = Self.records[index]
    let maker = try LineMaker(format, errors: errors, layout: layout)
    let pickle = recordPickle(fields)
    let whole = try #require(try maker.line(pickle, size: 4096))
    var fits = false
    for size in 0...whole.count + 100 {
      let line = try maker.line(pickle, size: size)
      if let line { #expect(line == whole, "\(size) bytes") }
      if size < whole.count { #expect(line == nil, "\(size) bytes cannot hold \(whole.count)") }
      // Once it fits it fits: more room is never worse.
      if fits { #expect(line != nil, "\(size) bytes") }
      fits = line != nil
    }
    #expect(fits)
  }

  @Test func wordsAtTheEndOfTheSourceAreNotReadBeyondIt() {
    for length in 0...40 {
      for start in 0...9 {
        let source = (0..<start + length).map { UInt8(0x20 + $0 % 0x50) }
        var memory = [UInt8](repeating: 0, count: 64)
        var span = memory.mutableSpan
        var line = unsafe LineBuffer(span.mutableBytes)
        let fits = line.appendText(source.rawBytes, start, length, .strict)
        let count = line.count
        #expect(fits && count == length)
        #expect(Array(memory[..<length]) == Array(source[start...]))
      }
    }
  }
}
