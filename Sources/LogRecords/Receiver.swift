import Pickle

/// Who receives records: what `logging.makeLogRecord` gives attributes that the sender left out, where
/// that is no constant.
public struct Receiver: Sendable {
  private let process: Int64
  /// Nanoseconds since 1970.
  private let started: Int64
  private let now: @Sendable () -> Int64

  /// - Parameters:
  ///   - process: its number, which stands for its thread's too
  ///   - now: nanoseconds since 1970
  public init(process: Int32, now: @escaping @Sendable () -> Int64) {
    self.process = Int64(process)
    started = now()
    self.now = now
  }

  /// Of year 1970.
  init() { self.init(process: 0) { 0 } }

  /// An attribute that is the receiver's.
  enum Field: String, Sendable {
    case created, msecs, relativeCreated, thread, process
  }

  /// When a record came: asked once for each record, and only of those that do not say when they were
  /// made.
  struct Receipt: Sendable {
    fileprivate var serial: UInt32?
    fileprivate var time: Int64 = 0

    var seconds: Double { Double(time) / 1e9 }
    /// Whole ones, as from Python 3.10 on.
    var milliseconds: Double { Double(time % 1_000_000_000 / 1_000_000) }
  }

  /// - Parameter receipt: that of the last record, or of this one
  func receipt(_ record: RecordValues, _ receipt: inout Receipt) -> Receipt {
    if receipt.serial != record.serial { receipt = Receipt(serial: record.serial, time: now()) }
    return receipt
  }

  func value(_ field: Field, _ record: RecordValues, _ receipt: inout Receipt) -> PickleValue {
    switch field {
    case .thread, .process: .integer(process)
    case .created: .float(self.receipt(record, &receipt).seconds)
    case .msecs: .float(self.receipt(record, &receipt).milliseconds)
    case .relativeCreated: .float(Double(self.receipt(record, &receipt).time - started) / 1e6)
    }
  }
}
