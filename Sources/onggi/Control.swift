import Glibc
import LogDaemon

/// `onggi status`: the ledger of the running daemon.
func status(json: Bool, _ file: String?) -> Int32 {
  ask(json ? .statusJSON : .status, file) { reply in
    guard reply.outcome == .ok else { return nil }
    return say(reply.text)
  }
}

/// `onggi reload`: returns when the reload is over.
func reload(_ file: String?) -> Int32 {
  ask(.reload, file) { reply in
    switch reply.outcome {
    case .ok, .refused:
      SystemFiles.write(Array(reply.text.utf8), to: STDERR_FILENO)
      return reply.outcome == .ok ? ExitStatus.success : ExitStatus.configuration
    case .error: return nil
    }
  }
}

/// Asks the running daemon. `result` returns nil for an answer that is none.
private func ask(_ request: ControlRequest, _ file: String?, _ result: (ControlReply) -> Int32?) -> Int32 {
  do {
    let places = try ControlPlaces.forClient(file)
    let (reply, path) = try ControlClient.ask(request, at: places)
    if path != places[0] { complain("nobody answers at \(places[0]); this is the daemon at \(path)") }
    if let status = result(reply) { return status }
    complain("the daemon at \(path) says: \(reply.text.split(separator: "\n").joined(separator: " "))")
    return ExitStatus.unavailable
  } catch let error as PlanError {
    complain("\(error)")
    return ExitStatus.configuration
  } catch {
    complain("\(error)")
    return ExitStatus.unavailable
  }
}
