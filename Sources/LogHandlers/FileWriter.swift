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
  /// What an earlier process was killed in is settled.
  private var isRecovered = false
  /// The file is to be opened anew as soon as it ends with a whole record.
  private var reopensWhenWhole = false
  private var confirmation: Confirmation?
  /// Files of `fsync = "interval"` that were left before the disk had confirmed them.
  private var left: [Int32] = []
  /// Whether the disk has to confirm something: the file's bytes, and its name.
  private(set) var isDirty = false
  private var hasNewName = false
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
    /// What stands in it ends within a line, which another process was cut off in.
    var endsWithinLine = false
  }

  /// What was written and counts as soon as the disk has confirmed it: `fsync = "always"`.
  private struct Confirmation {
    let ring: Int
    let bytes: Int
    let records: Int
    let isTorn: Bool
    /// Where in the file it stands.
    let offset: Int
    var hasFailed = false
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

  deinit {
    if let file { close(file.descriptor) }
    for descriptor in left { close(descriptor) }
  }

  // MARK: The file

  /// Opens the file, after what an earlier process was killed in is settled.
  mutating func openAtStart() {
    do throws(SystemError) {
      try recover()
      guard file == nil, options.truncateAtStart || !options.delay else { return }
      try open(truncate: options.truncateAtStart)
    } catch { note(error) }
  }

  private mutating func open(truncate: Bool = false) throws(SystemError) {
    let (descriptor, isNew) =
      if let given = options.descriptor {
        (try FileCalls.duplicate(given), false)
      } else {
        try FileCalls.openForAppending(
          options.path, permissions: options.permissions, group: options.group, truncate: truncate)
      }
    if isNew { hasNewName = true }
    do throws(SystemError) {
      let identity = try FileCalls.identify(descriptor)
      var file = OpenFile(descriptor: descriptor, isRegular: identity.isRegular)
      if identity.isRegular, options.descriptor == nil {
        file.endsWithinLine = try FileCalls.endsWithinLine(descriptor, size: identity.size)
      }
      self.file = file
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// Finds out how much of interrupted writes stands in the file, and goes on with a torn record where
  /// it began.
  private mutating func recover() throws(SystemError) {
    guard !isRecovered else { return }
    for ring in rings.indices {
      if let intent = rings[ring].interruptedWrite() {
        let written = try FileSearch.written(
          intent, of: rings[ring], near: options.path, synchronized: options.synchronization == .always)
        rings[ring].settle(intent, written: written)
      }
      guard let torn = rings[ring].tornFile else { continue }
      if unfinished == nil, let descriptor = try FileSearch.open(torn, near: options.path) {
        unfinished = ring
        file = OpenFile(descriptor: descriptor, isRegular: true)
        // It may have another name by now.
        reopensWhenWhole = true
      } else {
        rings[ring].restartTornRecord()
      }
    }
    try finishRollover()
    isRecovered = true
  }

  /// A process was killed in a rollover. The record that it was for still waits.
  private mutating func finishRollover() throws(SystemError) {
    guard cells.rolloverStep != nil else { return }
    if case .size(let maxBytes, var numbered) = rollover {
      defer { rollover = .size(maxBytes: maxBytes, numbered) }
      try backups?.rollOver { () throws(SystemError) in try numbered.shift { cells.note(rolloverStep: $0) } }
      cells.countRollover()
    } else if try FileCalls.status(options.path) == nil {
      cells.countRollover()
    } else {
      // It will be due again.
      cells.forgetRollover()
    }
  }

  private mutating func closeFile() {
    guard let file else { return }
    self.file = nil
    reopensWhenWhole = false
    if isDirty {
      if left.count < FileHandler.mostUnconfirmed { return left.append(file.descriptor) }
      try? FileCalls.synchronizeData(file.descriptor)
    }
    close(file.descriptor)
  }

  /// The new file is there at once, for whoever waits for it, unless the first record is to open it.
  mutating func reopen() {
    // A record that is partly written is finished where it began.
    guard unfinished == nil, confirmation == nil, isRecovered else { return reopensWhenWhole = true }
    closeFile()
    guard !options.delay else { return }
    do throws(SystemError) { try open() } catch { note(error) }
  }

  /// `WatchedFileHandler.reopenIfNeeded`: the path is another file now, or none.
  private mutating func leaveMovedFile() throws(SystemError) {
    if try isAtItsPath() == false { closeFile() }
  }

  /// nil: no file is open.
  private func isAtItsPath() throws(SystemError) -> Bool? {
    guard let file else { return nil }
    guard let now = try FileCalls.status(options.path, followingLinks: true) else { return false }
    return FileCalls.status(of: file.descriptor)?.isSameFile(as: now) ?? false
  }

  /// Nobody could read what is written to a file without a name: another one begins, with all of a
  /// record that was begun.
  private mutating func abandonFile() {
    if let ring = confirmation?.ring { rings[ring].cancelIntent() }
    confirmation = nil
    if let ring = unfinished { rings[ring].restartTornRecord() }
    unfinished = nil
    closeFile()
  }

  /// After a failure: a file may be gone for good though another stands at its path, as when a disk was
  /// mounted again.
  private mutating func leaveDeadFile(_ error: SystemError) {
    guard [EIO, ENODEV, ENXIO, ESTALE, ENOTCONN, EROFS].contains(error.number), options.descriptor == nil,
      let file, file.isRegular, (try? FileCalls.status(options.path, followingLinks: true)) != nil,
      (try? isAtItsPath()) == false
    else { return }
    abandonFile()
  }

  /// Whether an open file is one on a disk, which takes what it is given, and no pipe.
  var isOnDisk: Bool { file?.isRegular ?? false && options.synchronization != .always }

  // MARK: Writing

  /// Writes everything that waits. Returns nil when that is done, or after how many milliseconds it
  /// is to be tried again.
  mutating func drain() -> Int? {
    if isPausing { return nil }
    do throws(SystemError) {
      try recover()
      if let ring = confirmation?.ring ?? unfinished { try drain(ring) }
      for ring in rings.indices { try drain(ring) }
      // A file that could not be opened is tried again by the next record, and not before.
      if pause > 0, file != nil {
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
    leaveDeadFile(error)
    pause = max(pause, doubled)
    isPausing = true
    return pause
  }

  mutating func endPause() { isPausing = false }

  private mutating func drain(_ ring: Int) throws(SystemError) {
    while true {
      let waiting = rings[ring].pending()
      guard waiting > 0 else { return }
      let isWhole = unfinished == nil && confirmation == nil
      if isWhole && reopensWhenWhole { closeFile() }
      if case .watched = rollover, isWhole { try leaveMovedFile() }
      if file == nil { try open() }
      guard let file else { return }
      let identity = try FileCalls.identify(file.descriptor)
      if identity.isRegular, identity.isRemoved, options.descriptor == nil {
        abandonFile()
        continue
      }
      if confirmation != nil {
        try confirm(file, identity)
        continue
      }
      let count = try recordsBeforeRollover(ring, waiting: waiting, size: identity.size, isRegular: file.isRegular)
      if count == 0 {
        try rollOver()
        continue
      }
      if file.endsWithinLine {
        try endLine(file.descriptor)
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
    if unfinished == ring { return 1 }
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
      try backups?.rollOver { () throws(SystemError) in try numbered.shift { cells.note(rolloverStep: $0) } }
    case .timed(var timed):
      defer { rollover = .timed(timed) }
      try backups?.rollOver { () throws(SystemError) in
        cells.note(rolloverStep: 0)
        try timed.rename(Int64(time(nil)))
      } thenRemove: {
        () throws(SystemError) in
        try timed.removeOldest()
      }
    }
    cells.countRollover()
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
    if identity.isRegular && options.synchronization == .always {
      // The intent stays: who is killed now finds the bytes in the file, and does not write them again.
      confirmation = Confirmation(
        ring: ring, bytes: count, records: whole, isTorn: isTorn, offset: identity.size)
      return
    }
    if identity.isRegular && options.synchronization == .interval { isDirty = true }
    rings[ring].advance(bytes: count, records: whole, isTorn: isTorn)
  }

  /// Frees room in a ring by leaving out its oldest records: see `LogHandler.dropOldest`.
  mutating func dropOldest(_ ring: Int, bytes: Int, upTo rank: RecordRank) -> Int {
    // What is in the file already, confirmed or not, is not to be dropped; nor is what may be in it.
    if confirmation?.ring == ring || unfinished == ring || !isRecovered { return 0 }
    return rings[ring].dropOldest(freeing: bytes, upTo: rank)
  }

  /// Once, before the first record behind a line that was cut off.
  private mutating func endLine(_ descriptor: Int32) throws(SystemError) {
    try FileCalls.writeLineEnd(descriptor)
    file?.endsWithinLine = false
    report(.endedLine(path: options.path))
  }

  // MARK: The disk

  /// `fsync = "always"`: what was written counts when the disk has it, and the file's name.
  private mutating func confirm(_ file: OpenFile, _ identity: FileIdentity) throws(SystemError) {
    guard let written = confirmation else { return }
    let ring = rings[written.ring]
    do throws(SystemError) {
      // Not where somebody has cut the file since.
      if written.hasFailed, identity.size >= written.offset + written.bytes {
        try FileCalls.rewrite(
          file.descriptor, ring.memory.window, ring.start..<ring.start + written.bytes, at: written.offset)
      }
      try FileCalls.synchronizeData(file.descriptor)
      if hasNewName { try FileCalls.synchronize(directory: options.directory) }
    } catch {
      confirmation?.hasFailed = true
      throw error
    }
    hasNewName = false
    confirmation = nil
    rings[written.ring].advance(bytes: written.bytes, records: written.records, isTorn: written.isTorn)
  }

  /// `fsync = "interval"`: descriptors of the files that the disk has to confirm, to be closed then,
  /// and whether their directory is to be confirmed, too.
  mutating func takeDirty() -> (descriptors: [Int32], directory: Bool) {
    var descriptors = left
    left = []
    if isDirty, let file, let copy = try? FileCalls.duplicate(file.descriptor) { descriptors.append(copy) }
    defer { (isDirty, hasNewName) = (false, false) }
    return (descriptors, hasNewName)
  }

  /// What `takeDirty` gave could not be confirmed.
  mutating func giveBack(_ descriptors: [Int32], directory: Bool) {
    left += descriptors
    isDirty = true
    if directory { hasNewName = true }
  }
}
