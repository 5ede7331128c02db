import LogDaemon
import Testing

struct ConfigurationTOMLTests {
  private func parse(_ text: String) throws(ConfigurationError) -> TOMLTable {
    try TOMLDocument(parsing: Array(text.utf8), file: "o.toml").root
  }

  private func parse(bytes: [UInt8]) throws(ConfigurationError) -> TOMLTable {
    try TOMLDocument(parsing: bytes, file: "o.toml").root
  }

  private func syntaxError(_ bytes: [UInt8]) -> String? {
    do throws(ConfigurationError) {
      _ = try parse(bytes: bytes)
      return nil
    } catch { return error.diagnostic.description }
  }

  @Test func everyKindOfValueKeepsItsPlace() throws {
    let root = try parse(
      """
      zebra = "z"
        apple = 1_000
      pi = 3.25
      on = true
      at = 03:30:15.75
      day = 2024-02-29
      moment = 2024-02-29T03:30:00Z
      list = [1,
        "two"]
      inline = { b = 1, a = 2 }
      [table."quoted.key"]
      '한국' = "ㄱ"   
      """)
    #expect(
      root.entries.map(\.key) == ["zebra", "apple", "pi", "on", "at", "day", "moment", "list", "inline", "table"])
    #expect(root["apple"]?.keyPosition == TOMLPosition(line: 2, column: 3))
    #expect(root["apple"]?.value == TOMLValue(.integer(1000), at: TOMLPosition(line: 2, column: 11)))
    #expect(root["pi"]?.value.kind == .float(3.25))
    #expect(root["on"]?.value.kind == .boolean(true))
    #expect(root["at"]?.value.kind == .time(3 * 3600 + 30 * 60 + 15))
    #expect(root["day"]?.value.kind == .date)
    #expect(root["moment"]?.value.kind == .dateTime)
    let two = TOMLValue(.string("two"), at: TOMLPosition(line: 9, column: 3))
    #expect(root["list"]?.value.kind == .array([TOMLValue(.integer(1), at: TOMLPosition(line: 8, column: 9)), two]))
    guard case .table(let inline)? = root["inline"]?.value.kind, case .table(let table)? = root["table"]?.value.kind,
      case .table(let inner)? = table["quoted.key"]?.value.kind
    else {
      Issue.record("tables are missing")
      return
    }
    #expect(inline.entries.map(\.key) == ["b", "a"])
    #expect(table["quoted.key"]?.keyPosition == TOMLPosition(line: 11, column: 8))
    #expect(inner["한국"]?.value == TOMLValue(.string("ㄱ"), at: TOMLPosition(line: 12, column: 8)))
  }

  @Test func stringsKeepTheirNULs() throws {
    let root = try parse("a = \"x\\u0000y\"\n\"k\\u0000\" = 1")
    #expect(root["a"]?.value.kind == .string("x\0y"))
    #expect(root.entries.last?.key == "k\0")
  }

  @Test func integersReachTheirLimits() throws {
    let root = try parse("a = 9223372036854775807\nb = -9223372036854775808\nc = 0xff\nd = inf\ne = nan")
    #expect(root["a"]?.value.kind == .integer(.max))
    #expect(root["b"]?.value.kind == .integer(.min))
    #expect(root["c"]?.value.kind == .integer(255))
    #expect(root["d"]?.value.kind == .float(.infinity))
    #expect(root.entries.count == 5)
  }

  @Test(arguments: [("", 0), ("\u{FEFF}a = 1", 1), ("# nothing", 0), ("a = 1\r\nb = 2\r\n", 2)])
  func soundDocuments(_ text: String, _ count: Int) throws {
    #expect(try parse(text).entries.count == count)
  }

  @Test(arguments: [
    ("a = ", "1:5: error: key-value pair: encountered end-of-file"),
    ("a = 1\nb == 2", "2:4: error: this is no value; text has to stand in quotes"),
    ("a = 9223372036854775808", "1:24: error: decimal integer: '9223372036854775808' is not representable in 64 bits"),
    ("[a]\n[a]", "2:1: error: table header: cannot redefine existing table 'a'"),
    ("a = 1\na = 2", "2:5: error: key-value pair: cannot redefine existing integer 'a'"),
    ("a = \"x", "1:7: error: string: encountered end-of-file"),
    ("a = 2024-13-01", "1:12: error: date: expected month between 1 and 12 (inclusive), saw 13"),
    ("a = 25:00", "1:7: error: time: expected hour between 0 to 59 (inclusive), saw 25"),
    ("level = INFO", "1:9: error: this is no value; text has to stand in quotes"),
    ("level = NOTSET", "1:9: error: this is no value; text has to stand in quotes"),
    ("a = trve", "1:7: error: this is no value; text has to stand in quotes"),
    ("a = false.log", "1:10: error: boolean: expected value-terminator, saw '.'"),
    ("[a\nb = 1", "1:3: error: table header: expected ']', saw '\\n'"),
    ("é = 1", "1:1: error: root table: expected keys, tables, whitespace or comments, saw 'é'"),
    ("a = é", "1:5: error: this is no value; text has to stand in quotes"),
    ("a = こ", "1:5: error: this is no value; text has to stand in quotes"),
  ])
  func theFirstSyntaxErrorHasItsPlace(_ text: String, _ message: String) {
    #expect(syntaxError(Array(text.utf8)) == "o.toml:" + message)
  }

  @Test func bytesThatAreNoUTF8AreRefused() {
    #expect(syntaxError([0x61, 0x20, 0x3D, 0x20, 0x22, 0xFF, 0x22]) == "o.toml:1:5: error: invalid utf-8 sequence")
    #expect(syntaxError([0x61, 0x00, 0x3D, 0x31]) == "o.toml:1:2: error: key-value pair: expected '=', saw '\\u0000'")
    #expect(syntaxError([0xEF, 0xBB]) == "o.toml:1:1: error: EOF during incomplete utf-8 code point sequence")
  }

  @Test func lettersOfOtherScriptsStandWhereTheyMay() throws {
    let text = "# é 한국 こ\na = \"\"\"\\\n   éこ\"\"\"\nb = 'Ж'"
    let root = try parse(text)
    #expect(root["a"]?.value.kind == .string("éこ"))
    #expect(root["b"]?.value.kind == .string("Ж"))
  }

  // MARK: Hostile documents

  @Test func valuesNestNoDeeperThanTheLimit() {
    let nested = { (open: String, count: Int, close: String) in
      syntaxError(Array(("a = " + String(repeating: open, count: count) + close).utf8))
    }
    let message = "error: value: exceeded maximum nested value depth of 16"
    #expect(nested("[", 100_000, "") == "o.toml:1:21: \(message)")
    #expect(nested("{a=", 100_000, "") == "o.toml:1:53: \(message)")
    #expect(nested("[", 17, String(repeating: "]", count: 17)) == "o.toml:1:21: \(message)")
    #expect(nested("[", 16, String(repeating: "]", count: 16)) == nil)
  }

  @Test func namesJoinedByDotsAreLimited() throws {
    let names = { (count: Int) in Array(repeating: "a", count: count).joined(separator: ".") }
    for text in ["\(names(17)) = 1", "[\(names(17))]", "x = {\(names(100_000)) = 1}", "[[\(names(17))]]"] {
      #expect(syntaxError(Array(text.utf8))?.hasSuffix("more than 16 names joined by dots") == true)
    }
    #expect(
      syntaxError(Array("# \(names(40))\n[\(names(17))]".utf8))
        == "o.toml:2:33: error: more than 16 names joined by dots")
    for text in [
      "\(names(16)) = 1", "a = '\(names(40))' # \(names(40))", "a = '''\n\(names(40))'''''", "a = \"\\\"\(names(40))\"",
      "a = \"\"\"\(names(40))\\\"\"\"\(names(40))\"\"\"",
    ] {
      #expect(syntaxError(Array(text.utf8)) == nil, "\(text)")
    }
  }

  @Test func bothLimitsTogetherStillParse() throws {
    var text = "1"
    for _ in 0..<15 { text = "{\(Array(repeating: "a", count: 16).joined(separator: ".")) = \(text)}" }
    #expect(try parse("a = \(text)").entries.count == 1)
  }

  @Test func aDocumentThatIsTooLongIsRefused() {
    let bytes = [UInt8](repeating: UInt8(ascii: "\n"), count: TOMLDocument.maximumBytes + 1)
    #expect(syntaxError(bytes) == "o.toml:1:1: error: larger than 1048576 bytes")
    #expect(syntaxError(bytes.dropLast()) == nil)
  }

  /// Every prefix of a document, and every document with one byte replaced: none may trap.
  @Test func damagedDocumentsNeverTrap() {
    let text = """
      [a.'b'."c"]
      d = "\\u00e9\\"" # e
      f = [1, 0x1F, 0o7, 0b1, -1.5e3, true, {g = 1979-05-27T07:32:00.5-07:00, h.i = '''j'''}]
      [[k]]
      l = \"\"\"\\
        m\"\"\"
      """
    let bytes = Array(text.utf8)
    var refused = 0
    for end in 0..<bytes.count where syntaxError(Array(bytes[..<end])) != nil { refused += 1 }
    for index in bytes.indices {
      for byte: UInt8 in [0x00, 0x0A, 0x22, 0x27, 0x2E, 0x3D, 0x5B, 0x5C, 0x5D, 0x7B, 0x7D, 0x80, 0xC3, 0xFF] {
        var damaged = bytes
        damaged[index] = byte
        if syntaxError(damaged) != nil { refused += 1 }
      }
    }
    #expect(refused > 1000)
  }
}
