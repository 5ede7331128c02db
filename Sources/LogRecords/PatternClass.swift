extension PatternParser {
  /// A set in brackets, behind its "[".
  mutating func characterClass(_ flags: Flags, _ place: Int) throws(PatternError) -> CodePointSet {
    let isNegated = take("^")
    /// What case counts for, and what it does not.
    var ranges: [ClosedRange<UInt32>] = []
    var categories = CodePointSet()
    var isEmpty = true
    while true {
      let start = at
      guard let character = take() else { throw error("a \"[\" without its \"]\"", place) }
      if character == "]", !isEmpty { break }
      isEmpty = false
      let first = try member(character, flags, start)
      guard take("-") else {
        add(first, &ranges, &categories)
        continue
      }
      guard let other = take() else { throw error("a \"[\" without its \"]\"", place) }
      if other == "]" {
        add(first, &ranges, &categories)
        ranges.append(0x2D...0x2D)
        break
      }
      guard case .character(let low) = first, case .character(let high) = try member(other, flags, at - 1),
        low <= high
      else { throw error("this is no range of characters", start) }
      ranges.append(low...high)
    }
    let set = fold(CodePointSet(ranges), flags).union(categories)
    return isNegated ? set.complement : set
  }

  private enum Member {
    case character(UInt32)
    case category(CodePointSet)
  }

  private func add(_ member: Member, _ ranges: inout [ClosedRange<UInt32>], _ categories: inout CodePointSet) {
    switch member {
    case .character(let codePoint): ranges.append(codePoint...codePoint)
    case .category(let set): categories = categories.union(set)
    }
  }

  private mutating func member(
    _ character: Unicode.Scalar, _ flags: Flags, _ place: Int
  ) throws(PatternError) -> Member {
    guard character == "\\" else { return .character(character.value) }
    guard let escaped = take() else { throw error("the pattern ends with a backslash", place) }
    if let category = PatternParser.category(escaped, flags.contains(.ascii)) { return .category(category) }
    switch escaped {
    case "b": return .character(0x08)
    case "0"..."7":
      at -= 1
      let value = digits(3, base: 8).value
      guard value <= 0o377 else { throw error("an octal escape ends at \\377", place) }
      return .character(value)
    default: return .character(try escapedCharacter(escaped, place))
    }
  }
}
