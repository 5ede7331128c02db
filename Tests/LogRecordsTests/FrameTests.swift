import Pickle
import Testing

@testable import LogRecords

struct FrameTests {
  /// What is wrong with a stream that begins like this: a protocol's name, "too long" or nil.
  private func problem(_ start: String) -> String? {
    let bytes = start.unicodeScalars.map { UInt8($0.value) }
    var state = FrameState()
    do {
      try state.begin(bytes.rawBytes, largest: 1 << 24)
      return nil
    } catch {
      switch error {
      case .foreign(let name): return name.description
      case .tooLong(let length): return "too long: \(length)"
      }
    }
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\r\n", "HTTP"), ("POST /", "HTTP"), ("PUT /", "HTTP"), ("HEAD /", "HTTP"), ("OPTIONS *", "HTTP"),
    ("DELETE /", "HTTP"), ("PRI * HTTP/2.0", "HTTP"), ("SSH-2.0-x", "SSH"), ("\u{16}\u{3}\u{1}\u{2}\u{0}", "TLS"),
    ("\u{16}\u{3}\u{3}\u{0}\u{0}", "TLS"), ("{\"message\": 1}", "JSON"), ("<34>1 2003-10-11", "syslog"),
    ("\u{ff}\u{fb}\u{1f}\u{ff}", "Telnet"),
  ])
  func otherProtocolsAreRecognised(start: String, name: String) {
    #expect(problem(start) == name)
  }

  @Test func aLengthThatIsNoOtherProtocolIsTooLong() {
    #expect(problem("\u{1}\u{0}\u{0}\u{1}") == "too long: 16777217")
    #expect(problem("\u{fe}\u{0}\u{0}\u{0}") == "too long: 4261412864")
    #expect(problem("\u{1}\u{0}\u{0}\u{0}") == nil)
    #expect(problem("\u{0}\u{0}\u{0}\u{0}") == nil)
  }

  @Test func aHeaderSplitAnywhereIsKeptUntilItIsWhole() throws {
    let frame: [UInt8] = [0, 1, 2, 3] + [UInt8](repeating: 7, count: 0x10203)
    for split in 0..<Frame.headerSize {
      var state = FrameState()
      try state.begin(Array(frame[..<split]).rawBytes, largest: 1 << 24)
      #expect(state.isBetweenFrames == (split == 0))
      #expect(state.headerCount == split && state.size == 0)
      let kept = (0..<split).map { UInt8(truncatingIfNeeded: state.headerBytes >> UInt32(8 * $0)) }
      #expect(kept == Array(frame[..<split]))
    }
    for split in [4, 5, 1000, frame.count - 1] {
      var state = FrameState()
      try state.begin(Array(frame[..<split]).rawBytes, largest: 1 << 24)
      #expect(state.size == frame.count && state.received == split && state.headerCount == 0)
      #expect(state.missing == frame.count - split)
      state.advance(state.missing)
      #expect(state.missing == 0)
      state.reset()
      #expect(state == FrameState())
    }
  }
}
