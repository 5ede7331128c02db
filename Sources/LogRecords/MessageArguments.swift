import Pickle

/// `msg % args` of `LogRecord.getMessage`, for senders that leave the arguments on the wire: a
/// handler of one's own, or another language's. Stock handlers merge before they send.
enum MessageArguments {
  /// The merged text; nil where Python raises, or where it would take the sender's code.
  static func merge(
    _ message: [UInt8], _ arguments: PickleValue, _ pickle: RawSpan, _ state: inout RenderState
  ) -> [UInt8]? {
    switch arguments.kind {
    case .tuple, .list, .dictionary:
      if state.unpickler.arena.count(arguments) == 0 { return message }
    case .bool where !arguments.asBool, .integer where arguments.bits == 0: return message
    case .string where arguments.length == 0: return message
    default: break
    }
    let takesSequence = arguments.kind != .dictionary
    var pieces = PercentPieces(message, takesSequence: takesSequence)
    var values: [PickleValue] = []
    if arguments.kind == .tuple {
      var cursor = state.unpickler.arena.cursor(arguments)
      while let value = state.unpickler.arena.next(&cursor) { values.append(value) }
    } else if arguments.kind != .dictionary {
      values = [arguments]
    }
    var text: [UInt8] = []
    var next = 0
    do {
      while let piece = try pieces.next() {
        guard try append(piece, arguments, values, &next, pickle, &state, into: &text) else { return nil }
        if text.count > RenderLimits.text { return nil }
      }
    } catch {
      return nil
    }
    return next == values.count ? text : nil
  }

  /// False where Python raises.
  private static func append(
    _ piece: FormatPiece, _ arguments: PickleValue, _ values: [PickleValue], _ next: inout Int, _ pickle: RawSpan,
    _ state: inout RenderState, into text: inout [UInt8]
  ) throws(RenderError) -> Bool {
    let field: FormatField
    switch piece {
    case .literal(let bytes):
      text.append(contentsOf: bytes)
      return true
    case .field(let piece): field = piece
    }
    let value: PickleValue
    switch field.source {
    case .name(let name):
      guard arguments.kind == .dictionary,
        let found = try state.renderer.lookup(arguments, key: name.rawBytes, state.unpickler.arena, pickle)
      else { return false }
      value = found
    case .record:
      if arguments.kind == .dictionary {
        value = arguments
      } else {
        guard next < values.count else { return false }
        value = values[next]
        next += 1
      }
    case .nothing: return false
    }
    try field.append(value, renderer: &state.renderer, arena: &state.unpickler.arena, frame: pickle, into: &text)
    return true
  }
}
