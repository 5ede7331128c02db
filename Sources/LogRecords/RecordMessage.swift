public import Pickle

/// `LogRecord.getMessage()`.
public enum RecordMessage {
  /// Whether `record.args` is false in Python's sense, as it is in everything that a stock handler
  /// sends: the message is complete then.
  @inline(__always)
  static func isMerged(_ record: RecordValues) -> Bool {
    guard let arguments = record[RecordFields.Slot.arguments] else { return true }
    return arguments.kind == .none
  }

  /// Where in the pickle the message stands as it is, if that is so.
  @inline(__always)
  public static func place(in record: RecordValues) -> Range<Int>? {
    guard let message = record[RecordFields.Slot.message], message.kind == .string, !message.inScratch,
      isMerged(record)
    else { return nil }
    return message.offset..<message.offset + Int(message.length)
  }

  /// Appends `str(msg)`, with `% args` if there are any.
  public static func append(
    _ record: RecordValues, _ pickle: RawSpan, _ state: inout RenderState, into text: inout [UInt8]
  ) {
    guard let message = record[RecordFields.Slot.message] else { return }
    do throws(RenderError) {
      try state.renderer.str(message, state.unpickler.arena, pickle, into: &text)
    } catch {
      state.unshown += 1
      text.append(contentsOf: "%(message)s".utf8)
      return
    }
    guard let arguments = record[RecordFields.Slot.arguments], arguments.kind != .none else { return }
    guard let merged = MessageArguments.merge(text, arguments, pickle, &state) else {
      // Python raises and loses the record; the text without its arguments is what there is.
      state.unshown += 1
      return
    }
    text = merged
  }
}
