/// What a client of the control socket asks for: one line, one request for each connection.
public enum ControlRequest: String, Sendable, CaseIterable {
  /// The ledger as a text for people.
  case status
  /// The ledger as one line of JSON.
  case statusJSON = "status json"
  /// To read the configuration again. Answered when that is over.
  case reload
}

/// Takes a request's bytes in whatever pieces they come.
///
///     bytes … LF, at most `longestLine` of them  →  a request, or a refusal
public struct ControlRequestReader: Sendable {
  /// Bytes of a line, its end included.
  public static let longestLine = 64

  private var line: [UInt8] = []

  public init() {}

  /// How many bytes to read next, at most: one more than a line may have shows that it is too long.
  public var room: Int { ControlRequestReader.longestLine + 1 - line.count }

  /// Takes the next bytes. Returns the request as soon as its line has ended; not called again after
  /// that, or after it has thrown.
  public mutating func append(_ bytes: some Sequence<UInt8>) throws(ControlRefusal) -> ControlRequest? {
    for byte in bytes {
      // Whoever sends more than a line expects another protocol.
      if line.last == ControlRequestReader.end { throw .moreThanALine }
      if line.count == ControlRequestReader.longestLine { throw .tooLong }
      line.append(byte)
    }
    guard line.last == ControlRequestReader.end else { return nil }
    let text = String(decoding: line.dropLast(), as: UTF8.self)
    guard let request = ControlRequest(rawValue: text) else { throw .unknown }
    return request
  }

  private static let end = UInt8(ascii: "\n")
}

/// Why a client of the control socket gets no answer to what it sent.
public enum ControlRefusal: Error, Sendable, Equatable, CustomStringConvertible {
  /// A line longer than `ControlRequestReader.longestLine`.
  case tooLong
  case moreThanALine
  case unknown
  /// The line did not end in time, or with the connection.
  case unfinished
  /// `ControlSocket.mostClients` are being answered.
  case busy

  public var description: String {
    switch self {
    case .tooLong: "a request has at most \(ControlRequestReader.longestLine) bytes"
    case .moreThanALine: "a connection is for one request, which is one line"
    case .unknown: "requests are: " + ControlRequest.allCases.map(\.rawValue).joined(separator: ", ")
    case .unfinished: "the request's line did not end"
    case .busy: "too many requests at once; try again"
    }
  }
}
