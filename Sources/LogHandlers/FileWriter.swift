import Glibc
import SharedState
import Synchronization

/// A file handler's file and the rings that go into it. One thread at a time.
struct FileWriter: ~Copyable {
  private let options: FileOptions
  private let report: @Sendable (HandlerEvent) -> Void
  private let backups: Backups?
  private var rings: [RingConsumer]
  private let cells: HandlerCells
  private var rollover: State
  private var file: OpenFile?
  /// The ring of whose next record a part stands in the file already.
  private var unfinished: Int?
  /// Whether the file is to be closed as soon as nothing waits.
  var isRetired = false
  /// A failed attempt is not repeated before the pause is over.
  private var isPausing = false
  private var pause = 0

  /// What the kind of rollover keeps between records.
  private enum State {
    case never, watched
    case size(maxBytes: Int, NumberedBackups)
    case timed(TimedBackups)
  }

  private struct OpenFile {
    let descriptor: Int32
    let isRegular: Bool
  }

  init(
    options: FileOptions, rings: [RingConsumer], backups: Backups?, cells: HandlerCells,
    report: @escaping @Sendable (HandlerEvent) -> Void
  ) {
    self.options = options
    self.rings = rings
    self.backups = backups
    self.cells = cells
    self.report = report
    switch (options.rollover, backups?.files) {
    // Without backups Python's handler goes on in the same file for ever.
    case (.size(let maxBytes, let count), let files?) where maxBytes > 0 && count > 0:
      rollover = .size(maxBytes: maxBytes, NumberedBackups(files: files, count: count, step: cells.rolloverStep))
    case (.timed(let schedule, let count), let files?):
      rollover = .timed(TimedBackups(files: files, schedule: schedule, count: count))
    case (.watched, _): rollover = .watched
    default: rollover = .never
    }
  }

  deinit { if let file { close(file.descriptor) } }

  // MARK: The file

  /// Opens the file, after what an earlier process was killed in is settled.
  mutating func openAtStart() {
    recover()
    guard file == nil else { return }
    guard options.truncateAtStart || !options.delay else { return }
    do throws(SystemError) { try open(truncate: options.truncateAtStart) } catch { note(error) }
  }

