/// Why the bytes are no usable TZif file.
public enum TimeZoneFileError: Error, Equatable, Sendable {
  /// The file does not begin as a TZif file.
  case notTZif
  case truncated
  /// Over `TimeZoneFileLimits`.
  case tooBig
  /// An index, order or number that RFC 9636 forbids.
  case malformed
  /// A file that counts leap seconds ("right/…"): its seconds are not POSIX's.
  case leapSeconds
}

public enum TimeZoneFileLimits {
  /// Bytes of a file; the largest of the tz database have less than 4 KiB.
  public static let bytes = 1 << 20
}

extension TimeZoneRules {
  /// Reads a TZif file, RFC 9636 (versions 1 to 4): of later versions the 64-bit data and the footer.
  public init(tzif bytes: [UInt8]) throws(TimeZoneFileError) {
    guard bytes.count <= TimeZoneFileLimits.bytes else { throw .tooBig }
    var reader = TimeZoneFileReader(bytes)
    var header = try reader.header()
    var width = 4
    if header.version >= UInt8(ascii: "2") {
      try reader.skip(header.dataLength(timeWidth: 4))
      header = try reader.header()
      width = 8
    }
    let data = try reader.data(header, timeWidth: width)
    let footer = width == 8 ? try reader.footer() : []
    self.init(
      transitions: data.transitions, typeIndexes: data.typeIndexes, types: data.types,
      rule: footer.isEmpty ? nil : PosixTimeZone(strict: footer))
  }
}

/// A forward reader of TZif's big-endian numbers: every read checks that the bytes are there.
private struct TimeZoneFileReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The counts of a data block. They fit 32 bits each, so that no sum of their products overflows an `Int`.
  struct Header {
    var version: UInt8
    var utcIndicators, standardIndicators, leapSeconds, transitions, types, abbreviationBytes: Int

    func dataLength(timeWidth: Int) -> Int {
      transitions * (timeWidth + 1) + types * 6 + abbreviationBytes + leapSeconds * (timeWidth + 4)
        + standardIndicators + utcIndicators
    }
  }

  mutating func skip(_ count: Int) throws(TimeZoneFileError) {
    guard count <= bytes.count - position else { throw .truncated }
    position += count
  }

  mutating func header() throws(TimeZoneFileError) -> Header {
    guard bytes.count - position >= 5 else { throw .truncated }
    guard bytes[position..<position + 4].elementsEqual("TZif".utf8) else { throw .notTZif }
    let version = bytes[position + 4]
    try skip(20)
    return Header(
      version: version, utcIndicators: Int(try integer(4)), standardIndicators: Int(try integer(4)),
      leapSeconds: Int(try integer(4)), transitions: Int(try integer(4)), types: Int(try integer(4)),
      abbreviationBytes: Int(try integer(4)))
  }

  /// An unsigned number of `width` bytes.
  private mutating func integer(_ width: Int) throws(TimeZoneFileError) -> UInt64 {
    guard bytes.count - position >= width else { throw .truncated }
    var value: UInt64 = 0
    for _ in 0..<width {
      value = value << 8 | UInt64(bytes[position])
      position += 1
    }
    return value
  }

  private mutating func signed(_ width: Int) throws(TimeZoneFileError) -> Int64 {
    let value = try integer(width)
    return width == 8 ? Int64(bitPattern: value) : Int64(Int32(truncatingIfNeeded: value))
  }

  /// A data block. Nothing is allocated before the block is known to lie within the file.
  mutating func data(
    _ header: Header, timeWidth: Int
  ) throws(TimeZoneFileError) -> (transitions: [Int64], typeIndexes: [UInt8], types: [LocalTimeType]) {
    let end = position + header.dataLength(timeWidth: timeWidth)
    guard end <= bytes.count else { throw .truncated }
    guard header.leapSeconds == 0 else { throw .leapSeconds }
    guard header.types >= 1, header.types <= 256 else { throw .malformed }

    var transitions: [Int64] = []
    transitions.reserveCapacity(header.transitions)
    for _ in 0..<header.transitions {
      let instant = try signed(timeWidth)
      if let last = transitions.last, last >= instant { throw .malformed }
      transitions.append(instant)
    }
    let typeIndexes = Array(bytes[position..<position + header.transitions])
    guard typeIndexes.allSatisfy({ Int($0) < header.types }) else { throw .malformed }
    position += header.transitions

    let names = position + header.types * 6
    let namesEnd = names + header.abbreviationBytes
    var types: [LocalTimeType] = []
    for _ in 0..<header.types {
      let offset = Int(try signed(4))
      let isDST = try integer(1)
      let start = names + Int(try integer(1))
      guard abs(offset) <= TimeZoneRules.largestOffset, isDST <= 1, start < namesEnd,
        let stop = bytes[start..<namesEnd].firstIndex(of: 0)
      else { throw .malformed }
      types.append(LocalTimeType(utcOffset: offset, isDST: isDST == 1, abbreviation: Array(bytes[start..<stop])))
    }
    position = end
    return (transitions, typeIndexes, types)
  }

  /// The POSIX TZ string between two line feeds; empty if there is none.
  mutating func footer() throws(TimeZoneFileError) -> [UInt8] {
    guard position < bytes.count else { return [] }
    guard bytes[position] == UInt8(ascii: "\n"),
      let end = bytes[(position + 1)...].firstIndex(of: UInt8(ascii: "\n"))
    else { throw .malformed }
    return Array(bytes[position + 1..<end])
  }
}
