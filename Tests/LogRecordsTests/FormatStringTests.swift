@testable import LogRecords
import Pickle
import Testing

@Suite struct FormatStringTests {
  @Test(arguments: [
    ("%(message)s", FormatString.Style.percent), ("%(message)s %(", .percent), ("%(message)s %", .percent),
    ("%(name)#x", .percent), ("%(a)ſ", .percent), ("%(message)S", .percent), ("%(é٣)٣.٣d", .percent),
    ("{0}", .brace), ("{message!r}", .brace), ("{message:>>10}", .brace), ("{name.attr}", .brace),
    ("{message:{width}}", .brace), ("{x:,d}", .brace), ("{message:é<5}", .brace), ("{msg:#08X}", .brace),
    ("{message:N}", .brace), ("{message:5\n}", .brace), ("{a[b c][0].d}", .brace),
    ("$message", .dollar), ("$message$$", .dollar), ("$_x", .dollar), ("${a}", .dollar),
  ])
  func isAccepted(_ format: String, _ style: FormatString.Style) throws {
    _ = try FormatString(format, style)
  }

  @Test(arguments: [
    ("plain text", FormatString.Style.percent, 0), ("a %(a b)s", .percent, 2), ("%(a)5.d", .percent, 0),
    ("plain", .brace, 0), ("ab{", .brace, 2), ("é}", .brace, 2), ("{message!z}", .brace, 9),
    ("{process:", .brace, 0), ("$message", .brace, 0), ("{}", .brace, 0), ("{a b}", .brace, 1),
    ("{a} {b:z5}", .brace, 7), ("{a:{b:{c}}}", .brace, 3), ("{a[}", .brace, 0), ("{a[]}", .brace, 1),
    ("plain", .dollar, 0), ("a $", .dollar, 2), ("${message", .dollar, 0), ("$a ${a b}", .dollar, 3),
    ("$é", .dollar, 0),
  ])
  func isRefusedAtTheOffset(_ format: String, _ style: FormatString.Style, _ offset: Int) {
    #expect { try FormatString(format, style) } throws: { ($0 as? FormatError)?.offset == offset }
  }

  @Test(arguments: FormatString.Style.allCases)
  func noFormatIsTheDefault(_ style: FormatString.Style) throws {
    for format in [nil, []] as [[UInt8]?] {
      let pieces = try FormatString(format, style: style).pieces
      guard case .field(let field)? = pieces.first else {
        Issue.record("no field")
        continue
      }
      #expect(pieces.count == 1)
      #expect(field.isPlain)
      #expect(field.name == Array("message".utf8))
      #expect(field.reference == Array("\(style.defaultFormat)".utf8))
    }
  }

  @Test func gigabytesOfPaddingAreRefused() throws {
    for (format, style) in [
      ("%(a)1000000000d", FormatString.Style.percent), ("%(a).65537s", .percent), ("{a:65537}", .brace),
      ("{a:.99999999999999999999f}", .brace),
    ] {
      #expect(throws: FormatError.self) { try FormatString(format, style) }
      let unchecked = try FormatString(format, style, validate: false)
      #expect(unchecked.pieces == [.field(.init(reference: format))])
    }
    _ = try FormatString("%(a)65536.65536d", .percent)
  }

  @Test func widthsOfRecordsAreBounded() throws {
    // {'a': 1, 'w': 1000000000}
    let pickle: [UInt8] =
      Array("}(X\u{1}\0\0\0aK\u{1}X\u{1}\0\0\0wJ".utf8) + [0x00, 0xCA, 0x9A, 0x3B] + Array("u.".utf8)
    let line = try FormattedLine(FormatString("<{a:{w}}>", .brace), pickle: pickle)
    #expect(line.text == Array("<{a:{w}}>".utf8))
    #expect(line.hasReferences)
  }

  @Test(arguments: ["I1\n", "F1.5\n", "Vtext\n", "cdecimal\nDecimal\n(V1.5\ntR", "cfractions\nFraction\n(V1/3\ntR"])
  func numbersBeyondAnyWidthAreBounded(_ value: String) throws {
    for spec in ["99999999999999999999", ".99999999999999999999", ".9223372036854775807e", "09223372036854775806,f"] {
      let pickle = Array("(dVa\n\(value)sVs\nV\(spec)\ns.".utf8)
      let line = try FormattedLine(FormatString("{a:{s}}", .brace), pickle: pickle)
      #expect(line.hasReferences == (line.text == Array("{a:{s}}".utf8)))
      #expect(line.hasReferences || spec.hasPrefix("."))
    }
  }

  @Test func plainFieldsAreRecognised() throws {
    func isPlain(_ format: String, _ style: FormatString.Style) throws -> [Bool] {
      try FormatString(format, style, validate: false).pieces.compactMap { piece in
        if case .field(let field) = piece { field.isPlain } else { nil }
      }
    }
    #expect(
      try isPlain("%(a)s %(a)5s %(a)-s %(a).1s %(a)d %s %(a)q", .percent) == [true] + .init(repeating: false, count: 6))
    #expect(try isPlain("{a} {a!s} {a!r} {a:5} {a.b} {0}", .brace) == [true, true, false, false, false, false])
    #expect(try isPlain("$a ${a} $", .dollar) == [true, true, false])
  }

  @Test func referencesStandForWhatCannotBeShown() throws {
    // {'a': 'x'}
    let pickle = Array("}X\u{1}\0\0\0aX\u{1}\0\0\0xs.".utf8)
    for (format, style, text) in [
      (
        "100%% %(a)s|%(b)05d|%(a)d|%(a)*d|%(a)y|%(a", FormatString.Style.percent,
        "100% x|%(b)05d|%(a)d|%(a)*d|%(a)y|%(a"
      ),
      ("%(a)s %5% %", .percent, "x %5% %"),
      (
        "{{{a}}}|{b!r:>5}|{a:d}|{a.b}|{0}|{a:{b}}|{a[0]}|{a[1]}", .brace,
        "{x}|{b!r:>5}|{a:d}|{a.b}|{0}|{a:{b}}|x|{a[1]}"
      ),
      ("{a} } {a} {b{", .brace, "x } x {b{"),
      ("$a$$ ${b} $ $1 ${a", .dollar, "x$ ${b} $ $1 ${a"),
    ] {
      let line = try FormattedLine(FormatString(format, style, validate: false), pickle: pickle)
      #expect(String(decoding: line.text, as: UTF8.self) == text)
      #expect(line.hasReferences)
    }
  }

  @Test func timeIsUsedWhereverItsNameBegins() throws {
    #expect(try FormatString("%(asctime)s", .percent).usesTime)
    #expect(try !FormatString("%(asctimes)s", .percent).usesTime)
    #expect(try FormatString("{asctime_of_birth}", .brace).usesTime)
    #expect(try FormatString("$asctimes", .dollar).usesTime)
    #expect(try !FormatString("${asctimes}", .dollar).usesTime)
  }
}

extension FormatField {
  /// A field without a source.
  fileprivate init(reference: String) { self = .unusable(Array(reference.utf8)[...]) }
}
