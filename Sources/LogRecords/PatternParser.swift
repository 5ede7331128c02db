/// Reads a regular expression in the syntax of Python's `re`, for `str` patterns: `re._parser`.
///
/// What cannot be matched in linear time is refused.
struct PatternParser {
  struct Flags: OptionSet {
    let rawValue: UInt8
    static let ignoreCase = Flags(rawValue: 1)
    static let multiline = Flags(rawValue: 2)
    static let dotAll = Flags(rawValue: 4)
    static let verbose = Flags(rawValue: 8)
    static let ascii = Flags(rawValue: 16)
    static let unicode = Flags(rawValue: 32)
  }

  private let characters: [Unicode.Scalar]
  var at = 0
  /// Those of `(?…)` at the start of the pattern.
  private var global: Flags = []
  private var groupNames: Set<String> = []

  init(_ text: String) { characters = Array(text.unicodeScalars) }

  mutating func parse() throws(PatternError) -> PatternNode {
    let node = try alternatives([], depth: 0)
    if next != nil { throw error("a \")\" without its \"(\"", at) }
    if global.contains([.ascii, .unicode]) { throw error("the flags a and u contradict each other", 0) }
    return node
  }

  // MARK: Characters

  var next: Unicode.Scalar? { at < characters.count ? characters[at] : nil }

