import SharedState

/// Where the control socket is.
public enum ControlPlaces {
  static let systemPath = "/run/onggi/control.sock"

  /// `$RUNTIME_DIRECTORY/control.sock`: systemd's RuntimeDirectory=, of several the first.
  private static var runtimePath: String? {
    SystemFiles.environment("RUNTIME_DIRECTORY")?.split(separator: ":").first.map { "\($0)/control.sock" }
  }

  /// The daemon's own.
  static func own(_ configuration: Configuration.Control) -> String {
    configuration.path ?? runtimePath ?? systemPath
  }

  /// Where a client looks for a daemon, in this order.
  ///
  /// Of the configuration only `control.path` is looked at, so that a daemon can be asked whatever
  /// else is wrong in the file.
  ///
  /// - Parameter file: nil: the system's, if there is one
  /// - Throws: what is wrong with a file that was named
  public static func forClient(_ file: String?) throws(PlanError) -> [String] {
    var places: [String] = []
    let path = file ?? ConfigurationSource.systemFile
    do throws(SystemError) {
      let bytes = try SystemFiles.read(path, limit: TOMLDocument.maximumBytes + 1)
      if let place = configured(bytes, path) { places.append(place) }
    } catch {
      if file != nil { throw PlanError("\(path): error: \(error)") }
    }
    if let runtimePath { places.append(runtimePath) }
    places.append(systemPath)
    var seen: Set<String> = []
    return places.filter { seen.insert($0).inserted }
  }

  /// nil also when the file cannot be read as TOML: the daemon says so itself when it is to reload it.
  private static func configured(_ bytes: [UInt8], _ file: String) -> String? {
    guard let document = try? TOMLDocument(parsing: bytes, file: file),
      case .table(let control)? = document.root["control"]?.value.kind,
      case .string(let path)? = control["path"]?.value.kind, path.hasPrefix("/")
    else { return nil }
    return FilePath.absolute(path, in: "/")
  }
}
