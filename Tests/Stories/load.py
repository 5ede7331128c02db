"""Numbered records from many senders, each over a connection of its own, and whether all of them were kept."""
import os
import random
import socket
import subprocess
import sys
import time

from booted import TCP, UNIX, Lost
from support import check, eventually, record


class Sender:
    """A process that sends "SENDER NUMBER" records over one connection until it is stopped."""

    def __init__(self, name, address, batch=20, pause=0.002, datagrams=False):
        self.name = name
        self.sent = None
        self.process = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), name, repr(address), str(batch), str(pause), str(int(datagrams))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def has_ended(self):
        """Whether it can send no more; stop() says why."""
        return self.process.poll() is not None

    def stop(self):
        self.process.stdin.close()
        text = self.process.stdout.read()
        check(self.process.wait() == 0, Lost('sender %s: %s' % (self.name, text)))
        self.sent = int(text)


def eight(machine):
    """Four senders over TCP, four over a Unix socket."""
    return [Sender('s%d' % number, TCP if number % 2 else machine.path(UNIX)) for number in range(8)]


def all_through(machine, senders, path):
    """Waits for a record of each. A connection that a process dies in accepting is gone with it, so who kills waits first."""
    names = {sender.name for sender in senders}
    eventually(lambda: {line.partition(' ')[0] for line in machine.lines(path)} >= names, 'not every sender gets through', 15)


def verify(senders, lines):
    """None missing, none twice, none out of order, and nothing else."""
    seen = {sender.name: 0 for sender in senders}
    faults = []
    for line in lines:
        name, _, number = line.partition(' ')
        if name not in seen or not number.isdigit():
            faults.append('a torn line %r' % line[:80])
        elif int(number) != seen[name]:
            faults.append('%s: %s in place of %d' % (name, number, seen[name]))
            seen[name] = int(number)
        if name in seen:
            seen[name] += 1
    for sender in senders:
        if seen[sender.name] != sender.sent:
            faults.append('%s: %d of %d' % (sender.name, seen[sender.name], sender.sent))
    if faults:
        raise Lost('%d faults: %s' % (len(faults), '; '.join(faults[:6])))


def wait_for(machine, senders, path, within=10.0):
    """Until the last record of each sender is in the file, or nothing has come for a while."""
    size, since, end = -1, time.monotonic(), time.monotonic() + within
    while time.monotonic() < end and time.monotonic() - since < 2:
        now = os.path.getsize(machine.path(path)) if os.path.exists(machine.path(path)) else 0
        if now != size:
            size, since = now, time.monotonic()
        time.sleep(0.02)
        lines = machine.lines(path)
        if len(lines) >= sum(sender.sent for sender in senders):
            break
    return machine.lines(path)


def send(name, address, batch, pause, datagrams):
    if datagrams:
        connection = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET, socket.SOCK_DGRAM)
        connection.connect(address)
    elif isinstance(address, str):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(address)
    else:
        connection = socket.create_connection(address)
    # No restart takes that long: who waits longer waits for a daemon that has forgotten the connection.
    connection.settimeout(12)
    os.set_blocking(0, False)
    count = 0
    chance = random.Random(name)
    while sys.stdin.buffer.read(1) is None:
        frames = [record('%s %d' % (name, count + index)) for index in range(batch)]
        count += batch
        if datagrams:
            for frame in frames:
                connection.send(frame)
        else:
            # Cut anywhere, so that a part of a frame is often on its way.
            data = b''.join(frames)
            cut = chance.randrange(len(data))
            connection.sendall(data[:cut])
            connection.sendall(data[cut:])
        time.sleep(pause)
    connection.close()
    print(count)


if __name__ == '__main__':
    import ast
    try:
        send(sys.argv[1], ast.literal_eval(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), sys.argv[5] == '1')
    except OSError as error:
        sys.exit(print(error) or 1)
