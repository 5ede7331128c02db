import Glibc
package import SharedState

/// Finding the file again that an earlier process was writing to, whatever its name is now.
enum FileSearch {
  /// Bytes that are compared at once.
  private static let pieceSize = 64 * 1024

  /// How many bytes of an interrupted write stand in its file: those behind the noted length that are
  /// the same as in the ring. 0 when the file is gone.
  ///
  /// - Parameter synchronized: whether the disk has to have them, too
  static func written(
    _ intent: WriteIntent, of ring: RingConsumer, near path: String, synchronized: Bool
  ) throws(SystemError) -> Int {
    guard let descriptor = try open(intent, near: path) else { return 0 }
    defer { close(descriptor) }
    var equal = 0
    while equal < intent.bytes {
      let start = ring.start + equal
      let piece = try FileCalls.read(descriptor, at: intent.length + equal, min(pieceSize, intent.bytes - equal))
      let ours = ring.memory.window.array(start..<start + piece.count)
      let same = piece.indices.first { piece[$0] != ours[$0] } ?? piece.count
      equal += same
      if same < pieceSize { break }
    }
    if synchronized && equal > 0 { try FileCalls.synchronizeData(descriptor) }
    return equal
  }

  /// Opens the file to read and append; nil when it is not found at its path, nor under a name that
  /// begins with it, which is what rotation by us and by others makes of it.
  static func open(_ intent: WriteIntent, near path: String) throws(SystemError) -> Int32? {
    if let descriptor = try open(path, ifIs: intent) { return descriptor }
    guard let slash = path.lastIndex(of: "/") else { return nil }
    let directory = String(path[..<slash])
    let base = String(path[path.index(after: slash)...])
    let names: [String]
    do throws(SystemError) {
      names = try FileCalls.names(in: directory.isEmpty ? "/" : directory)
    } catch {
      if error.isMissing || error.number == EACCES { return nil }
      throw error
    }
    for name in names where name.hasPrefix(base) {
      do throws(SystemError) {
        if let descriptor = try open(directory + "/" + name, ifIs: intent) { return descriptor }
      } catch {
        // Somebody else's file.
        if error.number != EACCES { throw error }
      }
    }
    return nil
  }

  private static func open(_ path: String, ifIs intent: WriteIntent) throws(SystemError) -> Int32? {
    guard let descriptor = try FileCalls.openToVerify(path) else { return nil }
    do throws(SystemError) {
      let identity = try FileCalls.identify(descriptor)
      if identity.isRegular, WriteIntent(identity, bytes: 0, records: 0).isSameFile(as: intent) { return descriptor }
    } catch {
      close(descriptor)
      throw error
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

extension WriteIntent {
  /// No write yet, to the end of an open file.
  package init(file descriptor: Int32) throws(SystemError) {
    self.init(try FileCalls.identify(descriptor), bytes: 0, records: 0)
  }
}
