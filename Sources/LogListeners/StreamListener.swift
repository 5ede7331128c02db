public import Dispatch
import Glibc
import LogRecords
public import SharedState

/// Accepts connections on one listening socket and hands them out.
///
/// Accepting has a queue of its own, apart from the decode queues: a flood of connections delays no
/// record. When descriptors run out, waiting is all that helps; the spare one lets a client be told.
public final class StreamListener: @unchecked Sendable {
  /// Pause after `accept` failed for want of descriptors or memory.
  static let pauseMilliseconds = 100

  private let descriptor: Int32
  private let queue: DispatchQueue
  private let source: any DispatchSourceRead
  /// Open on nothing: closed to have one descriptor when there is none.
  private var spare: Int32
  private let accepted: @Sendable (Int32, _ peer: String, PeerAddress) -> Void
  private let refused: @Sendable (SystemError) -> Void

  /// - Parameters:
  ///   - queue: shared by all listeners
  ///   - accepted: gets each connection, on `queue`
  ///   - refused: told about a connection that could not be had
  public init(
    _ descriptor: Int32, queue: DispatchQueue,
    accepted: @escaping @Sendable (Int32, _ peer: String, PeerAddress) -> Void,
    refused: @escaping @Sendable (SystemError) -> Void
  ) {
    self.descriptor = descriptor
    self.queue = queue
    self.accepted = accepted
    self.refused = refused
    spare = dup(descriptor)
    source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
  }

  public func start() {
    source.setEventHandler { [weak self] in self?.acceptAll() }
    source.setCancelHandler { [self] in
      close(descriptor)
      if spare >= 0 { close(spare) }
    }
    source.activate()
  }

  /// Accepts whoever waits. On the queue.
  public func acceptAll() {
    while true {
      switch Socket.accept(descriptor) {
      case .connection(let connection, let peer, let address): accepted(connection, peer, address)
      case .none: return
      case .again: continue
      case .failed(let error): return outOfResources(error)
      }
    }
  }

  private func outOfResources(_ error: SystemError) {
    refused(error)
    if error.number == EMFILE || error.number == ENFILE, spare >= 0 {
      close(spare)
      if case .connection(let connection, _, _) = Socket.accept(descriptor) { close(connection) }
      spare = dup(descriptor)
    }
    source.suspend()
    queue.asyncAfter(deadline: .now() + .milliseconds(StreamListener.pauseMilliseconds)) { [self] in source.resume() }
  }

  /// Stops to accept, and closes the socket. On the queue.
  public func stop() { source.cancel() }
}
