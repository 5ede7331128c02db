/// The names for which the unpickler itself makes a value when a pickle calls them. Everything
/// else stays a name.
enum KnownGlobal: UInt8, BitwiseCopyable, Sendable {
  case unknown
  /// Types of builtin values.
  case object, set, frozenSet, list, tuple, dict, str, bytes, byteArray, int, float, bool, complex
  /// `_codecs.encode`: how protocols 0 to 2 write bytes.
  case encode
  /// `copyreg._reconstructor`, `copyreg.__newobj__`, `copyreg.__newobj_ex__`: detours to a class.
  case reconstructor, newObject, newObjectWithKeywords
  /// Names of values.
  case ellipsis, notImplemented

  init(module: RawSpan, name: RawSpan) {
    self = .unknown
    let names: [(name: [UInt8], known: KnownGlobal)]
    if module.equals(KnownGlobal.builtins) || module.equals(KnownGlobal.builtins2) {
      names = KnownGlobal.builtinNames
    } else if module.equals(KnownGlobal.copyreg) || module.equals(KnownGlobal.copyreg2) {
      names = KnownGlobal.copyregNames
    } else if module.equals(KnownGlobal.codecs) {
      names = KnownGlobal.codecsNames
    } else {
      return
    }
    for entry in names where name.equals(entry.name) {
      self = entry.known
      return
    }
  }

  private static let builtins = [UInt8]("builtins".utf8)
  private static let builtins2 = [UInt8]("__builtin__".utf8)
  private static let copyreg = [UInt8]("copyreg".utf8)
  private static let copyreg2 = [UInt8]("copy_reg".utf8)
  private static let codecs = [UInt8]("_codecs".utf8)

  private static func table(_ names: KeyValuePairs<String, KnownGlobal>) -> [(name: [UInt8], known: KnownGlobal)] {
    names.map { ([UInt8]($0.key.utf8), $0.value) }
  }

  private static let builtinNames = table([
    "object": .object, "set": .set, "frozenset": .frozenSet, "list": .list, "tuple": .tuple, "dict": .dict,
    "str": .str, "unicode": .str, "bytes": .bytes, "bytearray": .byteArray, "int": .int, "long": .int,
    "float": .float, "bool": .bool, "complex": .complex,
    "Ellipsis": .ellipsis, "NotImplemented": .notImplemented,
  ])
  private static let copyregNames = table([
    "_reconstructor": .reconstructor, "__newobj__": .newObject, "__newobj_ex__": .newObjectWithKeywords,
  ])
  private static let codecsNames = table(["encode": .encode])
}

extension RawSpan {
  /// Whether the span holds exactly these bytes.
  func equals(_ other: [UInt8]) -> Bool {
    guard byteCount == other.count else { return false }
    for index in 0..<byteCount where self[index] != other[index] { return false }
    return true
  }

  /// Whether the span holds exactly these bytes.
  func equals(_ other: RawSpan) -> Bool {
    guard byteCount == other.byteCount else { return false }
    for index in 0..<byteCount where self[index] != other[index] { return false }
    return true
  }
}
