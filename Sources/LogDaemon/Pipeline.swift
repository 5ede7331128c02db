public import LogHandlers
public import LogListeners
public import LogRecords
public import Pickle
public import SharedState

/// The way of a record, from top to bottom: frame, record, logger tree, formatter, ring.
///
/// One for each decode queue, which is the only one to touch it. Configuration is fixed for the
/// pipeline's life.
public struct Pipeline: ~Copyable, RecordSink {
  /// What of a handler the pipeline needs. Its formatter has the same number.
  public struct Output: Sendable {
    /// The handler's number in the ledger.
    public let number: Int
    /// nil, with its ring: a `NullHandler`.
    public let handler: (any LogHandler)?
    public let ring: RingProducer?
    /// What makes entries of the journal in place of lines.
    public let journal: JournalFormatter?
    public let whenFull: Configuration.WhenFull

    public init(
      number: Int, handler: (any LogHandler)?, ring: RingProducer?, journal: JournalFormatter? = nil,
      whenFull: Configuration.WhenFull = .block
    ) {
      self.number = number
      self.handler = handler
      self.ring = ring
      self.journal = journal
      self.whenFull = whenFull
    }
  }

  /// What becomes of a handler's records.
  enum Kind: UInt8 { case discarded, lines, entries }

  let largestFrame: Int
  /// By handler; nil: a `NullHandler`.
  let handlers: [(any LogHandler)?]
  let kinds: [Kind]
  /// By handler; nil: its records become lines.
  let journals: [JournalFormatter?]
  let whenFull: [Configuration.WhenFull]
  /// By handler: whether records wait for room rather than being dropped.
  let waits: [Bool]
  /// The decode queue's number.
  let queue: Int
  /// By handler: its number in the ledger.
  let numbers: [Int]
  /// By listener: how its senders' Python 2 strings are read.
  let charsets: [Renderer.Charset]
  /// By listener: who may send datagrams; nil: everybody. Streams are looked at when they are accepted.
  let allowed: [AllowList?]
  /// Whether a format shows the peer, so that each datagram's sender has to be named.
  let namesPeers: Bool
  let status: ServiceStatus?
  let report: @Sendable (PipelineEvent) -> Void

  var reader: RecordReader
  var state: RenderState
  var tree: LoggerTree
  var stage: FilterStage
  /// Reads the summaries of filters, beside the record at hand.
  var summaryReader: RecordReader
  var isSummary = false
  var formatters: [LogFormatter]
  /// By handler.
  var rings: [RingProducer]
  var savedRings: [RingProducer]
  var savedCounts: [QueueLedger.Handler]
  let budget: RingBudget
  public internal(set) var ledger: QueueLedger
  var stored: StoredLedger
  public internal(set) var peers: PeerCounts
  public internal(set) var unflushed = 0
  /// `unflushed` before the record at hand.
  var savedUnflushed = 0

