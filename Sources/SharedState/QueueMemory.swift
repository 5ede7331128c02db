/// The memory of one decode queue: what it has read and what it has formatted, in one memory file
/// that can outlive the process.
///
/// All of it is sparse: pages take memory when they are first written. `QueueLayout` says what stands
/// where.
public final class QueueMemory: Sendable {
  public let layout: QueueLayout
  public let file: MemoryFile
  public let window: MemoryWindow
  /// Whether an earlier process made it.
  public let isAdopted: Bool

  /// Fresh memory.
  public init(layout: QueueLayout, name: String) throws(SystemError) {
    self.layout = layout
    isAdopted = false
    file = try MemoryFile(name: name, size: layout.fileSize)
    window = try MemoryWindow(reserving: layout.fileSize)
    try window.map(file, 0..<layout.rings, at: 0)
    typealias Cell = QueueLayout.Cell
    window.store(Cell.connections, UInt64(layout.connections))
    window.store(Cell.memory, UInt64(layout.memory))
    window.store(Cell.largestFrame, UInt64(layout.largestFrame))
    window.store(Cell.ringCount, UInt64(layout.ringCount))
    window.store(Cell.version, QueueLayout.version)
    // Last: memory without it is not looked at any further.
    window.store(Cell.magic, QueueLayout.magic)
    populate()
  }

  /// Memory that an earlier process left. Takes over the descriptor, also when it throws.
  ///
  /// Every word of it is checked before it is believed: see `check`.
  public init(adopting descriptor: Int32) throws(StateError) {
    do throws(SystemError) {
      let file = try MemoryFile(adopting: descriptor)
      guard file.size >= QueueLayout.headerSize else { throw SystemError("", 0) }
      let header = try MemoryWindow(reserving: QueueLayout.headerSize)
      try header.map(file, 0..<QueueLayout.headerSize, at: 0)
      let stored = QueueLayout(stored: header, fileSize: file.size)
      guard let stored else {
        throw SystemError("", Int32(header.load(QueueLayout.Cell.magic) == QueueLayout.magic ? 1 : 0))
      }
      layout = stored
      window = try MemoryWindow(reserving: stored.fileSize)
      try window.map(file, 0..<stored.rings, at: 0)
      self.file = file
      isAdopted = true
    } catch {
      throw error.call.isEmpty ? error.number == 1 ? .otherVersion : .notOurs : .system(error)
    }
    populate()
    for index in 0..<layout.ringCount where name(ofRing: index) != nil {
      do throws(SystemError) { try mapRing(index) } catch { throw .system(error) }
    }
    try check()
  }

  /// No page fault inside a receive: the pages that the kernel writes to are there.
  private func populate() {
    window.populate(layout.receiveArea..<layout.receiveArea + QueueLayout.receiveAreaSize)
    window.populate(layout.input..<layout.input + QueueLayout.inputSize)
  }

  /// Makes ring `index` usable. Called before the ring is first used, on any thread, once.
  public func mapRing(_ index: Int) throws(SystemError) {
    let start = layout.rings + index * layout.ringStride
    try window.map(file, start..<start + layout.ringStride, at: start)
  }

  /// Where the parts of ring `index` stand in the window.
  public func ring(_ index: Int) -> RingLayout {
    RingLayout(
      header: layout.rings + index * layout.ringStride, size: layout.ringSize, endsSize: layout.endsSize,
      ranksSize: layout.ranksSize,
      limit: layout.ringLimit)
  }
}

/// Why memory that an earlier process left cannot be gone on with.
public enum StateError: Error, Equatable, Sendable, CustomStringConvertible {
  /// It is not a queue's memory, or it was cut.
  case notOurs
  /// Another version of the daemon made it, and left it in another form.
  case otherVersion
  /// A word of it contradicts the others.
  case damaged(String)
  case system(SystemError)

  public var description: String {
    switch self {
    case .notOurs: "it is not what a daemon stores, or it was cut"
    case .otherVersion: "another version of onggi made it"
    case .damaged(let what): "it is damaged: \(what)"
    case .system(let error): "\(error)"
    }
  }
}
