import CLinux

/// Memory that a daemon needs to start, but not to run.
public enum StartMemory {
  /// Gives back pages of code, of which reading a configuration touches the most, and free heap. Between
  /// the steps of a start, and once everything runs; whatever is needed again comes back page by page.
  public static func release() {
    onggi_release_start_memory()
  }

  /// The last time, when the start is over: of what is needed again, less comes back with it. Takes two
  /// milliseconds.
  public static func releaseForGood() {
    onggi_cut_mappings()
    onggi_release_start_memory()
  }
}
