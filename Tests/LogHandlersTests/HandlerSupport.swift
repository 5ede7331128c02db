import Foundation
import Pickle
import SharedState
import Synchronization

@testable import LogHandlers

/// A file handler in a folder of its own, fed as decode queues feed it.
final class HandlerBench {
  let folder: String
  let path: String
  let memory: QueueMemory
  let events = Events()
  private(set) var handler: FileHandler
  private let options: FileOptions
  private var producers: [RingProducer] = []

  final class Events: Sendable {
    let failures = Atomic<Int>(0)
    let recoveries = Atomic<Int>(0)
    let backupFailures = Atomic<Int>(0)
    let backupRecoveries = Atomic<Int>(0)
    let endedLines = Atomic<Int>(0)
  }

  /// - Parameters:
  ///   - prepare: called with the path before the handler sees it
  init(
    _ rollover: Rollover = .never, rings: Int = 1, folder given: String? = nil, truncate: Bool = false,
    delay: Bool = false, backups: BackupOptions = BackupOptions(),
    permissions: UInt32 = 0o640, group: UInt32? = nil, fsync: Synchronization = .never,
    prepare: (String) throws -> Void = { _ in }
  ) throws {
    folder = given ?? FileManager.default.temporaryDirectory.appending(path: "onggi-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    path = folder + "/app.log"
    try prepare(path)
    memory = try QueueMemory(
      layout: QueueLayout(connections: 1, memory: 1 << 20, largestFrame: 4096, rings: rings), name: "onggi-test")
    for ring in 0..<rings { try memory.mapRing(ring) }
    options = FileOptions(
      path: path, permissions: permissions, rollover: rollover, truncateAtStart: truncate, delay: delay, group: group,
      backups: backups, synchronization: fsync)
    handler = HandlerBench.handler(options, memory, rings, events)
    producers = (0..<rings).map { RingProducer(memory.ring($0), memory.window) }
    handler.open()
  }

  private static func handler(
    _ options: FileOptions, _ memory: QueueMemory, _ rings: Int, _ events: Events
  ) -> FileHandler {
    FileHandler(options: options, rings: (0..<rings).map { RingConsumer(memory, ring: $0) }) { event in
      switch event {
      case .failing: events.failures.add(1, ordering: .relaxed)
      case .recovered: events.recoveries.add(1, ordering: .relaxed)
      case .backups: events.backupFailures.add(1, ordering: .relaxed)
      case .backupsRecovered: events.backupRecoveries.add(1, ordering: .relaxed)
      case .endedLine: events.endedLines.add(1, ordering: .relaxed)
      }
    }
  }

  /// Another process goes on with the memory that this one left.
  func restart() {
    handler = HandlerBench.handler(options, memory, producers.count, events)
    handler.open()
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Puts records in a ring and shows them together; there has to be room.
  func put(_ records: [String], ring: Int = 0) {
    producers[ring].rewind(memory.window)
    producers[ring].refresh(memory.window)
    for record in records {
      let bytes = Array(record.utf8)
      HandlerBench.fill(memory.window, producers[ring].room, bytes)
      producers[ring].append(bytes.count, .info, memory.window)
    }
    var transaction = Transaction(memory.layout)
    producers[ring].publish(&transaction, memory.window)
    transaction.commit(memory.window)
  }

  static func fill(_ window: borrowing MemoryWindow, _ range: Range<Int>, _ source: [UInt8]) {
    var target = window.writable(range)
    target.copy(source.rawBytes, to: 0)
  }

  func write(_ records: String...) {
    put(records)
    handler.flushNow()
  }

  /// A file's text; nil where there is none.
  func text(_ suffix: String = "") -> String? { try? String(contentsOfFile: path + suffix, encoding: .utf8) }

  /// The names in the folder, sorted.
  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() }

  /// Waits until something is so.
  func eventually(_ question: () throws -> Bool) rethrows -> Bool {
    // A loaded machine gives a thread of the lowest priority little.
    for _ in 0..<12000 {
      if try question() { return true }
      usleep(5000)
    }
    return false
  }

  /// Waits until nothing is pending: a handler that failed tries again by itself.
  func settles() -> Bool {
    for _ in 0..<6000 {
      if handler.statistics().pending == 0 { return true }
      usleep(5000)
    }
    return false
  }
}

/// Runs a program; true when it succeeds.
func succeeds(_ program: String, _ arguments: String...) -> Bool {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = [program] + arguments
  process.standardError = FileHandle.nullDevice
  guard (try? process.run()) != nil else { return false }
  process.waitUntilExit()
  return process.terminationStatus == 0
}

/// Whether this process may mount; says so when it may not.
let mayMount: Bool = {
  let folder = FileManager.default.temporaryDirectory.appending(path: "onggi-mount-\(UUID().uuidString)").path
  try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  if succeeds("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder), succeeds("umount", folder) { return true }
  print("skipped: tests of full disks and busy files need the right to mount")
  return false
}()