  private mutating func open(truncate: Bool = false) throws(SystemError) {
    let descriptor =
      if let given = options.descriptor {
        try FileCalls.duplicate(given)
      } else {
        try FileCalls.openForAppending(
          options.path, permissions: options.permissions, group: options.group, truncate: truncate)
      }
    do throws(SystemError) {
      file = OpenFile(descriptor: descriptor, isRegular: try FileCalls.identify(descriptor).isRegular)
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// Finds out how much of interrupted writes stands in the file, and goes on with a torn record where
  /// it began.
  private mutating func recover() {
    for ring in rings.indices {
      if let intent = rings[ring].interruptedWrite() {
        let written = FileSearch.written(intent, of: rings[ring], near: options.path)
        rings[ring].settle(intent, written: written)
      }
      guard let torn = rings[ring].tornFile else { continue }
      if let descriptor = FileSearch.open(torn, near: options.path) {
        unfinished = ring
        file = OpenFile(descriptor: descriptor, isRegular: true)
      } else {
        rings[ring].restartTornRecord()
      }
    }
  }

  private mutating func closeFile() {
    if let file { close(file.descriptor) }
    file = nil
  }

  /// The new file is there at once, for whoever waits for it, unless the first record is to open it.
  mutating func reopen() {
    // A record that is partly written is finished where it began.
    guard unfinished == nil else { return }
    closeFile()
    guard !options.delay else { return }
    do throws(SystemError) { try open() } catch { note(error) }
  }

  /// `WatchedFileHandler.reopenIfNeeded`: the path is another file now, or none.
  private mutating func leaveMovedFile() {
    guard let file,
      FileCalls.status(options.path, followingLinks: true).map({ now in
        FileCalls.status(of: file.descriptor)?.isSameFile(as: now) ?? false
      }) != true
    else { return }
    closeFile()
  }

  // MARK: Writing

  /// Writes everything that waits. Returns nil when that is done, or after how many milliseconds it
  /// is to be tried again.
  mutating func drain() -> Int? {
    if isPausing { return nil }
    do throws(SystemError) {
      if let ring = unfinished { try drain(ring) }
      for ring in rings.indices { try drain(ring) }
      if pause > 0 {
        pause = 0
        report(.recovered(path: options.path))
      }
      if isRetired { closeFile() }
      return nil
    } catch {
      return fail(error)
    }
  }

  /// Trouble outside of `drain`: the next record tries again.
  private mutating func note(_ error: SystemError) {
    if pause == 0 { report(.failing(path: options.path, error)) }
    pause = max(pause, FileHandler.firstRetryMilliseconds)
  }

  private mutating func fail(_ error: SystemError) -> Int {
    let doubled = min(pause * 2, FileHandler.longestRetryMilliseconds)
    note(error)
    pause = max(pause, doubled)
    isPausing = true
    return pause
  }

  mutating func endPause() { isPausing = false }

  private mutating func drain(_ ring: Int) throws(SystemError) {
    while true {
      let waiting = rings[ring].pending()
      guard waiting > 0 else { return }
      if case .watched = rollover, unfinished == nil { leaveMovedFile() }
      if file == nil { try open() }
      guard let file else { return }
      let identity = try FileCalls.identify(file.descriptor)
      let count = try recordsBeforeRollover(ring, waiting: waiting, size: identity.size, isRegular: file.isRegular)
      if count == 0 {
        try rollOver()
        continue
      }
      backups?.makeRoom(for: identity.size + rings[ring].bytes(ofFirst: count))
      try write(ring, records: count, to: file.descriptor, identity)
    }
  }

  /// How many of the waiting records go into the file as it is: `shouldRollover` of each, asked at
  /// once. Python compares the file's bytes and the line's characters with `maxBytes`; a line has no
  /// more characters than bytes, so only the records at the border have to be counted.
  private mutating func recordsBeforeRollover(
    _ ring: Int, waiting: Int, size: Int, isRegular: Bool
  ) throws(SystemError) -> Int {
    let most = max(1, rings[ring].records(in: FileHandler.writeSize, of: waiting))
    if unfinished == ring { return most }
    switch rollover {
    case .never, .watched: return most
    case .size(let maxBytes, _):
      guard isRegular else { return most }
      let fitting = rings[ring].records(in: maxBytes - 1 - size, of: most)
      if fitting > 0 { return fitting }
      return size > 0 && size + rings[ring].charactersOfFirst() >= maxBytes ? 0 : 1
    case .timed(var backups):
      let now = Int64(time(nil))
      guard backups.isDue(now) else { return most }
      if isRegular { return 0 }
      backups.skip(now)
      rollover = .timed(backups)
      return most
    }
  }

  /// `doRollover`. After a failure it is called again, and goes on where it stopped.
  private mutating func rollOver() throws(SystemError) {
    closeFile()
    switch rollover {
    case .never, .watched: return
    case .size(let maxBytes, var numbered):
      defer { rollover = .size(maxBytes: maxBytes, numbered) }
      try backups?.rollOver { () throws(SystemError) in try numbered.shift { cells.rolloverStep = $0 } }
    case .timed(var timed):
      defer { rollover = .timed(timed) }
      try backups?.rollOver { () throws(SystemError) in
        try timed.rename(Int64(time(nil)))
      } thenRemove: {
        () throws(SystemError) in
        try timed.removeOldest()
      }
    }
    cells.rollovers += 1
    try open()
  }

  private mutating func write(
    _ ring: Int, records: Int, to descriptor: Int32, _ identity: FileIdentity
  ) throws(SystemError) {
    let length = rings[ring].bytes(ofFirst: records)
    let start = rings[ring].start
    // Of a pipe or a terminal nobody can tell afterwards what it took.
    if identity.isRegular { rings[ring].note(WriteIntent(identity, bytes: length, records: records)) }
    let count: Int
    do throws(SystemError) {
      count = try FileCalls.write(descriptor, rings[ring].memory.window, start..<start + length)
    } catch {
      rings[ring].cancelIntent()
      throw error
    }
    // The disk may have taken a part. What is whole is done; the rest of a torn record comes first next
    // time.
    let whole = rings[ring].records(in: count, of: records)
    let isTorn = rings[ring].bytes(ofFirst: whole) != count
    unfinished = isTorn ? ring : nil
    rings[ring].advance(bytes: count, records: whole, isTorn: isTorn)
  }

  /// Frees room in a ring by leaving out its oldest records: see `LogHandler.dropOldest`.
  mutating func dropOldest(_ ring: Int, bytes: Int, upTo rank: RecordRank) -> Int {
    rings[ring].dropOldest(freeing: bytes, upTo: rank)
  }
}
