import Glibc

/// A system call that failed.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The call's name, or what was to be done.
  public let call: String
  /// errno(3).
  public let number: Int32

  public init(_ call: String, _ number: Int32) {
    self.call = call
    self.number = number
  }

  /// ENOENT.
  public var isMissing: Bool { number == ENOENT }

  public var description: String { "\(call): \(SystemError.text(number))" }

  /// strerror(3)'s text.
  public static func text(_ number: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard unsafe strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
