/// What a writer notes before it writes: with it a later process finds out how much of an interrupted
/// write stands in the file.
public struct WriteIntent: Sendable, Equatable {
  /// The file, whatever its name is by then; an inode number alone is given to a new file soon.
  public var device: UInt64
  public var inode: UInt64
  public var bornSeconds: Int64
  public var bornNanoseconds: UInt64
  /// Bytes of the file before the write.
  public var length: Int
  /// Bytes and records to be written, the first ones that wait.
  public var bytes: Int
  public var records: Int

  public init(
    device: UInt64, inode: UInt64, bornSeconds: Int64, bornNanoseconds: UInt64, length: Int, bytes: Int, records: Int
  ) {
    self.device = device
    self.inode = inode
    self.bornSeconds = bornSeconds
    self.bornNanoseconds = bornNanoseconds
    self.length = length
    self.bytes = bytes
    self.records = records
  }
}

/// Cells of an intent, from `RingLayout.Cell.intent` on. The file's stay behind: they say where a torn
/// record is.
private enum IntentCell {
  static let isValid = 0
  static let head = 1
  static let headRecords = 2
  static let bytes = 3
  static let records = 4
  static let length = 5
  static let device = 6
  static let inode = 7
  static let bornSeconds = 8
  static let bornNanoseconds = 9
}

extension RingConsumer {
  private func cell(_ number: Int) -> Int { layout.cell(RingLayout.Cell.intent + number) }

  /// Notes a write that comes next. `advance` takes the note away, or `cancelIntent`.
  public func note(_ intent: WriteIntent) {
    memory.window.store(cell(IntentCell.head), head)
    memory.window.store(cell(IntentCell.headRecords), headRecords)
    memory.window.store(cell(IntentCell.bytes), UInt64(intent.bytes))
    memory.window.store(cell(IntentCell.records), UInt64(intent.records))
    memory.window.store(cell(IntentCell.length), UInt64(intent.length))
    memory.window.store(cell(IntentCell.device), intent.device)
    memory.window.store(cell(IntentCell.inode), intent.inode)
    memory.window.store(cell(IntentCell.bornSeconds), UInt64(bitPattern: intent.bornSeconds))
    memory.window.store(cell(IntentCell.bornNanoseconds), intent.bornNanoseconds)
    memory.window.store(cell(IntentCell.isValid), 1)
  }

  /// The write took nothing.
  public func cancelIntent() { memory.window.store(cell(IntentCell.isValid), 0) }

  /// The last write that was noted.
  private var lastIntent: WriteIntent {
    func number(_ cell: Int) -> Int { Int(truncatingIfNeeded: memory.window.load(cell) & 0x7fff_ffff_ffff_ffff) }
    return WriteIntent(
      device: memory.window.load(cell(IntentCell.device)), inode: memory.window.load(cell(IntentCell.inode)),
      bornSeconds: Int64(bitPattern: memory.window.load(cell(IntentCell.bornSeconds))),
      bornNanoseconds: memory.window.load(cell(IntentCell.bornNanoseconds)), length: number(cell(IntentCell.length)),
      bytes: number(cell(IntentCell.bytes)), records: number(cell(IntentCell.records)))
  }

  /// A write that a process was killed in; nil when there is none, or when it was over.
  public mutating func interruptedWrite() -> WriteIntent? {
    guard memory.window.load(cell(IntentCell.isValid)) != 0 else { return nil }
    let intent = lastIntent
    guard head == memory.window.load(cell(IntentCell.head)), intent.records <= pending(),
      intent.bytes == bytes(ofFirst: intent.records)
    else {
      cancelIntent()
      return nil
    }
    return intent
  }

  /// Takes `written` bytes of an interrupted write as done.
  public mutating func settle(_ intent: WriteIntent, written: Int) {
    guard written > 0 else { return cancelIntent() }
    let whole = records(in: written, of: intent.records)
    advance(bytes: written, records: whole, isTorn: bytes(ofFirst: whole) != written)
  }

  /// The file that has the start of the record that waits first; nil when none of it is written.
  public var tornFile: WriteIntent? {
    memory.window.load(layout.cell(RingLayout.Cell.torn)) == 0 ? nil : lastIntent
  }

  /// Goes back to the start of a torn record: the file with its first part is gone.
  public mutating func restartTornRecord() {
    guard pending() > 0 else { return }
    rewindToRecord()
  }
}

extension RingLayout {
  /// The first of the cells that a handler may keep for the next process. Those of its ring in the
  /// first queue's memory count.
  public var handlerCells: Int { cell(Cell.handler) }
}
