import CLinux

/// The signals that a daemon waits for.
public enum ServiceSignals {
  /// Keeps those that come before somebody waits for them: the kernel drops an ignored signal unless the
  /// first thread blocks it, and a service manager may stop a daemon as soon as it is ready. On the main
  /// thread, before there are others.
  public static func hold() { onggi_hold_signals() }
}
