import Testing

@testable import LogDaemon

struct ControlRequestTests {
  private func read(_ text: String) throws -> ControlRequest? {
    var reader = ControlRequestReader()
    return try reader.append(Array(text.utf8))
  }

  @Test(arguments: ControlRequest.allCases) func aLineIsARequest(_ request: ControlRequest) throws {
    #expect(try read("\(request.rawValue)\n") == request)
    var reader = ControlRequestReader()
    for byte in request.rawValue.utf8 { #expect(try reader.append([byte]) == nil) }
    #expect(try reader.append([10]) == request)
  }

  @Test func theLongestLineIsOfALineOfItsLength() throws {
    let most = ControlRequestReader.longestLine
    #expect(throws: ControlRefusal.unknown) { try read(String(repeating: "x", count: most - 1) + "\n") }
    #expect(try read(String(repeating: "x", count: most)) == nil)
    #expect(throws: ControlRefusal.tooLong) { try read(String(repeating: "x", count: most + 1)) }
    #expect(throws: ControlRefusal.tooLong) { try read(String(repeating: "x", count: most) + "\n") }
  }

  @Test(arguments: ["", " ", "STATUS", "status ", " status", "status  json", "status\r", "status\0", "relo\u{e4}d"])
  func anythingElseIsRefused(_ line: String) {
    #expect(throws: ControlRefusal.unknown) { try read(line + "\n") }
  }

  @Test(arguments: ["status\nreload\n", "status\n\n", "\nx"]) func aSecondLineIsRefused(_ text: String) {
    #expect(throws: ControlRefusal.moreThanALine) { try read(text) }
  }

  @Test func roomIsNeverMoreThanShowsThatALineIsTooLong() throws {
    var reader = ControlRequestReader()
    for count in 0..<ControlRequestReader.longestLine {
      #expect(reader.room == ControlRequestReader.longestLine + 1 - count)
      _ = try reader.append([UInt8(ascii: "x")])
    }
    #expect(reader.room == 1)
  }
}

struct ControlReplyTests {
  @Test(arguments: ControlReply.Outcome.allCases, ["", "one line\n", "zwei\nZeilen, 옹기\n"])
  func comesBackAsItWent(_ outcome: ControlReply.Outcome, _ text: String) {
    let reply = ControlReply(outcome, text)
    #expect(ControlReply(reply.bytes) == reply)
  }

  @Test func aCutAnswerIsNone() {
    let bytes = ControlReply(.ok, "some text\n").bytes
    for count in bytes.indices { #expect(ControlReply(Array(bytes[..<count])) == nil) }
    #expect(ControlReply(bytes + [10]) == nil)
  }

  @Test(arguments: [
    "", "\n", "ok\n", "ok 0", "ok -1\n", "ok +0 \n", "good 0\n", "ok 0 0\n", "ok 9223372036854775808\n", "ok 0x\n",
  ])
  func anythingElseIsNone(_ text: String) {
    #expect(ControlReply(Array(text.utf8)) == nil)
  }
}
