import LogRecords

/// Records as the `SocketHandler` of CPython 3.13 sends them: the same ones for the same seed.
///
/// One in fifty carries a traceback, one in twenty `extra` fields, one in eight a Korean message.
struct Corpus {
  /// The frames back to back.
  private(set) var frames: [UInt8] = []
  /// Where each frame begins, and the end of the last one.
  private(set) var offsets: [Int] = [0]

  init(records: Int, seed: UInt64) {
    var random = SplitMix64(state: seed)
    var created = 1_795_312_800.0
    for _ in 0..<records {
      created += Double(random.below(2000)) / 1_000_000
      let pickle = PickleWriter.dictionary(Corpus.record(created, &random))
      for shift in [24, 16, 8, 0] { frames.append(UInt8(truncatingIfNeeded: pickle.count >> shift)) }
      frames.append(contentsOf: pickle)
      offsets.append(frames.count)
    }
  }

  var count: Int { offsets.count - 1 }

  /// The pickle of a frame.
  func pickle(_ index: Int) -> Range<Int> { offsets[index] + Frame.headerSize..<offsets[index + 1] }

  // MARK: One record

  private static let modules = [
    ("app", "main", "serve"), ("app.web.views", "views", "get_order"), ("app.db.pool", "pool", "acquire"),
    ("app.worker.tasks", "tasks", "run"), ("urllib3.connectionpool", "connectionpool", "_make_request"),
    ("uvicorn.access", "httptools_impl", "send"), ("결제", "payment", "settle"),
  ]
  private static let levels = [
    ("DEBUG", 10), ("DEBUG", 10), ("INFO", 20), ("INFO", 20), ("INFO", 20), ("INFO", 20), ("WARNING", 30),
    ("ERROR", 40),
  ]

  private static func message(_ random: inout SplitMix64) -> String {
    let number = random.below(100_000)
    switch random.below(8) {
    case 0: return "주문 \(number)번의 결제가 완료되었습니다 (\(random.below(900) + 10)ms)"
    case 1: return "GET /orders/\(number) 200 in \(random.below(400)) ms"
    case 2: return "connection \(number) returned to the pool, \(random.below(20)) idle"
    case 3: return "cache miss for key user:\(number):profile"
    case 4: return "task app.worker.tasks.send_mail[\(number)] succeeded in 0.\(random.below(900) + 100)s: None"
    case 5: return "retrying in \(random.below(30)) s after ConnectionResetError(104, 'Connection reset by peer')"
    case 6: return "This is a remote log message"
    default: return "SELECT id, state FROM orders WHERE id = \(number) LIMIT \(random.below(100) + 1)"
    }
  }

  /// The attributes of a LogRecord in the order in which its `__init__` sets them.
  private static func record(_ created: Double, _ random: inout SplitMix64) -> [(String, PickleWriter.Value)] {
    let (name, module, function) = modules[random.below(modules.count)]
    let hasTraceback = random.below(50) == 0
    let (levelName, level) = hasTraceback ? ("ERROR", 40) : levels[random.below(levels.count)]
    let line = random.below(900) + 1
    let path = "/srv/app/lib/python3.13/site-packages/\(module)/\(module).py"
    var pairs: [(String, PickleWriter.Value)] = [
      ("name", .text(name)), ("msg", .text(message(&random))), ("args", .none), ("levelname", .text(levelName)),
      ("levelno", .integer(level)), ("pathname", .text(path)), ("filename", .text("\(module).py")),
      ("module", .text(module)), ("exc_info", .none),
      ("exc_text", hasTraceback ? .text(traceback(path, line, function)) : .none), ("stack_info", .none),
      ("lineno", .integer(line)), ("funcName", .text(function)), ("created", .float(created)),
      ("msecs", .float((created - created.rounded(.down)) * 1000).wholeMilliseconds),
      ("relativeCreated", .float((created - 1_795_312_700) * 1000)),
      ("thread", .integer(140_100_000_000_000 + random.below(64) * 8_392_704)),
      ("threadName", .text(random.below(3) == 0 ? "ThreadPoolExecutor-0_\(random.below(32))" : "MainThread")),
      ("processName", .text("MainProcess")), ("process", .integer(1000 + random.below(60_000))), ("taskName", .none),
    ]
    if random.below(20) == 0 {
      pairs.append(("request_id", .text("req-\(random.next() >> 16)")))
      pairs.append(("user_id", .integer(random.below(5_000_000))))
      pairs.append(("cached", .bool(random.below(2) == 0)))
    }
    return pairs
  }

  private static func traceback(_ path: String, _ line: Int, _ function: String) -> String {
    """
    Traceback (most recent call last):
      File "\(path)", line \(line), in \(function)
        result = handler(request, timeout=30)
      File "/srv/app/lib/python3.13/site-packages/app/core.py", line 211, in handler
        raise ValueError(f"invalid literal for order: {value!r}")
    ValueError: invalid literal for order: 'x-17'
    """
  }
}

extension PickleWriter.Value {
  /// From 3.13 on `msecs` has no fraction.
  fileprivate var wholeMilliseconds: PickleWriter.Value {
    if case .float(let number) = self { .float(number.rounded(.down)) } else { self }
  }
}

/// Sebastiano Vigna's generator: small, and the same everywhere.
struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
    return word ^ word >> 31
  }

  /// A number from 0 to `bound` - 1.
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
