public import Pickle

/// `logging.Formatter`: a record as the text of its line.
///
/// A format is compiled once. What formats usually show (text as it came, the time, whole numbers)
/// goes from the frame to the line without anything in between; every other field is rendered by
/// `FormatField`, into scratch memory first.
public struct LogFormatter: Sendable {
  /// One step of a line: `count` bytes of `literals` from `start` on, then a field.
  private struct Step: BitwiseCopyable, Sendable {
    enum Kind: UInt8, BitwiseCopyable, Sendable {
      /// No field.
      case literal
      /// `str()` of a slot's value; `number` is its field's.
      case text
      case message
      /// The time, which is kept with what stands in front of it.
      case ascTime
      /// A field of any kind, by its number.
      case field
    }
    var kind = Kind.literal
    /// Whether the literal bytes stand in `word`: at most eight.
    var isWord = true
    var slot: Int32 = 0
    var number: Int32 = 0
    let start: Int32
    var count: Int32 = 0
    var word: UInt64 = 0

    init(start: Int) { self.start = Int32(start) }
    var literal: Range<Int> { Int(start)..<Int(start) + Int(count) }
  }

  private let steps: [Step]
  /// All literal text of the format.
  private let literals: [UInt8]
  private let fields: [Field]
  private var time: AscTime
  private let endsInThreeDigits: Bool
  private var stamp = Stamp()
  private let errors: EncodingErrors
  private let layout: LineLayout
  private let isPython: Bool

  /// A field with everything that is known before a record comes.
  private struct Field: Sendable {
    let format: FormatField
    let source: Source
    /// With `.nestedSpec`: the fields of the spec's pieces, in order.
    var nested: [Field] = []
  }

  private enum Source: Sendable {
    case message
    case ascTime
    case origin(RecordOrigin.Field)
    /// A record's field; where it has none, what `makeLogRecord` or the formatter's `defaults` give.
    case slot(Int, fallback: OwnValue?)
    /// A record's field; where it has none, the receiver's.
    case received(Int, Receiver.Field)
    case none
  }

  /// - Parameters:
  ///   - defaults: the formatter's `defaults`, by name
  ///   - fields: gets the slots that this formatter reads
  public init(
    _ format: FormatString, time: AscTime, defaults: [([UInt8], OwnValue)] = [],
    errors: EncodingErrors = .backslashreplace,
    layout: LineLayout = LineLayout(), fields recordFields: inout RecordFields
  ) {
    var steps: [Step] = []
    var literals: [UInt8] = []
    var fields: [Field] = []
    var step = Step(start: 0)
    for piece in format.pieces {
      switch piece {
      case .literal(let bytes):
        literals.append(contentsOf: bytes)
        step.count += Int32(bytes.count)
      case .field(let formatField):
        let field = LogFormatter.field(formatField, defaults, format.usesTime, &recordFields)
        fields.append(field)
        step.number = Int32(fields.count - 1)
        switch field.source {
        case .message where formatField.isPlain: step.kind = .message
        case .ascTime where formatField.isPlain: step.kind = .ascTime
        case .slot(let slot, _) where formatField.isPlain:
          step.kind = .text
          step.slot = Int32(slot)
        default: step.kind = .field
        }
        steps.append(step)
        step = Step(start: literals.count)
      }
    }
    if step.count > 0 { steps.append(step) }
    for index in steps.indices {
      steps[index].isWord = steps[index].count <= 8
      guard steps[index].isWord else { continue }
      for (offset, byte) in literals[steps[index].literal].enumerated() {
        steps[index].word |= UInt64(byte) << UInt64(8 * offset)
      }
    }
    self.steps = steps
    self.literals = literals
    self.fields = fields
    self.time = time
    endsInThreeDigits = time.endsInThreeDigits
    self.errors = errors
    self.layout = layout
    isPython = layout.isPython
  }

  private static func field(
    _ format: FormatField, _ defaults: [([UInt8], OwnValue)], _ usesTime: Bool, _ recordFields: inout RecordFields
  ) -> Field {
    var field = Field(format: format, source: .none)
    if let name = format.name {
      let text = String(decoding: name, as: UTF8.self)
      let source: Source
      if text == "message" {
        source = .message
      } else if text == "asctime" && usesTime {
        source = .ascTime
      } else if let own = RecordOrigin.Field(rawValue: text) {
        source = .origin(own)
      } else if let field = Receiver.Field(rawValue: text) {
        source = .received(recordFields.slot(name), field)
      } else {
        // Python merges the defaults below the record's own attributes, and a record always has the
        // standard ones.
        let fallback = OwnValue.standard(name) ?? defaults.last { $0.0 == name }?.1
        source = .slot(recordFields.slot(name), fallback: fallback)
      }
      field = Field(format: format, source: source)
    }
    if case .nestedSpec(let pieces) = format.presentation {
      for case .field(let inner) in pieces {
        field.nested.append(LogFormatter.field(inner, defaults, usesTime, &recordFields))
      }
    }
    return field
  }

