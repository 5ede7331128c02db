import CSystemd
import Glibc
import SharedState

/// The edge to libsystemd: sd_listen_fds_with_names(3), sd_notify(3), sd_watchdog_enabled(3).
enum SystemdCalls {
  /// What systemd passed to this process, then taken out of the environment. CLOEXEC is set.
  static func listenFDs() throws(SystemError) -> [(name: String, descriptor: Int32)] {
    var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    let count = unsafe sd_listen_fds_with_names(1, &names)
    guard count >= 0 else { throw SystemError("sd_listen_fds_with_names", -count) }
    var result: [(name: String, descriptor: Int32)] = []
    for index in 0..<count {
      // One name for each descriptor, "unknown" where systemd gave none.
      let name = unsafe names?[Int(index)]
      let text = if let name = unsafe name { unsafe String(cString: name) } else { "unknown" }
      unsafe free(name)
      result.append((text, SD_LISTEN_FDS_START + index))
    }
    unsafe free(names)
    return result
  }

  /// Sends the service manager a state, with descriptors to keep. True: it was sent; false: there is
  /// no service manager that wants to know, or it could not be reached.
  @discardableResult
  static func notify(_ state: String, descriptors: [Int32] = []) -> Bool {
    unsafe sd_pid_notify_with_fds(0, 0, state, descriptors, UInt32(descriptors.count)) > 0
  }

  /// Within how many microseconds the service manager wants to hear from this process; nil: it does
  /// not watch.
  static func watchdogMicroseconds() -> UInt64? {
    var microseconds: UInt64 = 0
    return unsafe sd_watchdog_enabled(0, &microseconds) > 0 ? microseconds : nil
  }

  /// CLOCK_MONOTONIC, as RELOADING=1 wants it.
  static func monotonicMicroseconds() -> UInt64 {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1_000_000 + UInt64(now.tv_nsec) / 1000
  }
}