  /// - Parameters:
  ///   - queue: the decode queue's number
  ///   - ledger, peers: what an earlier pipeline of this queue counted; without a ledger it is what an
  ///     earlier process counted
  ///   - status: told about each read
  public init(
    queue: Int = 0, memory: QueueMemory, largestFrame: Int, fields: RecordFields, tree: LoggerTree,
    formatters: [LogFormatter],
    outputs: [Output], charsets: [Renderer.Charset], namesPeers: Bool, allowed: [AllowList?] = [],
    filters: [PlannedFilter] = [], zones: ZoneLookup? = nil, ledger: QueueLedger? = nil,
    peers: PeerCounts = PeerCounts(), status: ServiceStatus? = nil, receiver: Receiver = .process,
    report: @escaping @Sendable (PipelineEvent) -> Void
  ) {
    self.largestFrame = largestFrame
    handlers = outputs.map(\.handler)
    kinds = outputs.map { $0.handler == nil ? .discarded : $0.journal == nil ? .lines : .entries }
    journals = outputs.map(\.journal)
    whenFull = outputs.map(\.whenFull)
    waits = whenFull.map { $0 == .block }
    budget = RingBudget(
      bytes: memory.layout.recordBytes, rings: outputs.count { $0.ring != nil },
      waiting: outputs.count { $0.ring != nil && $0.whenFull == .block })
    self.queue = queue
    self.charsets = charsets
    self.allowed = allowed
    stage = FilterStage(filters, levelNameSlot: fields.levelNameSlot)
    // Not asked of `stage`: an optimised build releases the fields that are not set yet when this
    // initializer borrows one that cannot be copied.
    self.namesPeers = namesPeers || filters.contains { $0.filter.looksAtPeers }
    summaryReader = RecordReader(keys: fields.keys)
    self.report = report
    self.peers = peers
    self.status = status
    reader = RecordReader(keys: fields.keys)
    state = RenderState(receiver: receiver)
    state.renderer.zones = zones
    self.tree = tree
    self.formatters = formatters
    rings = outputs.map { $0.ring ?? RingProducer() }
    numbers = outputs.map(\.number)
    savedRings = rings
    savedCounts = Array(repeating: QueueLedger.Handler(), count: outputs.count)
    var counts = ledger ?? QueueLedger(stored: memory, listeners: charsets.count, handlers: memory.layout.ringCount)
    counts.grow(listeners: charsets.count, handlers: (numbers.max() ?? -1) + 1)
    self.ledger = counts
    stored = StoredLedger(memory.layout, counts)
  }

  // MARK: Bytes to frames

  public mutating func take(_ window: borrowing MemoryWindow, _ range: Range<Int>, from peer: Peer) -> Taken {
    rewind(window)
    state.renderer.charset = charsets[peer.listener]
    state.origin = peer.origin
    let input = window.bytes(range.lowerBound..<range.upperBound + RecordReader.padding)
    let count = range.count
    var at = 0
    var frames: UInt64 = 0
    stored.touch(peer.listener)
    defer {
      ledger.listeners[peer.listener].frames += frames
      ledger.listeners[peer.listener].bytes += UInt64(at)
      if frames > 0 { peers.talkers.count(peer.address, frames, bytes: UInt64(at)) }
    }
    while count &- at >= Frame.headerSize {
      let length = Frame.length(input, at: at)
      if length > largestFrame { return Taken(at, .refused(StreamRefusal(Frame.error(length)))) }
      let end = at &+ Frame.headerSize &+ length
      guard end <= count else { break }
      let padded = input.piece(at &+ Frame.headerSize, length &+ RecordReader.padding)
      let pickle = padded.piece(0, length)
      if !reader.read(padded, end: length), let error = decode(pickle) {
        reject(error, from: peer)
      } else if !route(pickle, window, from: peer) {
        return Taken(at, .full)
      }
      frames &+= 1
      at = end
    }
    return Taken(at, .done)
  }

  public mutating func takeDatagram(
    _ window: borrowing MemoryWindow, _ range: Range<Int>, truncated: Bool, from source: borrowing DatagramSource
  ) -> Taken {
    let input = window.bytes(range.lowerBound..<range.upperBound + RecordReader.padding)
    let listener = source.socket.listener
    stored.touch(listener)
    let length = range.count - Frame.headerSize
    if listener < allowed.count, let allowed = allowed[listener], !allowed.contains(source.address) {
      ledger.listeners[listener].frames += 1
      ledger.listeners[listener].bytes += UInt64(range.count)
      reject(.notAllowed, from: source.peer(), detail: "the peer is not in the listener's \"allow\"")
      return Taken(range.count, .done)
    }
    guard !truncated, length >= 0, Frame.length(input, at: 0) == length else {
      ledger.listeners[listener].frames += 1
      ledger.listeners[listener].bytes += UInt64(range.count)
      reject(truncated ? .truncated : .datagram, from: source.peer(), detail: "a datagram of \(range.count) bytes")
      return Taken(range.count, .done)
    }
    let peer = namesPeers ? source.peer() : source.socket
    rewind(window)
    state.renderer.charset = charsets[listener]
    state.origin = peer.origin
    let padded = input.extracting(Frame.headerSize..<input.byteCount)
    if !reader.read(padded, end: length), let error = decode(padded.extracting(0..<length)) {
      reject(error, from: source.peer())
    } else if !route(padded.extracting(0..<length), window, from: peer) {
      return Taken(0, .full)
    }
    ledger.listeners[listener].frames += 1
    ledger.listeners[listener].bytes += UInt64(range.count)
    peers.talkers.count(source.address, 1, bytes: UInt64(range.count))
    return Taken(range.count, .done)
  }

