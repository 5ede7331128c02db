import Foundation

/// Random numbers (splitmix64) whose seed is printed, so that a failure can be had again: `ONGGI_SEED` sets it.
public struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  public init(_ test: String) {
    state = SeededGenerator.seed(test)
  }

  /// A seed, printed, for a generator that is not this one. It has 32 bits.
  public static func seed(_ test: String) -> UInt64 {
    let given = ProcessInfo.processInfo.environment["ONGGI_SEED"].flatMap { UInt64($0) }
    let seed = given ?? .random(in: 0..<1 << 32)
    print("\(test): ONGGI_SEED=\(seed)")
    return seed
  }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  public mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}
