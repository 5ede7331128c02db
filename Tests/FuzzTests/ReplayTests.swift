import Foundation
import FuzzEntries
import Testing

/// Inputs that fuzzers found worth keeping, and all that ever failed.
struct ReplayTests {
  private static func files(_ folder: String, _ target: FuzzTarget) -> [URL] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fuzz/\(folder)/\(target.rawValue)")
    return (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
  }

  @Test(arguments: FuzzTarget.allCases)
  func keptInputsKeepThePromises(target: FuzzTarget) throws {
    let corpus = Self.files("Corpus", target)
    #expect(corpus.count > 10)
    for file in corpus + Self.files("Regressions", target) { target.run([UInt8](try Data(contentsOf: file))) }
  }
}
