import CZlib
import CZstd
import Foundation
import Glibc
import LogRecords
import Synchronization
import Testing

@testable import LogHandlers

struct CompressionTests {
  /// What a compressed file holds, up to so many bytes; nil where there is none, or it is none.
  private static func unpacked(_ path: String, most: Int = 2 << 20) -> [UInt8]? {
    guard let packed = FileManager.default.contents(atPath: path).map({ [UInt8]($0) }) else { return nil }
    var bytes = [UInt8](repeating: 0, count: most)
    if path.hasSuffix(".zst") {
      let count = unsafe ZSTD_decompress(&bytes, bytes.count, packed, packed.count)
      return ZSTD_isError(count) == 0 ? Array(bytes.prefix(count)) : nil
    }
    guard let file = unsafe gzopen(path, "rb"), packed.starts(with: [0x1F, 0x8B]) else { return nil }
    defer { unsafe gzclose(file) }
    let count = unsafe gzread(file, &bytes, UInt32(bytes.count))
    return count >= 0 ? Array(bytes.prefix(Int(count))) : nil
  }

  private func unpacked(_ bench: HandlerBench, _ suffix: String) -> String? {
    Self.unpacked(bench.path + suffix).map { String(decoding: $0, as: UTF8.self) }
  }

  private static func make(_ path: String, _ bytes: [UInt8], age: TimeInterval = 0) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let date = Date(timeIntervalSinceNow: -age)
    try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
  }

  /// Bytes that no compressor makes shorter.
  private static func noise(_ count: Int) -> [UInt8] {
    [UInt8](FileHandle(forReadingAtPath: "/dev/urandom")?.readData(ofLength: count) ?? Data())
  }

  private static func everySecond() throws -> RolloverSchedule {
    try RolloverSchedule(when: .seconds, utc: true, zone: .utc)
  }

  /// While files rotate as fast as they can, each ends up where Python's shift would have left it.
  @Test(arguments: Compression.allCases)
  func rotatedFilesAreCompressedWhereTheyAre(_ compression: Compression) throws {
    let bench = try HandlerBench(
      .size(maxBytes: 2000, backupCount: 8), backups: BackupOptions(compression: compression))
    var model = RotatingFileTests.Model(maxBytes: 2000, backupCount: 8)
    for number in 0..<3000 {
      let record = "\(number) " + String(repeating: "x", count: number % 90) + "\n"
      bench.write(record)
      model.write(record)
      if number % 500 == 0 { usleep(20_000) }
    }
    let expected = ["app.log"] + (1...8).map { "app.log.\($0)\(compression.ending)" }
    #expect(bench.eventually { bench.names == expected }, "\(bench.names)")
    for number in 1...8 { #expect(unpacked(bench, ".\(number)\(compression.ending)") == model.files[number]) }
    #expect(bench.text() == model.files[0])
    #expect(bench.events.backupFailures.load(ordering: .relaxed) == 0)
  }

  @Test func timedFilesAreCompressedToo() throws {
    let bench = try HandlerBench(
      .timed(try Self.everySecond(), backupCount: 2), backups: BackupOptions(compression: .zstd)
    ) { path in
      try Self.make(path, Array("old\n".utf8), age: 3600)
      for name in [".2020-01-01_00-00-00.gz", ".2021-01-01_00-00-00", ".2022-01-01_00-00-00.zst"] {
        try Self.make(path + name, Array(name.utf8), age: 9999)
      }
    }
    bench.write("new\n")
    let rest = ["app.log", "app.log.2022-01-01_00-00-00.zst"]
    #expect(
      bench.eventually {
        let names = bench.names
        return names.count == 3 && Array(names.prefix(2)) == rest && names[2].hasSuffix(".zst")
      }, "\(bench.names)")
    #expect(unpacked(bench, String(bench.names[2].dropFirst("app.log".count))) == "old\n")
  }

  @Test func aTimedNameWhoseCompressedFileExistsIsTaken() throws {
    let old = Date(timeIntervalSince1970: 1_716_998_400)
    let bench = try HandlerBench(
      .timed(try Self.everySecond(), backupCount: 0), backups: BackupOptions(compression: .gzip)
    ) { path in
      try Self.make(path, Array("second\n".utf8), age: -old.timeIntervalSinceNow)
      try Self.make(path + ".2024-05-29_16-00-00.gz", Array("first".utf8))
    }
    bench.write("new\n")
    #expect(bench.eventually { unpacked(bench, ".2024-05-29_16-00-00.001.gz") == "second\n" }, "\(bench.names)")
    #expect(bench.text(".2024-05-29_16-00-00.gz") == "first")
  }

  @Test func permissionsGroupAndTimeStay() throws {
    let date = Date(timeIntervalSince1970: 1_716_998_400.125)
    let bench = try HandlerBench(
      .size(maxBytes: 1000, backupCount: 3), backups: BackupOptions(compression: .gzip)
    ) { path in
      try Self.make(path + ".2", Array("text".utf8))
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o604, .modificationDate: date], ofItemAtPath: path + ".2")
      if getuid() == 0 { _ = unsafe chown(path + ".2", 1234, 2345) }
    }
    let path = bench.path + ".2.gz"
    #expect(bench.eventually { bench.names == ["app.log", "app.log.2.gz"] }, "\(bench.names)")
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o604)
    #expect(abs((attributes[.modificationDate] as? Date ?? .distantPast).timeIntervalSince(date)) < 1e-6)
    if getuid() == 0 {
      #expect((attributes[.ownerAccountID] as? NSNumber)?.intValue == 1234)
      #expect((attributes[.groupOwnerAccountID] as? NSNumber)?.intValue == 2345)
    }
  }

  /// Of the file that is written, of the one before it, and of its compressed copy.
  @Test func theConfiguredPermissionsAndGroupStay() throws {
    let group: UInt32? = getuid() == 0 ? 2345 : nil
    let bench = try HandlerBench(
      .size(maxBytes: 10, backupCount: 3), backups: BackupOptions(compression: .zstd), permissions: 0o624, group: group)
    bench.write("1234567\n", "abcdefg\n", "hijklmn\n")
    #expect(
      bench.eventually { bench.names == ["app.log", "app.log.1.zst", "app.log.2.zst"] }, "\(bench.names)")
    for name in bench.names {
      let attributes = try FileManager.default.attributesOfItem(atPath: bench.folder + "/" + name)
      #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o624, "\(name)")
      if let group { #expect((attributes[.groupOwnerAccountID] as? NSNumber)?.uint32Value == group, "\(name)") }
    }
  }

  /// A long file moves on, or goes, while it is compressed.
  @Test(arguments: [3, 40]) func aFileThatIsRenamedMeanwhileKeepsItsPlace(rollovers: Int) throws {
    let long = Self.noise(40 << 20)
    let bench = try HandlerBench(
      .size(maxBytes: 10, backupCount: 20), backups: BackupOptions(compression: .gzip)
    ) { try Self.make($0 + ".1", long) }
    #expect(bench.eventually { bench.names.contains { $0.hasPrefix(".app.log.compressing-") } })
    for number in 0...rollovers {
      bench.write("\(number) 345678\n")
      usleep(2000)
    }
    #expect(bench.names.contains { $0.hasPrefix(".app.log.compressing-") }, "it took longer than the rollovers")
    let backups = min(20, rollovers + 1)
    let expected = (["app.log"] + (1...backups).map { "app.log.\($0).gz" }).sorted()
    #expect(bench.eventually { bench.names == expected }, "\(bench.names)")
    for number in 1...backups where number != rollovers + 1 {
      #expect(unpacked(bench, ".\(number).gz") == "\(rollovers - number) 345678\n", "file \(number)")
    }
    if rollovers < 20 {
      #expect(Self.unpacked(bench.path + ".\(rollovers + 1).gz", most: long.count + 1) == long)
    }
    #expect(bench.events.backupFailures.load(ordering: .relaxed) == 0)
  }

  /// A process was killed while it compressed 1, and another when 2 had its copy but its original was
  /// still there. 3's compressed file is somebody else's.
  @Test func whatAKilledProcessLeftIsFinished() throws {
    let text = Array(String(repeating: "line\n", count: 1000).utf8)
    let first = try HandlerBench(
      .size(maxBytes: 1000, backupCount: 3), backups: BackupOptions(compression: .gzip)
    ) { try Self.make($0 + ".2", text, age: 100) }
    #expect(first.eventually { first.names == ["app.log", "app.log.2.gz"] })
    first.handler.retire()
    try Data(text).write(to: URL(fileURLWithPath: first.path + ".2"))
    var times = stat()
    #expect(unsafe stat(first.path + ".2.gz", &times) == 0)
    #expect(unsafe utimensat(AT_FDCWD, first.path + ".2", [times.st_mtim, times.st_mtim], 0) == 0)

    let second = try HandlerBench(
      .size(maxBytes: 1000, backupCount: 3), folder: first.folder, backups: BackupOptions(compression: .gzip)
    ) { path in
      try Self.make(path + ".1", Array("one".utf8))
      try Self.make(path + ".3", Array("three".utf8))
      try Self.make(path + ".3.gz", Array("theirs".utf8), age: 5)
      try Self.make(first.folder + "/.app.log.compressing-7", [1, 2, 3])
      try Self.make(first.folder + "/.app.log.compressing-x", [])
    }
    let expected = [
      ".app.log.compressing-x", "app.log", "app.log.1.gz", "app.log.2.gz", "app.log.3", "app.log.3.gz",
    ]
    #expect(second.eventually { second.names == expected }, "\(second.names)")
    #expect(Self.unpacked(second.path + ".2.gz") == text && unpacked(second, ".1.gz") == "one")
    #expect(second.text(".3") == "three" && second.text(".3.gz") == "theirs")
  }

  /// Somebody compressed a file himself and kept it, as `gzip -k` does, which also keeps the time.
  @Test func aCopyOfSomebodyElseStaysAndKeepsNobodyWaiting() throws {
    let bench = try HandlerBench(
      .size(maxBytes: 10, backupCount: 9), backups: BackupOptions(compression: .gzip)
    ) { path in
      for number in 1...3 { try Self.make("\(path).\(number)", Array("text \(number)".utf8), age: Double(number)) }
      try Data("theirs".utf8).write(to: URL(fileURLWithPath: path + ".1.gz"))
      var times = stat()
      #expect(unsafe stat(path + ".1", &times) == 0)
      #expect(unsafe utimensat(AT_FDCWD, path + ".1.gz", [times.st_mtim, times.st_mtim], 0) == 0)
    }
    let expected = ["app.log", "app.log.1", "app.log.1.gz", "app.log.2.gz", "app.log.3.gz"]
    #expect(bench.eventually { bench.names == expected }, "\(bench.names)")
    #expect(bench.text(".1") == "text 1" && bench.text(".1.gz") == "theirs" && unpacked(bench, ".3.gz") == "text 3")
    #expect(bench.events.backupFailures.load(ordering: .relaxed) == 1)
    // With every further rollover, too.
    bench.write("1234567\n", "abcdefg\n")
    #expect(bench.eventually { bench.names.contains("app.log.1.gz") && !bench.names.contains("app.log.1") })
    #expect(bench.text(".2") == "text 1" && bench.text(".2.gz") == "theirs" && unpacked(bench, ".4.gz") == "text 3")
    #expect(bench.events.backupFailures.load(ordering: .relaxed) == 1)
  }

  @Test(.enabled(if: mayMount)) func withoutRoomTheFileStaysAndIsTriedAgain() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "onggi-full-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    #expect(succeeds("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder))
    defer { _ = succeeds("umount", "-l", folder) }
    let noise = Self.noise(1_200_000)
    let bench = try HandlerBench(
      .size(maxBytes: 10, backupCount: 9), folder: folder, backups: BackupOptions(compression: .zstd)
    ) { try Self.make($0 + ".1", noise) }
    #expect(bench.eventually { bench.events.backupFailures.load(ordering: .relaxed) == 1 })
    #expect(bench.names == ["app.log", "app.log.1"])
    // Others are compressed all the same, and it is not said again.
    bench.write("1234567\n", "abcdefg\n")
    #expect(bench.eventually { bench.names == ["app.log", "app.log.1.zst", "app.log.2"] }, "\(bench.names)")
    bench.write("hijklmn\n")
    #expect(bench.eventually { bench.names.contains("app.log.2.zst") && bench.names.count == 4 })
    #expect(succeeds("mount", "-o", "remount,size=8m", folder))
    bench.write("opqrstu\n")
    #expect(
      bench.eventually { bench.names == ["app.log"] + (1...4).map { "app.log.\($0).zst" } }, "\(bench.names)")
    #expect(Self.unpacked(bench.path + ".4.zst") == noise)
    #expect(bench.eventually { bench.events.backupRecoveries.load(ordering: .relaxed) >= 1 })
  }

  @Test func aHandlerThatIsReplacedGivesUp() throws {
    let bench = try HandlerBench(
      .size(maxBytes: 10, backupCount: 20), backups: BackupOptions(compression: .gzip)
    ) { try Self.make($0 + ".1", Self.noise(40 << 20)) }
    #expect(bench.eventually { bench.names.contains { $0.hasPrefix(".app.log.compressing-") } })
    bench.handler.retire()
    #expect(bench.eventually { bench.names == ["app.log", "app.log.1"] }, "\(bench.names)")
  }
}
