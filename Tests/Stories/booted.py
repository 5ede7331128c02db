"""What the stories in a booted systemd share: a machine with Onggi installed as systemd/install does it.

They need root and systemd-container. Without these they are skipped with the reason, or fail where ONGGI_BOOTED
is "required", as in .ci/run.
"""
import ctypes
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from support import PATIENCE, Failed, check, eventually

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
DEADLINE = 150  # Seconds that a story may take, each of its controls included.
SKIPPED = 77  # The exit status that Tests/Stories/run counts as skipped.
TCP, UDP = ('127.0.0.1', 9020), ('127.0.0.1', 9021)
UNIX, UNIX_DATAGRAM = '/run/onggi/onggi.sock', '/run/onggi/datagram.sock'
LOG = '/var/log/onggi/onggi.log'
CLONE_NEWNET = 0x40000000

LISTENERS = '''
[listeners.tcp]
protocol = "tcp"
address = "127.0.0.1:9020"
[listeners.udp]
protocol = "udp"
address = "127.0.0.1:9021"
[listeners.unix]
protocol = "unix"
address = "/run/onggi/onggi.sock"
[listeners.unix-datagram]
protocol = "unix-datagram"
address = "/run/onggi/datagram.sock"
'''
FILE = 'class = "logging.FileHandler"'


class Lost(Failed):
    """Records are missing, or there twice, or out of order: what a control has to end with."""


def cannot_boot():
    """Why there can be no machine; None when there can."""
    if os.geteuid() != 0:
        return 'only root can boot a systemd in a container'
    missing = [name for name in ('systemd-nspawn', 'nsenter', 'unshare', 'findmnt') if not shutil.which(name)]
    return 'there is no ' + ', '.join(missing) if missing else None


