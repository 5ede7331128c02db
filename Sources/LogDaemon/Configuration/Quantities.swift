/// The spellings of sizes, durations, rates, permissions and clock times in a configuration.
///
/// Each function takes a setting's text and returns nil when it is none of its kind, or too big.
enum Quantities {
  static let sizeUnits: [(name: String, bytes: Int)] = [
    ("B", 1), ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
  ]

  static let durationUnits: [(name: String, milliseconds: Int)] = [
    ("ms", 1), ("s", 1_000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000),
  ]

  /// A hundred years: no timer is set for longer, and no arithmetic on it can overflow.
  static let maximumDuration = Duration.seconds(36_525 * 86_400)

  /// "100MiB", "64 kB". MB is 10⁶ and MiB is 2²⁰ bytes.
  static func size(_ text: String) -> Int? {
    guard let (number, unit) = numberAndUnit(text), let unit = sizeUnits.first(where: { $0.name == unit }) else {
      return nil
    }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit.bytes)
    return overflow ? nil : bytes
  }

  /// "500ms", "10s", "2min", "1h", "7d".
  static func duration(_ text: String) -> Duration? {
    guard let (number, unit) = numberAndUnit(text), let unit = durationUnits.first(where: { $0.name == unit }) else {
      return nil
    }
    let (milliseconds, overflow) = number.multipliedReportingOverflow(by: unit.milliseconds)
    return overflow ? nil : bounded(.milliseconds(milliseconds))
  }

  static func duration(seconds: Int) -> Duration? { seconds < 0 ? nil : bounded(.seconds(seconds)) }

  /// "100/s", "5000/h".
  static func rate(_ text: String) -> Configuration.Rate? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let records = digits(parts[0]), records > 0,
      let unit = durationUnits.first(where: { $0.name == parts[1] })
    else { return nil }
    return Configuration.Rate(records: records, per: .milliseconds(unit.milliseconds))
  }

  /// "0640" or "640": permission bits in octal.
  static func permissions(_ text: String) -> UInt32? {
    guard (3...4).contains(text.utf8.count), digits(text[...]) != nil, let bits = UInt32(text, radix: 8),
      bits <= 0o777
    else { return nil }
    return bits
  }

  /// "HH:MM" or "HH:MM:SS" as seconds since midnight.
  static func clockTime(_ text: String) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3, parts.allSatisfy({ $0.utf8.count == 2 }) else { return nil }
    let numbers = parts.compactMap(digits)
    guard numbers.count == parts.count, numbers[0] < 24, numbers.dropFirst().allSatisfy({ $0 < 60 }) else {
      return nil
    }
    return numbers[0] * 3600 + numbers[1] * 60 + (numbers.count == 3 ? numbers[2] : 0)
  }

  /// A decimal number of ASCII digits alone: no sign, no space.
  static func digits(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      return nil
    }
    return Int(text)
  }

  private static func bounded(_ duration: Duration) -> Duration? { duration <= maximumDuration ? duration : nil }

  /// A number, at most one space, a unit.
  private static func numberAndUnit(_ text: String) -> (Int, Substring)? {
    let number = text.prefix { $0.isASCII && $0.isNumber }
    var unit = text.dropFirst(number.count)
    if unit.first == " " { unit = unit.dropFirst() }
    return digits(number).map { ($0, unit) }
  }
}
