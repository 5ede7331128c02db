import FuzzEntries

/// libFuzzer's entry.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzState(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  FuzzTarget.state.run(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
