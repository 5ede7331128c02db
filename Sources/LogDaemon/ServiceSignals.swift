import CLinux

/// The signals that a daemon waits for.
public enum ServiceSignals {
  /// Keeps those that come before somebody waits for them, as a service manager may stop a daemon in any
  /// moment of its start. Dispatch's sources take what is pending. On the main thread, before there are
  /// others, which inherit it.
  public static func hold() { onggi_hold_signals() }
}
