import LogDaemon
import LogRecords
import Pickle

/// What a daemon with the built-in format has to write of a corpus, and what it wrote.
///
/// Lines are compared without their time, whose zone is the daemon's, and without their order, which is
/// each connection's own: as the sum of hashes that differ for every text.
struct ExpectedLines {
  private let path: String
  /// Bytes of the file before.
  private let start: Int
  /// By record of the corpus: bytes and hash of its lines.
  private let records: [(bytes: Int, hash: UInt64)]
  private var bytes = 0
  private var hash: UInt64 = 0
  /// Sends that are not in the file yet: when, and the file's size when they are.
  private var waiting: [(moment: Int, size: Int)] = []
  private var firstWaiting = 0
  /// Nanoseconds from each send to its last line in the file.
  private var delays: [Int] = []

  init(_ corpus: Corpus, _ path: String) throws(BenchError) {
    self.path = path
    start = Calls.size(path) ?? 0
    var lines: [(bytes: Int, hash: UInt64)] = []
    try Steps.lines(of: corpus) { text in lines.append((text.count, ExpectedLines.hash(of: text[...]))) }
    records = lines
  }

  mutating func sent(_ range: Range<Int>, isTimed: Bool) {
    for record in records[range] {
      bytes += record.bytes
      hash &+= record.hash
    }
    if isTimed { waiting.append((Calls.nanoseconds(), start + bytes)) }
  }

  /// Looks how much stands in the file.
  mutating func look() {
    guard firstWaiting < waiting.count, let size = Calls.size(path) else { return }
    let now = Calls.nanoseconds()
    while firstWaiting < waiting.count, waiting[firstWaiting].size <= size {
      delays.append(now - waiting[firstWaiting].moment)
      firstWaiting += 1
    }
  }

  /// Waits until all is there, or nothing more comes.
  mutating func wait(milliseconds: Int, quiet: Int) {
    let deadline = Calls.nanoseconds() + milliseconds * 1_000_000
    var last = -1
    var grown = Calls.nanoseconds()
    while Calls.nanoseconds() < deadline {
      look()
      let size = Calls.size(path) ?? 0
      if size >= start + bytes { return }
      if size != last { grown = Calls.nanoseconds() }
      if Calls.nanoseconds() - grown > quiet * 1_000_000 { return }
      last = size
      Calls.sleep(until: Calls.nanoseconds() + Load.lookNanoseconds)
    }
  }

  /// Fails when the file does not hold what was sent.
  func add(to figures: inout Figures) throws(BenchError) {
    guard let text = try? SystemFiles.read(path, limit: Int.max), text.count >= start else {
      throw BenchError(message: "\(path) cannot be read; a file that rotates cannot be compared")
    }
    let written = text.count - start
    figures.add("bytes_missing", Double(bytes - written))
    if !delays.isEmpty {
      let sorted = delays.sorted()
      for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99_9", 0.999), ("max", 1)] {
        let index = min(sorted.count - 1, Int(Double(sorted.count) * share))
        figures.add("latency_\(name)_ms", Double(sorted[index]) / 1e6, digits: 3)
      }
    }
    guard written == bytes, ExpectedLines.hash(of: text[start...]) == hash else {
      throw BenchError(message: "\(path) does not hold what was sent: \(written) bytes of \(bytes)")
    }
  }

  /// The bytes of `[2026-11-22 10:00:00,123] `, with which a record's first line begins.
  private static var stampSize: Int { 26 }

  /// The sum of the hashes of all lines.
  private static func hash(of text: ArraySlice<UInt8>) -> UInt64 {
    var sum: UInt64 = 0
    var start = text.startIndex
    while start < text.endIndex {
      let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.endIndex
      var hash: UInt64 = 0
      for byte in text[start..<end].dropFirst(text[start] == UInt8(ascii: "[") ? stampSize : 0) {
        hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
      }
      var mixed = SplitMix64(state: hash)
      sum &+= mixed.next()
      start = end + 1
    }
    return sum
  }
}
