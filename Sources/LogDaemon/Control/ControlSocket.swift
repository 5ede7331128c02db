import Dispatch
import Glibc
import LogListeners
import SharedState

/// The daemon's end of the control socket.
///
/// Everything here happens on a queue of its own. What is asked for is answered when it is there;
/// nobody waits for it meanwhile, and no client waits for another.
public final class ControlSocket: @unchecked Sendable {
  /// Clients at a time. One more takes the place of the one that has owed its request longest.
  public static let mostClients = 16
  /// Within this time a request has to be there, and an answer has to be taken.
  static let requestSeconds = 5
  static let replySeconds = 10

  /// Answers a request, on any thread and at any time.
  public typealias Answer =
    @Sendable (_ request: ControlRequest, _ reply: @escaping @Sendable (ControlReply) -> Void) -> Void

  public let path: String
  private let log: DaemonLog
  private let answer: Answer
  private let queue = DispatchQueue(label: "onggi.control")
  private var listener: StreamListener?
  /// By their number, which grows.
  private var clients: [Int: Client] = [:]
  private var clientCount = 0
  /// Itself, from when nobody else holds it until its last client has gone.
  private var retired: ControlSocket?

  private final class Client {
    enum Phase { case asking, waiting, taking }

    let descriptor: Int32
    var phase = Phase.asking
    var request = ControlRequestReader()
    var reply: ArraySlice<UInt8> = []
    var source: (any DispatchSourceProtocol)?
    /// Sources that Dispatch has not let go of: the descriptor has to outlive them.
    var liveSources = 0
    var hasEnded = false

    init(_ descriptor: Int32) { self.descriptor = descriptor }
  }

  /// Binds the socket. A stale one is replaced, a live one is not.
  init(
    path: String, access: Configuration.SocketAccess, log: DaemonLog, answer: @escaping Answer
  ) throws(SystemError) {
    self.path = path
    self.log = log
    self.answer = answer
    let descriptor = try UnixSocketPath.bind(path, access, .stream)
    let listener = StreamListener(
      descriptor, queue: queue, accepted: { [unowned self] connection, _, _ in self.accept(connection) },
      refused: { error in log.write(.error, kind: "control socket", "control socket: \(error)") })
    self.listener = listener
    listener.start()
  }

  /// Takes the socket away. Whoever waits for an answer gets none.
  func stop() {
    queue.sync {
      UnixSocketPath.remove(path)
      listener?.stop()
      listener = nil
      for number in clients.keys { end(number) }
    }
  }

  /// Takes no more clients; those that are there are still answered, and keep this alive.
  func retire() {
    queue.async { [self] in
      UnixSocketPath.remove(path)
      listener?.stop()
      listener = nil
      retired = self
      letGo()
    }
  }

  private func letGo() {
    if clients.isEmpty { retired = nil }
  }

  /// Goes over to other permissions.
  func setAccess(_ access: Configuration.SocketAccess) throws(SystemError) {
    try UnixSocketPath.setAccess(path, access)
  }

  // MARK: Clients

  private func accept(_ connection: Int32) {
    if clients.count == ControlSocket.mostClients {
      guard let slowest = clients.filter({ $0.value.phase == .asking }).keys.min() else {
        _ = Socket.send(connection, ControlReply(.error, "\(ControlRefusal.busy)\n").bytes[...])
        close(connection)
        return
      }
      refuse(slowest, .unfinished)
      end(slowest)
    }
    clientCount += 1
    let number = clientCount
    let client = Client(connection)
    clients[number] = client
    watch(client, DispatchSource.makeReadSource(fileDescriptor: connection, queue: queue)) { [unowned self] in
      receive(number)
    }
    queue.asyncAfter(deadline: .now() + .seconds(ControlSocket.requestSeconds)) { [weak self] in
      guard let self, clients[number]?.phase == .asking else { return }
      refuse(number, .unfinished)
    }
  }

  private func receive(_ number: Int) {
    guard let client = clients[number], client.phase == .asking else { return }
    var bytes: [UInt8] = []
    switch Socket.receive(client.descriptor, most: client.request.room, into: &bytes) {
    case .wouldBlock: return
    case .end: return refuse(number, .unfinished)
    case .failed: return end(number)
    case .count: break
    }
    do throws(ControlRefusal) {
      guard let request = try client.request.append(bytes) else { return }
      client.phase = .waiting
      unwatch(client)
      answer(request) { [weak self] reply in
        guard let self else { return }
        queue.async { self.send(reply, to: number) }
      }
    } catch {
      refuse(number, error)
    }
  }

  private func refuse(_ number: Int, _ refusal: ControlRefusal) {
    send(ControlReply(.error, "\(refusal)\n"), to: number)
  }

  private func send(_ reply: ControlReply, to number: Int) {
    guard let client = clients[number], client.phase != .taking else { return }
    client.phase = .taking
    client.reply = reply.bytes[...]
    unwatch(client)
    if send(number) { return }
    watch(client, DispatchSource.makeWriteSource(fileDescriptor: client.descriptor, queue: queue)) {
      [unowned self] in _ = send(number)
    }
    queue.asyncAfter(deadline: .now() + .seconds(ControlSocket.replySeconds)) { [weak self] in self?.end(number) }
  }

  /// Sends what the client takes now. True: that was all, or it is gone.
  private func send(_ number: Int) -> Bool {
    guard let client = clients[number] else { return true }
    while !client.reply.isEmpty {
      switch Socket.send(client.descriptor, client.reply) {
      case .count(let count): client.reply = client.reply.dropFirst(count)
      case .wouldBlock: return false
      case .end, .failed: client.reply = []
      }
    }
    end(number)
    return true
  }

  // MARK: Sources

  private func watch(_ client: Client, _ source: any DispatchSourceProtocol, _ work: @escaping () -> Void) {
    source.setEventHandler(handler: DispatchWorkItem(block: work))
    source.setCancelHandler(
      handler: DispatchWorkItem {
        client.liveSources -= 1
        if client.hasEnded && client.liveSources == 0 { close(client.descriptor) }
      })
    client.source = source
    client.liveSources += 1
    source.activate()
  }

  private func unwatch(_ client: Client) {
    client.source?.cancel()
    client.source = nil
  }

  private func end(_ number: Int) {
    guard let client = clients.removeValue(forKey: number) else { return }
    unwatch(client)
    client.hasEnded = true
    // Others may hold the descriptor a moment longer; the client is told now.
    shutdown(client.descriptor, Int32(SHUT_RDWR))
    if client.liveSources == 0 { close(client.descriptor) }
    if retired != nil { letGo() }
  }
}
