import Foundation
import Glibc
import Synchronization
import Testing

@testable import LogListeners

@Suite(.serialized) struct DecodeQueueTests {
  /// Feeds frames in these pieces, over a connection of its own, and looks that they come out whole,
  /// in order, and that the connection is between two frames then.
  private func verify(_ bodies: [[UInt8]], pieces: [ArraySlice<UInt8>], _ what: Comment) throws {
    let bench = try QueueBench()
    let connection = try bench.connect("peer")
    for piece in pieces { #expect(bench.send(piece, connection), what) }
    bench.end(connection)
    #expect(bench.eventually { bench.log.all.last == .closed(slot: 0) }, what)
    let expected = bodies.map { SinkEvent.frame(connection: "peer", $0) } + [.closed(slot: 0)]
    let events = bench.log.all
    #expect(events.count == expected.count, what)
    #expect(events == expected, what)
  }

  /// At most so many bytes in a piece.
  private func pieces(_ bytes: [UInt8], _ size: Int) -> [ArraySlice<UInt8>] {
    stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
  }

  @Test func framesComeOutHoweverTheyAreSplit() throws {
    let bodies = [0, 1, 2, 3, 4, 5, 100, 0, 0, 700, 1].enumerated().map { body($0, $1) }
    let bytes = bodies.flatMap(frame)
    try verify(bodies, pieces: [bytes[...]], "all at once")
    try verify(bodies, pieces: pieces(bytes, 1), "byte by byte")
    try verify(bodies, pieces: bodies.map { frame($0)[...] }, "a frame at a time")
    for size in [2, 3, 5, 7, 64] { try verify(bodies, pieces: pieces(bytes, size), "\(size) bytes at a time") }
  }

  @Test func everySplitOfTwoFramesInThree() throws {
    let bodies = [body(1, 6), body(2, 3)]
    let bytes = bodies.flatMap(frame)
    for first in 1..<bytes.count - 1 {
      for second in first + 1..<bytes.count {
        try verify(bodies, pieces: [bytes[..<first], bytes[first..<second], bytes[second...]], "\(first), \(second)")
      }
    }
  }

  @Test func framesFromOneByteToThreeMegabytesInRandomPieces() throws {
    var random = SystemRandomNumberGenerator()
    let lengths = [
      1, 10, 4091, 4092, 4093, 65_531, 65_532, 65_533, 262_140, 262_144, 1_048_571, 1_048_577, 3_000_000, 1,
    ]
    let bodies = lengths.enumerated().map { body($0, $1) }
    let bytes = bodies.flatMap(frame)
    for _ in 0..<3 {
      var rest = bytes[...]
      var pieces: [ArraySlice<UInt8>] = []
      while !rest.isEmpty {
        let size = Int.random(in: 1...(1 << Int.random(in: 0...17, using: &random)), using: &random)
        pieces.append(rest.prefix(size))
        rest = rest.dropFirst(size)
      }
      try verify(bodies, pieces: pieces, "random pieces")
    }
  }

  /// Over a stream the kernel splits and joins as it likes.
  @Test func manyConnectionsAtOnceKeepTheirOwnOrder() throws {
    let bench = try QueueBench()
    let connections = try (0..<40).map { try bench.connect("\($0)", SOCK_STREAM) }
    for round in 0..<50 {
      for (number, connection) in connections.enumerated() {
        let bytes = frame(body(round, 1 + (round * 131 + number) % 3000))
        #expect(bench.send(bytes.prefix(round % 9), connection))
        #expect(bench.send(bytes.dropFirst(round % 9), connection))
      }
    }
    for connection in connections { bench.end(connection) }
    #expect(bench.eventually { bench.log.all.count == 40 * 51 })
    for number in 0..<40 {
      let expected = (0..<50).map { body($0, 1 + ($0 * 131 + number) % 3000) }
      #expect(bench.log.frames(of: "\(number)") == expected, "connection \(number)")
    }
  }

  @Test func aStreamThatEndsWithinAFrameIsTruncated() throws {
    for count in [1, 3, 4, 5, 103] {
      let bench = try QueueBench()
      let connection = try bench.connect("peer")
      #expect(bench.send(frame([1, 2, 3]) + frame(body(0, 100)).prefix(count), connection))
      bench.end(connection)
      #expect(bench.eventually { bench.log.all.count == 3 })
      #expect(
        bench.log.all == [
          .frame(connection: "peer", [1, 2, 3]), .truncated(connection: "peer", count), .closed(slot: 0),
        ])
    }
  }

