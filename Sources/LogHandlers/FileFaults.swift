/// The system calls on the way of a record to the disk, as tests name them.
enum FileCall: CaseIterable, Sendable {
  case open, openAgain, identify, status, list, read, write, rewrite, synchronize, synchronizeDirectory, rename,
    renameWithLink, remove
}

#if DEBUG
  import Glibc
  import Synchronization

  /// Trouble with the disk that tests make up. No release build has it.
  ///
  /// A plan is asked before each call for files below its folder, on whatever thread that happens, and
  /// may let it fail, be cut short, or wait.
  enum FileFaults {
    enum Outcome: Sendable {
      case passes
      /// errno.
      case fails(Int32)
      /// Of a write no more than so many bytes are tried.
      case takes(Int)
    }

    typealias Plan = @Sendable (FileCall) -> Outcome

    private static let isArmed = Atomic<Bool>(false)
    private static let plans = Mutex<[String: Plan]>([:])

    static func arm(_ folder: String, _ plan: @escaping Plan) {
      plans.withLock { $0[folder] = plan }
      isArmed.store(true, ordering: .releasing)
    }

    static func disarm(_ folder: String) { plans.withLock { $0[folder] = nil } }

    static func outcome(_ call: FileCall, _ path: () -> String) -> Outcome {
      guard isArmed.load(ordering: .acquiring) else { return .passes }
      let path = path()
      // A plan may wait: not under the lock.
      let plan = plans.withLock { plans in plans.first { path.hasPrefix($0.key) }?.value }
      return plan?(call) ?? .passes
    }

    /// Whether a call is to fail; errno says how.
    static func strike(_ call: FileCall, _ path: () -> String) -> Bool {
      guard case .fails(let number) = outcome(call, path) else { return false }
      errno = number
      return true
    }
  }
#endif