  // MARK: A line

  /// Appends a record's line with its newline. False: it does not fit, and the buffer holds a part.
  public mutating func append(
    _ record: RecordValues, _ pickle: RawSpan, _ state: inout RenderState,
    into line: inout LineBuffer
  ) -> Bool {
    let start = line.count
    for index in steps.indices {
      let kind = steps[index].kind
      if kind != .ascTime {
        guard
          steps[index].isWord
            ? line.append(word: steps[index].word, Int(steps[index].count))
            : line.append(literals.rawBytes.extracting(steps[index].literal))
        else { return false }
      }
      switch kind {
      case .literal: break
      case .message:
        if let message = record[RecordFields.Slot.message], RecordMessage.isMerged(record) {
          let copied = copy(message, pickle, into: &line)
          if copied > 0 { continue }
          if copied < 0 { return false }
        }
        guard appendMessage(record, pickle, &state, into: &line) else { return false }
      case .ascTime:
        guard appendStamp(steps[index], record, &state, into: &line) else { return false }
      case .text:
        if let value = record[Int(steps[index].slot)] {
          let copied = copy(value, pickle, into: &line)
          if copied > 0 { continue }
          if copied < 0 { return false }
        }
        guard appendField(index, record, pickle, &state, into: &line) else { return false }
      case .field:
        guard appendField(index, record, pickle, &state, into: &line) else { return false }
      }
    }
    if let value = record[RecordFields.Slot.exceptionText], value.kind != .none {
      guard appendBelow(value, from: start, pickle, &state, into: &line) else { return false }
    }
    if let value = record[RecordFields.Slot.stackInfo], value.kind != .none {
      guard appendBelow(value, from: start, pickle, &state, into: &line) else { return false }
    }
    if !isPython {
      guard line.rewrite(from: start, layout) else { return false }
    }
    return line.append(UInt8(ascii: "\n"))
  }

  /// Copies a text as it came, if that is all there is to do. 1: done; 0: it is something else; -1: it
  /// does not fit.
  @inline(__always)
  private func copy(_ value: PickleValue, _ pickle: RawSpan, into line: inout LineBuffer) -> Int {
    guard value.kind == .string || value.kind == .string2, !value.inScratch else { return 0 }
    let copied = line.appendASCII(pickle, value.offset, Int(value.length))
    if copied != 0 || value.kind == .string2 { return copied }
    return line.appendEncoded(pickle.extracting(value.offset..<value.offset + Int(value.length)), errors) ? 1 : -1
  }

  /// `Formatter.format`: the traceback and the stack each begin a line of their own.
  private func appendBelow(
    _ value: PickleValue, from start: Int, _ pickle: RawSpan, _ state: inout RenderState, into line: inout LineBuffer
  ) -> Bool {
    guard value.kind == .string || value.kind == .string2, value.length > 0 else { return true }
    if line.count == start || line.bytes.bytes[line.count - 1] != UInt8(ascii: "\n") {
      guard line.append(UInt8(ascii: "\n")) else { return false }
    }
    if value.kind == .string && !value.inScratch {
      return line.appendText(pickle, value.offset, Int(value.length), errors)
    }
    var text: [UInt8] = []
    try? state.renderer.str(value, state.unpickler.arena, pickle, into: &text)
    return line.appendText(text.rawBytes, 0, text.count, errors)
  }

  // MARK: The time

  /// The last second's text with what stands in front of it, and what it was for.
  private struct Stamp: Sendable {
    /// Where the second begins; nothing is near it at first.
    var began = Double.nan
    /// Where what stands in front begins among the format's literals.
    var literalStart: Int32 = 0
    var text: [UInt8] = []
    /// The text itself where it is at most this long, with zeros behind it.
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    static var wordBytes: Int { 32 }

    mutating func setWords() {
      guard text.count <= Stamp.wordBytes else { return }
      var parts = InlineArray<4, UInt64>(repeating: 0)
      for (index, byte) in text.enumerated() { parts[index / 8] |= UInt64(byte) << UInt64(8 * (index % 8)) }
      words = (parts[0], parts[1], parts[2], parts[3])
    }
  }

