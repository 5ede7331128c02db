import Dispatch
import Glibc
import LogHandlers
import LogListeners
import LogRecords
import Pickle
import SharedState
import Synchronization

/// The running daemon: listeners, decode queues and handlers, made from a configuration.
///
/// Starting, reloading and stopping happen on one queue of their own, one at a time. A record never
/// touches this class: its way is `Pipeline`.
public final class Daemon: @unchecked Sendable {
  /// Handlers that one process can have over all its reloads, those that were replaced included: each
  /// has a ring of its own for good. A restart starts from zero.
  public static let mostHandlers = 256
  /// How long a reload waits for a decode queue, which a write may hold up that does not return.
  static let reloadPatience = DispatchTimeInterval.seconds(5)
  /// How often a stopping daemon looks whether everything is written.
  static let stopPollMilliseconds = 5

  let environment: DaemonEnvironment
  let log: DaemonLog
  private let status: ServiceStatus?
  private let queue = DispatchQueue(label: "onggi.daemon")
  private let acceptQueue = DispatchQueue(label: "onggi.accept")
  private(set) var configuration: Configuration
  var listeners = ListenerTable()
  /// Those of the configuration, in its order.
  private var handlers: [RunningHandler] = []
  /// Every handler there ever was, by ring: what a reload replaced may still have something to write,
  /// and what it counted stays counted.
  var everyHandler: [RunningHandler] = []
  let memories: [QueueMemory]
  var decoders: [DecodeQueue<Pipeline>] = []
  let slots: ConnectionSlots
  let book: LedgerBook
  let keeper: DescriptorKeeper
  /// What the service manager passed, as long as nobody has taken it.
  var passed: PassedDescriptors
  /// Rings of an earlier process' handlers that nobody has taken.
  var leftRings: [(number: Int, identity: HandlerIdentity)]

  /// A handler and the ring it has in each queue.
  struct RunningHandler {
    let configuration: Configuration.Handler
    let ring: Int
    /// nil: a `NullHandler`.
    let output: (any LogHandler)?
  }

  /// - Parameters:
  ///   - status: told about everything received; nil when nobody wants to know
  ///   - passed: what the service manager passed to this process
  ///   - queues: decode queues; more than one only pays with more than one core
  public init(
    _ configuration: Configuration, _ environment: DaemonEnvironment, log: DaemonLog, status: ServiceStatus? = nil,
    passed: PassedDescriptors = PassedDescriptors(), queues: Int
  ) throws {
    self.configuration = configuration
    self.passed = passed
    self.environment = environment
    self.log = log
    self.status = status
    let connections = Descriptors.connections(configuration)
    if connections < configuration.limits.maxConnections {
      log.write(
        .warning,
        "max_connections is \(configuration.limits.maxConnections), but there are descriptors for \(connections) only; raise RLIMIT_NOFILE (LimitNOFILE= in the unit)"
      )
    }
    keeper = DescriptorKeeper(log: log)
    let layout = QueueLayout(
      connections: configuration.limits.maxConnections, memory: configuration.limits.memoryBytes / queues,
      largestFrame: configuration.limits.maxFrameBytes + Frame.headerSize, rings: Daemon.mostHandlers)
    let adoption = try Adoption(passed, wanted: layout, queues: queues, keeper: keeper, log: log)
    memories = adoption.memories
    leftRings = adoption.rings
    listeners = ListenerTable(names: adoption.listenerNames)
    slots = ConnectionSlots(connections, memories)
    book = LedgerBook(slots, memories[0])
    // Memory that goes on as it is has the limits that it was made with.
    let largest = memories.map(\.layout.largestFrame).min() ?? layout.largestFrame
    self.configuration.limits.maxFrameBytes = largest - Frame.headerSize
  }

  // MARK: Starting

  /// Opens everything and starts to listen. Throws what kept it from doing so.
  public func start() throws {
    Descriptors.openTimers()
    try queue.sync {
      let activated = takePassedSockets()
      let plan = try DaemonPlan(configuration, environment)
      let numbers = try numberListeners(configuration.listeners)
      handlers = try makeHandlers(plan, configuration, isStart: true)
      retireLeftHandlers()
      for number in memories.indices { decoders.append(try makeDecoder(number, plan)) }
      for decoder in decoders { book.add(decoder) }
      adoptConnections()
      let datagrams = Dictionary(uniqueKeysWithValues: zip(numbers, configuration.listeners.map(datagramPeer)))
      for decoder in decoders { decoder.start { datagrams[$0] } }
      let bound = try bind(configuration.listeners, passed: activated)
      for (index, descriptor) in bound { listen(descriptor, configuration.listeners[index], numbers[index]) }
    }
  }

