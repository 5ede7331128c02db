/// Writes a dictionary as CPython's pickler does in protocol 1, which is what `SocketHandler` sends.
struct PickleWriter {
  enum Value {
    case none
    case text(String)
    case integer(Int)
    case float(Double)
    case bool(Bool)
  }

  private(set) var bytes: [UInt8] = []
  private var memo = 0

  /// The whole pickle of a flat dictionary.
  static func dictionary(_ pairs: [(String, Value)]) -> [UInt8] {
    var writer = PickleWriter()
    writer.bytes.append(UInt8(ascii: "}"))
    writer.put()
    writer.bytes.append(UInt8(ascii: "("))
    for (key, value) in pairs {
      writer.append(.text(key))
      writer.append(value)
    }
    writer.bytes.append(UInt8(ascii: "u"))
    writer.bytes.append(UInt8(ascii: "."))
    return writer.bytes
  }

  private mutating func append(_ value: Value) {
    switch value {
    case .none: bytes.append(UInt8(ascii: "N"))
    case .bool(let truth): bytes.append(contentsOf: (truth ? "I01\n" : "I00\n").utf8)
    case .text(let text):
      bytes.append(UInt8(ascii: "X"))
      appendLittleEndian(UInt64(text.utf8.count), size: 4)
      bytes.append(contentsOf: text.utf8)
      put()
    case .float(let number):
      bytes.append(UInt8(ascii: "G"))
      appendLittleEndian(number.bitPattern.byteSwapped, size: 8)
    case .integer(let number):
      if let small = UInt8(exactly: number) {
        bytes.append(UInt8(ascii: "K"))
        bytes.append(small)
      } else if let short = UInt16(exactly: number) {
        bytes.append(UInt8(ascii: "M"))
        appendLittleEndian(UInt64(short), size: 2)
      } else if let word = Int32(exactly: number) {
        bytes.append(UInt8(ascii: "J"))
        appendLittleEndian(UInt64(UInt32(bitPattern: word)), size: 4)
      } else {
        // Protocol 1 has no longer binary integers: thread ids go as decimal text.
        bytes.append(contentsOf: "L\(number)L\n".utf8)
      }
    }
  }

  /// BINPUT, or LONG_BINPUT from the 257th text on.
  private mutating func put() {
    bytes.append(UInt8(ascii: memo < 256 ? "q" : "r"))
    appendLittleEndian(UInt64(memo), size: memo < 256 ? 1 : 4)
    memo += 1
  }

  private mutating func appendLittleEndian(_ word: UInt64, size: Int) {
    for index in 0..<size { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * index))) }
  }
}
