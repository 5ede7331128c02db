import Dispatch
import Glibc
import SharedState

/// A journal handler's socket and the rings that go into it: one datagram for each record. One
/// thread at a time.
struct JournalWriter: ~Copyable {
  /// Bytes of an entry that is tried as a datagram; a longer one goes as a file at once.
  static let largestDatagram = 128 * 1024
  /// How long journald's queue may be full before that is reported.
  static let patience = DispatchTimeInterval.seconds(2)

  private let path: String
  private let report: @Sendable (HandlerEvent) -> Void
  private var rings: [RingConsumer]
  private var socket: JournalSocket?
  private var connections = 0
  /// The next record of a ring as a file that is not sent yet.
  private var file: SealedFile?
  private var fileRing = 0
  private var sizes: [UInt32] = []
  /// The ring whose turn it is.
  private var turn = 0
  /// Whether the socket is to be closed as soon as nothing waits.
  var isRetired = false
  private var pause = 0
  /// When the first of the failures since the last success was.
  private var failingSince: DispatchTime?
  private var isReported = false
  /// A failed attempt is not repeated before somebody ends the wait.
  private(set) var isWaiting = false

  enum Step {
    /// Something was sent, and there may be more.
    case more
    /// Nothing waits, or it is not to be tried now.
    case done
    /// journald's queue is full; or it is gone: to be tried again after so many milliseconds, or
    /// when the descriptor can be written.
    case wait(milliseconds: Int, Connection?)
  }

  /// A socket that can be watched. Descriptors' numbers come again, these do not.
  struct Connection: Sendable {
    let number: Int
    let descriptor: Int32
  }

  init(
    path: String, rings: [RingConsumer], report: @escaping @Sendable (HandlerEvent) -> Void
  ) {
    self.path = path
    self.rings = rings
    self.report = report
  }

  // MARK: Sending

  /// Sends one batch of one ring's records.
  mutating func step() -> Step {
    if isWaiting { return .done }
    do throws(SystemError) {
      for _ in rings.indices {
        turn = (turn + 1) % rings.count
        let waiting = rings[turn].pending()
        if waiting > 0 {
          try send(turn, waiting)
          recovered()
          return .more
        }
      }
      if isRetired { socket = nil }
      return .done
    } catch {
      return failed(error)
    }
  }

  private mutating func send(_ ring: Int, _ waiting: Int) throws(SystemError) {
    try connect()
    let size = rings[ring].bytes(ofFirst: 1)
    if size > JournalWriter.largestDatagram { return try sendFile(ring, size) }
    sizes.removeAll(keepingCapacity: true)
    var end = 0
    for number in 1...min(waiting, JournalSocket.most) {
      let next = rings[ring].bytes(ofFirst: number)
      if next - end > JournalWriter.largestDatagram { break }
      sizes.append(UInt32(next - end))
      end = next
    }
    do throws(SystemError) {
      let count = try sendDatagrams(ring)
      advance(ring, records: count)
    } catch {
      // Longer than the socket takes as one.
      guard error.number == EMSGSIZE || error.number == ENOBUFS else { throw error }
      try sendFile(ring, size)
    }
  }

  private mutating func sendDatagrams(_ ring: Int) throws(SystemError) -> Int {
    guard let count = try socket?.send(rings[ring].memory.window, from: rings[ring].start, sizes: sizes) else {
      return 0
    }
    return count
  }

  private mutating func sendFile(_ ring: Int, _ size: Int) throws(SystemError) {
    if file == nil || fileRing != ring {
      let start = rings[ring].start
      file = try SealedFile(rings[ring].memory.window, start..<start + size)
      fileRing = ring
    }
    if let descriptor = file?.descriptor { try socket?.send(file: descriptor) }
    file = nil
    advance(ring, records: 1)
  }

  private mutating func advance(_ ring: Int, records: Int) {
    rings[ring].advance(bytes: rings[ring].bytes(ofFirst: records), records: records)
  }

  private mutating func connect() throws(SystemError) {
    guard socket == nil else { return }
    socket = try JournalSocket(path: path)
    connections += 1
  }

  mutating func open() {
    do throws(SystemError) { try connect() } catch { _ = failed(error) }
    isWaiting = false
  }

  mutating func reopen() { socket = nil }

  // MARK: Trouble

  private mutating func recovered() {
    pause = 0
    failingSince = nil
    guard isReported else { return }
    isReported = false
    report(.recovered(path: path))
  }

  private mutating func failed(_ error: SystemError) -> Step {
    switch error.number {
    case EAGAIN: break
    case EMSGSIZE, EFBIG, EINVAL:
      // It is this record that cannot be sent, now and later.
      if rings[turn].pending() > 0 { refuse(turn) }
      return .more
    default: socket = nil
    }
    isWaiting = true
    pause = min(max(pause * 2, FileHandler.firstRetryMilliseconds), FileHandler.longestRetryMilliseconds)
    let now = DispatchTime.now()
    let since = failingSince ?? now
    failingSince = since
    // A full queue happens to a busy journald, and is worth a word only when nothing moves.
    if !isReported, error.number != EAGAIN || now >= since + JournalWriter.patience {
      isReported = true
      report(.failing(path: path, error))
    }
    let connection = socket?.descriptor
    return .wait(milliseconds: pause, connection.map { Connection(number: connections, descriptor: $0) })
  }

  mutating func endWait() { isWaiting = false }

  // MARK: Dropping

  /// Frees room in a ring: see `LogHandler.dropOldest`.
  mutating func dropOldest(_ ring: Int, bytes: Int, upTo rank: RecordRank) -> Int {
    if fileRing == ring { file = nil }
    return rings[ring].dropOldest(freeing: bytes, upTo: rank)
  }

  /// Leaves out the first record of a ring, which the journal does not take.
  private mutating func refuse(_ ring: Int) {
    if fileRing == ring { file = nil }
    rings[ring].refuseFirst()
  }
}
