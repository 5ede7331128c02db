/// What filters have kept back and not yet told about: counts, by what they belong together by.
struct SuppressedRecords: Sendable {
  /// Keys at once. Records for which there is none more are told about together.
  static let most = 1024

  struct Group: Sendable {
    /// The one record that tells about them all, but for its message.
    var summary: RecordSummary
    var count: UInt64
    /// When it is to be told about.
    var due: UInt64
    /// Whether these are repetitions of one text.
    var isRepetition: Bool
    /// Groups that are due at once are told about in the order in which they came.
    fileprivate var number: UInt64 = 0

    init(summary: RecordSummary, count: UInt64, due: UInt64, isRepetition: Bool) {
      self.summary = summary
      self.count = count
      self.due = due
      self.isRepetition = isRepetition
    }
  }

  private var groups: [UInt64: Group] = [:]
  private var added: UInt64 = 0
  /// When something is due next, or earlier.
  private(set) var nextDeadline = UInt64.max

  var isFull: Bool { groups.count >= SuppressedRecords.most }

  /// Counts one more of a group; false when there is no such group.
  mutating func count(_ key: UInt64) -> Bool {
    guard let index = groups.index(forKey: key) else { return false }
    groups.values[index].count += 1
    return true
  }

  /// The level of a group, if there is one.
  func level(_ key: UInt64) -> Int? { groups[key]?.summary.level }

  mutating func raise(_ key: UInt64, level: Int, name: [UInt8]) {
    groups[key]?.summary.level = level
    groups[key]?.summary.levelName = name
  }

  mutating func add(_ key: UInt64, _ group: Group) {
    groups[key] = group
    groups[key]?.number = added
    added += 1
    nextDeadline = min(nextDeadline, group.due)
  }

  mutating func remove(_ key: UInt64) -> Group? { groups.removeValue(forKey: key) }

  /// Removes all groups that are due.
  mutating func removeDue(_ now: UInt64) -> [(key: UInt64, group: Group)] {
    guard nextDeadline <= now else { return [] }
    let due = groups.filter { $0.value.due <= now }.sorted {
      ($0.value.due, $0.value.number) < ($1.value.due, $1.value.number)
    }
    for (key, _) in due { groups.removeValue(forKey: key) }
    nextDeadline = groups.values.lazy.map(\.due).min() ?? UInt64.max
    return due.map { ($0.key, $0.value) }
  }
}
