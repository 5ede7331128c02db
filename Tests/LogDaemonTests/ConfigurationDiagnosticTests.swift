import Testing

/// What is said about mistakes, to the letter.
struct ConfigurationDiagnosticTests {
  @Test(arguments: [
    DiagnosticCase(
      "versoin = 1",
      #"1:1: error: unknown key "versoin"; did you mean "version"?"#),
    DiagnosticCase(
      "version = 2",
      #"1:11: error: "version" must be 1, the only version of dictConfig's tables"#),
    DiagnosticCase(
      "version = \"1\"",
      #"1:11: error: "version" must be an integer, not a string"#),
    DiagnosticCase(
      "disable_existing_loggers = 1",
      #"1:28: error: "disable_existing_loggers" must be a boolean, not an integer"#),
    DiagnosticCase(
      "incremental = true",
      #"1:15: error: "incremental" is not supported: a file is always the whole configuration"#),
    DiagnosticCase(
      "listener = 3",
      #"1:1: error: unknown key "listener"; did you mean "listeners"?"#),
    DiagnosticCase(
      "listeners = 3",
      #"1:13: error: "listeners" must be a table, not an integer"#),
    DiagnosticCase(
      "handlers_ = { x = 1 }",
      #"1:1: error: unknown key "handlers_"; did you mean "handlers"?"#),
    DiagnosticCase(
      "[[formatters]]",
      #"1:1: error: "formatters" must be a table, not an array"#),
    DiagnosticCase(
      "limits = \"none\"",
      #"1:10: error: "limits" must be a table, not a string"#),
    DiagnosticCase(
      #"""
      [loggers]
      level = "INFO"
      """#,
      #"2:1: error: [loggers] holds tables like [loggers.NAME]; "level" is a string"#),
    DiagnosticCase(
      "xyzzy = 1",
      #"1:1: error: unknown key "xyzzy""#),
    DiagnosticCase(
      #"""
      [root2]
      level = "INFO"
      """#,
      #"1:2: error: unknown key "root2"; did you mean "root"?"#),
  ])
  func theTopLevel(_ test: DiagnosticCase) { #expect(test.actual == test.expected) }

  @Test(arguments: [
    DiagnosticCase(
      "[listeners]",
      #"1:1: warning: [listeners] is empty: nothing will be received"#),
    DiagnosticCase(
      "[listeners.a]",
      #"1:1: error: [listeners.a] has no "protocol"; it may be "tcp", "udp", "unix" or "unix-datagram""#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "tpc"
      """#,
      #"2:12: error: "protocol" must be "tcp", "udp", "unix" or "unix-datagram", not "tpc"; did you mean "tcp"?"#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = 6
      adress = "x"
      """#,
      #"2:12: error: "protocol" must be a string, not an integer"#,
      #"3:1: error: unknown key "adress" in [listeners.a]; did you mean "address"?"#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "tcp"
      address = "example.org:9020"
      """#,
      #"3:11: error: "address" must be a numeric address (or localhost) and a port, like "127.0.0.1:9020" or "[::]:9020", not "example.org:9020""#
    ),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "udp"
      address = "9021"
      """#,
      #"3:11: error: "address" must be a numeric address (or localhost) and a port, like "127.0.0.1:9020" or "[::]:9020", not "9021""#
    ),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "tcp"
      address = "0.0.0.0:9020"
      """#,
      #"3:11: warning: 0.0.0.0:9020 can be reached from other machines, and without "allow" all of them may send"#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "udp"
      address = "[::]:9021"
      """#,
      #"3:11: warning: [::]:9021 can be reached from other machines, and without "allow" all of them may send"#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "tcp"
      address = "0.0.0.0:9020"
      allow = ["10.0.0.0/8"]
      """#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "tcp"
      allow = []
      """#,
      #"3:9: error: "allow" is empty: nobody could send"#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "tcp"
      allow = ["10.0.0.1/8", "ten", 3]
      """#,
      #"3:10: error: "10.0.0.1/8" has bits set behind its prefix; the block is "10.0.0.0/8""#,
      #"3:24: error: "allow" must hold address blocks like "10.0.0.0/8" or "fd00::/8", not "ten""#,
      #"3:31: error: "allow" must hold strings, not an integer"#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "tcp"
      allow = "10.0.0.0/8"
      """#,
      #"3:9: error: "allow" must be an array of strings, not a string"#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "tcp"
      mode = "0660"
      idle_timeout = "5"
      frame_timeout = -1
      """#,
      #"3:1: error: "mode" belongs to listeners with protocol "unix" and "unix-datagram" only"#,
      #"4:16: error: "idle_timeout" must be a number of seconds, or one with a unit like "10s" (ms, s, min, h, d), not "5""#,
      #"5:17: error: "frame_timeout" must lie between 0 and 100 years"#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "udp"
      idle_timeout = "5s"
      """#,
      #"3:1: error: "idle_timeout" belongs to listeners with protocol "tcp" and "unix" only"#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "unix"
      """#,
      #"1:1: error: [listeners.a] has no "address", the path of its socket"#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "unix"
      address = "run/onggi.sock"
      """#,
      #"3:11: error: "address" must be an absolute path, not "run/onggi.sock""#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "unix"
      address = "/run/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      """#,
      #"3:11: error: "address" is 108 bytes long; the path of a Unix socket may have 107"#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "unix"
      address = "/run/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      """#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "unix"
      address = "/run/a"
      allow = ["::1"]
      mode = 660
      owner = ""
      """#,
      #"4:1: error: "allow" belongs to listeners with protocol "tcp" and "udp" only"#,
      #"5:8: error: "mode" must be permission bits as an octal string like "0640""#,
      #"6:9: error: "owner" must not be empty"#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "unix"
      address = "/run/a\u0000b"
      """#,
      #"3:11: error: "address" must not contain a NUL"#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "unix-datagram"
      address = "/run/a"
      frame_timeout = "1s"
      """#,
      #"4:1: error: "frame_timeout" belongs to listeners with protocol "tcp" and "unix" only"#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "tcp"
      charset = "cp949"
      """#,
      #"3:11: error: unknown charset "cp949""#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "tcp"
      [listeners.b]
      protocol = "tcp"
      address = "127.0.0.1:9020"
      """#,
      #"5:11: error: listener "a" (line 1) has this address already"#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "tcp"
      [listeners.b]
      protocol = "tcp"
      address = "0.0.0.0:9020"
      allow = ["::1"]
      """#,
      #"5:11: error: listener "a" (line 1) has this address already"#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "tcp"
      [listeners.b]
      protocol = "udp"
      address = "127.0.0.1:9020"
      """#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "tcp"
      address = "127.0.0.1:0"
      [listeners.b]
      protocol = "tcp"
      address = "127.0.0.1:0"
      """#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "unix"
      address = "/run/a"
      [listeners.b]
      protocol = "unix-datagram"
      address = "/run/./a"
      """#,
      #"6:11: error: listener "a" (line 3) has this address already"#),
    DiagnosticCase(
      #"""
      [listeners."a:b"]
      protocol = "tcp"
      """#,
      #"1:12: error: a listener's name is also systemd's FileDescriptorName: up to 255 ASCII characters without ":""#),
    DiagnosticCase(
      #"""
      [listeners.a.b]
      protocol = "tcp"
      """#,
      #"1:14: error: [listeners.a.b] is a table inside of [listeners.a]; if the name is "a.b", quote it: [listeners."a.b"]"#
    ),
  ])
  func listeners(_ test: DiagnosticCase) { #expect(test.actual == test.expected) }

  @Test(arguments: [
    DiagnosticCase(
      #"""
      [control]
      path = "control.sock"
      mod = "0660"
      """#,
      #"2:8: error: "path" must be an absolute path, not "control.sock""#,
      #"3:1: error: unknown key "mod" in [control]; did you mean "mode"?"#),
    DiagnosticCase(
      #"""
      [control]
      mode = "0888"
      group = 3
      """#,
      #"2:8: error: "mode" must be permission bits as an octal string like "0640""#,
      #"3:9: error: "group" must be a string, not an integer"#),
    DiagnosticCase(
      #"""
      [listeners.a]
      protocol = "unix"
      address = "/run/a"
      [control]
      path = "/run//a"
      """#,
      #"5:8: error: listener "a" has this path already"#),
    DiagnosticCase(
      #"""
      [limits]
      max_frame_bytes = "48MiB"
      """#,
      #"2:19: error: "max_frame_bytes" (50331648) must be at most half of "memory_bytes" (67108864)"#),
    DiagnosticCase(
      #"""
      [limits]
      memory_bytes = "16MiB"
      """#,
      #"2:16: error: "max_frame_bytes" (16777216) must be at most half of "memory_bytes" (16777216)"#),
    DiagnosticCase(
      #"""
      [limits]
      max_frame_bytes = "2GiB"
      memory_bytes = "3GiB"
      """#,
      #"2:19: error: "max_frame_bytes" must be at most 1073741824"#),
    DiagnosticCase(
      #"""
      [limits]
      max_frame_bytes = "16mib"
      """#,
      #"2:19: error: "max_frame_bytes" must be a number of bytes, or one with a unit like "100MiB" (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB), not "16mib"; did you mean "16MiB"?"#
    ),
    DiagnosticCase(
      #"""
      [limits]
      max_frame_bytes = "16 megs"
      max_connections = 0
      """#,
      #"2:19: error: "max_frame_bytes" must be a number of bytes, or one with a unit like "100MiB" (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB), not "16 megs""#,
      #"3:19: error: "max_connections" must be at least 1"#),
    DiagnosticCase(
      #"""
      [limits]
      max_connections = 10000000000
      stop_timeout = "10m"
      """#,
      #"2:19: error: "max_connections" must be at most 1048576"#,
      #"3:16: error: "stop_timeout" must be a number of seconds, or one with a unit like "10s" (ms, s, min, h, d), not "10m""#
    ),
    DiagnosticCase(
      #"""
      [limits]
      stop_timeout = 1.5
      when_full = "drop-odlest"
      """#,
      #"2:16: error: "stop_timeout" must be a duration like "10s", not a float"#,
      #"3:13: error: "when_full" must be "block", "drop-oldest" or "drop-newest", not "drop-odlest"; did you mean "drop-oldest"?"#
    ),
    DiagnosticCase(
      #"""
      [limits]
      max_frame_size = 3
      """#,
      #"2:1: error: unknown key "max_frame_size" in [limits]"#),
    DiagnosticCase(
      #"""
      [limits]
      memory_bytes = true
      """#,
      #"2:16: error: "memory_bytes" must be a size like "100MiB", not a boolean"#),
  ])
  func controlAndLimits(_ test: DiagnosticCase) { #expect(test.actual == test.expected) }

  @Test(arguments: [
    DiagnosticCase(
      #"""
      [formatters.p]
      format = "%(message)"
      """#,
      #"2:11: error: "format" is refused: no field such as '%(message)s'"#),
    DiagnosticCase(
      #"""
      [formatters.p]
      format = "x %(message)z"
      """#,
      #"2:13: error: "format" is refused: no field such as '%(message)s'"#),
    DiagnosticCase(
      #"""
      [formatters.p]
      format = 'x %(message)'
      validate = false
      """#),
    DiagnosticCase(
      #"""
      [formatters.p]
      format = "한\u0020%(message)z"
      """#,
      #"2:10: error: "format" is refused: no field such as '%(message)s'"#),
    DiagnosticCase(
      #"""
      [formatters.p]
      format = "{message"
      style = "{"
      """#,
      #"2:11: error: "format" is refused: '{' without a '}'"#),
    DiagnosticCase(
      #"""
      [formatters.p]
      format = "$"
      style = "$"
      """#,
      #"2:11: error: "format" is refused: bare '$': write '$$' for the character, or '$name'"#),
    DiagnosticCase(
      #"""
      [formatters.p]
      format = "%(message)s"
      style = "&"
      """#,
      #"3:9: error: "style" must be "%", "{" or "$", not "&""#),
    DiagnosticCase(
      #"""
      [formatters.p]
      fmt = "%(message)s"
      """#,
      #"2:1: error: unknown key "fmt" in [formatters.p]; did you mean "format"?"#),
    DiagnosticCase(
      #"""
      [formatters.p]
      "()" = "my.Formatter"
      """#,
      #"2:1: error: factories ("()") are not supported; a formatter is always logging.Formatter"#),
    DiagnosticCase(
      #"""
      [formatters.p]
      class = "my.Formatter"
      """#,
      #"2:9: error: class "my.Formatter" is not supported; a formatter is always logging.Formatter"#),
    DiagnosticCase(
      #"""
      [formatters.p]
      default = { a = 1 }
      """#,
      #"2:1: error: unknown key "default" in [formatters.p]; did you mean "defaults"?"#),
    DiagnosticCase(
      #"""
      [formatters.p]
      defaults = { a = [1], b = 1979-05-27, c = 1.5 }
      """#,
      #"2:18: error: default "a" must be a string, a number or a boolean, not an array"#,
      #"2:27: error: default "b" must be a string, a number or a boolean, not a date"#),
    DiagnosticCase(
      #"""
      [formatters.p]
      defaults = "a"
      """#,
      #"2:12: error: "defaults" must be a table, not a string"#),
    DiagnosticCase(
      #"""
      [formatters.p]
      timezone = "Asia/Soul"
      """#,
      #"2:12: error: unknown time zone "Asia/Soul"; IANA names like "Asia/Seoul" come with the tzdata package"#),
    DiagnosticCase(
      #"""
      [formatters.p]
      timezone = "Asia/Seoul"
      utc = true
      """#,
      #"2:12: error: "timezone" contradicts utc = true; say one of them"#),
    DiagnosticCase(
      #"""
      [formatters.p]
      utc = "yes"
      """#,
      #"2:7: error: "utc" must be a boolean, not a string"#),
    DiagnosticCase(
      #"""
      [formatters.p]
      default_msec_format = "%s"
      """#,
      #"2:23: error: "default_msec_format" must have one %s for the time and then one %d for the milliseconds, like "%s,%03d"; "" is for none"#
    ),
    DiagnosticCase(
      #"""
      [formatters.p]
      default_msec_format = ""
      """#),
    DiagnosticCase(
      #"""
      [formatters.p.q]
      format = "x"
      """#,
      #"1:15: error: [formatters.p.q] is a table inside of [formatters.p]; if the name is "p.q", quote it: [formatters."p.q"]"#
    ),
    DiagnosticCase(
      #"""
      [formatters.p]
      datefmt = 12:00:00
      """#,
      #"2:11: error: "datefmt" must be a string, not a time"#),
  ])
  func formatters(_ test: DiagnosticCase) { #expect(test.actual == test.expected) }

  @Test(arguments: [
    DiagnosticCase(
      #"""
      [filters.f]
      name = 3
      """#,
      #"2:8: error: "name" must be a string, not an integer"#),
    DiagnosticCase(
      #"""
      [filters.f]
      nmae = "x"
      """#,
      #"2:1: error: unknown key "nmae" in [filters.f]; did you mean "name"?"#),
    DiagnosticCase(
      #"""
      [filters.f]
      "()" = "my.Filter"
      """#,
      #"2:1: error: "()" is not supported; a filter is always logging.Filter, with the keys name, rate, burst, dedupe, level, pattern and max_level"#
    ),
    DiagnosticCase(
      #"""
      [filters.f]
      class = "my.Filter"
      """#,
      #"2:1: error: "class" is not supported; a filter is always logging.Filter, with the keys name, rate, burst, dedupe, level, pattern and max_level"#
    ),
    DiagnosticCase(
      #"""
      [filters.f]
      rate = 0
      """#,
      #"2:8: error: "rate" must be a positive number of records a second, or one like "100/s", "1000/min" or "5000/h""#),
    DiagnosticCase(
      #"""
      [filters.f]
      rate = "10/week"
      """#,
      #"2:8: error: "rate" must be a positive number of records a second, or one like "100/s", "1000/min" or "5000/h""#),
    DiagnosticCase(
      #"""
      [filters.f]
      rate = 1.5
      """#,
      #"2:8: error: "rate" must be a rate like "100/s", not a float"#),
    DiagnosticCase(
      #"""
      [filters.f]
      burst = 3
      """#,
      #"2:1: error: "burst" needs a "rate""#),
    DiagnosticCase(
      #"""
      [filters.f]
      rate = 1
      burst = 0
      """#,
      #"3:9: error: "burst" must be at least 1"#),
    DiagnosticCase(
      #"""
      [filters.f]
      level = "info"
      max_level = 3.0
      """#,
      #"2:9: error: unknown level "info"; did you mean "INFO"?"#,
      #"3:13: error: "max_level" must be a level's name or number, not a float"#),
    DiagnosticCase(
      #"""
      [filters.f]
      level = "ERROR"
      max_level = "INFO"
      """#,
      #"3:13: error: "max_level" is below "level": nothing would pass"#),
    DiagnosticCase(
      #"""
      [filters.f]
      pattern = "a(b"
      """#,
      #"2:13: error: "pattern" is refused: a "(" without its ")""#),
    DiagnosticCase(
      #"""
      [filters.f]
      pattern = ""
      """#,
      #"2:11: error: "pattern" is refused: it is empty, so everything would pass"#),
    DiagnosticCase(
      #"""
      [filters.f]
      dedupe = "10"
      """#,
      #"2:10: error: "dedupe" must be a number of seconds, or one with a unit like "10s" (ms, s, min, h, d), not "10""#),
  ])
  func filters(_ test: DiagnosticCase) { #expect(test.actual == test.expected) }

  @Test(arguments: [
    DiagnosticCase(
      #"""
      [loggers.app.db]
      level = "DEBUG"
      """#,
      #"1:14: error: [loggers.app.db] is a table inside of [loggers.app]; if the name is "app.db", quote it: [loggers."app.db"]"#
    ),
    DiagnosticCase(
      #"""
      [loggers.a]
      level = "INFO"
      [loggers.a.b.c]
      level = "DEBUG"
      [loggers.a.d]
      """#,
      #"3:14: error: [loggers.a.b.c] is a table inside of [loggers.a.b]; if the name is "a.b.c", quote it: [loggers."a.b.c"]"#,
      #"5:12: error: [loggers.a.d] is a table inside of [loggers.a]; if the name is "a.d", quote it: [loggers."a.d"]"#),
    DiagnosticCase(
      #"""
      [loggers.a.filters]
      level = "INFO"
      """#,
      #"1:1: error: "filters" must be an array of strings, not a table; if the name is "a.filters", quote it: [loggers."a.filters"]"#
    ),
    DiagnosticCase(
      #"""
      [loggers.a.handler]
      level = "INFO"
      """#,
      #"1:12: error: [loggers.a.handler] is a table inside of [loggers.a]; if the name is "a.handler", quote it: [loggers."a.handler"]"#
    ),
    DiagnosticCase(
      #"""
      [loggers.a]
      level = "info"
      """#,
      #"2:9: error: unknown level "info"; did you mean "INFO"?"#),
    DiagnosticCase(
      #"""
      [loggers.a]
      level = "20"
      """#,
      #"2:9: error: unknown level "20"; the number stands without quotes: 20"#),
    DiagnosticCase(
      #"""
      [loggers.a]
      level = true
      """#,
      #"2:9: error: "level" must be a level's name or number, not a boolean"#),
    DiagnosticCase(
      #"""
      [loggers.a]
      level = "NOTICE"
      [levels]
      NOTICE = 25
      LOUD = "60"
      OFF = 1.5
      """#,
      #"5:8: error: level "LOUD" must be an integer, not a string"#,
      #"6:7: error: level "OFF" must be an integer, not a float"#),
    DiagnosticCase(
      #"""
      [loggers.a]
      handlers = ["soud", "nothing"]
      filters = ["x"]
      """#,
      #"2:13: error: there is no handler "soud"; did you mean "sound"?"#,
      #"2:21: error: there is no handler "nothing""#,
      #"3:12: error: there is no filter "x""#),
    DiagnosticCase(
      #"""
      [loggers.a]
      handlers = "sound"
      """#,
      #"2:12: error: "handlers" must be an array of strings, not a string"#),
    DiagnosticCase(
      #"""
      [loggers.a]
      propagate = 0
      levle = "INFO"
      """#,
      #"2:13: error: "propagate" must be a boolean, not an integer"#,
      #"3:1: error: unknown key "levle" in [loggers.a]; did you mean "level"?"#),
    DiagnosticCase(
      #"""
      [loggers.""]
      level = "INFO"
      """#,
      #"1:1: error: [loggers.""] is the root logger, which [root] is too"#),
    DiagnosticCase(
      #"""
      [loggers.root]
      level = "INFO"
      """#,
      #"1:1: error: [loggers.root] is the root logger, which [root] is too"#),
    DiagnosticCase(
      "levels = 3",
      #"1:10: error: "levels" must be a table, not an integer"#),
  ])
  func loggersAndLevels(_ test: DiagnosticCase) { #expect(test.actual == test.expected) }

  /// Whole files.
  @Test(arguments: [
    DiagnosticCase(
      "",
      #"1:1: warning: there is no [root]: its level is WARNING, and it has no handlers"#,
      #"1:1: warning: no logger names a handler: nothing will be written"#),
    DiagnosticCase(
      "[root]",
      #"1:1: warning: [root] has no "level": it is WARNING, as in Python, and what is below is dropped"#,
      #"1:1: warning: no logger names a handler: nothing will be written"#),
    DiagnosticCase(
      #"""
      [root]
      handlers = ["a"]
      [handlers.a]
      class = "logging.FileHandler"
      filename = "a.log"
      """#,
      #"1:1: warning: [root] has no "level": it is WARNING, as in Python, and what is below is dropped"#),
    DiagnosticCase(
      #"""
      [root]
      level = "INFO"
      propagate = false
      handlers = ["a"]
      [handlers.a]
      class = "logging.FileHandler"
      filename = "a.log"
      """#,
      #"3:1: warning: "propagate" means nothing here: the root logger has no parent"#),
    DiagnosticCase(
      #"""
      [loggers.""]
      level = "INFO"
      handlers = ["a"]
      [handlers.a]
      class = "logging.FileHandler"
      filename = "a.log"
      """#),
    DiagnosticCase(
      "root = 3",
      #"1:1: warning: no logger names a handler: nothing will be written"#,
      #"1:8: error: "root" must be a table, not an integer"#),
    DiagnosticCase(
      #"""
      [root]
      level = 99999999999999999999
      """#,
      #"2:29: error: decimal integer: '99999999999999999999' is not representable in 64 bits"#),
    DiagnosticCase(
      #"""
      [root]
      level = "WARN"
      [formatters.p]
      format = "%(x"
      [handlers.b]
      class = "x"
      """#,
      #"1:1: warning: no logger names a handler: nothing will be written"#,
      #"4:11: error: "format" is refused: no field such as '%(message)s'"#,
      #"5:11: warning: no logger names the handler "b""#,
      #"6:9: error: class "x" is not supported; supported are logging.FileHandler, logging.handlers.RotatingFileHandler, logging.handlers.TimedRotatingFileHandler, logging.handlers.WatchedFileHandler, logging.StreamHandler, logging.NullHandler and systemd.journal.JournalHandler"#
    ),
  ])
  func rootAndWholeFiles(_ test: DiagnosticCase) { #expect(load(test.toml).messages == test.expected) }
}
