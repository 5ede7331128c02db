import LogDaemon
import LogRecords
import Testing

/// What a file says, as values.
struct ConfigurationValueTests {
  @Test func theExampleOfTheManual() throws {
    let (found, messages) = load(
      """
      [listeners.tcp]
      protocol = "tcp"
      address  = "127.0.0.1:9020"
      [listeners.udp]
      protocol = "udp"
      address  = "127.0.0.1:9021"
      [formatters.plain]
      format  = "[%(asctime)s] [%(levelname)s] %(message)s"
      style   = "%"
      datefmt = "%Y-%m-%d %H:%M:%S"
      timezone = "Asia/Seoul"
      [filters.database]
      name = "app.db"
      [handlers.app]
      class = "logging.handlers.RotatingFileHandler"
      filename = "/var/log/onggi/app.log"
      maxBytes = 104857600
      backupCount = 10
      level = "INFO"
      formatter = "plain"
      filters = ["database"]
      compress = "gzip"
      [handlers.audit]
      class = "logging.handlers.TimedRotatingFileHandler"
      filename = "/var/log/onggi/audit.log"
      when = "midnight"
      timezone = "Asia/Seoul"
      [handlers.journal]
      class = "systemd.journal.JournalHandler"
      level = "WARNING"
      [levels]
      NOTICE = 25
      [loggers."app.db"]
      level = "DEBUG"
      handlers = ["audit"]
      propagate = false
      [root]
      level = "INFO"
      handlers = ["app", "journal"]
      [control]
      path = "/run/onggi/control.sock"
      [limits]
      max_frame_bytes = "16MiB"
      max_connections = 4096
      memory_bytes    = "64MiB"
      """)
    #expect(messages == [])
    let configuration = try #require(found)
    #expect(configuration.listeners == Configuration.Listener.builtIn)
    #expect(
      configuration.formatters == [
        .init(
          name: "plain", format: "[%(asctime)s] [%(levelname)s] %(message)s", datefmt: "%Y-%m-%d %H:%M:%S",
          zone: .named("Asia/Seoul"))
      ])
    #expect(configuration.filters == [.init(name: "database", logger: "app.db")])
    #expect(
      configuration.handlers == [
        .init(
          name: "app",
          output: .rotatingFile(
            .init(path: "/var/log/onggi/app.log"), .init(maxBytes: 104_857_600, backupCount: 10),
            .init(compress: .gzip)),
          level: 20, formatter: "plain", filters: ["database"]),
        .init(
          name: "audit",
          output: .timedRotatingFile(
            .init(path: "/var/log/onggi/audit.log"), .init(when: .midnight, zone: .named("Asia/Seoul")), .init())),
        .init(name: "journal", output: .journal(identifier: "onggi"), level: 30, whenFull: .dropOldest),
      ])
    #expect(configuration.levels == [.init(name: "NOTICE", number: 25)])
    #expect(configuration.loggers == [.init(name: "app.db", level: 10, handlers: ["audit"], propagate: false)])
    #expect(configuration.root == .root(level: 20, handlers: ["app", "journal"]))
    #expect(configuration.control == .init(path: "/run/onggi/control.sock"))
    #expect(configuration.limits == .init())
  }

  @Test func everySettingOfAFile() throws {
    let (found, messages) = load(
      """
      [handlers.a]
      class = "logging.handlers.TimedRotatingFileHandler"
      filename = "../daily/./a.log"
      level = 15
      mode = "a"
      encoding = "UTF8"
      errors = "backslashreplace"
      delay = true
      when = "w3"
      interval = 2
      backupCount = 7
      utc = true
      atTime = "03:30"
      compress = "zstd"
      max_total_bytes = "10GB"
      max_age = "7d"
      file_mode = "0600"
      file_group = "adm"
      fsync = "interval"
      control_characters = "escape"
      multiline = "indent"
      when_full = "drop-newest"
      [handlers.b]
      class = "logging.FileHandler"
      filename = "b.log"
      mode = "w"
      [handlers.c]
      class = "logging.handlers.WatchedFileHandler"
      filename = "/c.log"
      [handlers.d]
      class = "logging.StreamHandler"
      stream = "ext://sys.stdout"
      [handlers.e]
      class = "systemd.journal.JournalHandler"
      SYSLOG_IDENTIFIER = "app"
      when_full = "drop-newest"
      [root]
      level = "NOTSET"
      handlers = ["a", "b", "c", "d", "e", "a"]
      [limits]
      when_full = "drop-oldest"
      stop_timeout = 3
      """)
    #expect(messages == [])
    let configuration = try #require(found)
    let daily = Configuration.File(
      path: "/var/log/daily/a.log", errors: .backslashreplace, delay: true, permissions: 0o600, group: "adm",
      fsync: .interval)
    let rotation = Configuration.TimeRotation(
      when: .weekday(3), interval: 2, backupCount: 7, atTime: 12_600, zone: .utc)
    let retention = Configuration.Retention(
      compress: .zstd, maxTotalBytes: 10_000_000_000, maxAge: .seconds(604_800))
    #expect(
      configuration.handlers == [
        .init(
          name: "a", output: .timedRotatingFile(daily, rotation, retention), level: 15, controlCharacters: .escape,
          multiline: .indent, whenFull: .dropNewest),
        .init(name: "b", output: .file(.init(path: "/var/log/onggi/b.log", mode: .write)), whenFull: .dropOldest),
        .init(name: "c", output: .watchedFile(.init(path: "/c.log")), whenFull: .dropOldest),
        .init(name: "d", output: .stream(.output), whenFull: .dropOldest),
        .init(name: "e", output: .journal(identifier: "app"), whenFull: .dropNewest),
      ])
    #expect(configuration.root.handlers == ["a", "b", "c", "d", "e"])
    #expect(configuration.limits == .init(stopTimeout: .seconds(3), whenFull: .dropOldest))
    #expect(configuration.listeners == Configuration.Listener.builtIn)
  }

  @Test func everySettingOfListenersFormattersAndFilters() throws {
    let (found, messages) = load(
      """
      [listeners.t]
      protocol = "tcp"
      address = "[::]:7000"
      allow = ["10.0.0.0/8", "::1"]
      charset = "ISO-8859-1"
      idle_timeout = "1h"
      frame_timeout = "none"
      [listeners.u]
      protocol = "unix-datagram"
      address = "/run/u"
      mode = "0600"
      owner = "app"
      group = "33"
      [formatters.f]
      format = "{message} {user}"
      style = "{"
      validate = false
      defaults = { user = "-", n = 1, x = 0.5, y = true }
      default_time_format = "%H"
      default_msec_format = ""
      utc = true
      [formatters.g]
      default_msec_format = "%s.%03d"
      timezone = "local"
      [filters.r]
      rate = "10/min"
      dedupe = "none"
      level = "WARN"
      max_level = "LOUD"
      pattern = "x+"
      [filters.s]
      rate = 5
      burst = 50
      dedupe = "500ms"
      [levels]
      LOUD = 60
      INFO = 21
      """ + soundRoot)
    #expect(messages == [])
    let configuration = try #require(found)
    let everywhere = try #require(InternetAddress("[::]:7000"))
    #expect(
      configuration.listeners == [
        .init(
          name: "t", endpoint: .tcp(everywhere), allow: ["10.0.0.0/8", "::1"].compactMap(AddressBlock.init),
          charset: "latin-1", idleTimeout: .seconds(3600), frameTimeout: nil),
        .init(name: "u", endpoint: .unixDatagram(path: "/run/u", .init(mode: 0o600, owner: "app", group: "33"))),
      ])
    #expect(
      configuration.formatters == [
        .init(
          name: "f", format: "{message} {user}", style: .brace, validate: false,
          defaults: [
            .init(name: "user", value: .string("-")), .init(name: "n", value: .integer(1)),
            .init(name: "x", value: .float(0.5)), .init(name: "y", value: .boolean(true)),
          ], defaultTimeFormat: "%H", defaultMsecFormat: nil, zone: .utc),
        .init(name: "g", defaultMsecFormat: "%s.%03d"),
      ])
    #expect(
      configuration.filters == [
        .init(
          name: "r", rate: .init(records: 10, per: .seconds(60)), burst: 10, level: 30, maxLevel: 60, pattern: "x+"),
        .init(name: "s", rate: .init(records: 5), burst: 50, dedupe: .milliseconds(500)),
      ])
    // addLevelName of a name that Python has gives it another number.
    #expect(configuration.root.level == 21)
  }

  @Test func anEmptyFileListensAndWritesNothing() throws {
    let configuration = try #require(load("").configuration)
    #expect(configuration == Configuration())
    #expect(configuration.root.level == 30)
    #expect(configuration.listeners.map(\.name) == ["tcp", "udp"])
  }

  @Test(arguments: ["", "root"])
  func pythonsOtherNamesOfTheRootLogger(_ name: String) throws {
    let (found, _) = load("[loggers.\"\(name)\"]\nlevel = 5\nfilters = [\"f\"]\n[filters.f]")
    let configuration = try #require(found)
    #expect(configuration.root == .root(level: 5, filters: ["f"]))
    #expect(configuration.loggers == [])
  }

  @Test func theBuiltInDefaultListensOnPythonsPortsAndRotates() {
    let builtIn = Configuration.builtIn(logsDirectory: "/var/log/onggi/")
    #expect(
      builtIn.listeners.map(\.endpoint) == [
        .tcp(.init(ipv4: (127, 0, 0, 1), port: 9020)), .udp(.init(ipv4: (127, 0, 0, 1), port: 9021)),
      ])
    #expect(builtIn.root == .root(level: 0, handlers: ["app"]))
    #expect(builtIn.handlers.map { $0.file?.path } == ["/var/log/onggi/onggi.log"])
  }

  /// Errors make a file useless, warnings do not.
  @Test func aFileWithAnErrorGivesNoConfiguration() {
    #expect(load("[limits]\nmax_connections = 0").configuration == nil)
    #expect(load("[root]\nhandlers = []").configuration != nil)
  }
}
