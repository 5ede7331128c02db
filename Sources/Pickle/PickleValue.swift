/// One value of a pickle in 16 bytes that own nothing.
///
/// Text and bytes are slices of the frame they came in or of the arena's `scratch`; containers and
/// objects are numbers of nodes in a `PickleArena`. A value means something only together with the
/// frame and the arena of the `load` that made it.
@frozen
public struct PickleValue: BitwiseCopyable, Sendable {
  @frozen
  public enum Kind: UInt8, BitwiseCopyable, Sendable {
    case none, bool, integer, float
    /// An integer beyond 64 bits: little-endian two's complement (LONG1, LONG4), a slice.
    case bigInteger
    /// An integer beyond 64 bits in decimal (LONG, INT): optional `-`, then digits without
    /// leading zeros; a slice.
    case decimalInteger
    /// UTF-8 in which lone surrogates stand as three bytes (Python's `surrogatepass`); a slice that
    /// nobody has validated yet.
    case string
    /// A Python 2 `str`: bytes in an unknown encoding; a slice.
    case string2
    case bytes, byteArray
    case complex
    case list, tuple, dictionary, set, frozenSet
    /// A name that a pickle wanted imported. Never resolved: two texts.
    case global
    /// What REDUCE, NEWOBJ, INST, OBJ and BUILD would have made: the inert description of a call.
    case object
    case persistentID, extensionCode
    case ellipsis, notImplemented
  }

  public var kind: Kind
  /// Slices: whether the bytes lie in the arena's scratch and not in the frame.
  public var inScratch: Bool
  /// Slices: the length in bytes. Containers: unused.
  public var length: UInt32
  /// Integer, bool: the value's bit pattern as Int64. Float: the IEEE 754 bit pattern. Slices: the
  /// offset. Nodes: the node's number.
  public var bits: UInt64

  @inlinable @inline(__always)
  public init(_ kind: Kind, bits: UInt64 = 0, length: UInt32 = 0, inScratch: Bool = false) {
    self.kind = kind
    self.inScratch = inScratch
    self.length = length
    self.bits = bits
  }

  @inlinable public static var none: PickleValue { PickleValue(.none) }
  @inlinable public static func bool(_ value: Bool) -> PickleValue { PickleValue(.bool, bits: value ? 1 : 0) }
  @inlinable public static func integer(_ value: Int64) -> PickleValue {
    PickleValue(.integer, bits: UInt64(bitPattern: value))
  }
  @inlinable public static func float(_ value: Double) -> PickleValue { PickleValue(.float, bits: value.bitPattern) }
  @inlinable public static func slice(_ kind: Kind, offset: Int, length: Int, inScratch: Bool = false) -> PickleValue {
    PickleValue(kind, bits: UInt64(offset), length: UInt32(length), inScratch: inScratch)
  }

  @inlinable public var asInteger: Int64 { Int64(bitPattern: bits) }
  @inlinable public var asDouble: Double { Double(bitPattern: bits) }
  @inlinable public var asBool: Bool { bits != 0 }
  /// Slices: where the bytes begin.
  @inlinable public var offset: Int { Int(truncatingIfNeeded: bits) }
  /// Containers, objects, globals: the node's number in the arena.
  @inlinable public var node: Int { Int(truncatingIfNeeded: bits) }

  @inlinable public var isSlice: Bool {
    switch kind {
    case .bigInteger, .decimalInteger, .string, .string2, .bytes, .byteArray: true
    default: false
    }
  }
}
