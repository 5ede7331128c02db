public import Pickle

/// The fields of records that anybody asks for, each with the slot a `RecordReader` keeps it in.
public struct RecordFields: Sendable {
  /// What the way of a record itself needs; always the first slots.
  public enum Slot {
    public static let name = 0
    public static let levelNumber = 1
    public static let message = 2
    public static let arguments = 3
    public static let created = 4
    public static let milliseconds = 5
    public static let exceptionText = 6
    public static let stackInfo = 7
  }

  public private(set) var names: [[UInt8]] = [
    "name", "levelno", "msg", "args", "created", "msecs", "exc_text", "stack_info",
  ].map { Array($0.utf8) }
  /// Of `levelname`, which a filter's summary repeats.
  public private(set) var levelNameSlot = 0

  public init() { levelNameSlot = slot(Array("levelname".utf8)) }

  /// The slot of a field, which is made when the name is new.
  mutating func slot(_ name: [UInt8]) -> Int {
    if let slot = names.firstIndex(of: name) { return slot }
    names.append(name)
    return names.count - 1
  }

  /// The table for the records' readers.
  public var keys: KeyTable { KeyTable(names) }
}

/// A value that does not come from a pickle: text or a number of our own.
public struct OwnValue: Sendable {
  /// A slice is one of `bytes`.
  public let value: PickleValue
  public let bytes: [UInt8]

  public init(_ value: PickleValue) {
    self.value = value
    bytes = []
  }

  public init(text: [UInt8]) {
    value = .slice(.string, offset: 0, length: text.count)
    bytes = text
  }

  /// What `logging.makeLogRecord` gives an attribute that the sender left out; nil for anything that
  /// is no attribute, or a `Receiver.Field`.
  static func standard(_ name: [UInt8]) -> OwnValue? {
    switch String(decoding: name, as: UTF8.self) {
    case "name", "levelno", "funcName", "exc_info", "exc_text", "stack_info", "taskName": OwnValue(.none)
    case "msg", "pathname", "filename", "module": OwnValue(text: [])
    case "levelname": OwnValue(text: Array("Level None".utf8))
    case "lineno": OwnValue(.integer(0))
    case "threadName": OwnValue(text: Array("MainThread".utf8))
    case "processName": OwnValue(text: Array("MainProcess".utf8))
    default: nil
    }
  }
}
