import Glibc
import LogDaemon
import LogRecords
import Pickle

/// `onggi decode`: frames as lines of JSON. Goes on behind a bad frame; the exit status tells.
func decode(typed: Bool, bare: Bool, file: String?) -> Int32 {
  guard let bytes = input(file) else { return ExitStatus.noInput }
  var decoder = FrameDumper(typed: typed)
  if bare {
    decoder.append(bytes.rawBytes)
  } else {
    decoder.appendFrames(bytes.rawBytes)
  }
  guard decoder.flush() else { return ExitStatus.failure }
  return decoder.failed ? ExitStatus.data : ExitStatus.success
}

/// The bytes of a file or of standard input; nil, and a message, when they cannot be read.
private func input(_ file: String?) -> [UInt8]? {
  do {
    if let file, file != "-" { return try SystemFiles.read(file, limit: DecodeLimits.input) }
    return try SystemFiles.read(STDIN_FILENO, limit: DecodeLimits.input)
  } catch {
    complain("\(file ?? "standard input"): \(error)")
    return nil
  }
}

enum DecodeLimits {
  /// Bytes of input that are read at most.
  static let input = 1 << 30
  /// Bytes of output that are collected before they are written.
  static let output = 1 << 16
}

private struct FrameDumper: ~Copyable {
  private var unpickler = Unpickler()
  private var json: PickleJSON
  private var output: [UInt8] = []
  private(set) var failed = false

  init(typed: Bool) { json = PickleJSON(typed ? .typed : .readable) }

  mutating func appendFrames(_ bytes: RawSpan) {
    var at = 0
    while at < bytes.byteCount {
      guard bytes.byteCount - at >= Frame.headerSize else {
        return fail("truncated", offset: bytes.byteCount - at)
      }
      let length = Frame.length(bytes, at: at)
      guard length <= bytes.byteCount - at - Frame.headerSize else {
        return fail("truncated", offset: bytes.byteCount - at)
      }
      let start = at + Frame.headerSize
      append(bytes.extracting(start..<start + length))
      at = start + length
    }
  }

  /// One pickle as one line.
  mutating func append(_ pickle: RawSpan) {
    let start = output.count
    do throws(PickleError) {
      let value = try unpickler.load(pickle)
      // Whoever asks for one waits for it.
      json.reset(pickleBytes: PickleLimits.bytes)
      do throws(RenderError) {
        try json.append(value, unpickler.arena, pickle, into: &output)
      } catch {
        output.removeSubrange(start...)
        return fail("too_big", offset: unpickler.consumed)
      }
    } catch {
      return fail(error.code.rawValue, offset: error.offset)
    }
    endLine()
  }

  private mutating func fail(_ reason: String, offset: Int) {
    failed = true
    output.append(contentsOf: "{\"error\":{\"reason\":\"\(reason)\",\"offset\":\(offset)}}".utf8)
    endLine()
  }

  private mutating func endLine() {
    output.append(UInt8(ascii: "\n"))
    if output.count >= DecodeLimits.output { _ = flush() }
  }

  mutating func flush() -> Bool {
    let done = SystemFiles.write(output, to: STDOUT_FILENO)
    output.removeAll(keepingCapacity: true)
    return done
  }
}