  @Test func aLengthOverTheLimitClosesTheConnectionAndNoOther() throws {
    let bench = try QueueBench()
    let good = try bench.connect("good")
    let bad = try bench.connect("bad")
    // At once with a good frame in front, and in pieces.
    #expect(bench.send(frame([7]) + [1, 0, 0, 0, 9, 9, 9], bad))
    #expect(bench.isClosed(bad))
    let slow = try bench.connect("slow")
    for byte in [UInt8(1), 0, 0, 0] { #expect(bench.send([byte], slow)) }
    #expect(bench.isClosed(slow))
    let http = try bench.connect("http")
    #expect(bench.send(Array("GET / HTTP/1.1\r\n\r\n".utf8), http))
    #expect(bench.isClosed(http))
    #expect(bench.send(frame([8]), good))
    #expect(bench.eventually { bench.log.frames(of: "good") == [[8]] })
    let events = bench.log.all
    #expect(events.contains(.frame(connection: "bad", [7])))
    #expect(events.contains(.refused(connection: "bad", .frameTooLong(1 << 24))))
    #expect(events.contains(.refused(connection: "slow", .frameTooLong(1 << 24))))
    #expect(events.contains(.refused(connection: "http", .foreign("HTTP"))))
    #expect(events.count { if case .closed = $0 { true } else { false } } == 3)
  }

  /// The memory of a partial frame is free again when the frame is whole, or its connection gone.
  @Test func partialFramesGiveTheirMemoryBack() throws {
    let bench = try QueueBench(partialBytes: 2 << 20)
    for number in 0..<24 {
      let connection = try bench.connect("\(number)")
      let bytes = frame(body(number, 900_000))
      let end = number % 3 == 0 ? 200_000 : bytes.count
      for piece in pieces(Array(bytes.prefix(end)), 100_000) { #expect(bench.send(piece, connection)) }
      bench.end(connection)
      #expect(bench.eventually { bench.log.all.contains(.closed(slot: number)) })
    }
    let events = bench.log.all
    #expect(!events.contains { if case .refused = $0 { true } else { false } })
    for number in 0..<24 {
      let expected = number % 3 == 0 ? [] : [body(number, 900_000)]
      #expect(bench.log.frames(of: "\(number)") == expected, "connection \(number)")
      if number % 3 == 0 { #expect(events.contains(.truncated(connection: "\(number)", 200_000))) }
    }
  }

  @Test func partialFramesHaveNoMoreMemoryThanTheyMay() throws {
    let bench = try QueueBench(partialBytes: 2 << 20)
    let start = frame(body(0, 900_000)).prefix(1000)
    let connections = try (0..<6).map { try bench.connect("\($0)") }
    for connection in connections { #expect(bench.send(start, connection)) }
    #expect(bench.eventually { bench.log.all.contains { if case .refused(_, .memory) = $0 { true } else { false } } })
    #expect(bench.log.all.count { if case .refused(_, .memory) = $0 { true } else { false } } == 4)
  }

  /// A sink that is full gets the same frames again, and nothing overtakes or overwrites them.
  @Test(arguments: [1, 3, 8]) func whatFindsNoRoomIsOfferedAgain(times: Int) throws {
    let bench = try QueueBench()
    bench.log.fullTimes.store(times, ordering: .relaxed)
    bench.log.fullEvery.store(10, ordering: .relaxed)
    let connections = try (0..<3).map { try bench.connect("\($0)", SOCK_STREAM) }
    var expected: [[[UInt8]]] = [[], [], []]
    for round in 0..<30 {
      for (number, connection) in connections.enumerated() {
        let bodies = (0..<7).map { body(round * 7 + $0, 1 + (round * 997 + $0 * 31) % 5000) }
        expected[number] += bodies
        let sent = bench.send(bodies.flatMap(frame), connection)
        #expect(sent)
      }
    }
    #expect(bench.eventually { bench.log.all.count >= 3 * 210 })
    for number in 0..<3 {
      let frames = bench.log.frames(of: "\(number)")
      #expect(frames.count == expected[number].count)
      #expect(frames == expected[number], "connection \(number)")
    }
    #expect(bench.log.all.count == 3 * 210, "nothing but frames")
  }

  @Test func datagramsComeOutWholeAndTruncatedOnesSaySo() throws {
    let bench = try QueueBench()
    let socket = try bench.datagrams()
    var expected: [SinkEvent] = []
    for number in 0..<100 {
      let bytes = frame(body(number, number * 7 % 900))
      #expect(bench.send(bytes, socket))
      expected.append(.datagram(bytes, truncated: false))
    }
    let large = body(1, 65_536)
    #expect(bench.send(large, socket))
    expected.append(.datagram(large, truncated: false))
    let larger = body(2, 70_000)
    #expect(bench.send(larger, socket))
    expected.append(.datagram(Array(larger.prefix(65_536)), truncated: true))
    #expect(bench.send([1], socket))
    expected.append(.datagram([1], truncated: false))
    #expect(bench.eventually { bench.log.all.count == expected.count })
    #expect(bench.log.all == expected)
  }

  @Test(arguments: [1, 5]) func datagramsThatFindNoRoomAreOfferedAgain(times: Int) throws {
    let bench = try QueueBench()
    bench.log.fullTimes.store(times, ordering: .relaxed)
    bench.log.fullEvery.store(9, ordering: .relaxed)
    let socket = try bench.datagrams()
    let other = try bench.connect("stream", SOCK_STREAM)
    for number in 0..<200 {
      #expect(bench.send(body(number, 1 + number), socket))
      #expect(bench.send(frame(body(number, number)), other))
    }
    #expect(bench.eventually { bench.log.all.count >= 400 })
    let datagrams = bench.log.all.compactMap { if case .datagram(let bytes, false) = $0 { bytes } else { nil } }
    #expect(datagrams == (0..<200).map { body($0, 1 + $0) })
    #expect(bench.log.frames(of: "stream") == (0..<200).map { body($0, $0) })
  }

  @Test func drainingTakesWhatLiesInTheReceiveQueues() throws {
    let bench = try QueueBench()
    let connection = try bench.connect("peer", SOCK_STREAM)
    let socket = try bench.datagrams()
    #expect(bench.send(frame([1]), connection))
    #expect(bench.eventually { bench.log.all.count == 1 })
    let blocked = DispatchSemaphore(value: 0)
    let done = DispatchSemaphore(value: 0)
    bench.queue.post { queue in
      blocked.wait()
      queue.drain(until: .now() + 5)
      done.signal()
    }
    for number in 0..<100 {
      #expect(bench.send(frame(body(number, 1000)), connection))
      #expect(bench.send(body(number, 500), socket))
    }
    blocked.signal()
    #expect(done.wait(timeout: .now() + 5) == .success)
    #expect(bench.log.all.count == 201)
  }
}
