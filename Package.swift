// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is built with: no warnings, no unsafe construct that is not marked.
let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .enableExperimentalFeature("Lifetimes"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// What the daemon is built with: it does without regular expressions and tasks, which are imported unless one
/// says so and are a fifth of a static binary's code, as soon as one of their functions is called.
let lean: [SwiftSetting] =
  strict + [
    .unsafeFlags([
      "-Xfrontend", "-disable-implicit-string-processing-module-import",
      "-Xfrontend", "-disable-implicit-concurrency-module-import",
    ])
  ]

let package = Package(
  name: "onggi",
  targets: [
    .target(name: "CLinux"),
    .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
    // toml++ (libtomlplusplus-dev) is header-only: compiled here, nothing to link.
    .target(name: "CTOML"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .target(name: "Pickle", swiftSettings: lean),
    .target(name: "LogRecords", dependencies: ["Pickle"], swiftSettings: lean),
    .target(name: "SharedState", dependencies: ["CLinux", "Pickle"], swiftSettings: lean),
    .target(
      name: "LogHandlers", dependencies: ["CLinux", "CZlib", "CZstd", "LogRecords", "SharedState"],
      swiftSettings: lean),
    .target(
      name: "LogListeners", dependencies: ["CLinux", "LogRecords", "Pickle", "SharedState"], swiftSettings: lean),
    .target(
      name: "LogDaemon",
      dependencies: [
        "CTOML", "CSystemd", "CLinux", "LogListeners", "LogHandlers", "LogRecords", "Pickle", "SharedState",
      ],
      swiftSettings: lean),
    .executableTarget(
      name: "onggi", dependencies: ["LogDaemon", "LogListeners", "LogHandlers", "LogRecords", "Pickle"],
      exclude: ["sections.ld"], swiftSettings: lean,
      // Relocations in a twentieth of the space, which is read at every start: only GNU ld packs them
      // so that glibc takes them. And constants that cannot be written.
      linkerSettings: [
        .unsafeFlags(
          [
            "-use-ld=bfd", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs",
            "-Xlinker", "-T", "-Xlinker", "\(Context.packageDirectory)/Sources/onggi/sections.ld",
          ], .when(configuration: .release))
      ]),
    .executableTarget(
      name: "onggi-bench", dependencies: ["LogDaemon", "LogRecords", "Pickle", "SharedState"],
      exclude: ["FINDINGS.md", "ceilings", "gate", "real-senders"], swiftSettings: strict),
    .target(name: "TestSupport", dependencies: ["SharedState"], path: "Tests/TestSupport", swiftSettings: strict),
    .testTarget(name: "PickleTests", dependencies: ["Pickle", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "LogRecordsTests", dependencies: ["LogRecords", "Pickle", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "OnggiTests", dependencies: ["onggi", "LogDaemon"], swiftSettings: strict),
    .testTarget(
      name: "LogDaemonTests", dependencies: ["LogDaemon", "LogHandlers", "LogRecords", "SharedState"],
      swiftSettings: strict),
    .testTarget(name: "SharedStateTests", dependencies: ["SharedState", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "LogHandlersTests",
      dependencies: ["CZlib", "CZstd", "LogHandlers", "LogRecords", "SharedState", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "LogListenersTests", dependencies: ["LogListeners", "LogRecords", "Pickle", "SharedState", "TestSupport"],
      swiftSettings: strict),
    .target(
      name: "FuzzEntries",
      dependencies: ["LogDaemon", "LogListeners", "LogHandlers", "LogRecords", "Pickle", "SharedState"],
      path: "Tests/Fuzz/Entries", swiftSettings: strict),
    .testTarget(name: "FuzzTests", dependencies: ["FuzzEntries"], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)

// Tests/Fuzz/run links this to libFuzzer, which has a main of its own.
if Context.environment["ONGGI_FUZZ"] != nil {
  package.products.append(.library(name: "FuzzEntries", type: .static, targets: ["FuzzEntries"]))
}

// .ci/run builds some of the test targets alone for a sanitizer.
if let names = Context.environment["ONGGI_TESTS"]?.split(separator: " ").map(String.init) {
  package.targets.removeAll { $0.type == .test && !names.contains($0.name) }
}
