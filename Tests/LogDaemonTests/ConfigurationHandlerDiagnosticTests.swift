import Testing

/// What is said about mistakes in handlers, to the letter.
struct ConfigurationHandlerDiagnosticTests {
  @Test(arguments: [
    DiagnosticCase(
      #"""
      [handlers.a]
      level = "INFO"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"1:1: error: [handlers.a] has no "class"; it may be logging.FileHandler, logging.handlers.RotatingFileHandler, logging.handlers.TimedRotatingFileHandler, logging.handlers.WatchedFileHandler, logging.StreamHandler, logging.NullHandler or systemd.journal.JournalHandler"#
    ),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "FileHandler"
      filename = "x"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"2:9: error: class "FileHandler" is not supported; did you mean "logging.FileHandler"?"#),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.RotatingFileHandler"
      filename = "x"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"2:9: error: class "logging.RotatingFileHandler" is not supported; did you mean "logging.handlers.RotatingFileHandler"?"#
    ),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.FileHandlr"
      filename = "x"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"2:9: error: class "logging.FileHandlr" is not supported; did you mean "logging.FileHandler"?"#),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.handlers.SocketHandler"
      filename = "x"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"2:9: error: class "logging.handlers.SocketHandler" is not supported; supported are logging.FileHandler, logging.handlers.RotatingFileHandler, logging.handlers.TimedRotatingFileHandler, logging.handlers.WatchedFileHandler, logging.StreamHandler, logging.NullHandler and systemd.journal.JournalHandler"#
    ),
    DiagnosticCase(
      #"""
      [handlers.a]
      "()" = "my.Handler"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"2:1: error: factories ("()") are not supported; "class" may be logging.FileHandler, logging.handlers.RotatingFileHandler, logging.handlers.TimedRotatingFileHandler, logging.handlers.WatchedFileHandler, logging.StreamHandler, logging.NullHandler or systemd.journal.JournalHandler"#
    ),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.FileHandler"

