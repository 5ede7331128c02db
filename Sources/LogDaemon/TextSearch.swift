extension String {
  /// Whether `part` is in it, compared by bytes.
  ///
  /// The `contains` of the standard library comes from its regular expressions, and would bring their
  /// megabyte of code into the static binary. The daemon's targets are built without that import.
  func holds(_ part: String) -> Bool {
    var rest = utf8[...]
    while !rest.starts(with: part.utf8) {
      guard rest.popFirst() != nil else { return false }
    }
    return true
  }
}
