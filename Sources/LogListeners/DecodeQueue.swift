import CLinux
import Dispatch
import Glibc
public import LogRecords
public import SharedState
import Synchronization

/// One of the queues on which sockets are read and records decoded.
///
/// A queue owns an epoll instance, and Dispatch watches that one descriptor. When something comes,
/// the handler reads in a loop of its own and stays in `epoll_wait` for a moment after the last
/// byte: a wakeup through Dispatch costs several context switches, one through epoll a single one.
/// An idle queue has no timer and is never woken.
///
/// Whatever was received is in the queue's memory until the transaction that puts its records in rings
/// and notes where the connection's stream stands now. So a process that is killed at any instant loses
/// nothing: the next one takes the memory over and does the work under way again (`Recovery`).
///
/// Everything but `post` happens on the queue.
public final class DecodeQueue<Sink: RecordSink & ~Copyable>: @unchecked Sendable {
  /// How long a queue stays in `epoll_wait` before it goes back to Dispatch.
  static var stayMilliseconds: Int32 { 20 }
  /// Committed bytes at which the files are written though there is more to read.
  static var flushBytes: Int { 128 * 1024 }
  /// Bytes that may wait while another queue writes, before this one pauses: so long, so often at most.
  static var largestBacklog: Int { 256 * 1024 }
  static var pauseMicroseconds: UInt32 { 200 }
  static var mostPauses: Int { 8 }
  /// Rounds of reading after which the files are written, so that a line never waits long.
  static var flushRounds: Int { 2 }
  /// Committed bytes that the handlers are told of before the sockets are looked at again.
  static var fewBytes: Int { 4096 }
  /// Reads that a stopping queue still makes, at most: of one connection, and of one datagram socket,
  /// which gives far less with each.
  static var lastReads: Int { 16 }
  static var lastDatagramReads: Int { 4096 }
  /// How long a queue waits before it tries again to find room in a ring.
  static var retryMilliseconds: Int { 2 }

  public let memory: QueueMemory
  let queue: DispatchQueue
  var epoll: Epoll
  var source: (any DispatchSourceRead)?
  var sink: Sink
  var blocks: FrameBlocks
  var transaction: Transaction
  var connections = ConnectionTable()
  var datagramSockets: [DatagramSocket?] = []
  /// What was read and could not be taken, since a handler had no room.
  var stalled: Stalled?
  let largestFrame: Int
  let closed: @Sendable (_ slot: Int, _ peer: Peer) -> Void
  /// Work that other threads left here.
  let inbox = Mutex<[@Sendable (DecodeQueue) -> Void]>([])
  /// Whether there is some; a look at this costs nothing.
  let hasInbox = Atomic<Bool>(false)
  let wake: EventDescriptor
  var rounds = 0
  var isStopping = false
  var timeouts = ConnectionTimeouts()
  var timer: DeadlineTimer?
  /// Nanoseconds that the queue has waited for room in all, and since when it does so now.
  var waited: UInt64 = 0
  var waitsSince: UInt64?

  /// A token in epoll: what is ready.
  enum Token {
    static var wake: UInt64 { UInt64.max }
    /// Datagram sockets are numbered from here; connections are slots.
    static var datagrams: UInt64 { 1 << 32 }
  }

  struct DatagramSocket {
    let descriptor: Int32
    let peer: Peer
  }

  /// What is to be taken when there is room again.
  enum Stalled {
    /// A whole frame in a connection's block, then bytes of the input buffer.
    case stream(slot: Int, block: Bool, rest: Range<Int>)
    /// Datagrams of the last receive, from this one on.
    case datagrams(Peer, next: Int, count: Int)
  }

  /// - Parameters:
  ///   - sink: takes the frames; only this queue's
  ///   - partialBytes: what partial frames of this queue may have together
  ///   - closed: called on the queue when a connection's slot is free again
  public init(
    label: String, memory: QueueMemory, sink: consuming Sink, largestFrame: Int, partialBytes: Int,
    closed: @escaping @Sendable (_ slot: Int, _ peer: Peer) -> Void
  ) throws(SystemError) {
    self.memory = memory
    self.sink = sink
    self.largestFrame = largestFrame
    self.closed = closed
    blocks = FrameBlocks(memory.layout, limit: partialBytes)
    transaction = Transaction(memory.layout)
    queue = DispatchQueue(label: label, qos: .userInitiated)
    epoll = try Epoll()
    wake = try EventDescriptor()
    try Epoll.add(epoll.descriptor, wake.descriptor, token: Token.wake)
  }