  /// What it listens at, sockets that only systemd knew included. After `start`.
  public var listening: [Configuration.Listener] { queue.sync { configuration.listeners } }

  /// Adds a listener to the configuration: a socket that the service manager passed.
  func addListener(_ listener: Configuration.Listener) { configuration.listeners.append(listener) }

  /// Numbers for the listeners of a configuration, which the next process knows too.
  private func numberListeners(_ wanted: [Configuration.Listener]) throws -> [Int] {
    let known = listeners.names.count
    var table = listeners
    let numbers = table.numbers(for: wanted)
    guard table.names.count <= QueueLayout.mostListeners else {
      throw PlanError("more than \(QueueLayout.mostListeners) names of listeners since the first start")
    }
    listeners = table
    for number in known..<listeners.names.count {
      memories[0].setName(Array(listeners.names[number].utf8), ofListener: number)
    }
    book.setListeners(listeners.names)
    return numbers
  }

  private func makeDecoder(_ number: Int, _ plan: DaemonPlan) throws -> DecodeQueue<Pipeline> {
    let (slots, keeper) = (slots, keeper)
    let memory = memories[number]
    return try DecodeQueue(
      label: "onggi.decode", memory: memory, sink: pipelines(number, plan)(nil, PeerCounts()),
      largestFrame: configuration.limits.maxFrameBytes,
      partialBytes: memory.layout.partialBytes,
      closed: { slot, peer in
        keeper.forget(queue: number, slot: slot) { slots.free(slot, of: number, listener: peer.listener) }
      })
  }

  /// What makes a decode queue's pipelines, on that queue, out of what the daemon has now: from an earlier
  /// pipeline's counts, or without any.
  private func pipelines(
    _ number: Int, _ plan: DaemonPlan
  ) -> @Sendable (_ ledger: QueueLedger?, _ peers: PeerCounts) -> Pipeline {
    let (log, memory, handlers, status) = (log, memories[number], handlers, status)
    let largestFrame = configuration.limits.maxFrameBytes
    let charsets = listeners.charsets(configuration.listeners, plan.charsets)
    let allowed = listeners.allowed(configuration.listeners)
    let zones = environment.zoneLookup
    return { ledger, peers in
      Pipeline(
        queue: number, memory: memory, largestFrame: largestFrame, fields: plan.fields, tree: plan.tree,
        formatters: plan.formatters,
        outputs: zip(handlers, plan.journals).map { handler, journal in
          let ring = handler.output.map { _ in RingProducer(memory.ring(handler.ring), memory.window) }
          return Pipeline.Output(
            number: handler.ring, handler: handler.output, ring: ring, journal: journal,
            whenFull: handler.configuration.whenFull)
        },
        charsets: charsets, namesPeers: plan.namesPeers, allowed: allowed, filters: plan.filters, zones: zones,
        ledger: ledger, peers: peers, status: status,
        report: { event in
          switch event {
          case .idle(let peer):
            log.write(
              .info, kind: "idle connections", "closed the connection of \(peer), which was silent for idle_timeout")
          case .rejected(_, let peer, let detail):
            log.write(.warning, kind: "refused frames", "refused a frame from \(peer): \(detail)")
          case .unformatted(let handler):
            log.write(
              .warning, kind: "fields without a text",
              "handler \(handlers[handler].configuration.name): a record lacks a field of the format, or has one without a text; the field's reference is written instead, and this is said once"
            )
          }
        })
    }
  }

  /// The handlers of a plan; those that are the same as before go on as they are.
  private func makeHandlers(
    _ plan: DaemonPlan, _ configuration: Configuration, isStart: Bool
  ) throws -> [RunningHandler] {
    var fresh: [RunningHandler] = []
    var result: [RunningHandler] = []
    for (handler, options) in zip(configuration.handlers, plan.outputs) {
      if let same = handlers.first(where: {
        $0.configuration.name == handler.name && $0.configuration.output == handler.output
      }) {
        result.append(RunningHandler(configuration: handler, ring: same.ring, output: same.output))
        continue
      }
      let left = takeLeftRing(handler)
      guard let ring = left ?? freeRing(besides: fresh.map(\.ring)) else {
        throw PlanError("more than \(Daemon.mostHandlers) handlers since the start; restart to begin anew")
      }
      // What a process left that was killed while it made the ring free is none of this handler's.
      if left == nil { for memory in memories { try memory.clearRing(ring) } }
      let new = RunningHandler(
        configuration: handler, ring: ring,
        output: try options.map { try open($0, ring: ring, isFirst: isStart && left == nil) })
      let identity = HandlerIdentity(handler).bytes
      for memory in memories { memory.setName(identity, ofRing: ring) }
      fresh.append(new)
      result.append(new)
    }
    everyHandler += fresh
    for handler in fresh {
      book.add(LedgerBook.Handler(name: handler.configuration.name, number: handler.ring, output: handler.output))
    }
    return result
  }

