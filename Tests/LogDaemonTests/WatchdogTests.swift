import Dispatch
import Synchronization
import Testing

@testable import LogDaemon

struct WatchdogTests {
  /// Queues that answer at once unless they are stuck.
  private final class Bench: Sendable {
    let pings = Atomic<Int>(0)
    let asked = Atomic<Int>(0)
    let isStuck = Atomic<Bool>(false)
    private let owed = Mutex<[@Sendable () -> Void]>([])

    func watchdog() -> Watchdog {
      let queues: [Watchdog.Probe] = [
        { [self] answer in
          asked.wrappingAdd(1, ordering: .relaxed)
          if isStuck.load(ordering: .relaxed) { owed.withLock { $0.append(answer) } } else { answer() }
        }, { answer in answer() },
      ]
      return Watchdog(interval: .milliseconds(40), probes: queues) { [self] in pings.wrappingAdd(1, ordering: .relaxed)
      }
    }

    func goOn() {
      isStuck.store(false, ordering: .relaxed)
      let answers = owed.withLock { owed in
        defer { owed = [] }
        return owed
      }
      for answer in answers { answer() }
    }

    /// Pings within some time.
    func pings(in milliseconds: Int) async throws -> Int {
      let before = pings.load(ordering: .relaxed)
      try await Task.sleep(for: .milliseconds(milliseconds))
      return pings.load(ordering: .relaxed) - before
    }
  }

  @Test func everyQueueHasToAnswerForEachPing() async throws {
    let bench = Bench()
    let watchdog = bench.watchdog()
    #expect(try await bench.pings(in: 400) >= 2)
    bench.isStuck.store(true, ordering: .relaxed)
    _ = try await bench.pings(in: 200)
    let asked = bench.asked.load(ordering: .relaxed)
    #expect(try await bench.pings(in: 300) == 0)
    #expect(bench.asked.load(ordering: .relaxed) == asked, "nothing piles up in a queue that is stuck")
    bench.goOn()
    #expect(try await bench.pings(in: 400) >= 2)
    withExtendedLifetime(watchdog) {}
  }

  @Test func aDaemonThatStopsAsksNobody() async throws {
    let bench = Bench()
    let watchdog = bench.watchdog()
    bench.isStuck.store(true, ordering: .relaxed)
    _ = try await bench.pings(in: 200)
    watchdog.stopAsking()
    #expect(try await bench.pings(in: 400) >= 2)
    withExtendedLifetime(watchdog) {}
  }
}

struct FileDescriptorStoreTests {
  /// What fdname_is_valid() of systemd says.
  @Test(arguments: [
    ("onggi-tcp", true), ("", true), ("with space~", true), ("a:b", false), ("a\nb", false), ("\u{7f}", false),
    ("옹기", false),
    (String(repeating: "x", count: 255), true), (String(repeating: "x", count: 256), false),
  ]) func takesTheNamesThatSystemdTakes(_ name: String, _ isTaken: Bool) {
    #expect(FileDescriptorStore.isName(name) == isTaken)
  }
}
