import LogRecords
import Pickle
import SharedState

/// A format, and a record in it. The first byte chooses the style and what the rest is: a format
/// that is validated or not, a date format, or a format of milliseconds.
enum FormatEntry {
  static func run(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let format = Array(bytes.dropFirst())
    let style = FormatString.Style.allCases[Int(first) % 3]
    do {
      switch first / 3 % 4 {
      case 0: line(try FormatString(format, style: style, validate: true), try AscTime(converter: .gmtime))
      case 1: line(try FormatString(format, style: style, validate: false), try AscTime(converter: .gmtime))
      case 2: line(try asctime(), try AscTime(datefmt: format, converter: .zone(.utc)))
      default:
        let milliseconds = try MillisecondsFormat(format)
        line(try asctime(), try AscTime(defaultMsecFormat: milliseconds, converter: .gmtime))
      }
    } catch {
      // A format that is refused says why by its type.
    }
  }

  private static func asctime() throws -> FormatString { try FormatString(Array("%(asctime)s".utf8), style: .percent) }

  /// Room for lines.
  private static let memory: QueueMemory = {
    do {
      let layout = QueueLayout(connections: 1, memory: 1 << 20, largestFrame: 4096, rings: 1)
      let memory = try QueueMemory(layout: layout, name: "fuzz")
      try memory.mapRing(0)
      return memory
    } catch {
      fatalError("no memory: \(error)")
    }
  }()

  /// The line of the record, twice: the second time with all that a formatter remembers.
  private static func line(_ format: FormatString, _ time: AscTime) {
    var fields = RecordFields()
    var formatter = LogFormatter(format, time: time, fields: &fields)
    var reader = RecordReader(keys: fields.keys)
    var state = RenderState()
    let pickle = record
    guard let value = try? state.unpickler.load(pickle.rawBytes) else { fatalError("a record of our own") }
    reader.set(value, state.unpickler.arena, pickle.rawBytes)
    let first = text(&formatter, reader, pickle, &state)
    let second = text(&formatter, reader, pickle, &state)
    promise(first == second, "the same record gives the same line")
    guard let first else { return }
    promise(first.last == UInt8(ascii: "\n"), "a line ends")
  }

  /// nil: the line is larger than the room.
  private static func text(
    _ formatter: inout LogFormatter, _ reader: borrowing RecordReader, _ pickle: [UInt8], _ state: inout RenderState
  ) -> [UInt8]? {
    state.origin = RecordOrigin(peer: Array("127.0.0.1:1".utf8), listener: Array("fuzz".utf8))
    state.renderer.reset(pickleBytes: pickle.count)
    return text(memory.window, &formatter, reader, pickle, &state)
  }

  private static func text(
    _ window: borrowing MemoryWindow, _ formatter: inout LogFormatter, _ reader: borrowing RecordReader,
    _ pickle: [UInt8], _ state: inout RenderState
  ) -> [UInt8]? {
    let room = RingProducer(memory.ring(0), window).room
    var line = LineBuffer(window.writable(room))
    guard formatter.append(reader.values, pickle.rawBytes, &state, into: &line) else { return nil }
    var text: [UInt8] = []
    text.append(window.bytes(room.lowerBound..<room.lowerBound + line.count))
    return text
  }

  /// A record with a value of each kind that formats tell apart, as `pickle.dumps(…, 2)` writes it.
  private static let record: [UInt8] = {
    var pickle: [UInt8] = [0x80, 2] + "}(".utf8
    func string(_ text: String) -> [UInt8] {
      [UInt8(ascii: "X")] + withLittleEndian(UInt32(text.utf8.count)) + text.utf8
    }
    func add(_ key: String, _ value: [UInt8]) { pickle += string(key) + value }
    add("name", string("app.db"))
    add("levelname", string("WARNING"))
    add("levelno", [UInt8(ascii: "K"), 30])
    add("msg", string("gr\u{fc}n \u{1f9ca} %s"))
    add("args", [UInt8(ascii: "K"), 7, 0x85])
    add("created", [UInt8(ascii: "G"), 0x41, 0xd9, 0x54, 0xfc, 0x40, 0x10, 0, 0])
    add("msecs", [UInt8(ascii: "G"), 0x40, 0x6f, 0x40, 0, 0, 0, 0, 0])
    add("lineno", [UInt8(ascii: "J"), 0xfe, 0xff, 0xff, 0xff])
    add("thread", [0x8a, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    add("exc_text", [UInt8(ascii: "N")])
    add("stack_info", [UInt8(ascii: "N")])
    add("flag", [0x88])
    add("raw", [UInt8(ascii: "U"), 2, 0xff, 0x41])
    add("list", "](K\u{1}K\u{2}e".utf8.map { $0 })
    add("extra", "}(".utf8 + string("key") + string("value") + "u".utf8)
    return pickle + "u.".utf8
  }()

  private static func withLittleEndian(_ number: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(8 * $0)) }
  }
}

/// libFuzzer's entry: see `Tests/Fuzz/run`.
@_cdecl("FuzzFormat")
public func fuzzFormat(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  FormatEntry.run(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
