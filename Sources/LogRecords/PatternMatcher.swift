import Pickle

/// Searches texts for a pattern: `re.search`, as yes or no, in a time that grows with the text's
/// length and nothing else.
///
/// All ways through the pattern are followed at once, so there is no going back. The sets of steps
/// that come up while it runs become states of an automaton, which is kept, so that a character
/// mostly costs one look-up; when the states outgrow `PatternLimits.cacheBytes` all are forgotten.
///
/// One for each decode queue, which is the only one to touch it.
public struct PatternMatcher: Sendable {
  /// What assertions ask about a character.
  struct Surroundings: OptionSet, Sendable, Hashable {
    let rawValue: UInt8
    /// In front of the text.
    static let start = Surroundings(rawValue: 1)
    static let newline = Surroundings(rawValue: 2)
    static let word = Surroundings(rawValue: 4)
    static let asciiWord = Surroundings(rawValue: 8)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(of codePoint: UInt32) {
      var result: Surroundings = codePoint == 0x0A ? .newline : []
      if CodePointSet.asciiWords.contains(codePoint) { result.formUnion([.word, .asciiWord]) }
      if codePoint >= 0x80, CodePointSet.words.contains(codePoint) { result.insert(.word) }
      self = result
    }
  }

  /// Steps that are to be taken from here on, one bit each, and what stands in front.
  private struct State: Hashable, Sendable {
    var steps: [UInt64]
    var before: Surroundings
  }

  private let pattern: Pattern
  private let width: Int
  private let mostStates: Int
  private var states: [State] = []
  private var numbers: [State: Int32] = [:]
  /// By state and symbol: the next state, `found`, or `unknown`.
  private var transitions: [Int32] = []
  /// Steps that the walk in progress has seen: those with its number.
  private var seen: [UInt32]
  private var walk: UInt32 = 0
  private var open: [Int32] = []
  /// The steps of the walk in progress, and those behind the ones that took the symbol.
  private var reached: [Int32] = []
  private var taken: [Int32] = []

  private static let unknown: Int32 = -1
  private static let found: Int32 = -2

  /// - Parameter cacheBytes: what it may remember; it finds the same with any
  public init(_ pattern: Pattern, cacheBytes: Int = PatternLimits.cacheBytes) {
    self.pattern = pattern
    width = pattern.alphabet.width
    seen = Array(repeating: 0, count: pattern.steps.count)
    let stateBytes = width * MemoryLayout<Int32>.size + 2 * (pattern.steps.count / 8 + 48)
    mostStates = max(4, cacheBytes / stateBytes)
    forget()
  }

  /// States that are known now.
  var stateCount: Int { states.count }

  /// Whether the pattern matches anywhere in a text: UTF-8 in which lone surrogates may stand as three
  /// bytes. A byte that is no UTF-8 is the lone surrogate that Python's `surrogateescape` makes of it.
  public mutating func matches(_ text: RawSpan) -> Bool {
    let end = min(text.byteCount, PatternLimits.text)
    var state = 0
    var at = 0
    while at < end {
      let byte = text[at]
      var symbol: Int
      if byte < 0x80 {
        at &+= 1
        symbol = Int(pattern.alphabet.ascii[Int(byte)])
        if byte == 0x0A, at == text.byteCount { symbol = pattern.alphabet.lastNewline }
      } else {
        let (codePoint, length) = text.codePoint(at: at)
        at &+= max(1, length)
        symbol = Int(pattern.alphabet.symbol(of: length > 0 ? codePoint : 0xDC00 + UInt32(byte)))
      }
      var next = transitions[state &* width &+ symbol]
      if next < 0 {
        if next == PatternMatcher.unknown { next = step(from: state, symbol) }
        if next == PatternMatcher.found { return true }
      }
      state = Int(next)
    }
    return end == text.byteCount && step(from: state, pattern.alphabet.end) == PatternMatcher.found
  }

  // MARK: States

  private mutating func forget() {
    states.removeAll(keepingCapacity: true)
    numbers.removeAll(keepingCapacity: true)
    transitions.removeAll(keepingCapacity: true)
    var first = State(steps: Array(repeating: 0, count: (pattern.steps.count + 63) / 64), before: .start)
    beginWalk()
    follow(pattern.start)
    fill(&first)
    _ = number(of: first)
  }

  private mutating func number(of state: State) -> Int32 {
    if let known = numbers[state] { return known }
    let number = Int32(states.count)
    states.append(state)
    numbers[state] = number
    transitions.append(contentsOf: repeatElement(PatternMatcher.unknown, count: width))
    return number
  }

