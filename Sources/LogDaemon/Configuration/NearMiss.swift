/// Guesses what somebody meant who misspelled a name.
enum NearMiss {
  /// The candidate nearest to `word`, or nil when none is near.
  ///
  /// Near are: the same letters but for case, `_` and `-` (`max_bytes` for `maxBytes`); as few edits
  /// as a slip of the fingers makes, one for every three letters; an abbreviation (`fmt` for `format`).
  static func best(for word: String, among candidates: [String]) -> String? {
    let folded = fold(word)
    guard !folded.isEmpty, folded.count <= maximumLength, candidates.count <= maximumCandidates else { return nil }
    let allowed = min(3, folded.count / 3)
    var best: (candidate: String, distance: Int)?
    for candidate in candidates where candidate != word {
      let other = fold(candidate)
      guard !other.isEmpty, abs(other.count - folded.count) <= allowed else { continue }
      let distance = distance(folded, other)
      guard distance <= allowed else { continue }
      // Of two that are as near, the first in the alphabet: sets have no order.
      if best.map({ (distance, candidate) < ($0.distance, $0.candidate) }) ?? true { best = (candidate, distance) }
    }
    return best?.candidate ?? candidates.filter { isAbbreviation(folded, of: fold($0)) }.min()
  }

  /// `; did you mean "INFO"?`, or nothing.
  static func question(_ word: String, among candidates: [String]) -> String {
    best(for: word, among: candidates).map { "; did you mean \(quoted($0))?" } ?? ""
  }

  /// Longer words are no slip of the fingers; the bound keeps the table of distances small.
  private static let maximumLength = 64

  /// A file with more handlers than this is no work of fingers either.
  private static let maximumCandidates = 1_000

  private static func fold(_ word: String) -> [Unicode.Scalar] {
    word.lowercased().unicodeScalars.filter { $0 != "_" && $0 != "-" }
  }

  private static func isAbbreviation(_ short: [Unicode.Scalar], of long: [Unicode.Scalar]) -> Bool {
    guard short.count >= 2, short.count < long.count, short.first == long.first else { return false }
    if long.starts(with: short) { return true }
    guard short.count >= 3 else { return false }
    var rest = short[...]
    for scalar in long where scalar == rest.first { rest.removeFirst() }
    return rest.isEmpty
  }

  /// Insertions, deletions, replacements and exchanges of neighbours (optimal string alignment).
  static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...right.count)
    for i in 0..<left.count {
      var current = [i + 1]
      for j in 0..<right.count {
        var cost = min(previous[j] + (left[i] == right[j] ? 0 : 1), previous[j + 1] + 1, current[j] + 1)
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
          cost = min(cost, beforePrevious[j - 1] + 1)
        }
        current.append(cost)
      }
      (beforePrevious, previous) = (previous, current)
    }
    return previous[right.count]
  }
}
