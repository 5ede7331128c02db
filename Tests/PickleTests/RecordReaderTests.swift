import Foundation
import TestSupport
import Testing

@testable import Pickle

/// The fast path and the general machine are two readers of one format: what they accept both, they
/// read alike.
struct RecordReaderTests {
  /// What the fixtures' records have, and names that none has.
  static let names = [
    "name", "msg", "args", "levelname", "levelno", "pathname", "filename", "module", "exc_info", "exc_text",
    "stack_info", "lineno", "funcName", "created", "msecs", "relativeCreated", "thread", "threadName", "processName",
    "process", "taskName", "user", "code", "big", "ratio", "ok", "no", "tags", "raw", "absent", "a", "",
  ].map { Array($0.utf8) }

  /// A record's values by slot as `repr`, "-" where it has none; nil: refused.
  final class Reading {
    var fast = RecordReader(keys: KeyTable(RecordReaderTests.names))
    var general = RecordReader(keys: KeyTable(RecordReaderTests.names))
    var unpickler = Unpickler()

    func fast(_ pickle: [UInt8]) -> [String]? {
      let padded = pickle + [UInt8](repeating: 0x75, count: RecordReader.padding)
      guard fast.read(padded.rawBytes, end: pickle.count) else {
        for slot in RecordReaderTests.names.indices { #expect(fast.values[slot] == nil, "a slot of a refused record") }
        return nil
      }
      return Reading.texts(fast, unpickler.arena, padded)
    }

    func general(_ pickle: [UInt8]) -> [String]? {
      guard let value = try? unpickler.load(pickle.rawBytes), value.kind == .dictionary else { return nil }
      general.set(value, unpickler.arena, pickle.rawBytes)
      return Reading.texts(general, unpickler.arena, pickle)
    }

    private static func texts(
      _ reader: borrowing RecordReader, _ arena: borrowing PickleArena, _ pickle: [UInt8]
    ) -> [String] {
      var result: [String] = []
      for slot in RecordReaderTests.names.indices {
        guard let value = reader.values[slot] else {
          result.append("-")
          continue
        }
        var renderer = Renderer()
        var text: [UInt8] = []
        do throws(RenderError) {
          try renderer.repr(value, arena, pickle.rawBytes, into: &text)
          result.append(String(decoding: text, as: UTF8.self))
        } catch {
          result.append("\(error)")
        }
      }
      return result
    }
  }

  static func fixtures(_ file: String) throws -> [(id: String, pickle: [UInt8])] {
    try PickleFixtureTests.lines(file).map {
      let fixture = try JSONDecoder().decode(PickleFixtureTests.Fixture.self, from: $0)
      return (fixture.id, [UInt8](fixture.pickle))
    }
  }

  @Test func stockRecordsOfAllPythonsTakeTheFastPath() throws {
    let fixtures = try Self.fixtures("stock.jsonl")
    #expect(Set(fixtures.map { $0.id.prefix { $0 != " " } }).count >= 8)
    let reading = Reading()
    // Twice: what the first pass left in the reader's memory of keys must not change the second.
    for (id, pickle) in fixtures + fixtures.reversed() {
      let fast = reading.fast(pickle)
      #expect(fast != nil, "\(id) does not take the fast path")
      #expect(fast == reading.general(pickle), "\(id)")
      #expect(fast?[0] == "'app.stock'" && fast?[1] == "'value 7'" && fast?[4] == "20" && fast?[13] == "1700000000.25")
    }
  }

  @Test(arguments: ["py27.jsonl", "py36.jsonl", "py313.jsonl", "stock.jsonl"])
  func bothReadersGiveTheSameValues(file: String) throws {
    let reading = Reading()
    var records = 0
    for (id, pickle) in try Self.fixtures(file) {
      guard let fast = reading.fast(pickle) else { continue }
      records += 1
      #expect(fast == reading.general(pickle), "\(id)")
    }
    #expect(records > 0)
  }

  @Test func ofEqualKeysTheLastOneCounts() {
    let reading = Reading()
    let pickle = bytes("}q\u{0}(X\u{1}\u{0}\u{0}\u{0}aK\u{1}X\u{1}\u{0}\u{0}\u{0}aK\u{2}u.")
    #expect(reading.fast(pickle)?[30] == "2")
    #expect(reading.general(pickle)?[30] == "2")
  }