  /// Starts to read. Once.
  ///
  /// - Parameter datagrams: the listeners' peers by number, for datagrams that an earlier process had
  ///   received and not taken
  public func start(datagrams: @escaping @Sendable (Int) -> Peer? = { _ in nil }) {
    let source = DispatchSource.makeReadSource(fileDescriptor: epoll.descriptor, queue: queue)
    source.setEventHandler { [unowned self] in self.run() }
    self.source = source
    timer = DeadlineTimer(queue: queue) { [unowned self] in
      self.timer?.disarm()
      self.meetDeadlines()
      self.flush()
      self.armTimer()
    }
    queue.async { [self] in
      recover(datagrams)
      self.source?.activate()
      if stalled != nil { return waitForRoom() }
      armTimer()
    }
  }

  /// Runs something on the queue, between two reads. On any thread.
  public func post(_ work: @escaping @Sendable (DecodeQueue) -> Void) {
    inbox.withLock { $0.append(work) }
    hasInbox.store(true, ordering: .relaxed)
    wake.signal()
  }

  /// Lets somebody use the sink, on the queue.
  public func withSink<Result: ~Copyable>(_ body: (inout Sink) -> Result) -> Result { body(&sink) }

  /// Puts another sink in the place of the present one, which has shown everything it took. On the
  /// queue.
  public func replaceSink(_ make: (inout Sink) -> Sink) {
    sink.commit(&transaction, memory.window)
    transaction.commit(memory.window)
    let new = make(&sink)
    sink = new
  }

  /// Carries out what was done, and notes what is to be done next.
  func commit(_ work: Work) {
    sink.commit(&transaction, memory.window)
    transaction.set(work, memory.window)
    transaction.commit(memory.window)
  }

  /// The same, with where a connection's stream stands now.
  func commit(_ slot: Int, _ connection: inout Connection, _ work: Work) {
    let new = connection.stored
    memory.note(new, instead: connection.noted, slot: slot, &transaction)
    connection.noted = new
    commit(work)
  }

  // MARK: Reading

  /// Reads until nothing has come for a moment. Dispatch calls it when something is ready.
  func run() {
    while true {
      var ready = sink.unflushed > DecodeQueue.fewBytes ? epoll.wait(milliseconds: 0) : 0
      if ready == 0 {
        meetDeadlines()
        flush()
        if stalled != nil { return waitForRoom() }
        ready = epoll.wait(milliseconds: DecodeQueue.stayMilliseconds)
        guard ready > 0 else { return armTimer() }
      }
      for index in 0..<ready {
        // The inbox waits for one read, not for those of everybody who sends.
        if hasInbox.load(ordering: .relaxed) { takeInbox() }
        visit(epoll.token(index))
        if stalled != nil || isStopping { break }
        // Within the round too: what is written while it is still in the processor's cache costs less,
        // and no more memory is touched than that.
        if sink.unflushed >= DecodeQueue.flushBytes { flush() }
      }
      rounds += 1
      meetDeadlines()
      if rounds >= DecodeQueue.flushRounds { flush() }
      if stalled != nil { return waitForRoom() }
    }
  }

  func flush() {
    rounds = 0
    guard sink.unflushed > 0 else { return }
    sink.flush()
    // Another queue writes for both now. To go on would only fill memory that the processor's cache does
    // not hold; a disk that is held up for longer is waited for in the ring.
    var pauses = 0
    while pauses < DecodeQueue.mostPauses, sink.backlog(memory.window) > DecodeQueue.largestBacklog {
      usleep(DecodeQueue.pauseMicroseconds)
      pauses += 1
    }
  }

  func visit(_ token: UInt64) {
    if token == Token.wake {
      wake.clear()
      takeInbox()
    } else if isStopping {
      return
    } else if token >= Token.datagrams {
      receiveDatagrams(Int(token - Token.datagrams))
    } else {
      receive(Int(token))
    }
  }

  func takeInbox() {
    hasInbox.store(false, ordering: .relaxed)
    let work = inbox.withLock { inbox in
      let work = inbox
      inbox = []
      return work
    }
    for item in work { item(self) }
  }

  /// One read of a connection: the rest of its partial frame, then whatever comes behind it.
  @discardableResult
  func receive(_ slot: Int) -> Bool {
    guard let connection = connections[slot], connection.descriptor >= 0 else { return false }
    let input = memory.layout.input + QueueLayout.inputHeadroom
    let received = Socket.receive(
      connection.descriptor, slot: slot, memory, first: connection.rest, second: input..<input + QueueLayout.readSize)
    switch received {
    case .wouldBlock: return false
    case .end, .failed:
      end(slot)
      return false
    case .count(let count):
      took(count, from: slot)
      return true
    }
  }

  /// A connection's stream is over.
  func end(_ slot: Int) {
    guard let connection = connections[slot] else { return }
    if !connection.frame.isBetweenFrames { sink.truncated(connection.frame.received, from: connection.peer) }
    close(slot)
  }