class Machine:
    """A booted systemd. This process enters its network; its files are below path('/')."""

    def __init__(self, lower='/', prepare=None):
        self.folder = tempfile.mkdtemp(prefix='onggi-machine-', dir='/var/tmp')
        trees = subprocess.check_output(['findmnt', '-n', '-o', 'TARGET', '-t', 'cgroup2'], text=True).split()
        self.cgroup = os.path.join(trees[-1], os.path.basename(self.folder))
        self.log = self.folder + '.log'
        self.leader = self.nspawn = None
        self.drop_ins = 0
        self.patience = PATIENCE  # Seconds within which a record has to be in the file.
        script = self.folder + '.prepare'
        with open(script, 'w') as f:
            f.write('#!/bin/sh -e\n' + (prepare or '''
                %(source)s/systemd/install --root "$1" --binary %(onggi)s > /dev/null
                systemd-sysusers --root="$1" onggi.conf 2> /dev/null
                ''' % {'source': SOURCE, 'onggi': os.environ['ONGGI']}))
        os.chmod(script, 0o755)
        try:
            os.mkdir(self.cgroup)
            self.boot(lower, script)
        except BaseException:
            self.close()
            raise
        finally:
            os.unlink(script)

    def boot(self, lower, script):
        environment = dict(os.environ, MACHINE=self.folder, LOWER=lower, PREPARE=script, CGROUP=self.cgroup)
        with open(self.log, 'wb') as log:
            self.nspawn = subprocess.Popen([os.path.join(HERE, 'boot')], stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log, env=environment, start_new_session=True)
        end = time.monotonic() + 30
        state = None
        while state not in ('running', 'degraded'):
            check(self.nspawn.poll() is None and time.monotonic() < end,
                  lambda: 'the machine does not boot (%s): %s' % (state, self.console()))
            time.sleep(0.02)
            self.leader = next(iter(self.processes('init.scope')), None)
            if self.leader:
                state = self.run('systemctl', 'is-system-running', fails=None).stdout.strip()
        enter_network(self.leader)

    def console(self):
        with open(self.log, errors='replace') as f:
            return f.read()[-2000:]

    def processes(self, unit):
        """The processes of a unit, by their numbers outside."""
        try:
            with open(os.path.join(self.cgroup, 'payload', unit, 'cgroup.procs')) as f:
                return [int(line) for line in f]
        except OSError:
            return []

    def run(self, *command, fails=False, input=None):
        """Runs a command inside. fails: whether it is to fail; None: it may."""
        done = subprocess.run(['nsenter', '-t', str(self.leader), '-a', '--'] + list(command), input=input, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if fails is not None:
            check((done.returncode != 0) == fails, lambda: '%s: exit status %d: %s%s' % (
                ' '.join(command), done.returncode, done.stdout[-1000:], done.stderr[-1000:]))
        return done

    def path(self, name):
        return '/proc/%d/root%s' % (self.leader, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), 'w') as f:
            f.write(text)

    def configure(self, listeners=LISTENERS, handler=FILE, format='%(message)s', extra=''):
        self.write('/etc/onggi/onggi.toml',
                   '%s\n[formatters.plain]\nformat = %s\n[handlers.file]\n%s\nfilename = "onggi.log"\n'
                   'formatter = "plain"\n[root]\nlevel = "NOTSET"\nhandlers = ["file"]\n%s'
                   % (listeners, json.dumps(format), handler, extra))

    def drop_in(self, text, unit='onggi.service'):
        """Settings for the unit, from its next start on."""
        self.drop_ins += 1
        self.write('/run/systemd/system/%s.d/%d.conf' % (unit, self.drop_ins), text)
        self.run('systemctl', 'daemon-reload')

    def start(self):
        done = self.run('systemctl', 'start', 'onggi.service', fails=None)
        check(done.returncode == 0, lambda: 'it does not start: ' + self.messages())

    def property(self, name, unit='onggi.service'):
        return self.run('systemctl', 'show', '--value', '-p', name, unit).stdout.strip()

    def main_process(self, unit='onggi.service'):
        """The daemon's number outside; None while there is none, or one that systemd is still preparing."""
        for process in self.processes('system.slice/' + unit):
            try:
                with open('/proc/%d/comm' % process) as f:
                    # Before it runs the program, the new process has the program's name in brackets.
                    if not f.read().startswith('('):
                        return process
            except OSError:
                pass
        return None

    def wait_for_another(self, process=None, within=PATIENCE):
        """Waits for a daemon that is not that process; returns its number."""
        found = []

        def is_there():
            found.append(self.main_process())
            return found[-1] not in (None, process)

        eventually(is_there, lambda: 'the daemon does not come back: ' + self.messages(), within)
        return found[-1]

    def kill(self, number=signal.SIGKILL):
        """Sends the signal to the daemon; waits for one when it is between two lives. Returns whom it hit."""
        process = self.wait_for_another()
        try:
            os.kill(process, number)
        except ProcessLookupError:
            pass
        return process

    def messages(self, unit='onggi.service', lines=20):
        return self.run('journalctl', '-q', '-b', '-o', 'cat', '-n', str(lines), '-u', unit, fails=None).stdout

    def lines(self, path=LOG):
        """The file's lines, those of rotated files first."""
        old = glob.glob(self.path(path) + '.*')
        old.sort(key=lambda name: -int(name.rsplit('.', 1)[1]))
        text = []
        for name in old + [self.path(path)]:
            try:
                with open(name, encoding='utf-8', newline='\n') as f:
                    text.append(f.read())
            except FileNotFoundError:
                pass
        return ''.join(text).splitlines()

    def waits_for(self, *messages):
        eventually(lambda: set(messages) <= set(self.lines()),
                   lambda: Lost('no line %r in %r; %s' % (sorted(set(messages) - set(self.lines()))[:3], self.lines()[-5:],
                                                          self.messages())), self.patience)

    def waits_for_ending(self, ending):
        eventually(lambda: any(line.endswith(ending) for line in self.lines()),
                   lambda: Lost('no line ends with %r in %r; %s' % (ending, self.lines()[-5:], self.messages())),
                   self.patience)

    def connect(self, address=TCP):
        if isinstance(address, str):
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(self.path(address))
            return connection
        return socket.create_connection(address)

    def close(self):
        if self.leader:
            try:
                os.kill(self.leader, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.nspawn:
            try:
                self.nspawn.wait(5)
            except subprocess.TimeoutExpired:
                self.nspawn.kill()
                self.nspawn.wait()
        end = time.monotonic() + 5
        while os.path.isdir(self.cgroup) and time.monotonic() < end:
            for folder, _, _ in os.walk(self.cgroup, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    time.sleep(0.01)
        for name in (self.log, self.folder):
            if os.path.isdir(name):
                os.rmdir(name)
            elif os.path.exists(name):
                os.unlink(name)


def enter_network(process):
    libc = ctypes.CDLL(None, use_errno=True)
    with open('/proc/%d/ns/net' % process) as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), 'setns')


