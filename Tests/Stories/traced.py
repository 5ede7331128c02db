"""Ends a process at a chosen instant: right behind a system call of one of its threads. ptrace(2)."""
import ctypes
import os
import platform
import signal
import time

from support import Failed, check

SEIZE, INTERRUPT, SYSCALL, GET_SYSCALL_INFO = 0x4206, 0x4207, 24, 0x420e
TRACE_SYSCALLS, TRACE_CLONES = 1, 8  # Options of SEIZE.
WALL = 0x40000000
WRITE = {'x86_64': 1, 'aarch64': 64}


class SyscallInfo(ctypes.Structure):
    """struct ptrace_syscall_info: what is entered (1) has a number and arguments, what is left (2) a result."""
    _fields_ = [('op', ctypes.c_uint8), ('arch', ctypes.c_uint32), ('place', ctypes.c_uint64 * 2),
                ('values', ctypes.c_uint64 * 7)]


def ptrace(request, thread, address=None, data=None):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(request, thread, ctypes.c_void_p(address), data) < 0:
        number = ctypes.get_errno()
        raise ProcessLookupError() if number == 3 else Failed('ptrace: ' + os.strerror(number))


def kill_behind_write(process, path, within=15.0):
    """SIGKILL as soon as a write to a file whose path ends so has returned, and before its thread does anything else."""
    check(platform.machine() in WRITE, 'the number of write(2) is not known on ' + platform.machine())
    stopped, files = set(), {}
    for thread in map(int, os.listdir('/proc/%d/task' % process)):
        ptrace(SEIZE, thread, data=ctypes.c_void_p(TRACE_SYSCALLS | TRACE_CLONES))
        ptrace(INTERRUPT, thread)
        stopped.add(thread)
    end = time.monotonic() + within
    try:
        while not any([is_behind_write(thread, process, path, files, stopped) for thread in list(stopped)]):
            check(time.monotonic() < end, 'nothing is written to ' + path)
    finally:
        os.kill(process, signal.SIGKILL)
        # A thread that is watched ends when that was noted.
        while stopped:
            for thread in list(stopped):
                try:
                    seen, status = os.waitpid(thread, os.WNOHANG | WALL)
                except ChildProcessError:
                    seen, status = thread, 0
                if seen and not os.WIFSTOPPED(status):
                    stopped.discard(thread)


def is_behind_write(thread, process, path, files, threads):
    """Lets a thread that has stopped go on, unless it has just written to the file. files: what each is writing to."""
    try:
        seen, status = os.waitpid(thread, os.WNOHANG | WALL)
        if not seen:
            return False
        if not os.WIFSTOPPED(status):
            threads.discard(thread)
            return False
        passed = 0
        if os.WSTOPSIG(status) == signal.SIGTRAP | 0x80:
            info = SyscallInfo()
            ptrace(GET_SYSCALL_INFO, thread, ctypes.sizeof(info), ctypes.byref(info))
            if info.op == 1:
                files[thread] = (info.values[0] == WRITE[platform.machine()]
                                 and os.readlink('/proc/%d/fd/%d' % (process, info.values[1])))
            elif (files.get(thread) or '').endswith(path) and 0 < info.values[0] < 1 << 63:
                return True
        elif status >> 16 == 0:
            passed = os.WSTOPSIG(status)
        ptrace(SYSCALL, thread, data=ctypes.c_void_p(passed))
        threads.update(map(int, os.listdir('/proc/%d/task' % process)))
    except (ProcessLookupError, FileNotFoundError):
        pass
    return False
