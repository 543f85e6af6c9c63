# SPDX-License-Identifier: GPL-2.0-or-later
"""
A client that asks all the time, run inside the client's network namespace by meter.py.

  meter_program.py get  ADDRESS PORT PATH EVERY_MS DEADLINE_MS
  meter_program.py ping ADDRESS EVERY_MS

One line per request on standard output, as soon as it ended: start, end (CLOCK_MONOTONIC ns), result. Requests start
on an absolute grid whether or not earlier ones were answered, each on a connection of its own with a deadline
of its own, so that one stall hides nothing. One thread, no blocking call.
"""
import heapq
import os
import select
import socket
import struct
import sys
import time

MILLION = 1_000_000


def now_ns():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def report(start, end, result):
    os.write(1, f"{start} {end} {result}\n".encode())


class Request:
    """One GET: connect, send, read the status line."""

    def __init__(self, target, words, start, deadline):
        self.start, self.deadline = start, deadline
        self.words, self.received = words, b""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.connect_ex(target)
        self.sent = False

    def advance(self):
        """A word about how it ended, or None while it goes on."""
        error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            return os.strerror(error).replace(" ", "-")
        if not self.sent:
            self.socket.send(self.words)
            self.sent = True
            return None
        data = self.socket.recv(4096)
        self.received += data
        if b"\r\n" in self.received:
            return self.received.split(b" ", 2)[1].decode(errors="replace")
        return None if data else "closed"


def get(address, port, path, every_ns, deadline_ns):
    words = (f"GET {path} HTTP/1.1\r\nHost: {address}:{port}\r\nConnection: close\r\n"
             "Accept: application/vnd.oci.image.manifest.v1+json, */*\r\n\r\n").encode()
    poll, running, deadlines = select.epoll(), {}, []
    due = now_ns()

    def end(fd, result):
        request = running.pop(fd)
        request.socket.close()
        report(request.start, now_ns(), result)

    while True:
        now = now_ns()
        if now >= due:
            request = Request((address, port), words, now, now + deadline_ns)
            fd = request.socket.fileno()
            running[fd] = request
            heapq.heappush(deadlines, (request.deadline, fd, request))
            poll.register(fd, select.EPOLLOUT)
            due += every_ns * (1 + (now - due) // every_ns)
        while deadlines and (deadlines[0][0] <= now or running.get(deadlines[0][1]) is not deadlines[0][2]):
            _, fd, request = heapq.heappop(deadlines)
            if running.get(fd) is request:
                end(fd, "timeout")
        nearest = min(due, deadlines[0][0]) if deadlines else due
        for fd, _ in poll.poll(max(0, nearest - now_ns()) / 1e9):
            request = running[fd]
            try:
                was_sent, result = request.sent, request.advance()
            except OSError as error:
                result = os.strerror(error.errno).replace(" ", "-")
            if result is not None:
                end(fd, result)
            elif request.sent and not was_sent:
                poll.modify(fd, select.EPOLLIN)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def ping(address, every_ns):
    """Echo requests; only answers are reported, for silence says the rest."""
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_ICMP)
    poll = select.poll()
    poll.register(raw, select.POLLIN)
    mark, due, sequence, sent = os.getpid() & 0xFFFF, now_ns(), 0, {}
    while True:
        now = now_ns()
        if now >= due:
            sequence = (sequence + 1) & 0xFFFF
            body = struct.pack("!BBHHH", 8, 0, 0, mark, sequence)
            sent[sequence] = now
            try:
                raw.sendto(body[:2] + struct.pack("!H", checksum(body)) + body[4:], (address, 0))
            except OSError:
                pass
            due += every_ns * (1 + (now - due) // every_ns)
        if not poll.poll(max(0, due - now_ns()) / MILLION):
            continue
        data, source = raw.recvfrom(2048)
        kind, _, _, found, number = struct.unpack_from("!BBHHH", data, (data[0] & 15) * 4)
        if source[0] == address and kind == 0 and found == mark and number in sent:
            report(sent.pop(number), now_ns(), "200")


def main():
    kind, address, *rest = sys.argv[1:]
    if kind == "ping":
        ping(address, int(rest[0]) * MILLION)
    else:
        get(address, int(rest[0]), rest[1], int(rest[2]) * MILLION, int(rest[3]) * MILLION)


main()
