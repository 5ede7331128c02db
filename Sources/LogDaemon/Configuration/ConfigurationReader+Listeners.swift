extension ConfigurationReader {
  enum ListenerKey: String, SectionKey {
    case `protocol`, address, mode, owner, group, allow, charset
    case idleTimeout = "idle_timeout"
    case frameTimeout = "frame_timeout"

    /// Those that only some protocols have.
    var protocols: [ListenerProtocol] {
      switch self {
      case .protocol, .address, .charset: ListenerProtocol.allCases
      case .mode, .owner, .group: [.unix, .unixDatagram]
      case .allow: [.tcp, .udp]
      case .idleTimeout, .frameTimeout: [.tcp, .unix]
      }
    }
  }

  enum ListenerProtocol: String, CaseIterable {
    case tcp, udp, unix
    case unixDatagram = "unix-datagram"
  }

  func readListeners() -> [Configuration.Listener] {
    guard let tables = namedTables(.listeners) else { return Configuration.Listener.builtIn }
    var listeners: [Configuration.Listener] = []
    var bound: [String: [(endpoint: Configuration.Listener.Endpoint, name: String, line: Int)]] = [:]
    for named in tables {
      let section: Section<ListenerKey> = section(.listeners, named)
      section.reportUnknownKeys()
      checkDescriptorName(named)
      guard !named.isImplicit, let (listener, position) = readListener(named.name, section) else { continue }
      listeners.append(listener)
      let place = listener.endpoint.place
      if let other = bound[place]?.first(where: { $0.endpoint.conflicts(with: listener.endpoint) }) {
        diagnostics.error("listener \(quoted(other.name)) (line \(other.line)) has this address already", at: position)
      } else {
        bound[place, default: []].append((listener.endpoint, named.name, position.line))
      }
    }
    if tables.isEmpty, let entry = file.entry(.listeners) {
      diagnostics.warning("[listeners] is empty: nothing will be received", at: entry.value.position)
    }
    return listeners
  }

  /// sd_listen_fds_with_names(3): the name may have to travel through LISTEN_FDNAMES.
  private func checkDescriptorName(_ named: NamedTable) {
    let isSound = named.name.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: ":") }
    guard !isSound || named.name.isEmpty || named.name.utf8.count > 255 else { return }
    diagnostics.error(
      "a listener's name is also systemd's FileDescriptorName: up to 255 ASCII characters without \":\"",
      at: named.keyPosition)
  }

  private func readListener(
    _ name: String, _ section: Section<ListenerKey>
  ) -> (Configuration.Listener, TOMLPosition)? {
    guard section.entry(.protocol) != nil else {
      let names = Section<ListenerKey>.list(ListenerProtocol.allCases.map { quoted($0.rawValue) }, "or")
      diagnostics.error("\(section.title) has no \"protocol\"; it may be \(names)", at: section.position)
      return nil
    }
    let found = section.choice(.protocol, of: ListenerProtocol.self)?.value
    // The other settings are looked at even where the protocol is none, for all errors at once.
    for key in ListenerKey.allCases {
      guard let found, let entry = section.entry(key), !key.protocols.contains(found) else { continue }
      let names = Section<ListenerKey>.list(key.protocols.map { quoted($0.rawValue) }, "and")
      diagnostics.error(
        "\(quoted(key.rawValue)) belongs to listeners with protocol \(names) only", at: entry.keyPosition)
    }
    let allow = readAllow(section)
    let charset = readCharset(section)
    let idleTimeout = section.isNone(.idleTimeout) ? nil : section.duration(.idleTimeout)?.value
    let frameTimeout = section.isNone(.frameTimeout) ? nil : section.duration(.frameTimeout)?.value ?? .seconds(60)
    guard let found, let (endpoint, position) = readEndpoint(found, section) else { return nil }
    if let address = endpoint.internetAddress, !address.isLoopback, section.entry(.allow) == nil {
      diagnostics.warning(
        "\(address) can be reached from other machines, and without \"allow\" all of them may send", at: position)
    }
    let listener = Configuration.Listener(
      name: name, endpoint: endpoint, allow: allow, charset: charset, idleTimeout: idleTimeout,
      frameTimeout: frameTimeout)
    return (listener, position)
  }

  private func readEndpoint(
    _ found: ListenerProtocol, _ section: Section<ListenerKey>
  ) -> (Configuration.Listener.Endpoint, TOMLPosition)? {
    switch found {
    case .tcp:
      return readInternetAddress(section, default: Configuration.Listener.defaultTCP).map {
        (.tcp($0.value), $0.position)
      }
    case .udp:
      return readInternetAddress(section, default: Configuration.Listener.defaultUDP).map {
        (.udp($0.value), $0.position)
      }
    case .unix, .unixDatagram:
      let access = readAccess(.mode, .owner, .group, section)
      guard section.entry(.address) != nil else {
        diagnostics.error("\(section.title) has no \"address\", the path of its socket", at: section.position)
        return nil
      }
      guard let path = readSocketPath(.address, section) else { return nil }
      let endpoint: Configuration.Listener.Endpoint =
        found == .unix ? .unix(path: path.value, access) : .unixDatagram(path: path.value, access)
      return (endpoint, path.position)
    }
  }

  private func readInternetAddress(
    _ section: Section<ListenerKey>, default builtIn: InternetAddress
  ) -> Located<InternetAddress>? {
    guard section.entry(.address) != nil else { return Located(value: builtIn, position: section.position) }
    guard let text = section.string(.address) else { return nil }
    if let address = InternetAddress(text.value) { return Located(value: address, position: text.position) }
    diagnostics.error(
      "\"address\" must be a numeric address (or localhost) and a port, like \"127.0.0.1:9020\" or \"[::]:9020\","
        + " not \(quoted(text.value))", at: text.position)
    return nil
  }

  private func readAllow(_ section: Section<ListenerKey>) -> [AddressBlock]? {
    guard let texts = section.strings(.allow) else { return nil }
    if texts.isEmpty, let entry = section.entry(.allow), entry.value.kind == .array([]) {
      diagnostics.error("\"allow\" is empty: nobody could send", at: entry.value.position)
    }
    var blocks: [AddressBlock] = []
    for text in texts {
      guard let block = AddressBlock(text.value) else {
        diagnostics.error(
          "\"allow\" must hold address blocks like \"10.0.0.0/8\" or \"fd00::/8\", not \(quoted(text.value))",
          at: text.position)
        continue
      }
      if let host = text.value.split(separator: "/").first, AddressBlock(String(host))?.bytes != block.bytes {
        diagnostics.error(
          "\(quoted(text.value)) has bits set behind its prefix; the block is \(quoted(block.description))",
          at: text.position)
      }
      blocks.append(block)
    }
    return blocks
  }

  private func readCharset(_ section: Section<ListenerKey>) -> String {
    guard let name = section.nonEmptyString(.charset) else { return "utf-8" }
    if let charset = loader.checks.charset(name.value) { return charset }
    diagnostics.error("unknown charset \(quoted(name.value))", at: name.position)
    return "utf-8"
  }

  // MARK: Unix sockets

  private func readAccess<SomeKey>(
    _ mode: SomeKey, _ owner: SomeKey, _ group: SomeKey, _ section: Section<SomeKey>
  ) -> Configuration.SocketAccess {
    var access = Configuration.SocketAccess()
    if let value = section.permissions(mode)?.value { access.mode = value }
    access.owner = section.nonEmptyString(owner)?.value
    access.group = section.nonEmptyString(group)?.value
    return access
  }

  private func readSocketPath<SomeKey>(_ key: SomeKey, _ section: Section<SomeKey>) -> Located<String>? {
    guard let text = section.nonEmptyString(key) else { return nil }
    guard text.value.hasPrefix("/") else {
      diagnostics.error(
        "\(quoted(key.rawValue)) must be an absolute path, not \(quoted(text.value))", at: text.position)
      return nil
    }
    let path = FilePath.absolute(text.value, in: "/")
    guard path.utf8.count <= FilePath.maximumSocketPathBytes else {
      diagnostics.error(
        "\(quoted(key.rawValue)) is \(path.utf8.count) bytes long; the path of a Unix socket may have"
          + " \(FilePath.maximumSocketPathBytes)", at: text.position)
      return nil
    }
    return Located(value: path, position: text.position)
  }

  enum ControlKey: String, SectionKey { case path, mode, owner, group }

  func readControl(listeners: [Configuration.Listener]) -> Configuration.Control {
    let section: Section<ControlKey> = singleSection(.control)
    section.reportUnknownKeys()
    let path = readSocketPath(.path, section)
    if let path, let other = listeners.first(where: { $0.endpoint.socketPath == path.value }) {
      diagnostics.error("listener \(quoted(other.name)) has this path already", at: path.position)
    }
    return Configuration.Control(path: path?.value, access: readAccess(.mode, .owner, .group, section))
  }
}

extension Configuration.Listener.Endpoint {
  var internetAddress: InternetAddress? {
    switch self {
    case .tcp(let address), .udp(let address): address
    case .unix, .unixDatagram: nil
    }
  }

  /// Whether other machines can reach it, if nothing else forbids it.
  public var isForOtherMachines: Bool { internetAddress.map { !$0.isLoopback } ?? false }

  var socketPath: String? {
    switch self {
    case .tcp, .udp: nil
    case .unix(let path, _), .unixDatagram(let path, _): path
    }
  }

  /// Equal for any two that may conflict.
  var place: String {
    switch self {
    case .tcp(let address): "tcp \(address.port)"
    case .udp(let address): "udp \(address.port)"
    case .unix(let path, _), .unixDatagram(let path, _): path
    }
  }

  /// Whether the second of two could not be bound. Port 0 is a new one each time.
  func conflicts(with other: Self) -> Bool {
    switch (self, other) {
    case (.tcp(let left), .tcp(let right)), (.udp(let left), .udp(let right)):
      left.port == right.port && left.port != 0 && left.isIPv6 == right.isIPv6
        && (left == right || left.isUnspecified || right.isUnspecified)
    default:
      socketPath != nil && socketPath == other.socketPath
    }
  }
}