  // MARK: Frame to record

  /// The general machine, for every pickle that is not of the stock shape. Returns why it is refused.
  @inline(never)
  mutating func decode(_ pickle: RawSpan) -> PickleError? {
    do throws(PickleError) {
      let record = try state.unpickler.load(pickle)
      guard record.kind == .dictionary else {
        throw PickleError(.notARecord, "a record is a dictionary", at: state.unpickler.consumed)
      }
      reader.set(record, state.unpickler.arena, pickle)
      return nil
    } catch {
      return error
    }
  }

  // MARK: Record to handlers

  /// False: a handler has no room, and nothing has happened.
  @inline(__always)
  mutating func route(_ pickle: RawSpan, _ window: borrowing MemoryWindow, from peer: Peer) -> Bool {
    let level = level()
    let number = routeOfName(pickle)
    guard level >= tree.level(of: number) else {
      ledger.filtered += 1
      return true
    }
    if tree.isFiltered(number) { return routeFiltered(pickle, level, number, window, from: peer) }
    savedUnflushed = unflushed
    let only = tree.onlyTarget(of: number)
    if level >= only.lowest, level <= only.highest {
      guard write(pickle, to: only.handler, level, window) else { return false }
      ledger.routed &+= 1
      return true
    }
    return routeToAll(pickle, level, tree.targets(of: number), window)
  }

  @inline(never)
  mutating func routeToAll(
    _ pickle: RawSpan, _ level: Int, _ targets: Range<Int>, _ window: borrowing MemoryWindow
  ) -> Bool {
    if targets.count > 1 { save(targets) }
    var taken = false
    for index in targets {
      let target = tree.target(index)
      guard level >= target.lowest, level <= target.highest else { continue }
      taken = true
      guard write(pickle, to: target.handler, level, window) else {
        if targets.count > 1 { restore(targets) }
        return false
      }
    }
    if taken { ledger.routed += 1 } else { ledger.filtered += 1 }
    return true
  }

  /// The same where filters have to look at the record itself.
  @inline(never)
  mutating func routeFiltered(
    _ pickle: RawSpan, _ level: Int, _ route: Int, _ window: borrowing MemoryWindow, from peer: Peer
  ) -> Bool {
    stage.decide(reader, pickle, level, loggerName(pickle), tree, route: route, &state, from: peer)
    // What is said in front of the record comes first, and is not taken back with it.
    guard writeSummaries(window) else { return false }
    let handlers = stage.passing
    savedUnflushed = unflushed
    for handler in handlers { save(handler) }
    for handler in handlers where !write(pickle, to: handler, level, window) {
      for handler in handlers { restore(handler) }
      unflushed = savedUnflushed
      return false
    }
    if handlers.isEmpty { ledger.filtered += 1 } else { ledger.routed += 1 }
    stage.finish()
    return true
  }

