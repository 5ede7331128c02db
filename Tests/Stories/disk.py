"""Disks that are full, slow or gone, and numbered records that are all there in the end."""
import glob
import os
import re
import socket
import subprocess
import sys
import threading
import time

from support import check, record

SKIPPED = 77
PADDING = 'x' * 60
LINE = re.compile(r'(\w+) (\d+) ' + PADDING)

if 'ONGGI' not in os.environ:  # Told by hand, not by run.
    here = os.path.dirname(os.path.abspath(__file__))
    built = [path for path in glob.glob(os.path.join(here, '../../.build/*/onggi')) if os.access(path, os.X_OK)]
    os.environ['ONGGI'] = os.path.realpath(max(built, key=os.path.getmtime)) if built else 'onggi'


def option(name, default):
    """The number behind --name on the command line."""
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def with_mounts():
    """Goes on in a mount namespace of its own, whose mounts vanish with it; or says why that cannot be."""
    if os.environ.get('ONGGI_MOUNTS'):
        return
    number = os.path.basename(sys.argv[0])[:2]
    if os.geteuid() != 0 or subprocess.call(['unshare', '--mount', 'true'], stderr=subprocess.DEVNULL) != 0:
        print('skipped %s: it mounts a file system, which needs root' % number)
        sys.exit(SKIPPED)
    os.environ['ONGGI_MOUNTS'] = '1'
    os.execvp('unshare', ['unshare', '--mount', '--propagation', 'private', sys.executable, *sys.argv])


def mount_tmpfs(path, size):
    os.makedirs(path, exist_ok=True)
    subprocess.check_call(['mount', '-t', 'tmpfs', '-o', 'size=%s' % size, 'tmpfs', path])


class Numbered(threading.Thread):
    """Sends "NAME NUMBER" records over a stream, in batches, until it is told to stop; connects again when it must.

    What was sent over a connection that then broke may be lost; it is never sent twice.
    """

    def __init__(self, name, address, batch=20, pause=0.005, wait=30):
        super().__init__(daemon=True)
        self.name, self.address, self.batch, self.pause, self.wait = name, address, batch, pause, wait
        self.sent, self.broken, self.error = 0, 0, None
        self.stopping, self.sending = threading.Event(), threading.Event()
        self.start()

    def connect(self):
        connection = socket.socket(socket.AF_UNIX if isinstance(self.address, str) else socket.AF_INET)
        connection.settimeout(self.wait)
        connection.connect(self.address)
        return connection

    def run(self):
        connection = None
        # Making each frame anew would take longer than sending it.
        frame = record('%s NUMBERED %s' % (self.name, PADDING))
        try:
            while not self.stopping.is_set():
                try:
                    connection = connection or self.connect()
                    frames = [frame.replace(b'NUMBERED', b'%08d' % (self.sent + index)) for index in range(self.batch)]
                    self.sent += self.batch
                    self.sending.set()
                    connection.sendall(b''.join(frames))
                except (ConnectionError, FileNotFoundError):
                    self.broken += 1
                    connection = None
                time.sleep(self.pause)
        except Exception as error:  # For whoever joins.
            self.error = error
        if connection:
            connection.close()

    def stop(self):
        self.stopping.set()
        self.join(self.wait + 10)
        check(not self.is_alive() and self.error is None, 'sender %s: %r' % (self.name, self.error))


def numbers(lines, cut=0):
    """By sender the numbers of its lines, which rise; at most `cut` lines are the beginning of one."""
    found, torn = {}, []
    for line in lines:
        match = LINE.fullmatch(line)
        if match:
            found.setdefault(match[1], []).append(int(match[2]))
        else:
            torn.append(line)
    check(len(torn) <= cut and all(len(line) < 90 for line in torn), 'torn lines: %r' % torn[:3])
    for name, seen in found.items():
        twice = next((b for a, b in zip(seen, seen[1:]) if b <= a), None)
        check(twice is None, '%s: %s is there twice or out of order' % (name, twice))
    return found, len(torn)


def resident(pid):
    """Kilobytes of memory that are the process' own."""
    with open('/proc/%d/status' % pid) as f:
        values = dict(line.split(':', 1) for line in f)
    return int(values['RssAnon'].split()[0]) + int(values['RssShmem'].split()[0])


LIMIT = 0.005  # Seconds that logger.info may take.
SENDER = r'''
import logging, logging.handlers, sys, time
port, seconds = int(sys.argv[1]), float(sys.argv[2])
log = logging.getLogger('timed')
log.setLevel(1)
log.addHandler(logging.handlers.SocketHandler('127.0.0.1', port))
log.info('first')
took, end = [], time.perf_counter() + seconds
while time.perf_counter() < end:
    began = time.perf_counter()
    log.info('number %d', len(took))
    took.append(time.perf_counter() - began)
    time.sleep(0.001)
took_in_order = sorted(took)
print(len(took), took_in_order[int(len(took) * 0.999)], took_in_order[-1])
'''


def timed(seconds, *ports):
    """For each port how many records a sender of its own got through, the percentile 99.9 of the delays, and the longest."""
    senders = [subprocess.Popen([sys.executable, '-c', SENDER, str(port), str(seconds)], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True) for port in ports]
    figures = []
    for sender in senders:
        out, errors = sender.communicate()
        check(sender.returncode == 0, errors)
        count, percentile, most = out.split()
        figures.append((int(count), float(percentile), float(most)))
    return figures


def check_timed(stalled, calm):
    """Figures of timed() with a disk that stands still, and at the same time with one that does not."""
    # A machine that is busy with other things is late without a disk, too.
    limit = max(LIMIT, 3 * calm[1])
    check(stalled[1] < limit, 'p99.9 is %.1f ms, and %.1f ms without' % (stalled[1] * 1000, calm[1] * 1000))
    print('   %d records while it stood still: p99.9 %.2f ms, at most %.1f ms; p99.9 %.2f ms without'
          % (stalled[0], stalled[1] * 1000, stalled[2] * 1000, calm[1] * 1000))


def calm(daemon, folder):
    """A daemon whose disk is never in trouble."""
    folder = os.path.join(folder, 'calm')
    os.mkdir(folder)
    return daemon(folder=folder)
