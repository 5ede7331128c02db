import Testing

@testable import LogDaemon

struct ConfigurationQuantityTests {
  @Test(arguments: [
    ("0B", 0), ("64kB", 64_000), ("100MiB", 104_857_600), ("100 MB", 100_000_000), ("1TiB", 1 << 40),
    ("2GB", 2_000_000_000),
    ("3KiB", 3072), ("8388607TiB", 8_388_607 << 40),
  ])
  func sizes(_ text: String, _ bytes: Int) { #expect(Quantities.size(text) == bytes) }

  @Test(arguments: [
    "", "MiB", "1", "1 ", "1  MB", "-1MB", "1.5MB", "1mb", "1MBx", "٣MB", "9223372036854775808B", "8388608TiB",
  ])
  func noSizes(_ text: String) { #expect(Quantities.size(text) == nil) }

  @Test(arguments: [
    ("500ms", Duration.milliseconds(500)), ("10s", .seconds(10)), ("2min", .seconds(120)), ("1h", .seconds(3600)),
    ("7 d", .seconds(604_800)), ("0s", .zero),
  ])
  func durations(_ text: String, _ duration: Duration) { #expect(Quantities.duration(text) == duration) }

  @Test(arguments: ["", "10", "10m", "1S", "1h30min", "36526d", "9223372036854775807d", "-1s"])
  func noDurations(_ text: String) { #expect(Quantities.duration(text) == nil) }

  @Test func secondsAreBounded() {
    #expect(Quantities.duration(seconds: 36_525 * 86_400) == Quantities.maximumDuration)
    #expect(Quantities.duration(seconds: 36_525 * 86_400 + 1) == nil)
    #expect(Quantities.duration(seconds: .max) == nil)
    #expect(Quantities.duration(seconds: -1) == nil)
  }

  @Test(arguments: [("0640", 0o640), ("640", 0o640), ("0777", 0o777), ("000", 0)] as [(String, UInt32)])
  func permissions(_ text: String, _ bits: UInt32) { #expect(Quantities.permissions(text) == bits) }

  @Test(arguments: ["", "8", "64", "0648", "1777", "00640", "+640", "0o640", "rw-"])
  func noPermissions(_ text: String) { #expect(Quantities.permissions(text) == nil) }

  @Test(arguments: [("00:00", 0), ("03:30:15", 12_615), ("23:59:59", 86_399)])
  func clockTimes(_ text: String, _ seconds: Int) { #expect(Quantities.clockTime(text) == seconds) }

  @Test(arguments: ["", "3:30", "24:00", "12:60", "12:00:60", "12:00:00.5", "12", "12:00:00:00", "+1:00", "12:0٣"])
  func noClockTimes(_ text: String) { #expect(Quantities.clockTime(text) == nil) }

  @Test func rates() {
    #expect(Quantities.rate("100/s") == .init(records: 100, per: .seconds(1)))
    #expect(Quantities.rate("1000/min") == .init(records: 1000, per: .seconds(60)))
    for text in ["", "0/s", "1/", "/s", "1/week", "1/s/s", "-1/s", "1 / s"] { #expect(Quantities.rate(text) == nil) }
  }

  @Test(arguments: [
    ("/a/b", "/a/b"), ("b.log", "/x/y/b.log"), ("../b", "/x/b"), ("./a//b/./c", "/x/y/a/b/c"), ("/../..", "/"),
    ("/a/../b/", "/b"), ("...", "/x/y/..."),
  ])
  func paths(_ path: String, _ absolute: String) { #expect(FilePath.absolute(path, in: "/x/y") == absolute) }

  @Test(arguments: [
    ("formater", "format"), ("fmt", "format"), ("max_bytes", "maxBytes"), ("MAXBYTES", "maxBytes"), ("levle", "level"),
    ("backupcount", "backupCount"),
  ])
  func nearMisses(_ word: String, _ meant: String) {
    #expect(NearMiss.best(for: word, among: ["format", "formatters", "maxBytes", "level", "backupCount"]) == meant)
  }

  @Test(arguments: ["", "x", "-", "xyzzy", "colour", String(repeating: "level", count: 100_000)])
  func noNearMisses(_ word: String) {
    #expect(NearMiss.best(for: word, among: ["format", "maxBytes", "level", "backupCount"]) == nil)
  }

  @Test func distancesCountExchangedNeighboursOnce() {
    let distance = { (left: String, right: String) in
      NearMiss.distance(Array(left.unicodeScalars), Array(right.unicodeScalars))
    }
    #expect(distance("ab", "ba") == 1)
    #expect(distance("kitten", "sitting") == 3)
    #expect(distance("", "abc") == 3)
    #expect(distance("abc", "") == 3)
  }
}

struct InternetAddressTests {
  @Test(arguments: [
    ("127.0.0.1:9020", "127.0.0.1:9020"), ("localhost:0", "127.0.0.1:0"), ("[::]:65535", "[::]:65535"),
    ("[::1]:1", "[::1]:1"), ("[2001:DB8:0:0:1:0:0:1]:1", "[2001:db8::1:0:0:1]:1"),
    ("[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.1]:1"), ("[1:2:3:4:5:6:7:8]:1", "[1:2:3:4:5:6:7:8]:1"),
    ("[1:0:3:4:5:6:7:8]:1", "[1:0:3:4:5:6:7:8]:1"), ("[fe80::]:1", "[fe80::]:1"),
    ("[1:2:3:4:5:6:7::]:1", "[1:2:3:4:5:6:7:0]:1"),
  ])
  func addresses(_ text: String, _ canonical: String) { #expect(InternetAddress(text)?.description == canonical) }

  @Test(arguments: [
    "", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:http", "127.0.0.01:1",
    "127.0.1:1",
    "256.0.0.1:1", "::1:9020", "[::1]", "[]:1", "[:::]:1", "[1::2::3]:1", "[1:2:3:4:5:6:7:8:9]:1",
    "[1:2:3:4:5:6:7:8::]:1",
    "[fe80::1%eth0]:1", "[12345::]:1", "[::1.2.3.4.5]:1", "[1.2.3.4::]:1", "[127.0.0.1]:1", "example.org:9020",
    "[:1]:1", "[1:]:1",
    "[+1::]:1",
  ])
  func noAddresses(_ text: String) { #expect(InternetAddress(text) == nil) }

  @Test func loopbackAndUnspecified() {
    for text in ["127.0.0.1:1", "127.255.0.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
      #expect(InternetAddress(text)?.isLoopback == true)
    }
    for text in ["128.0.0.1:1", "[::]:1", "0.0.0.0:1", "[::ffff:10.0.0.1]:1", "[::2]:1"] {
      #expect(InternetAddress(text)?.isLoopback == false)
    }
    #expect(InternetAddress("[::]:1")?.isUnspecified == true)
    #expect(InternetAddress("0.0.0.1:1")?.isUnspecified == false)
  }

  @Test func blocksContainWhatTheirPrefixSays() throws {
    let contains = { (block: String, address: String) in
      AddressBlock(block)?.contains(InternetAddress(address + ":1")?.bytes ?? [])
    }
    #expect(contains("10.0.0.0/8", "10.255.1.2") == true)
    #expect(contains("10.0.0.0/8", "11.0.0.0") == false)
    #expect(contains("10.1.128.0/17", "10.1.129.1") == true)
    #expect(contains("10.1.128.0/17", "10.1.127.1") == false)
    #expect(contains("0.0.0.0/0", "1.2.3.4") == true)
    #expect(contains("0.0.0.0/0", "[::1]") == false)
    #expect(contains("10.0.0.1", "10.0.0.1") == true)
    #expect(contains("10.0.0.1", "10.0.0.2") == false)
    #expect(contains("fd00::/8", "[fdff::1]") == true)
    #expect(contains("fd00::/8", "[fe00::1]") == false)
    #expect(contains("10.0.0.0/8", "[::ffff:10.1.1.1]") == true)
    #expect(contains("10.0.0.0/8", "[::ffff:11.1.1.1]") == false)
    #expect(contains("10.0.0.0/8", "[::10.1.1.1]") == false)
    #expect(AddressBlock("10.1.2.3/12")?.description == "10.0.0.0/12")
    #expect(AddressBlock("10.0.0.0/8")?.contains([]) == false)
  }

  @Test(arguments: ["", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/8/8", "10/8", "10.0.0.0/-1", "a"])
  func noBlocks(_ text: String) { #expect(AddressBlock(text) == nil) }
}
