import Pickle

extension JournalFormatter {
  /// Bytes of a field's name, at most: journald ignores a field with a longer one.
  public static let longestName = 64

  /// What stands in front of an extra's name that is taken or does not begin with a letter.
  static let prefix = Array("EXTRA".utf8)

  /// The attributes of a `LogRecord`, those that only some Pythons have or that a formatter in the
  /// sender leaves behind included: they are fields of their own, parts of others, or known to journald.
  static let attributes = KeyTable(
    [
      "name", "msg", "args", "levelname", "levelno", "pathname", "filename", "module", "exc_info", "exc_text",
      "stack_info", "lineno", "funcName", "created", "msecs", "relativeCreated", "thread", "threadName", "processName",
      "process", "taskName", "message", "asctime",
    ].map { Array($0.utf8) })

  /// Names that an extra may not have: the handler's own, and those that journald, journalctl or
  /// syslog give a meaning (systemd.journal-fields(7)). A trusted field begins with `_`, which no
  /// name of an extra does.
  static let reserved = KeyTable(
    ["MESSAGE", "MESSAGE_ID", "PRIORITY", "LOGGER", "THREAD_NAME", "PROCESS_NAME", "EXCEPTION_TEXT", "EXCEPTION_INFO"]
      .map { Array($0.utf8) })
  static let reservedBeginnings = ["SYSLOG_", "CODE_", "OBJECT_", "COREDUMP_"].map { Array($0.utf8) }

  /// The field of an extra; nil: the key is an attribute of every record.
  ///
  /// Letters become upper-case, other characters but digits `_`, each one. `_` at the start goes, since
  /// such fields are journald's own. What is left of none is `EXTRA`, and in front of a digit or a reserved
  /// name stands `EXTRA_`. Several extras may get one name: an entry can have a field several times.
  static func nameOfExtra(_ key: RawSpan) -> [UInt8]? {
    if attributes.slot(of: key) >= 0 { return nil }
    var name: [UInt8] = []
    name.reserveCapacity(longestName)
    var offset = 0
    while offset < key.byteCount, name.count < longestName {
      let byte = key[offset]
      offset += 1
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"): name.append(byte - 32)
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): name.append(byte)
      case 0x80...0xbf: continue  // The rest of a character.
      default: if !name.isEmpty { name.append(UInt8(ascii: "_")) }
      }
    }
    let isOwn =
      name.first.map { $0 < UInt8(ascii: "A") } ?? false || reserved.slot(of: name.rawBytes) >= 0
      || reservedBeginnings.contains { name.starts(with: $0) }
    if name.isEmpty { return prefix }
    return isOwn ? Array((prefix + [UInt8(ascii: "_")] + name).prefix(longestName)) : name
  }
}
