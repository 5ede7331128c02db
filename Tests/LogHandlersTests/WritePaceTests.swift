import Testing

@testable import LogHandlers

@Suite struct WritePaceTests {
  /// What a writer pauses after so many milliseconds, each of which brings so many records.
  private func pauses(_ perMillisecond: [UInt64]) -> [UInt32] {
    var pace = WritePace()
    var published: UInt64 = 5_000
    // The first look is at a handler that has had records before.
    _ = pace.pause(7_000_000_000, published)
    return perMillisecond.enumerated().map { number, records in
      published += records
      return pace.pause(7_001_000_000 + 1_000_000 * UInt64(number), published)
    }
  }

  @Test func fewAreWaitedForLonger() {
    #expect(Set(pauses(Array(repeating: 5, count: 100))) == [WritePace.fewMicroseconds])
    #expect(Set(pauses(Array(repeating: 0, count: 100))) == [WritePace.fewMicroseconds])
  }

  @Test func manyAreNot() {
    #expect(pauses(Array(repeating: 20, count: 100)).dropFirst(15).allSatisfy { $0 == WritePace.microseconds })
    // Nor when they come by fits and starts.
    let uneven: [UInt64] = (0..<100).map { $0 % 4 == 0 ? 80 : 0 }
    #expect(pauses(uneven).dropFirst(15).allSatisfy { $0 == WritePace.microseconds })
  }

  @Test func aFloodThatEndsIsForgotten() {
    let pauses = pauses(Array(repeating: 500, count: 50) + Array(repeating: 1, count: 50))
    #expect(pauses[49] == WritePace.microseconds && pauses[99] == WritePace.fewMicroseconds)
  }
}
