import Dispatch
import Synchronization

/// What the service manager keeps for the next process: the queues' memory, the sockets that the
/// daemon bound itself, and every connection from when it is accepted to when it ends.
///
/// Messages about one name go out in order, and a slot is free again only when its connection has been
/// taken out: a name never stands for two connections.
final class DescriptorKeeper: Sendable {
  /// The names in the store.
  enum Name: Hashable, Sendable {
    case memory(Int)
    case listener(Int)
    case connection(queue: Int, slot: Int)

    var text: String {
      switch self {
      case .memory(let number): "onggi-queue-\(number)"
      case .listener(let number): "onggi-listener-\(number)"
      case .connection(let queue, let slot): "onggi-connection-\(queue)-\(slot)"
      }
    }

    /// nil: a name of somebody else's, such as a socket unit's.
    init?(_ text: String) {
      let parts = text.split(separator: "-", omittingEmptySubsequences: false)
      guard parts.count >= 3, parts[0] == "onggi" else { return nil }
      let numbers = parts.dropFirst(2).map { Int($0) }
      switch (parts[1], numbers.count, numbers.first ?? nil, numbers.last ?? nil) {
      case ("queue", 1, let number?, _): self = .memory(number)
      case ("listener", 1, let number?, _): self = .listener(number)
      case ("connection", 2, let queue?, let slot?): self = .connection(queue: queue, slot: slot)
      default: return nil
      }
      guard self.text == text else { return nil }
    }
  }

  private struct State {
    /// Descriptors that were given to the store and not taken out.
    var stored = 0
    var listeners: [Int32: Int] = [:]
    var nextListener = 0
    var saidFull = false
  }

  /// Whether there is a store.
  let isAvailable = FileDescriptorStore.isAvailable
  private let limit = FileDescriptorStore.limit ?? Int.max
  private let log: DaemonLog
  private let queue = DispatchQueue(label: "onggi.store")
  private let state = Mutex(State())

  init(log: DaemonLog) { self.log = log }

  // MARK: Connections

  /// Stores a connection, before anything is read from it. On the queue that accepts.
  func keep(_ descriptor: Int32, queue: Int, slot: Int) {
    guard isAvailable, hasRoom() else { return }
    FileDescriptorStore.store(descriptor, name: Name.connection(queue: queue, slot: slot).text, poll: false)
  }

  /// Notes that a connection is in the store already.
  func note(_ count: Int = 1) { state.withLock { $0.stored += count } }

  /// Takes a connection out that has ended, and then frees its slot.
  func forget(queue number: Int, slot: Int, then free: @escaping @Sendable () -> Void) {
    guard isAvailable else { return free() }
    queue.async { [self] in
      remove(.connection(queue: number, slot: slot))
      state.withLock { $0.stored -= 1 }
      free()
    }
  }

  private func hasRoom() -> Bool {
    let (isFull, isFirst) = state.withLock { state -> (Bool, Bool) in
      state.stored += 1
      guard state.stored > limit else { return (false, false) }
      defer { state.saidFull = true }
      return (true, !state.saidFull)
    }
    if isFirst {
      log.write(
        .warning,
        "the store of descriptors is full (FileDescriptorStoreMax=\(limit)): connections beyond it do not survive a restart"
      )
    }
    return !isFull
  }

  // MARK: Memory and listeners

  func keep(memory descriptor: Int32, _ number: Int) {
    guard isAvailable else { return }
    remove(.memory(number))
    note()
    FileDescriptorStore.store(descriptor, name: Name.memory(number).text, poll: false)
  }

  /// Stores a socket that the daemon has bound, unless it is there already.
  func keep(listener descriptor: Int32) {
    guard isAvailable else { return }
    let number: Int? = state.withLock { state in
      guard state.listeners[descriptor] == nil else { return nil }
      let number = state.nextListener
      state.nextListener += 1
      state.stored += 1
      state.listeners[descriptor] = number
      return number
    }
    guard let number else { return }
    FileDescriptorStore.store(descriptor, name: Name.listener(number).text, poll: false)
  }

  /// Notes the name of a socket that an earlier process stored.
  func note(listener descriptor: Int32, _ number: Int) {
    state.withLock { state in
      state.listeners[descriptor] = number
      state.nextListener = max(state.nextListener, number + 1)
      state.stored += 1
    }
  }

  /// Takes a socket out that is no listener any more.
  func forget(listener descriptor: Int32) {
    guard let number = state.withLock({ $0.listeners.removeValue(forKey: descriptor) }) else { return }
    remove(.listener(number))
    note(-1)
  }

  func remove(_ name: Name) { FileDescriptorStore.remove(name: name.text) }
}
