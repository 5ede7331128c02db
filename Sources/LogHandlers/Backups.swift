import Dispatch
import Glibc
import SharedState
import Synchronization

/// What happens to the rotated files of one handler: their names change one at a time, they are
/// compressed, and they are removed when they are too many or too old.
///
/// Names change under the lock only, whoever changes them: the writer, which rotates, and this
/// class. The lock is held for a few system calls at a time, and never on the thread that
/// compresses, whose priority is low: a record does not wait for compression. While a file is
/// compressed it may get other names, or be removed; it is found again by what it is.
final class Backups: Sendable {
  /// How often a handler with `maxAge` looks for what is too old: after a tenth of the age, within
  /// these bounds. Seconds.
  static let agePolls: ClosedRange<Int64> = 1...3600

  /// Files that are left alone, at most; the first of more are tried again.
  static let mostLeftAlone = 1000

  /// Numbers the temporary files: two handlers can have one file while a reload goes on.
  private static let temporaries = Atomic<Int>(0)

  let files: BackupFiles
  private let options: BackupOptions
  private let report: @Sendable (HandlerEvent) -> Void
  /// Of the priority that everything has.
  private let queue = DispatchQueue(label: "onggi.backups")
  private let state = Mutex(State())
  /// Bytes that the file being written may have before backups must go for it.
  private let room = Atomic<Int>(Int.max)

  /// Asked by the thread that compresses too, which must not hold the lock.
  private let isRetired = Atomic<Bool>(false)

  private struct State {
    var isCompressing = false
    /// Whether there was a rollover meanwhile.
    var isAskedAgain = false
    /// What fails was reported, and is tried again at the next rollover.
    var isFailing = false
    /// Files that cannot be compressed, since another file has the copy's name.
    var leftAlone: [PathStatus] = []
  }

  /// nil where nothing rotates.
  init?(_ options: FileOptions, report: @escaping @Sendable (HandlerEvent) -> Void) {
    guard let files = BackupFiles(options) else { return nil }
    self.files = files
    self.options = options.backups
    self.report = report
  }

  // MARK: What the writer calls

  /// Begins with what an earlier process left.
  func open() {
    measureRoom()
    queue.async { [self] in
      do throws(SystemError) {
        if options.compression != nil { try files.removeLeftOvers() }
      } catch { fail(error) }
      removeOld()
      compressNext()
    }
  }

  /// Renames files as a rollover does, and then removes those that are too many: the rollover is
  /// done even if that fails.
  func rollOver(
    _ rename: () throws(SystemError) -> Void, thenRemove remove: () throws(SystemError) -> Void = {}
  ) throws(SystemError) {
    try state.withLock { _ throws(SystemError) in try rename() }
    do throws(SystemError) { try state.withLock { _ throws(SystemError) in try remove() } } catch { fail(error) }
    measureRoom()
    queue.async { [self] in
      removeTooOld()
      compressNext()
    }
  }

  /// Removes the oldest backups until they and a file of `size` bytes have no more than
  /// `maxTotalBytes` together, or none is left.
  func makeRoom(for size: Int) {
    guard size > room.load(ordering: .relaxed), let most = options.maxTotalBytes else { return }
    let isDone = remove { backups in
      var total = backups.reduce(size) { $0 + $1.status.size }
      return backups.prefix { backup in
        defer { total -= backup.status.size }
        return total > most
      }
    }
    // What cannot be removed now is tried again after the next rollover, not with every record.
    if isDone { measureRoom() } else { room.store(Int.max, ordering: .relaxed) }
  }

  /// The handler is replaced: another one may have the same file.
  func retire() {
    isRetired.store(true, ordering: .relaxed)
  }

  /// Where there are no backups, none can make room.
  private func measureRoom() {
    guard let most = options.maxTotalBytes else { return }
    let backups = (try? files.existing()) ?? []
    let room = backups.isEmpty ? Int.max : most - backups.reduce(0) { $0 + $1.status.size }
    self.room.store(room, ordering: .relaxed)
  }

  // MARK: What is too old

