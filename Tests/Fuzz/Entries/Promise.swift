/// Traps unless a promise is kept.
func promise(_ isKept: Bool, _ what: StaticString) {
  if !isKept { fatalError("broken: \(what)") }
}
