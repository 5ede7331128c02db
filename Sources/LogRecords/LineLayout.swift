import Pickle

/// What a handler does with characters that would let a record look like several, or like another:
/// `control_characters` and `multiline`. Python keeps them all, and so is the default.
public struct LineLayout: Sendable, Equatable {
  public enum Newlines: Sendable { case keep, indent, escape }

  /// C0 (but tab and newline), DEL and C1 become `\x1b` and the like.
  public var escapesControlCharacters: Bool
  public var newlines: Newlines

  public init(escapesControlCharacters: Bool = false, newlines: Newlines = .keep) {
    self.escapesControlCharacters = escapesControlCharacters
    self.newlines = newlines
  }

  /// Whether the text stays as Python has it.
  var isPython: Bool { self == LineLayout() }

  /// What stands in front of a record's further lines.
  static let indentation = Array("    ".utf8)

  /// The text in this layout; UTF-8.
  func apply(_ text: RawSpan) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.byteCount)
    var offset = 0
    while offset < text.byteCount {
      let byte = text[offset]
      if byte == UInt8(ascii: "\n") {
        switch newlines {
        case .keep: result.append(byte)
        case .indent:
          result.append(byte)
          result.append(contentsOf: LineLayout.indentation)
        case .escape: result.append(contentsOf: "\\n".utf8)
        }
      } else if escapesControlCharacters, byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7f {
        result.appendEscapedByte(byte)
      } else if escapesControlCharacters, byte == 0xc2, offset + 1 < text.byteCount, text[offset + 1] < 0xa0 {
        result.appendEscapedByte(text[offset + 1])
        offset += 1
      } else {
        result.append(byte)
      }
      offset += 1
    }
    return result
  }
}

extension LineBuffer {
  /// Gives what stands from `start` on another layout; false when that does not fit.
  @inline(never)
  mutating func rewrite(from start: Int, _ layout: LineLayout) -> Bool {
    let text = layout.apply(bytes.bytes.extracting(start..<count))
    count = start
    return append(text.rawBytes)
  }
}
