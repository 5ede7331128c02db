/// Connections that send nothing, and how often they wake the daemon.
struct Idle {
  var target: LoadOptions.Target
  var connections: Int
  var seconds: Int
  var pid: Int
  var json: Bool

  /// A daemon that has accepted everything goes to sleep within this time.
  static let settleMilliseconds = 1000

  func run() throws(BenchError) -> Figures {
    var sockets: [Int32] = []
    for _ in 0..<connections { sockets.append(try Calls.connected(target)) }
    Calls.sleep(until: Calls.nanoseconds() + Idle.settleMilliseconds * 1_000_000)
    let before = try ProcessFigures.sleeps(pid: pid)
    Calls.sleep(until: Calls.nanoseconds() + seconds * 1_000_000_000)
    let sleeps = try ProcessFigures.sleeps(pid: pid) - before
    var figures = Figures()
    figures.add("connections", Double(connections))
    figures.add("wakeups", Double(sleeps))
    figures.add("wakeups_per_second", Double(sleeps) / Double(seconds), digits: 1)
    figures.add("daemon_memory_kib", Double(try ProcessFigures(pid: pid).residentKiB))
    for socket in sockets { Calls.close(socket) }
    return figures
  }
}