  @inline(__always)
  private mutating func appendStamp(
    _ step: Step, _ record: RecordValues, _ state: inout RenderState, into line: inout LineBuffer
  ) -> Bool {
    guard let created = record[RecordFields.Slot.created], created.kind == .float,
      let milliseconds = record[RecordFields.Slot.milliseconds], milliseconds.kind == .float,
      endsInThreeDigits, milliseconds.asDouble >= 0, milliseconds.asDouble < 1000
    else { return appendAnyTime(step, record, &state, into: &line) }
    let since = created.asDouble - stamp.began
    if !(since >= 0 && since < 1) || step.start != stamp.literalStart {
      guard setStamp(created.asDouble, step) else { return appendAnyTime(step, record, &state, into: &line) }
    }
    let digits = UInt32(truncatingIfNeeded: Int(milliseconds.asDouble))
    if stamp.text.count <= Stamp.wordBytes, line.append(stamp.words, stamp.text.count, threeDigits: digits) {
      return true
    }
    guard line.append(stamp.text.rawBytes) else { return false }
    return line.appendThreeDigits(digits)
  }

  @inline(never)
  private mutating func setStamp(_ created: Double, _ step: Step) -> Bool {
    stamp.began = Double.nan
    guard created >= 0, created < 1e15 else { return false }
    // Of a positive number the whole part is the floor, and needs no call.
    let second = Int64(created)
    stamp.text.removeAll(keepingCapacity: true)
    stamp.text.append(contentsOf: literals[step.literal])
    guard (try? time.appendBeforeDigits(second, into: &stamp.text)) != nil else { return false }
    stamp.setWords()
    stamp.began = Double(second)
    stamp.literalStart = step.start
    return true
  }

  @inline(never)
  private mutating func appendAnyTime(
    _ step: Step, _ record: RecordValues, _ state: inout RenderState, into line: inout LineBuffer
  ) -> Bool {
    guard line.append(literals.rawBytes.extracting(step.literal)) else { return false }
    var text: [UInt8] = []
    appendTime(record, &state, into: &text)
    return line.appendText(text.rawBytes, 0, text.count, errors)
  }

  /// `asctime` of any record; the reference where Python raises.
  private mutating func appendTime(
    _ record: RecordValues, _ state: inout RenderState, into text: inout [UInt8]
  ) {
    let created = created(record, &state)
    let milliseconds = time.showsMilliseconds ? milliseconds(record, &state) : 0
    if let created, let milliseconds,
      (try? time.append(created: created, msecs: milliseconds, into: &text)) != nil
    {
      return
    }
    state.unshown += 1
    text.append(contentsOf: "%(asctime)s".utf8)
  }

  /// Seconds since 1970; nil where Python raises.
  private func created(_ record: RecordValues, _ state: inout RenderState) -> Double? {
    // `time.localtime(None)` is the present, too.
    if let value = record[RecordFields.Slot.created], value.kind != .none { return LogFormatter.number(value) }
    return state.receiver.receipt(record, &state.receipt).seconds
  }

  private func milliseconds(_ record: RecordValues, _ state: inout RenderState) -> Double? {
    if let value = record[RecordFields.Slot.milliseconds] { return LogFormatter.number(value) }
    return state.receiver.receipt(record, &state.receipt).milliseconds
  }

  /// A number of any of Python's types as a `Double`; nil for anything else.
  private static func number(_ value: PickleValue) -> Double? {
    switch value.kind {
    case .float: value.asDouble
    case .integer: Double(value.asInteger)
    case .bool: value.asBool ? 1 : 0
    default: nil
    }
  }

  // MARK: The message

  @inline(never)
  private func appendMessage(
    _ record: RecordValues, _ pickle: RawSpan, _ state: inout RenderState, into line: inout LineBuffer
  ) -> Bool {
    var text: [UInt8] = []
    swap(&text, &state.text)
    text.removeAll(keepingCapacity: true)
    RecordMessage.append(record, pickle, &state, into: &text)
    let done = line.appendText(text.rawBytes, 0, text.count, errors)
    text.trimText()
    swap(&text, &state.text)
    return done
  }

  // MARK: Any field

  @inline(never)
  private mutating func appendField(
    _ step: Int, _ record: RecordValues, _ pickle: RawSpan,
    _ state: inout RenderState, into line: inout LineBuffer
  ) -> Bool {
    var text: [UInt8] = []
    swap(&text, &state.field)
    text.removeAll(keepingCapacity: true)
    appendField(fields[Int(steps[step].number)], record, pickle, &state, into: &text)
    let done = line.appendText(text.rawBytes, 0, text.count, errors)
    text.trimText()
    swap(&text, &state.field)
    return done
  }