  func open(_ output: DaemonPlan.Output, ring: Int, isFirst: Bool) throws -> any LogHandler {
    for memory in memories { try memory.mapRing(ring) }
    let log = log
    let report: @Sendable (HandlerEvent) -> Void = { event in
      switch event {
      case .failing(let path, let error):
        log.write(.error, kind: "failing handlers", "cannot write \(path): \(error); what waits is kept")
      case .recovered(let path): log.write(.notice, kind: "failing handlers", "writing \(path) again")
      case .endedLine(let path):
        log.write(.notice, "\(path) ended within a line; a newline was put behind it")
      case .backups(let path, let error):
        log.write(.error, "old files of \(path): \(error); they stay, and it is tried again after the next rollover")
      case .backupsRecovered(let path): log.write(.notice, "old files of \(path): all is well again")
      }
    }
    let rings = memories.map { RingConsumer($0, ring: ring) }
    let handler: any LogHandler
    switch output {
    case .journal(let path): handler = JournalHandler(path: path, rings: rings, report: report)
    case .file(var options):
      // `mode = "w"` is about the first start, not about a restart or reload.
      options.truncateAtStart = options.truncateAtStart && isFirst
      handler = FileHandler(options: options, rings: rings, report: report)
    }
    handler.open()
    return handler
  }

  // MARK: Listening

  /// Sockets for the listeners that are not open yet, by their place in the list; all of them or,
  /// with an error, none. A socket that listens at the same place already is taken over with
  /// everything that waits in it.
  private func bind(
    _ wanted: [Configuration.Listener], passed: [String: Int32] = [:]
  ) throws -> [(index: Int, descriptor: Int32)] {
    var bound: [(index: Int, descriptor: Int32)] = []
    for (index, listener) in wanted.enumerated() where !listeners.isOpen(listener) {
      do throws(SystemError) {
        if let socket = passed[listener.name] {
          bound.append((index, socket))
        } else if let open = listeners.descriptor(at: listener.endpoint) {
          bound.append((index, try Socket.duplicate(open)))
        } else {
          bound.append((index, try bind(listener)))
          keeper.keep(listener: bound[bound.count - 1].descriptor)
        }
      } catch {
        for socket in bound {
          close(socket.descriptor)
          if !listeners.isOpen(at: wanted[socket.index].endpoint) { wanted[socket.index].endpoint.removePath() }
        }
        throw ListenError("listener \(listener.name): \(error) (\(listener.endpoint.text))")
      }
    }
    return bound
  }

  private func bind(_ listener: Configuration.Listener) throws(SystemError) -> Int32 {
    switch listener.endpoint {
    case .tcp(let address): return try Socket.bound(.internet(host: address.host, port: address.port), .stream)
    case .udp(let address):
      let descriptor = try Socket.bound(.internet(host: address.host, port: address.port), .datagram)
      growReceiveBuffer(descriptor, listener.name)
      return descriptor
    case .unix(let path, let access): return try UnixSocketPath.bind(path, access, .stream)
    case .unixDatagram(let path, let access): return try UnixSocketPath.bind(path, access, .datagram)
    }
  }

  private func listen(_ descriptor: Int32, _ listener: Configuration.Listener, _ number: Int) {
    let name = Array(listener.name.utf8)
    switch listener.endpoint {
    case .tcp, .unix: listenForConnections(descriptor, listener, number, name)
    case .udp, .unixDatagram:
      let peer = datagramPeer(listener)
      if case .unixDatagram = listener.endpoint { try? Socket.passCredentials(descriptor) }
      let token = listeners.datagrams(listener, descriptor)
      book.addDatagrams(descriptor, listener: number)
      decoders[token % decoders.count].post { decoder in try? decoder.addDatagrams(descriptor, peer: peer) }
    }
  }

