import Pickle

@testable import LogRecords

/// A value of a record that a test makes.
indirect enum TestValue: Sendable {
  case text(String)
  /// Text in the bytes that a pickle has for it, which need not be UTF-8.
  case raw([UInt8])
  case integer(Int32)
  case float(Double)
  case none
  case tuple([TestValue])
  case dictionary([String: TestValue])
}

/// A record's pickle in protocol 1, as `SocketHandler.makePickle` makes it.
func recordPickle(_ fields: [(String, TestValue)]) -> [UInt8] {
  Array("}(".utf8) + fields.flatMap { pickled(.text($0)) + pickled($1) } + Array("u.".utf8)
}

private func pickled(_ value: TestValue) -> [UInt8] {
  func little(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(8 * $0)) } }
  switch value {
  case .text(let text): return pickled(.raw(Array(text.utf8)))
  case .raw(let bytes): return [UInt8(ascii: "X")] + little(UInt32(bytes.count)) + bytes
  case .integer(let number): return [UInt8(ascii: "J")] + little(UInt32(bitPattern: number))
  case .float(let number):
    return [UInt8(ascii: "G")] + (0..<8).map { UInt8(truncatingIfNeeded: number.bitPattern >> UInt64(56 - 8 * $0)) }
  case .none: return [UInt8(ascii: "N")]
  case .tuple(let values): return [UInt8(ascii: "(")] + values.flatMap(pickled) + [UInt8(ascii: "t")]
  case .dictionary(let fields):
    return Array("}(".utf8) + fields.flatMap { pickled(.text($0.key)) + pickled($0.value) } + [UInt8(ascii: "u")]
  }
}

/// A formatter and what it needs to make a record's line.
final class LineMaker {
  private var formatter: LogFormatter
  private var reader: RecordReader
  private var state: RenderState
  /// Fields that had no text so far.
  var unshown: Int { state.unshown }
  /// Bytes of memory that wait for the next record's texts.
  var keptBytes: Int { state.text.capacity + state.field.capacity }
  var origin: RecordOrigin {
    get { state.origin }
    set { state.origin = newValue }
  }

  init(
    _ format: String, style: FormatString.Style = .percent, defaults: [([UInt8], OwnValue)] = [],
    errors: EncodingErrors = .backslashreplace, layout: LineLayout = LineLayout(), datefmt: String? = nil,
    receiver: Receiver = Receiver()
  ) throws {
    state = RenderState(receiver: receiver)
    state.origin = RecordOrigin(peer: Array("127.0.0.1:4000".utf8), listener: Array("tcp".utf8))
    var fields = RecordFields()
    formatter = LogFormatter(
      try FormatString(format, style), time: try AscTime(datefmt: datefmt.map { Array($0.utf8) }, converter: .gmtime),
      defaults: defaults, errors: errors,
      layout: layout, fields: &fields)
    reader = RecordReader(keys: fields.keys)
  }

  /// The line in a buffer of `size` bytes; nil: it does not fit.
  func line(_ pickle: [UInt8], size: Int = 1 << 16, general: Bool = false) throws -> [UInt8]? {
    state.renderer.reset(pickleBytes: pickle.count)
    var memory = [UInt8](repeating: 0xee, count: size)
    let padded = pickle + [UInt8](repeating: 0, count: RecordReader.padding)
    let frame = padded.rawBytes.extracting(0..<pickle.count)
    if general || !reader.read(padded.rawBytes, end: pickle.count) {
      let record = try state.unpickler.load(frame)
      reader.set(record, state.unpickler.arena, frame)
    }
    let count = LineMaker.append(&formatter, reader, frame, &state, &memory)
    return count.map { Array(memory[..<$0]) }
  }

  private static func append(
    _ formatter: inout LogFormatter, _ reader: borrowing RecordReader, _ frame: RawSpan,
    _ state: inout RenderState, _ memory: inout [UInt8]
  ) -> Int? {
    var span = memory.mutableSpan
    var line = unsafe LineBuffer(span.mutableBytes)
    return formatter.append(reader.values, frame, &state, into: &line) ? line.count : nil
  }
}
