import Dispatch
import Glibc
import SharedState
import Synchronization

/// `fsync = "interval"`: the disk confirms what was written at most once a second, on a queue of its
/// own, so that neither reading nor writing waits for it.
final class SynchronizationInterval: Sendable {
  static let nanoseconds: UInt64 = 1_000_000_000

  private let directory: String
  private let path: String
  private let report: @Sendable (HandlerEvent) -> Void
  private let queue = DispatchQueue(label: "onggi.fsync")
  private let isUnderWay = Atomic<Bool>(false)
  /// When the disk was asked last: `DispatchTime`'s uptime.
  private let asked = Atomic<UInt64>(0)
  private let isFailing = Atomic<Bool>(false)

  init(_ options: FileOptions, _ report: @escaping @Sendable (HandlerEvent) -> Void) {
    directory = options.directory
    path = options.path
    self.report = report
  }

  /// Something was written.
  func begin(_ handler: FileHandler) {
    guard !isUnderWay.exchange(true, ordering: .acquiringAndReleasing) else { return }
    let due = asked.load(ordering: .relaxed) + SynchronizationInterval.nanoseconds
    queue.asyncAfter(deadline: DispatchTime(uptimeNanoseconds: max(due, DispatchTime.now().uptimeNanoseconds))) {
      self.confirm(handler)
    }
  }

  /// At once: the daemon stops.
  func confirmNow(_ handler: FileHandler, in group: DispatchGroup) {
    queue.async(group: group) { self.confirm(handler) }
  }

  private func confirm(_ handler: FileHandler) {
    // From here on a write begins another round.
    isUnderWay.store(false, ordering: .sequentiallyConsistent)
    asked.store(DispatchTime.now().uptimeNanoseconds, ordering: .relaxed)
    var (descriptors, hasNewName) = handler.takeDirty()
    do throws(SystemError) {
      while let descriptor = descriptors.first {
        try FileCalls.synchronizeData(descriptor)
        close(descriptors.removeFirst())
      }
      if hasNewName { try FileCalls.synchronize(directory: directory) }
      hasNewName = false
      if isFailing.exchange(false, ordering: .relaxed) { report(.recovered(path: path)) }
    } catch {
      if !isFailing.exchange(true, ordering: .relaxed) { report(.failing(path: path, error)) }
      handler.giveBack(descriptors, directory: hasNewName)
      begin(handler)
    }
  }
}
