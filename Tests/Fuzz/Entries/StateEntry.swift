import LogListeners
import SharedState

/// Memory that an earlier process left, damaged, and whether it is believed.
///
/// The first byte says at which moment that process was killed; what follows are changes to its
/// memory of ten bytes each. Either it is refused, or its rings can be emptied as a writer does it, and
/// then it is believed again. What else a start does with it is `RecoveryEntry`'s.
///
/// Each moment's memory is made once and put right after each input: to make it anew takes a hundred
/// times as long.
enum StateEntry {
  static func run(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let left = moments[Int(first) % moments.count]
    left.change(bytes)
    adopt(left)
    left.restore()
  }

  private static func adopt(_ left: LeftMemory) {
    let memory = left.memory
    // Memory of another layout is looked at where it stands, by `RecoveryEntry`.
    guard QueueLayout(stored: memory.window, fileSize: memory.file.size) == memory.layout else { return }
    left.saveCellsOfTransaction()
    do throws(StateError) {
      try memory.check()
    } catch {
      promise(!"\(error)".isEmpty, "what is refused is refused with a reason")
      return
    }
    _ = memory.isQuiet
    for ring in memory.usedRings { empty(RingConsumer(memory, ring: ring)) }
    promise(memory.areRingsEmpty, "what is believed can be written")
    do throws(StateError) {
      try memory.check()
    } catch {
      fatalError("broken: what was believed and written is believed again: \(error)")
    }
  }

  /// Does what a writer does that finds half of a write in its file.
  private static func empty(_ ring: RingConsumer) {
    var ring = ring
    if let write = ring.interruptedWrite() { ring.settle(write, written: write.bytes / 2) }
    if ring.tornFile != nil { ring.restartTornRecord() }
    var rounds = 0
    while true {
      let records = ring.pending()
      guard records > 0 else { return }
      let bytes = ring.bytes(ofFirst: records)
      promise(bytes >= 0 && bytes <= ring.layout.size, "records that wait stand in their region")
      promise(ring.records(in: bytes, of: records) == records, "as many as fit are all")
      if bytes < 4096 { _ = ring.charactersOfFirst() }
      ring.advance(bytes: bytes, records: records)
      rounds += 1
      promise(rounds <= 2, "records wait in two regions")
    }
  }

  private static let moments: [LeftMemory] = StateMoment.allCases.map { moment in
    do { return try LeftMemory(moment) } catch { fatalError("no memory: \(error)") }
  }
}

/// The memory of a moment, and how it was.
private final class LeftMemory: @unchecked Sendable {
  let memory: QueueMemory
  /// What the start of a process changes beside what a transaction names.
  private let parts: [(start: Int, bytes: [UInt8])]
  /// Cells that were changed, with what was in them.
  private var cells: [(cell: Int, value: UInt64)] = []

  init(_ moment: StateMoment) throws(SystemError) {
    memory = try QueueMemory(layout: StateMoment.layout, name: "fuzz")
    for ring in 0..<StateMoment.rings { try memory.mapRing(ring) }
    let file = WriteIntent(
      device: 1, inode: 2, bornSeconds: 3, bornNanoseconds: 4, length: 0, bytes: 0, records: 0)
    moment.leave(memory, file: file)
    var starts = [0, memory.layout.slots]
    for ring in 0..<StateMoment.rings { starts.append(memory.ring(ring).header) }
    let memory = memory
    parts = starts.map { ($0, memory.window.array($0..<$0 + 4096)) }
  }

  func change(_ bytes: [UInt8]) {
    let places = MemoryPlaces(memory)
    MemoryChange.each(bytes) { change in
      save(places.place(change) / 8)
      places.make(change)
    }
  }

  private func save(_ cell: Int) { cells.append((cell, memory.window.load(cell))) }

  /// Notes what the transaction under way may change.
  func saveCellsOfTransaction() {
    let layout = memory.layout
    let count = memory.window.load(QueueLayout.Cell.logCount)
    guard count <= UInt64(layout.logCapacity) else { return }
    for entry in 0..<Int(count) {
      let cell = memory.window.load(layout.log / 8 + 2 * entry)
      if cell < UInt64(memory.window.count / 8) { save(Int(cell)) }
    }
  }

  func restore() {
    for (cell, value) in cells.reversed() { memory.window.store(cell, value) }
    cells.removeAll(keepingCapacity: true)
    for part in parts { memory.window.put(part.bytes, at: part.start) }
  }
}

/// libFuzzer's entry: see `Tests/Fuzz/run`.
@_cdecl("FuzzState")
public func fuzzState(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  StateEntry.run(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
