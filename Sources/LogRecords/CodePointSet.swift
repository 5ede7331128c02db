/// A set of code points, lone surrogates among them, as the ranges it consists of.
struct CodePointSet: Sendable, Hashable {
  static let last: UInt32 = 0x10FFFF

  /// Ascending, with a gap between any two.
  private(set) var ranges: [ClosedRange<UInt32>]

  /// Ranges in any order, which may overlap.
  init(_ ranges: [ClosedRange<UInt32>] = []) {
    self.ranges = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let before = self.ranges.last, range.lowerBound <= before.upperBound &+ 1 {
        self.ranges[self.ranges.count - 1] = before.lowerBound...max(before.upperBound, range.upperBound)
      } else {
        self.ranges.append(range)
      }
    }
  }

  init(_ codePoint: UInt32) { ranges = [codePoint...codePoint] }

  static let all = CodePointSet([0...last])
  static let newline = CodePointSet(0x0A)

  func union(_ other: CodePointSet) -> CodePointSet { CodePointSet(ranges + other.ranges) }

  var complement: CodePointSet {
    var result: [ClosedRange<UInt32>] = []
    var next: UInt32 = 0
    for range in ranges {
      if next < range.lowerBound { result.append(next...range.lowerBound - 1) }
      next = range.upperBound + 1
    }
    if next <= CodePointSet.last { result.append(next...CodePointSet.last) }
    return CodePointSet(result)
  }

  func contains(_ codePoint: UInt32) -> Bool {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < codePoint { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].lowerBound <= codePoint
  }
}

// MARK: Python's categories

extension CodePointSet {
  /// `\d` of a `str` pattern: `str.isdecimal()`, by the Unicode version of Swift's standard library.
  static let digits = scan { $0.numericType == .decimal }

  /// `\w` of a `str` pattern: `str.isalnum()`, and the underscore.
  static let words = scan { properties in
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: properties.numericType != nil
    }
  }.union(CodePointSet(UInt32(UInt8(ascii: "_"))))

  /// `\s` of a `str` pattern: `str.isspace()`.
  static let spaces = CodePointSet([
    0x09...0x0D, 0x1C...0x20, 0x85...0x85, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029,
    0x202F...0x202F, 0x205F...0x205F, 0x3000...0x3000,
  ])

  static let asciiDigits = CodePointSet([0x30...0x39])
  static let asciiWords = CodePointSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
  static let asciiSpaces = CodePointSet([0x09...0x0D, 0x20...0x20])

  /// Behind it there are no letters and no digits.
  private static let lastLetter: UInt32 = 0x3FFFF

  private static func scan(_ isMember: (Unicode.Scalar.Properties) -> Bool) -> CodePointSet {
    var ranges: [ClosedRange<UInt32>] = []
    for codePoint in 0...lastLetter {
      guard let scalar = Unicode.Scalar(codePoint), isMember(scalar.properties) else { continue }
      if let before = ranges.last, before.upperBound + 1 == codePoint {
        ranges[ranges.count - 1] = before.lowerBound...codePoint
      } else {
        ranges.append(codePoint...codePoint)
      }
    }
    return CodePointSet(ranges)
  }
}

// MARK: Upper and lower case

extension CodePointSet {
  /// What matches one of the set's code points under `re.IGNORECASE`.
  func ignoringCase(ascii: Bool) -> CodePointSet {
    var result = ranges
    if ascii {
      for range in ranges {
        for letters in [UInt32(0x41)...0x5A, 0x61...0x7A] where range.overlaps(letters) {
          let common = range.clamped(to: letters)
          // The two cases differ in one bit.
          result.append((common.lowerBound ^ 0x20)...(common.upperBound ^ 0x20))
        }
      }
      return CodePointSet(result)
    }
    for (codePoint, others) in CodePointSet.caseVariants where contains(codePoint) {
      for other in others { result.append(other...other) }
    }
    return CodePointSet(result)
  }

  /// By code point that has cases: those that are equal to it under `re.IGNORECASE`.
  ///
  /// As `re` does: two are equal when their lower case is, or when the upper case of their lower cases
  /// is (`re._casefix`).
  private static let caseVariants: [UInt32: [UInt32]] = {
    var byLower: [UInt32: [UInt32]] = [:]
    var lowersByUpper: [String: Set<UInt32>] = [:]
    for codePoint in UInt32(0x41)...0x1FFFF {
      guard let scalar = Unicode.Scalar(codePoint) else { continue }
      let lower = scalar.properties.lowercaseMapping.unicodeScalars.first?.value ?? codePoint
      let upper = scalar.properties.uppercaseMapping
      guard lower != codePoint || !upper.unicodeScalars.elementsEqual([scalar]) else { continue }
      byLower[lower, default: []].append(codePoint)
      lowersByUpper[upper, default: []].insert(lower)
    }
    var equalLowers: [UInt32: Set<UInt32>] = [:]
    for lowers in lowersByUpper.values { for lower in lowers { equalLowers[lower, default: []].formUnion(lowers) } }
    var variants: [UInt32: [UInt32]] = [:]
    for (lower, codePoints) in byLower {
      let lowers = equalLowers[lower] ?? [lower]
      // A lower case without a case of its own is not in the table, but equal to itself.
      let all = lowers.union(lowers.flatMap { byLower[$0] ?? [] }).union(codePoints)
      for codePoint in codePoints + [lower] { variants[codePoint] = Array(all) }
    }
    return variants
  }()
}
