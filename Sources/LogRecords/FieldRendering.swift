public import Pickle

extension FormatField {
  /// Appends the text of the field for its value: what the field's source names, before accessors
  /// and conversion are applied.
  ///
  /// Text that is no part of a pickle is a `PickleValue.string` slice of itself, with itself as the
  /// frame. On an error `out` is what it was before.
  ///
  /// - Parameters:
  ///   - arena: The value's. Texts that accessors make are added to it.
  ///   - spec: With `.nestedSpec` the text that its pieces gave for this record; otherwise unused.
  /// - Throws: `.invalid` where Python raises for the value, `.tooBig` beyond `RenderLimits`,
  ///   `.needsSenderCode` where Python would run code of the sender's.
  public func append(
    _ value: PickleValue, spec: [UInt8] = [], renderer: inout Renderer, arena: inout PickleArena,
    frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    let start = out.count
    do throws(RenderError) {
      var value = value
      for accessor in accessors {
        value =
          switch accessor {
          case .attribute(let name): try renderer.attribute(name.rawBytes, of: value, &arena, frame)
          case .index(let index): try renderer.item(at: index, of: value, &arena, frame)
          case .key(let key): try renderer.item(named: key.rawBytes, of: value, &arena, frame)
          }
      }
      try appendText(value, spec, &renderer, arena, frame, into: &out)
      if out.count - start > RenderLimits.text { throw .tooBig }
    } catch {
      out.removeSubrange(start...)
      throw error
    }
  }

  private func appendText(
    _ value: PickleValue, _ nestedSpec: [UInt8], _ renderer: inout Renderer, _ arena: borrowing PickleArena,
    _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    switch presentation {
    case .text: try appendConverted(value, conversion ?? .str, &renderer, arena, frame, into: &out)
    case .percent(let percent): try percent.append(value, &renderer, arena, frame, into: &out)
    case .spec(let text, let spec):
      try appendFormatted(value, text, spec, &renderer, arena, frame, into: &out)
    case .nestedSpec where nestedSpec.isEmpty:
      try appendConverted(value, conversion ?? .str, &renderer, arena, frame, into: &out)
    case .nestedSpec:
      try appendFormatted(value, nestedSpec, FormatSpec(nestedSpec[...]), &renderer, arena, frame, into: &out)
    }
  }

  private func appendConverted(
    _ value: PickleValue, _ conversion: Conversion, _ renderer: inout Renderer, _ arena: borrowing PickleArena,
    _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    switch conversion {
    case .str: try renderer.str(value, arena, frame, into: &out)
    case .repr: try renderer.repr(value, arena, frame, into: &out)
    case .ascii: try renderer.ascii(value, arena, frame, into: &out)
    }
  }

  private func appendFormatted(
    _ value: PickleValue, _ text: [UInt8], _ spec: FormatSpec?, _ renderer: inout Renderer,
    _ arena: borrowing PickleArena, _ frame: RawSpan, into out: inout [UInt8]
  ) throws(RenderError) {
    if let conversion {
      guard let spec else { throw .invalid }
      try spec.checkText()
      let start = out.count
      try appendConverted(value, conversion, &renderer, arena, frame, into: &out)
      return try spec.finishText(&out, from: start)
    }
    switch value.kind {
    case .object, .global, .persistentID, .extensionCode:
      try StandardFormat.append(value, text, spec, &renderer, arena, frame, into: &out)
    default:
      guard let spec else { throw .invalid }
      try spec.append(value, &renderer, arena, frame, into: &out)
    }
  }
}
