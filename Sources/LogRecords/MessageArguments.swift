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
    guard let pieces = try? PercentFormat.pieces(message, validate: false, takesSequence: takesSequence) else {
      return nil
    }
    var values: [PickleValue] = []
    if arguments.kind == .tuple {
      var cursor = state.unpickler.arena.cursor(arguments)
      while let value = state.unpickler.arena.next(&cursor) { values.append(value) }
    } else if arguments.kind != .dictionary {
      values = [arguments]
    }
    var text: [UInt8] = []
    var next = 0
    for piece in pieces {
      guard case .field(let field) = piece else {
        if case .literal(let bytes) = piece { text.append(contentsOf: bytes) }
        continue
      }
      let value: PickleValue
      switch field.source {
      case .name(let name):
        guard arguments.kind == .dictionary,
          let found = try? state.renderer.lookup(arguments, key: name.rawBytes, state.unpickler.arena, pickle)
        else { return nil }
        value = found
      case .record:
        if arguments.kind == .dictionary {
          value = arguments
        } else {
          guard next < values.count else { return nil }
          value = values[next]
          next += 1
        }
      case .nothing: return nil
      }
      do throws(RenderError) {
        try field.append(
          value, renderer: &state.renderer, arena: &state.unpickler.arena, frame: pickle, into: &text)
      } catch {
        return nil
      }
      if text.count > RenderLimits.text { return nil }
    }
    return next == values.count ? text : nil
  }
}