  /// Takes what a read gave: bytes in the connection's block, then in the input buffer.
  func took(_ count: Int, from slot: Int) {
    guard var connection = connections[slot] else { return }
    let rest = connection.rest
    if count < rest.count {
      connection.frame.advance(count)
      commit(slot, &connection, .none)
      connections[slot] = connection
      noteReceived(slot, isNewFrame: false)
      return
    }
    let input = memory.layout.input + QueueLayout.inputHeadroom
    take(slot, block: !rest.isEmpty, rest: input - connection.frame.headerCount..<input + count - rest.count)
  }

  /// Takes the frame in the connection's block, if that is whole now, and the frames in `rest`.
  func take(_ slot: Int, block whole: Bool, rest: Range<Int>) {
    guard var connection = connections[slot] else { return }
    var rest = rest
    let wasHeader = !whole && !connection.frame.isBetweenFrames
    // Its bytes are needed until the transaction, and so is its block.
    var finished: FrameBlocks.Block?
    if whole, let block = connection.block {
      let taken = sink.take(memory.window, block.offset..<block.offset + block.size, from: connection.peer)
      if taken.outcome == .full { return stalled = .stream(slot: slot, block: true, rest: rest) }
      finished = block
      connection.block = nil
    } else if connection.frame.headerCount > 0, !connection.frame.isBetweenFrames {
      // The start of the length stands in front of the buffer: there is room for it.
      memory.window.storeBytes(
        of: connection.frame.headerBytes, count: connection.frame.headerCount, at: rest.lowerBound)
    }
    connection.frame.reset()
    let taken = sink.take(memory.window, rest, from: connection.peer)
    rest = rest.lowerBound + taken.consumed..<rest.upperBound
    var refusal: StreamRefusal?
    switch taken.outcome {
    case .full:
      stalled = .stream(slot: slot, block: false, rest: rest)
      commit(slot, &connection, .rest(slot: slot, rest))
    case .refused(let reason): refusal = reason
    case .done:
      refusal = keep(rest, &connection)
      if refusal == nil { commit(slot, &connection, .none) }
    }
    connections[slot] = connection
    // The bytes of a length that come one by one are the same frame.
    noteReceived(slot, isNewFrame: !wasHeader || taken.consumed > 0)
    if let refusal { refuse(slot, refusal) }
    if let finished { blocks.release(finished, memory) }
  }

  /// Keeps the bytes behind the last whole frame until the rest comes.
  func keep(_ rest: Range<Int>, _ connection: inout Connection) -> StreamRefusal? {
    guard !rest.isEmpty else { return nil }
    do throws(Frame.StreamError) {
      try begin(&connection.frame, memory.window, rest)
    } catch {
      return StreamRefusal(error)
    }
    guard connection.frame.size > 0 else { return nil }
    guard let block = blocks.allocate(connection.frame.size) else { return .memory }
    memory.window.copy(rest, to: block.offset)
    connection.block = block
    return nil
  }

  func begin(
    _ frame: inout FrameState, _ window: borrowing MemoryWindow, _ rest: Range<Int>
  ) throws(Frame.StreamError) {
    try frame.begin(window.bytes(rest), largest: largestFrame)
  }

  func refuse(_ slot: Int, _ reason: StreamRefusal) {
    if let connection = connections[slot] { sink.refused(reason, from: connection.peer) }
    close(slot)
  }

  @discardableResult
  func receiveDatagrams(_ index: Int) -> Bool {
    guard let socket = datagramSockets[index] else { return false }
    let received = Socket.receiveDatagrams(socket.descriptor, listener: socket.peer.listener, memory)
    guard case .count(let count) = received else { return false }
    takeDatagrams(socket.peer, 0, count)
    return true
  }

  func takeDatagrams(_ peer: Peer, _ first: Int, _ count: Int) {
    var work = Work.none
    for number in first..<count {
      let (length, truncated, _) = Socket.datagram(number, memory)
      let start = memory.layout.datagramBuffers + number * QueueLayout.datagramStride
      let source = DatagramSource(socket: peer, memory: memory, number: number)
      let taken = sink.takeDatagram(memory.window, start..<start + length, truncated: truncated, from: source)
      if taken.outcome == .full {
        stalled = .datagrams(peer, next: number, count: count)
        work = .datagrams(listener: peer.listener, next: number, count: count)
        break
      }
    }
    commit(work)
  }
}

extension StreamRefusal {
  /// What a framing error means for the connection.
  public init(_ error: Frame.StreamError) {
    switch error {
    case .tooLong(let length): self = .frameTooLong(length)
    case .foreign(let name): self = .foreign(name.description)
    }
  }
}
