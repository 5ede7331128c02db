import Glibc
public import SharedState

/// What a process leaves that is killed now: a descriptor of a copy of the memory, with a sealed size.
public func whatAKillLeaves(of memory: QueueMemory) throws -> Int32 {
  try copyOfFile(memory.file.descriptor, size: memory.file.size)
}

/// SEEK_DATA and SEEK_HOLE of lseek(2).
private let (seekData, seekHole): (Int32, Int32) = (3, 4)

private func copyOfFile(_ original: Int32, size: Int) throws -> Int32 {
  let copy = try MemoryFile(name: "onggi-copy", size: size)
  var at = 0
  while true {
    // The file is sparse.
    let start = lseek(original, off_t(at), seekData)
    guard start >= 0 else { break }
    let end = lseek(original, start, seekHole)
    var bytes = [UInt8](repeating: 0, count: Int(end - start))
    let count = bytes.count
    let read = unsafe bytes.withUnsafeMutableBytes { unsafe pread(original, $0.baseAddress, count, start) }
    let written = unsafe bytes.withUnsafeBytes { unsafe pwrite(copy.descriptor, $0.baseAddress, count, start) }
    guard read == count, written == count else { throw SystemError("copy", errno) }
    at = Int(end)
  }
  return fcntl(copy.descriptor, F_DUPFD_CLOEXEC, 3)
}
