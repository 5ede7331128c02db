import Glibc
import LogListeners
import LogRecords
import SharedState

/// The queues' memory at a start: an earlier process', where there is some that can be gone on with,
/// else fresh.
struct Adoption {
  private(set) var memories: [QueueMemory] = []
  private let keeper: DescriptorKeeper
  private let log: DaemonLog

  /// - Parameters:
  ///   - wanted: the layout that the configuration asks for
  ///   - queues: decode queues; those of an earlier process are never fewer
  init(
    _ passed: PassedDescriptors, wanted: QueueLayout, queues: Int, keeper: DescriptorKeeper, log: DaemonLog
  ) throws(SystemError) {
    self.keeper = keeper
    self.log = log
    let most = 64
    let stored = passed.memories.keys.filter { $0 < most }.max().map { $0 + 1 } ?? 0
    for number in 0..<max(queues, stored) {
      memories.append(try memory(number, passed.memories[number] ?? [], wanted))
    }
    for (number, descriptors) in passed.memories where number >= most {
      for descriptor in descriptors { close(descriptor) }
      keeper.remove(.memory(number))
    }
  }

  private func memory(
    _ number: Int, _ descriptors: [Int32], _ wanted: QueueLayout
  ) throws(SystemError) -> QueueMemory {
    let name = "onggi-queue-\(number)"
    var adopted: QueueMemory?
    for descriptor in descriptors {
      if adopted != nil {
        close(descriptor)
        continue
      }
      do throws(StateError) {
        adopted = try QueueMemory(adopting: descriptor)
      } catch {
        log.write(
          .error, "what an earlier process stored as \(name) cannot be used, and what waited in it is lost: \(error)")
      }
    }
    if let old = adopted {
      if old.layout == wanted {
        if descriptors.count == 1 { keeper.note() } else { keeper.keep(memory: old.file.descriptor, number) }
        return old
      }
      if old.isQuiet, let moved = try QueueMemory(layout: wanted, name: name, continuing: old) {
        keeper.keep(memory: moved.file.descriptor, number)
        return moved
      }
      log.write(.warning, "memory_bytes, max_connections and max_frame_bytes change at a start at which nothing waits")
      keeper.keep(memory: old.file.descriptor, number)
      return old
    }
    let fresh = try QueueMemory(layout: wanted, name: name)
    keeper.keep(memory: fresh.file.descriptor, number)
    return fresh
  }

  /// The names of listeners by number, as earlier processes knew them.
  var listenerNames: [String] {
    (0..<QueueLayout.mostListeners).prefix { memories[0].name(ofListener: $0) != nil }.map {
      String(decoding: memories[0].name(ofListener: $0) ?? [], as: UTF8.self)
    }
  }

  /// The handlers that have rings, by what `HandlerIdentity` says of them.
  var rings: [(number: Int, identity: HandlerIdentity)] {
    memories[0].usedRings.compactMap { number in
      guard let name = memories[0].name(ofRing: number), let identity = HandlerIdentity(name) else { return nil }
      return (number, identity)
    }
  }
}

/// What makes a handler the same one in the next process: its name, and where it writes to.
struct HandlerIdentity: Equatable, Sendable {
  let name: String
  let place: Place

  enum Place: Equatable, Sendable {
    case file(String)
    /// A standard stream, the journal, or nothing.
    case other(String)
  }

  init(_ handler: Configuration.Handler) {
    name = handler.name
    switch handler.output {
    case .file(let file), .watchedFile(let file), .rotatingFile(let file, _, _), .timedRotatingFile(let file, _, _):
      place = .file(file.path)
    case .stream(let stream): place = .other(stream.rawValue)
    case .journal(let identifier): place = .other("journal \(identifier)")
    case .null: place = .other("null")
    }
  }

  /// From the bytes that `bytes` made; nil: it did not.
  init?(_ bytes: [UInt8]) {
    let parts = bytes.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
    guard parts.count == 3, parts[0] == "file" || parts[0] == "other" else { return nil }
    name = parts[1]
    place = parts[0] == "file" ? .file(parts[2]) : .other(parts[2])
  }

  var bytes: [UInt8] {
    switch place {
    case .file(let path): Array("file\0\(name)\0\(path)".utf8)
    case .other(let text): Array("other\0\(name)\0\(text)".utf8)
    }
  }
}
