import Glibc
import LogDaemon

/// Exit statuses, as in sysexits.h.
enum ExitStatus {
  static let success: Int32 = 0
  static let failure: Int32 = 1
  static let usage: Int32 = 64
  static let data: Int32 = 65
  static let noInput: Int32 = 66
  static let unavailable: Int32 = 69
  static let configuration: Int32 = 78
}

/// Carries out a command line; returns the exit status.
func run(_ arguments: [String]) -> Int32 {
  let command: Command
  do throws(UsageError) {
    command = try CommandSpecification.parse(arguments)
  } catch {
    complain("\(error.message); onggi --help shows what there is")
    return ExitStatus.usage
  }
  switch command {
  case .help: return say(CommandSpecification.help)
  case .version: return say("onggi \(Version.text)\n")
  case .completions(let shell):
    guard let script = CommandSpecification.completions(shell) else {
      complain("no completions for \(shell)")
      return ExitStatus.usage
    }
    return say(script)
  case .check(let file): return check(file)
  case .decode(let typed, let bare, let file): return decode(typed: typed, bare: bare, file: file)
  case .serve(let file): return serve(file)
  case .status(let json, let file): return status(json: json, file)
  case .reload(let file): return reload(file)
  }
}

/// Writes to standard output.
func say(_ text: String) -> Int32 {
  SystemFiles.write(Array(text.utf8), to: STDOUT_FILENO) ? ExitStatus.success : ExitStatus.failure
}

/// Writes to standard error.
func complain(_ text: String) { SystemFiles.write(Array("onggi: \(text)\n".utf8), to: STDERR_FILENO) }

private func check(_ file: String?) -> Int32 {
  let source = ConfigurationSource(file, DaemonEnvironment())
  let loaded = source.load()
  for message in loaded.messages { SystemFiles.write(Array("\(message)\n".utf8), to: STDERR_FILENO) }
  return loaded.configuration == nil ? ExitStatus.configuration : ExitStatus.success
}
