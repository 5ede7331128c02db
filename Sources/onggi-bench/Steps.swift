import LogRecords
import Pickle
import SharedState

struct StepOptions {
  enum Step: String {
    /// `RecordReader`: a stock record's fields, without a stack.
    case read
    /// `Unpickler`: the general machine, which takes every other pickle.
    case decode
    /// `LogFormatter`, into memory, after `read`.
    case format
    /// The same line from a `{`-format, and from a `$`-format.
    case brace, dollar
  }

  var records: Int
  var seed: UInt64
  var json: Bool
  /// nil: all of them, one after the other.
  var only: Step?
}

/// The steps of a record's way between two system calls, each repeated by itself over the same
/// records.
struct Steps {
  /// Different records that are gone through over and over: more than a processor's caches hold of
  /// the first level, not more than of the last.
  static let corpusRecords = 4096
  /// Other programs disturb some rounds, hardly all.
  private static let rounds = 10
  /// Bytes for a line, in whole pages; every line of the corpus fits.
  private static let lineSize = 8192

  private let options: StepOptions
  private let corpus: Corpus
  /// The corpus and the bytes that may be read behind it.
  private let bytes: [UInt8]

  init(_ options: StepOptions) {
    self.init(Corpus(records: min(options.records, Steps.corpusRecords), seed: options.seed), options)
  }

  private init(_ corpus: Corpus, _ options: StepOptions? = nil) {
    self.options = options ?? StepOptions(records: corpus.count, seed: 0, json: false)
    self.corpus = corpus
    bytes = corpus.frames + Array(repeating: 0, count: RecordReader.padding)
  }

  /// Nanoseconds of CPU for each record. `format` contains no `read`: what that costs is taken off.
  func figures() throws(BenchError) -> Figures {
    var figures = Figures()
    figures.add("records", Double(options.records))
    figures.add("bytes_per_record", Double(corpus.frames.count) / Double(corpus.count), digits: 1)
    switch options.only {
    case .read: figures.add("read_ns", try read(), digits: 1)
    case .decode: figures.add("decode_ns", try decode(), digits: 1)
    case .format: figures.add("read_and_format_ns", try format(.percent), digits: 1)
    case .brace: figures.add("read_and_brace_ns", try format(.brace), digits: 1)
    case .dollar: figures.add("read_and_dollar_ns", try format(.dollar), digits: 1)
    case nil:
      let read = try read()
      figures.add("read_ns", read, digits: 1)
      figures.add("decode_ns", try decode(), digits: 1)
      figures.add("format_ns", try format(.percent) - read, digits: 1)
      figures.add("brace_ns", try format(.brace) - read, digits: 1)
      figures.add("dollar_ns", try format(.dollar) - read, digits: 1)
    }
    return figures
  }

  private func read() throws(BenchError) -> Double {
    var reader = RecordReader(keys: try StepFormatter(.percent).fields.keys)
    return try repeated { pickle throws(BenchError) in
      guard reader.read(padded(pickle), end: pickle.count) else {
        throw BenchError(message: "a record is not of the stock shape")
      }
    }
  }

  private func decode() throws(BenchError) -> Double {
    var unpickler = Unpickler()
    return try repeated { pickle throws(BenchError) in
      do throws(PickleError) {
        _ = try unpickler.load(bytes.rawBytes.extracting(pickle))
      } catch {
        throw BenchError(message: "a record cannot be decoded: \(error)")
      }
    }
  }

  private func format(_ style: FormatString.Style) throws(BenchError) -> Double {
    let built = try StepFormatter(style)
    var formatter = built.formatter
    var reader = RecordReader(keys: built.fields.keys)
    var state = RenderState()
    let window = try lineMemory()
    return try repeated { pickle throws(BenchError) in
      var line = LineBuffer(window.writable(0..<Steps.lineSize))
      guard reader.read(padded(pickle), end: pickle.count),
        formatter.append(reader.values, bytes.rawBytes.extracting(pickle), &state, into: &line)
      else { throw BenchError(message: "a record cannot be formatted") }
    }
  }

  /// Gives each record's lines as the built-in format writes them.
  static func lines(of corpus: Corpus, _ body: ([UInt8]) -> Void) throws(BenchError) {
    let steps = Steps(corpus)
    let built = try StepFormatter(.percent)
    var formatter = built.formatter
    var reader = RecordReader(keys: built.fields.keys)
    var state = RenderState()
    let window = try steps.lineMemory()
    for index in 0..<corpus.count {
      let pickle = corpus.pickle(index)
      var line = LineBuffer(window.writable(0..<lineSize))
      guard reader.read(steps.padded(pickle), end: pickle.count),
        formatter.append(reader.values, steps.bytes.rawBytes.extracting(pickle), &state, into: &line)
      else { throw BenchError(message: "a record cannot be formatted") }
      var text: [UInt8] = []
      text.append(window.bytes(0..<line.count))
      body(text)
    }
  }

  /// Does something with the pickles in turn; gives nanoseconds for each, of the fastest round.
  @inline(__always)
  private func repeated(_ body: (Range<Int>) throws(BenchError) -> Void) throws(BenchError) -> Double {
    let count = max(1, options.records / Steps.rounds)
    var fastest = Int.max
    var index = 0
    for _ in 0..<Steps.rounds {
      let start = Calls.cpuNanoseconds()
      for _ in 0..<count {
        try body(corpus.pickle(index))
        index = index + 1 < corpus.count ? index + 1 : 0
      }
      fastest = min(fastest, Calls.cpuNanoseconds() - start)
    }
    return Double(fastest) / Double(count)
  }

  @inline(__always)
  @_lifetime(borrow self)
  private func padded(_ pickle: Range<Int>) -> RawSpan {
    bytes.rawBytes.extracting(pickle.lowerBound..<pickle.upperBound + RecordReader.padding)
  }

  /// Memory of the kind that the daemon writes its lines to.
  private func lineMemory() throws(BenchError) -> MemoryWindow {
    do throws(SystemError) {
      let file = try MemoryFile(name: "onggi-bench", size: Steps.lineSize)
      let window = try MemoryWindow(reserving: Steps.lineSize)
      try window.map(file, 0..<Steps.lineSize, at: 0)
      return window
    } catch {
      throw BenchError(message: "\(error)")
    }
  }
}

/// The built-in format, and the fields that it shows.
private struct StepFormatter {
  private(set) var fields = RecordFields()
  var formatter: LogFormatter

  init(_ style: FormatString.Style) throws(BenchError) {
    let text =
      switch style {
      case .percent: "[%(asctime)s] [%(levelname)s] %(message)s"
      case .brace: "[{asctime}] [{levelname}] {message}"
      case .dollar: "[$asctime] [$levelname] $message"
      }
    do {
      let format = try FormatString(Array(text.utf8), style: style)
      formatter = LogFormatter(format, time: try AscTime(converter: .zone(.utc)), fields: &fields)
    } catch {
      throw BenchError(message: "the format is refused: \(error)")
    }
  }
}
