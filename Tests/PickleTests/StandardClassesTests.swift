import Foundation
import Testing

@testable import Pickle

/// One line of `Fixtures/classes.jsonl`, which `Fixtures/make-classes` wrote.
private struct ClassCase: Decodable {
  var id: String
  var str: String
  var repr: String
  /// `2.7/0 BASE64`: the version and the protocol that sent it.
  var pickles: [String]

  static let all: [ClassCase] = {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/classes.jsonl")
    let lines = (try? String(contentsOf: file, encoding: .utf8))?.split(separator: "\n") ?? []
    return lines.compactMap { try? JSONDecoder().decode(ClassCase.self, from: Data($0.utf8)) }
  }()
}

/// What a value's text is, or the error's name.
func text(_ pickle: [UInt8], _ style: TextStyle, zones: ZoneLookup? = nil) throws -> String {
  var unpickler = Unpickler()
  let value = try unpickler.load(pickle.rawBytes)
  var renderer = Renderer()
  renderer.zones = zones
  var out: [UInt8] = []
  switch style {
  case .str: try renderer.str(value, unpickler.arena, pickle.rawBytes, into: &out)
  case .repr: try renderer.repr(value, unpickler.arena, pickle.rawBytes, into: &out)
  case .ascii: try renderer.ascii(value, unpickler.arena, pickle.rawBytes, into: &out)
  }
  return String(decoding: out, as: UTF8.self)
}

@Suite struct StandardClassesTests {
  private static let seoul: ZoneLookup = { key, _, _ in
    key == Array("Asia/Seoul".utf8) ? ZoneOffset(seconds: 32_400, abbreviation: Array("KST".utf8)) : nil
  }

