public import Pickle

/// `systemd.journal.JournalHandler`: a record as an entry of the journal's native protocol
/// (systemd.io/JOURNAL_NATIVE_PROTOCOL), which is one datagram.
///
/// The fields have python-systemd's names. What that package cannot send, it loses with the whole
/// record: an extra named like one of its own fields. Here such an extra gets another name, so that
/// a sender can neither override a field nor lose a value.
public struct JournalFormatter: Sendable {
  /// Extras of one record that become fields. journald ignores an entry of more than 1024 fields
  /// (ENTRY_FIELD_COUNT_MAX), and some are its own.
  public static let mostExtras = 900

  private static let message = Array("MESSAGE".utf8)
  private static let newline = UInt8(ascii: "\n")

  /// By priority: what is the same in every entry that has it.
  private let constant: [[UInt8]]
  private let fields: [Field]

  private struct Field: Sendable {
    let name: [UInt8]
    let slot: Int

    init(_ name: String, _ slot: Int) {
      self.name = Array(name.utf8)
      self.slot = slot
    }
  }

  /// - Parameters:
  ///   - identifier: the text of `SYSLOG_IDENTIFIER`
  ///   - fields: gets the slots that this formatter reads
  public init(identifier: [UInt8], fields recordFields: inout RecordFields) {
    func slot(_ name: String) -> Int { recordFields.slot(Array(name.utf8)) }
    constant = (0...7).map { priority in
      Array("PRIORITY=\(priority)\nSYSLOG_IDENTIFIER\n".utf8) + JournalFormatter.size(identifier.count) + identifier + [
        JournalFormatter.newline
      ]
    }
    fields = [
      Field("LOGGER", RecordFields.Slot.name),
      Field("THREAD_NAME", slot("threadName")),
      Field("PROCESS_NAME", slot("processName")),
      Field("CODE_FILE", slot("pathname")),
      Field("CODE_LINE", slot("lineno")),
      Field("CODE_FUNC", slot("funcName")),
      Field("CODE_ARGS", RecordFields.Slot.arguments),
      Field("EXCEPTION_TEXT", RecordFields.Slot.exceptionText),
    ]
  }

  /// An entry of the daemon's own.
  public static func entry(priority: Int, identifier: String, message: String) -> [UInt8] {
    var text = Array(message.utf8)
    if let first = JournalText.firstUnprintable(text.rawBytes, from: 0) {
      text = JournalText.escape(text.rawBytes, from: first)
    }
    return Array("PRIORITY=\(priority)\nSYSLOG_IDENTIFIER=\(identifier)\nMESSAGE\n".utf8) + size(text.count) + text + [
      JournalFormatter.newline
    ]
  }

