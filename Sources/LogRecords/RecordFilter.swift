import Pickle
import Synchronization

/// A filter's part that looks at each record: pattern, then repetitions, then rate. A record that one
/// of them stops costs nothing of the next.
///
/// Each logger and each handler that names a filter has one of its own. All decode queues share it, so
/// that a rate is what it says whichever queue a record comes by. There is no clock in it.
public final class RecordFilter: Sendable {
  /// So many records in every `interval` nanoseconds, and `burst` at once.
  public struct Rate: Sendable {
    public var records: Int
    public var interval: UInt64
    public var burst: Int
    /// As the configuration spells it.
    public var text: String

    public init(records: Int, interval: UInt64, burst: Int, text: String) {
      self.records = records
      self.interval = interval
      self.burst = burst
      self.text = text
    }
  }

  /// A record as filters see it.
  public struct Subject: Sendable {
    public var logger: [UInt8] = []
    public var level = 0
    public var levelName: [UInt8] = []
    public var origin: RecordOrigin
    /// A seeded hash of the listener and the peer's host, or the peer's user.
    public var peer: Int

    public init(origin: RecordOrigin, peer: Int) {
      self.origin = origin
      self.peer = peer
    }
  }

  /// How long a rate limit keeps back before it says how much. Nanoseconds.
  public static let summaryInterval: UInt64 = 10_000_000_000

  public let name: String
  public let pattern: Pattern?
  /// Nanoseconds.
  private let window: UInt64?
  private let rate: Rate?
  private let state: Mutex<State>

  private struct State {
    var buckets: TokenBuckets?
    var recent = RecentRecords()
    var suppressed = SuppressedRecords()
    /// The key of the text that passed last: what "last message" means.
    var last: UInt64?
  }

  /// - Parameter dedupe: how long repetitions of a text are kept back, in nanoseconds
  public init(name: String, pattern: Pattern? = nil, dedupe: UInt64? = nil, rate: Rate? = nil) {
    self.name = name
    self.pattern = pattern
    window = dedupe
    self.rate = rate
    let buckets = rate.map { TokenBuckets(records: $0.records, interval: $0.interval, burst: $0.burst) }
    state = Mutex(State(buckets: buckets))
  }

  /// Whether who sent a record makes a difference.
  public var looksAtPeers: Bool { rate != nil }

  /// Whether the filter remembers records: otherwise its pattern is all there is.
  public var hasState: Bool { window != nil || rate != nil }

  /// When `takeSummaries` has something to give, or earlier. Nanoseconds; `UInt64.max`: never.
  public var nextDeadline: UInt64 { state.withLock { $0.suppressed.nextDeadline } }

  /// Whether a record passes, whose message the pattern has matched.
  ///
  /// - Parameters:
  ///   - now: nanoseconds of a clock that does not go back
  ///   - summaries: gets what is to be said in front of the record
  public func passes(
    _ subject: Subject, message: RawSpan, now: UInt64, summaries: inout [RecordSummary]
  ) -> Bool {
    var key: UInt64 = 0
    if window != nil {
      var hasher = Hasher()
      hasher.combine(subject.logger.count)
      hasher.combine(subject.logger.rawBytes)
      hasher.combine(subject.level)
      hasher.combine(message)
      // 0 stands for an empty place.
      key = UInt64(bitPattern: Int64(hasher.finalize())) | 1
    }
    let verdict = state.withLock { self.verdict(subject, key, now, &$0) }
    summaries += verdict.summaries
    if verdict.needsText {
      var text: [UInt8] = []
      text.append(message.extracting(0..<min(message.byteCount, RecordSummary.longestText + 1)))
      suppress(subject, key, RecordSummary.cut(text), until: verdict.until)
    }
    return verdict.passes
  }

  private struct Verdict {
    var passes = true
    var summaries: [RecordSummary] = []
    /// The first of a text's repetitions: the text is to be kept.
    var needsText = false
    var until: UInt64 = 0
  }

