"""A real journald of the stories' own, in a mount namespace with a private /run and /var/log.

It needs root and systemd's journald. Without these the stories are skipped with the reason.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import support
from support import check, eventually

PROGRAM = '/lib/systemd/systemd-journald'
DEADLINE = 60  # Seconds that a story may take: journald is not the fastest.
SKIPPED = 77  # The exit status that Tests/Stories/run counts as skipped.
START = 'mount --bind "$1/run" /run && mount --bind "$1/log" /var/log && exec ' + PROGRAM
HANDLER = '[handlers.journal]\nclass = "systemd.journal.JournalHandler"\nSYSLOG_IDENTIFIER = "story"\n'


def cannot_run():
    """Why there can be no journald; None when there can."""
    if os.geteuid() != 0:
        return 'only root can give a journald directories of its own'
    missing = [name for name in ('unshare', 'mount', 'journalctl') if not shutil.which(name)]
    if not os.access(PROGRAM, os.X_OK):
        missing.append(PROGRAM)
    if missing:
        return 'there is no ' + ', '.join(missing)
    if subprocess.call(['unshare', '--mount', 'true'], stderr=subprocess.DEVNULL) != 0:
        return 'this root may not make a mount namespace'
    return None


class Journald:
    """Onggi, started in this environment, finds it by ONGGI_JOURNAL_SOCKET."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, 'journald')
        self.socket = os.path.join(self.folder, 'run/systemd/journal/socket')
        self.process = None
        for name in ('run/systemd/journal', 'log/journal'):
            os.makedirs(os.path.join(self.folder, name))
        # As if systemd-journal-flush.service had run: it writes to /var/log.
        open(os.path.join(self.folder, 'run/systemd/journal/flushed'), 'w').close()
        os.environ['ONGGI_JOURNAL_SOCKET'] = self.socket

    def start(self):
        # A socket that an earlier one left refuses; it is replaced.
        self.process = subprocess.Popen(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', START, 'sh',
                                         self.folder], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        eventually(self.answers, 'journald does not start')

    def answers(self):
        with support.socket.socket(support.socket.AF_UNIX, support.socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(self.socket)
                return True
            except OSError:
                return False

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """Ends it; it writes what it has taken. The socket's file stays, and refuses."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.signal(signal.SIGCONT)
            self.process.wait()

    def entries(self, *match):
        """The entries with SYSLOG_IDENTIFIER=story, or what else is asked for, in their order."""
        found = subprocess.run(['journalctl', '-q', '-D', os.path.join(self.folder, 'log/journal'), '-o', 'json', '--all']
                               + list(match or ['SYSLOG_IDENTIFIER=story']), stdout=subprocess.PIPE, check=True)
        return [json.loads(line) for line in found.stdout.splitlines()]

    def count(self):
        found = subprocess.run(['journalctl', '-q', '-D', os.path.join(self.folder, 'log/journal'), '-o', 'cat',
                                '--output-fields=MESSAGE', 'SYSLOG_IDENTIFIER=story'], stdout=subprocess.PIPE, check=True)
        return len(found.stdout.splitlines())

    def has(self, count, within=30.0):
        """Waits for so many entries; rarely, since journalctl reads them all each time."""
        end = time.monotonic() + within
        found = self.count()
        while found < count:
            check(time.monotonic() < end, '%d of %d entries are in the journal' % (found, count))
            time.sleep(0.2)
            found = self.count()


def story(title, tell):
    """support.story with a journald, which is not started yet."""
    reason = cannot_run()
    if reason:
        print('skipped %s %s: %s' % (os.path.basename(sys.argv[0])[:2], title, reason))
        return SKIPPED
    made = []

    def with_journald(daemon, folder):
        made.append(Journald(folder))
        try:
            tell(daemon, made[0])
        finally:
            made[0].stop()

    return support.story(title, with_journald, deadline=DEADLINE)
