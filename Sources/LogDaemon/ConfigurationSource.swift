import LogRecords
import SharedState

/// Where the configuration comes from: a file that was named, the system's, or none.
public struct ConfigurationSource: Sendable, CustomStringConvertible {
  public static let systemFile = "/etc/onggi/onggi.toml"

  private let file: String?
  private let environment: DaemonEnvironment

  public init(_ file: String?, _ environment: DaemonEnvironment) {
    self.file = file
    self.environment = environment
  }

  public var description: String { file ?? ConfigurationSource.systemFile }

  /// Reads the file. Without a configuration the messages say why; with one they are warnings.
  public func load() -> (Configuration?, [String]) {
    let path = file ?? ConfigurationSource.systemFile
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try SystemFiles.read(path, limit: TOMLDocument.maximumBytes + 1)
    } catch {
      if file == nil && error.isMissing {
        let builtIn = Configuration.builtIn(logsDirectory: environment.logsDirectory)
        let log = builtIn.handlers.compactMap { $0.file?.path }.joined(separator: ", ")
        return (builtIn, ["onggi: no \(path): records go to \(log)"])
      }
      return (nil, ["\(path): error: \(error)"])
    }
    let checks = ConfigurationChecks(zoneExists: ConfigurationChecks.zones(of: environment.zones))
    let loader = ConfigurationLoader(directory: environment.logsDirectory, checks: checks)
    let (configuration, diagnostics) = loader.load(bytes: bytes, file: path)
    var messages = diagnostics.map(\.description)
    guard let configuration else { return (nil, messages) }
    do throws(PlanError) {
      _ = try DaemonPlan(configuration, environment)
      return (configuration, messages)
    } catch {
      messages.append("\(path): error: \(error)")
      return (nil, messages)
    }
  }
}
