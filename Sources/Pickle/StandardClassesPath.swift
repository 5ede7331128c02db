/// `pathlib`'s four classes that pickles name.
public enum PathClass: UInt8, Sendable {
  case purePosixPath, posixPath, pureWindowsPath, windowsPath

  public var isWindows: Bool { self == .pureWindowsPath || self == .windowsPath }

  var name: String {
    switch self {
    case .purePosixPath: "PurePosixPath"
    case .posixPath: "PosixPath"
    case .pureWindowsPath: "PureWindowsPath"
    case .windowsPath: "WindowsPath"
    }
  }
}

/// A path as `pathlib` takes it apart: `PurePath._parse_path` of the joined segments.
public struct ParsedPath: Equatable, Sendable {
  public let pathClass: PathClass
  public var drive: [UInt8]
  public var root: [UInt8]
  /// The components after the anchor; never empty ones or `.`.
  public var tail: [[UInt8]]

  /// The segments that the constructor got, in the class' own syntax.
  public init(_ pathClass: PathClass, segments: [[UInt8]]) {
    self.pathClass = pathClass
    if pathClass.isWindows {
      (drive, root, tail) = WindowsSyntax.parse(WindowsSyntax.join(segments))
    } else {
      (root, tail) = ParsedPath.parsePosix(ParsedPath.joinPosix(segments))
      drive = []
    }
  }

  private init(_ pathClass: PathClass, drive: [UInt8], root: [UInt8], tail: [[UInt8]]) {
    self.pathClass = pathClass
    self.drive = drive
    self.root = root
    self.tail = tail
  }

  var separator: UInt8 { pathClass.isWindows ? 0x5C : 0x2F }

  /// `str(path)`.
  public var text: [UInt8] {
    var text = drive + root
    if text.isEmpty, pathClass.isWindows, let first = tail.first, !WindowsSyntax.splitRoot(first).drive.isEmpty {
      // What looks like a drive, but is a relative name.
      text = [0x2E, 0x5C]
    }
    for (index, component) in tail.enumerated() {
      if index > 0 { text.append(separator) }
      text += component
    }
    return text.isEmpty ? [0x2E] : text
  }

  /// `path.as_posix()`: what `repr()` shows.
  public var posixText: [UInt8] { pathClass.isWindows ? text.map { $0 == 0x5C ? 0x2F : $0 } : text }

  public var anchor: [UInt8] { drive + root }
  public var name: [UInt8] { tail.last ?? [] }

  public var parent: ParsedPath {
    ParsedPath(pathClass, drive: drive, root: root, tail: Array(tail.dropLast()))
  }

  /// Where the name's last suffix begins: `PurePath.suffix` knows none in `.bashrc` and in `a.`.
  private var suffixStart: Int? {
    let name = name
    guard let dot = name.lastIndex(of: 0x2E), dot > 0, dot < name.count - 1 else { return nil }
    return dot
  }

  public var suffix: [UInt8] { suffixStart.map { Array(name[$0...]) } ?? [] }
  public var stem: [UInt8] { suffixStart.map { Array(name[..<$0]) } ?? name }

  public var suffixes: [[UInt8]] {
    let name = name
    guard name.last != 0x2E else { return [] }
    let stripped = name.drop { $0 == 0x2E }
    return stripped.split(separator: 0x2E, omittingEmptySubsequences: false).dropFirst().map { [0x2E] + $0 }
  }

  public var parts: [[UInt8]] {
    let anchor = anchor
    return anchor.isEmpty ? tail : [anchor] + tail
  }

  // MARK: POSIX syntax

  private static func joinPosix(_ segments: [[UInt8]]) -> [UInt8] {
    var path: [UInt8] = []
    for segment in segments {
      if segment.first == 0x2F {
        path = segment
      } else {
        if !path.isEmpty, path.last != 0x2F { path.append(0x2F) }
        path += segment
      }
    }
    return path
  }

  private static func parsePosix(_ path: [UInt8]) -> (root: [UInt8], tail: [[UInt8]]) {
    let slashes = path.prefix { $0 == 0x2F }.count
    // POSIX leaves the meaning of exactly two leading slashes open, so they are kept.
    let root: [UInt8] = slashes == 0 ? [] : slashes == 2 ? [0x2F, 0x2F] : [0x2F]
    return (root, components(path[slashes...], separator: 0x2F))
  }

  fileprivate static func components(_ path: ArraySlice<UInt8>, separator: UInt8) -> [[UInt8]] {
    path.split(separator: separator).compactMap { $0.count == 1 && $0.first == 0x2E ? nil : Array($0) }
  }
}

