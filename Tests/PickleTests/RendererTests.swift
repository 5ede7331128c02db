import Testing

@testable import Pickle

/// A pickle written as a literal: each character is one byte.
func pickle(_ characters: String) -> [UInt8] {
  characters.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
}

/// A text of a pickle's value, as UTF-8 with `\udcff` for lone surrogates.
func rendered(
  _ frame: [UInt8], _ style: TextStyle = .str, charset: Renderer.Charset = .utf8
) throws -> String {
  var unpickler = Unpickler()
  var renderer = Renderer(charset: charset)
  var out: [UInt8] = []
  let value = try unpickler.load(frame.rawBytes)
  switch style {
  case .str: try renderer.str(value, unpickler.arena, frame.rawBytes, into: &out)
  case .repr: try renderer.repr(value, unpickler.arena, frame.rawBytes, into: &out)
  case .ascii: try renderer.ascii(value, unpickler.arena, frame.rawBytes, into: &out)
  }
  var shown: [UInt8] = []
  var offset = 0
  while offset < out.count {
    let (codePoint, length) = out.rawBytes.codePoint(at: offset)
    try #require(length > 0, "not well formed: \(out)")
    if CodePoint.isSurrogate(codePoint) { shown.appendEscape(codePoint) } else { shown.appendCodePoint(codePoint) }
    offset += length
  }
  return String(decoding: shown, as: UTF8.self)
}

/// BINUNICODE of these bytes, and STOP.
func unicode(_ bytes: [UInt8]) -> [UInt8] { [0x58, UInt8(bytes.count), 0, 0, 0] + bytes + [0x2E] }