  private func removeOld() {
    guard let seconds = options.maxAge?.components.seconds else { return }
    removeTooOld()
    let poll = min(max(seconds / 10, Self.agePolls.lowerBound), Self.agePolls.upperBound)
    queue.asyncAfter(deadline: .now() + .seconds(Int(poll))) { [weak self] in
      guard let self, !isRetired.load(ordering: .relaxed) else { return }
      removeOld()
    }
  }

  private func removeTooOld() {
    guard let age = options.maxAge else { return }
    let now = Int64(time(nil))
    remove { backups in backups.filter { .seconds(now - $0.status.modified) > age }[...] }
  }

  @discardableResult
  private func remove(_ choose: ([BackupFiles.Backup]) -> ArraySlice<BackupFiles.Backup>) -> Bool {
    // A long file takes long to remove, unless somebody has it open: then that is done when it is closed.
    var descriptors: [Int32] = []
    defer { queue.async { [descriptors] in for descriptor in descriptors { close(descriptor) } } }
    do throws(SystemError) {
      try state.withLock { _ throws(SystemError) in
        for backup in choose(try files.existing()) {
          if let descriptor = try? FileCalls.openForReading(backup.path) { descriptors.append(descriptor) }
          try FileCalls.remove(backup.path)
        }
      }
      return true
    } catch {
      fail(error)
      return false
    }
  }

  // MARK: Compression

  /// A file that is being compressed.
  private struct Job: Sendable {
    let compression: Compression
    /// The name that it had.
    let path: String
    let source: Int32
    /// How it stood when it was opened.
    let status: PathStatus
    /// A copy that was there already: a process was killed before it removed the original.
    let earlierCopy: Int32?
    let temporary: String

    func close() {
      Glibc.close(source)
      if let earlierCopy { Glibc.close(earlierCopy) }
    }
  }

  /// Compresses the newest backup that is plain, which has the longest to live, and then the next.
  private func compressNext() {
    guard let compression = options.compression else { return }
    let number = state.withLock { state -> Int? in
      guard !isRetired.load(ordering: .relaxed), !state.isCompressing else {
        state.isAskedAgain = true
        return nil
      }
      state.isCompressing = true
      state.isAskedAgain = false
      return Backups.temporaries.wrappingAdd(1, ordering: .relaxed).newValue
    }
    guard let number else { return }
    do throws(SystemError) {
      guard let job = try nextJob(compression, number) else { return state.withLock { $0.isCompressing = false } }
      LowPriorityQueue.shared.async { [self] in
        do throws(SystemError) {
          let copy = try makeCopy(job)
          queue.async { [self] in name(copy, of: job) }
        } catch {
          queue.async { [self] in giveUp(job, error) }
        }
      }
    } catch { giveUp(nil, error) }
  }

  private func nextJob(_ compression: Compression, _ number: Int) throws(SystemError) -> Job? {
    let existing = try files.existing()
    let leftAlone = state.withLock { $0.leftAlone }
    for backup in existing.reversed() where backup.ending.isEmpty && backup.status.isRegular {
      if leftAlone.contains(backup.status) { continue }
      let copy = existing.first { $0.path == backup.path + compression.ending }
      // A file of that name which is none of ours: both stay as they are.
      if let copy, !copy.status.isAsOld(as: backup.status) { continue }
      guard let source = try FileCalls.openForReading(backup.path) else { continue }
      guard let status = FileCalls.status(of: source) else {
        close(source)
        continue
      }
      return Job(
        compression: compression, path: backup.path, source: source, status: status,
        earlierCopy: copy.flatMap { try? FileCalls.openForReading($0.path) },
        temporary: files.temporaryPath(number))
    }
    return nil
  }