  mutating func take() -> Unicode.Scalar? {
    guard at < characters.count else { return nil }
    at += 1
    return characters[at - 1]
  }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == character else { return false }
    at += 1
    return true
  }

  /// The digits of that base that follow, at most so many; nil when there are not as many as asked for.
  mutating func digits(_ most: Int, base: UInt32) -> (value: UInt32, count: Int) {
    var value: UInt32 = 0
    var count = 0
    while count < most, let digit = next.flatMap({ PatternParser.digit($0) }), digit < base {
      value = value &* base &+ digit
      count += 1
      at += 1
    }
    return (value, count)
  }

  static func digit(_ character: Unicode.Scalar) -> UInt32? {
    switch character {
    case "0"..."9": character.value - 0x30
    case "a"..."f": character.value - 0x57
    case "A"..."F": character.value - 0x37
    default: nil
    }
  }

  func error(_ message: String, _ place: Int) -> PatternError {
    PatternError(message: message, offset: characters[..<place].reduce(0) { $0 + UTF8.width($1) })
  }

  private func notLinear(_ what: String, _ place: Int) -> PatternError {
    error("\(what) is not supported: patterns are matched in a time that only grows with the message's length", place)
  }

  // MARK: Alternatives and sequences

  private mutating func alternatives(_ flags: Flags, depth: Int) throws(PatternError) -> PatternNode {
    guard depth <= PatternLimits.depth else {
      throw error("groups are nested deeper than \(PatternLimits.depth)", at)
    }
    var branches: [PatternNode] = []
    repeat {
      // Flags at the start of the pattern hold for all that follows.
      let flags = depth == 0 ? global : flags
      branches.append(try sequence(flags, depth: depth, isFirst: depth == 0 && branches.isEmpty))
    } while take("|")
    return branches.count == 1 ? branches[0] : .alternatives(branches)
  }

  /// An item of a sequence, and what it means to a quantifier behind it.
  private enum Item {
    case plain(PatternNode)
    case assertion(PatternNode)
    case repeated(PatternNode)

    var node: PatternNode {
      switch self {
      case .plain(let node), .assertion(let node), .repeated(let node): node
      }
    }
  }

  private mutating func sequence(
    _ start: Flags, depth: Int, isFirst: Bool
  ) throws(PatternError) -> PatternNode {
    var flags = start
    var items: [Item] = []
    while let character = next, character != "|", character != ")" {
      let place = at
      at += 1
      if flags.contains(.verbose) {
        if [" ", "\t", "\n", "\r", "\u{b}", "\u{c}"].contains(character) { continue }
        if character == "#" {
          while let skipped = take(), skipped != "\n" {}
          continue
        }
      }
      switch character {
      case "\\": items.append(try escaped(flags, place))
      case "[": items.append(.plain(.set(try characterClass(flags, place))))
      case ".": items.append(.plain(.set(flags.contains(.dotAll) ? .all : CodePointSet.newline.complement)))
      case "^": items.append(.assertion(.assertion(flags.contains(.multiline) ? .lineStart : .textStart)))
      case "$": items.append(.assertion(.assertion(flags.contains(.multiline) ? .lineEnd : .lastLineEnd)))
      case "*", "+", "?", "{":
        guard let (least, most) = try bounds(character, place) else {
          items.append(.plain(literal(character.value, flags)))
          continue
        }
        try repeatLast(&items, least, most, place)
      case "(":
        guard let opening = try open(flags, place, isFirst: isFirst && items.isEmpty) else {
          // A comment, or flags for the whole pattern.
          if isFirst { flags = global }
          continue
        }
        let node = try alternatives(opening, depth: depth + 1)
        guard take(")") else { throw error("a \"(\" without its \")\"", place) }
        items.append(.plain(node))
      default: items.append(.plain(literal(character.value, flags)))
      }
    }
    return items.count == 1 ? items[0].node : .sequence(items.map(\.node))
  }

  func literal(_ codePoint: UInt32, _ flags: Flags) -> PatternNode {
    .set(fold(CodePointSet(codePoint), flags))
  }

  func fold(_ set: CodePointSet, _ flags: Flags) -> CodePointSet {
    flags.contains(.ignoreCase) ? set.ignoringCase(ascii: flags.contains(.ascii)) : set
  }

  // MARK: Quantifiers

  /// The bounds of a quantifier that begins with this character; nil: a `{` that is none.
  private mutating func bounds(
    _ character: Unicode.Scalar, _ place: Int
  ) throws(PatternError) -> (least: Int, most: Int?)? {
    switch character {
    case "*": return (0, nil)
    case "+": return (1, nil)
    case "?": return (0, 1)
    default: break
    }
    let start = at
    let low = try number(place)
    var high = low
    let isRange = take(",")
    if isRange { high = try number(place) }
    guard low != nil || isRange, take("}") else {
      at = start
      return nil
    }
    if let low, let high, high < low { throw error("{m,n} with an n below m", place) }
    return (low ?? 0, high)
  }

  private mutating func number(_ place: Int) throws(PatternError) -> Int? {
    var value: Int?
    while let digit = next, ("0"..."9").contains(digit) {
      value = (value ?? 0) * 10 + Int(digit.value - 0x30)
      at += 1
      guard value.map({ $0 <= Int(UInt32.max) }) == true else {
        throw error("the number of repetitions is too large", place)
      }
    }
    return value
  }

  private mutating func repeatLast(
    _ items: inout [Item], _ least: Int, _ most: Int?, _ place: Int
  ) throws(PatternError) {
    guard let last = items.last else { throw error("there is nothing to repeat in front of this", place) }
    switch last {
    case .assertion: throw error("there is nothing to repeat in front of this", place)
    case .repeated: throw error("a quantifier behind a quantifier; put a group around what is to be repeated", place)
    case .plain(let node):
      let behind = at
      if take("+") { throw notLinear("a possessive quantifier", behind) }
      _ = take("?")
      items[items.count - 1] = .repeated(.repetition(node, least: least, most: most))
    }
  }

  // MARK: Groups

  /// Reads what follows a "(". The flags within the group; nil: there is no group.
  private mutating func open(
    _ flags: Flags, _ place: Int, isFirst: Bool
  ) throws(PatternError) -> Flags? {
    guard take("?") else { return flags }
    guard let character = take() else { throw error("the pattern ends within a \"(?\"", place) }
    switch character {
    case ":": return flags
    case "#":
      while let skipped = take() { if skipped == ")" { return nil } }
      throw error("a comment without its \")\"", place)
    case "P": return try openNamed(flags, place)
    case "=", "!": throw notLinear("look-ahead", place)
    case "<": throw notLinear("look-behind", place)
    case ">": throw notLinear("an atomic group", place)
    case "(": throw notLinear("a choice by what a group matched", place)
    case "-", "L", "i", "m", "s", "x", "a", "u":
      return try inlineFlags(character, flags, place, isFirst: isFirst)
    default: throw error("\"(?\(character)\" is not known", place)
    }
  }

  private mutating func openNamed(_ flags: Flags, _ place: Int) throws(PatternError) -> Flags {
    if take("=") { throw notLinear("a back-reference", place) }
    guard take("<") else { throw error("\"(?P\" is followed by \"<\" and a name", place) }
    var name = ""
    while let character = take() {
      guard character == ">" else {
        name.unicodeScalars.append(character)
        continue
      }
      let isFirst = { (scalar: Unicode.Scalar) in scalar == "_" || scalar.properties.isXIDStart }
      guard let first = name.unicodeScalars.first, isFirst(first),
        name.unicodeScalars.allSatisfy({ isFirst($0) || $0.properties.isXIDContinue })
      else { throw error("\(name) is no name for a group", place) }
      guard groupNames.insert(name).inserted else { throw error("there is a group \(name) already", place) }
      return flags
    }
    throw error("a group's name without its \">\"", place)
  }

  private static func flag(_ character: Unicode.Scalar) -> Flags? {
    switch character {
    case "i": .ignoreCase
    case "m": .multiline
    case "s": .dotAll
    case "x": .verbose
    case "a": .ascii
    case "u": .unicode
    default: nil
    }
  }

  /// `(?i)` at the start of the pattern, and `(?i-s:…)`. nil: the former.
  private mutating func inlineFlags(
    _ first: Unicode.Scalar, _ flags: Flags, _ place: Int, isFirst: Bool
  ) throws(PatternError) -> Flags? {
    var added: Flags = []
    var removed: Flags = []
    var isRemoving = first == "-"
    var character = isRemoving ? take() : first
    var count = 0
    while let name = character {
      if name == ")" || name == ":" || name == "-" && !isRemoving {
        guard count > 0 else { break }
        if name == "-" {
          isRemoving = true
          count = 0
          character = take()
          continue
        }
        if name == ")" {
          guard !isRemoving else { break }
          guard isFirst else { throw error("flags for the whole pattern belong to its start", place) }
          global.formUnion(added)
          return nil
        }
        if !added.isDisjoint(with: removed) { throw error("a flag is turned on and off at once", place) }
        let types: Flags = [.ascii, .unicode]
        return (added.isDisjoint(with: types) ? flags : flags.subtracting(types)).union(added).subtracting(removed)
      }
      if name == "L" { throw error("the flag L is for byte patterns", at - 1) }
      guard let flag = PatternParser.flag(name) else { throw error("unknown flag \(name)", at - 1) }
      if isRemoving {
        if flag == .ascii || flag == .unicode { throw error("the flags a and u cannot be turned off", at - 1) }
        removed.insert(flag)
      } else {
        added.insert(flag)
        if added.contains([.ascii, .unicode]) { throw error("the flags a and u contradict each other", at - 1) }
      }
      count += 1
      character = take()
    }
    throw error("flags end with \")\", or with \":\" in front of the group's content", place)
  }

  // MARK: Escapes

  private mutating func escaped(_ flags: Flags, _ place: Int) throws(PatternError) -> Item {
    guard let character = next else { throw error("the pattern ends with a backslash", place) }
    let ascii = flags.contains(.ascii)
    at += 1
    switch character {
    case "A": return .assertion(.assertion(.textStart))
    case "Z": return .assertion(.assertion(.textEnd))
    case "b": return .assertion(.assertion(ascii ? .asciiWordBoundary : .wordBoundary))
    case "B": return .assertion(.assertion(ascii ? .noASCIIWordBoundary : .noWordBoundary))
    case "0":
      return .plain(literal(digits(2, base: 8).value, flags))
    case "1"..."9":
      // Three octal digits are a character; everything else refers to a group.
      at -= 1
      let (value, count) = digits(3, base: 8)
      guard count == 3 else { throw notLinear("a back-reference", place) }
      guard value <= 0o377 else { throw error("an octal escape ends at \\377", place) }
      return .plain(literal(value, flags))
    default: break
    }
    if let category = PatternParser.category(character, ascii) { return .plain(.set(category)) }
    return .plain(literal(try escapedCharacter(character, place), flags))
  }

  static func category(_ character: Unicode.Scalar, _ ascii: Bool) -> CodePointSet? {
    switch character {
    case "d": ascii ? .asciiDigits : .digits
    case "D": (ascii ? CodePointSet.asciiDigits : .digits).complement
    case "s": ascii ? .asciiSpaces : .spaces
    case "S": (ascii ? CodePointSet.asciiSpaces : .spaces).complement
    case "w": ascii ? .asciiWords : .words
    case "W": (ascii ? CodePointSet.asciiWords : .words).complement
    default: nil
    }
  }

  /// What a backslash and this character, which has been taken, mean inside and outside of classes.
  mutating func escapedCharacter(_ character: Unicode.Scalar, _ place: Int) throws(PatternError) -> UInt32 {
    switch character {
    case "a": return 0x07
    case "f": return 0x0C
    case "n": return 0x0A
    case "r": return 0x0D
    case "t": return 0x09
    case "v": return 0x0B
    case "x": return try hexadecimal(2, place)
    case "u": return try hexadecimal(4, place)
    case "U":
      let value = try hexadecimal(8, place)
      guard value <= CodePointSet.last else { throw error("there is no such code point", place) }
      return value
    case "N": throw error("characters by name are not supported; \\u and \\U take their numbers", place)
    case "a"..."z", "A"..."Z", "0"..."9": throw error("unknown escape \\\(character)", place)
    default: return character.value
    }
  }

  private mutating func hexadecimal(_ count: Int, _ place: Int) throws(PatternError) -> UInt32 {
    let found = digits(count, base: 16)
    guard found.count == count else { throw error("an escape here has \(count) hexadecimal digits", place) }
    return found.value
  }
}
