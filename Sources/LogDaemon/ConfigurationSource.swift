import LogRecords
import SharedState

/// Where the configuration comes from: a file that was named, the system's, or none.
public struct ConfigurationSource: Sendable, CustomStringConvertible {
  public static let systemFile = "/etc/onggi/onggi.toml"
  /// In `$STATE_DIRECTORY`: the file that the daemon last ran with.
  static let lastGoodName = "last-good.toml"

  /// What a file says.
  public struct Loaded: Sendable {
    /// nil: it has errors.
    public let configuration: Configuration?
    /// Without a configuration they say why; with one they are warnings.
    public let messages: [String]
    /// nil: there is no file.
    let bytes: [UInt8]?
    /// Whether it is what the daemon runs with where there is no file.
    public var isBuiltIn: Bool { configuration != nil && bytes == nil }
  }

  private let file: String?
  private let environment: DaemonEnvironment

  public init(_ file: String?, _ environment: DaemonEnvironment) {
    self.file = file
    self.environment = environment
  }

  public var description: String { file ?? ConfigurationSource.systemFile }

  /// Reads the file.
  public func load() -> Loaded {
    let path = description
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try SystemFiles.read(path, limit: TOMLDocument.maximumBytes + 1)
    } catch {
      if file == nil && error.isMissing {
        let builtIn = Configuration.builtIn(logsDirectory: environment.logsDirectory)
        let log = builtIn.handlers.compactMap { $0.file?.path }.joined(separator: ", ")
        return Loaded(configuration: builtIn, messages: ["onggi: no \(path): records go to \(log)"], bytes: nil)
      }
      return Loaded(configuration: nil, messages: ["\(path): error: \(error)"], bytes: nil)
    }
    return load(bytes, path)
  }

  private func load(_ bytes: [UInt8], _ path: String) -> Loaded {
    let checks = ConfigurationChecks(zoneExists: ConfigurationChecks.zones(of: environment.zones))
    let loader = ConfigurationLoader(directory: environment.logsDirectory, checks: checks)
    let (configuration, diagnostics) = loader.load(bytes: bytes, file: path)
    let messages = diagnostics.map(\.description)
    guard let configuration else { return Loaded(configuration: nil, messages: messages, bytes: bytes) }
    do throws(PlanError) {
      _ = try DaemonPlan(configuration, environment)
      return Loaded(configuration: configuration, messages: messages, bytes: bytes)
    } catch {
      return Loaded(configuration: nil, messages: messages + ["\(path): error: \(error)"], bytes: bytes)
    }
  }

  // MARK: The last good one

  private var lastGoodPath: String? { environment.stateDirectory.map { "\($0)/\(ConfigurationSource.lastGoodName)" } }

  /// What the file said when the daemon last ran with it, for a start at which it has errors. nil: none
  /// is kept, or it cannot be carried out any more either.
  public func lastGood() -> (configuration: Configuration, path: String)? {
    guard let path = lastGoodPath,
      let bytes = try? SystemFiles.read(path, limit: TOMLDocument.maximumBytes + 1),
      let configuration = load(bytes, path).configuration
    else { return nil }
    return (configuration, path)
  }

  /// Keeps what was loaded, since the daemon runs with it.
  public func keep(_ loaded: Loaded, _ log: DaemonLog) {
    guard let path = lastGoodPath, let bytes = loaded.bytes else { return }
    do throws(SystemError) {
      try SystemFiles.replace(path, with: bytes)
    } catch {
      log.write(.warning, "the configuration cannot be kept for a restart with a broken one: \(error)")
    }
  }
}
