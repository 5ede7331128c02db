import Dispatch
import Glibc
import LogDaemon
import LogHandlers
import LogListeners
import LogRecords
import Pickle
import SharedState

/// A decode queue that reads from real sockets, whose records nobody writes: what its memory has then is
/// what a killed process leaves.
enum RealRun {
  /// - Parameters:
  ///   - stream: sent over a connection in slot 0
  ///   - datagrams: sent to the listener with number 1
  static func leave(_ memory: QueueMemory, stream: [UInt8], datagrams: [[UInt8]]) throws {
    let handlers = (0..<StateMoment.rings).map { _ in SilentHandler() }
    var outputs: [Pipeline.Output] = []
    for ring in 0..<StateMoment.rings {
      let producer = RingProducer(memory.ring(ring), memory.window)
      outputs.append(Pipeline.Output(number: ring, handler: handlers[ring], ring: producer))
    }
    let queue = try DecodeQueue(
      label: "fuzz", memory: memory, sink: try pipeline(memory, outputs, listeners: 2),
      largestFrame: StateMoment.largestFrame, partialBytes: memory.layout.memory / 2, closed: { _, _ in })
    let (near, far) = try pair(SOCK_STREAM)
    let (datagramNear, datagramFar) = try pair(SOCK_DGRAM)
    for (end, bytes) in [(far, stream)] + datagrams.map({ (datagramFar, $0) }) {
      guard unsafe send(end, bytes, bytes.count, 0) == bytes.count else { throw SystemError("send", errno) }
    }
    let peer = Array("127.0.0.1:1".utf8)
    memory.open(slot: 0, ConnectionState(cookie: 1, listener: 0, peer: peer))
    queue.add(near, slot: 0, peer: Peer(listener: 0, origin: RecordOrigin(peer: peer, listener: [])))
    try queue.addDatagrams(
      datagramNear, peer: Peer(listener: 1, origin: RecordOrigin(peer: peer, listener: [])))
    queue.drain(until: .now() + 1)
    for descriptor in [far, datagramNear, datagramFar] { close(descriptor) }
    // The queue closes a connection that it refuses.
    if memory.connection(0) != nil { close(near) }
  }

  /// What makes a line of the message alone.
  static func pipeline(
    _ memory: QueueMemory, _ outputs: [Pipeline.Output], listeners: Int
  ) throws -> Pipeline {
    var fields = RecordFields()
    let format = try FormatString(Array("%(message)s".utf8), style: .percent)
    let formatters = try outputs.map { _ in
      LogFormatter(format, time: try AscTime(converter: .gmtime), fields: &fields)
    }
    let root = LoggerTree.Logger(name: [], level: 0, handlers: Array(outputs.indices))
    return Pipeline(
      memory: memory, largestFrame: StateMoment.largestFrame, fields: fields,
      tree: LoggerTree(root: root, loggers: [], handlers: Array(repeating: .init(), count: outputs.count)),
      formatters: formatters, outputs: outputs, charsets: Array(repeating: .utf8, count: listeners),
      namesPeers: false, report: { _ in })
  }

  private static func pair(_ type: __socket_type) throws -> (Int32, Int32) {
    var ends: [Int32] = [-1, -1]
    guard unsafe socketpair(AF_UNIX, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw SystemError("socketpair", errno)
    }
    return (ends[0], ends[1])
  }
}

/// Takes nothing out of its ring.
private final class SilentHandler: LogHandler {
  func open() {}
  func flush() {}
  func flushNow() {}
  func reopen() {}
  func retire() {}
  func dropOldest(queue: Int, bytes: Int, upTo rank: RecordRank) -> Int { 0 }
  func statistics() -> HandlerStatistics { HandlerStatistics() }
}
