import Pickle
import TestSupport
import Testing

@testable import LogRecords

struct LoggerTreeTests {
  private typealias Logger = LoggerTree.Logger

  private static func name(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// A tree, asked the way that records go: through the cache of names.
  private final class Routes {
    private var tree: LoggerTree

    init(root: Logger, loggers: [Logger] = [], handlers: [LoggerTree.Handler]) {
      tree = LoggerTree(root: root, loggers: loggers, handlers: handlers)
    }

    /// The handlers that take a record.
    func handlers(_ name: String, _ level: Int) -> [Int] {
      let name = LoggerTreeTests.name(name)
      let route = tree.route(name.rawBytes)
      guard level >= tree.level(of: route) else { return [] }
      return tree.targets(of: route).map { tree.target($0) }.filter { $0.lowest <= level && level <= $0.highest }
        .map(\.handler)
    }
  }

  @Test func theRootHasTwoNames() {
    let tree = Routes(
      root: Logger(name: [], level: 20, handlers: [0]), loggers: [Logger(name: Self.name("a"), handlers: [1])],
      handlers: [LoggerTree.Handler(), LoggerTree.Handler()])
    for name in ["", "root"] {
      #expect(tree.handlers(name, 20) == [0])
      #expect(tree.handlers(name, 19) == [])
    }
    #expect(tree.handlers("a", 20) == [1, 0])
    #expect(tree.handlers("ab", 20) == [0])
  }

  @Test(arguments: ["a.", "a..b", ".a", ".", "..", "a.b.", "root.a"])
  func strangeNamesHaveTheAncestorsThatPythonGivesThem(name: String) {
    let tree = Routes(
      root: Logger(name: []), loggers: [Logger(name: Self.name("a"), handlers: [0])], handlers: [LoggerTree.Handler()])
    #expect(tree.handlers(name, 10) == (["a.", "a.b."].contains(name) ? [0] : []))
  }

  @Test func aFilterLetsItsLoggerAndThoseBelowPass() {
    let filter = LogFilter(name: Self.name("a.b"))
    for (name, passes) in [("a.b", true), ("a.b.c", true), ("a.bc", false), ("a", false), ("", false)] {
      #expect(filter.passes(name: Self.name(name)) == passes, "\(name)")
    }
    #expect(LogFilter().passes(name: []))
  }

  @Test func aFilterOfLevelsNarrowsBothEnds() {
    let tree = Routes(
      root: Logger(name: [], handlers: [0, 1], filters: [LogFilter(levels: 10...30)]), loggers: [],
      handlers: [LoggerTree.Handler(level: 20), LoggerTree.Handler(filters: [LogFilter(levels: 30...40)])])
    for (level, expected) in [(9, []), (10, []), (20, [0]), (30, [0, 1]), (31, [])] as [(Int, [Int])] {
      #expect(tree.handlers("", level) == expected, "\(level)")
    }
  }

  /// Names that all have one hash: flipping three bits of two words that follow each other keeps it.
  @Test func namesOfOneHashAreNotSearchedForLong() {
    let pairs = 12
    let names = (0..<1 << pairs).map { choice -> [UInt8] in
      var name = [UInt8](repeating: UInt8(ascii: "x"), count: 16 * pairs + 8)
      for pair in 0..<pairs where choice >> pair & 1 == 1 {
        name[16 * pair + 7] ^= 0x80
        name[16 * pair + 15] ^= 0x80
        name[16 * pair + 12] ^= 0x04
      }
      return name
    }
    #expect(Set(names.map { $0.rawBytes.hashed() }).count == 1)
    var tree = LoggerTree(root: Logger(name: [], handlers: [0]), loggers: [], handlers: [LoggerTree.Handler()])
    let time = ContinuousClock().measure {
      for _ in 0..<3 { for name in names { _ = tree.route(name.rawBytes) } }
    }
    // Without a bound on the search it is minutes.
    #expect(time < .seconds(30), "\(time)")
  }

  @Test func namesBeyondThoseKeptAreWorkedOutAllTheSame() {
    let tree = Routes(
      root: Logger(name: [], handlers: [0]),
      loggers: [Logger(name: Self.name("odd"), handlers: [1], propagate: false)],
      handlers: [LoggerTree.Handler(), LoggerTree.Handler()])
    let long = String(repeating: "x", count: 3000)
    for number in 0..<3 * LoggerTree.keptNames {
      let name = number % 2 == 0 ? "even.\(number)" : "odd.\(number)"
      #expect(tree.handlers(name, 10) == [number % 2])
      if number % 97 == 0 {
        // Too long to be kept, in front of names that are.
        #expect(tree.handlers("odd." + long + "\(number)", 10) == [1])
        #expect(tree.handlers(long, 10) == [0])
      }
      #expect(tree.handlers(name, 10) == [number % 2])
    }
  }

  /// Trees of any shape, names that are in them and names that are not, every level that matters.
  @Test(.enabled(if: PythonOracle.isAvailable)) func agreesWithPython() throws {
    var random = SeededGenerator("LoggerTree")
    let names = ["a", "a.b", "a.b.c", "ab", "b", "a.b.c.d", "b.a", "a..b", "root.a", "c.d.e.f"]
    let asked = names + ["", "root", "a.", "a.b.x", "x", "a.x.c", "b.a.q.q", ".a", "c", "c.d", "c.d.e.f.g"]
    // Levels up to 0 differ on purpose: Python enables no logger for them.
    let levels = [1, 5, 10, 15, 20, 25, 30, 40, 50, 60]
    func filters() -> [String] { random.next() % 4 == 0 ? [(names + [""]).randomElement(using: &random) ?? ""] : [] }
    var trees: [[String: Any]] = []
    var expected: [[[Int]]] = []
    for _ in 0..<300 {
      var handlers: [[String: Any]] = []
      for _ in 0..<4 { handlers.append(["level": levels.randomElement(using: &random) ?? 0, "filters": filters()]) }
      var loggers: [[String: Any]] = []
      for name in [""] + names where name.isEmpty || random.next() % 2 == 0 {
        let count = Int(random.next() % 3)
        loggers.append([
          "name": name, "level": random.next() % 2 == 0 ? 0 : levels.randomElement(using: &random) ?? 0,
          "handlers": Array((0..<4).shuffled(using: &random).prefix(count)), "filters": filters(),
          "propagate": name.isEmpty || random.next() % 4 != 0,
        ])
      }
      trees.append(["handlers": handlers, "loggers": loggers])
      let tree = try Self.tree(trees[trees.count - 1])
      expected.append(asked.flatMap { name in levels.map { tree.handlers(name, $0) } })
    }
    let answers = try PythonOracle.ask(Self.script, ["trees": trees, "names": asked, "levels": levels])
    #expect(answers.count == trees.count)
    for (number, answer) in answers.enumerated() {
      let answer = try #require(answer as? [[Int]])
      for (index, (ours, python)) in zip(expected[number], answer).enumerated() where ours != python {
        Issue.record(
          "\(trees[number]): \(asked[index / levels.count]) at \(levels[index % levels.count]): \(ours), not \(python)")
        return
      }
    }
    #expect(expected.joined().contains { $0.count > 1 })
  }

  private static func tree(_ description: [String: Any]) throws -> Routes {
    func filters(_ table: [String: Any]) throws -> [LogFilter] {
      try #require(table["filters"] as? [String]).map { LogFilter(name: name($0)) }
    }
    let loggers = try #require(description["loggers"] as? [[String: Any]]).map { table in
      Logger(
        name: name(try #require(table["name"] as? String)), level: try #require(table["level"] as? Int),
        handlers: try #require(table["handlers"] as? [Int]), filters: try filters(table),
        propagate: try #require(table["propagate"] as? Bool))
    }
    let handlers = try #require(description["handlers"] as? [[String: Any]]).map {
      LoggerTree.Handler(level: try #require($0["level"] as? Int), filters: try filters($0))
    }
    return Routes(root: loggers[0], loggers: Array(loggers.dropFirst()), handlers: handlers)
  }

  private static let script = """
    import logging
    class Note(logging.Handler):
        def handle(self, record):
            rv = self.filter(record)
            if rv: taken.append(self.number)
            return rv
    for tree in data['trees']:
        root = logging.RootLogger(0)
        manager = logging.Manager(root)
        logging.Logger.root, logging.Logger.manager = root, manager
        handlers = []
        for number, table in enumerate(tree['handlers']):
            handler = Note(table['level'])
            handler.number = number
            for name in table['filters']: handler.addFilter(logging.Filter(name))
            handlers.append(handler)
        for table in tree['loggers']:
            logger = manager.getLogger(table['name']) if table['name'] else root
            logger.setLevel(table['level'])
            logger.propagate = table['propagate']
            for number in table['handlers']: logger.addHandler(handlers[number])
            for name in table['filters']: logger.addFilter(logging.Filter(name))
        answers = []
        logging.lastResort = None
        for name in data['names']:
            logger = root if name in ('', 'root') else manager.getLogger(name)
            for level in data['levels']:
                taken = []
                record = logging.makeLogRecord({'name': name, 'levelno': level})
                if logger.isEnabledFor(level): logger.handle(record)
                answers.append(taken)
        print(json.dumps(answers))
    """
}
