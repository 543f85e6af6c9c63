# SPDX-License-Identifier: GPL-2.0-or-later
"""The few system calls the lab needs that Python 3.11 has no name for."""
import contextlib
import ctypes
import os
import signal
import socket
import struct
import time

NEW_MOUNTS, NEW_HOSTNAME, NEW_IPC = 0x00020000, 0x04000000, 0x08000000
NEW_PIDS, NEW_NETWORK = 0x20000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def now_ns():
    """CLOCK_MONOTONIC, the one clock of all that the lab writes down."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def unshare(flags):
    _checked(_libc.unshare(flags), "unshare")


def die_with_parent():
    """Be killed when the process (its main thread) that started us ends, however it ends."""
    _checked(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def mount(source, target, kind="none", flags=0, options=""):
    result = _libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags),
                         options.encode() or None)
    _checked(result, f"mount {kind} {source} on {target}")


def bind(source, target):
    mount(source, target, flags=MS_BIND | MS_REC)


def make_private():
    mount("none", "/", flags=MS_REC | MS_PRIVATE)


@contextlib.contextmanager
def inside_network(pid):
    """Sockets opened in this block belong to the network namespace of `pid`, and stay there."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    there = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _checked(_libc.setns(there, NEW_NETWORK), "setns")
        try:
            yield
        finally:
            _checked(_libc.setns(home, NEW_NETWORK), "setns back")
    finally:
        os.close(there)
        os.close(home)


class LinkSwitch:
    """Puts links of one network namespace up and down within microseconds: one netlink message each."""

    RTM_NEWLINK, REQUEST, ACK, IFF_UP = 16, 1, 4, 1

    def __init__(self, pid):
        with inside_network(pid):
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
            self._indexes = {name: index for index, name in socket.if_nameindex()}
        self._pid = pid
        self._socket.bind((0, 0))
        self._socket.settimeout(5)

    def refresh(self):
        with inside_network(self._pid):
            self._indexes = {name: index for index, name in socket.if_nameindex()}

    def has(self, name):
        return name in self._indexes

    def set(self, name, up):
        body = struct.pack("=BxHiII", 0, 0, self._indexes[name], self.IFF_UP if up else 0, self.IFF_UP)
        header = struct.pack("=IHHII", 16 + len(body), self.RTM_NEWLINK, self.REQUEST | self.ACK, 1, 0)
        self._socket.send(header + body)
        error = struct.unpack_from("=i", self._socket.recv(4096), 16)[0]
        if error:
            raise OSError(-error, f"link {name}: {os.strerror(-error)}")
