import Pickle
import TestSupport
import Testing

@testable import LogRecords

@Suite struct FormatStringPythonTests {
  /// What `logging.Formatter` accepts, and what it makes of a record, for texts of the characters and
  /// words that matter to a style.
  @Test(arguments: FormatString.Style.allCases)
  func generatedFormatsAreReadAsPythonReadsThem(_ style: FormatString.Style) throws {
    guard let oracle = PythonOracle.current else { return }
    let seed = SeededGenerator.seed("\(#function) \(style)")
    let lines = try oracle.columns(Self.formatScript, ["\(seed)", "8000", style.character])
    #expect(lines.count == 8000)
    var failures = 0
    for columns in lines {
      let format = try #require(columns[0])
      let pickle = try #require(columns[1])
      let isAccepted = columns[2] == [1]
      let isRead = (try? FormatString(format, style: style)) != nil
      let unchecked = try FormatString(format, style: style, validate: false)
      let result = try FormattedLine(unchecked, pickle: pickle)
      let text = result.hasReferences ? nil : result.text
      if isRead != isAccepted || text != columns[4] || unchecked.usesTime != (columns[3] == [1]) {
        failures += 1
        if failures > 20 { continue }
        Issue.record(
          """
          \(style) \(String(decoding: format, as: UTF8.self).debugDescription): accepted \(isRead), not \(isAccepted); \
          '\(show(text))', not '\(show(columns[4]))'
          """)
      }
    }
    #expect(failures == 0)
  }

  /// One field with a value of any builtin type, flags, widths, precisions and types of any kind.
  @Test(arguments: FormatString.Style.allCases)
  func generatedFieldsAreShownAsPythonShowsThem(_ style: FormatString.Style) throws {
    try compareFields(style, "builtin", count: style == .dollar ? 500 : 12_000)
  }

  /// The same with values of the standard library's classes.
  @Test(arguments: FormatString.Style.allCases)
  func generatedFieldsOfStandardClassesAreShownAsPythonShowsThem(_ style: FormatString.Style) throws {
    try compareFields(style, "standard", count: style == .dollar ? 500 : 6000)
  }

  private func compareFields(_ style: FormatString.Style, _ values: String, count: Int) throws {
    guard let oracle = PythonOracle.current else { return }
    let seed = SeededGenerator.seed("\(#function) \(style)")
    let lines = try oracle.columns(Self.fieldScript, ["\(seed)", "\(count)", style.character, values])
    #expect(lines.count == count)
    var failures = 0
    var shown = 0
    for columns in lines {
      let format = try #require(columns[0])
      let pickle = try #require(columns[1])
      let result = try FormattedLine(FormatString(format, style: style, validate: false), pickle: pickle)
      let text = result.hasReferences ? nil : result.text
      if columns[2] != nil { shown += 1 }
      if text != columns[2] {
        failures += 1
        if failures > 20 { continue }
        let value = String(decoding: columns[3] ?? [], as: UTF8.self)
        Issue.record(
          "\(String(decoding: format, as: UTF8.self)) of \(value): '\(show(text))', not '\(show(columns[2]))'")
      }
    }
    #expect(failures == 0)
    #expect(shown > count / 4)
  }

  /// `\w` and `\d` of `re`, over all code points.
  @Test func classesOfCharactersArePythons() throws {
    guard let oracle = PythonOracle.current else { return }
    let lines = try oracle.lines(
      """
      import re
      last = 0
      for number in range(0x110000):
          text = chr(number)
          kind = int(bool(re.match(r'\\w', text))) + 2 * int(bool(re.match(r'\\d', text)))
          if kind != last: print(number, kind)
          last = kind
      """)
    var changes: [String] = []
    var last = 0
    for number in 0..<UInt32(0x11_0000) {
      let kind = (FormatText.isWord(number) ? 1 : 0) + (FormatText.digit(number) == nil ? 0 : 2)
      if kind != last { changes.append("\(number) \(kind)") }
      last = kind
    }
    #expect(changes == lines)
  }

  private func show(_ text: [UInt8]?) -> String {
    text.map { String(decoding: $0, as: UTF8.self) } ?? "(raises)"
  }