  /// `python main.py` sends one text as `pathname` and `filename`: the second time by its number.
  @Test func aTextThatIsReferredToIsReadWithoutTheMachine() {
    let reading = Reading()
    func text(_ text: String, _ number: Int) -> [UInt8] {
      bytes("X") + little(UInt64(text.utf8.count), 4) + Array(text.utf8) + bytes("q") + little(UInt64(number), 1)
    }
    func record(_ values: [UInt8]) -> [UInt8] {
      bytes("}q\u{0}(") + text("levelno", 1) + bytes("K\u{14}") + text("pathname", 2) + text("main.py", 3)
        + text("filename", 4) + values + bytes("u.")
    }
    let known = record(bytes("h\u{3}"))
    #expect(reading.fast(known)?[6] == "'main.py'" && reading.fast(known) == reading.general(known))
    let key = record(bytes("h\u{2}"))
    #expect(reading.fast(key)?[6] == "'pathname'" && reading.fast(key) == reading.general(key))
    // What is put twice is the last one's.
    let twice = record(text("other", 3) + text("module", 5) + bytes("h\u{3}"))
    #expect(reading.fast(twice)?[7] == "'other'" && reading.fast(twice) == reading.general(twice))
    // The dictionary itself, and a number that nobody gave: for the machine.
    for number in [0, 9] { #expect(reading.fast(record(bytes("h") + little(UInt64(number), 1))) == nil) }
    // Looked for from the start each time, and so only for a few.
    var many = bytes("h\u{3}")
    for _ in 1..<RecordReader.mostReferences { many += text("again", 6) + bytes("h\u{3}") }
    #expect(reading.fast(record(many)) == reading.general(record(many)))
    #expect(reading.fast(record(many + text("again", 6) + bytes("h\u{3}"))) == nil)
  }

  /// INT reads octal there, as C does, and to LONG it is no number.
  @Test func aNumberWithAZeroInFrontIsForTheMachine() {
    let reading = Reading()
    func record(_ value: String) -> [UInt8] { bytes("}q\u{0}(X\u{1}\u{0}\u{0}\u{0}a" + value + "u.") }
    for value in ["I010\n", "I-010\n", "I001\n", "L010L\n"] { #expect(reading.fast(record(value)) == nil) }
    #expect(reading.general(record("I010\n"))?[30] == "8")
    for (value, text) in [("I0\n", "0"), ("I00\n", "False"), ("I01\n", "True"), ("I10\n", "10"), ("L0L\n", "0")] {
      #expect(reading.fast(record(value))?[30] == text && reading.general(record(value))?[30] == text)
    }
  }

  @Test func noPrefixOfARecordIsARecord() throws {
    let reading = Reading()
    for (id, pickle) in try Self.fixtures("stock.jsonl") {
      for end in pickle.indices { #expect(reading.fast(Array(pickle[..<end])) == nil, "\(id): \(end) bytes") }
      #expect(reading.fast(pickle) != nil)
    }
  }

  @Test func lengthsThatPointOutsideAreRefused() {
    let reading = Reading()
    for length in [UInt64(2), 3, 100, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] {
      #expect(reading.fast(bytes("}q\u{0}(X") + little(length, 4) + bytes("aK\u{1}u.")) == nil)
      #expect(reading.fast(bytes("}q\u{0}(X\u{1}\u{0}\u{0}\u{0}aX") + little(length, 4) + bytes("bu.")) == nil)
    }
  }

  @Test func moreKeysThanAreRememberedAreReadAllTheSame() {
    let reading = Reading()
    var random = XorShift(seed: 7)
    for round in 0..<2000 {
      var pickle = bytes("}q\u{0}(")
      for _ in 0..<20 {
        let key = "key\(random.next() % 3000)" + String(repeating: "x", count: Int(random.next() % 14))
        pickle += bytes("X") + little(UInt64(key.utf8.count), 4) + Array(key.utf8) + bytes("N")
      }
      pickle += bytes("X\u{4}\u{0}\u{0}\u{0}nameM") + little(UInt64(round), 2) + bytes("u.")
      #expect(reading.fast(pickle)?[0] == "\(round)")
    }
  }

  /// What a sender does to its bytes changes the outcome in both readers alike, and traps in none.
  @Test func mutatedRecordsAreReadAlike() throws {
    let samples = try (Self.fixtures("stock.jsonl") + Self.fixtures("py27.jsonl").filter { $0.id.contains("record") })
      .map(\.pickle)
    let reading = Reading()
    var random = XorShift(seed: 0x2024_1122)
    var both = 0
    var different = 0
    for round in 0..<100_000 {
      var pickle = samples[round % samples.count]
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        guard let place = pickle.indices.randomElement(using: &random) else { break }
        switch random.next() % 5 {
        case 0: pickle[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: pickle[place] = Opcode.allCases.randomElement(using: &random)?.rawValue ?? 0
        case 2: pickle.remove(at: place)
        case 3: pickle.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
        default: pickle.removeSubrange(place...)
        }
      }
      guard let fast = reading.fast(pickle), let general = reading.general(pickle) else { continue }
      both += 1
      if fast != general {
        different += 1
        if different < 5 { Issue.record("\(hex(pickle)): \(zip(fast, general).filter { $0 != $1 })") }
      }
    }
    #expect(different == 0)
    // Neither all refused nor all taken: the loop reaches both.
    #expect((5_000...95_000).contains(both), "\(both)")
  }
}
