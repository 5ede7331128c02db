import Dispatch
import Synchronization

/// The line that `systemctl status` shows: kept up to date while something happens, and at rest
/// while nothing does.
public final class ServiceStatus: Sendable {
  /// Seconds from the first change to the line that shows it.
  static let pauseSeconds = 5

  private let isDue = Atomic<Bool>(false)
  private let queue = DispatchQueue(label: "onggi.status")
  private let remark = Mutex("")
  private let takeLedger = Mutex<(@Sendable (@escaping @Sendable (Ledger) -> Void) -> Void)?>(nil)

  public init() {}

  /// - Parameter ledger: takes a ledger
  func start(_ ledger: @escaping @Sendable (@escaping @Sendable (Ledger) -> Void) -> Void) {
    takeLedger.withLock { $0 = ledger }
    show()
  }

  /// Something was received. On any queue, after each read: it costs a load.
  @inline(__always)
  func note() {
    if !isDue.load(ordering: .relaxed) { arm() }
  }

  @inline(never)
  private func arm() {
    if isDue.exchange(true, ordering: .relaxed) { return }
    queue.asyncAfter(deadline: .now() + .seconds(ServiceStatus.pauseSeconds)) { [weak self] in
      guard let self else { return }
      isDue.store(false, ordering: .relaxed)
      show()
    }
  }

  /// What stands in front of the counts from now on; empty for nothing.
  func setRemark(_ text: String) {
    remark.withLock { $0 = text }
    show()
  }

  private func show() {
    takeLedger.withLock(\.self)? { ledger in
      let remark = self.remark.withLock(\.self)
      ServiceNotifier.status(remark.isEmpty ? ledger.summary : "\(remark); \(ledger.summary)")
    }
  }
}
