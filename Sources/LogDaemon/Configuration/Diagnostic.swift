/// What is wrong, or doubtful, in a configuration file.
public struct Diagnostic: Sendable, Equatable, CustomStringConvertible {
  public enum Severity: String, Sendable {
    /// The configuration cannot be used.
    case error
    /// It can, but hardly means what its author wants.
    case warning
  }

  public var severity: Severity
  public var file: String
  public var line: Int
  public var column: Int
  public var message: String

  public init(_ severity: Severity, file: String, at position: TOMLPosition, _ message: String) {
    self.severity = severity
    self.file = file
    line = position.line
    column = position.column
    self.message = message
  }

  /// `FILE:LINE:COLUMN: error: …`, as compilers write it and editors read it.
  public var description: String { "\(file):\(line):\(column): \(severity.rawValue): \(message)" }
}

/// A configuration file that is not TOML: the first syntax error in it.
public struct ConfigurationError: Error, Sendable, Equatable {
  public var file: String
  public var line: Int
  public var column: Int
  public var message: String

  init(file: String, at position: TOMLPosition, _ message: String) {
    self.file = file
    line = position.line
    column = position.column
    self.message = message
  }

  public var diagnostic: Diagnostic {
    Diagnostic(.error, file: file, at: TOMLPosition(line: line, column: column), message)
  }
}

/// The diagnostics of one file, gathered while it is read.
final class DiagnosticCollector {
  let file: String
  private var diagnostics: [Diagnostic] = []

  init(file: String) { self.file = file }

  var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

  func error(_ message: String, at position: TOMLPosition) {
    diagnostics.append(Diagnostic(.error, file: file, at: position, message))
  }

  func warning(_ message: String, at position: TOMLPosition) {
    diagnostics.append(Diagnostic(.warning, file: file, at: position, message))
  }

  /// By position; those of one position in the order in which they were found.
  var sorted: [Diagnostic] {
    diagnostics.enumerated().sorted { left, right in
      (left.element.line, left.element.column, left.offset) < (right.element.line, right.element.column, right.offset)
    }.map(\.element)
  }
}
