import Glibc
import LogRecords
import SharedState

/// The names of a handler's rotated files, and which of them there are.
struct BackupFiles: Sendable {
  private enum Names {
    /// `app.log.1` is the newest.
    case numbered(count: Int)
    case timed(RotatedFileNames)
  }

  /// Numbers that are tried where the directory cannot be read.
  static let mostProbed = 1000

  let path: String
  /// Without a slash at its end, unless it is the root.
  let directory: String
  let baseName: String
  /// What backups may end in, besides nothing: all that compression makes, where it is asked for.
  let endings: [String]
  private let names: Names

  /// nil where nothing rotates.
  init?(_ options: FileOptions) {
    switch options.rollover {
    case .never, .watched: return nil
    case .size(_, let count): names = .numbered(count: count)
    case .timed(let schedule, _): names = .timed(schedule.names)
    }
    path = options.path
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    directory = slash == path.startIndex ? "/" : String(path[..<slash])
    baseName = String(path[path.index(after: slash)...])
    endings = options.backups.compression == nil ? [] : Compression.allCases.map(\.ending)
  }

  /// A rotated file.
  struct Backup {
    let path: String
    /// What its name ends in: "" or that of a compression.
    let ending: String
    /// The name that it has, or had, when it was not compressed.
    var plainPath: String { String(path.dropLast(ending.count)) }
    let status: PathStatus
  }

  /// The backups that there are, the oldest first.
  func existing() throws(SystemError) -> [Backup] {
    switch names {
    case .numbered:
      var found: [Backup] = []
      for number in try numbers() { found += try backups("\(path).\(number)") }
      return found
    case .timed(let names):
      let base = Array(baseName.utf8)
      var plain: [String: RotatedFileNames.Order] = [:]
      for name in try FileCalls.names(in: directory) {
        let ending = endings.first { name.hasSuffix($0) } ?? ""
        let bare = String(name.dropLast(ending.count))
        if let order = names.order(of: Array(bare.utf8), baseName: base) { plain[bare] = order }
      }
      var found: [Backup] = []
      for (name, _) in plain.sorted(by: { $0.value < $1.value }) { found += try backups("\(directory)/\(name)") }
      return found
    }
  }

  private func backups(_ plainPath: String) throws(SystemError) -> [Backup] {
    var found: [Backup] = []
    for ending in [""] + endings {
      let path = plainPath + ending
      if let status = try FileCalls.status(path) { found.append(Backup(path: path, ending: ending, status: status)) }
    }
    return found
  }

  /// The numbers of a size rotation's backups, the highest first; some may be gone by now.
  func numbers() throws(SystemError) -> [Int] {
    guard case .numbered(let count) = names else { return [] }
    let names: [String]
    do throws(SystemError) {
      names = try FileCalls.names(in: directory)
    } catch {
      guard error.number == EACCES else { throw error }
      return (1...max(1, min(count, Self.mostProbed))).reversed()
    }
    let prefix = baseName + "."
    var found: Set<Int> = []
    for name in names where name.hasPrefix(prefix) {
      let ending = endings.first { name.hasSuffix($0) } ?? ""
      let digits = name.dropFirst(prefix.count).dropLast(ending.count)
      guard digits.first != "0", digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let number = Int(digits),
        number <= count
      else { continue }
      found.insert(number)
    }
    return found.sorted(by: >)
  }

  /// Whether a name, with any of the endings, is taken.
  func isTaken(_ name: String) throws(SystemError) -> Bool {
    for ending in [""] + endings where try FileCalls.status(name + ending) != nil { return true }
    return false
  }

  // MARK: Files that are being compressed

  /// The name of a file that is not whole yet. It begins with a point, so that whoever collects
  /// `app.log*` does not see it.
  func temporaryPath(_ number: Int) -> String { "\(directory)/.\(baseName).compressing-\(number)" }

  /// Removes what a process left that was killed while it compressed.
  func removeLeftOvers() throws(SystemError) {
    let prefix = ".\(baseName).compressing-"
    for name in try FileCalls.names(in: directory) where name.hasPrefix(prefix) {
      let number = name.dropFirst(prefix.count)
      if !number.isEmpty, number.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) {
        try FileCalls.remove("\(directory)/\(name)")
      }
    }
  }
}
