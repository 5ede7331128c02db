import LogListeners
import LogRecords
import Pickle
public import SharedState

/// What filters have to say of the records they kept back.
extension Pipeline {
  public var nextDeadline: UInt64 { stage.nextDeadline }

  public mutating func meetDeadline(_ now: UInt64, _ window: borrowing MemoryWindow) {
    stage.meetDeadline(now, tree)
    guard !stage.due.isEmpty else { return }
    rewind(window)
    _ = writeSummaries(window)
  }

  /// Writes what filters have to say, as records of the loggers they kept back. False: there is no room
  /// for some of it.
  mutating func writeSummaries(_ window: borrowing MemoryWindow) -> Bool {
    while case (let handler, var summary)? = stage.due.first {
      let pickle = summary.pickle(created: SystemFiles.wallTime())
      let padded = pickle + [UInt8](repeating: 0, count: RecordReader.padding)
      guard summaryReader.read(padded.rawBytes, end: pickle.count) else {
        // No bytes of a sender's make it unreadable. Were it otherwise, rather without a summary, whose records
        // were counted when they came, than without a daemon.
        stage.removeFirst()
        continue
      }
      swap(&reader, &summaryReader)
      isSummary = true
      savedUnflushed = unflushed
      swap(&state.origin, &summary.origin)
      let done = write(pickle.rawBytes, to: handler, level(), window)
      swap(&state.origin, &summary.origin)
      isSummary = false
      swap(&reader, &summaryReader)
      guard done else { return false }
      stage.removeFirst()
    }
    return true
  }

  /// What could not be written yet, by the handlers' numbers in the ledger: for the next pipeline.
  var summariesLeft: [(number: Int, summary: RecordSummary)] {
    stage.due.map { (numbers[$0.handler], $0.summary) }
  }

  /// Takes over what an earlier pipeline could not write; what is for handlers that are gone is lost.
  mutating func carry(_ summaries: [(number: Int, summary: RecordSummary)]) {
    stage.carry(
      summaries.compactMap { summary in numbers.firstIndex(of: summary.number).map { ($0, summary.summary) } })
  }
}