      [loggers.x]
      handlers = ["a"]
      """#,
      #"1:1: error: [handlers.a] has no "filename""#),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.FileHandler"
      filename = ""
      [loggers.x]
      handlers = ["a"]
      """#,
      #"3:12: error: "filename" must not be empty"#),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.FileHandler"
      filename = "logs/"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"3:12: error: "filename" names a directory: "logs/""#),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.FileHandler"
      filename = "a\u0000b"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"3:12: error: "filename" must not contain a NUL"#),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.FileHandler"
      filename = "cfg://x"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"3:12: error: cfg:// references are not supported here"#),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.FileHandler"
      filename = "x"
      maxBytes = 3
      max_bytes = 3
      streem = 1
      [loggers.x]
      handlers = ["a"]
      """#,
      #"4:1: error: "maxBytes" is no key of logging.FileHandler, but of logging.handlers.RotatingFileHandler"#,
      #"5:1: error: unknown key "max_bytes" in [handlers.a]; did you mean "maxBytes"?"#,
      #"6:1: error: unknown key "streem" in [handlers.a]; did you mean "stream"?"#),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.FileHandler"
      filename = "x"
      mode = "x"
      encoding = "cp949"
      errors = "surrogate"
      delay = "yes"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"4:8: error: "mode" must be "a" or "w", not "x""#,
      #"5:12: error: "encoding" must be "utf-8", not "cp949""#,
      #"6:10: error: "errors" must be "strict", "ignore", "replace", "backslashreplace", "surrogateescape", "surrogatepass", "xmlcharrefreplace" or "namereplace", not "surrogate"; did you mean "surrogateescape"?"#,
      #"7:9: error: "delay" must be a boolean, not a string"#),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.FileHandler"
      filename = "x"
      file_mode = "0999"
      file_group = 4
      fsync = true
      control_characters = "strip"
      multiline = "join"
      when_full = "wait"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"4:13: error: "file_mode" must be permission bits as an octal string like "0640""#,
      #"5:14: error: "file_group" must be a string, not an integer"#,
      #"6:9: error: "fsync" must be a string, not a boolean"#,
      #"7:22: error: "control_characters" must be "keep" or "escape", not "strip""#,
      #"8:13: error: "multiline" must be "keep", "indent" or "escape", not "join""#,
      #"9:13: error: "when_full" must be "block", "drop-oldest" or "drop-newest", not "wait""#),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.FileHandler"
      filename = "x"
      level = "NOTCE"
      formatter = "plian"
      filters = ["f", 3]
      [loggers.x]
      handlers = ["a"]
      [formatters.plain]
      [filters.g]
      [levels]
      NOTICE = 25
      """#,
      #"4:9: error: unknown level "NOTCE"; did you mean "NOTICE"?"#,
      #"5:13: error: there is no formatter "plian"; did you mean "plain"?"#,
      #"6:12: error: there is no filter "f""#,
      #"6:17: error: "filters" must hold strings, not an integer"#),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.handlers.RotatingFileHandler"
      filename = "x"
      maxBytes = "10MB"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"4:1: warning: "maxBytes" without "backupCount": the file grows without end, as in Python"#),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.handlers.RotatingFileHandler"
      filename = "x"
      maxBytes = 10
      backupCount = -1
      mode = "w"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"5:15: error: "backupCount" must be at least 0"#,
      #"6:1: warning: "mode" means nothing beside "maxBytes": Python appends then"#),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.handlers.RotatingFileHandler"
      filename = "x"
      compress = "gz"
      max_total_bytes = "0B"
      max_age = "7 days"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"4:12: error: "compress" must be "none", "gzip" or "zstd", not "gz"; did you mean "gzip"?"#,
      #"5:19: error: "max_total_bytes" must be at least 1"#,
      #"6:11: error: "max_age" must be a number of seconds, or one with a unit like "10s" (ms, s, min, h, d), not "7 days""#
    ),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.handlers.TimedRotatingFileHandler"
      filename = "x"
      when = "W7"
      interval = 0
      atTime = "3:00"
      timezone = "Mars/Base"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"4:8: error: "when" must be "S", "M", "H", "D", "midnight" or "W0" (Monday) to "W6", not "W7""#,
      #"5:12: error: "interval" must be at least 1"#,
      #"6:10: error: "atTime" must be a time like "03:30:00", not "3:00""#,
      #"7:12: error: unknown time zone "Mars/Base"; IANA names like "Asia/Seoul" come with the tzdata package"#),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.handlers.TimedRotatingFileHandler"
      filename = "x"
      mode = "w"
      atTime = 03:00:00
      utc = true
      timezone = "Asia/Seoul"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"4:8: error: a TimedRotatingFileHandler always appends: "mode" must be "a""#,
      #"5:1: warning: "atTime" means nothing unless "when" is midnight or a weekday"#,
      #"7:12: error: "timezone" contradicts utc = true; say one of them"#),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.handlers.TimedRotatingFileHandler"
      filename = "x"
      when = "D"
      interval = 36526
      [loggers.x]
      handlers = ["a"]
      """#,
      #"5:12: error: "interval" must be at most 36525"#),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.handlers.TimedRotatingFileHandler"
      filename = "x"
      when = "midnight"
      interval = 9223372036854775807
      atTime = 2024-01-01
      [loggers.x]
      handlers = ["a"]
      """#,
      #"5:12: error: "interval" must be at most 36525"#,
      #"6:10: error: "atTime" must be a time like "03:30:00", not a date"#),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.StreamHandler"
      stream = "ext://sys.stdin"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"3:10: error: "stream" must be "ext://sys.stdout" or "ext://sys.stderr", not "ext://sys.stdin"; did you mean "ext://sys.stderr"?"#
    ),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.NullHandler"
      when_full = "block"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"3:1: error: "when_full" is no key of logging.NullHandler, but of logging.FileHandler, logging.handlers.RotatingFileHandler, logging.handlers.TimedRotatingFileHandler, logging.handlers.WatchedFileHandler, logging.StreamHandler and systemd.journal.JournalHandler"#
    ),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "systemd.journal.JournalHandler"
      when_full = "block"
      SYSLOG_IDENTIFIER = ""
      multiline = "keep"
      [loggers.x]
      handlers = ["a"]
      """#,
      #"3:13: error: a JournalHandler never blocks: "drop-oldest" or "drop-newest""#,
      #"4:21: error: "SYSLOG_IDENTIFIER" must not be empty"#,
      #"5:1: error: "multiline" is no key of systemd.journal.JournalHandler, but of logging.FileHandler, logging.handlers.RotatingFileHandler, logging.handlers.TimedRotatingFileHandler, logging.handlers.WatchedFileHandler and logging.StreamHandler"#
    ),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.FileHandler"
      filename = "a.log"
      [loggers.x]
      handlers = ["a"]
      [handlers.b]
      class = "logging.handlers.WatchedFileHandler"
      filename = "/var/log/./onggi//a.log"
      [loggers.y]
      handlers = ["b"]
      """#,
      #"8:12: error: handler "a" (line 3) writes to "/var/log/onggi/a.log" already"#),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = "logging.FileHandler"
      filename = "a.log"
      """#,
      #"1:11: warning: no logger names the handler "a""#),
    DiagnosticCase(
      #"""
      [handlers.a.b]
      class = "logging.NullHandler"
      """#,
      #"1:13: error: [handlers.a.b] is a table inside of [handlers.a]; if the name is "a.b", quote it: [handlers."a.b"]"#
    ),
    DiagnosticCase(
      #"""
      [handlers.a]
      class = 3
      [loggers.x]
      handlers = ["a"]
      """#,
      #"2:9: error: "class" must be a string, not an integer"#),
  ])
  func handlers(_ test: DiagnosticCase) { #expect(test.actual == test.expected) }
}