  /// Compresses, on the thread that has time. Returns how the copy stands, which has no name of its
  /// own yet unless it was there already.
  private func makeCopy(_ job: Job) throws(SystemError) -> PathStatus {
    let target = try FileCalls.create(job.temporary)
    defer { close(target) }
    do throws(SystemError) {
      let count = try CompressedFile.write(job.source, to: target, as: job.compression) {
        LowPriorityQueue.shared.isStopping || isRetired.load(ordering: .relaxed)
      }
      guard count == job.status.size, let now = FileCalls.status(of: job.source), now == job.status else {
        throw SystemError("somebody writes to \(job.path)", EBUSY)
      }
      if let earlier = job.earlierCopy {
        guard try CompressedFile.areEqual(target, earlier), let status = FileCalls.status(of: earlier) else {
          throw SystemError("compress \(job.path)", EEXIST)
        }
        try FileCalls.remove(job.temporary)
        return status
      }
      try FileCalls.copyAttributes(from: job.source, to: target)
      try FileCalls.synchronize(target)
      guard let status = FileCalls.status(of: target) else { throw SystemError("fstat", EIO) }
      return status
    } catch {
      try? FileCalls.remove(job.temporary)
      throw error
    }
  }

  /// Gives the copy its name beside the original, whatever that is called by now.
  private func name(_ copy: PathStatus, of job: Job) {
    do throws(SystemError) {
      try state.withLock { _ throws(SystemError) in
        guard job.earlierCopy == nil else { return }
        do throws(SystemError) {
          guard !isRetired.load(ordering: .relaxed) else { throw SystemError("compress", ECANCELED) }
          guard let path = try path(of: job) else { throw SystemError("compress \(job.path)", ENOENT) }
          try FileCalls.rename(job.temporary, to: path + job.compression.ending)
        } catch {
          try? FileCalls.remove(job.temporary)
          throw error
        }
      }
    } catch { return giveUp(job, error) }
    LowPriorityQueue.shared.async { [self] in
      // The disk has the copy and its name before the original goes.
      do throws(SystemError) {
        try FileCalls.synchronize(directory: files.directory)
        queue.async { [self] in removeOriginal(of: copy, job) }
      } catch {
        queue.async { [self] in giveUp(job, error) }
      }
    }
  }

  private func removeOriginal(of copy: PathStatus, _ job: Job) {
    do throws(SystemError) {
      try state.withLock { _ throws(SystemError) in
        // Not if somebody has taken the copy away in the meantime.
        guard let path = try path(of: job),
          try FileCalls.status(path + job.compression.ending)?.isSameFile(as: copy) == true
        else { return }
        try FileCalls.remove(path)
      }
    } catch { return giveUp(job, error) }
    end(job)
    let hasRecovered = state.withLock { state in
      defer { state.isFailing = false }
      return state.isFailing
    }
    if hasRecovered { report(.backupsRecovered(path: files.path)) }
    compressNext()
  }

  /// The name of a job's file now; nil when it was removed. Under the lock.
  private func path(of job: Job) throws(SystemError) -> String? {
    if try FileCalls.status(job.path)?.isSameFile(as: job.status) == true { return job.path }
    return try files.existing().first { $0.ending.isEmpty && $0.status.isSameFile(as: job.status) }?.path
  }

  /// Leaves a file as it is, to be tried again after the next rollover.
  private func giveUp(_ job: Job?, _ error: SystemError) {
    end(job)
    switch error.number {
    case ECANCELED: break
    // It was removed, being the oldest.
    case ENOENT where job != nil: compressNext()
    case EEXIST where job != nil:
      // That does not change by itself, and the others are not to wait for it.
      state.withLock { state in
        if state.leftAlone.count >= Backups.mostLeftAlone { state.leftAlone.removeFirst() }
        if let job { state.leftAlone.append(job.status) }
      }
      report(.backups(path: files.path, error))
      compressNext()
    default:
      fail(error)
      // The rollover after which it is tried again may have been already.
      if state.withLock({ $0.isAskedAgain }) { compressNext() }
    }
  }

  private func end(_ job: Job?) {
    state.withLock { $0.isCompressing = false }
    // What has no name any more is freed now, which takes its time.
    if let job { LowPriorityQueue.shared.async { job.close() } }
  }

  /// Says once that something fails, until it succeeds again.
  private func fail(_ error: SystemError) {
    let isNew = state.withLock { state in
      defer { state.isFailing = true }
      return !state.isFailing
    }
    if isNew { report(.backups(path: files.path, error)) }
  }
}