@Suite struct RendererTests {
  @Test(arguments: [
    ("N.", "None"), ("\u{88}.", "True"), ("\u{89}.", "False"),
    ("K\u{7}.", "7"), ("J\u{0}\u{0}\u{0}\u{80}.", "-2147483648"),
    ("\u{8A}\u{8}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{80}.", "-9223372036854775808"),
    ("\u{8A}\u{9}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{80}\u{0}.", "9223372036854775808"),
    ("\u{8A}\u{9}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{FF}.", "-18446744073709551616"),
    ("L123456789012345678901234567890L\n.", "123456789012345678901234567890"),
    ("G\u{3F}\u{F0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}.", "1.0"),
    ("G\u{80}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}.", "-0.0"),
    ("C\u{4}a'\n\u{FF}.", #"b"a'\n\xff""#), ("C\u{2}'\".", #"b'\'"'"#),
    ("\u{96}\u{2}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}'\\.", #"bytearray(b"\'\\")"#),
    ("].", "[]"), (").", "()"), ("}.", "{}"), ("\u{8F}.", "set()"), ("(\u{91}.", "frozenset()"),
    ("K\u{1}\u{85}.", "(1,)"), ("K\u{1}K\u{2}\u{86}.", "(1, 2)"), ("](K\u{1}Ne.", "[1, None]"),
    ("\u{8F}(K\u{2}K\u{1}K\u{2}\u{90}.", "{2, 1}"), ("(K\u{1}\u{91}.", "frozenset({1})"),
    ("}(K\u{1}NK\u{2}Ku\u{75}.", "{1: None, 2: 117}"),
    ("cbuiltins\nEllipsis\n.", "Ellipsis"), ("cbuiltins\nNotImplemented\n.", "NotImplemented"),
  ])
  func builtinValues(_ characters: String, _ expected: String) throws {
    for style in [TextStyle.str, .repr, .ascii] { #expect(try rendered(pickle(characters), style) == expected) }
  }

  @Test(arguments: [
    ("list", "]q\u{0}h\u{0}a.", "[[...]]"),
    ("dictionary", "}q\u{0}K\u{1}h\u{0}s.", "{1: {...}}"),
    ("tuple", "]q\u{0}\u{85}q\u{1}h\u{0}h\u{1}a0.", "([(...)],)"),
    ("set through an object's place", "]q\u{0}(h\u{0}h\u{0}e.", "[[...], [...]]"),
    ("shared, but no cycle", "]q\u{0}h\u{0}\u{86}.", "([], [])"),
  ])
  func cycles(_ label: String, _ characters: String, _ expected: String) throws {
    #expect(try rendered(pickle(characters)) == expected)
  }

  /// Keys equal in Python are one key: the first key stays, with the last value.
  @Test(arguments: [
    ("}(K\u{1}K\u{2}\u{88}K\u{3}u.", "{1: 3}"),
    ("}(U\u{1}aK\u{2}U\u{1}bK\u{3}U\u{1}aK\u{4}u.", "{'a': 4, 'b': 3}"),
    ("}(X\u{1}\u{0}\u{0}\u{0}aK\u{2}X\u{1}\u{0}\u{0}\u{0}bK\u{3}X\u{1}\u{0}\u{0}\u{0}aK\u{4}u.", "{'a': 4, 'b': 3}"),
    ("}(X\u{0}\u{0}\u{0}\u{0}K\u{2}M\u{FF}\u{FF}K\u{3}u.", "{'': 2, 65535: 3}"),
    ("(K\u{1}\u{88}K\u{2}\u{91}.", "frozenset({1, 2})"),
  ])
  func equalKeysAreShownOnce(_ characters: String, _ expected: String) throws {
    #expect(try rendered(pickle(characters)) == expected)
  }

  @Test(arguments: [
    ("plain", "'plain'", "'plain'"),
    ("it's", #""it's""#, #""it's""#),
    (#"both ' and ""#, #"'both \' and "'"#, #"'both \' and "'"#),
    ("a\\b\tc\nd\re\u{0}\u{1F}\u{7F}", #"'a\\b\tc\nd\re\x00\x1f\x7f'"#, #"'a\\b\tc\nd\re\x00\x1f\x7f'"#),
    ("caf\u{E9} \u{A0}\u{AD}", #"'café \xa0\xad'"#, #"'caf\xe9 \xa0\xad'"#),
    ("한국 \u{200B}\u{2028}", #"'한국 \u200b\u2028'"#, #"'\ud55c\uad6d \u200b\u2028'"#),
    ("\u{1F600}\u{E0001}", #"'😀\U000e0001'"#, #"'\U0001f600\U000e0001'"#),
  ])
  func strings(_ string: String, _ repr: String, _ ascii: String) throws {
    let frame = unicode([UInt8](string.utf8))
    #expect(try rendered(frame, .str) == string)
    #expect(try rendered(frame, .repr) == repr)
    #expect(try rendered(frame, .ascii) == ascii)
  }

  /// What is no UTF-8 is shown, but never copied; lone surrogates are Python's business.
  @Test(arguments: [
    ([0x61, 0xFF, 0x62] as [UInt8], #"a\xffb"#, #"'a\xffb'"#),
    ([0xC0, 0x80], #"\xc0\x80"#, #"'\xc0\x80'"#),
    ([0xE2, 0x82], #"\xe2\x82"#, #"'\xe2\x82'"#),
    ([0xF4, 0x90, 0x80, 0x80], #"\xf4\x90\x80\x80"#, #"'\xf4\x90\x80\x80'"#),
    ([0xED, 0xA0, 0x80, 0x78], #"\ud800x"#, #"'\ud800x'"#),
  ])
  func brokenUTF8(_ bytes: [UInt8], _ str: String, _ repr: String) throws {
    #expect(try rendered(unicode(bytes), .str) == str)
    #expect(try rendered(unicode(bytes), .repr) == repr)
  }

  @Test func python2StringsAreReadByTheCharset() throws {
    let frame: [UInt8] = [0x55, 5, 0x61, 0xED, 0x95, 0x9C, 0xFF, 0x2E]
    #expect(try rendered(frame, .str) == #"a한\udcff"#)
    #expect(try rendered(frame, .repr) == #"'a한\udcff'"#)
    // A surrogate in UTF-8 is no UTF-8.
    #expect(try rendered([0x55, 3, 0xED, 0xA0, 0x80, 0x2E]) == #"\udced\udca0\udc80"#)
    #expect(try rendered(frame, .repr, charset: .latin1) == #"'aí\x95\x9cÿ'"#)
    let table = (0..<256).map { $0 < 128 ? [UInt8($0)] : Array("한".utf8) }
    #expect(try rendered(frame, .str, charset: .table(table)) == "a한한한한")
  }

  @Test(arguments: [
    (0.1, "0.1"), (1e16, "1e+16"), (9_999_999_999_999_998, "9999999999999998.0"), (1e-4, "0.0001"), (1e-5, "1e-05"),
    (123_456_789.125, "123456789.125"), (1e22, "1e+22"), (.leastNonzeroMagnitude, "5e-324"),
    (1.7976931348623157e308, "1.7976931348623157e+308"),
    (1_125_899_906_842_624.25, "1125899906842624.2"), (1_125_899_906_842_624.75, "1125899906842624.8"),
    (.infinity, "inf"), (-.infinity, "-inf"), (.nan, "nan"), (-0.0, "-0.0"),
    (18_014_398_509_481_984, "1.8014398509481984e+16"),
  ])
  func floats(_ value: Double, _ expected: String) {
    var out: [UInt8] = []
    out.appendFloatRepr(value)
    #expect(String(decoding: out, as: UTF8.self) == expected)
  }

  @Test(arguments: [
    (0.5, FloatForm.fixed, 0, "0"), (1.5, .fixed, 0, "2"), (2.5, .fixed, 0, "2"), (0.125, .fixed, 2, "0.12"),
    (0, .fixed, 3, "0.000"), (-0.0, .fixed, 1, "-0.0"), (999.9996, .fixed, 3, "1000.000"), (1e-7, .fixed, 3, "0.000"),
    (0.1, .fixed, 25, "0.1000000000000000055511151"), (1e22, .fixed, 1, "10000000000000000000000.0"),
    (9.995, .exponent, 2, "9.99e+00"), (99_999, .exponent, 2, "1.00e+05"), (0, .exponent, 3, "0.000e+00"),
    (.leastNonzeroMagnitude, .exponent, 0, "5e-324"), (100_000, .general, 6, "100000"),
    (1_000_000, .general, 6, "1e+06"),
    (0.0001, .general, 6, "0.0001"), (0.00001, .general, 6, "1e-05"), (0.5, .general, 0, "0.5"),
    (.infinity, .fixed, 2, "inf"),
  ])
  func floatsWithPrecision(_ value: Double, _ form: FloatForm, _ precision: Int, _ expected: String) throws {
    var out: [UInt8] = []
    try out.appendFloat(value, form, precision: precision)
    #expect(String(decoding: out, as: UTF8.self) == expected)
  }

  @Test(arguments: [
    (1.0, 2.0, "(1+2j)"), (0.0, -1.5, "-1.5j"), (-0.0, 1.0, "(-0+1j)"), (1e16, .nan, "(1e+16+nanj)"),
    (.nan, -.infinity, "(nan-infj)"), (0.0, 0.0, "0j"), (0.0, -0.0, "-0j"),
  ])
  func complexNumbers(_ real: Double, _ imaginary: Double, _ expected: String) {
    var out: [UInt8] = []
    out.appendComplexRepr(real, imaginary)
    #expect(String(decoding: out, as: UTF8.self) == expected)
  }

  @Test func codePointsAreCountedAndFound() {
    let bytes = [UInt8]("añ한😀 and more, 한국어, to fill some words".utf8)
    let scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
    #expect(bytes.rawBytes.countCodePoints() == scalars.count)
    var offset = 0
    for (index, scalar) in scalars.enumerated() {
      #expect(bytes.rawBytes.offset(ofCodePoint: index) == offset)
      let (codePoint, length) = bytes.rawBytes.codePoint(at: offset)
      #expect(codePoint == scalar.value)
      offset += length
    }
    #expect(bytes.rawBytes.offset(ofCodePoint: scalars.count) == bytes.count)
    #expect(bytes.rawBytes.offset(ofCodePoint: .max) == bytes.count)
  }
}