  private func verdict(_ subject: Subject, _ key: UInt64, _ now: UInt64, _ state: inout State) -> Verdict {
    var verdict = Verdict()
    if let window {
      switch state.recent.see(key, now: now, window: window) {
      case .repeated(let until):
        if state.suppressed.count(key) {
          verdict.passes = false
          return verdict
        }
        // Without a place to count it, it passes.
        if !state.suppressed.isFull {
          verdict.passes = false
          verdict.needsText = true
          verdict.until = until
          return verdict
        }
      case .first(let forgotten):
        if let forgotten { verdict.summaries += summary(forgotten, &state) }
        // A window that is over, and whose end nobody has looked at.
        verdict.summaries += summary(key, &state)
      }
    }
    if state.buckets != nil, state.buckets?.take(bucketKey(subject), now: now) == false {
      verdict.passes = false
      limit(subject, now, &state)
      return verdict
    }
    if window != nil, state.last != key {
      if let last = state.last { verdict.summaries += summary(last, &state) }
      state.last = key
    }
    return verdict
  }

  /// A peer's records of a logger have a bucket.
  private func bucketKey(_ subject: Subject) -> UInt64 {
    var hasher = Hasher()
    hasher.combine(subject.peer)
    hasher.combine(subject.logger.rawBytes)
    return UInt64(bitPattern: Int64(hasher.finalize())) | 1
  }

  private func suppress(_ subject: Subject, _ key: UInt64, _ text: [UInt8], until: UInt64) {
    state.withLock { state in
      // Another queue may have been faster.
      if state.suppressed.count(key) { return }
      let summary = RecordSummary(
        logger: subject.logger, level: subject.level, levelName: subject.levelName, message: text,
        origin: subject.origin)
      state.suppressed.add(key, .init(summary: summary, count: 1, due: until, isRepetition: true))
    }
  }

  private func limit(_ subject: Subject, _ now: UInt64, _ state: inout State) {
    // Even keys, which no text has.
    var key = bucketKey(subject) & ~1
    if state.suppressed.level(key) == nil, state.suppressed.isFull { key = 0 }
    if state.suppressed.count(key) {
      // The summary is as important as the most important of them.
      if let level = state.suppressed.level(key), subject.level > level {
        state.suppressed.raise(key, level: subject.level, name: RecordSummary.cut(subject.levelName))
      }
      return
    }
    let summary = RecordSummary(
      logger: subject.logger, level: subject.level, levelName: subject.levelName, message: [], origin: subject.origin)
    state.suppressed.add(
      key, .init(summary: summary, count: 1, due: now &+ RecordFilter.summaryInterval, isRepetition: false))
  }

  // MARK: Summaries

  /// Takes what is due by then; `UInt64.max`: everything.
  public func takeSummaries(_ now: UInt64) -> [RecordSummary] {
    state.withLock { state in
      state.suppressed.removeDue(now).map { key, group in
        finish(group, isLast: state.last == key, isShared: key == 0, &state)
      }
    }
  }

  private func summary(_ key: UInt64, _ state: inout State) -> [RecordSummary] {
    guard let group = state.suppressed.remove(key) else { return [] }
    return [finish(group, isLast: state.last == key, isShared: false, &state)]
  }

  /// syslogd's words where the text stands right above, and otherwise rsyslog's, which show it.
  private func finish(
    _ group: SuppressedRecords.Group, isLast: Bool, isShared: Bool, _ state: inout State
  ) -> RecordSummary {
    var summary = group.summary
    if !group.isRepetition {
      let whose = isShared ? " of several loggers and peers" : ""
      let rate = rate?.text ?? ""
      summary.message = Array("\(group.count) records\(whose) over \(rate) suppressed (filter \(name))".utf8)
      state.last = nil
    } else if isLast {
      summary.message = Array("last message repeated \(group.count) times".utf8)
    } else {
      let text = summary.message
      summary.message = Array("message repeated \(group.count) times: [".utf8) + text + "]".utf8
      state.last = nil
    }
    return summary
  }
}
