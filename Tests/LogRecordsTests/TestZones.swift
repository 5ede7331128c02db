import Foundation
import TestSupport

@testable import LogRecords

/// The zones of this machine.
enum TestZones {
  static let database = ZoneDatabase { path in
    FileManager.default.contents(atPath: path).map { [UInt8]($0) }
  }

  static let names = [
    "UTC", "Asia/Seoul", "America/New_York", "Europe/Dublin", "Australia/Lord_Howe", "Africa/Casablanca",
    "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia", "Africa/Monrovia", "America/St_Johns", "Europe/London",
    "Antarctica/Troll", "America/Nuuk", "Asia/Gaza", "Africa/El_Aaiun", "Pacific/Chatham",
  ]
}

extension SeededGenerator {
  /// Instants of all magnitudes, and near the zone's transitions and the ends of years.
  mutating func instants(_ count: Int, in rules: TimeZoneRules) -> [Int64] {
    (0..<count).map { _ in
      let near = Int64.random(in: -7300...7300, using: &self)
      switch Int.random(in: 0..<6, using: &self) {
      case 0: return Int64.random(in: -6_000_000_000...9_000_000_000, using: &self)
      case 1:
        return Int64.random(in: -70_000_000_000_000_000...70_000_000_000_000_000, using: &self)
          >> Int64.random(in: 0...40, using: &self)
      case 2, 3:
        guard let transition = rules.transitions.randomElement(using: &self), transition > -1 << 50 else { return near }
        return transition + (Bool.random(using: &self) ? near : near % 3)
      case 4:
        // A change of the rule after the table's end.
        let start = rules.interval(containing: Int64.random(in: 2_200_000_000...40_000_000_000, using: &self)).start
        return start < -1 << 50 ? near : start + (Bool.random(using: &self) ? near : near % 3)
      default:
        return Int64(Civil.day(ofYear: Int.random(in: 1850...2500, using: &self))) * 86400 + near * 13
      }
    }
  }
}
