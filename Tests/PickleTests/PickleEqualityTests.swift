import Testing

@testable import Pickle

struct PickleEqualityTests {
  /// Python's answer for `{a: 1, b: 2}`: one key or two.
  @Test(arguments: [
    ("K\u{01}", "\u{88}", true), ("K\u{01}", "F1.0\n", true), ("K\u{00}", "F-0.0\n", true),
    ("K\u{01}", "F1.5\n", false),
    ("K\u{01}", "cbuiltins\ncomplex\nK\u{01}\u{85}R", true),
    ("cbuiltins\ncomplex\nK\u{01}K\u{02}\u{86}R", "cbuiltins\ncomplex\nK\u{01}K\u{02}\u{86}R", true),
    ("F1e300\n", "F1e300\n", true), ("F0.1\n", "F0.1\n", true), ("FNaN\n", "FNaN\n", false), ("N", "N", true),
    ("N", "K\u{00}", false),
    // 2**64, in each of its ways.
    ("L18446744073709551616L\n", "F18446744073709551616\n", true),
    ("L18446744073709551616L\n", "\u{8A}\u{09}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{01}", true),
    ("L18446744073709551617L\n", "F18446744073709551616\n", false),
    ("L18446744073709551616L\n", "L-18446744073709551616L\n", false),
    ("U\u{01}a", "X\u{01}\u{00}\u{00}\u{00}a", true), ("U\u{01}a", "C\u{01}a", false),
    ("U\u{01}\u{E9}", "X\u{02}\u{00}\u{00}\u{00}\u{C3}\u{A9}", false),
    ("U\u{00}", ")", false),
    ("K\u{01}\u{85}", "F1.0\n\u{85}", true), ("K\u{01}\u{85}\u{85}", "\u{88}\u{85}\u{85}", true),
    ("K\u{01}\u{85}", "K\u{01}", false),
    ("K\u{01}K\u{02}\u{86}", "K\u{02}K\u{01}\u{86}", false), ("FNaN\n\u{85}", "FNaN\n\u{85}", false),
    ("(K\u{01}K\u{02}\u{91}", "(K\u{02}F1.0\nK\u{01}\u{91}", true), ("(K\u{01}\u{91}", "K\u{01}\u{85}", false),
    ("ca\nb\n", "ca\nb\n", true), ("ca\nbc\n", "cab\nc\n", false), ("ca\nb\n)R", "ca\nb\n)R", false),
    ("\u{82}\u{01}", "\u{83}\u{01}\u{00}", true),
  ])
  func equality(first: String, second: String, areEqual: Bool) throws {
    let pickle = bytes("}(" + first + "K\u{01}" + second + "K\u{02}u.")
    var unpickler = Unpickler()
    let dictionary = try unpickler.load(pickle.rawBytes)
    var work = 0
    let items = try unpickler.arena.uniqueItems(dictionary, pickle.rawBytes, work: &work)
    #expect(items.count == (areEqual ? 2 : 4))
    #expect(items[1].asInteger == (areEqual ? 2 : 1))
  }

  @Test func anEqualKeyKeepsKeyAndPlace() {
    #expect(decode("}(K\u{01}NK\u{02}N\u{88}K\u{09}u.") == #"{"dict":[[{"int":"1"},{"int":"9"}],[{"int":"2"},null]]}"#)
  }

  @Test func oneTupleIsItselfWhateverItHolds() {
    #expect(decode("\u{8F}(FNaN\n\u{85}q\u{00}h\u{00}\u{90}.") == #"{"set":[{"tuple":[{"float":"nan"}]}]}"#)
  }

  @Test func lookup() throws {
    let pickle = bytes(
      "}(U\u{01}aK\u{01}X\u{01}\u{00}\u{00}\u{00}bK\u{02}X\u{01}\u{00}\u{00}\u{00}aK\u{03}C\u{01}aK\u{04}u.")
    var unpickler = Unpickler()
    let dictionary = try unpickler.load(pickle.rawBytes)
    func value(_ key: String) -> Int64? {
      unpickler.arena.lookup(dictionary, key: bytes(key).rawBytes, pickle.rawBytes)?.asInteger
    }
    #expect(value("a") == 3)
    #expect(value("b") == 2)
    #expect(value("") == nil)
    #expect(value("c") == nil)
    #expect(unpickler.arena.lookup(.none, key: bytes("a").rawBytes, pickle.rawBytes) == nil)
  }

  /// t = (t, t), sixty times: 2⁶⁰ items to a comparison that does not see the sharing.
  private static let sharedSixtyTimes = ")" + String(repeating: "2\u{86}", count: 60)

  @Test func sharedTuplesAsKeysAreComparedOnce() throws {
    let pickle = bytes("}(" + Self.sharedSixtyTimes + "K\u{01}" + Self.sharedSixtyTimes + "K\u{02}u.")
    var unpickler = Unpickler()
    let dictionary = try unpickler.load(pickle.rawBytes)
    var work = 0
    let items = try unpickler.arena.uniqueItems(dictionary, pickle.rawBytes, work: &work)
    #expect(items.count == 2)
    #expect(work < 1000)
  }

  @Test func sharedTuplesAreTooBigToWrite() {
    #expect(decode(Self.sharedSixtyTimes + ".") == "tooBig")
    #expect(decode(Self.sharedSixtyTimes + ".", .readable) == "tooBig")
  }

  @Test func manyKeysTakeLinearTime() throws {
    var pickle = bytes("}(")
    for key in 0..<30_000 { pickle += bytes("J") + little(UInt64(key % 20_000), 4) + bytes("N") }
    pickle += bytes("u.")
    var unpickler = Unpickler()
    let dictionary = try unpickler.load(pickle.rawBytes)
    var work = 0
    #expect(try unpickler.arena.uniqueItems(dictionary, pickle.rawBytes, work: &work).count == 40_000)
    #expect(work < 200_000)
  }

  @Test func workIsBounded() throws {
    // A long key in many dictionaries, which is hashed in each.
    let text = [UInt8](repeating: UInt8(ascii: "k"), count: 1 << 20)
    var pickle = bytes("X") + little(UInt64(text.count), 4) + text + bytes("q\u{00}0](")
    for _ in 0..<1000 { pickle += bytes("}(h\u{00}NK\u{01}Nu") }
    pickle += bytes("e.")
    var unpickler = Unpickler()
    let list = try unpickler.load(pickle.rawBytes)
    var work = 0
    #expect(throws: RenderError.tooBig) {
      var cursor = unpickler.arena.cursor(list)
      while let dictionary = unpickler.arena.next(&cursor) {
        _ = try unpickler.arena.uniqueItems(dictionary, pickle.rawBytes, work: &work)
      }
    }
  }
}
