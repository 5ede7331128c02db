/// How rotated files are compressed: by zlib or libzstd, at the level that their programs have as a default.
public enum Compression: Sendable, CaseIterable {
  case gzip, zstd

  /// What is added to a file's name, as `gzip` and `zstd` do.
  var ending: String {
    switch self {
    case .gzip: ".gz"
    case .zstd: ".zst"
    }
  }
}

/// What becomes of a handler's rotated files, beyond Python's `backupCount`.
public struct BackupOptions: Sendable {
  public var compression: Compression?
  /// Of the file that is written and its backups together.
  public var maxTotalBytes: Int?
  /// From when a backup was last written to.
  public var maxAge: Duration?

  public init(compression: Compression? = nil, maxTotalBytes: Int? = nil, maxAge: Duration? = nil) {
    self.compression = compression
    self.maxTotalBytes = maxTotalBytes
    self.maxAge = maxAge
  }
}
