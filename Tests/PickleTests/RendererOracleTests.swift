import Foundation
import TestSupport
import Testing

@testable import Pickle

/// The renderer against a real interpreter, with random values.
@Suite struct RendererOracleTests {
  @Test(.enabled(if: PythonOracle.found != nil))
  func floats() throws {
    let python = try #require(PythonOracle.found)
    var random = SeededGenerator("floats")
    var values: [Double] = [0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
    values += (-1074...1023).map { Double(sign: .plus, exponent: $0, significand: 1) }
    values += (-323...308).compactMap { Double("1e\($0)") }
    for _ in 0..<12_000 {
      switch random.below(5) {
      case 0: values.append(Double(bitPattern: random.next()))
      case 1: values.append(Double(random.below(1 << 53)) / Double(1 << random.below(62)))
      case 2: values.append(Double(random.below(1_000_000) - 500_000) / 1000)
      // Ties of two shortest digits, and of roundings.
      case 3: values.append(Double(1 << (30 + random.below(22))) + Double(random.below(64)) / 64)
      default: values.append(Double("\(random.below(1 << 40))e\(random.below(600) - 310)") ?? 0)
      }
    }
    var requests: [String] = []
    var results: [String] = []
    for value in values {
      let form = [FloatForm.fixed, .exponent, .general][random.below(3)]
      let alternate = random.below(2) == 1
      let precision = random.below(random.below(20) == 0 ? 1100 : 20)
      let letter = ["f", "e", "g"][form == .fixed ? 0 : form == .exponent ? 1 : 2]
      requests.append("\(hex64(value)) %\(alternate ? "#" : "").\(precision)\(letter)")
      var out: [UInt8] = []
      out.appendFloatRepr(value)
      out.append(0x20)
      try out.appendFloat(value, form, precision: precision, alternate: alternate)
      results.append(String(decoding: out, as: UTF8.self))
    }
    let script = """
      import struct, sys
      for line in sys.stdin:
          bits, form = line.split()
          value, = struct.unpack('>d', bytes.fromhex(bits))
          print(repr(value), form % value)
      """
    try compare(python.lines(script, requests), results, requests)
  }

  @Test(.enabled(if: PythonOracle.found != nil))
  func integers() throws {
    let python = try #require(PythonOracle.found)
    var random = SeededGenerator("integers")
    var requests: [String] = []
    var results: [String] = []
    for _ in 0..<4000 {
      let length = 1 + random.below([4, 12, 100, 1900][random.below(4)])
      var bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      if random.below(3) == 0 { bytes = bytes.map { _ in bytes[0] > 127 ? 255 : 0 } + [bytes[0]] }
      requests.append(hex(bytes))
      let value = BigInteger(twosComplement: bytes.rawBytes)
      var out: [UInt8] = []
      do throws(RenderError) {
        try value.appendDecimal(into: &out)
      } catch {
        out.appendASCII("error")
      }
      for bits in [1, 3, 4] {
        out.append(0x20)
        try value.appendDigits(bitsPerDigit: bits, into: &out)
      }
      out.append(0x20)
      if let float = value.asDouble { out.appendFloatRepr(float) } else { out.appendASCII("error") }
      results.append(String(decoding: out, as: UTF8.self))
    }
    let script = """
      import sys
      sys.set_int_max_str_digits(4300)
      def attempt(convert, value):
          try:
              return str(convert(value))
          except (ValueError, OverflowError):
              return 'error'
      for line in sys.stdin:
          value = int.from_bytes(bytes.fromhex(line), 'little', signed=True)
          digits = ['{:b} {:o} {:x}'.format(abs(value), abs(value), abs(value))]
          print(attempt(str, value), *digits, attempt(float, value))
      """
    try compare(python.lines(script, requests), results, requests)
  }

  @Test(.enabled(if: PythonOracle.current != nil))
  func everyCodePointIsAsPrintableAsInPython() throws {
    let python = try #require(PythonOracle.current)
    let script = "for c in range(0x110000): print(int(chr(c).isprintable()))"
    let expected = try python.lines(script)
    #expect(expected.count == 0x110000)
    for (codePoint, line) in expected.enumerated() where CodePoint.isPrintable(UInt32(codePoint)) != (line == "1") {
      Issue.record("U+\(String(codePoint, radix: 16))")
    }
  }

  @Test(.enabled(if: PythonOracle.current != nil))
  func nestedValues() throws {
    let python = try #require(PythonOracle.current)
    var random = SeededGenerator("nestedValues")
    let lines = try python.lines(RendererOracleTests.nestedValuesScript, ["\(random.next() >> 32)"])
    #expect(lines.count == 4000)
    var unpickler = Unpickler()
    var renderer = Renderer()
    for line in lines {
      let fields = line.split(separator: " ", omittingEmptySubsequences: false)
      try #require(fields.count == 4)
      let frame = bytes(hex: fields[0])
      let value = try unpickler.load(frame.rawBytes)
      renderer.reset(pickleBytes: frame.count)
      var texts: [[UInt8]] = [[], [], []]
      try renderer.str(value, unpickler.arena, frame.rawBytes, into: &texts[0])
      try renderer.repr(value, unpickler.arena, frame.rawBytes, into: &texts[1])
      try renderer.ascii(value, unpickler.arena, frame.rawBytes, into: &texts[2])
      #expect(texts.map { hex($0) } == fields.dropFirst().map(String.init), "\(fields[0])")
    }
  }

  private static let nestedValuesScript = """
    import pickle, random, struct
    R = random.Random(int(input()))
    LETTERS = 'ab \\'"\\\\\\n\\t\\x00\\x7f\\xa0\\xad\\xe9\\uac00\\ud55c\\u200b\\ud800\\udcff\\ue000\\U0001f600\\U000e0100'

    def text():
        return ''.join(R.choice(LETTERS) for _ in range(R.randrange(20)))

    def number():
        return R.choice((R.randrange(-300, 300), R.getrandbits(R.randrange(1, 300)), R.random() * 10 ** R.randrange(-9, 25)))

    def value(depth):
        choice = R.randrange(14 if depth < 5 else 7)
        if choice < 2: return number()
        if choice < 4: return text()
        if choice == 4: return R.choice((None, True, False, ..., NotImplemented))
        if choice == 5: return R.choice((bytes, bytearray))(R.randbytes(R.randrange(9)))
        if choice == 6: return complex(R.choice((0.0, -0.0, 1.5, 1e16)), R.choice((0.0, -0.0, -2.0, float('nan'))))
        if choice < 9: return [value(depth + 1) for _ in range(R.randrange(5))]
        if choice == 9: return tuple(value(depth + 1) for _ in range(R.randrange(4)))
        if choice == 10: return {R.choice((text(), number(), (1, 'a'))): value(depth + 1) for _ in range(R.randrange(4))}
        if choice == 11: return R.choice((set, frozenset))([7, 'x'][:R.randrange(2)])
        items = [value(depth + 1)]
        items.append(R.choice((items, {'me': items}, (items, items))))
        return items

    for _ in range(4000):
        data = pickle.dumps(value(0), R.randrange(6))
        made = pickle.loads(data)
        print(data.hex(), *(style(made).encode('utf-8', 'surrogatepass').hex() for style in (str, repr, ascii)))
    """

  private func hex64(_ value: Double) -> String {
    var out: [UInt8] = []
    out.appendHex(value.bitPattern, width: 16)
    return String(decoding: out, as: UTF8.self)
  }

  private func compare(_ expected: [String], _ results: [String], _ requests: [String]) {
    #expect(expected.count == results.count)
    for (index, line) in expected.enumerated() where index < results.count {
      #expect(results[index] == line, "\(requests[index])")
    }
  }
}
