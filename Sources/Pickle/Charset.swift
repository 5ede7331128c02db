extension Renderer {
  /// How Python 2 byte strings are read.
  public enum Charset: Sendable, Equatable {
    /// UTF-8; other bytes become lone surrogates (`surrogateescape`).
    case utf8
    case latin1
    /// 256 entries: the text of each byte.
    case table([[UInt8]])

    /// Appends the text of `bytes`.
    ///
    /// - Throws: `.tooBig` when `out` would become longer than `limit`.
    public func decode(_ bytes: RawSpan, limit: Int = .max, into out: inout [UInt8]) throws(RenderError) {
      switch self {
      case .utf8:
        var start = 0
        var offset = bytes.firstNonASCII()
        while offset < bytes.byteCount {
          if bytes[offset] < 0x80 {
            offset = bytes.firstNonASCII(from: offset)
            continue
          }
          let (codePoint, length) = bytes.codePoint(at: offset)
          if length > 0 && !CodePoint.isSurrogate(codePoint) {
            offset += length
            continue
          }
          out.append(bytes.extracting(start..<offset))
          out.appendCodePoint(0xDC00 + UInt32(bytes[offset]))
          if out.count > limit { throw .tooBig }
          offset += 1
          start = offset
        }
        out.append(bytes.extracting(start..<offset))
      case .latin1:
        for offset in 0..<bytes.byteCount { out.appendCodePoint(UInt32(bytes[offset])) }
      case .table(let texts):
        for offset in 0..<bytes.byteCount {
          let byte = Int(bytes[offset])
          if byte < texts.count { out.append(contentsOf: texts[byte]) }
          if out.count > limit { throw .tooBig }
        }
      }
      if out.count > limit { throw .tooBig }
    }
  }
}
