"""What the stories share: a daemon in a folder of its own, and frames as Python's handlers make them."""
import json
import logging
import logging.handlers
import os
import pickle
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

FORMAT = '[%(asctime)s] [%(levelname)s] %(message)s'
DEADLINE = 90  # Seconds that a story may take; on a quiet machine it takes a few.
PATIENCE = 15.0  # Seconds within which something has to come about that is not measured.


class Failed(Exception):
    """A promise was not kept; the text says what was seen instead."""


def failure(saw):
    """saw is text, makes it, or is the exception itself."""
    saw = saw() if callable(saw) else saw
    return saw if isinstance(saw, Exception) else Failed(saw)


def check(condition, saw):
    if not condition:
        raise failure(saw)


def eventually(question, saw, within=PATIENCE):
    """Waits until question() is true; saw is as in failure()."""
    end = time.monotonic() + within
    while not question():
        if time.monotonic() > end:
            raise failure(saw)
        time.sleep(0.002)


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def frame(body):
    return struct.pack('>L', len(body)) + body


def record(message, **attributes):
    """The frame that a SocketHandler would send for a record."""
    made = logging.makeLogRecord(dict({'name': 'app', 'msg': message, 'levelno': 20, 'levelname': 'INFO'}, **attributes))
    return logging.handlers.SocketHandler('127.0.0.1', 1).makePickle(made)


def check_sums(ledger):
    """What a ledger promises at every moment."""
    records = ledger['records']
    check(records['received'] == sum(records['rejected'].values()) + records['filtered'] + records['routed'],
          'received is not rejected + filtered + routed: %r' % records)
    listeners = ledger['listeners'].values()
    check(records['received'] == sum(listener['frames'] for listener in listeners), 'received is not all frames: %r' % ledger)
    rejected = [reasons for listener in listeners for reasons in listener['rejected'].items()]
    check(sum(records['rejected'].values()) == sum(count for _, count in rejected), 'rejected differ: %r' % ledger)
    for name, counts in ledger['handlers'].items():
        check(min(counts['accepted'], counts['written'], counts['pending'], *counts['dropped'].values()) >= 0
              and counts['accepted'] == counts['written'] + sum(counts['dropped'].values()) + counts['pending'],
              'handler %s: accepted is not written + dropped + pending: %r' % (name, counts))


def logger(name, handler):
    result = logging.getLogger(name)
    result.propagate = False
    result.setLevel(1)
    result.handlers = [handler]
    return result


class Daemon:
    """onggi serve in a temporary folder. port and udp are free ports when nothing else is said."""

    def __init__(self, folder, extra='', handler='', limits='', format='%(message)s', listeners=None, environment=None,
                 start=True):
        self.folder = folder
        self.port = free_port()
        self.handler = handler or 'class = "logging.FileHandler"'
        self.limits, self.extra = limits, extra
        self.listeners = listeners or '[listeners.tcp]\nprotocol = "tcp"\naddress = "127.0.0.1:%d"\n' % self.port
        self.configuration = os.path.join(folder, 'onggi.toml')
        self.path = os.path.join(folder, 'onggi.log')
        self.errors = os.path.join(folder, 'stderr')
        self.control = os.path.join(folder, 'control.sock')
        self.environment = dict(os.environ, **(environment or {}))
        self.process = None
        self.configure(format)
        if start:
            self.start()

    def configure(self, format):
        with open(self.configuration, 'w') as f:
            f.write('%s\n[formatters.plain]\nformat = %s\n\n[handlers.file]\n%s\nfilename = "%s"\nformatter = "plain"\n\n'
                    '[root]\nlevel = "NOTSET"\nhandlers = ["file"]\n\n[control]\npath = "%s"\n\n[limits]\n%s\n%s'
                    % (self.listeners, json.dumps(format), self.handler, self.path, self.control, self.limits, self.extra))

    def start(self):
        binary = os.environ['ONGGI']
        with open(self.errors, 'ab') as errors:
            self.process = subprocess.Popen([binary, 'serve', '--config', self.configuration], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=errors, cwd=self.folder, env=self.environment)
        wanted = self.listeners.count('[listeners.')
        eventually(lambda: self.messages().count('listening: ') >= wanted or self.process.poll() is not None,
                   lambda: 'the daemon did not start: ' + self.messages())
        check(self.process.poll() is None, 'the daemon ended at once: ' + self.messages())

    def messages(self):
        with open(self.errors, errors='backslashreplace') as f:
            return f.read()

    def connect(self):
        return socket.create_connection(('127.0.0.1', self.port))

    def lines(self, path=None):
        try:
            with open(path or self.path, encoding='utf-8', newline='\n') as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []

    def waits_for(self, *messages, within=PATIENCE):
        """Until each of these is a line of the file."""
        eventually(lambda: set(messages) <= set(self.lines()),
                   lambda: 'no line %r in %r; stderr: %s' % (messages, self.lines()[-5:], self.messages()[-600:]), within)

    def onggi(self, *arguments, within=15):
        """onggi with this daemon's configuration: the exit status, standard output, standard error."""
        command = [os.environ['ONGGI'], *arguments, '--config', self.configuration]
        done = subprocess.run(command, capture_output=True, text=True, timeout=within,
                              env=self.environment)
        return done.returncode, done.stdout, done.stderr

    def ask(self, request):
        """What the control socket answers: how it went, and the text."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(self.control)
            client.sendall(request.encode() + b'\n')
            answer = b''.join(iter(lambda: client.recv(1 << 16), b''))
        first, text = answer.split(b'\n', 1)
        outcome, length = first.split()
        check(int(length) == len(text), 'not the whole answer: %r' % answer)
        return outcome.decode(), text.decode()

    def ledger(self):
        """What onggi status --json shows, whose sums are checked."""
        outcome, text = self.ask('status json')
        check(outcome == 'ok', 'status json: %s %s' % (outcome, text))
        ledger = json.loads(text)
        check_sums(ledger)
        return ledger

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """SIGTERM; returns the exit status and the final ledger, whose sums are checked."""
        self.signal(signal.SIGTERM)
        status = self.process.wait(15)
        text = [line for line in self.messages().splitlines() if 'ledger: ' in line]
        check(text, 'no ledger: ' + self.messages())
        ledger = json.loads(text[-1].split('ledger: ', 1)[1])
        check_sums(ledger)
        return status, ledger

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def story(title, tell, deadline=DEADLINE):
    """Tells a story in a folder of its own; prints `ok NN title`, or what was seen."""
    number = os.path.basename(sys.argv[0])[:2]
    folder = tempfile.mkdtemp(prefix='onggi-story-')
    daemons = []

    def daemon(**options):
        made = Daemon(options.pop('folder', folder), **dict(options, start=False))
        daemons.append(made)
        if options.get('start', True):
            made.start()
        return made

    def too_long(_number, _frame):
        raise Failed('it took more than %d s' % deadline)

    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(deadline)
    try:
        tell(daemon, folder)
        print('ok %s %s' % (number, title))
        return 0
    except Exception as error:
        kind = '' if isinstance(error, Failed) else type(error).__name__ + ': '
        print('FAILED %s %s: %s%s' % (number, title, kind, str(error)[:2000]))
        return 1
    finally:
        signal.alarm(0)
        for made in daemons:
            made.kill()
        shutil.rmtree(folder, ignore_errors=True)
