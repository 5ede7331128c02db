/// Why a configured zone cannot be had.
public enum ZoneDatabaseError: Error, Equatable, Sendable {
  /// No IANA name: empty, absolute, with "..", or with other bytes than letters, digits, `+`, `-`, `_` and `/`.
  case invalidName
  /// No such file: an unknown name, or no tz database on this machine (Debian's package is `tzdata`).
  case notFound
  case unreadable(TimeZoneFileError)
}

/// The machine's zones: the tz database and the rules of the TZ variable (tzset(3)). It opens no files itself.
public struct ZoneDatabase: Sendable {
  /// The bytes of the file at a path, or nil if it cannot be read. It need not read more than
  /// `TimeZoneFileLimits.bytes` and one more.
  public typealias ReadFile = @Sendable (_ path: String) -> [UInt8]?

  /// `$TZDIR`, or glibc's default.
  public let directory: String
  private let readFile: ReadFile

  public static let defaultDirectory = "/usr/share/zoneinfo"
  public static let localTimePath = "/etc/localtime"
  /// Bytes of an IANA name.
  public static let longestName = 255

  /// - Parameter directory: the value of `TZDIR`; nil or empty stands for the default.
  public init(directory: String? = nil, readFile: @escaping ReadFile) {
    self.directory = directory.flatMap { $0.isEmpty ? nil : $0 } ?? Self.defaultDirectory
    self.readFile = readFile
  }

  /// The zone of an IANA name from a configuration.
  public func zone(named name: String) throws(ZoneDatabaseError) -> TimeZoneRules {
    guard Self.isName(name) else { throw .invalidName }
    guard let bytes = readFile(directory + "/" + name) else { throw .notFound }
    do {
      return try TimeZoneRules(tzif: bytes)
    } catch {
      throw error == .notTZif ? .notFound : .unreadable(error)
    }
  }

  /// The local zone by the value of the TZ variable (nil: unset), as glibc's `tzset` takes it: unset is
  /// /etc/localtime, empty is UTC, otherwise the name of a file (a leading colon is dropped), and what names none is
  /// read as a POSIX string, in which everything unknown is UTC.
  public func local(tz variable: String?) -> TimeZoneRules {
    guard let variable else { return file(Self.localTimePath) ?? .utc }
    if variable.isEmpty { return file("Universal") ?? TimeZoneRules(posix: Array("Universal".utf8)) }
    let text = variable.first == ":" ? String(variable.dropFirst()) : variable
    if text.isEmpty { return .utc }
    if let rules = file(text) { return rules }
    return text == Self.localTimePath ? .utc : TimeZoneRules(posix: Array(text.utf8))
  }

  private func file(_ name: String) -> TimeZoneRules? {
    guard !name.utf8.contains(0),
      let bytes = readFile(name.utf8.first == UInt8(ascii: "/") ? name : directory + "/" + name)
    else { return nil }
    return try? TimeZoneRules(tzif: bytes)
  }

  /// Whether the text can be an IANA name: no way out of the database's directory, nothing hidden.
  static func isName(_ name: String) -> Bool {
    guard !name.isEmpty, name.utf8.count <= longestName else { return false }
    for part in name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      guard let first = part.first, first != UInt8(ascii: "-") else { return false }
      for byte in part {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "_"):
          continue
        default: return false
        }
      }
    }
    return true
  }
}
