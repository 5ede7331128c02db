import Testing

@testable import Pickle

/// Every opcode: what CPython makes of it, in the canonical form.
struct OpcodeTests {
  @Test(arguments: [
    // Numbers and singletons.
    ("N.", "null"), ("\u{88}.", "true"), ("\u{89}.", "false"), ("I01\n.", "true"), ("I00\n.", "false"),
    ("I42\n.", #"{"int":"42"}"#), ("I-7\n.", #"{"int":"-7"}"#), ("I5\r\n.", #"{"int":"5"}"#),
    ("I0x1F\n.", #"{"int":"31"}"#), ("I010\n.", #"{"int":"8"}"#), ("I1\n.", #"{"int":"1"}"#),
    ("I9223372036854775808\n.", #"{"int":"9223372036854775808"}"#),
    ("L123L\n.", #"{"int":"123"}"#), ("L-5\n.", #"{"int":"-5"}"#), ("L000L\n.", #"{"int":"0"}"#),
    ("L-9223372036854775808L\n.", #"{"int":"-9223372036854775808"}"#),
    ("L+99999999999999999999L\n.", #"{"int":"99999999999999999999"}"#),
    ("L-99999999999999999999L\n.", #"{"int":"-99999999999999999999"}"#),
    ("K\u{FF}.", #"{"int":"255"}"#), ("M\u{FF}\u{FF}.", #"{"int":"65535"}"#),
    ("J\u{FE}\u{FF}\u{FF}\u{FF}.", #"{"int":"-2"}"#),
    ("\u{8A}\u{00}.", #"{"int":"0"}"#), ("\u{8A}\u{01}\u{FF}.", #"{"int":"-1"}"#),
    ("\u{8A}\u{09}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{80}\u{00}.", #"{"int":"9223372036854775808"}"#),
    ("\u{8A}\u{09}\u{01}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}.", #"{"int":"1"}"#),
    ("\u{8B}\u{02}\u{00}\u{00}\u{00}\u{00}\u{80}.", #"{"int":"-32768"}"#),
    ("F3\n.", #"{"float":"3.0"}"#), ("F-1.5e-3\n.", #"{"float":"-0.0015"}"#), ("F-inf\n.", #"{"float":"-inf"}"#),
    ("FNaN\n.", #"{"float":"nan"}"#), ("F.5\n.", #"{"float":"0.5"}"#),
    ("G\u{40}\u{04}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}.", #"{"float":"2.5"}"#),
    // Texts and bytes.
    ("S'a\\'b'\n.", #"{"str2":"612762"}"#), ("S\"x\"\n.", #"{"str2":"78"}"#),
    (#"S'\a\b\t\n\v\f\r\\\"\x41\101\7\q'"# + "\n.", #"{"str2":"0708090a0b0c0d5c224141075c71"}"#),
    ("T\u{03}\u{00}\u{00}\u{00}abc.", #"{"str2":"616263"}"#), ("U\u{02}\u{E9}z.", #"{"str2":"e97a"}"#),
    ("Vplain\n.", #""plain""#), ("V\u{E9}\\u00e9\\U0001F600\n.", "\"éé😀\""),
    ("V\\\\u0041\\x\\\n.", #""\\\\u0041\\x\\""#), ("V\\ud800\n.", #"{"codepoints":[55296]}"#),
    ("X\u{02}\u{00}\u{00}\u{00}\u{C3}\u{A9}.", "\"é\""), ("\u{8C}\u{01}a.", #""a""#),
    ("\u{8D}\u{01}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\".", #""\"""#),
    ("B\u{02}\u{00}\u{00}\u{00}\u{00}\u{FF}.", #"{"bytes":"00ff"}"#), ("C\u{01}\u{80}.", #"{"bytes":"80"}"#),
    ("\u{8E}\u{01}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}z.", #"{"bytes":"7a"}"#),
    ("\u{96}\u{01}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}z.", #"{"bytearray":"7a"}"#),
    // Containers.
    ("(t.", #"{"tuple":[]}"#), (").", #"{"tuple":[]}"#), ("(NNt.", #"{"tuple":[null,null]}"#),
    ("N\u{85}.", #"{"tuple":[null]}"#), ("NN\u{86}.", #"{"tuple":[null,null]}"#),
    ("NNN\u{87}.", #"{"tuple":[null,null,null]}"#),
    ("].", "[]"), ("(Nl.", "[null]"), ("]Na.", "[null]"), ("](NNe.", "[null,null]"),
    ("}.", #"{"dict":[]}"#), ("(K\u{01}Nd.", #"{"dict":[[{"int":"1"},null]]}"#),
    ("}K\u{01}Ns.", #"{"dict":[[{"int":"1"},null]]}"#),
    ("}(K\u{01}NK\u{02}Nu.", #"{"dict":[[{"int":"1"},null],[{"int":"2"},null]]}"#),
    ("]NaK\u{00}K\u{06}s.", #"[{"int":"6"}]"#), ("](NNeJ\u{FF}\u{FF}\u{FF}\u{FF}K\u{06}s.", #"[null,{"int":"6"}]"#),
    ("\u{8F}.", #"{"set":[]}"#), ("\u{8F}(K\u{02}K\u{01}K\u{02}\u{90}.", #"{"set":[{"int":"1"},{"int":"2"}]}"#),
    ("(K\u{01}\u{91}.", #"{"frozenset":[{"int":"1"}]}"#),
    // Stack and memo.
    ("NK\u{01}0.", "null"), ("N(0.", "null"), ("N(K\u{01}1.", "null"),
    ("K\u{05}2\u{86}.", #"{"tuple":[{"int":"5"},{"int":"5"}]}"#),
    ("Np7\n0g7\n.", "null"), ("Nq\u{07}0h\u{07}.", "null"),
    ("Nr\u{FF}\u{FF}\u{FF}\u{7F}0j\u{FF}\u{FF}\u{FF}\u{7F}.", "null"),
    ("N\u{94}0h\u{00}.", "null"),
    ("K\u{01}q\u{00}K\u{02}q\u{00}\u{94}h\u{00}\u{87}.", #"{"tuple":[{"int":"1"},{"int":"2"},{"int":"2"}]}"#),
    // MEMOIZE takes the number of entries, not the largest index.
    ("Nq\u{05}0K\u{01}\u{94}0h\u{01}.", #"{"int":"1"}"#),
    // The pickle itself.
    ("\u{80}\u{05}N.", "null"), ("\u{95}\u{02}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}N.", "null"),
    ("N.garbage", "null"),
    // Cycles.
    ("]q\u{00}h\u{00}a.", #"[{"cycle":1}]"#), ("]q\u{00}(h\u{00}ta.", #"[{"tuple":[{"cycle":2}]}]"#),
  ])
  func value(pickle: String, canonical: String) { #expect(decode(pickle) == canonical) }

  @Test func everyOpcodeOfPicklePy() {
    #expect(Opcode.allCases.count == 68)
    for opcode in Opcode.allCases {
      #expect(failure([opcode.rawValue])?.error.code != .unknownOpcode, "\(opcode)")
    }
    for byte in UInt8.min...UInt8.max where Opcode(rawValue: byte) == nil {
      #expect(decode([byte]) == "unknown_opcode@0")
    }
  }

  @Test func consumedEndsAfterStop() throws {
    var unpickler = Unpickler()
    _ = try unpickler.load(bytes("N.N.").rawBytes)
    #expect(unpickler.consumed == 2)
  }
}

/// What names and calls become: values for the builtin types, descriptions for all else.
struct CallTests {
  static let latin1 = "c_codecs\nencode\n(X\u{04}\u{00}\u{00}\u{00}\u{C3}\u{BF}abX\u{06}\u{00}\u{00}\u{00}latin1tR."

  @Test(arguments: [
    (latin1, #"{"bytes":"ff6162"}"#),
    ("c__builtin__\nbytes\n(tR.", #"{"bytes":""}"#), ("cbuiltins\nbytes\n(](K\u{01}K\u{02}etR.", #"{"bytes":"0102"}"#),
    ("cbuiltins\nbytearray\n(tR.", #"{"bytearray":""}"#),
    ("cbuiltins\nbytearray\nC\u{01}a\u{85}R.", #"{"bytearray":"61"}"#),
    (
      "c__builtin__\nbytearray\n(X\u{02}\u{00}\u{00}\u{00}\u{C3}\u{A9}X\u{07}\u{00}\u{00}\u{00}latin-1tR.",
      #"{"bytearray":"e9"}"#
    ),
    ("c__builtin__\nset\n(](K\u{01}K\u{01}etR.", #"{"set":[{"int":"1"}]}"#), ("cbuiltins\nset\n)R.", #"{"set":[]}"#),
    ("cbuiltins\nfrozenset\n(](NetR.", #"{"frozenset":[null]}"#),
    ("cbuiltins\nfrozenset\n](Ne\u{85}\u{81}.", #"{"frozenset":[null]}"#),
    ("cbuiltins\nset\n](Ne\u{85}\u{81}.", #"{"set":[]}"#),
    ("cbuiltins\nlist\n(NN\u{86}tR.", "[null,null]"), ("cbuiltins\ntuple\n(](NetR.", #"{"tuple":[null]}"#),
    ("cbuiltins\nlist\n)RNa.", "[null]"), ("cbuiltins\ndict\n)RNNs.", #"{"dict":[[null,null]]}"#),
    ("cbuiltins\ndict\n(](K\u{01}N\u{86}etR.", #"{"dict":[[{"int":"1"},null]]}"#),
    ("cbuiltins\nset\n)R(K\u{01}\u{90}.", #"{"set":[{"int":"1"}]}"#),
    ("c__builtin__\nstr\n)R.", #""""#), ("cbuiltins\nint\n\u{88}\u{85}R.", #"{"int":"1"}"#),
    ("cbuiltins\nbool\nN\u{85}R.", "false"),
    ("cbuiltins\nfloat\nK\u{02}\u{85}R.", #"{"float":"2.0"}"#),
    ("c__builtin__\ncomplex\n(F1.0\nF-2.5\ntR.", #"{"complex":["1.0","-2.5"]}"#),
    ("cbuiltins\ncomplex\n)R.", #"{"complex":["0.0","0.0"]}"#),
    ("cbuiltins\nNotImplemented\n.", #"{"object":"builtins.NotImplementedType"}"#),
    ("\u{8C}\u{08}builtins\u{8C}\u{08}Ellipsis\u{93}.", #"{"object":"builtins.ellipsis"}"#),
    ("(i__builtin__\nset\n.", #"{"set":[]}"#), ("(c__builtin__\nset\n](Neo.", #"{"set":[null]}"#),
    ("K\u{01}Nb.", #"{"int":"1"}"#), ("]NN\u{86}b.", "[]"),
    ("cposix\nsystem\n.", #"{"object":"posix.system"}"#),
    ("cposix\nsystem\n(S'id'\ntR.", #"{"object":"posix.system"}"#),
    ("cbuiltins\neval\n(S'1'\ntR.", #"{"object":"builtins.eval"}"#), ("capp\nC\n)\u{81}}b.", #"{"object":"app.C"}"#),
    ("capp\nC\n)}\u{92}.", #"{"object":"app.C"}"#), ("(iapp\nC\n.", #"{"object":"app.C"}"#),
    ("(capp\nC\nNo.", #"{"object":"app.C"}"#),
    ("ccopy_reg\n_reconstructor\n(capp\nC\nc__builtin__\nobject\nNtR.", #"{"object":"app.C"}"#),
    ("ccopyreg\n__newobj__\n(capp\nC\nK\u{01}tR.", #"{"object":"app.C"}"#),
    ("ccopyreg\n__newobj_ex__\n(capp\nC\n)}tR.", #"{"object":"app.C"}"#),
    ("ccopyreg\n__newobj__\n(cbuiltins\nfrozenset\n](NetR.", #"{"frozenset":[null]}"#),
    ("\u{82}\u{01}.", #"{"object":"extension code 1"}"#), ("\u{83}\u{01}\u{01}.", #"{"object":"extension code 257"}"#),
    ("\u{84}\u{01}\u{00}\u{00}\u{00}.", #"{"object":"extension code 1"}"#),
    ("Pabc\n.", #"{"object":"persistent id"}"#), ("K\u{01}Q.", #"{"object":"persistent id"}"#),
  ])
  func value(pickle: String, canonical: String) { #expect(decode(pickle) == canonical) }

  @Test func anObjectKeepsEverythingItWasGiven() throws {
    let pickle = bytes("capp\nC\nK\u{01}\u{85}}K\u{02}K\u{03}s\u{92}K\u{04}a(K\u{05}eK\u{06}K\u{07}sK\u{08}b.")
    var unpickler = Unpickler()
    let object = try unpickler.load(pickle.rawBytes)
    #expect(object.kind == .object)
    func field(_ field: Int) -> String { json(unpickler.arena.field(object, field), unpickler.arena, pickle) }
    #expect(field(ObjectField.callable) == #"{"object":"app.C"}"#)
    #expect(field(ObjectField.arguments) == #"{"tuple":[{"int":"1"}]}"#)
    #expect(field(ObjectField.keywords) == #"{"dict":[[{"int":"2"},{"int":"3"}]]}"#)
    #expect(field(ObjectField.listItems) == #"[{"int":"4"},{"int":"5"}]"#)
    #expect(field(ObjectField.dictionaryItems) == #"{"dict":[[{"int":"6"},{"int":"7"}]]}"#)
    #expect(field(ObjectField.state) == #"{"int":"8"}"#)
  }

  @Test func reconstructorHoldsTheBaseValue() throws {
    let pickle = bytes("ccopy_reg\n_reconstructor\n(capp\nD\nc__builtin__\ndict\n}tR(K\u{01}\u{90}.")
    var unpickler = Unpickler()
    let object = try unpickler.load(pickle.rawBytes)
    let arena = unpickler.arena.field(object, ObjectField.arguments)
    #expect(json(arena, unpickler.arena, pickle) == #"{"tuple":[{"dict":[]}]}"#)
    #expect(json(unpickler.arena.field(object, ObjectField.listItems), unpickler.arena, pickle) == #"[{"int":"1"}]"#)
  }
}

/// What CPython refuses is refused, with the offset of the opcode.
struct PickleErrorTests {
  @Test(arguments: [
    ("", "truncated@0"), ("N", "truncated@1"), ("NJ\u{00}\u{00}", "truncated@1"),
    ("NX\u{05}\u{00}\u{00}\u{00}abc.", "truncated@1"),
    ("\u{8D}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}.", "truncated@0"), ("I12", "truncated@0"),
    ("\u{80}", "truncated@0"),
    ("\u{96}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{40}.", "truncated@0"), ("\u{8A}\u{05}a.", "truncated@0"),
    ("\u{95}\u{09}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}N.", "truncated@0"),
    ("\u{95}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{80}N.", "malformed@0"),
    ("N\u{FF}.", "unknown_opcode@1"), ("\u{80}\u{06}N.", "unsupported_protocol@0"),
    (".", "stack_underflow@0"), ("N(.", "stack_underflow@2"), ("0", "stack_underflow@0"), ("2", "stack_underflow@0"),
    ("N\u{86}.", "stack_underflow@1"), ("N(\u{85}.", "stack_underflow@2"), ("Na.", "stack_underflow@1"),
    ("(Ne.", "stack_underflow@2"),
    ("NNs.", "stack_underflow@2"), ("(NNu.", "stack_underflow@3"), ("(\u{90}.", "stack_underflow@1"),
    ("q\u{00}.", "stack_underflow@0"),
    ("\u{94}.", "stack_underflow@0"), ("NR.", "stack_underflow@1"), ("Nb.", "stack_underflow@1"),
    ("(o.", "stack_underflow@1"),
    ("Q.", "stack_underflow@0"), ("N\u{93}.", "stack_underflow@1"), ("NN\u{92}.", "stack_underflow@2"),
    ("t.", "missing_mark@0"), ("1.", "missing_mark@0"), ("}u.", "missing_mark@1"), ("ia\nb\n.", "missing_mark@0"),
    ("h\u{09}.", "missing_memo@0"), ("Nq\u{05}h\u{03}.", "missing_memo@3"), ("g4294967295\n.", "missing_memo@0"),
    ("Np-1\n.", "malformed@1"), ("gx\n.", "malformed@0"), ("g\n.", "malformed@0"), ("Np4294967296\n.", "malformed@1"),
    ("Iabc\n.", "malformed@0"), ("I\n.", "malformed@0"), ("I-\n.", "malformed@0"), ("I0x\n.", "malformed@0"),
    ("L012L\n.", "malformed@0"),
    ("L1LL\n.", "malformed@0"), ("I0xFFFFFFFFFFFFFFFFF\n.", "malformed@0"),
    ("Fabc\n.", "malformed@0"), ("F1e400\n.", "malformed@0"), ("F1_0.5\n.", "malformed@0"), ("F 1\n.", "malformed@0"),
    ("F1e\n.", "malformed@0"),
    ("F0x1p3\n.", "malformed@0"), ("F\n.", "malformed@0"),
    ("\u{8B}\u{FF}\u{FF}\u{FF}\u{FF}.", "malformed@0"), ("T\u{FF}\u{FF}\u{FF}\u{FF}.", "malformed@0"),
    ("Sabc\n.", "malformed@0"), ("S'\n.", "malformed@0"), ("S'a\"\n.", "malformed@0"), ("S'\\x4'\n.", "malformed@0"),
    ("S'\\'\n.", "malformed@0"),
    ("V\\u12\n.", "malformed@0"), ("V\\U00110000\n.", "malformed@0"),
    (")K\u{01}a.", "malformed@3"), ("}Na.", "malformed@2"), ("](N\u{90}.", "malformed@3"),
    ("(N\u{91}(N\u{90}.", "malformed@5"),
    ("KaNNs.", "malformed@4"), ("]K\u{00}Ns.", "malformed@4"), ("]NaNNs.", "malformed@5"), ("](Nu.", "malformed@3"),
    ("}(Nu.", "malformed@3"), ("(Nd.", "malformed@2"), ("}]Ns.", "malformed@3"), ("}}Ns.", "malformed@3"),
    ("((]tNd.", "malformed@5"),
    ("\u{8F}(\u{8F}\u{90}.", "malformed@3"), ("(]\u{91}.", "malformed@2"), ("}]\u{85}\u{85}Ns.", "malformed@5"),
    ("\u{8F}(\u{96}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{00}\u{90}.", "malformed@11"),
    ("cbuiltins\nset\n(]](NeatR.", "malformed@22"), ("K\u{01})R.", "malformed@3"), ("K\u{01})\u{81}.", "malformed@3"),
    ("capp\nC\nNR.", "malformed@8"), ("capp\nC\n]\u{81}.", "malformed@8"), ("capp\nC\n))\u{92}.", "malformed@9"),
    ("K\u{01}}b.", "malformed@3"), ("NN\u{93}.", "malformed@2"), ("(NN\u{93}.", "malformed@3"),
    ("c_codecs\nencode\n(X\u{02}\u{00}\u{00}\u{00}\u{C4}\u{80}X\u{06}\u{00}\u{00}\u{00}latin1tR.", "malformed@36"),
    ("cbuiltins\nbytes\n(](M\u{00}\u{01}etR.", "malformed@24"), ("cbuiltins\ndict\n(](NetR.", "malformed@21"),
    ("\u{82}\u{00}.", "malformed@0"), ("\u{84}\u{FF}\u{FF}\u{FF}\u{FF}.", "malformed@0"),
    ("\u{97}.", "malformed@0"), ("N\u{98}.", "malformed@1"),
  ])
  func error(pickle: String, expected: String) { #expect(decode(pickle) == expected) }

  @Test func aFailedLoadLeavesNothingBehind() throws {
    var unpickler = Unpickler()
    #expect(throws: PickleError.self) { try unpickler.load(bytes("]q\u{00}](NNt\u{FF}").rawBytes) }
    #expect(unpickler.arena.nodes.isEmpty)
    #expect(throws: PickleError(.missingMemo, "", at: 0)) { try unpickler.load(bytes("h\u{00}.").rawBytes) }
    let value = try unpickler.load(bytes("K\u{07}.").rawBytes)
    #expect(value.asInteger == 7)
  }
}
