/// Which connections are to be closed when: those that stay silent, and those that leave a frame
/// unfinished, one byte at a time or not at all.
///
/// Times are nanoseconds of a clock that does not go back and that stands still while the queue does
/// not read. All that a record costs is a comparison; the connections are only gone through when the
/// earliest of them may be due.
public struct ConnectionTimeouts: Sendable {
  /// Nanoseconds; `UInt64.max`: without end.
  public struct Limits: Sendable, BitwiseCopyable {
    public var idle: UInt64
    public var frame: UInt64

    public init(idle: UInt64 = .max, frame: UInt64 = .max) {
      self.idle = idle
      self.frame = frame
    }

    public static let none = Limits()
    var isNone: Bool { idle == .max && frame == .max }
  }

  /// How far apart the moments are at which connections are gone through. A timeout may be late by it.
  static let grain: UInt64 = 100_000_000

  private struct Deadlines: BitwiseCopyable {
    var idle = UInt64.max
    var frame = UInt64.max
    var first: UInt64 { min(idle, frame) }
  }

  /// By slot, as far as slots were ever used.
  private var deadlines: [Deadlines] = []
  /// Slots with a deadline.
  private var count = 0
  /// No deadline is earlier.
  private var earliest = UInt64.max

  /// When `due` may have something; `UInt64.max`: nothing can expire.
  var next: UInt64 { count == 0 ? .max : earliest }

  /// Notes that something came, or that the connection is new.
  ///
  /// - Parameters:
  ///   - isPartial: whether a frame is unfinished now
  ///   - isNewFrame: whether that frame began with what came
  mutating func received(_ slot: Int, _ limits: Limits, isPartial: Bool, isNewFrame: Bool, now: UInt64) {
    var after = slot < deadlines.count ? deadlines[slot] : Deadlines()
    after.idle = now.clampedSum(limits.idle)
    if !isPartial {
      after.frame = .max
    } else if isNewFrame || after.frame == .max {
      after.frame = now.clampedSum(limits.frame)
    }
    set(slot, after)
  }

  mutating func closed(_ slot: Int) { set(slot, Deadlines()) }

  private mutating func set(_ slot: Int, _ after: Deadlines) {
    while deadlines.count <= slot { deadlines.append(Deadlines()) }
    count += (after.first == .max ? 0 : 1) - (deadlines[slot].first == .max ? 0 : 1)
    deadlines[slot] = after
    earliest = min(earliest, after.first)
  }

  /// Why a connection is to be closed.
  enum Expiry: Sendable, Equatable { case idle, frame }

  func expiry(_ slot: Int, now: UInt64) -> Expiry? {
    guard slot < deadlines.count else { return nil }
    if deadlines[slot].frame <= now { return .frame }
    return deadlines[slot].idle <= now ? .idle : nil
  }

  /// The slots that are due, and when to look again.
  mutating func due(_ now: UInt64) -> [Int] {
    guard next <= now else { return [] }
    var due: [Int] = []
    var later = UInt64.max
    for slot in deadlines.indices {
      let first = deadlines[slot].first
      if first <= now { due.append(slot) } else { later = min(later, first) }
    }
    // Those that are due go now; whoever is not closed after all sets another deadline.
    earliest = later == .max ? .max : max(later, now.clampedSum(ConnectionTimeouts.grain))
    return due
  }
}

extension UInt64 {
  /// The sum, or `max`.
  func clampedSum(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
