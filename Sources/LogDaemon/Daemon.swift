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
  let status: ServiceStatus?
  let queue = DispatchQueue(label: "onggi.daemon")
  let acceptQueue = DispatchQueue(label: "onggi.accept")
  var configuration: Configuration
  var listeners = ListenerTable()
  /// Those of the configuration, in its order.
  var handlers: [RunningHandler] = []
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
  func numberListeners(_ wanted: [Configuration.Listener]) throws -> [Int] {
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

  func makeDecoder(_ number: Int, _ plan: DaemonPlan) throws -> DecodeQueue<Pipeline> {
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
  func pipelines(
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
  func makeHandlers(
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
