import Pickle
import TestSupport
import Testing

@testable import LogRecords

/// Generated patterns and texts, with `re.search` of a real Python as the judge.
@Suite(.enabled(if: PythonOracle.isAvailable, "needs a Python 3.13")) struct PatternPythonTests {
  /// A pattern and texts, as code points: JSON has no lone surrogates.
  private struct Case {
    var pattern: String
    var texts: [[UInt32]]
  }

  /// null: refused. Otherwise by text: 1, 0, or 2 where backtracking took too long.
  private static let script = """
    import re, signal, warnings
    warnings.simplefilter('ignore')
    class Slow(BaseException): pass
    def slow(*_): raise Slow
    signal.signal(signal.SIGALRM, slow)
    for codes, texts in data:
        try:
            pattern = re.compile(''.join(map(chr, codes)))
        except (re.error, OverflowError, ValueError, RecursionError):
            print('null')
            continue
        results = []
        for text in texts:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.05)
                results.append(int(pattern.search(''.join(map(chr, text))) is not None))
            except Slow:
                results.append(2)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        print(json.dumps(results))
    """

  private func compare(_ cases: [Case]) throws -> (accepted: Int, found: Int) {
    let input = cases.map {
      [$0.pattern.unicodeScalars.map { Int($0.value) }, $0.texts.map { $0.map { Int($0) } }] as [Any]
    }
    let answers = try PythonOracle.ask(Self.script, input)
    try #require(answers.count == cases.count)
    var accepted = 0
    var found = 0
    for (test, answer) in zip(cases, answers) {
      let expected = answer as? [Int]
      let pattern: Pattern
      do throws(PatternError) {
        pattern = try Pattern(test.pattern)
      } catch {
        let isOurs = error.message.contains("not supported") || error.message.contains("too long")
        #expect(expected == nil || isOurs, "\(test.pattern.debugDescription): \(error)")
        continue
      }
      guard let expected else {
        Issue.record("Python refuses \(test.pattern.debugDescription)")
        continue
      }
      accepted += 1
      var matcher = PatternMatcher(pattern)
      for (text, expected) in zip(test.texts, expected) where expected < 2 {
        var bytes: [UInt8] = []
        for codePoint in text { bytes.appendCodePoint(codePoint) }
        let matches = matcher.matches(bytes.rawBytes)
        found += matches ? 1 : 0
        #expect(matches == (expected == 1), "\(test.pattern.debugDescription) in \(text)")
      }
    }
    return (accepted, found)
  }

  private static let letters = Array("aabbcAB1_ -\n옹éÉßſsSkK\u{212A}İıi٣\u{1F9CA}ΣσςǅǆǄ".unicodeScalars)

  private func text(_ random: inout SeededGenerator) -> [UInt32] {
    (0..<Int.random(in: 0...9, using: &random)).map { _ in
      Int.random(in: 0..<20, using: &random) == 0
        ? UInt32.random(in: 0xD7FE...0xE001, using: &random)
        : Self.letters[Int.random(in: 0..<(Bool.random(using: &random) ? 5 : Self.letters.count), using: &random)].value
    }
  }

  private func texts(_ random: inout SeededGenerator) -> [[UInt32]] { (0..<6).map { _ in text(&random) } }

  private func atom(_ random: inout SeededGenerator, _ depth: Int) -> String {
    switch Int.random(in: 0..<16, using: &random) {
    case 0: return "."
    case 1: return ["^", "$", #"\b"#, #"\B"#, #"\A"#, #"\Z"#].randomElement(using: &random) ?? ""
    case 2: return [#"\w"#, #"\W"#, #"\d"#, #"\D"#, #"\s"#, #"\S"#].randomElement(using: &random) ?? ""
    case 3, 4:
      var set = Bool.random(using: &random) ? "[" : "[^"
      for _ in 0...Int.random(in: 0...2, using: &random) {
        set +=
          ["a-c", "A-Z", "é", #"\w"#, #"\D"#, #"\n"#, "_", "s", "k", "ß-ſ", "\u{212A}", "ı", "Σ", "ǅ"]
          .randomElement(using: &random) ?? ""
      }
      return set + "]"
    case 5...8 where depth > 0:
      let opening = ["(", "(?:", "(?i:", "(?s:", "(?m:", "(?a:", "(?-i:"].randomElement(using: &random) ?? "("
      return opening + alternatives(&random, depth - 1) + ")"
    default:
      let letter = Self.letters.randomElement(using: &random) ?? "a"
      return String(Character(letter))
    }
  }

  private func alternatives(_ random: inout SeededGenerator, _ depth: Int) -> String {
    (0...Int.random(in: 0...1, using: &random)).map { _ in
      (0..<Int.random(in: 0...3, using: &random)).map { _ in
        let quantifier = ["", "", "", "*", "+", "?", "{2}", "{1,2}", "{,2}", "*?", "??", "{0}"].randomElement(
          using: &random)
        return atom(&random, depth) + (quantifier ?? "")
      }.joined()
    }.joined(separator: "|")
  }

  @Test func generatedPatternsFindTheSame() throws {
    var random = SeededGenerator("PatternPythonTests.generated")
    let cases = (0..<3000).map { _ in
      let flags = ["", "", "(?i)", "(?m)", "(?is)", "(?a)", "(?ai)"].randomElement(using: &random) ?? ""
      return Case(pattern: flags + alternatives(&random, 3), texts: texts(&random))
    }
    let (accepted, found) = try compare(cases)
    // Otherwise the generator tells little.
    #expect(accepted > 1500 && found > 3000 && found < accepted * 5)
  }

  /// Whatever the characters: refused by both or by none.
  @Test func anyCharactersAreReadTheSameWay() throws {
    var random = SeededGenerator("PatternPythonTests.characters")
    let pieces =
      Array("ab1,^$.|()[]{}*+?\\-:=!<>#P\nx").map(String.init)
      + [
        "(?", "(?i", "(?x)", "(?:", "{1", "[^", "\\x4", "\\u00e9", "\\0", "\\b", "\\d", "(?P<n", "{,", "\\12", "(?s-m:",
      ]
    let cases = (0..<6000).map { _ in
      Case(
        pattern: (0..<Int.random(in: 0...8, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
          .joined(),
        texts: [Array("ab1".unicodeScalars.map(\.value)), [0x61]])
    }
    let (accepted, _) = try compare(cases)
    #expect(accepted > 700)
  }

  /// Python knows an older Unicode: code points that it has no category for are left out.
  @Test func codePointsAreOfTheSameKind() throws {
    let script = """
      import re, unicodedata
      for pattern in data:
          find = re.compile(pattern).search
          print(json.dumps([c for c in range(0x20000) if unicodedata.category(chr(c)) != 'Cn' and find(chr(c))]))
      """
    let unassigned = try #require(
      PythonOracle.ask(
        "import unicodedata\nprint(json.dumps([c for c in range(0x20000) if unicodedata.category(chr(c)) == 'Cn']))",
        [Int]()
      ).first as? [Int])
    let skipped = Set(unassigned)
    let patterns = [
      #"\w"#, #"\d"#, #"\s"#, #"(?a)\w"#, #"(?a)\s"#, "(?i)[a-zß]", "(?i)[^s]", "(?i)[α-ω]", "(?i)i", "(?i)İ", "(?i)ı",
      "(?ai)[k-s]", "(?i)[А-Я]", "(?i)\u{1E9E}", "(?i)ΐ", "(?i)ﬅ", "(?i)[\u{10400}-\u{10427}]",
    ]
    for (pattern, answer) in zip(patterns, try PythonOracle.ask(script, patterns)) {
      let expected = Set(try #require(answer as? [Int]))
      var matcher = PatternMatcher(try Pattern(pattern))
      var wrong: [Int] = []
      for codePoint in 0..<0x20000 where !skipped.contains(codePoint) {
        var bytes: [UInt8] = []
        bytes.appendCodePoint(UInt32(codePoint))
        if matcher.matches(bytes.rawBytes) != expected.contains(codePoint) { wrong.append(codePoint) }
      }
      #expect(wrong.isEmpty, "\(pattern): \(wrong.count), \(wrong.prefix(10).map { String($0, radix: 16) })")
    }
  }
}