  private func listenForConnections(
    _ descriptor: Int32, _ listener: Configuration.Listener, _ number: Int, _ listenerName: [UInt8]
  ) {
    let (slots, keeper, memories, decoders) = (slots, keeper, memories, decoders)
    let log = log
    var path: String?
    if case .unix(let socketPath, _) = listener.endpoint { path = socketPath }
    let socketPath = path
    let allowed = listener.allowList
    let timeouts = listener.timeouts
    if case .tcp = listener.endpoint { try? Socket.keepAlive(descriptor) }
    let stream = StreamListener(
      descriptor, queue: acceptQueue,
      accepted: { connection, name, host in
        if let allowed, !allowed.contains(host) {
          close(connection)
          slots.refuseNotAllowed(listener: number)
          log.write(.warning, kind: "refused peers", "refused \(name): it is not in the listener's \"allow\"")
          return
        }
        guard let (queue, slot) = slots.take(listener: number) else {
          close(connection)
          log.write(.warning, kind: "refused connections", "refused \(name): max_connections are open")
          return
        }
        var credentials: (uid: UInt32, gid: UInt32, pid: Int32)?
        if socketPath != nil, let peer = Socket.credentials(connection) {
          credentials = (peer.uid, peer.gid, peer.pid)
        }
        let origin = RecordOrigin(
          peer: Array((socketPath ?? name).utf8), listener: listenerName, credentials: credentials)
        let address = credentials.map { PeerAddress.user($0.uid) } ?? host
        let peer = Peer(listener: number, origin: origin, address: address, timeouts: timeouts)
        memories[queue].open(
          slot: slot,
          ConnectionState(
            cookie: Socket.cookie(connection), listener: number, peer: socketPath == nil ? Array(name.utf8) : [],
            credentials: credentials.map { ConnectionState.Credentials(uid: $0.uid, gid: $0.gid, pid: $0.pid) }))
        keeper.keep(connection, queue: queue, slot: slot)
        decoders[queue].post { $0.add(connection, slot: slot, peer: peer) }
      },
      refused: { error in
        slots.refuse(listener: number)
        log.write(.error, kind: "accept", "cannot accept connections: \(error)")
      })
    listeners.streams(listener, stream, descriptor)
    stream.start()
  }

  /// 64 MiB of datagrams can wait if the system lets them: it caps the request at `rmem_max`.
  private func growReceiveBuffer(_ descriptor: Int32, _ name: String) {
    let wanted: Int32 = 64 << 20
    try? Socket.set(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, wanted)
    if let now = Socket.option(descriptor, SOL_SOCKET, SO_RCVBUF), now >= wanted { return }
    try? Socket.set(descriptor, SOL_SOCKET, SO_RCVBUF, wanted)
    if let now = Socket.option(descriptor, SOL_SOCKET, SO_RCVBUF), now < 4 << 20 {
      log.write(
        .warning,
        "listener \(name): the kernel gives \(now) bytes of receive buffer; raise net.core.rmem_max against losses in bursts"
      )
    }
  }

  // MARK: Reloading

  /// Goes over to another configuration. Throws, and goes on as before, when it cannot be done.
  ///
  /// Connections stay. Listeners that are the same stay; `limits` that size memory are those of the
  /// start.
  public func reload(_ new: Configuration) throws {
    try queue.sync {
      let plan = try DaemonPlan(new, environment)
      let before = handlers
      // Whatever can fail comes first.
      try awaitDecoders()
      let numbers = try numberListeners(new.listeners)
      let bound = try bind(new.listeners)
      let fresh: [RunningHandler]
      do {
        fresh = try makeHandlers(plan, new, isStart: false)
      } catch {
        for socket in bound { close(socket.descriptor) }
        throw error
      }
      if new.limits.memoryBytes != configuration.limits.memoryBytes
        || new.limits.maxConnections != configuration.limits.maxConnections
        || new.limits.maxFrameBytes != configuration.limits.maxFrameBytes
      {
        log.write(.warning, "memory_bytes, max_connections and max_frame_bytes change at the next start")
      }
      let old = configuration
      configuration = new
      configuration.limits = old.limits
      configuration.limits.stopTimeout = new.limits.stopTimeout
      handlers = fresh
      for (number, decoder) in decoders.enumerated() {
        let make = pipelines(number, plan)
        onDecoder(decoder) { decoder in
          decoder.meetAllDeadlines()
          decoder.replaceSink { sink in
            // What the old filters have kept back has been told about.
            var next = make(sink.ledger, sink.peers)
            next.carry(sink.summariesLeft)
            return next
          }
        }
      }
      // What the replaced handlers still hold goes where it was meant to go.
      for handler in before where !fresh.contains(where: { $0.ring == handler.ring }) { handler.output?.retire() }
      for listener in old.listeners where !new.listeners.contains(listener) { stopListening(listener) }
      for (index, descriptor) in bound { listen(descriptor, new.listeners[index], numbers[index]) }
      let places = new.listeners.map(\.endpoint)
      for listener in old.listeners where !places.contains(listener.endpoint) { listener.endpoint.removePath() }
    }
  }