  private static let formatScript = #"""
    import logging, pickle, random, sys
    seed, count, style = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    random.seed(seed)
    record = {'message': 'hé\U0001f600', 'name': 'app.db', 'levelno': 20, 'a': 7, 'b': -1.5, 'asctime': 'now',
              'w': 9, 'é': 'e', 'x y': 1, '(p)': 'q', 'n\n': 3, '_1': None, 'l': [1, 'two', {'k': 3.5}],
              'd': {'k': 'v', 1: 'one'}, 's': '>6'}
    common = ['message', 'name', 'a', 'b', 'asctime', 'w', 'é', '_1', 'é٣', ' ', '\n', 'x', '0', '1', '٣', '.',
              '%', '{', '}', '$', '(', ')', '#', '+', '-', '*', 'd', 's', 'S', 'ſ', 'ı', 'İ', 'r', 'a', 'z', 'l',
              '五', '½', '²', '\u0345', '\u200b', '𝟘', '\x85']
    words = {
        '%': common + ['%(message)s', '%(a)', '%(b)', '%(name)', '%(asctime)s', '%%', '%', '%(', ')s', 'd', 'f',
                       '05', '.2', '.', 'x', 'hd', 'll', '%(w)*d', '%s', '%(a)%', '%((p))s', '%(x y)s', '%()s', 'U',
                       'I', 'C', '%(é٣)s'],
        '{': common + ['{message}', '{a', '{b', '{name}', '{asctime}', '{{', '}}', '}', '{', '!r', '!s', '!a', '!',
                       '!z', ':', ':>10', ':{w}', ':{w}.{w}', '[', ']', '[0]', '.x', '{0}', '{}', ':,d', ',', '_',
                       ':05', '.2f', '{a:{w:{w}}}', '{n\n}', '{message:{{}}}', '{l[0]}', '{d[k]}', '{d[1]}', '{s',
                       ':{s}', '{message:{s}}', '<', '=', '^', 'n', 'c', 'N', '{a[}]', '{١}', '{l[1', '{l[-1]}'],
        '$': common + ['$message', '${name}', '${', '}', '$$', '$', '$a', '$é', '${asctime}', '$asctime', '$_1',
                       '${ſ}', '$K', '${a}', '$0', '${a b}', '${a', '$message$$'],
    }[style]
    def text(run):
        try:
            return run().encode('utf-8', 'surrogatepass').hex()
        except Exception:
            return '-'
    for _ in range(count):
        fmt = ''.join(random.choice(words) for _ in range(random.choice((1, 1, 2, 2, 3, 4, 6))))
        plain = logging.Formatter(fmt, style=style, validate=False)
        try:
            logging.Formatter(fmt, style=style)
            accepted = '01'
        except ValueError:
            accepted = '00'
        made = logging.makeLogRecord(record)
        shown = text(lambda: plain._style._format(made))
        print(fmt.encode().hex(), pickle.dumps(made.__dict__, random.randrange(1, 6)).hex(), accepted,
              '01' if plain.usesTime() else '00', shown, sep='\t')
    """#

  private static let fieldScript = #"""
    import datetime, http, ipaddress, logging, math, pathlib, pickle, random, re, signal, struct, sys, uuid
    from decimal import Decimal
    from fractions import Fraction
    seed, count, style, values = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    random.seed(seed)
    choice, chance = random.choice, lambda p: random.random() < p
    def number():
        kind = random.randrange(5)
        if kind == 0: return random.randrange(-20, 1000)
        if kind == 1: return random.randrange(-2**31, 2**40)
        if kind == 2: return choice((-2**63, 2**63 - 1, 2**63, -2**63 - 1, 2**64, 0, -1, 0x10ffff, 0xd800, 0x1f600, 65, 233))
        if kind == 3: return random.randrange(-2**200, 2**200)
        return choice((-1, 1)) * random.randrange(10**choice((30, 308, 309, 400, 4299, 4300)))
    def real():
        kind = random.randrange(6)
        if kind == 0: return choice((0.0, -0.0, math.inf, -math.inf, math.nan, 1e16, 1e-5, 0.5, 1.5, 2.5, -0.0001, 1e300, 5e-324))
        if kind == 1: return random.uniform(-10, 10)
        if kind == 2: return round(random.uniform(-1000, 1000), random.randrange(4))
        if kind == 3: return random.randrange(-2**53, 2**53) / 2**random.randrange(70)
        if kind == 4: return float(random.randrange(10**random.randrange(1, 20)))
        return struct.unpack('d', random.randbytes(8))[0]
    letters = 'abcXYZ 09é한\U0001f600\ud800\n\'"\\\t\x7f\u200b'
    def string(): return ''.join(choice(letters) for _ in range(random.randrange(12)))
    def value(depth=0):
        kind = random.randrange(22)
        if kind < 6: return number()
        if kind < 11: return real()
        if kind < 15: return string()
        if kind == 15: return chance(.5)
        if kind == 16: return complex(real(), real())
        if kind == 17: return None
        if kind == 18: return random.randbytes(random.randrange(6))
        if kind == 19: return choice((bytearray(b'x\xff'), Ellipsis, frozenset({1})))
        if depth > 2: return ()
        if kind == 20: return choice((list, tuple))(value(depth + 1) for _ in range(random.randrange(4)))
        return {choice(('k', 1, None)): value(depth + 1)}
    def zone():
        offset = datetime.timedelta(seconds=choice((0, 3600, -12600, 32400, 20701, -1)), microseconds=choice((0, 0, 7)))
        return choice((None, datetime.timezone.utc, datetime.timezone(offset), datetime.timezone(offset, 'a%Zb')))
    def standard():
        kind = random.randrange(13)
        if kind < 3: return Decimal((random.randrange(2), [random.randrange(10) for _ in range(random.randrange(1, 12))], random.randrange(-14, 10)))
        if kind == 3: return Decimal(choice(('0', '-0', '0E+3', '-0.00', 'NaN', '-Infinity', 'sNaN12', '1E+400', '-1E-400', '9.5', '0.5', '1E-30', '99999.5')))
        if kind == 4: return Fraction(random.randrange(-500, 500), random.randrange(1, 60))
        if kind == 5: return Fraction(random.randrange(-2**62, 2**62), choice((1, 3, 1000, random.randrange(1, 2**62))))
        if kind == 6: return ipaddress.ip_address(random.randbytes(choice((4, 16))))
        if kind == 7: return choice((http.HTTPStatus.NOT_FOUND, signal.SIGTERM, http.HTTPMethod.GET, re.I | re.M))
        if kind == 8: return choice((uuid.UUID(int=random.getrandbits(128)), pathlib.PurePosixPath('/a/b'), datetime.timedelta(1, 5),
                                     ipaddress.ip_network('10.0.0.0/8'), ipaddress.ip_interface('10.0.0.1/8'), ValueError('x'), range(3)))
        date = datetime.date(random.randrange(1, 10000), random.randrange(1, 13), random.randrange(1, 29))
        time = datetime.time(random.randrange(24), random.randrange(60), random.randrange(60), choice((0, 1, random.randrange(10**6))), zone())
        if kind == 9: return date
        if kind == 10: return time
        return datetime.datetime.combine(date, time)
    def maybe(p, options): return choice(options) if chance(p) else ''
    def width(): return str(choice((0, 1, 2, 3, 5, 8, 12, 20, 33)))
    def percent():
        flags = ''.join(maybe(.25, flag) for flag in '#0- +')
        return ('%(x)' + flags + (width() if chance(.5) else '') + maybe(.3, ['.', '.0', '.1', '.2', '.5', '.12', '.30'])
                + maybe(.05, 'hlL') + choice('diuoxXeEfFgGcrsadfsd'))
    def spec():
        return (maybe(.25, '*0 é\U0001f600x{<').replace('{', '') + maybe(.35, '<>=^') + maybe(.25, '+- ') + maybe(.08, 'z')
                + maybe(.15, '#') + maybe(.2, '0') + (width() if chance(.5) else '') + maybe(.25, ',_')
                + maybe(.3, ['.0', '.1', '.2', '.5', '.12', '.30', '.']) + maybe(.65, 'bcdeEfFgGnosxX%'))
    def strftime():
        return ''.join(choice(('%Y', '%m', '%d', '%H', '%M', '%S', '%f', '%z', '%Z', '%j', '%a', '%B', '%p', '%y', '%G', '%V', '%C', '%F',
                               '%D', '%e', '%-d', '%I', '%c', '%x', '%%', '%', '-', 'T', 'é', '%Q', '%' + chr(58) + 'z')) for _ in range(random.randrange(1, 6)))
    def brace():
        text = '{x' + maybe(.15, ['!r', '!s', '!a'])
        if values == 'standard' and chance(.2):
            text += choice(('.name', '.value', '.year', '.microsecond', '.tzinfo', '.days', '.numerator', '.hex', '.version', '.__class__',
                            '.__class__.__name__', '[0]', '[k]', '[1][0]', '.name[0]', '.args[0]', '.nope'))
            if chance(.5): return text + '}'
        if chance(.05): return text + ':{s}}'
        if values == 'standard' and chance(.4): return text + ':' + strftime() + '}'
        if values == 'standard' and chance(.1): return text + ':' + maybe(.5, '#') + maybe(.5, '_') + choice('xXbnsn') + '}'
        return text + (':' + spec() if chance(.95) else '') + '}'
    make = {'%': percent, '{': brace, '$': lambda: choice(('$x', '${x}', 'a$x.b'))}[style]
    def show(fmt, record):
        try:
            return logging.Formatter(fmt, style=style, validate=False)._style._format(record).encode('utf-8', 'surrogatepass').hex()
        except Exception:
            return '-'
    for _ in range(count):
        record = {'x': (standard if values == 'standard' else value)(), 's': spec() if chance(.8) else ''}
        fmt = make()
        # A network's items are computed.
        while isinstance(record['x'], ipaddress.IPv4Network) and '[' in fmt: fmt = make()
        wire = pickle.dumps(record, random.randrange(1, 6))
        description = hex(record['x']) if isinstance(record['x'], int) else ascii(record['x'])
        print(fmt.encode().hex(), wire.hex(), show(fmt, logging.makeLogRecord(record)), description[:200].encode().hex(), sep='\t')
    """#
}

extension FormatString.Style {
  fileprivate var character: String {
    switch self {
    case .percent: "%"
    case .brace: "{"
    case .dollar: "$"
    }
  }
}
