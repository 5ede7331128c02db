import LogDaemon
import LogHandlers
import LogListeners
import LogRecords
import Pickle
import SharedState

/// A stream cut into reads: frames, partial frames and whatever else, through the whole pipeline
/// into rings.
///
/// The first byte chooses how long the reads are. Of the layouts of a queue only the input buffer is
/// used; a partial frame waits in front of the next read.
enum FramesEntry {
  private static let largestFrame = 4096
  private static let handlers = 2

  /// Made once: mapping memory costs more than all else.
  private static let memory: QueueMemory = {
    let layout = QueueLayout(connections: 1, memory: 1 << 20, largestFrame: largestFrame + 4, rings: handlers)
    do {
      let memory = try QueueMemory(layout: layout, name: "fuzz")
      for ring in 0..<handlers { try memory.mapRing(ring) }
      return memory
    } catch {
      fatalError("no memory: \(error)")
    }
  }()

  static func run(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    // Where it stands behind the end of a read is what nobody may look at: for one run what comes next
    // in the stream, for the other one nothing that belongs to it.
    let stream = Array(bytes.dropFirst().prefix(QueueLayout.readSize - RecordReader.padding))
    memory.window.put(stream + Array(repeating: 0xa5, count: RecordReader.padding), at: memory.layout.input)
    let whole = take(stream.count, reads: stream.count)
    let cut = take(stream.count, reads: Int(first) + 1)
    // Where a stream is cut must not show. Only the moment at which a bad length is seen differs,
    // and with it nothing that was taken before.
    promise(whole.lines == cut.lines, "reads of any length give the same lines")
    promise(whole.frames == cut.frames, "reads of any length give the same frames")
  }

  private struct Result {
    var lines: [[UInt8]] = []
    var frames: UInt64 = 0
  }

  /// Gives the first `count` bytes of the input buffer to a new pipeline.
  private static func take(_ count: Int, reads length: Int) -> Result {
    let rings = (0..<handlers).map { RingProducer(memory.ring($0), memory.window) }
    var pipeline = Pipeline(
      memory: memory, largestFrame: largestFrame, fields: plan.fields, tree: plan.tree, formatters: plan.formatters,
      outputs: rings.enumerated().map { Pipeline.Output(number: $0, handler: handler, ring: $1) }, charsets: [.utf8],
      namesPeers: true, ledger: QueueLedger(listeners: 1, handlers: handlers),
      // Always the same time.
      receiver: Receiver(process: 1) { 1_700_000_000_000_000_000 }, report: { _ in })
    var transaction = Transaction(memory.layout)
    var consumers = (0..<handlers).map { RingConsumer(memory, ring: $0) }
    var result = Result(lines: Array(repeating: [], count: handlers))
    var start = memory.layout.input
    let last = start + count
    var end = start
    while end < last {
      end = min(last, end + max(1, length))
      var attempts = 0
      var outcome = Taken.Outcome.full
      while outcome == .full {
        let taken = pipeline.take(memory.window, start..<end, from: peer)
        outcome = taken.outcome
        promise(taken.consumed >= 0 && taken.consumed <= end - start, "no more is taken than there is")
        start += taken.consumed
        attempts = taken.consumed > 0 ? 0 : attempts + 1
        promise(attempts < 4 || outcome != .full, "an empty ring has room, or the line is dropped")
        pipeline.commit(&transaction, memory.window)
        transaction.commit(memory.window)
        for number in consumers.indices { drain(&consumers[number], &result.lines[number]) }
      }
      guard outcome == .done else { break }
      promise(end - start < Frame.headerSize + largestFrame, "what waits is less than a frame")
    }
    let ledger = pipeline.ledger
    result.frames = ledger.listeners[0].frames
    let rejected = ledger.listeners[0].rejected.reduce(0, +)
    promise(result.frames == rejected + ledger.filtered + ledger.routed, "every frame is accounted for")
    return result
  }

  /// Does what a file's writer does.
  private static func drain(_ ring: inout RingConsumer, _ lines: inout [UInt8]) {
    let records = ring.pending()
    // Where nothing waits, there is no place where it begins.
    guard records > 0 else { return }
    let count = ring.bytes(ofFirst: records)
    append(memory.window, ring.start..<ring.start + count, &lines)
    ring.advance(bytes: count, records: records)
  }

  private static func append(_ window: borrowing MemoryWindow, _ range: Range<Int>, _ lines: inout [UInt8]) {
    lines.append(window.bytes(range))
  }

  /// A handler whose file is never opened: nobody flushes.
  private static let handler = FileHandler(
    options: FileOptions(path: "/dev/null", delay: true), rings: [], report: { _ in })

  private static let peer = Peer(
    listener: 0, origin: RecordOrigin(peer: Array("peer".utf8), listener: Array("fuzz".utf8)))

  /// What of a pipeline is the configuration's, made once.
  private struct Plan {
    var fields = RecordFields()
    let tree: LoggerTree
    let formatters: [LogFormatter]

    init() throws {
      let everywhere = LoggerTree.Logger(name: [], level: 0, handlers: Array(0..<handlers))
      // Of a name's logger only the second handler is called.
      let one = LoggerTree.Logger(name: Array("app".utf8), level: 20, handlers: [1], propagate: false)
      tree = LoggerTree(root: everywhere, loggers: [one], handlers: Array(repeating: .init(), count: handlers))
      let all = "%(asctime)s %(name)-12s [%(levelname)5.3s] %(lineno)05d %(msecs)08.3f %(peer)s %(args)r %(message)s"
      let time = try AscTime(converter: .gmtime)
      formatters = [
        LogFormatter(try FormatString(Array(all.utf8), style: .percent), time: time, fields: &fields),
        LogFormatter(
          try FormatString(Array("{levelno:>6} {created!r:.20} {message!a}".utf8), style: .brace), time: time,
          layout: LineLayout(escapesControlCharacters: true, newlines: .escape), fields: &fields),
      ]
    }
  }

  private static let plan: Plan = {
    do { return try Plan() } catch { fatalError("a format of our own: \(error)") }
  }()
}

/// libFuzzer's entry: see `Tests/Fuzz/run`.
@_cdecl("FuzzFrames")
public func fuzzFrames(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  FramesEntry.run(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
