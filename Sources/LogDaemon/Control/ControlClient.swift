import Glibc
import LogListeners
import SharedState

/// A client of the control socket: `onggi status`, `onggi reload`. Blocks.
public enum ControlClient {
  /// Within this time a daemon takes a request, and answers one that is no reload.
  static let seconds = 10

  public struct NoAnswer: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// Asks the first daemon that answers at one of these places. A reload takes as long as it takes.
  ///
  /// - Returns: the answer, and where it came from
  public static func ask(
    _ request: ControlRequest, at places: [String]
  ) throws(NoAnswer) -> (reply: ControlReply, path: String) {
    var failures: [String] = []
    for path in places {
      let descriptor: Int32
      do throws(SystemError) {
        descriptor = try Socket.connected(path: path, seconds: seconds)
      } catch {
        failures.append("\(path) (\(SystemError.text(error.number)))")
        continue
      }
      defer { close(descriptor) }
      if request == .reload { Socket.setTimeout(descriptor, SO_RCVTIMEO, 0) }
      return (try ask(request, descriptor, path), path)
    }
    throw NoAnswer(description: "no daemon answers at \(failures.joined(separator: ", nor at "))")
  }

  private static func ask(_ request: ControlRequest, _ descriptor: Int32, _ path: String) throws(NoAnswer)
    -> ControlReply
  {
    guard case .count = Socket.send(descriptor, Array("\(request.rawValue)\n".utf8)[...]) else {
      throw NoAnswer(description: "the daemon at \(path) takes no requests")
    }
    var bytes: [UInt8] = []
    while bytes.count <= ControlReply.longestText {
      switch Socket.receive(descriptor, most: 64 * 1024, into: &bytes) {
      case .count: continue
      case .wouldBlock: throw NoAnswer(description: "the daemon at \(path) did not answer within \(seconds) s")
      case .end, .failed:
        guard let reply = ControlReply(bytes) else {
          throw NoAnswer(description: "the daemon at \(path) ended before it had answered")
        }
        return reply
      }
    }
    throw NoAnswer(description: "what answers at \(path) is no onggi")
  }
}
