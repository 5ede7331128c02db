import LogDaemon

/// What a client of the control socket sends, and what a daemon answers.
///
/// The first byte says how the rest is cut into pieces.
enum ControlEntry {
  static func run(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    // Far more than a line may have.
    let rest = bytes.dropFirst().prefix(256)
    let whole = read(rest, pieces: max(1, rest.count))
    promise(whole == read(rest, pieces: Int(first) + 1), "how the bytes are cut does not matter")
    promise(whole == read(rest, pieces: 1), "nor when they come one by one")
    if case .request(let request) = whole {
      promise(Array(rest) == Array("\(request.rawValue)\n".utf8), "a request is its line and nothing else")
    }
    if case .unfinished = whole {
      promise(rest.count <= ControlRequestReader.longestLine, "what has no end is refused")
    }

    if let reply = ControlReply(Array(rest)) {
      promise(ControlReply(reply.bytes) == reply, "an answer that is read can be written and read")
    }
    let reply = ControlReply(.refused, String(decoding: rest, as: UTF8.self))
    promise(ControlReply(reply.bytes) == reply, "any text can be answered")
    promise(ControlReply(Array(reply.bytes.dropLast())) == nil, "an answer that is cut off is none")
  }

  private enum Outcome: Equatable {
    case request(ControlRequest)
    case refused
    case unfinished
  }

  private static func read(_ bytes: ArraySlice<UInt8>, pieces size: Int) -> Outcome {
    var reader = ControlRequestReader()
    var request: ControlRequest?
    var rest = bytes
    while !rest.isEmpty {
      // What comes behind a request is refused by whoever reads it together with the request only.
      if request != nil { return .refused }
      do throws(ControlRefusal) { request = try reader.append(rest.prefix(size)) } catch { return .refused }
      rest = rest.dropFirst(size)
    }
    return request.map(Outcome.request) ?? .unfinished
  }
}

/// libFuzzer's entry: see `Tests/Fuzz/run`.
@_cdecl("FuzzControl")
public func fuzzControl(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  ControlEntry.run(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
