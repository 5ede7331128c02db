/// A regular expression in Python's syntax, as a program that a `PatternMatcher` runs.
///
/// Of `re` everything is there that does not need backtracking: back-references, look-around, atomic
/// groups and possessive quantifiers are refused. `\w`, `\d` and `(?i)` go by the Unicode version of
/// Swift's standard library, which is newer than most Pythons'.
public struct Pattern: Sendable {
  /// One step. Those of a text that has been read are walked through all at once.
  struct Step: BitwiseCopyable, Sendable {
    enum Kind: UInt8, BitwiseCopyable, Sendable {
      /// A character of set number `argument`, then `next`.
      case set
      /// If the assertion with the raw value `argument` holds, `next`.
      case assertion
      /// `next` or `argument`.
      case split
      case match
    }
    var kind: Kind
    var argument: Int32
    var next: Int32
  }

  /// The symbols that steps tell apart: characters that every set has or lacks together are one.
  struct Alphabet: Sendable {
    /// Where the symbol changes along the code points, ascending, from 0 on, and the symbol from there.
    var starts: [UInt32] = []
    var symbols: [UInt16] = []
    /// By ASCII character.
    var ascii: [UInt16] = []
    /// Symbols of characters. Behind them come the two that follow.
    var count = 0
    /// A newline that ends the text.
    var lastNewline: Int { count }
    /// Behind the text.
    var end: Int { count + 1 }
    var width: Int { count + 2 }
    /// By symbol: what `PatternAssertion` asks about it.
    var surroundings: [PatternMatcher.Surroundings] = []
  }

  let steps: [Step]
  let start: Int32
  let alphabet: Alphabet
  /// By set and symbol, `width` for each set.
  let members: [Bool]
  /// What assertions ask about the character in front.
  let asked: PatternMatcher.Surroundings

  /// - Throws: why it is refused, and where
  public init(_ text: String) throws(PatternError) {
    var parser = PatternParser(text)
    let node = try parser.parse()
    var compiler = PatternCompiler()
    start = try compiler.compile(node)
    steps = compiler.steps
    asked = compiler.asked
    (alphabet, members) = compiler.symbols()
  }
}

/// Makes steps out of a tree, from its end to its start.
private struct PatternCompiler {
  private(set) var steps: [Pattern.Step] = []
  private(set) var asked: PatternMatcher.Surroundings = []
  private var sets: [CodePointSet] = []
  private var numbers: [CodePointSet: Int32] = [:]

  mutating func compile(_ node: PatternNode) throws(PatternError) -> Int32 {
    try compile(node, then: try add(.match, 0, 0))
  }

  private mutating func add(_ kind: Pattern.Step.Kind, _ argument: Int32, _ next: Int32) throws(PatternError) -> Int32 {
    guard steps.count < PatternLimits.steps else {
      throw PatternError(
        message: "the pattern is too long: more than \(PatternLimits.steps) steps, repetitions written out", offset: 0)
    }
    steps.append(Pattern.Step(kind: kind, argument: argument, next: next))
    return Int32(steps.count - 1)
  }

  /// The step at which a node begins that goes on with `next`.
  private mutating func compile(_ node: PatternNode, then next: Int32) throws(PatternError) -> Int32 {
    switch node {
    case .set(let set):
      let number = numbers[set] ?? Int32(sets.count)
      if Int(number) == sets.count {
        sets.append(set)
        numbers[set] = number
      }
      return try add(.set, number, next)
    case .assertion(let assertion):
      asked.formUnion(assertion.asked)
      return try add(.assertion, Int32(assertion.rawValue), next)
    case .sequence(let nodes):
      var next = next
      for node in nodes.reversed() { next = try compile(node, then: next) }
      return next
    case .alternatives(let nodes):
      var start = try compile(nodes[nodes.count - 1], then: next)
      for node in nodes.dropLast().reversed() { start = try add(.split, start, try compile(node, then: next)) }
      return start
    case .repetition(let node, let least, let most):
      var start = next
      if let most {
        for _ in 0..<most - least {
          let body = try compile(node, then: start)
          // A body without steps is empty however often it comes.
          if body == start { break }
          start = try add(.split, next, body)
        }
      } else {
        let loop = try add(.split, next, next)
        steps[Int(loop)].next = try compile(node, then: loop)
        start = loop
      }
      for _ in 0..<least {
        let body = try compile(node, then: start)
        if body == start { break }
        start = body
      }
      return start
    }
  }

  /// The alphabet of all sets, and which symbols each has.
  func symbols() -> (Pattern.Alphabet, [Bool]) {
    // What assertions tell apart belongs to it as well.
    let all =
      sets + [.newline, asked.contains(.word) ? .words : .newline, asked.contains(.asciiWord) ? .asciiWords : .newline]
    var borders: Set<UInt32> = [0]
    for set in all {
      for range in set.ranges {
        borders.insert(range.lowerBound)
        if range.upperBound < CodePointSet.last { borders.insert(range.upperBound + 1) }
      }
    }
    var alphabet = Pattern.Alphabet()
    var known: [[UInt64]: UInt16] = [:]
    var examples: [UInt32] = []
    for border in borders.sorted() {
      var signature = [UInt64](repeating: 0, count: (all.count + 63) / 64)
      for (index, set) in all.enumerated() where set.contains(border) {
        signature[index / 64] |= 1 << UInt64(index % 64)
      }
      let symbol = known[signature] ?? UInt16(examples.count)
      if Int(symbol) == examples.count {
        known[signature] = symbol
        examples.append(border)
      }
      if alphabet.symbols.last != symbol {
        alphabet.starts.append(border)
        alphabet.symbols.append(symbol)
      }
    }
    alphabet.count = examples.count
    alphabet.ascii = (UInt32(0)..<128).map { alphabet.symbol(of: $0) }
    alphabet.surroundings = examples.map { PatternMatcher.Surroundings(of: $0) }
    alphabet.surroundings += [PatternMatcher.Surroundings(of: 0x0A), []]
    var members: [Bool] = []
    for set in sets { members += examples.map { set.contains($0) } + [set.contains(0x0A), false] }
    return (alphabet, members)
  }
}

extension Pattern.Alphabet {
  func symbol(of codePoint: UInt32) -> UInt16 {
    var (low, high) = (0, starts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= codePoint { low = middle } else { high = middle }
    }
    return symbols[low]
  }
}
