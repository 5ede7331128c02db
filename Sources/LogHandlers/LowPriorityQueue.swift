import CLinux
import Dispatch
import Glibc
import Synchronization

/// Work that has time: one piece after the other, on a thread that gets the processor when nobody
/// else wants it. Files are compressed there.
///
/// Dispatch's classes of service do not change the priority of a thread on Linux, and a thread that
/// lowered its own could not raise it again. So the work has a thread of its own, which is there only
/// while there is work.
@safe
public final class LowPriorityQueue: Sendable {
  /// The one of the process.
  public static let shared = LowPriorityQueue()

  private struct State {
    var waiting: [@Sendable () -> Void] = []
    var isRunning = false
  }
  private let state = Mutex(State())
  private let stops = Atomic<Bool>(false)
  private let busy = DispatchGroup()

  /// Whether the process is about to end, and long work is to be given up.
  var isStopping: Bool { stops.load(ordering: .relaxed) }

  func async(_ work: @escaping @Sendable () -> Void) {
    guard !isStopping else { return }
    let isIdle = state.withLock { state in
      state.waiting.append(work)
      defer { state.isRunning = true }
      return !state.isRunning
    }
    guard isIdle else { return }
    busy.enter()
    let context = unsafe Unmanaged.passRetained(self).toOpaque()
    var thread = pthread_t()
    let status = unsafe pthread_create(&thread, nil, LowPriorityQueue.main, context)
    if status == 0 {
      pthread_detach(thread)
    } else {
      unsafe Unmanaged<LowPriorityQueue>.fromOpaque(context).release()
      DispatchQueue.global().async { self.work() }
    }
  }

  /// Gives up what is under way and what waits; returns when that is done, or after a second.
  public func stop() {
    stops.store(true, ordering: .relaxed)
    state.withLock { $0.waiting = [] }
    _ = busy.wait(timeout: .now() + .seconds(1))
  }

  private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
    if let context = unsafe context {
      unsafe onggi_lower_priority("onggi-compress")
      unsafe Unmanaged<LowPriorityQueue>.fromOpaque(context).takeRetainedValue().work()
    }
    return nil
  }

  private func work() {
    while true {
      let next = state.withLock { state -> (@Sendable () -> Void)? in
        if state.waiting.isEmpty {
          state.isRunning = false
          return nil
        }
        return state.waiting.removeFirst()
      }
      guard let next else { break }
      next()
    }
    busy.leave()
  }
}