  /// A size as it stands in an entry.
  private static func size(_ size: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) } }

  /// `JournalHandler.map_priority`: syslog(3)'s number for a level.
  static func priority(of level: Int) -> Int {
    switch level {
    case ...10: 7
    case ...20: 6
    case ...30: 4
    case ...40: 3
    case ...50: 2
    default: 1
    }
  }

  /// Appends a record's entry. False: it does not fit, and the buffer holds a part.
  ///
  /// - Parameters:
  ///   - dictionary: the whole record, if somebody has it
  ///   - level: the record's
  ///   - formatter: makes the text of `MESSAGE`
  public func append(
    _ record: RecordValues, _ dictionary: PickleValue?, _ pickle: RawSpan, level: Int,
    message formatter: inout LogFormatter, _ state: inout RenderState, into entry: inout LineBuffer
  ) -> Bool {
    let constant = constant[JournalFormatter.priority(of: level)]
    guard appendMessage(record, pickle, &formatter, &state, into: &entry), entry.append(constant.rawBytes)
    else {
      return false
    }
    for field in fields {
      guard let value = record[field.slot], !isEmpty(value, state.unpickler.arena) else { continue }
      guard appendField(field.name, value, pickle, &state, into: &entry) else { return false }
    }
    return appendExtras(dictionary, pickle, &state, into: &entry)
  }

  /// Whether a field of ours is left out: python-systemd's `if record.exc_text` and the like, and
  /// what would be the text `None`.
  private func isEmpty(_ value: PickleValue, _ arena: borrowing PickleArena) -> Bool {
    switch value.kind {
    case .none: true
    case .string, .string2: value.length == 0
    case .tuple, .list, .dictionary: arena.count(value) == 0
    default: false
    }
  }

  private func appendMessage(
    _ record: RecordValues, _ pickle: RawSpan,
    _ formatter: inout LogFormatter, _ state: inout RenderState, into entry: inout LineBuffer
  ) -> Bool {
    guard entry.append(JournalFormatter.message.rawBytes), let size = entry.beginSized() else { return false }
    let start = entry.count
    guard formatter.append(record, pickle, &state, into: &entry), entry.escapeUnprintable(from: start) else {
      return false
    }
    // The line's newline ends the field.
    entry.endSized(size, at: entry.count - 1)
    return true
  }

  // MARK: Extras

  /// Appends everything of the record that is no attribute of a `LogRecord`: what the sender gave
  /// as `extra`.
  private func appendExtras(
    _ dictionary: PickleValue?, _ pickle: RawSpan, _ state: inout RenderState, into entry: inout LineBuffer
  ) -> Bool {
    if let dictionary { return appendExtras(of: dictionary, pickle, &state, into: &entry) }
    // Not into the arena that values of another record may stand in: a filter's summary is written in
    // front of the record that called for it.
    swap(&state.unpickler, &state.extras)
    defer { swap(&state.unpickler, &state.extras) }
    guard let dictionary = try? state.unpickler.load(pickle), dictionary.kind == .dictionary else {
      state.unshown += 1
      return true
    }
    return appendExtras(of: dictionary, pickle, &state, into: &entry)
  }

  private func appendExtras(
    of dictionary: PickleValue, _ pickle: RawSpan, _ state: inout RenderState, into entry: inout LineBuffer
  ) -> Bool {
    var count = 0
    var cursor = state.unpickler.arena.cursor(dictionary)
    while let key = state.unpickler.arena.next(&cursor), let value = state.unpickler.arena.next(&cursor) {
      guard key.kind == .string || key.kind == .string2 else { continue }
      let name: [UInt8]? = JournalFormatter.nameOfExtra(state.unpickler.arena.bytes(key, pickle))
      guard let name else { continue }
      guard count < JournalFormatter.mostExtras else {
        state.unshown += 1
        break
      }
      count += 1
      guard appendField(name, value, pickle, &state, into: &entry) else { return false }
    }
    return true
  }

  // MARK: Fields

  /// Appends a field; in place of a value without a text, the field's reference.
  private func appendField(
    _ name: [UInt8], _ value: PickleValue, _ pickle: RawSpan, _ state: inout RenderState, into entry: inout LineBuffer
  ) -> Bool {
    guard entry.append(name.rawBytes), let size = entry.beginSized(),
      appendValue(value, name, pickle, &state, into: &entry), entry.append(JournalFormatter.newline)
    else { return false }
    entry.endSized(size, at: entry.count - 1)
    return true
  }

  private func appendValue(
    _ value: PickleValue, _ name: [UInt8], _ pickle: RawSpan, _ state: inout RenderState, into entry: inout LineBuffer
  ) -> Bool {
    switch value.kind {
    case .string:
      let bytes = state.unpickler.arena.bytes(value, pickle)
      return entry.appendText(bytes, 0, bytes.byteCount, .backslashreplace)
    case .bytes:
      // As python-systemd sends them: as they are.
      return entry.append(state.unpickler.arena.bytes(value, pickle))
    default: break
    }
    var text: [UInt8] = []
    swap(&text, &state.field)
    text.removeAll(keepingCapacity: true)
    do throws(RenderError) {
      try state.renderer.str(value, state.unpickler.arena, pickle, into: &text)
    } catch {
      state.unshown += 1
      text = Array("%(".utf8) + name + Array(")s".utf8)
    }
    let done = entry.appendText(text.rawBytes, 0, text.count, .backslashreplace)
    text.trimText()
    swap(&text, &state.field)
    return done
  }
}

extension LineBuffer {
  /// Begins the value of a field whose name stands in front, in the form that may hold any bytes: a
  /// newline and the value's size. Returns where the size is to be written; nil: it does not fit.
  mutating func beginSized() -> Int? {
    guard append(UInt8(ascii: "\n")), room >= 8 else { return nil }
    count += 8
    return count - 8
  }

  /// Notes the size of a value that ends in front of `end`.
  mutating func endSized(_ size: Int, at end: Int) { bytes.store64(UInt64(end - size - 8), size) }
}
