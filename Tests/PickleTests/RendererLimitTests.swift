import TestSupport
import Testing

@testable import Pickle

/// Values whose text would be endless, or endless work.
@Suite struct RendererLimitTests {
  private func error(_ frame: [UInt8]) throws -> RenderError? {
    var unpickler = Unpickler()
    let value = try unpickler.load(frame.rawBytes)
    var renderer = Renderer()
    renderer.reset(pickleBytes: frame.count)
    var out = [UInt8]("before".utf8)
    do throws(RenderError) {
      try renderer.repr(value, unpickler.arena, frame.rawBytes, into: &out)
      return nil
    } catch {
      #expect(out == [UInt8]("before".utf8))
      // The renderer is as good as new.
      renderer.reset(pickleBytes: frame.count)
      try renderer.repr(.integer(1), unpickler.arena, frame.rawBytes, into: &out)
      #expect(out == [UInt8]("before1".utf8))
      return error
    }
  }

  /// [[…], […]], each list twice in the next: 2^60 of the innermost.
  @Test func aListSharedExponentially() throws {
    var frame = pickle("]q\u{0}")
    for level in UInt8(0)..<60 {
      frame += [0x30, 0x5D, 0x28, 0x68, level, 0x68, level, 0x65, 0x71, level + 1]
    }
    #expect(try error(frame + [0x2E]) == .tooBig)
  }

  /// What a small pickle may cost grows with its bytes.
  @Test(arguments: [(100, 0, nil), (500, 0, RenderError.tooBig), (500, 16_000, nil), (2500, 16_000, .tooBig)])
  func aListSharedOften(times: Int, padding: Int, expected: RenderError?) throws {
    let zeros = [UInt8]([0x5D, 0x71, 0, 0x28]) + Array(repeating: [0x4B, 0], count: 100).joined() + [0x65]
    let references = Array(repeating: [0x68, 0] as [UInt8], count: times).joined()
    // A text that is thrown away.
    let text =
      [0x58] + (0..<4).map { UInt8(truncatingIfNeeded: padding >> (8 * $0)) }
      + [UInt8](repeating: 0x61, count: padding) + [0x30]
    #expect(try error([0x5D, 0x28] + zeros + references + text + [0x65, 0x2E]) == expected)
  }

  @Test func tuplesNestedDeeply() throws {
    func nested(_ depth: Int) -> [UInt8] { pickle(")") + [UInt8](repeating: 0x85, count: depth - 1) + pickle(".") }
    #expect(try error(nested(RenderLimits.depth)) == nil)
    #expect(try error(nested(RenderLimits.depth + 1)) == .tooBig)
    #expect(try error(nested(200_000)) == .tooBig)
  }

  /// `sys.get_int_max_str_digits()`: 10^4300 - 1 has a text, 10^4300 has none.
  @Test func integersOfMoreDigitsThanPythonShows() throws {
    let nines = "L" + String(repeating: "9", count: 4300) + "L\n."
    #expect(try error(pickle(nines)) == nil)
    var limit = try BigInteger(decimal: [UInt8](repeating: 0x39, count: 4300).rawBytes)
    var out: [UInt8] = []
    try limit.appendDecimal(into: &out)
    #expect(out == [UInt8](repeating: 0x39, count: 4300))
    out = []
    try limit.appendDigits(bitsPerDigit: 4, into: &out)
    // The bytes of 10^4300: the hexadecimal digits of 10^4300 - 1, plus one.
    var bytes: [UInt8] = []
    if out.count % 2 == 1 { out.insert(0x30, at: 0) }
    for index in stride(from: out.count - 2, through: 0, by: -2) {
      bytes += TestSupport.bytes(hex: String(decoding: out[index...index + 1], as: UTF8.self))
    }
    bytes.append(0)
    #expect(BigInteger(twosComplement: bytes.rawBytes) == limit)
    var index = 0
    while bytes[index] == 255 { (bytes[index], index) = (0, index + 1) }
    bytes[index] += 1
    limit = BigInteger(twosComplement: bytes.rawBytes)
    #expect(throws: RenderError.tooBig) { try limit.appendDecimal(into: &out) }
    let million: [UInt8] = [0x8B, 0x40, 0x42, 0x0F, 0x00] + [UInt8](repeating: 0x5A, count: 1_000_000) + [0x2E]
    #expect(try error(million) == .tooBig)
  }

  @Test func textThatGrowsBeyondItsLimit() throws {
    // Five million bytes that are four characters each.
    let frame: [UInt8] = [0x58, 0x40, 0x4B, 0x4C, 0x00] + [UInt8](repeating: 1, count: 5_000_000) + [0x2E]
    #expect(try error(frame) == .tooBig)
  }

  @Test func aHugePrecision() throws {
    var out: [UInt8] = []
    #expect(throws: RenderError.tooBig) {
      try out.appendFloat(1, .fixed, precision: .max)
    }
    try out.appendFloat(0.1, .exponent, precision: 2000)
    #expect(out.count == 2006)
  }
}