  /// Throws when a decode queue does not answer.
  private func awaitDecoders() throws(ReloadError) {
    let deadline = DispatchTime.now() + Daemon.reloadPatience
    for decoder in decoders {
      let done = Handover<Void>()
      decoder.post { _ in done.put(()) }
      guard done.take(until: deadline) != nil else { throw ReloadError() }
    }
  }

  /// Has a decode queue do something before it reads on, and waits for it: no longer than for one that
  /// has answered just now.
  private func onDecoder(
    _ decoder: DecodeQueue<Pipeline>, _ work: @escaping @Sendable (DecodeQueue<Pipeline>) -> Void
  ) {
    let done = Handover<Void>()
    decoder.post { decoder in
      work(decoder)
      done.put(())
    }
    guard done.take(until: DispatchTime.now() + Daemon.reloadPatience) == nil else { return }
    log.write(.warning, "a write does not return: its decode queue goes over to the new configuration when it does")
  }

  private func stopListening(_ listener: Configuration.Listener) {
    if let descriptor = listeners.descriptor(at: listener.endpoint) { keeper.forget(listener: descriptor) }
    switch listeners.remove(listener) {
    case .stream(let stream): acceptQueue.sync { stream.stop() }
    case .datagrams(let token, let descriptor):
      book.removeDatagrams(descriptor)
      onDecoder(decoders[token % decoders.count]) { $0.removeDatagrams(descriptor) }
    case nil: break
    }
  }

  /// Opens all files by their names again.
  public func reopen() {
    queue.sync { for handler in handlers { handler.output?.reopen() } }
  }

  // MARK: Stopping

  /// Whether what is not written stays where the next process finds it.
  public var keepsState: Bool { keeper.isAvailable }

  /// Stops to accept, takes what lies in the receive queues now, and writes it. Sockets that the service
  /// manager keeps stay as they are.
  ///
  /// - Returns: records that could not be written within `limits.stop_timeout`
  public func stop() -> UInt64 {
    // What is half compressed is begun anew at the next start.
    defer { LowPriorityQueue.shared.stop() }
    return queue.sync {
      let deadline = DispatchTime.now() + configuration.limits.stopTimeout.dispatch
      for listener in configuration.listeners {
        if case .stream(let stream)? = listeners.remove(listener) {
          acceptQueue.sync {
            stream.acceptAll()
            stream.stop()
          }
          if !keepsState { listener.endpoint.removePath() }
        }
      }
      for decoder in decoders {
        let done = Handover<Void>()
        decoder.post { decoder in
          decoder.drain(until: deadline)
          repeat {
            decoder.meetAllDeadlines()
            if decoder.withSink({ $0.summariesLeft.isEmpty }) { break }
            usleep(UInt32(Daemon.stopPollMilliseconds * 1000))
          } while DispatchTime.now() < deadline
          done.put(())
        }
        done.take(until: deadline)
      }
      if !keepsState { for listener in configuration.listeners { listener.endpoint.removePath() } }
      while true {
        let pending = everyHandler.reduce(0) { $0 + ($1.output?.statistics().pending ?? 0) }
        if pending == 0 || DispatchTime.now() >= deadline {
          synchronize(until: deadline)
          return pending
        }
        for handler in everyHandler { handler.output?.flush() }
        usleep(UInt32(Daemon.stopPollMilliseconds * 1000))
      }
    }
  }

  /// Handlers with `fsync` have their files on the disk, or have had the time for it.
  private func synchronize(until deadline: DispatchTime) {
    let group = DispatchGroup()
    for handler in everyHandler { handler.output?.synchronize(in: group) }
    guard group.wait(timeout: deadline) == .timedOut else { return }
    log.write(.error, "stop_timeout is over, and the disk has not confirmed all that was written")
  }

  // MARK: The ledger

  /// Takes what has been counted so far, without waiting for anything that may be held up, and hands
  /// it over on a queue that must not be held up either. On any thread.
  public func ledger(_ done: @escaping @Sendable (Ledger) -> Void) { book.take(done) }

  /// What has been counted so far. Not on a decode queue.
  public func ledger() -> Ledger { book.take() }

  /// Lets each decode queue answer between two reads, on itself: they are alive who do.
  public var probes: [@Sendable (_ answer: @escaping @Sendable () -> Void) -> Void] {
    queue.sync { decoders.map { decoder in { answer in decoder.post { _ in answer() } } } }
  }
}
