/// Paths as text.
enum FilePath {
  /// Bytes that fit into `sun_path` (unix(7)): 108 with the final NUL.
  static let maximumSocketPathBytes = 107

  /// An absolute path without `.`, `..` and empty components; one that is not absolute lies in
  /// `directory`. Symbolic links are not followed, so `..` goes up in the text.
  static func absolute(_ path: String, in directory: String) -> String {
    let whole = path.hasPrefix("/") ? path : directory + "/" + path
    var components: [Substring] = []
    for component in whole.split(separator: "/") where component != "." {
      if component == ".." { _ = components.popLast() } else { components.append(component) }
    }
    return "/" + components.joined(separator: "/")
  }
}
