import Glibc
public import LogRecords
import SharedState

/// When a file handler begins a new file, and what becomes of the old one.
public enum Rollover: Sendable {
  /// `logging.FileHandler`: never.
  case never
  /// `logging.handlers.RotatingFileHandler`.
  case size(maxBytes: Int, backupCount: Int)
  /// `logging.handlers.TimedRotatingFileHandler`.
  case timed(RolloverSchedule, backupCount: Int)
  /// `logging.handlers.WatchedFileHandler`: no rollover, but a file that somebody moved is left.
  case watched
}

/// `RotatingFileHandler.doRollover`: `app.log.1` becomes `app.log.2` and so on up to `backupCount`,
/// `app.log` becomes `app.log.1`; only the oldest is removed.
///
/// The steps go from the highest number down, each to a name that is free by then. A step that
/// fails is where the next call goes on, so that a file is never shifted twice.
struct NumberedBackups: Sendable {
  let files: BackupFiles
  let count: Int
  /// The numbers that are still to be moved up, the next one first; 0 is the file itself. nil when no
  /// rollover is under way.
  private var steps: [Int]?
  /// What a rollover begins with: those above are moved up already.
  private var highest: Int
  private var isOldestGone = false

  /// - Parameter step: the number at which an earlier process stopped
  init(files: BackupFiles, count: Int, step: Int? = nil) {
    self.files = files
    self.count = count
    highest = step ?? count - 1
  }

  private func name(_ number: Int) -> String { number == 0 ? files.path : "\(files.path).\(number)" }

  /// - Parameter note: told of each step before it is taken
  mutating func shift(note: (Int) -> Void) throws(SystemError) {
    var left = if let steps { steps } else { try files.numbers().filter { $0 < count && $0 <= highest } + [0] }
    defer { steps = left.isEmpty ? nil : left }
    // Who finds more has somebody against it.
    var obstacles = 2 * count
    while let number = left.first {
      note(number)
      do throws(SystemError) {
        try moveUp(number)
        left.removeFirst()
      } catch {
        // Somebody made a file of that name meanwhile, or the noted step was none: the file is moved up,
        // too, or is the oldest.
        guard error.number == EEXIST, obstacles > 0 else { throw error }
        obstacles -= 1
        if number + 1 < count { left.insert(number + 1, at: 0) } else { isOldestGone = false }
      }
    }
    isOldestGone = false
    highest = count - 1
  }

  private mutating func moveUp(_ number: Int) throws(SystemError) {
    for ending in number == 0 ? [""] : [""] + files.endings where try FileCalls.status(name(number) + ending) != nil {
      if number == count - 1, !isOldestGone {
        for ending in [""] + files.endings { try FileCalls.remove(name(count) + ending) }
        isOldestGone = true
      }
      try FileCalls.rename(name(number) + ending, to: name(number + 1) + ending)
    }
  }
}

/// `TimedRotatingFileHandler.doRollover`: the file gets its interval's time as a suffix, and the
/// oldest such files beyond `backupCount` are removed.
struct TimedBackups: Sendable {
  let files: BackupFiles
  let schedule: RolloverSchedule
  let count: Int
  /// Seconds since 1970.
  private(set) var rolloverAt: Int64

  /// The next rollover follows from when the file was last written, or from now if there is none.
  init(files: BackupFiles, schedule: RolloverSchedule, count: Int) {
    self.files = files
    self.schedule = schedule
    self.count = count
    let modified = (try? FileCalls.status(files.path, followingLinks: true))?.modified
    rolloverAt = schedule.computeRollover(modified ?? Int64(time(nil)))
  }

  func isDue(_ now: Int64) -> Bool { now >= rolloverAt }

  /// Puts the rollover off to the next time, without one: the file is none that can be renamed.
  mutating func skip(_ now: Int64) { rolloverAt = schedule.computeRollover(now) }

  /// Renames the file. A name that is taken is left alone, and another one found.
  mutating func rename(_ now: Int64) throws(SystemError) {
    if try FileCalls.status(files.path) != nil, let suffix = schedule.suffix(rolloverAt: rolloverAt, now: now) {
      let wanted = Array(files.path.utf8) + [UInt8(ascii: ".")] + suffix
      var failure: SystemError?
      let free = schedule.names.freeName(for: wanted) { name in
        do throws(SystemError) {
          return try files.isTaken(String(decoding: name, as: UTF8.self))
        } catch {
          failure = error
          return false
        }
      }
      if let failure { throw failure }
      guard let free else { throw SystemError("rename \(files.path)", EEXIST) }
      try FileCalls.rename(files.path, to: String(decoding: free, as: UTF8.self))
    }
    rolloverAt = schedule.computeRollover(now)
  }

  /// Removes what is too many. Called after each rollover; a failure is tried again at the next one.
  func removeOldest() throws(SystemError) {
    guard count > 0 else { return }
    let names = try FileCalls.names(in: files.directory).map { Array($0.utf8) }
    let excess = schedule.names.filesToDelete(
      among: names, baseName: Array(files.baseName.utf8), backupCount: count,
      extensions: files.endings.map { Array($0.utf8) })
    for name in excess { try FileCalls.remove(files.directory + "/" + String(decoding: name, as: UTF8.self)) }
  }
}
