/// The descriptors that systemd keeps for the next process of this service: sd_notify(3), FDSTORE.
///
/// Sending is a datagram each. What is sent is not confirmed: beyond `FileDescriptorStoreMax=` the
/// service manager closes what it gets with no more than a message of its own. On any thread.
public enum FileDescriptorStore {
  /// Descriptors that one message may carry: SCM_MAX_FD of the kernel.
  public static let mostAtOnce = 253
  /// Bytes of a name at most; systemd.service(5) takes no others than printable ASCII without colons.
  public static let longestName = 255

  /// Whether there is a store. A systemd older than 254 does not say how large it is, and so whether
  /// there is one at all.
  public static var isAvailable: Bool {
    guard SystemFiles.environment("NOTIFY_SOCKET") != nil else { return false }
    guard let most = limit else { return true }
    return most > 0
  }

  /// `FileDescriptorStoreMax=`; nil when systemd does not say.
  public static var limit: Int? { SystemFiles.environment("FDSTORE").flatMap(Int.init) }

  /// Gives a descriptor to the store.
  ///
  /// - Parameter poll: whether the store may let go of it when the other end has hung up. Not of a
  ///   connection: what its sender sent before still waits in it.
  /// - Returns: false when it could not be sent
  @discardableResult
  public static func store(_ descriptor: Int32, name: String, poll: Bool) -> Bool {
    store([descriptor], name: name, poll: poll)
  }

  /// Gives several descriptors to the store, all under one name.
  @discardableResult
  public static func store(_ descriptors: [Int32], name: String, poll: Bool) -> Bool {
    precondition(isName(name), "a name that systemd does not take")
    var all = true
    for start in stride(from: 0, to: descriptors.count, by: mostAtOnce) {
      let some = Array(descriptors[start..<min(start + mostAtOnce, descriptors.count)])
      all = SystemdCalls.notify("FDSTORE=1\nFDNAME=\(name)\(poll ? "" : "\nFDPOLL=0")", descriptors: some) && all
    }
    return all
  }

  /// Takes everything of this name out of the store.
  @discardableResult
  public static func remove(name: String) -> Bool {
    precondition(isName(name), "a name that systemd does not take")
    return SystemdCalls.notify("FDSTOREREMOVE=1\nFDNAME=\(name)")
  }

  /// What systemd takes as a name: fdname_is_valid() of its sources.
  public static func isName(_ name: String) -> Bool {
    name.utf8.count <= longestName && name.utf8.allSatisfy { 0x20..<0x7f ~= $0 && $0 != UInt8(ascii: ":") }
  }
}
