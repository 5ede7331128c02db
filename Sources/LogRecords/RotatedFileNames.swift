/// The names of a timed handler's rotated files: the file's name, a point, the time as digits ("app.log.2024-05-29").
///
/// Where the name of a rotated file is taken already (an hour that the clocks repeat, a clock set back), Python stops
/// rotating. Here the file gets a number behind the time: "app.log.2024-10-27_02.001", then ".002", and so on; over
/// 999 they have more digits. Such files count as backups too, in the order in which they were made.
public struct RotatedFileNames: Sendable {
  let suffix: CompiledStrftime
  /// The shape of a suffix that Python's `extMatch` matches: `0` stands for any digit.
  private let shape: [UInt8]

  /// Digits of the number behind a name that is taken, at least.
  private static let numberDigits = 3
  /// Numbers that are tried at most.
  public static let mostNumbers = 100_000

  init(_ when: RolloverSchedule.When) {
    let suffix: StaticString
    switch when {
    case .seconds: (suffix, shape) = ("%Y-%m-%d_%H-%M-%S", Array("0000-00-00_00-00-00".utf8))
    case .minutes: (suffix, shape) = ("%Y-%m-%d_%H-%M", Array("0000-00-00_00-00".utf8))
    case .hours: (suffix, shape) = ("%Y-%m-%d_%H", Array("0000-00-00_00".utf8))
    case .days, .midnight, .weekday: (suffix, shape) = ("%Y-%m-%d", Array("0000-00-00".utf8))
    }
    self.suffix = CompiledStrftime(trusted: suffix)
  }

  /// `name` itself, or the first of its numbered alternatives that does not exist; nil when there is none.
  public func freeName(for name: [UInt8], exists: ([UInt8]) -> Bool) -> [UInt8]? {
    if !exists(name) { return name }
    for number in 1..<Self.mostNumbers {
      var candidate = name + [UInt8(ascii: ".")]
      StrftimeNumber.append(number, digits: Self.numberDigits, width: 0, pad: 0, into: &candidate)
      if !exists(candidate) { return candidate }
    }
    return nil
  }

  /// Where a rotated file stands among its like: its time, and its number behind that.
  public struct Order: Sendable, Comparable {
    let time: [UInt8]
    let number: Int

    public static func < (a: Order, b: Order) -> Bool {
      a.time == b.time ? a.number < b.number : a.time.lexicographicallyPrecedes(b.time)
    }
  }

  /// The order of the rotated file `name` of `baseName`; nil for anything else.
  public func order(of name: [UInt8], baseName: [UInt8]) -> Order? {
    guard name.count > baseName.count, name.starts(with: baseName), name[baseName.count] == UInt8(ascii: ".") else {
      return nil
    }
    return order(ofSuffix: name[(baseName.count + 1)...])
  }

  /// `getFilesToDelete`: of the names in the directory the oldest backups of `baseName`, of which `backupCount` stay.
  /// Zero (or less) keeps all, as Python does not ask then.
  /// - Parameter extensions: what else backups may end in (".gz"); Python knows none. A backup whose compressed copy
  ///   stands beside it is one backup.
  public func filesToDelete(
    among names: [[UInt8]], baseName: [UInt8], backupCount: Int, extensions: [[UInt8]] = []
  ) -> [[UInt8]] {
    guard backupCount > 0 else { return [] }
    var backups: [(name: [UInt8], order: Order)] = []
    for name in names {
      let ending = extensions.first { !$0.isEmpty && name.count > $0.count && name.suffix($0.count).elementsEqual($0) }
      if let order = order(of: Array(name.dropLast(ending?.count ?? 0)), baseName: baseName) {
        backups.append((name, order))
      }
    }
    backups.sort { $0.order == $1.order ? $0.name.lexicographicallyPrecedes($1.name) : $0.order < $1.order }
    var kept = 0
    var oldestKept: Order?
    for backup in backups.reversed() where backup.order != oldestKept {
      if kept == backupCount { break }
      kept += 1
      oldestKept = backup.order
    }
    guard let oldestKept else { return [] }
    return backups.filter { $0.order < oldestKept }.map(\.name)
  }

  private func order(ofSuffix suffix: ArraySlice<UInt8>) -> Order? {
    let time = suffix.prefix(shape.count)
    let matches = time.elementsEqual(shape) { byte, expected in
      expected == UInt8(ascii: "0") ? Self.isDigit(byte) : byte == expected
    }
    guard matches else { return nil }
    let rest = suffix.dropFirst(shape.count)
    if rest.isEmpty { return Order(time: Array(time), number: 0) }
    guard rest.first == UInt8(ascii: "."), rest.count > Self.numberDigits, rest.dropFirst().allSatisfy(Self.isDigit),
      let number = Int(String(decoding: rest.dropFirst(), as: UTF8.self)), number > 0
    else { return nil }
    return Order(time: Array(time), number: number)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}
