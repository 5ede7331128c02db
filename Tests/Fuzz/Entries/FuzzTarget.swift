/// What the fuzzers feed with bytes, by the name of the fuzzer. `Tests/Fuzz/run` searches inputs for
/// them, and a unit test replays those that were kept.
public enum FuzzTarget: String, CaseIterable, Sendable {
  case pickle = "FuzzPickle"
  case frames = "FuzzFrames"
  case toml = "FuzzTOML"
  case format = "FuzzFormat"
  case pattern = "FuzzPattern"
  case control = "FuzzControl"
  case state = "FuzzState"
  case recovery = "FuzzRecovery"

  /// Whatever the bytes are, this returns; it traps where a promise is broken.
  public func run(_ bytes: [UInt8]) {
    switch self {
    case .pickle: PickleEntry.run(bytes)
    case .frames: FramesEntry.run(bytes)
    case .toml: TOMLEntry.run(bytes)
    case .format: FormatEntry.run(bytes)
    case .pattern: PatternEntry.run(bytes)
    case .control: ControlEntry.run(bytes)
    case .state: StateEntry.run(bytes)
    case .recovery: RecoveryEntry.run(bytes)
    }
  }
}