  @Test func textsAreThoseOfCPython() throws {
    var count = 0
    for item in ClassCase.all {
      for sent in item.pickles {
        let parts = sent.split(separator: " ")
        let bytes = [UInt8](try #require(Data(base64Encoded: String(parts[1]))))
        let message = Comment(rawValue: "\(item.id) of \(parts[0])")
        #expect(try text(bytes, .str, zones: Self.seoul) == item.str, message)
        #expect(try text(bytes, .repr, zones: Self.seoul) == item.repr, message)
        count += 1
      }
    }
    #expect(count > 1000)
  }

  /// What Python's classes would refuse is shown as the call that it is.
  @Test(arguments: [
    ("cdatetime\ndatetime\n(Vtoo short\ntR.", "datetime.datetime('too short')"),
    ("cdatetime\ndate\n(I20240229\ntR.", "datetime.date(20240229)"),
    ("cdatetime\ndate\n(V\\u0007\\u00e8\\u0002\\u001e\ntR.", "datetime.date('\\x07è\\x02\\x1e')"),
    (
      "cdatetime\ntimedelta\n(I9223372036854775807\nI9223372036854775807\nI1\ntR.",
      "datetime.timedelta(9223372036854775807, 9223372036854775807, 1)"
    ),
    ("cdatetime\ntimedelta\n(Fnan\ntR.", "datetime.timedelta(nan)"),
    ("cdatetime\ntimezone\n(cdatetime\ntimedelta\n(I2\ntRtR.", "datetime.timezone(datetime.timedelta(days=2))"),
    ("cdecimal\nDecimal\n(V1\\u000a2\ntR.", "decimal.Decimal('1\\n2')"),
    ("cfractions\nFraction\n(I1\nI0\ntR.", "fractions.Fraction(1, 0)"),
    ("cfractions\nFraction\n(V1/\ntR.", "fractions.Fraction('1/')"),
    (
      "cfractions\nFraction\n(V-9223372036854775808/9223372036854775808\ntR.",
      "Fraction(-9223372036854775808, 9223372036854775808)"
    ),
    ("c__builtin__\nxrange\n(I1\nI2\nI0\ntR.", "range(1, 2, 0)"),
    ("chttp\nHTTPStatus\n(I999\ntR.", "http.HTTPStatus(999)"),
    ("chttp\nHTTPStatus\n(L99999999999999999999L\ntR.", "http.HTTPStatus(99999999999999999999)"),
    ("cuuid\nUUID\n(tR(dVint\nL-1L\nsb.", "UUID(int=-1)"),
    (
      "cuuid\nUUID\n(tR(dVint\nL999999999999999999999999999999999999999999L\nsb.",
      "UUID(int=999999999999999999999999999999999999999999)"
    ),
    ("cipaddress\nIPv4Address\n(L4294967296L\ntR.", "ipaddress.IPv4Address(4294967296)"),
    ("cipaddress\nIPv4Network\n(V1.2.3.4/8\ntR.", "ipaddress.IPv4Network('1.2.3.4/8')"),
    ("cipaddress\nIPv6Address\n(V1:2:::3\ntR.", "ipaddress.IPv6Address('1:2:::3')"),
    ("ccollections\ndeque\n((tI-1\ntR.", "collections.deque((), -1)"),
    ("ccollections\nOrderedDict\n((lI1\natR.", "collections.OrderedDict([1])"),
    ("cpathlib\nPosixPath\n(I1\ntR.", "pathlib._local.PosixPath(1)"),
    (
      "cexceptions\nUnicodeDecodeError\n(Vu\nVx\nI-9223372036854775808\nI-9223372036854775808\nVr\ntR.",
      "UnicodeDecodeError('u', 'x', -9223372036854775808, -9223372036854775808, 'r')"
    ),
    (
      "cjson.decoder\nJSONDecodeError\n(Vm\nVd\nI9223372036854775807\ntR.",
      "JSONDecodeError('m', 'd', 9223372036854775807)"
    ),
    (
      "csubprocess\nCalledProcessError\n(I-9223372036854775808\nVx\ntR.",
      "CalledProcessError(-9223372036854775808, 'x')"
    ),
  ])
  func hostileStates(_ pickle: String, _ shown: String) throws {
    let bytes = [UInt8](pickle.utf8)
    #expect(try text(bytes, .repr) == shown)
    _ = try text(bytes, .str)
    _ = try text(bytes, .ascii)
  }

  @Test(arguments: [
    ("capp.models\nColor\n(I1\ntR.", "app.models.Color(1)"),
    ("capp.models\nPlain\n(tR.", "<app.models.Plain object>"),
    ("capp.models\nOrder\n(tR(dVid\nI7\nsVname\nVx\nsb.", "Order(id=7, name='x')"),
    ("capp.models\nOrder\n(tR(dV_id\nI7\nsb.", "<app.models.Order object: {'_id': 7}>"),
    ("capp.models\nOrder\n(I1\ntR(dVid\nI7\nsb.", "<app.models.Order(1): {'id': 7}>"),
    ("capp.models\nOrder\n(tR(I1\nVx\ntb.", "<app.models.Order object: (1, 'x')>"),
    ("capp.models\nOrder\n(tR(N(dVid\nI7\nstb.", "Order(id=7)"),
    ("capp.models\nList\n(tRI1\na.", "app.models.List([1])"),
    ("capp.models\nMap\n(tRVk\nI1\ns.", "app.models.Map({'k': 1})"),
    ("capp.models\nPlain\n.", "<class 'app.models.Plain'>"),
    ("capp.models\nmake\n.", "<global app.models.make>"),
    ("Pan id\n.", "<persistent id 'an id'>"),
    ("capp\nX\n(tRp1\n(dVme\ng1\nsb.", "X(me=...)"),
    ("c__builtin__\ngetattr\n(Vabc\nVupper\ntR.", "getattr('abc', 'upper')"),
    ("cposix\nsystem\n(Vid\ntR.", "posix.system('id')"),
  ])
  func objectsOfTheSender(_ pickle: String, _ shown: String) throws {
    #expect(try text([UInt8](pickle.utf8), .repr) == shown)
    #expect(try text([UInt8](pickle.utf8), .str) == shown)
  }

  @Test func forgedNamesAreEscaped() throws {
    let name = "X object>\u{1B}[31m\n2024-01-01 root login"
    var pickle: [UInt8] = [0x80, 4, 0x8C, 3] + Array("app".utf8) + [0x8C, UInt8(name.utf8.count)]
    pickle += Array(name.utf8) + [0x93, 0x29, 0x52, 0x2E]
    #expect(try text(pickle, .str) == "<app.X object>\\x1b[31m\\n2024-01-01 root login object>")
  }

  @Test func extensionCodes() throws {
    #expect(try text([0x80, 2, 0x82, 7, 0x2E], .str) == "<extension code 7>")
  }

  @Test func unknownZonesAreShownAsRepr() throws {
    let pickle = "cdatetime\ndatetime\n(V\\u0007\\u00e8\\u0002\\u001d\\u0017\\u003b\\u003a\\u0000\\u0000\\u0007\n"
    #expect(
      try text([UInt8]((pickle + "capp\nZone\n(tRtR.").utf8), .str)
        == "datetime.datetime(2024, 2, 29, 23, 59, 58, 7, tzinfo=<app.Zone object>)")
    let named = pickle + "c__builtin__\ngetattr\n(czoneinfo\nZoneInfo\nV_unpickle\ntR(VAsia/Seoul\nI1\ntRtR."
    #expect(try text([UInt8](named.utf8), .str, zones: Self.seoul) == "2024-02-29 23:59:58.000007+09:00")
    #expect(
      try text([UInt8](named.utf8), .str)
        == "datetime.datetime(2024, 2, 29, 23, 59, 58, 7, tzinfo=zoneinfo.ZoneInfo(key='Asia/Seoul'))")
  }

  @Test func pytzZonesCarryTheirOffset() throws {
    let pickle =
      "cdatetime\ndatetime\n(V\\u0007\\u00e8\\u0002\\u001d\\u0017\\u003b\\u003a\\u0000\\u0000\\u0007\n"
      + "cpytz\n_p\n(VAsia/Seoul\nI32400\nI0\nVKST\ntRtR."
    #expect(try text([UInt8](pickle.utf8), .str) == "2024-02-29 23:59:58.000007+09:00")
  }

  @Test func exceptionsInsideOfEachOtherEnd() throws {
    let pickle = "(lp0\ncexceptions\nValueError\n(g0\ntRa."
    #expect(try text([UInt8](pickle.utf8), .str) == "[ValueError([...])]")
  }

  /// Bytes of real pickles replaced at random: whatever still loads has a text or an error, and so have its attributes.
  @Test func mutatedPicklesNeverTrap() throws {
    let names = [
      "year", "tzinfo", "hex", "node", "parent", "parts", "suffix", "args", "filename", "errno", "value", "name",
      "numerator", "pattern", "maxlen", "start", "compressed", "version", "data", "__class__", "a", "upper", "__dict__",
    ]
    var random = SplitMix64(state: 20_240_229)
    var loaded = 0
    for item in ClassCase.all {
      for sent in item.pickles {
        let original = [UInt8](Data(base64Encoded: String(sent.split(separator: " ")[1])) ?? Data())
        for _ in 0..<3 {
          var bytes = original
          for _ in 0...Int(random.next() % 3) {
            bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
          }
          var unpickler = Unpickler()
          guard let value = try? unpickler.load(bytes.rawBytes) else { continue }
          loaded += 1
          for style in [TextStyle.str, .repr, .ascii] { _ = try? text(bytes, style, zones: Self.seoul) }
          var renderer = Renderer()
          for name in names {
            _ = try? renderer.attribute(Array(name.utf8).rawBytes, of: value, &unpickler.arena, bytes.rawBytes)
          }
          for index in [0, 1, Int.max] {
            _ = try? renderer.item(at: index, of: value, &unpickler.arena, bytes.rawBytes)
          }
          _ = try? renderer.item(named: Array("a".utf8).rawBytes, of: value, &unpickler.arena, bytes.rawBytes)
        }
      }
    }
    #expect(loaded > 1000)
  }
}

/// Sebastiano Vigna's generator: the same numbers in every run.
private struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
