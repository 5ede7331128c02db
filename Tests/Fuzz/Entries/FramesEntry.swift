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
    let stream = bytes.dropFirst()
    let whole = take(Array(stream), reads: stream.count)
    let cut = take(Array(stream), reads: Int(first) + 1)
    // Where a stream is cut must not show. Only the moment at which a bad length is seen differs,
    // and with it nothing that was taken before.
    promise(whole.lines == cut.lines, "reads of any length give the same lines")
    promise(whole.frames == cut.frames, "reads of any length give the same frames")
  }

  private struct Result {
    var lines: [[UInt8]] = []
    var frames: UInt64 = 0
  }

  private static func take(_ stream: [UInt8], reads length: Int) -> Result {
    let window = memory.layout.input..<memory.layout.input + QueueLayout.inputSize
    var fields = RecordFields()
    let formatters = formatters(&fields)
    let everywhere = LoggerTree.Logger(name: [], level: 0, handlers: Array(0..<handlers))
    // Of a name's logger only the second handler is called.
    let one = LoggerTree.Logger(name: Array("app".utf8), level: 20, handlers: [1], propagate: false)
    let tree = LoggerTree(root: everywhere, loggers: [one], handlers: Array(repeating: .init(), count: handlers))
    let rings = (0..<handlers).map { RingProducer(memory.ring($0), memory.window) }
    var pipeline = Pipeline(
      memory: memory, largestFrame: largestFrame, fields: fields, tree: tree, formatters: formatters,
      outputs: rings.enumerated().map { Pipeline.Output(number: $0, handler: handler, ring: $1) }, charsets: [.utf8],
      namesPeers: true, ledger: QueueLedger(listeners: 1, handlers: handlers),
      // Always the same time.
      receiver: Receiver(process: 1) { 1_700_000_000_000_000_000 }, report: { _ in })
    var transaction = Transaction(memory.layout)
    let peer = Peer(listener: 0, origin: RecordOrigin(peer: Array("peer".utf8), listener: Array("fuzz".utf8)))

    var consumers = (0..<handlers).map { RingConsumer(memory, ring: $0) }
    var result = Result(lines: Array(repeating: [], count: handlers))
    var waiting: [UInt8] = []
    var offset = 0
    while offset < stream.count {
      let end = min(stream.count, offset + max(1, min(length, window.count / 2)))
      waiting += stream[offset..<end]
      offset = end
      let range = window.lowerBound..<window.lowerBound + waiting.count
      fill(memory.window, range, waiting)
      var attempts = 0
      var taken = pipeline.take(memory.window, range, from: peer)
      var consumed = taken.consumed
      while true {
        pipeline.commit(&transaction, memory.window)
        transaction.commit(memory.window)
        for number in consumers.indices { drain(&consumers[number], &result.lines[number]) }
        guard taken.outcome == .full else { break }
        attempts = taken.consumed > 0 ? 0 : attempts + 1
        promise(attempts < 4, "an empty ring has room, or the line is dropped")
        taken = pipeline.take(memory.window, range.lowerBound + consumed..<range.upperBound, from: peer)
        consumed += taken.consumed
      }
      promise(consumed >= 0 && consumed <= waiting.count, "no more is taken than there is")
      waiting.removeFirst(consumed)
      if taken.outcome == .done {
        promise(waiting.count < Frame.headerSize + largestFrame, "what waits is less than a frame")
      } else {
        offset = stream.count
      }
    }
    result.frames = pipeline.ledger.listeners[0].frames
    let ledger = pipeline.ledger
    let rejected = ledger.listeners[0].rejected.reduce(0, +)
    promise(result.frames == rejected + ledger.filtered + ledger.routed, "every frame is accounted for")
    return result
  }

  /// Puts the bytes into the window, and others behind them that nobody may look at.
  private static func fill(_ window: borrowing MemoryWindow, _ range: Range<Int>, _ bytes: [UInt8]) {
    let padded = bytes + Array(repeating: 0xa5, count: RecordReader.padding)
    var target = window.writable(range.lowerBound..<range.lowerBound + padded.count)
    target.copy(padded.rawBytes, to: 0)
  }

  /// Does what a file's writer does.
  private static func drain(_ ring: inout RingConsumer, _ lines: inout [UInt8]) {
    let records = ring.pending()
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

  private static func formatters(_ fields: inout RecordFields) -> [LogFormatter] {
    do {
      let all = "%(asctime)s %(name)-12s [%(levelname)5.3s] %(lineno)05d %(msecs)08.3f %(peer)s %(args)r %(message)s"
      let time = try AscTime(converter: .gmtime)
      return [
        LogFormatter(try FormatString(Array(all.utf8), style: .percent), time: time, fields: &fields),
        LogFormatter(
          try FormatString(Array("{levelno:>6} {created!r:.20} {message!a}".utf8), style: .brace), time: time,
          layout: LineLayout(escapesControlCharacters: true, newlines: .escape), fields: &fields),
      ]
    } catch {
      fatalError("a format of our own: \(error)")
    }
  }
}
