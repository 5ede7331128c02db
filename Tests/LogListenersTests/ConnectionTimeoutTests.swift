import Foundation
import Glibc
import Synchronization
import Testing

@testable import LogListeners

@Suite(.serialized) struct ConnectionTimeoutTests {
  private static let milliseconds: UInt64 = 1_000_000

  private func limits(idle: UInt64? = nil, frame: UInt64? = nil) -> ConnectionTimeouts.Limits {
    ConnectionTimeouts.Limits(
      idle: idle.map { $0 * Self.milliseconds } ?? .max, frame: frame.map { $0 * Self.milliseconds } ?? .max)
  }

  @Test func aFrameThatComesByteByByteIsNotWaitedForLonger() throws {
    let bench = try QueueBench()
    let slow = try bench.connect("slow", timeouts: limits(frame: 300))
    let quiet = try bench.connect("quiet", timeouts: limits(frame: 300))
    #expect(bench.send(frame([1]), quiet))
    let start = ContinuousClock().now
    for byte in frame(body(0, 50)) {
      guard bench.send([byte], slow) else { break }
      usleep(20_000)
    }
    let time = ContinuousClock().now - start
    #expect(time > .milliseconds(280) && time < .milliseconds(900), "\(time)")
    #expect(bench.eventually { bench.log.all.contains(.refused(connection: "slow", .frameTimeout)) })
    #expect(bench.log.all.contains(.closed(slot: 0)) && !bench.log.all.contains(.closed(slot: 1)))
    // Between two frames a connection may wait.
    #expect(bench.send(frame([2]), quiet))
    #expect(bench.eventually { bench.log.frames(of: "quiet") == [[1], [2]] })
  }

  /// A length that comes byte by byte is the same frame all along.
  @Test func aLengthIsAFrameToo() throws {
    let bench = try QueueBench()
    let slow = try bench.connect("slow", timeouts: limits(frame: 250))
    let start = ContinuousClock().now
    for byte in frame(body(0, 50)).prefix(4) {
      guard bench.send([byte], slow) else { break }
      usleep(110_000)
    }
    #expect(bench.eventually { bench.log.all.last == .closed(slot: 0) })
    #expect(ContinuousClock().now - start < .milliseconds(900))
  }

  @Test func silenceClosesAConnection() throws {
    let bench = try QueueBench()
    let silent = try bench.connect("silent", timeouts: limits(idle: 200))
    let talking = try bench.connect("talking", timeouts: limits(idle: 200))
    let half = try bench.connect("half", timeouts: limits(idle: 200))
    #expect(bench.send(frame([1, 2, 3]).prefix(5), half))
    for number in 0..<12 {
      #expect(bench.send(frame([UInt8(number)]), talking))
      usleep(50_000)
    }
    #expect(bench.isClosed(silent) && bench.isClosed(half))
    let events = bench.log.all
    #expect(events.contains(.idle(connection: "silent")) && events.contains(.truncated(connection: "half", 5)))
    #expect(bench.log.frames(of: "talking").count == 12 && !events.contains(.idle(connection: "talking")))
  }

  @Test func manyFramesOneAfterTheOtherAreNoUnfinishedOne() throws {
    let bench = try QueueBench()
    let busy = try bench.connect("busy", SOCK_STREAM, timeouts: limits(frame: 150))
    let bytes = frame(body(0, 1000))
    let end = ContinuousClock().now + .milliseconds(600)
    var sent = 0
    // Every read ends within a frame.
    while ContinuousClock().now < end {
      #expect(bench.send(sent == 0 ? Array(bytes.prefix(500)) : Array(bytes.dropFirst(500) + bytes.prefix(500)), busy))
      sent += 1
      usleep(5_000)
    }
    #expect(bench.send(Array(bytes.dropFirst(500)), busy))
    #expect(bench.eventually { bench.log.frames(of: "busy").count == sent })
  }

  @Test func onlyWhatCanExpireArmsTheTimer() {
    var timeouts = ConnectionTimeouts()
    #expect(timeouts.next == .max)
    timeouts.received(3, limits(frame: 100), isPartial: false, isNewFrame: false, now: 0)
    #expect(timeouts.next == .max)
    timeouts.received(3, limits(frame: 100), isPartial: true, isNewFrame: true, now: 0)
    #expect(timeouts.next == 100 * Self.milliseconds)
    timeouts.received(3, limits(frame: 100), isPartial: false, isNewFrame: true, now: 50)
    #expect(timeouts.next == .max)
    timeouts.received(1, limits(idle: 70), isPartial: false, isNewFrame: true, now: 50)
    timeouts.closed(1)
    #expect(timeouts.next == .max && timeouts.due(.max - 1) == [])
  }

  @Test func theTimerWakesForWhatTheSinkHasToDo() throws {
    let bench = try QueueBench()
    let connection = try bench.connect("peer")
    bench.log.nextDeadline.store(DispatchTime.now().uptimeNanoseconds + 300 * Self.milliseconds, ordering: .relaxed)
    #expect(bench.send(frame([1]), connection))
    #expect(bench.eventually { bench.log.met.withLock { $0.count } == 1 })
    usleep(300_000)
    #expect(bench.log.met.withLock { $0.count } == 1, "once")
  }
}
