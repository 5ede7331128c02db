import Testing

@testable import Pickle

/// The forms of `PickleJSON`; what the typed one makes of each opcode is in `OpcodeTests`.
struct PickleJSONTests {
  @Test(arguments: [
    ("N.", "null"), ("\u{88}.", "true"), ("K\u{05}.", "5"), ("F1.5\n.", "1.5"), ("F1e16\n.", "1e+16"),
    ("FNaN\n.", #""nan""#),
    ("L99999999999999999999L\n.", "99999999999999999999"),
    ("\u{8A}\u{09}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{01}.", "18446744073709551616"),
    ("Va\"\\u005c\\u0001\\ud800\u{E9}\n.", "\"a\\\"\\\\\\u0001\\ud800é\""), ("U\u{02}a\u{E9}.", #""a\udce9""#),
    ("X\u{01}\u{00}\u{00}\u{00}\u{FF}.", "\"\u{FFFD}\""),
    ("C\u{02}a\u{FF}.", #""b'a\\xff'""#), ("(K\u{01}]t.", "[1,[]]"), ("\u{8F}(K\u{02}\u{90}.", "[2]"), ("}.", "{}"),
    ("}(U\u{01}aNX\u{01}\u{00}\u{00}\u{00}bK\u{01}K\u{07}]u.", #"{"a":null,"b":1,"7":[]}"#),
    ("]q\u{00}h\u{00}a.", #"["..."]"#),
  ])
  func readable(pickle: String, json: String) { #expect(decode(pickle, .readable) == json) }

  @Test(arguments: [
    ("X\u{01}\u{00}\u{00}\u{00}\u{FF}.", #"{"invalid_utf8":"ff"}"#),
    ("X\u{03}\u{00}\u{00}\u{00}\u{ED}\u{B0}\u{80}.", #"{"codepoints":[56320]}"#),
    // Sets are in the order of their items' text, whatever the pickle's order is.
    (
      "\u{8F}(K\u{02}K\u{0A}(K\u{03}K\u{01}\u{91}\u{90}.",
      #"{"set":[{"frozenset":[{"int":"1"},{"int":"3"}]},{"int":"10"},{"int":"2"}]}"#
    ),
    // Byte strings of Python 2 are text in a record of Python 3, if they are ASCII.
    ("}X\u{01}\u{00}\u{00}\u{00}kU\u{01}as.", #"{"dict":[["k","a"]]}"#),
    ("}U\u{01}kU\u{01}as.", #"{"dict":[[{"str2":"6b"},{"str2":"61"}]]}"#),
    ("}X\u{01}\u{00}\u{00}\u{00}kU\u{01}\u{E9}s.", #"{"dict":[["k",{"str2":"e9"}]]}"#),
  ])
  func typed(pickle: String, json: String) { #expect(decode(pickle) == json) }

  @Test func integersBeyondPythonsDigits() {
    let digits = [UInt8](repeating: 0x11, count: 2000)
    let number = bytes("\u{8B}") + little(UInt64(digits.count), 4) + digits + bytes(".")
    let hexadecimal = "0x" + String(repeating: "1", count: 4000)
    #expect(decode(number) == #"{"int":"\#(hexadecimal)"}"#)
    #expect(decode(number, .readable) == "\"\(hexadecimal)\"")
  }

  @Test func depthIsBounded() {
    let inside = String(repeating: "]", count: RenderLimits.depth)
    let outside = String(repeating: "a", count: RenderLimits.depth - 1)
    #expect(
      decode(inside + outside + ".") == String(repeating: "[", count: RenderLimits.depth)
        + String(repeating: "]", count: RenderLimits.depth))
    #expect(decode("]" + inside + outside + "a.") == "tooBig")
  }

  @Test func anErrorLeavesTheOutputAsItWas() throws {
    let pickle = bytes(String(repeating: "]", count: 600) + String(repeating: "a", count: 599) + ".")
    var unpickler = Unpickler()
    let value = try unpickler.load(pickle.rawBytes)
    var writer = PickleJSON(.typed)
    var out = bytes("kept")
    #expect(throws: RenderError.tooBig) { try writer.append(value, unpickler.arena, pickle.rawBytes, into: &out) }
    #expect(out == bytes("kept"))
    // The next value is written as if nothing had been.
    try writer.append(.integer(1), unpickler.arena, pickle.rawBytes, into: &out)
    #expect(out == bytes(#"kept{"int":"1"}"#))
  }

  @Test func sizeIsBounded() {
    // One text of 1 MiB, thirty times.
    let text = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
    let pickle =
      bytes("](X") + little(UInt64(text.count), 4) + text
      + bytes("q\u{00}" + String(repeating: "h\u{00}", count: 30) + "e.")
    #expect(decode(pickle) == "tooBig")
    #expect(decode(pickle, .readable) == "tooBig")
  }
}
