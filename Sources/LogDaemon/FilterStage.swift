import Dispatch
import LogListeners
import LogRecords
import Pickle

/// The filters of a pipeline that look at each record, and what they have to say.
///
/// A record that finds no room is offered again: what was decided about it then stands, so that no
/// filter sees it twice.
struct FilterStage: ~Copyable {
  private let filters: [PlannedFilter]
  /// By filter; nil where it has no pattern.
  private var matchers: [PatternMatcher?]
  private let levelNameSlot: Int
  /// Whether `passing` is about the record that is offered now.
  private var isDecided = false
  /// The handlers that the present record goes to.
  private(set) var passing: [Int] = []
  /// What is to be written before anything else, in order.
  private(set) var due: [(handler: Int, summary: RecordSummary)] = []
  /// When a filter has something to say next, or earlier: nanoseconds of the clock of `now`.
  var nextDeadline: UInt64 { due.isEmpty ? nextSummary : retry }
  private var nextSummary = UInt64.max
  private var retry: UInt64 = 0
  private var text: [UInt8] = []
  /// How long a summary that found no room waits, unless a record comes before. Nanoseconds.
  static let retryNanoseconds: UInt64 = 100_000_000

  init(_ filters: [PlannedFilter], levelNameSlot: Int) {
    self.filters = filters
    self.levelNameSlot = levelNameSlot
    matchers = filters.map { $0.filter.pattern.map { PatternMatcher($0) } }
  }

  var isEmpty: Bool { filters.isEmpty }

  /// A listener's peers are hosts and users: one that connects again, or many times, is the same.
  private static func source(_ peer: Peer) -> Int {
    var hasher = Hasher()
    hasher.combine(peer.listener)
    hasher.combine(peer.address)
    return hasher.finalize()
  }

  /// Nanoseconds of a clock that does not go back.
  static var now: UInt64 { DispatchTime.now().uptimeNanoseconds }

  // MARK: Records

  /// Decides which handlers a record goes to.
  mutating func decide(
    _ reader: borrowing RecordReader, _ pickle: RawSpan, _ level: Int, _ name: [UInt8],
    _ tree: borrowing LoggerTree, route: Int, _ state: inout RenderState, from peer: Peer
  ) {
    guard !isDecided else { return }
    let record = reader.values
    isDecided = true
    passing.removeAll(keepingCapacity: true)
    var subject = RecordFilter.Subject(origin: peer.origin, peer: FilterStage.source(peer))
    subject.logger = name
    subject.level = level
    subject.levelName = FilterStage.levelName(record[levelNameSlot], level, pickle)
    if let place = RecordMessage.place(in: record) {
      decide(subject, pickle.extracting(place), tree, route)
      return
    }
    var text: [UInt8] = []
    swap(&text, &self.text)
    text.removeAll(keepingCapacity: true)
    let unshown = state.unshown
    state.renderer.reset(pickleBytes: pickle.byteCount)
    RecordMessage.append(record, pickle, &state, into: &text)
    // The formatter will come to the same, and count it.
    state.unshown = unshown
    decide(subject, text.rawBytes, tree, route)
    text.trimText()
    swap(&text, &self.text)
  }

  private mutating func decide(
    _ subject: RecordFilter.Subject, _ message: RawSpan, _ tree: borrowing LoggerTree, _ route: Int
  ) {
    let now = FilterStage.now
    for number in tree.filters(ofRoute: route) {
      guard passes(number, subject, message, now, tree) else { return }
    }
    for index in tree.targets(of: route) {
      let target = tree.target(index)
      guard subject.level >= target.lowest, subject.level <= target.highest else { continue }
      var passes = true
      for number in tree.filters(ofTarget: index) where passes {
        passes = self.passes(number, subject, message, now, tree)
      }
      if passes { passing.append(target.handler) }
    }
  }

  private mutating func passes(
    _ number: Int, _ subject: RecordFilter.Subject, _ message: RawSpan, _ now: UInt64, _ tree: borrowing LoggerTree
  ) -> Bool {
    if matchers[number]?.matches(message) == false { return false }
    guard filters[number].filter.hasState else { return true }
    var summaries: [RecordSummary] = []
    let passes = filters[number].filter.passes(subject, message: message, now: now, summaries: &summaries)
    for summary in summaries { add(summary, of: number, tree) }
    if !passes { nextSummary = min(nextSummary, filters[number].filter.nextDeadline) }
    return passes
  }

  private static func levelName(_ value: PickleValue?, _ level: Int, _ pickle: RawSpan) -> [UInt8] {
    var name: [UInt8] = []
    if let value, value.kind == .string, !value.inScratch {
      name.append(pickle.extracting(value.offset..<value.offset + Int(value.length)))
      return name
    }
    let known = Configuration.LevelName.python.first { $0.number == level }
    return Array((known?.name ?? "Level \(level)").utf8)
  }

  /// The record was taken, or goes nowhere: the next one is another.
  mutating func finish() { isDecided = false }

  // MARK: Summaries

  /// A handler's filter speaks to the handler, a logger's to all handlers that the logger's records of
  /// that level go to. No other filter has a say in it.
  private mutating func add(_ summary: RecordSummary, of number: Int, _ tree: borrowing LoggerTree) {
    if let handler = filters[number].handler {
      due.append((handler, summary))
      return
    }
    for target in tree.resolve(summary.logger).targets where target.levels.contains(summary.level) {
      due.append((target.handler, summary))
    }
  }

  /// Makes everything due that is by then; `UInt64.max`: all there is.
  mutating func meetDeadline(_ now: UInt64, _ tree: borrowing LoggerTree) {
    retry = now.addingReportingOverflow(FilterStage.retryNanoseconds).partialValue
    guard nextSummary <= now else { return }
    nextSummary = .max
    for (number, planned) in filters.enumerated() where planned.filter.hasState {
      for summary in planned.filter.takeSummaries(now) { add(summary, of: number, tree) }
      nextSummary = min(nextSummary, planned.filter.nextDeadline)
    }
  }

  /// The first of `due` has been written.
  mutating func removeFirst() { due.removeFirst() }

  /// What could not be written yet, and goes on in another pipeline.
  mutating func carry(_ summaries: [(handler: Int, summary: RecordSummary)]) { due += summaries }
}

/// A filter that looks at records, where the configuration uses it.
public struct PlannedFilter: Sendable {
  let filter: RecordFilter
  /// The handler's place in the configuration; nil: it is a logger's.
  let handler: Int?
}
