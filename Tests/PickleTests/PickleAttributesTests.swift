import Testing

@testable import Pickle

/// `str()` of what a replacement field such as `{value.year}` or `{value[key]}` refers to. `pickle` is a pickle
/// of protocol 0, as text.
private func field(_ pickle: String, _ path: String...) throws -> String {
  let frame = [UInt8](pickle.utf8)
  var unpickler = Unpickler()
  var value = try unpickler.load(frame.rawBytes)
  var renderer = Renderer()
  for step in path {
    let name = [UInt8](step.utf8.dropFirst())
    if step.hasPrefix(".") {
      value = try renderer.attribute(name.rawBytes, of: value, &unpickler.arena, frame.rawBytes)
    } else if let index = Int(step.dropFirst()) {
      value = try renderer.item(at: index, of: value, &unpickler.arena, frame.rawBytes)
    } else {
      value = try renderer.item(named: name.rawBytes, of: value, &unpickler.arena, frame.rawBytes)
    }
  }
  var out: [UInt8] = []
  try renderer.str(value, unpickler.arena, frame.rawBytes, into: &out)
  return String(decoding: out, as: UTF8.self)
}

private let instant =
  "cdatetime\ndatetime\n(V\\u0007\\u00e8\\u0002\\u001d\\u0017\\u003b\\u003a\\u0000\\u0000\\u0007\ntR."
private let identifier =
  "ccopy_reg\n_reconstructor\n(cuuid\nUUID\nc__builtin__\nobject\nNtR(dS'int'\nL24197857161011715162171839636988778104L\nsb."
private let path = "cpathlib\nPosixPath\n(V/\nVvar\nVapp.tar.gz\ntR."
private let missing = "cexceptions\nOSError\n(I2\nVNo such file\nV/x\ntR."
private let plain =
  "ccopy_reg\n_reconstructor\n(capp.models\nOrder\nc__builtin__\nobject\nNtR(dVid\nI7\nsVuser\n(dVname\nVkim\nssb."

@Suite struct PickleAttributesTests {
  @Test func dateAndTime() throws {
    #expect(try field(instant, ".year") == "2024")
    #expect(try field(instant, ".day") == "29")
    #expect(try field(instant, ".microsecond") == "7")
    #expect(try field(instant, ".tzinfo") == "None")
    #expect(try field("cdatetime\ntimedelta\n(I-1\nI5\nI0\ntR.", ".days") == "-1")
    #expect(throws: RenderError.needsSenderCode) { try field(instant, ".isoformat") }
    #expect(throws: RenderError.invalid) { try field(instant, ".years") }
  }

  @Test func identifiers() throws {
    #expect(try field(identifier) == "12345678-1234-5678-1234-567812345678")
    #expect(try field(identifier, ".hex") == "12345678123456781234567812345678")
    #expect(try field(identifier, ".int") == "24197857161011715162171839636988778104")
    #expect(try field(identifier, ".urn") == "urn:uuid:12345678-1234-5678-1234-567812345678")
    #expect(try field(identifier, ".version") == "None")
    #expect(try field(identifier, ".node") == "95073701484152")
  }

  @Test func paths() throws {
    #expect(try field(path) == "/var/app.tar.gz")
    #expect(try field(path, ".name") == "app.tar.gz")
    #expect(try field(path, ".suffix") == ".gz")
    #expect(try field(path, ".suffixes") == "['.tar', '.gz']")
    #expect(try field(path, ".stem") == "app.tar")
    #expect(try field(path, ".parent") == "/var")
    #expect(try field(path, ".parent", ".parent", ".parent") == "/")
    #expect(try field(path, ".parts", "[1") == "var")
    #expect(try field(path, ".__class__") == "<class 'pathlib._local.PosixPath'>")
  }

