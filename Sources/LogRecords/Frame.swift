public import Pickle

/// The framing that `SocketHandler` and `DatagramHandler` put around a pickle: its length as four
/// bytes, most significant first (`struct.pack(">L", len(s))` in `makePickle`).
public enum Frame {
  /// Bytes of the length.
  public static let headerSize = 4

  /// The length that stands at `offset`: 0 to 2³²−1. Nothing may be allocated for it unchecked.
  @inlinable @inline(__always)
  public static func length(_ bytes: RawSpan, at offset: Int) -> Int {
    Int(bytes.load32(offset).byteSwapped)
  }

  /// A stream whose bytes are not frames, or not frames that are let in. There is no way to find the
  /// next frame's start, so the connection ends.
  public enum StreamError: Error, Equatable, Sendable {
    /// More than `max_frame_bytes`.
    case tooLong(Int)
    /// The first bytes of another protocol: its name for people.
    case foreign(StaticString)

    public static func == (a: StreamError, b: StreamError) -> Bool {
      switch (a, b) {
      case (.tooLong(let a), .tooLong(let b)): a == b
      case (.foreign(let a), .foreign(let b)): a.description == b.description
      default: false
      }
    }
  }

  /// What to say about a length that is too long: the four bytes may be the start of something else.
  public static func error(_ length: Int) -> StreamError {
    switch UInt32(truncatingIfNeeded: length) {
    case 0x4745_5420, 0x504f_5354, 0x5055_5420, 0x4845_4144, 0x4f50_5449, 0x4445_4c45, 0x5052_4920: .foreign("HTTP")
    case 0x5353_482d: .foreign("SSH")
    case 0x1603_0000...0x1603_04ff: .foreign("TLS")
    case let word where word >> 24 == 0x7b: .foreign("JSON")
    case let word where word >> 24 == 0x3c && word >> 16 & 0xff >= 0x30 && word >> 16 & 0xff <= 0x39: .foreign("syslog")
    case let word where word >> 24 == 0xff && word >> 16 & 0xff >= 0xf0: .foreign("Telnet")
    default: .tooLong(length)
    }
  }
}

/// The position of a stream inside its framing: what is known of a frame that has not come whole.
///
///     header ──4 bytes──▶ body(length) ──length bytes──▶ header …
///
/// A value of a few words: a connection between two frames owns nothing else. The body's bytes are
/// kept by whoever reads the stream.
public struct FrameState: BitwiseCopyable, Sendable, Equatable {
  /// Up to three bytes of an unfinished length, the first one in the lowest byte.
  public private(set) var headerBytes: UInt32 = 0
  public private(set) var headerCount = 0
  /// The frame's size with its header once the length is known, else 0.
  public private(set) var size = 0
  /// Bytes of the frame, with its header, that have come.
  public private(set) var received = 0

  public init() {}

  /// A position that was noted before. Nil: there is no such position.
  public init?(headerBytes: UInt32, headerCount: Int, size: Int, received: Int) {
    guard 0..<Frame.headerSize ~= headerCount, size == 0 ? received == headerCount : received < size && headerCount == 0
    else { return nil }
    (self.headerBytes, self.headerCount, self.size, self.received) = (headerBytes, headerCount, size, received)
  }

  /// Whether the stream may end here.
  public var isBetweenFrames: Bool { received == 0 }
  /// Bytes that the frame's rest has, once its length is known.
  public var missing: Int { size - received }

  /// Notes what is left behind the last whole frame of a read: fewer bytes than the next frame has.
  public mutating func begin(_ rest: RawSpan, largest: Int) throws(Frame.StreamError) {
    self = FrameState()
    received = rest.byteCount
    if rest.byteCount < Frame.headerSize {
      headerCount = rest.byteCount
      for index in 0..<headerCount { headerBytes |= UInt32(rest[index]) << UInt32(8 * index) }
      return
    }
    let length = Frame.length(rest, at: 0)
    guard length <= largest else { throw Frame.error(length) }
    size = Frame.headerSize + length
  }

  /// Notes that `count` more bytes of the body have come.
  public mutating func advance(_ count: Int) { received += count }

  public mutating func reset() { self = FrameState() }
}
