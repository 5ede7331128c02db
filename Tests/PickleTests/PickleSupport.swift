@testable import Pickle

/// The bytes of a text whose characters stand for bytes: `"\u{80}\u{04}N."`.
func bytes(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8($0.value) } }

func little(_ value: UInt64, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
}

/// What a pickle holds as JSON, or why it was refused: `malformed@5`.
func decode(_ pickle: [UInt8], _ form: PickleJSON.Form = .typed) -> String {
  var unpickler = Unpickler()
  do throws(PickleError) {
    let value = try unpickler.load(pickle.rawBytes)
    return json(value, unpickler.arena, pickle, form)
  } catch {
    return "\(error.code.rawValue)@\(error.offset)"
  }
}

func decode(_ pickle: String, _ form: PickleJSON.Form = .typed) -> String { decode(bytes(pickle), form) }

func json(
  _ value: PickleValue, _ arena: borrowing PickleArena, _ pickle: [UInt8], _ form: PickleJSON.Form = .typed
) -> String {
  var writer = PickleJSON(form)
  var out: [UInt8] = []
  do throws(RenderError) {
    try writer.append(value, arena, pickle.rawBytes, into: &out)
    return String(decoding: out, as: UTF8.self)
  } catch {
    return "\(error)"
  }
}

/// The error of a pickle, with the limit it broke.
func failure(_ pickle: [UInt8]) -> (error: PickleError, limit: Int, actual: Int)? {
  var unpickler = Unpickler()
  do throws(PickleError) {
    _ = try unpickler.load(pickle.rawBytes)
    return nil
  } catch {
    return (error, error.limit, error.actual)
  }
}

/// The same numbers on every run.
struct XorShift: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