  /// Notes a step as reached, unless it is already.
  private mutating func reach(_ step: Int32) {
    guard seen[Int(step)] != walk else { return }
    seen[Int(step)] = walk
    reached.append(step)
  }

  /// Reaches a step or, where that only splits, those that come of it.
  private mutating func follow(_ step: Int32) {
    open.append(step)
    while let number = open.popLast() {
      let step = pattern.steps[Int(number)]
      guard step.kind == .split else {
        reach(number)
        continue
      }
      guard seen[Int(number)] != walk else { continue }
      seen[Int(number)] = walk
      open.append(step.argument)
      open.append(step.next)
    }
  }

  /// The steps that have been reached, as a state's.
  private func fill(_ state: inout State) {
    for step in reached { state.steps[Int(step) / 64] |= 1 << UInt64(step % 64) }
  }

  /// The state behind a symbol.
  @inline(never)
  private mutating func step(from number: Int, _ symbol: Int) -> Int32 {
    let known = transitions[number * width + symbol]
    if known != PatternMatcher.unknown { return known }
    let result = compute(states[number], symbol)
    if result.isFound {
      transitions[number * width + symbol] = PatternMatcher.found
      return PatternMatcher.found
    }
    if states.count >= mostStates, numbers[result.next] == nil {
      forget()
      return self.number(of: result.next)
    }
    let next = self.number(of: result.next)
    transitions[number * width + symbol] = next
    return next
  }

  private mutating func compute(_ state: State, _ symbol: Int) -> (isFound: Bool, next: State) {
    // First what holds in front of the symbol. Steps that are reached behind an assertion join in.
    beginWalk()
    for (index, word) in state.steps.enumerated() {
      var rest = word
      while rest != 0 {
        reach(Int32(index * 64 + rest.trailingZeroBitCount))
        rest &= rest - 1
      }
    }
    var next = State(steps: Array(repeating: 0, count: state.steps.count), before: [])
    var looked = 0
    while looked < reached.count {
      let step = pattern.steps[Int(reached[looked])]
      looked += 1
      switch step.kind {
      case .match: return (true, next)
      case .assertion: if holds(step.argument, state.before, symbol) { follow(step.next) }
      case .set: if pattern.members[Int(step.argument) * width + symbol] { taken.append(step.next) }
      case .split: break
      }
    }
    let onwards = taken
    beginWalk()
    for step in onwards { follow(step) }
    // A match may begin at every place.
    follow(pattern.start)
    fill(&next)
    next.before = pattern.alphabet.surroundings[symbol].intersection(pattern.asked)
    return (false, next)
  }

  private mutating func beginWalk() {
    reached.removeAll(keepingCapacity: true)
    taken.removeAll(keepingCapacity: true)
    walk &+= 1
    if walk == 0 {
      for index in seen.indices { seen[index] = 0 }
      walk = 1
    }
  }

  private func holds(_ assertion: Int32, _ before: Surroundings, _ symbol: Int) -> Bool {
    let behind = pattern.alphabet.surroundings[symbol]
    let isEnd = symbol == pattern.alphabet.end
    switch PatternAssertion(rawValue: UInt8(truncatingIfNeeded: assertion)) {
    case .textStart: return before.contains(.start)
    case .textEnd: return isEnd
    case .lineStart: return !before.isDisjoint(with: [.start, .newline])
    case .lineEnd: return isEnd || behind.contains(.newline)
    case .lastLineEnd: return isEnd || symbol == pattern.alphabet.lastNewline
    case .wordBoundary: return before.contains(.word) != behind.contains(.word)
    case .asciiWordBoundary: return before.contains(.asciiWord) != behind.contains(.asciiWord)
    // Python up to 3.13: an empty text has neither.
    case .noWordBoundary:
      return before.contains(.word) == behind.contains(.word) && !(isEnd && before.contains(.start))
    case .noASCIIWordBoundary:
      return before.contains(.asciiWord) == behind.contains(.asciiWord) && !(isEnd && before.contains(.start))
    case nil: return false
    }
  }
}

extension PatternAssertion {
  /// What has to be known about the character in front.
  var asked: PatternMatcher.Surroundings {
    switch self {
    case .textStart, .textEnd, .lastLineEnd, .lineEnd: []
    case .lineStart: .newline
    case .wordBoundary, .noWordBoundary: .word
    case .asciiWordBoundary, .noASCIIWordBoundary: .asciiWord
    }
  }
}
