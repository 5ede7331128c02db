import Dispatch
import LogHandlers
import LogListeners
import SharedState
import Synchronization

/// Where the ledger comes from: who listens, decodes and writes, and what each has counted.
///
/// Taking the ledger waits for no write, no reload and no decode queue: one that does not answer in
/// time is in it with what it said the last time. All that happens on a queue of its own; the daemon
/// notes changes from its own.
final class LedgerBook: @unchecked Sendable {
  /// How long a decode queue may take to answer: milliseconds.
  static let patienceMilliseconds = 1000

  typealias Completion = @Sendable (Ledger) -> Void

  struct Handler: Sendable {
    let name: String
    /// In the queues' ledgers, and of its rings.
    let number: Int
    /// nil: a `NullHandler`.
    let output: (any LogHandler)?
  }

  /// What one decode queue counted, at one moment between two reads.
  private struct Part: Sendable {
    let ledger: QueueLedger
    let peers: PeerCounts
    /// By handler's number: records in its ring, written ones included.
    let published: [Int: UInt64]
  }

  fileprivate struct Sources: Sendable {
    var listeners: [String] = []
    var handlers: [Handler] = []
    var decoders: [DecodeQueue<Pipeline>] = []
    var datagrams: [(descriptor: Int32, listener: Int)] = []
  }

  private let slots: ConnectionSlots
  /// The first queue's.
  private let memory: QueueMemory
  private let sources = Mutex(Sources())
  private let queue = DispatchQueue(label: "onggi.ledger")

  // On the queue alone:
  private var parts: [Part?] = []
  /// By decode queue: whether it still owes an answer.
  private var isAsked: [Bool] = []
  /// Whoever wants a ledger that has not been begun.
  private var waiting: [Completion] = []
  private var collection: Collection?
  private var collections = 0

  /// A ledger that is being taken.
  private struct Collection {
    let number: Int
    let handlers: [(handler: Handler, statistics: HandlerStatistics?)]
    let completions: [Completion]
  }

  init(_ slots: ConnectionSlots, _ memory: QueueMemory) {
    self.slots = slots
    self.memory = memory
  }

  // MARK: Changes

  /// Notes the listeners there are, by number: before a queue gets to know one of them.
  func setListeners(_ names: [String]) { sources.withLock { $0.listeners = names } }

  /// Notes a handler, for good: before a queue gets to know it.
  func add(_ handler: Handler) { sources.withLock { $0.handlers.append(handler) } }

  func add(_ decoder: DecodeQueue<Pipeline>) { sources.withLock { $0.decoders.append(decoder) } }

  /// Counts what the kernel drops at a socket, until it is removed.
  func addDatagrams(_ descriptor: Int32, listener: Int) {
    sources.withLock {
      ListenerCounters(memory, listener).begin(descriptor)
      $0.datagrams.append((descriptor, listener))
    }
  }

  /// Before the socket is closed.
  func removeDatagrams(_ descriptor: Int32) {
    sources.withLock { sources in
      sources.countKernelDrops(memory)
      sources.datagrams.removeAll { $0.descriptor == descriptor }
    }
  }

  // MARK: Taking

  /// Takes the ledger, and hands it over on a queue that must not be held up.
  func take(_ done: @escaping Completion) {
    queue.async { [self] in
      waiting.append(done)
      if collection == nil { begin() }
    }
  }

  /// Takes the ledger and waits for it. Not on a decode queue.
  func take() -> Ledger {
    let result = Handover<Ledger>()
    take { result.put($0) }
    return result.wait()
  }

  private func begin() {
    let (handlers, decoders) = sources.withLock { ($0.handlers, $0.decoders) }
    // Handlers first: what is written meanwhile had been accepted by the time the queues answer.
    collections += 1
    collection = Collection(
      number: collections, handlers: handlers.map { ($0, $0.output?.statistics()) }, completions: waiting)
    waiting = []
    while isAsked.count < decoders.count {
      isAsked.append(false)
      parts.append(nil)
    }
    let rings = handlers.filter { $0.output != nil }.map(\.number)
    for (index, decoder) in decoders.enumerated() where !isAsked[index] {
      isAsked[index] = true
      decoder.post { [self] decoder in
        let published = rings.map { ($0, decoder.memory.counts(ofRing: $0).published) }
        let (ledger, peers) = decoder.withSink { ($0.ledger, $0.peers) }
        let part = Part(ledger: ledger, peers: peers, published: Dictionary(uniqueKeysWithValues: published))
        queue.async { self.take(part, of: index) }
      }
    }
    if isAsked.contains(true) {
      let number = collections
      queue.asyncAfter(deadline: .now() + .milliseconds(LedgerBook.patienceMilliseconds)) { [self] in
        if collection?.number == number { finish() }
      }
    } else {
      finish()
    }
  }

  private func take(_ part: Part, of index: Int) {
    parts[index] = part
    isAsked[index] = false
    if collection != nil && !isAsked.contains(true) { finish() }
  }

  private func finish() {
    guard let collection else { return }
    self.collection = nil
    let listeners = sources.withLock { sources in
      sources.countKernelDrops(memory)
      return sources.listeners
    }
    var ledger = Ledger(
      listeners: listeners.enumerated().map { number, name in
        (name, slots.counts(listener: number), ListenerCounters(memory, number)[ListenerCell.kernelDrops])
      })
    for case let part? in parts { ledger.add(part.ledger, part.peers) }
    ledger.silentQueues = isAsked.count { $0 }
    for (handler, statistics) in collection.handlers {
      var published: UInt64? = 0
      // A queue that is silent has gone on since it gave its part, or has never given one.
      for (index, part) in parts.enumerated() {
        guard !isAsked[index], let count = part?.published[handler.number] else {
          published = nil
          break
        }
        published? += count
      }
      ledger.addHandler(handler.name, statistics, handler.number, published: statistics == nil ? nil : published)
    }
    for completion in collection.completions { completion(ledger) }
    if !waiting.isEmpty { begin() }
  }
}

extension LedgerBook.Sources {
  fileprivate func countKernelDrops(_ memory: QueueMemory) {
    for socket in datagrams { ListenerCounters(memory, socket.listener).countDrops(socket.descriptor) }
  }
}
