/// A place in a configuration file. Lines and columns count from 1, columns in code points.
public struct TOMLPosition: Sendable, Equatable, Comparable {
  public var line: Int
  public var column: Int

  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// Where messages about something that the file lacks point to.
  public static let start = TOMLPosition(line: 1, column: 1)

  public static func < (left: TOMLPosition, right: TOMLPosition) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// A value of a TOML file and where it stands.
public struct TOMLValue: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    case string(String)
    case integer(Int)
    case float(Double)
    case boolean(Bool)
    /// A local time: the whole seconds since midnight. A fraction of a second is not kept.
    case time(Int)
    /// No setting is a date, so which one it was is not kept.
    case date
    case dateTime
    case array([TOMLValue])
    case table(TOMLTable)
  }

  public var kind: Kind
  public var position: TOMLPosition

  public init(_ kind: Kind, at position: TOMLPosition) {
    self.kind = kind
    self.position = position
  }

  /// With its article, for messages: "must be a string, not an integer".
  var kindDescription: String {
    switch kind {
    case .string: "a string"
    case .integer: "an integer"
    case .float: "a float"
    case .boolean: "a boolean"
    case .time: "a time"
    case .date: "a date"
    case .dateTime: "a date and time"
    case .array: "an array"
    case .table: "a table"
    }
  }
}

/// A table of a TOML file, in the order of the source.
public struct TOMLTable: Sendable, Equatable {
  public struct Entry: Sendable, Equatable {
    public var key: String
    public var keyPosition: TOMLPosition
    public var value: TOMLValue
  }

  public var entries: [Entry] = []

  public init() {}

  public subscript(_ key: String) -> Entry? { entries.first { $0.key == key } }

  /// A key as it has to be spelled in a file: quoted unless it is a bare key.
  static func spelling(_ key: String) -> String {
    let isBare = key.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    return isBare && !key.isEmpty ? key : quoted(key)
  }
}

/// Text in double quotes, with the escapes of TOML for what would tear or blur a one-line message.
func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    default:
      if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
  }
  return result + "\""
}
