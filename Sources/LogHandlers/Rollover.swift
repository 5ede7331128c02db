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
  let path: String
  let count: Int
  /// The number that is to be moved up next; 0 is the file itself; nil when no rollover is under way.
  private var step: Int?

  init(path: String, count: Int) {
    self.path = path
    self.count = count
  }

  private func name(_ number: Int) -> String { number == 0 ? path : "\(path).\(number)" }

  mutating func shift() throws(SystemError) {
    while true {
      let number = step ?? count - 1
      step = number
      if FileCalls.status(name(number)) != nil {
        if number == count - 1 { try FileCalls.remove(name(count)) }
        try FileCalls.rename(name(number), to: name(number + 1))
      }
      if number == 0 { break }
      step = number - 1
    }
    step = nil
  }
}

/// `TimedRotatingFileHandler.doRollover`: the file gets its interval's time as a suffix, and the
/// oldest such files beyond `backupCount` are removed.
struct TimedBackups: Sendable {
  let path: String
  let schedule: RolloverSchedule
  let count: Int
  /// Seconds since 1970.
  private(set) var rolloverAt: Int64

  /// The next rollover follows from when the file was last written, or from now if there is none.
  init(path: String, schedule: RolloverSchedule, count: Int) {
    self.path = path
    self.schedule = schedule
    self.count = count
    rolloverAt = schedule.computeRollover(FileCalls.status(path)?.modified ?? Int64(time(nil)))
  }

  func isDue(_ now: Int64) -> Bool { now >= rolloverAt }

  /// Puts the rollover off to the next time, without one: the file is none that can be renamed.
  mutating func skip(_ now: Int64) { rolloverAt = schedule.computeRollover(now) }

  /// Renames the file. A name that is taken is left alone, and another one found.
  mutating func rename(_ now: Int64) throws(SystemError) {
    if FileCalls.status(path) != nil, let suffix = schedule.suffix(rolloverAt: rolloverAt, now: now) {
      let wanted = Array(path.utf8) + [UInt8(ascii: ".")] + suffix
      guard let free = schedule.names.freeName(for: wanted, exists: TimedBackups.exists) else {
        throw SystemError("rename \(path)", EEXIST)
      }
      try FileCalls.rename(path, to: String(decoding: free, as: UTF8.self))
    }
    rolloverAt = schedule.computeRollover(now)
  }

  /// Removes what is too many. Called after each rollover; a failure is tried again at the next one.
  func removeOldest() throws(SystemError) {
    guard count > 0 else { return }
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    let directory = slash == path.startIndex ? "/" : String(path[..<slash])
    let names = FileCalls.names(in: directory).map { Array($0.utf8) }
    let base = Array(path[path.index(after: slash)...].utf8)
    for name in schedule.names.filesToDelete(among: names, baseName: base, backupCount: count) {
      try FileCalls.remove(directory + "/" + String(decoding: name, as: UTF8.self))
    }
  }

  private static func exists(_ name: [UInt8]) -> Bool { FileCalls.status(String(decoding: name, as: UTF8.self)) != nil }
}
