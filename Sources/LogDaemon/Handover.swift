import Dispatch
import Synchronization

/// One value that one thread waits for and another gives.
final class Handover<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)
  private let given = DispatchSemaphore(value: 0)

  func put(_ new: Value) {
    value.withLock { $0 = new }
    given.signal()
  }

  /// Waits for the value; nil when it does not come in time.
  @discardableResult
  func take(until deadline: DispatchTime = .distantFuture) -> Value? {
    given.wait(timeout: deadline) == .success ? value.withLock { $0 } : nil
  }

  /// Waits for the value, however long that takes.
  func wait() -> Value {
    given.wait()
    guard let value = value.withLock({ $0 }) else { preconditionFailure("given without a value") }
    return value
  }
}
