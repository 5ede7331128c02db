import Testing

@testable import Pickle

/// Every limit is reached by a pickle that does one thing too often, and not by one that does it
/// just as often as is allowed.
struct PickleLimitTests {
  /// The pickle up to the limit is accepted or fails for another reason; with `last` it breaks it.
  private func check(
    _ limit: Int, _ allowed: [UInt8], _ last: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(failure(allowed + bytes("N."))?.error.code != .limitExceeded, sourceLocation: sourceLocation)
    let broken = failure(allowed + last + bytes("N."))
    #expect(broken?.error.code == .limitExceeded, sourceLocation: sourceLocation)
    #expect(broken?.limit == limit, sourceLocation: sourceLocation)
    #expect(broken?.actual ?? 0 > limit, sourceLocation: sourceLocation)
    #expect(broken?.error.offset ?? 0 >= allowed.count - 1, sourceLocation: sourceLocation)
  }

  private func repeated(_ text: String, _ count: Int) -> [UInt8] {
    let unit = bytes(text)
    var result: [UInt8] = []
    result.reserveCapacity(unit.count * count)
    for _ in 0..<count { result += unit }
    return result
  }

  @Test func pickleBytes() {
    let broken = failure([UInt8](repeating: UInt8(ascii: "N"), count: PickleLimits.bytes + 1))
    #expect(broken?.limit == PickleLimits.bytes)
    #expect(broken?.actual == PickleLimits.bytes + 1)
  }

  @Test func opcodes() {
    // The helper ends with two opcodes more.
    check(
      PickleLimits.opcodes,
      [UInt8](repeating: UInt8(ascii: "("), count: 2) + repeated("N0", PickleLimits.opcodes / 2 - 2), bytes("NN"))
  }

  @Test func stack() { check(PickleLimits.stack, repeated("N", PickleLimits.stack - 1), bytes("N")) }

  @Test func marks() { check(PickleLimits.marks, repeated("(", PickleLimits.marks), bytes("(")) }

  @Test func values() {
    // A tuple of three is four values, with its header.
    check(
      PickleLimits.values, bytes("NNN") + repeated("\u{87}0NNN", PickleLimits.values / 4 - 1) + bytes("\u{87}"),
      bytes("\u{85}"))
  }

  @Test func nodes() { check(PickleLimits.nodes, repeated("]0", PickleLimits.nodes), bytes("]")) }

  @Test func depthIsOnlyNodes() {
    let deep = repeated("\u{85}", PickleLimits.nodes / 2)
    #expect(decode(bytes("N") + deep + bytes(".")) == "tooBig")
    check(
      PickleLimits.nodes, bytes("]") + repeated("]0", PickleLimits.nodes - 1),
      repeated("]", 1_000_000 - PickleLimits.nodes))
  }

  @Test func memo() { check(PickleLimits.memo, bytes("N") + repeated("\u{94}", PickleLimits.memo), bytes("\u{94}")) }

  @Test func sparseMemo() {
    var pickle = bytes("N")
    for index in 0..<PickleLimits.sparseMemo { pickle += bytes("r") + little(UInt64(0x7FFF_FFFF - index), 4) }
    check(PickleLimits.sparseMemo, pickle, bytes("r\u{FF}\u{FF}\u{FF}\u{FF}"))
    // An index that is there already costs nothing.
    #expect(
      decode(pickle + bytes("r") + little(0x7FFF_FFFF, 4) + bytes("j") + little(0x7FFF_FFFF, 4) + bytes(".")) == "null")
  }

  @Test func scratch() {
    let line = [UInt8](repeating: 0xE9, count: PickleLimits.scratch / 2)
    check(PickleLimits.scratch, bytes("V") + line + bytes("\n"), bytes("V\u{E9}\n"))
    let quoted = [UInt8](repeating: UInt8(ascii: "\\"), count: 4)
    check(PickleLimits.scratch, bytes("V") + line + bytes("\n"), bytes("S'") + quoted + bytes("'\n"))
  }

  @Test func encoded() {
    let count = PickleLimits.encoded / 16
    let text = [UInt8](repeating: UInt8(ascii: "a"), count: count)
    let call = "h\u{00}h\u{01}h\u{02}\u{86}R0"
    let prefix =
      bytes("c_codecs\nencode\nq\u{00}X") + little(UInt64(count), 4) + text
      + bytes("q\u{01}X\u{06}\u{00}\u{00}\u{00}latin1q\u{02}")
    check(PickleLimits.encoded, prefix + repeated(call, 16), bytes(call))
  }

  @Test func integerBytes() {
    let zeros = [UInt8](repeating: 1, count: PickleLimits.integerBytes)
    #expect(failure(bytes("\u{8B}") + little(UInt64(zeros.count), 4) + zeros + bytes("."))?.error == nil)
    check(PickleLimits.integerBytes, [], bytes("\u{8B}") + little(UInt64(zeros.count + 1), 4))
    let digits = [UInt8](repeating: UInt8(ascii: "7"), count: PickleLimits.integerBytes)
    check(PickleLimits.integerBytes, bytes("L") + digits + bytes("L\n"), bytes("L7") + digits + bytes("\n"))
    check(PickleLimits.integerBytes, bytes("I") + digits + bytes("\n"), bytes("I7") + digits + bytes("\n"))
  }

  @Test func floatText() {
    let digits = [UInt8](repeating: UInt8(ascii: "0"), count: PickleLimits.floatText)
    check(PickleLimits.floatText, bytes("F") + digits + bytes("\n"), bytes("F0") + digits + bytes("\n"))
  }

  @Test func name() {
    let name = [UInt8](repeating: UInt8(ascii: "a"), count: PickleLimits.name)
    let newline = bytes("\n")
    check(PickleLimits.name, bytes("c") + name + newline + name + newline, bytes("c") + name + bytes("a\nb\n"))
    check(PickleLimits.name, bytes("(ia\n") + name + newline, bytes("(ia\na") + name + newline)
    let text = bytes("X") + little(UInt64(name.count + 1), 4) + name + bytes("a")
    check(PickleLimits.name, text, bytes("2\u{93}"))
  }

  @Test func keptMemory() throws {
    var unpickler = Unpickler()
    _ = try unpickler.load((repeated("V\u{E9}\n0", PickleLimits.keptArenaValues) + bytes("N.")).rawBytes)
    #expect(unpickler.arena.scratch.capacity > PickleLimits.keptArenaValues)
    unpickler.reset()
    #expect(unpickler.arena.scratch.capacity == 0)
    #expect(unpickler.stack.count <= PickleLimits.keptArenaValues)
  }

  // MARK: What costs little to say and much to do

  @Test func deepMarksEndAtTheirLimit() {
    check(PickleLimits.marks, repeated("(", PickleLimits.marks), repeated("(", 1_000_000))
  }

  @Test func aListOfManyRunsIsSetInLinearWork() throws {
    // Two lists grow in turn, so that each has a run for each item; then items of the first are set.
    let pickle =
      bytes("]q\u{00}]q\u{01}") + repeated("h\u{00}Na0h\u{01}Na0", 20_000) + bytes("h\u{00}")
      + repeated("M\u{1F}\u{4E}K\u{07}s", 20_000) + bytes(".")
    var unpickler = Unpickler()
    let list = try unpickler.load(pickle.rawBytes)
    #expect(unpickler.arena.count(list) == 20_000)
    #expect(unpickler.arena.item(list, 19_999)?.asInteger == 7)
    #expect(unpickler.arena.item(list, 19_998)?.kind == PickleValue.Kind.none)
  }
}