  @Test func exceptions() throws {
    #expect(try field(missing, ".errno") == "2")
    #expect(try field(missing, ".filename") == "/x")
    #expect(try field(missing, ".filename2") == "None")
    #expect(try field(missing, ".args") == "(2, 'No such file')")
    #expect(try field(missing, ".__class__", ".__name__") == "FileNotFoundError")
    #expect(try field("cexceptions\nValueError\n(Vx\nI3\ntR.", ".args", "[1") == "3")
  }

  @Test func numbersAndNames() throws {
    #expect(try field("I3\n.", ".real") == "3")
    #expect(try field("I01\n.", ".numerator") == "1")
    #expect(try field("F2.5\n.", ".imag") == "0.0")
    #expect(try field("cfractions\nFraction\n(V3/4\ntR.", ".denominator") == "4")
    #expect(try field("chttp\nHTTPStatus\n(I404\ntR.", ".name") == "NOT_FOUND")
    #expect(try field("chttp\nHTTPStatus\n(I404\ntR.", ".value") == "404")
    #expect(try field("csignal\nSIGTERM\n.", ".name") == "SIGTERM")
    #expect(try field("Vx\n.", ".__class__", ".__name__") == "str")
    #expect(try field("Vx\n.", ".__class__") == "<class 'str'>")
    #expect(try field("Vx\n.", ".__class__", ".__module__") == "builtins")
    #expect(try field("cdecimal\nDecimal\n(V1.5\ntR.", ".__class__", ".__name__") == "Decimal")
    #expect(throws: RenderError.needsSenderCode) { try field("Vx\n.", ".upper") }
    #expect(throws: RenderError.invalid) { try field("Vx\n.", ".uper") }
  }

  @Test func objectsOfTheSender() throws {
    #expect(try field(plain, ".id") == "7")
    #expect(try field(plain, ".user", "[name") == "kim")
    #expect(try field(plain, ".__class__", ".__name__") == "Order")
    #expect(try field(plain, ".__class__", ".__module__") == "app.models")
    #expect(try field(plain, ".__class__", ".__qualname__") == "Order")
    #expect(throws: RenderError.needsSenderCode) { try field(plain, ".total") }
    #expect(throws: RenderError.needsSenderCode) { try field("capp\nmake\n(tR.", ".__class__") }
  }

  @Test func items() throws {
    #expect(try field("(lVa\naVb\na.", "[1") == "b")
    #expect(try field("V\\u20acb\n.", "[1") == "b")
    #expect(try field("(dI1\nVone\nsVk\nVv\ns.", "[1") == "one")
    #expect(try field("(dI1\nVone\nsVk\nVv\ns.", "[k") == "v")
    #expect(try field("ccollections\nOrderedDict\n((l(lVa\naI1\naatR.", "[a") == "1")
    #expect(try field("ccollections\nCounter\n((dVa\nI5\nstR.", "[a") == "5")
    #expect(try field("ccollections\nCounter\n((dVa\nI5\nstR.", "[b") == "0")
    #expect(try field("ccollections\ndefaultdict\n(c__builtin__\nlist\ntR.", "[b") == "[]")
    #expect(try field("ccollections\ndeque\n((lI1\naI2\naI3\naI2\ntR.", "[0") == "2")
    #expect(try field("c__builtin__\nxrange\n(I0\nI10\nI3\ntR.", "[3") == "9")
    #expect(throws: RenderError.invalid) { try field("c__builtin__\nxrange\n(I0\nI10\nI3\ntR.", "[4") }
    #expect(throws: RenderError.invalid) { try field("(lVa\na.", "[1") }
    #expect(throws: RenderError.invalid) { try field("(lVa\na.", "[a") }
    #expect(throws: RenderError.invalid) { try field("I1\n.", "[0") }
  }

  @Test func wrappersOfThemselvesEnd() throws {
    let wrapped = "ccopy_reg\n_reconstructor\n(ccollections\nUserList\nc__builtin__\nobject\nNtRp1\n(dVdata\ng1\nsb."
    #expect(throws: RenderError.needsSenderCode) { try field(wrapped, "[0") }
    #expect(try field(wrapped) == "...")
  }
}