# Controls: what switches off a mechanism. The story has to lose records without it.

def without_store(machine):
    machine.drop_in('[Service]\nFileDescriptorStoreMax=0\n')


def without_poll(machine):
    """systemd looks whether a stored connection was hung up, and then closes it."""
    relay(machine, '--strip-poll')


def without_memory(machine):
    """Connections are stored, but not what was read from them and is not written yet."""
    relay(machine, '--drop-memory')


def relay(machine, how):
    """Puts a relay between the daemon and systemd that leaves out some of what the daemon says."""
    shutil.copy(os.path.join(HERE, 'relay'), machine.path('/usr/local/bin/onggi-relay'))
    machine.write('/run/systemd/system/onggi-relay.service',
                  '[Service]\nType=notify\nRuntimeDirectory=onggi-relay\n'
                  'ExecStart=/usr/bin/python3 /usr/local/bin/onggi-relay %s\n' % how)
    machine.drop_in('[Unit]\nWants=onggi-relay.service\nAfter=onggi-relay.service\n'
                    '[Service]\nEnvironment=NOTIFY_SOCKET=/run/onggi-relay/notify\n')


def told(tell, machine, switch):
    """Tells a story once; returns the error, or None."""
    def too_long(_number, _frame):
        raise Failed('it took more than %d s' % DEADLINE)

    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(DEADLINE)
    booted = None
    try:
        booted = machine()
        if switch:
            switch(booted)
            booted.patience = 1.5
        tell(booted)
        return None
    except Exception as error:
        if os.environ.get('ONGGI_STAY') and booted:
            print('the machine stays: nsenter -t %d -a' % booted.leader, error)
            signal.alarm(0)
            sys.stdin.readline()
        return error
    finally:
        signal.alarm(0)
        if booted:
            booted.close()


def story(title, tell, controls=(), machine=Machine):
    """Tells a story in a machine of its own, then once for each control, which has to lose records."""
    number = os.path.basename(sys.argv[0])[:2]
    reason = cannot_boot()
    if reason:
        required = os.environ.get('ONGGI_BOOTED') == 'required'
        print('%s %s %s: %s' % ('FAILED' if required else 'skipped', number, title, reason))
        return 1 if required else SKIPPED
    start = time.monotonic()
    error = told(tell, machine, None)
    if error:
        kind = '' if isinstance(error, Failed) else type(error).__name__ + ': '
        print('FAILED %s %s: %s%s' % (number, title, kind, str(error)[:3000]))
        return 1
    print('ok %s %s (%.1f s)' % (number, title, time.monotonic() - start))
    for switch in controls:
        start = time.monotonic()
        name = switch.__name__.replace('_', ' ')
        error = told(tell, machine, switch)
        if not isinstance(error, Lost):
            print('FAILED %s %s: %s it should lose records, but: %s' % (number, title, name, error or 'it does not'))
            return 1
        print('ok %s   %s it does not: %s (%.1f s)' % (number, name, re.sub(r'\s+', ' ', str(error))[:100],
                                                       time.monotonic() - start))
    return 0
