import Foundation
import Testing

@testable import Pickle

/// Pickles of real CPythons (`Tests/Fixtures/make-fixtures`), and what those CPythons say they hold.
struct PickleFixtureTests {
  struct Fixture: Decodable {
    var id: String
    var pickle: Data
  }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures")

  static func lines(_ file: String) throws -> [Data] {
    try Data(contentsOf: folder.appending(path: file)).split(separator: UInt8(ascii: "\n")).map { Data($0) }
  }

  /// A record's pairs in the order of their keys: dictionaries of old Pythons have none.
  private func sorted(_ object: Any) -> Any {
    guard let dictionary = object as? [String: Any], let pairs = dictionary["dict"] as? [[Any]] else { return object }
    return ["dict": pairs.sorted { "\($0[0])" < "\($1[0])" }]
  }

  @Test(arguments: ["py27.jsonl", "py36.jsonl", "py313.jsonl"])
  func decodesAsPythonDoes(file: String) throws {
    let lines = try Self.lines(file)
    #expect(lines.count > 100)
    for line in lines {
      let fixture = try JSONDecoder().decode(Fixture.self, from: line)
      let expected = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])["value"]
      let text = decode([UInt8](fixture.pickle))
      let actual = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
      let isRecord = fixture.id.contains("record")
      let (got, want) = (isRecord ? sorted(actual) : actual, isRecord ? sorted(expected as Any) : expected as Any)
      #expect((got as? NSObject) == (want as? NSObject), "\(fixture.id): \(text)")
    }
  }
}

/// Bytes that nobody meant: whatever they are, `load` returns or throws.
struct PickleFuzzTests {
  private static func samples() throws -> [[UInt8]] {
    var samples: [[UInt8]] = []
    for file in ["py27.jsonl", "py36.jsonl", "py313.jsonl"] {
      for line in try PickleFixtureTests.lines(file) {
        let pickle = try JSONDecoder().decode(PickleFixtureTests.Fixture.self, from: line).pickle
        if pickle.count < 700 { samples.append([UInt8](pickle)) }
      }
    }
    return samples
  }

  @Test func everyPrefixOfEverySampleIsRefused() throws {
    let samples = try Self.samples()
    #expect(samples.count > 300)
    var unpickler = Unpickler()
    for sample in samples {
      let value = try unpickler.load(sample.rawBytes)
      _ = json(value, unpickler.arena, sample, .readable)
      for end in 0..<unpickler.consumed {
        do throws(PickleError) {
          _ = try unpickler.load(sample.rawBytes.extracting(0..<end))
          Issue.record("the first \(end) bytes were accepted")
        } catch {
          #expect(error.code == .truncated)
        }
      }
    }
  }

  /// Opcodes put in the place of bytes are what finds most.
  private static func mutate(_ pickle: inout [UInt8], with other: [UInt8], _ random: inout XorShift) {
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      guard let place = pickle.indices.randomElement(using: &random) else { return }
      switch random.next() % 6 {
      case 0: pickle[place] = UInt8(truncatingIfNeeded: random.next())
      case 1: pickle[place] = Opcode.allCases.randomElement(using: &random)?.rawValue ?? 0
      case 2: pickle.insert(Opcode.allCases.randomElement(using: &random)?.rawValue ?? 0, at: place)
      case 3: pickle.remove(at: place)
      case 4: pickle[place] ^= 1 << UInt8(random.next() % 8)
      default:
        let begin = Int.random(in: 0..<other.count, using: &random)
        let count = min(Int.random(in: 1...24, using: &random), other.count - begin)
        pickle.replaceSubrange(place..<min(place + count, pickle.count), with: other[begin..<begin + count])
      }
    }
  }

  @Test func mutatedPicklesNeitherTrapNorHang() throws {
    let samples = try Self.samples().filter { $0.count < 220 }
    #expect(samples.count > 200)
    var random = XorShift(seed: 0x0991_2024)
    var unpickler = Unpickler()
    var accepted = 0
    var out: [UInt8] = []
    var typed = PickleJSON(.typed)
    var readable = PickleJSON(.readable)
    for round in 0..<200_000 {
      var pickle = samples[round % samples.count]
      Self.mutate(&pickle, with: samples[Int(random.next() % UInt64(samples.count))], &random)
      guard let value = try? unpickler.load(pickle.rawBytes) else { continue }
      accepted += 1
      out.removeAll(keepingCapacity: true)
      typed.reset(pickleBytes: pickle.count)
      readable.reset(pickleBytes: pickle.count)
      try? typed.append(value, unpickler.arena, pickle.rawBytes, into: &out)
      try? readable.append(value, unpickler.arena, pickle.rawBytes, into: &out)
    }
    // Neither all refused nor all taken: the loop reaches both.
    #expect(accepted > 5_000)
    #expect(accepted < 195_000)
  }
}
