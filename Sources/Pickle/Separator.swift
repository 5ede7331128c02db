/// What stands between two values of a record: the put of the first, the next key, its put, and the
/// opcode of that key's value; at the end SETITEMS and STOP.
///
/// Those that were seen are kept in an array of `Separator.none`'s size, by their bytes. What senders
/// write is only ever compared with them, so that it can cost others time, but never more of it than
/// the few comparisons and steps that the constants say.
struct Separator: BitwiseCopyable {
  /// Bytes of the longest that is remembered. One with a longer key is taken apart each time.
  static var longest: Int { 32 }
  /// Places for separators, a power of two. Behind them stand the start of a record and a longer
  /// separator, which have followers, but no bytes.
  static var places: Int { 512 }
  static var start: Int { places }
  private static var long: Int { places + 1 }
  /// Places from a separator's hash on in which it may stand.
  private static var steps: Int { 8 }

  /// As words, the lowest byte first, and which of their bytes count. An empty place is equal to
  /// nothing.
  private var words: (UInt64, UInt64, UInt64, UInt64) = (1, 0, 0, 0)
  private var masks: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
  /// Bytes; 0: an empty place.
  private var size: Int32 = 0
  /// The same with those of a value of fixed size that nobody wants.
  private(set) var advance: Int32 = 0
  /// Where the value goes, or -1.
  private(set) var slot: Int32 = -1
  /// The places of those that came behind it, the likeliest first.
  private(set) var followers: (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
  private(set) var form = Form.end
  /// The value's; STOP at the end.
  private(set) var opcode: UInt8 = 0

  /// What comes behind it.
  enum Form: UInt8, BitwiseCopyable {
    /// Nothing, as the value belongs to the separator; and text that nobody wants.
    case skipped, skippedText
    /// BINUNICODE, NONE, BINFLOAT, BININT1, BININT2, for a slot.
    case text, none, float, byte, twoBytes
    /// BINGET, and everything else, whether somebody wants it or not.
    case reference, other
    case end

    init(opcode: UInt8, isWanted: Bool) {
      switch opcode {
      case RecordReader.Op.binUnicode where !isWanted: self = .skippedText
      case _ where !isWanted && Form.size(of: opcode) != nil: self = .skipped
      case RecordReader.Op.binUnicode: self = .text
      case RecordReader.Op.none: self = .none
      case RecordReader.Op.binFloat: self = .float
      case RecordReader.Op.binInt1: self = .byte
      case RecordReader.Op.binInt2: self = .twoBytes
      case RecordReader.Op.binGet: self = .reference
      case RecordReader.Op.stop: self = .end
      default: self = .other
      }
    }

    /// Bytes of a value behind its opcode, where they are always as many.
    static func size(of opcode: UInt8) -> Int32? {
      switch opcode {
      case RecordReader.Op.none: 0
      case RecordReader.Op.binInt1: 1
      case RecordReader.Op.binInt2: 2
      case RecordReader.Op.binFloat: 8
      default: nil
      }
    }
  }

  static var none: [Separator] { Array(repeating: Separator(), count: places + 2) }

  private init() {}

  private init(_ pickle: RawSpan, _ bytes: Range<Int>, slot: Int, opcode: UInt8) {
    let size = bytes.count
    let start = bytes.lowerBound
    self.size = Int32(truncatingIfNeeded: size)
    self.slot = Int32(truncatingIfNeeded: slot)
    self.opcode = opcode
    form = Form(opcode: opcode, isWanted: slot >= 0)
    advance = self.size + (form == .skipped ? Form.size(of: opcode) ?? 0 : 0)
    guard size <= Separator.longest else { return }
    masks = (Separator.mask(size), Separator.mask(size - 8), Separator.mask(size - 16), Separator.mask(size - 24))
    words = (
      pickle.load64(start) & masks.0, pickle.load64(start + 8) & masks.1, pickle.load64(start + 16) & masks.2,
      pickle.load64(start + 24) & masks.3
    )
  }

  private static func mask(_ bytes: Int) -> UInt64 {
    bytes <= 0 ? 0 : bytes >= 8 ? UInt64.max : (1 << UInt64(8 * bytes)) - 1
  }

  /// Whether these bytes stand at an offset, behind which there are `longest` more.
  @inline(__always)
  func isAt(_ offset: Int, _ pickle: RawSpan) -> Bool { pickle.isMasked(offset, words, masks) }

  static func likeliest(after place: Int, _ all: borrowing MutableSpan<Separator>) -> Int {
    Int(all[place].followers.0)
  }

  /// The place of the separator that stands at an offset when it is not the likeliest one; -1: there is none.
  @inline(never)
  static func other(
    after before: Int, _ all: inout MutableSpan<Separator>, _ pickle: RawSpan, _ at: Int, _ last: Int,
    _ keys: borrowing KeyTable
  ) -> Int {
    let followers = all[before].followers
    // One that comes again goes to the front by one place.
    if all[Int(followers.1)].isAt(at, pickle) {
      all[before].followers = (followers.1, followers.0, followers.2, followers.3)
      return Int(followers.1)
    }
    if all[Int(followers.2)].isAt(at, pickle) {
      all[before].followers = (followers.0, followers.2, followers.1, followers.3)
      return Int(followers.2)
    }
    if all[Int(followers.3)].isAt(at, pickle) {
      all[before].followers = (followers.0, followers.1, followers.3, followers.2)
      return Int(followers.3)
    }
    guard let new = read(pickle, at, last, keys, isFirst: before == start) else { return -1 }
    guard Int(new.size) <= longest else {
      var kept = new
      (kept.words, kept.masks, kept.followers) = (all[long].words, all[long].masks, all[long].followers)
      all[long] = kept
      return long
    }
    let place = new.place(in: &all)
    if followers.0 == 0 {
      all[before].followers.0 = Int32(truncatingIfNeeded: place)
    } else {
      all[before].followers = (followers.0, followers.1, followers.2, Int32(truncatingIfNeeded: place))
    }
    return place
  }

  /// Takes one apart; nil: there is none.
  private static func read(
    _ pickle: RawSpan, _ start: Int, _ last: Int, _ keys: borrowing KeyTable, isFirst: Bool
  ) -> Separator? {
    var at = start
    // Of the mark that stands before the first key nothing can be put.
    if !isFirst { RecordReader.skipPut(pickle, &at) }
    guard at <= last else { return nil }
    let length: Int
    switch pickle[at] {
    case RecordReader.Op.binUnicode:
      length = Int(pickle.load32(at + 1))
      at += 5
    case RecordReader.Op.shortBinUnicode, RecordReader.Op.shortBinString:
      length = Int(pickle[at + 1])
      at += 2
    case RecordReader.Op.setItems where pickle[at + 1] == RecordReader.Op.stop:
      return Separator(pickle, start..<at + 2, slot: -1, opcode: RecordReader.Op.stop)
    default: return nil
    }
    guard length < last - at else { return nil }
    let slot = keys.slot(of: pickle.extracting(at..<at + length))
    at += length
    RecordReader.skipPut(pickle, &at)
    // STOP would be taken for the record's end.
    guard at <= last, pickle[at] != RecordReader.Op.stop else { return nil }
    return Separator(pickle, start..<at + 1, slot: slot, opcode: pickle[at])
  }

  /// Where it stands among all, from now on.
  private func place(in all: inout MutableSpan<Separator>) -> Int {
    let multiplier: UInt64 = 0x9e37_79b9_7f4a_7c15
    var hash = words.0 &* multiplier ^ words.1
    hash = hash &* multiplier ^ words.2
    hash = hash &* multiplier ^ words.3
    hash = (hash ^ hash >> 29) &* multiplier
    let home = Int(truncatingIfNeeded: hash >> 40)
    var place = 0
    for step in 0..<Separator.steps {
      place = (home + step) & (Separator.places - 1)
      let known = all[place]
      if known.size == size, known.words == words { return place }
      if known.size == 0 { break }
    }
    // The first free place, or the last one looked at: whoever has that one for a follower finds by
    // its bytes that it is another.
    all[place] = self
    return place
  }
}
