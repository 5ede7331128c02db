/// What a pickle may ask for. Each limit is checked before anything is allocated or done.
///
/// Together they bound the memory of one decode, whatever the pickle: 4 MiB of stack, 8 of values,
/// 4 of nodes, 4 of memo and 1 of its sparse part, 8 of scratch and 1 of marks are 30 MiB, and 4
/// more while the largest array moves to twice its size.
public enum PickleLimits {
  /// Bytes of one pickle. A value's offset and length are 32-bit numbers.
  public static let bytes = 1 << 28
  /// Opcodes of one pickle.
  public static let opcodes = 1 << 23
  /// Values on the stack at once, 16 bytes each.
  public static let stack = 1 << 18
  /// Marks on the stack at once.
  public static let marks = 1 << 16
  /// Values held by all containers and objects of one pickle (a dictionary's pair is two), 16 bytes
  /// each. A container's header counts as a value, and so does each place where it goes on after
  /// another container has grown in between.
  public static let values = 1 << 19
  /// Containers, objects and globals of one pickle, 16 bytes each.
  public static let nodes = 1 << 18
  /// Memo entries (PUT, MEMOIZE) of one pickle, 16 bytes each; an index itself may be any 32-bit
  /// number.
  public static let memo = 1 << 18
  /// Memo entries whose index lies far beyond the others'. No pickler writes any.
  public static let sparseMemo = 1 << 14
  /// Bytes of text that is not a slice of the pickle (unescaped or encoded text).
  public static let scratch = 1 << 23
  /// Bytes of text that calls like `_codecs.encode(text, 'latin1')` read, memoized text each time.
  public static let encoded = 1 << 25
  /// Bytes of an integer (LONG1, LONG4); digits of one in text (INT, LONG).
  public static let integerBytes = 1 << 20
  /// Bytes of a float in text (FLOAT).
  public static let floatText = 1 << 10
  /// Bytes of one line of GLOBAL and INST: a module's or a class's name.
  public static let name = 1 << 12
  /// Elements up to which an array of the arena keeps its memory for the next pickle.
  public static let keptArenaValues = 1 << 14
}

/// What rendering one value as text may cost.
public enum RenderLimits {
  /// Bytes of text of one value.
  public static let text = 1 << 24
  /// Nested containers.
  public static let depth = 512
  /// Values visited for one record: shared containers count each time.
  public static let work = 1 << 20
  /// Of these, what any record may cost, and what each byte of its pickle adds: a few hundred bytes that
  /// share containers must not keep a processor busy for a second.
  public static let firstWork = 1 << 15
  public static let workPerByte = 4
  /// What counts as done when a record begins.
  static func spent(pickleBytes: Int) -> Int { max(0, work - firstWork - workPerByte * pickleBytes) }
  /// Bytes of memory that a text keeps for the next one.
  public static let keptText = 1 << 16
  /// Digits of an integer in decimal: `sys.get_int_max_str_digits()` of Python 3.11 and later.
  public static let integerDigits = 4300
}

extension [UInt8] {
  /// Gives memory back that only a monster needed: see `RenderLimits.keptText`.
  public mutating func trimText() {
    if capacity > RenderLimits.keptText { self = [] }
  }
}

/// Why a value has no text. Whoever formats a record leaves the field's reference in the text then.
public enum RenderError: Error, Equatable, Sendable {
  /// The text would be the work of code of the sender's (a class's own `__str__`, say).
  case needsSenderCode
  /// More than one of `RenderLimits`.
  case tooBig
  /// Python raises here: a missing attribute or key, a conversion that the type does not have.
  case invalid
}