/// `ntpath`'s rules for drives, UNC shares and device names.
private enum WindowsSyntax {
  struct Split {
    var drive: ArraySlice<UInt8>
    var root: ArraySlice<UInt8>
    var rest: ArraySlice<UInt8>
  }

  private static func isSeparator(_ byte: UInt8) -> Bool { byte == 0x5C || byte == 0x2F }

  /// `ntpath.splitroot`.
  static func splitRoot(_ path: [UInt8]) -> Split {
    let none = path[..<0]
    guard let first = path.first else { return Split(drive: none, root: none, rest: none) }
    if isSeparator(first) {
      guard path.count > 1, isSeparator(path[1]) else {
        return Split(drive: none, root: path[..<1], rest: path[1...])
      }
      let whole = Split(drive: path[...], root: none, rest: none)
      let serverStart = isUNCPrefix(path) ? 8 : 2
      guard let server = path[min(serverStart, path.count)...].firstIndex(where: isSeparator) else { return whole }
      guard let share = path[(server + 1)...].firstIndex(where: isSeparator) else { return whole }
      return Split(drive: path[..<share], root: path[share..<share + 1], rest: path[(share + 1)...])
    }
    // The drive is one character, not one byte, and a colon.
    let letter = characterLength(path)
    guard path.count > letter, path[letter] == 0x3A else { return Split(drive: none, root: none, rest: path[...]) }
    let end = letter + 1
    guard path.count > end, isSeparator(path[end]) else {
      return Split(drive: path[..<end], root: none, rest: path[end...])
    }
    return Split(drive: path[..<end], root: path[end..<end + 1], rest: path[(end + 1)...])
  }

  private static func characterLength(_ path: [UInt8]) -> Int {
    switch path.first ?? 0 {
    case 0..<0xC0: 1
    case 0xC0..<0xE0: 2
    case 0xE0..<0xF0: 3
    default: 4
    }
  }

  /// Whether the path begins with `\\?\UNC\`.
  private static func isUNCPrefix(_ path: [UInt8]) -> Bool {
    guard path.count >= 8 else { return false }
    let prefix = path[..<8].map { $0 == 0x2F ? 0x5C : $0 & 0xDF == 0x55 ? 0x55 : $0 & 0xDF == 0x4E ? 0x4E : $0 }
    return prefix[0] == 0x5C && prefix[1] == 0x5C && prefix[2] == 0x3F && prefix[3] == 0x5C
      && prefix[4] == 0x55 && prefix[5] == 0x4E && prefix[6] & 0xDF == 0x43 && prefix[7] == 0x5C
  }

  private static func lowercased(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
  }

  /// `ntpath.join`: a segment with a root or another drive replaces what stood before it.
  static func join(_ segments: [[UInt8]]) -> [UInt8] {
    guard let first = segments.first else { return [] }
    let split = splitRoot(first)
    guard segments.count > 1 else { return first }
    var (drive, root, rest) = (Array(split.drive), Array(split.root), Array(split.rest))
    for segment in segments.dropFirst() {
      let next = splitRoot(segment)
      if !next.root.isEmpty {
        if !next.drive.isEmpty || drive.isEmpty { drive = Array(next.drive) }
        root = Array(next.root)
        rest = Array(next.rest)
        continue
      }
      if !next.drive.isEmpty, Array(next.drive) != drive {
        let differs = lowercased(next.drive) != lowercased(drive[...])
        drive = Array(next.drive)
        if differs {
          root = Array(next.root)
          rest = Array(next.rest)
          continue
        }
      }
      if let last = rest.last, !isSeparator(last) { rest.append(0x5C) }
      rest += next.rest
    }
    if !rest.isEmpty, root.isEmpty, let last = drive.last, last != 0x3A, !isSeparator(last) {
      return drive + [0x5C] + rest
    }
    return drive + root + rest
  }

  /// `PurePath._parse_path` with `ntpath`.
  static func parse(_ path: [UInt8]) -> (drive: [UInt8], root: [UInt8], tail: [[UInt8]]) {
    let path = path.map { $0 == 0x2F ? 0x5C : $0 }
    let split = splitRoot(path)
    var root = Array(split.root)
    if root.isEmpty, split.drive.first == 0x5C, split.drive.last != 0x5C {
      let parts = split.drive.split(separator: 0x5C, omittingEmptySubsequences: false)
      // `\\server\share`, which is no device, or `\\?\UNC\server\share`.
      let isServer = parts.count > 2 && !["", "?", ".", "?."].contains { parts[2].elementsEqual($0.utf8) }
      if parts.count == 4 && isServer || parts.count == 6 { root = [0x5C] }
    }
    return (Array(split.drive), root, ParsedPath.components(split.rest, separator: 0x5C))
  }
}
