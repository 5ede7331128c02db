import LogDaemon

/// A configuration file.
enum TOMLEntry {
  private static let loader = ConfigurationLoader(
    directory: "/var/log/onggi",
    checks: ConfigurationChecks(zoneExists: { $0 == "Asia/Seoul" }))

  static func run(_ bytes: [UInt8]) {
    let (configuration, diagnostics) = loader.load(bytes: bytes, file: "o.toml")
    let messages = diagnostics.map(\.description)
    promise(configuration != nil || !messages.isEmpty, "what is refused is refused with a reason")
    promise(messages.allSatisfy { $0.hasPrefix("o.toml:") }, "a message begins with the place")
  }
}

/// libFuzzer's entry: see `Tests/Fuzz/run`.
@_cdecl("FuzzTOML")
public func fuzzTOML(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  TOMLEntry.run(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
