import Pickle
import TestSupport
import Testing

@testable import LogRecords

extension PatternMatcher {
  mutating func finds(_ text: [UInt8]) -> Bool { matches(text.rawBytes) }
}

struct PatternTests {
  private func matches(_ pattern: String, _ text: String) throws -> Bool {
    var matcher = PatternMatcher(try Pattern(pattern))
    return matcher.finds(Array(text.utf8))
  }

  @Test(arguments: [
    ("timeout|refused", "connection refused by peer", true), ("timeout|refused", "all is well", false),
    ("", "", true), ("^$", "", true), ("^$", "\n", true), ("^$", "\n\n", false), (#"\A\Z"#, "\n", false),
    ("a$", "a\n", true), ("a$", "a\nb", false), ("(?m)a$", "a\nb", true), ("(?m)^b", "a\nb", true),
    ("^b", "a\nb", false), ("a.b", "a\nb", false), ("(?s)a.b", "a\nb", true), ("(?s:a.)b", "a\nb", true),
    (#"\bab\b"#, "x ab-y", true), (#"\bab\b"#, "xab", false), (#"\Bb"#, "ab", true), (#"\B"#, "", false),
    ("(?i)straße", "STRA\u{1E9E}E", true), ("(?i)k", "\u{212A}", true), ("(?i)S", "\u{17F}", true),
    ("(?ai)k", "\u{212A}", false), (#"^\w+$"#, "옹기_7", true), (#"(?a)^\w+$"#, "옹기", false),
    (#"^\d+$"#, "٣4", true), (#"^\s$"#, "\u{3000}", true), ("^.$", "\u{1F9CA}", true), ("^..$", "\u{1F9CA}", false),
    ("x{2,3}y", "xxy", true), ("^x{2,3}$", "xxxx", false), ("^x{,2}$", "xx", true), ("^x{,}$", "xxxx", true),
    ("x{", "x{", true), ("x{,y", "x{,y", true), ("{1", "{1", true), ("[]a]", "]", true), ("[^]a]", "]", false),
    ("[a-]", "-", true), ("[\\d-]", "-", true), (#"[\b]"#, "\u{8}", true),
    (#"\101\x41\u0041\U00000041"#, "AAAA", true),
    ("(?x) a b # c\n d", "abd", true), ("(?P<n>a)(?#no)b", "ab", true), ("a*?b+?", "b", true), ("(?-i:a)", "A", false),
  ])
  func findsWhatPythonFinds(_ pattern: String, _ text: String, _ expected: Bool) throws {
    #expect(try matches(pattern, text) == expected)
  }

  @Test(arguments: [
    (#"(a)\1"#, 3, "a back-reference is not supported"), ("a(?=b)", 1, "look-ahead is not supported"),
    ("a(?<!b)", 1, "look-behind is not supported"), ("가(?>b)", 3, "an atomic group is not supported"),
    ("ab*+", 3, "a possessive quantifier is not supported"), ("(?P<x>a)(?P=x)", 8, "a back-reference is not supported"),
    ("(a)?(?(1)b|c)", 4, "a choice by what a group matched is not supported"), ("가[a", 3, "a \"[\" without its \"]\""),
    ("(a", 0, "a \"(\" without its \")\""), ("a)", 1, "a \")\" without its \"(\""), ("*a", 0, "nothing to repeat"),
    ("a**", 2, "a quantifier behind a quantifier"), ("a{3,2}", 1, "below m"), (#"\q"#, 0, "unknown escape \\q"),
    ("a(?i)", 1, "belong to its start"), ("(?k)", 0, "\"(?k\" is not known"), ("[b-a]", 1, "no range"),
    ("(?P<1>a)", 0, "no name for a group"), (#"a\"#, 1, "ends with a backslash"), (#"\N{DIGIT ONE}"#, 0, "by name"),
    ("(?L)", 2, "byte patterns"), ("a{1000}b{1000}", 0, "too long: more than 2000 steps"),
    ("(((a{90}){90}){90}){90}", 0, "too long"), ("a{99999999999}", 1, "too large"),
  ])
  func saysWhatItRefusesAndWhere(_ pattern: String, _ offset: Int, _ message: String) {
    let error = #expect(throws: PatternError.self) { try Pattern(pattern) }
    #expect(
      error?.offset == offset && error?.message.contains(message) == true, "\(pattern): \(String(describing: error))")
  }

  @Test func groupsAreNestedToTheLimitAndNoDeeper() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "(", count: depth) + "a" + String(repeating: ")", count: depth)
    }
    #expect(try matches(nested(PatternLimits.depth), "a"))
    #expect(throws: PatternError.self) { try Pattern(nested(PatternLimits.depth + 1)) }
    #expect(throws: PatternError.self) { try Pattern(nested(100_000)) }
  }

  @Test func emptyRepetitionsEnd() throws {
    for pattern in ["(?:)*", "(?:(?:)*)*", "(?:){4000000000}", "(?:a*)*b", "(?:^)*b", "(?:a|b|)+?b"] {
      #expect(try matches(pattern, "ab"))
    }
  }

  /// What takes a backtracking engine ages takes one pass here.
  @Test(arguments: ["(a*)*b", "(x+x+)+y", "(a|aa)+$", "(a|a?)+b", "(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)[^ax]"])
  func adversarialPatternsAreLinear(_ pattern: String) throws {
    var matcher = PatternMatcher(try Pattern(pattern))
    let letter = pattern.contains("x+") ? "x" : "a"
    let text = Array(String(repeating: letter, count: PatternLimits.text - 1).utf8)
    let time = ContinuousClock().measure { _ = matcher.finds(text) }
    #expect(time < .seconds(1), "\(time)")
    #expect(matcher.stateCount < 50)
  }

  /// The automaton of this one has 2^21 states; few of them fit, and the rest is worked out again.
  @Test func statesAreForgottenWhenThereAreTooMany() throws {
    var matcher = PatternMatcher(try Pattern("a[ab]{20}c"))
    var random = SeededGenerator("PatternTests.states")
    var text = (0..<30_000).map { _ in Bool.random(using: &random) ? UInt8(ascii: "a") : UInt8(ascii: "b") }
    do {
      let found = matcher.finds(text)
      #expect(!found)
    }
    #expect(matcher.stateCount > 500 && matcher.stateCount < PatternLimits.cacheBytes / 32)
    text += Array("aabababababababababaac".utf8)
    do {
      let found = matcher.finds(text)
      #expect(found)
    }
    do {
      let found = matcher.finds(Array(text.dropLast()))
      #expect(!found)
    }
  }

  @Test func onlySoMuchOfATextIsSearched() throws {
    var matcher = PatternMatcher(try Pattern("b$"))
    var text = [UInt8](repeating: UInt8(ascii: "a"), count: PatternLimits.text - 1) + [UInt8(ascii: "b")]
    do {
      let found = matcher.finds(text)
      #expect(found)
    }
    text.insert(UInt8(ascii: "a"), at: 0)
    do {
      let found = matcher.finds(text)
      #expect(!found)
    }
  }

  @Test func bytesThatAreNoUTF8AreLoneSurrogates() throws {
    var matcher = PatternMatcher(
      try Pattern(#"^a[\uDC80-\uDCFF].$"#))
    do {
      let found = matcher.finds(([0x61, 0xFF, 0xFE] as [UInt8]))
      #expect(found)
    }
    do {
      let found = matcher.finds(([0x61, 0xED, 0xB2, 0x80, 0x62] as [UInt8]))
      #expect(found)
    }
    do {
      let found = matcher.finds(([0x61, 0x62, 0x62] as [UInt8]))
      #expect(!found)
    }
  }
}
