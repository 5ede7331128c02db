import LogRecords
import Pickle

/// A pattern, a zero byte, and a text to search.
enum PatternEntry {
  static func run(_ bytes: [UInt8]) {
    let end = bytes.firstIndex(of: 0) ?? bytes.count
    let text = Array(bytes[end...].dropFirst())
    let pattern: Pattern
    do throws(PatternError) {
      pattern = try Pattern(String(decoding: bytes[..<end], as: UTF8.self))
    } catch {
      promise(error.offset >= 0 && error.offset <= 3 * end, "the place of an error lies in the pattern")
      return
    }
    var matcher = PatternMatcher(pattern)
    let found = matcher.matches(text.rawBytes)
    promise(matcher.matches(text.rawBytes) == found, "what a matcher remembers changes nothing")
    var forgetful = PatternMatcher(pattern, cacheBytes: 0)
    promise(forgetful.matches(text.rawBytes) == found, "what a matcher forgets changes nothing")
  }
}

/// libFuzzer's entry: see `Tests/Fuzz/run`.
@_cdecl("FuzzPattern")
public func fuzzPattern(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  PatternEntry.run(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
