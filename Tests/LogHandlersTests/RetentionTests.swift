import Foundation
import LogRecords
import Synchronization
import Testing

@testable import LogHandlers

struct RetentionTests {
  private static func make(_ path: String, size: Int, age: TimeInterval = 0) throws {
    try Data(count: size).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: path)
  }

  private func total(_ bench: HandlerBench) -> Int {
    bench.names.reduce(0) { $0 + ((try? FileCalls.status(bench.folder + "/" + $1))?.size ?? 0) }
  }

  /// The total is kept with every record, and the file itself is never removed for it.
  @Test func theOldestFilesGoWhenAllAreTooLarge() throws {
    let bench = try HandlerBench(
      .size(maxBytes: 1000, backupCount: 100), backups: BackupOptions(maxTotalBytes: 3500)
    ) { path in
      try Self.make(path + ".7", size: 2000)
      try Self.make(path + ".9", size: 2000)
      // None of its own.
      try Self.make(path + ".bak", size: 10)
    }
    for number in 0..<200 {
      bench.write(String(repeating: "\(number % 10)", count: 99) + "\n")
      #expect(total(bench) <= 3510, "after \(number)")
    }
    // 900 bytes each: rolled over before they would have had 1000.
    #expect(bench.names == ["app.log", "app.log.1", "app.log.2", "app.log.3", "app.log.bak"], "\(bench.names)")
    for _ in 0..<8 { bench.write(String(repeating: "x", count: 899) + "\n") }
    #expect(total(bench) <= 3510 && total(bench) > 2500)
  }

  @Test func aFileThatIsTooLargeAloneStays() throws {
    let bench = try HandlerBench(
      .size(maxBytes: 100_000, backupCount: 5), backups: BackupOptions(maxTotalBytes: 1000)
    ) { try Self.make($0 + ".1", size: 500) }
    bench.write(String(repeating: "x", count: 2000) + "\n", "y\n")
    #expect(bench.names == ["app.log"] && bench.text()?.utf8.count == 2003)
  }

  @Test func filesGoWhenTheyAreTooOld() throws {
    let bench = try HandlerBench(
      .size(maxBytes: 1000, backupCount: 100), backups: BackupOptions(maxAge: .seconds(100))
    ) { path in
      try Self.make(path, size: 10, age: 1000)
      try Self.make(path + ".1", size: 10, age: 50)
      try Self.make(path + ".2", size: 10, age: 98)
      try Self.make(path + ".3", size: 10, age: 102)
    }
    #expect(bench.eventually { bench.names == ["app.log", "app.log.1", "app.log.2"] }, "\(bench.names)")
  }

  /// Without a record, too.
  @Test func filesThatBecomeTooOldGo() throws {
    let schedule = try RolloverSchedule(when: .days, utc: true, zone: .utc)
    let bench = try HandlerBench(
      .timed(schedule, backupCount: 0), backups: BackupOptions(maxAge: .seconds(2))
    ) { try Self.make($0 + ".2024-05-29", size: 10) }
    #expect(bench.names == ["app.log", "app.log.2024-05-29"])
    #expect(bench.eventually { bench.names == ["app.log"] }, "\(bench.names)")
  }
}