  private mutating func appendField(
    _ field: Field, _ record: RecordValues, _ pickle: RawSpan,
    _ state: inout RenderState, into text: inout [UInt8]
  ) {
    let spec = nestedSpec(field, record, pickle, &state)
    do throws(RenderError) {
      switch field.source {
      case .none: throw .invalid
      case .message:
        if let message = record[RecordFields.Slot.message], message.kind == .string,
          RecordMessage.isMerged(record)
        {
          try render(field, message, spec, pickle, &state, into: &text)
        } else {
          var own: [UInt8] = []
          RecordMessage.append(record, pickle, &state, into: &own)
          try render(field, OwnValue(text: own), spec, &state, into: &text)
        }
      case .ascTime:
        var own: [UInt8] = []
        appendTime(record, &state, into: &own)
        try render(field, OwnValue(text: own), spec, &state, into: &text)
      case .origin(let own): try render(field, state.origin.value(own), spec, &state, into: &text)
      case .slot(let slot, let fallback):
        if let value = record[slot] {
          try render(field, value, spec, pickle, &state, into: &text)
        } else if let fallback {
          try render(field, fallback, spec, &state, into: &text)
        } else {
          throw .invalid
        }
      case .received(let slot, let own):
        let value = record[slot] ?? state.receiver.value(own, record, &state.receipt)
        try render(field, value, spec, pickle, &state, into: &text)
      }
    } catch {
      state.unshown += 1
      text.append(contentsOf: field.format.reference)
    }
  }

  private func render(
    _ field: Field, _ value: PickleValue, _ spec: [UInt8], _ pickle: RawSpan, _ state: inout RenderState,
    into text: inout [UInt8]
  ) throws(RenderError) {
    try field.format.append(
      value, spec: spec, renderer: &state.renderer, arena: &state.unpickler.arena, frame: pickle, into: &text)
  }

  private func render(
    _ field: Field, _ value: OwnValue, _ spec: [UInt8], _ state: inout RenderState, into text: inout [UInt8]
  ) throws(RenderError) {
    try render(field, value.value, spec, value.bytes.rawBytes, &state, into: &text)
  }

  /// The text of a spec that has fields in it.
  private mutating func nestedSpec(
    _ field: Field, _ record: RecordValues, _ pickle: RawSpan,
    _ state: inout RenderState
  ) -> [UInt8] {
    guard case .nestedSpec(let pieces) = field.format.presentation else { return [] }
    var text: [UInt8] = []
    var next = 0
    for piece in pieces {
      switch piece {
      case .literal(let bytes): text.append(contentsOf: bytes)
      case .field:
        appendField(field.nested[next], record, pickle, &state, into: &text)
        next += 1
      }
    }
    return text
  }
}

extension LineBuffer {
  /// Appends the lowest `length` bytes of a word, the lowest first; at most eight.
  @inline(__always)
  mutating func append(word: UInt64, _ length: Int) -> Bool {
    guard has(8) else { return false }
    bytes.store64(word, count)
    count &+= length
    return true
  }

  /// Appends the first `length` bytes of four words, then a number below 1000. False: there is too little
  /// room to write all of the words.
  @inline(__always)
  mutating func append(_ words: (UInt64, UInt64, UInt64, UInt64), _ length: Int, threeDigits: UInt32) -> Bool {
    guard has(36) else { return false }
    bytes.store64(words.0, count)
    bytes.store64(words.1, count &+ 8)
    bytes.store64(words.2, count &+ 16)
    bytes.store64(words.3, count &+ 24)
    count &+= length
    return appendThreeDigits(threeDigits)
  }

  /// Appends a number below 1000 as three digits.
  @inline(__always)
  mutating func appendThreeDigits(_ value: UInt32) -> Bool {
    // Written as four bytes, the last of which is written over.
    guard has(4) else { return false }
    // Divisions by 100 and by 10, exact below 1000 and below 100.
    let hundreds = (value &* 41) &>> 12
    let rest = value &- hundreds &* 100
    let tens = (rest &* 103) &>> 10
    let digits = 0x30_3030 &+ hundreds &+ tens &<< 8 &+ (rest &- tens &* 10) &<< 16
    bytes.storeBytes(of: digits, toByteOffset: count, as: UInt32.self)
    count &+= 3
    return true
  }
}
