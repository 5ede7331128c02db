/// What the daemon tells the service manager: sd_notify(3). Without one it does nothing.
///
/// On any thread; a message is a datagram.
public enum ServiceNotifier {
  /// Everything listens; also: a reload is over.
  public static func ready() { SystemdCalls.notify("READY=1") }

  /// A reload begins. `ready` follows, however it goes.
  public static func reloading() {
    SystemdCalls.notify("RELOADING=1\nMONOTONIC_USEC=\(SystemdCalls.monotonicMicroseconds())")
  }

  public static func stopping() { SystemdCalls.notify("STOPPING=1") }

  /// One line for `systemctl status`.
  public static func status(_ text: String) {
    // A line end would begin an assignment of its own.
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    SystemdCalls.notify("STATUS=\(line)")
  }

  /// The daemon is alive; said within `watchdogInterval` each time.
  public static func watchdog() { SystemdCalls.notify("WATCHDOG=1") }

  /// `WatchdogSec=`; nil when nobody watches.
  public static var watchdogInterval: Duration? {
    SystemdCalls.watchdogMicroseconds().map { .microseconds(Int64(clamping: $0)) }
  }

  /// Whether somebody listens.
  public static var isWatched: Bool { SystemFiles.environment("NOTIFY_SOCKET") != nil }
}
