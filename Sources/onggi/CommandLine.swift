/// What the program was asked to do.
enum Command: Equatable {
  case serve(config: String?)
  case check(config: String?)
  case reload(config: String?)
  case status(json: Bool, config: String?)
  case decode(typed: Bool, bare: Bool, file: String?)
  case completions(shell: String)
  case help
  case version
}

/// What is wrong with the arguments.
struct UsageError: Error, Equatable {
  let message: String
}

/// The commands and their options: parsing, help and completions all come from this table.
struct CommandSpecification {
  let name: String
  let summary: String
  /// With an argument: its name in the help.
  let options: [(name: String, argument: String?, summary: String)]
  let operand: String?

  static let all = [
    CommandSpecification(
      name: "serve", summary: "Receive log records, in the foreground",
      options: [("--config", "FILE", "the configuration; default /etc/onggi/onggi.toml")], operand: nil),
    CommandSpecification(
      name: "check", summary: "Say whether a configuration is right, and where it is not",
      options: [("--config", "FILE", "the configuration; default /etc/onggi/onggi.toml")], operand: nil),
    CommandSpecification(
      name: "reload", summary: "Tell the running daemon to reload its configuration, and wait until it has",
      options: [("--config", "FILE", "where [control] says how to reach it; default /etc/onggi/onggi.toml")],
      operand: nil),
    CommandSpecification(
      name: "status", summary: "Show what the running daemon has counted",
      options: [
        ("--json", nil, "as one line of JSON"),
        ("--config", "FILE", "where [control] says how to reach it; default /etc/onggi/onggi.toml"),
      ], operand: nil),
    CommandSpecification(
      name: "decode", summary: "Show framed records as JSON, a line each",
      options: [
        ("--typed", nil, "say each value's type"), ("--bare", nil, "one pickle without a frame"),
      ], operand: "FILE"),
    CommandSpecification(
      name: "completions", summary: "Print a completion script for a shell", options: [], operand: "bash|zsh|fish"),
  ]

  static func parse(_ arguments: [String]) throws(UsageError) -> Command {
    guard let first = arguments.first else { throw UsageError(message: "a command is missing") }
    switch first {
    case "--help", "-h", "help": return .help
    case "--version": return .version
    default: break
    }
    guard let specification = all.first(where: { $0.name == first }) else {
      throw UsageError(message: "there is no command \(first)")
    }
    var values: [String: String] = [:]
    var operands: [String] = []
    var index = 1
    while index < arguments.count {
      let argument = arguments[index]
      index += 1
      if argument == "--help" || argument == "-h" { return .help }
      guard argument.hasPrefix("-"), argument != "-" else {
        operands.append(argument)
        continue
      }
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      guard let option = specification.options.first(where: { $0.name == parts[0] }) else {
        throw UsageError(message: "\(first) has no option \(parts[0])")
      }
      if option.argument == nil {
        guard parts.count == 1 else { throw UsageError(message: "\(option.name) takes no value") }
        values[option.name] = ""
      } else if parts.count == 2 {
        values[option.name] = parts[1]
      } else {
        guard index < arguments.count else { throw UsageError(message: "\(option.name) needs a value") }
        values[option.name] = arguments[index]
        index += 1
      }
    }
    guard operands.count <= (specification.operand == nil ? 0 : 1) else {
      throw UsageError(message: "\(first): too many arguments: \(operands.joined(separator: " "))")
    }
    switch first {
    case "serve": return .serve(config: values["--config"])
    case "check": return .check(config: values["--config"])
    case "reload": return .reload(config: values["--config"])
    case "status": return .status(json: values["--json"] != nil, config: values["--config"])
    case "decode":
      return .decode(typed: values["--typed"] != nil, bare: values["--bare"] != nil, file: operands.first)
    default:
      guard let shell = operands.first else { throw UsageError(message: "completions: which shell?") }
      return .completions(shell: shell)
    }
  }

  static var help: String {
    var text =
      "Usage: onggi COMMAND [OPTION …]\n\nReceives what Python's logging sends and keeps it in files.\n\nCommands:\n"
    for specification in all {
      let operand = specification.operand.map { " [\($0)]" } ?? ""
      text += "  \(padded(specification.name + operand, 28))\(specification.summary)\n"
      for option in specification.options {
        let argument = option.argument.map { " \($0)" } ?? ""
        text += "    \(padded(option.name + argument, 26))\(option.summary)\n"
      }
    }
    return text
      + "\n  --help, --version\n\nSignals: TERM and INT stop, HUP reloads the configuration, USR1 opens the files again.\n"
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  /// A completion script; nil for a shell that is not known.
  static func completions(_ shell: String) -> String? {
    let names = all.map(\.name).joined(separator: " ")
    switch shell {
    case "bash":
      var text = "_onggi() {\n  local word=${COMP_WORDS[COMP_CWORD]}\n  case ${COMP_WORDS[1]} in\n"
      for specification in all {
        let options = specification.options.map(\.name).joined(separator: " ")
        text += "    \(specification.name)) COMPREPLY=($(compgen -f -W '\(options)' -- \"$word\")) ;;\n"
      }
      text += "    *) COMPREPLY=($(compgen -W '\(names) --help --version' -- \"$word\")) ;;\n  esac\n}\n"
      return text + "complete -F _onggi onggi\n"
    case "zsh":
      var text = "#compdef onggi\n_arguments '1:command:((\n"
      for specification in all { text += "  \(specification.name)\\:\"\(specification.summary)\"\n" }
      text += "))' '*::argument:->rest'\ncase $words[1] in\n"
      for specification in all {
        let options = specification.options.map {
          "'\($0.name)[\($0.summary)]\($0.argument == nil ? "" : ":file:_files")'"
        }
        text += "  \(specification.name)) _arguments \(options.joined(separator: " ")) '*:file:_files' ;;\n"
      }
      return text + "esac\n"
    case "fish":
      var text = ""
      for specification in all {
        text += "complete -c onggi -n __fish_use_subcommand -a \(specification.name) -d '\(specification.summary)'\n"
        for option in specification.options {
          let name = option.name.dropFirst(2)
          text += "complete -c onggi -n '__fish_seen_subcommand_from \(specification.name)' -l \(name)"
          text += "\(option.argument == nil ? "" : " -r") -d '\(option.summary)'\n"
        }
      }
      return text
    default: return nil
    }
  }
}
