import LogRecords
import Pickle

/// One pickle, read both ways and shown in every form there is.
enum PickleEntry {
  private static let keys = KeyTable(
    [
      "name", "levelno", "msg", "args", "created", "msecs", "exc_text", "stack_info", "levelname", "pathname",
      "filename", "module", "exc_info", "lineno", "funcName", "relativeCreated", "thread", "threadName",
      "processName", "process", "taskName",
    ].map { Array($0.utf8) })

  static func run(_ bytes: [UInt8]) {
    var unpickler = Unpickler()
    var reader = RecordReader(keys: keys)
    let padded = bytes + Array(repeating: 0xa5, count: RecordReader.padding)
    // Twice: the second time the reader knows the keys, and takes its shorter way.
    let isStock = reader.read(padded.rawBytes, end: bytes.count)
    let fast = isStock ? texts(reader, unpickler.arena, bytes) : []
    promise(reader.read(padded.rawBytes, end: bytes.count) == isStock, "a reader that knows the keys reads the same")
    if isStock {
      promise(texts(reader, unpickler.arena, bytes) == fast, "a reader that knows the keys gives the same values")
    }
    guard let value = try? unpickler.load(bytes.rawBytes) else { return }
    promise(unpickler.consumed <= bytes.count, "no byte behind the pickle is consumed")
    show(value, unpickler.arena, bytes)
    guard value.kind == .dictionary else {
      promise(!isStock, "what the reader takes for a record is one")
      return
    }
    showFields(value, unpickler.arena, bytes)
    if isStock {
      reader.set(value, unpickler.arena, bytes.rawBytes)
      promise(texts(reader, unpickler.arena, bytes) == fast, "the reader and the machine give the same values")
    }
  }

  /// `repr()` of each slot's value.
  private static func texts(
    _ reader: borrowing RecordReader, _ arena: borrowing PickleArena, _ bytes: [UInt8]
  ) -> [[UInt8]?] {
    var texts: [[UInt8]?] = []
    for slot in 0..<keys.count {
      guard let value = reader.values[slot] else {
        texts.append(nil)
        continue
      }
      var renderer = Renderer()
      renderer.reset(pickleBytes: bytes.count)
      var text: [UInt8] = []
      try? renderer.repr(value, arena, bytes.rawBytes, into: &text)
      texts.append(text)
    }
    return texts
  }

  /// What a format shows of each field, on one account of work. Its `repr()` stands in the whole
  /// record's.
  private static func showFields(_ record: PickleValue, _ arena: borrowing PickleArena, _ bytes: [UInt8]) {
    var out: [UInt8] = []
    for charset in [Renderer.Charset.utf8, .latin1] {
      var renderer = Renderer(charset: charset)
      renderer.reset(pickleBytes: bytes.count)
      var cursor = arena.cursor(record)
      while let value = arena.next(&cursor) {
        out.removeAll(keepingCapacity: true)
        try? renderer.str(value, arena, bytes.rawBytes, into: &out)
        promise(out.count <= RenderLimits.text, "a text keeps its limit")
      }
    }
  }

  private static func show(_ value: PickleValue, _ arena: borrowing PickleArena, _ bytes: [UInt8]) {
    let before = Array("before".utf8)
    // Of a dictionary, `str()` is `repr()`.
    let styles: [TextStyle] = value.kind == .dictionary ? [.repr, .ascii] : [.str, .repr, .ascii]
    for charset in [Renderer.Charset.utf8, .latin1] {
      var renderer = Renderer(charset: charset)
      for style in styles {
        var out = before
        renderer.reset(pickleBytes: bytes.count)
        do throws(RenderError) {
          switch style {
          case .str: try renderer.str(value, arena, bytes.rawBytes, into: &out)
          case .repr: try renderer.repr(value, arena, bytes.rawBytes, into: &out)
          case .ascii:
            try renderer.ascii(value, arena, bytes.rawBytes, into: &out)
            promise(out.allSatisfy { $0 < 0x80 }, "ascii() is ASCII")
          }
          promise(out.starts(with: before), "what stood in the output stays")
          promise(out.count <= before.count + RenderLimits.text, "a text keeps its limit")
        } catch {
          promise(out == before, "an error leaves the output as it was")
        }
      }
    }
    for form in [PickleJSON.Form.typed, .readable] {
      var out = before
      var json = PickleJSON(form)
      json.reset(pickleBytes: bytes.count)
      do throws(RenderError) {
        try json.append(value, arena, bytes.rawBytes, into: &out)
        promise(!out.contains(UInt8(ascii: "\n")), "JSON is one line")
        promise(String(validating: out, as: UTF8.self) != nil, "JSON is UTF-8")
      } catch {
        promise(out == before, "an error leaves the output as it was")
      }
    }
  }
}

/// libFuzzer's entry: see `Tests/Fuzz/run`.
@_cdecl("FuzzPickle")
public func fuzzPickle(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  PickleEntry.run(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