  /// The record's level. One without a number is not lost for it: it counts as the lowest that a
  /// logger can be enabled for.
  @inline(__always)
  func level() -> Int {
    guard let value = reader.values[RecordFields.Slot.levelNumber] else { return 1 }
    switch value.kind {
    case .integer: return Int(value.asInteger)
    case .bool: return value.asBool ? 1 : 0
    case .float:
      // `levelno >= level` holds for a fraction exactly if it holds for its floor; never for NaN.
      let floor = value.asDouble.rounded(.down)
      return Int(exactly: floor) ?? (floor > 0 ? Int.max : Int.min)
    default: return 1
    }
  }

  @inline(__always)
  mutating func routeOfName(_ pickle: RawSpan) -> Int {
    guard let name = reader.values[RecordFields.Slot.name], name.kind == .string || name.kind == .string2 else {
      return tree.route(pickle.piece(0, 0))
    }
    if name.inScratch { return tree.route(unescaped: name, state.unpickler.arena, pickle) }
    return tree.route(pickle.piece(name.offset, Int(name.length)))
  }

  func loggerName(_ pickle: RawSpan) -> [UInt8] {
    var name: [UInt8] = []
    if let value = reader.values[RecordFields.Slot.name], value.kind == .string || value.kind == .string2 {
      name.append(state.unpickler.arena.bytes(value, pickle))
    }
    return name
  }

  // MARK: Record to line

  /// Formats the record behind the handler's ring. False: there is no room now.
  @inline(__always)
  mutating func write(
    _ pickle: RawSpan, to handler: Int, _ level: Int, _ window: borrowing MemoryWindow
  ) -> Bool {
    let kind = kinds[handler]
    if kind == .discarded {
      ledger.handlers[numbers[handler]].discarded += 1
      stored.touch()
      return true
    }
    let rank = RecordRank(level: level)
    var attempt = 0
    while true {
      // Where records are dropped, the last part of the room is kept for those that matter most.
      let room = waits[handler] || rank == .error ? rings[handler].room : rings[handler].roomLessReserve
      var line = LineBuffer(window.writable(room))
      state.renderer.reset(pickleBytes: pickle.byteCount)
      let fits =
        kind == .lines
        ? Pipeline.append(reader, pickle, &formatters[handler], &state, into: &line)
        : appendEntry(pickle, to: handler, into: &line)
      if fits {
        if state.unshown > 0 { noteUnshown(handler) }
        let length = line.count
        rings[handler].append(length, rank, window)
        unflushed &+= length
        return true
      }
      switch makeRoom(handler, rank, attempt, window) {
      case .made: attempt += 1
      case .later: return false
      case .dropped: return true
      }
    }
  }

  @inline(never)
  mutating func appendEntry(_ pickle: RawSpan, to handler: Int, into entry: inout LineBuffer) -> Bool {
    guard let journal = journals[handler] else { return true }
    return Pipeline.append(reader, pickle, level: level(), &formatters[handler], journal, &state, into: &entry)
  }

  /// Static, so that the record's values are borrowed from the reader alone.
  @inline(__always)
  static func append(
    _ reader: borrowing RecordReader, _ pickle: RawSpan, _ formatter: inout LogFormatter, _ state: inout RenderState,
    into line: inout LineBuffer
  ) -> Bool {
    formatter.append(reader.values, pickle, &state, into: &line)
  }

  static func append(
    _ reader: borrowing RecordReader, _ pickle: RawSpan, level: Int, _ formatter: inout LogFormatter,
    _ journal: JournalFormatter, _ state: inout RenderState, into entry: inout LineBuffer
  ) -> Bool {
    journal.append(
      reader.values, reader.dictionary, pickle, level: level, message: &formatter, &state, into: &entry)
  }

  /// Python would have lost the record; the first of a handler is worth a message.
  @inline(never)
  mutating func noteUnshown(_ handler: Int) {
    state.unshown = 0
    // The daemon's own records have no extra fields.
    if isSummary { return }
    ledger.handlers[numbers[handler]].unformatted += 1
    stored.touch()
    if ledger.handlers[numbers[handler]].unformatted == 1 { report(.unformatted(handler: handler)) }
  }
}
