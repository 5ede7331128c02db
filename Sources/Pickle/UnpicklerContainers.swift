/// Lists, tuples, dictionaries and sets: values that move from the stack into nodes.
extension Unpickler {
  func checkHashable(_ value: PickleValue) throws(PickleError) {
    guard arena.isHashable(value) else { throw fail(.malformed, "an unhashable key or set item") }
  }

  /// Replaces the values from `first` by one.
  mutating func replace(from first: Int, by value: PickleValue) throws(PickleError) {
    top = first
    try push(value)
  }

  mutating func makeTuple(from first: Int) throws(PickleError) {
    let tuple = try arena.makeTuple(stack, first..<top, at: start)
    try replace(from: first, by: tuple)
  }

  mutating func makeList() throws(PickleError) {
    let first = try popMark()
    let list = try arena.makeNode(.list, stack, first..<top, at: start)
    try replace(from: first, by: list)
  }

  mutating func makeDictionary() throws(PickleError) {
    let first = try popMark()
    try checkPairs(from: first)
    let dictionary = try arena.makeNode(.dictionary, stack, first..<top, at: start)
    try replace(from: first, by: dictionary)
  }

  mutating func makeFrozenSet() throws(PickleError) {
    let first = try popMark()
    for index in first..<top { try checkHashable(stack[index]) }
    let set = try arena.makeNode(.frozenSet, stack, first..<top, at: start)
    try replace(from: first, by: set)
  }

  /// The container that APPEND, SETITEM and the like work on: it lies below the items.
  private func target(below first: Int) throws(PickleError) -> PickleValue {
    guard first > fence else { throw fail(.stackUnderflow, "no container below the items") }
    return stack[first - 1]
  }

  private func checkPairs(from first: Int) throws(PickleError) {
    guard (top - first) & 1 == 0 else { throw fail(.malformed, "an odd number of keys and values") }
    for index in stride(from: first, to: top, by: 2) { try checkHashable(stack[index]) }
  }

  /// APPEND, APPENDS: onto a list, or an object's list items.
  mutating func append(from first: Int) throws(PickleError) {
    var list = try target(below: first)
    if list.kind == .object { list = try items(of: list, ObjectField.listItems, .list) }
    guard list.kind == .list else { throw fail(.malformed, "append to what is no list") }
    try arena.append(stack, first..<top, to: list, at: start)
    top = first
  }

  /// SETITEM, SETITEMS: into a dictionary, an object's dictionary items, or the places of a list.
  mutating func setItems(from first: Int) throws(PickleError) {
    var dictionary = try target(below: first)
    if dictionary.kind == .list { return try setListItems(dictionary, from: first) }
    if dictionary.kind == .object {
      dictionary = try items(of: dictionary, ObjectField.dictionaryItems, .dictionary)
    }
    guard dictionary.kind == .dictionary else { throw fail(.malformed, "set an item of what is no dictionary") }
    try checkPairs(from: first)
    try arena.append(stack, first..<top, to: dictionary, at: start)
    top = first
  }

  private mutating func setListItems(_ list: PickleValue, from first: Int) throws(PickleError) {
    guard (top - first) & 1 == 0 else { throw fail(.malformed, "an odd number of keys and values") }
    for index in stride(from: first, to: top, by: 2) {
      let place = stack[index]
      guard place.kind == .integer || place.kind == .bool else {
        throw fail(.malformed, "a list's item is set by what is no integer")
      }
      let offset = place.asInteger < 0 ? Int64(arena.count(list)) &+ place.asInteger : place.asInteger
      guard try arena.replaceItem(Int(offset), of: list, with: stack[index + 1], at: start) else {
        throw fail(.malformed, "the list has no such item to set")
      }
    }
    top = first
  }

  /// ADDITEMS: into a set, or an object's list items.
  mutating func addItems(from first: Int) throws(PickleError) {
    var set = try target(below: first)
    if set.kind == .object { set = try items(of: set, ObjectField.listItems, .list) }
    guard set.kind == .set || set.kind == .list && stack[first - 1].kind == .object else {
      throw fail(.malformed, "add items to what is no set")
    }
    for index in first..<top { try checkHashable(stack[index]) }
    try arena.append(stack, first..<top, to: set, at: start)
    top = first
  }

  /// An object's list or dictionary, made when it gets its first item.
  private mutating func items(
    of object: PickleValue, _ field: Int, _ kind: PickleValue.Kind
  ) throws(PickleError) -> PickleValue {
    let present = arena.field(object, field)
    if present.kind == kind { return present }
    let container = try arena.makeNode(kind, at: start)
    arena.setField(object, field, container)
    return container
  }
}
