import Glibc
import SharedState

/// Finding the file again that an earlier process was writing to, whatever its name is now.
enum FileSearch {
  /// Bytes that are compared at once.
  private static let pieceSize = 64 * 1024

  /// How many bytes of an interrupted write stand in its file: those behind the noted length that are
  /// the same as in the ring. 0 when the file is gone.
  static func written(_ intent: WriteIntent, of ring: RingConsumer, near path: String) -> Int {
    guard let descriptor = open(intent, near: path) else { return 0 }
    defer { close(descriptor) }
    var equal = 0
    while equal < intent.bytes {
      let start = ring.start + equal
      let piece = FileCalls.read(descriptor, at: intent.length + equal, min(pieceSize, intent.bytes - equal))
      let ours = ring.memory.window.array(start..<start + piece.count)
      let same = piece.indices.first { piece[$0] != ours[$0] } ?? piece.count
      equal += same
      if same < pieceSize { break }
    }
    return equal
  }

  /// Opens the file to read and append; nil when it is not found at its path, nor under a name that
  /// begins with it, which is what rotation by us and by others makes of it.
  static func open(_ intent: WriteIntent, near path: String) -> Int32? {
    if let descriptor = open(path, ifIs: intent) { return descriptor }
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    let directory = String(path[..<slash])
    let base = String(path[path.index(after: slash)...])
    for name in FileCalls.names(in: directory.isEmpty ? "/" : directory) ?? [] where name.hasPrefix(base) {
      if let descriptor = open(directory + "/" + name, ifIs: intent) { return descriptor }
    }
    return nil
  }

  private static func open(_ path: String, ifIs intent: WriteIntent) -> Int32? {
    guard let descriptor = FileCalls.openToVerify(path) else { return nil }
    if let identity = try? FileCalls.identify(descriptor), identity.isRegular,
      WriteIntent(identity, bytes: 0, records: 0).isSameFile(as: intent)
    {
      return descriptor
    }
    close(descriptor)
    return nil
  }
}

extension WriteIntent {
  /// A write to the end of a file.
  init(_ identity: FileIdentity, bytes: Int, records: Int) {
    self.init(
      device: identity.device, inode: identity.inode, bornSeconds: identity.bornSeconds,
      bornNanoseconds: identity.bornNanoseconds, length: identity.size, bytes: bytes, records: records)
  }

  func isSameFile(as other: WriteIntent) -> Bool {
    device == other.device && inode == other.inode && bornSeconds == other.bornSeconds
      && bornNanoseconds == other.bornNanoseconds
  }
}
