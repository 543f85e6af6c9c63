#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The circuit breaker of regha-net on a real kernel, with real connections, local and forwarded.

breaker_test.py REGHA_NET [TEST...]. Needs root; skips (77) without.
"""
import errno, os, pathlib, signal, socket, sys, threading, time
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import stage
from stage import Client, Net, breaker_goal, in_peer, nft, run, wait_for

PEER, PORT, OTHER = "10.9.0.2", 9000, 9001
OPEN, CLOSED = breaker_goal((PEER, PORT, True)), breaker_goal((PEER, PORT, False))
LOG = "/run/stage/log"
program = sys.argv[1]
failures = []


def check(what, truth, seen=""):
    print(f"  {'ok  ' if truth else 'FAIL'} {what} {seen}", flush=True)
    if not truth:
        failures.append(what)


def listen(address, port, family=socket.AF_INET):
    server = socket.socket(family, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, port))
    server.listen(4096)
    return server


class Peer:
    """Somebody who listens on both ports, and accepts nothing: the kernel does that for him."""

    def __init__(self):
        self.servers = in_peer(lambda: [listen("0.0.0.0", PORT), listen("0.0.0.0", OTHER)])

    def close(self):
        for server in self.servers:
            server.close()


def add_box():
    """A network behind this host, as containers have it."""
    run("ip", "netns", "add", "box")
    run("ip", "link", "add", "box0", "type", "veth", "peer", "name", "eth0", "netns", "box")
    for command in ("addr add 10.9.1.1/24 dev box0", "link set box0 up", "-n box addr add 10.9.1.2/24 dev eth0",
                    "-n box link set eth0 up", "-n box route add default via 10.9.1.1",
                    "-n peer route add 10.9.1.0/24 via 10.9.0.1"):
        run("ip", *command.split())
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def in_box(make):
    return stage.in_namespace("box", make)


def connect(port=PORT, address=PEER, seconds=2):
    return socket.create_connection((address, port), timeout=seconds)


def attempt(port=PORT, seconds=2):
    """The errno of a connection, 0 if it succeeds, and the milliseconds it took."""
    at = time.monotonic()
    try:
        connect(port, seconds=seconds).close()
        code = 0
    except TimeoutError:
        code = errno.ETIMEDOUT
    except OSError as failed:
        code = failed.errno
    return code, 1000 * (time.monotonic() - at)


def end_of(connection, seconds=2):
    """What a read of it ends with: an errno, or None if it goes on."""
    connection.settimeout(seconds)
    try:
        return 0 if connection.recv(1) == b"" else None
    except TimeoutError:
        return None
    except OSError as failed:
        return failed.errno


def start():
    net = Net(program, LOG)
    return net, Client(user=stage.USERS["regha"])


def stop(net, client):
    client.close()
    net.kill(signal.SIGTERM)
    check("SIGTERM ends it with status 0", net.wait() == 0)
    check("and leaves no table", "regha_breaker" not in nft("list", "tables"))


def seen(client, key=(PEER, PORT)):
    return client.breaker["peers"].get(key, {})


def test_watched():
    net, client = start()
    check("reghad is told of it at once", client.breaker == {"supported": 0, "error": 0, "peers": {}}, client.breaker)
    check("with nothing to watch there is no table", "regha_breaker" not in nft("list", "tables"))
    held = [connect(), connect(), connect(OTHER)]
    client.want(CLOSED)
    check("it works here", client.until(lambda: client.breaker["supported"]), client.breaker)
    check("sockets are counted by port", seen(client) == {"open": 0, "sockets": 2, "forwarded": 0, "destroyed": 0}, seen(client))
    check("nothing is cut", attempt()[0] == 0)
    client.want()
    check("no peers any more: no table", client.until(lambda: not client.breaker["peers"]) and
          "regha_breaker" not in nft("list", "tables"))
    for one in held:
        one.close()
    stop(net, client)


def test_cut():
    net, client = start()
    client.want(CLOSED)
    there, other = connect(), connect(OTHER)
    server = listen("0.0.0.0", PORT)
    theirs = in_peer(lambda: socket.create_connection(("10.9.0.1", PORT), timeout=2))
    ours = server.accept()[0]
    os.seteuid(stage.USERS["regha"])
    probe = connect()
    os.seteuid(0)
    at = time.monotonic()
    client.want(OPEN)
    ended = end_of(there)
    check("an established connection is reset", ended in (errno.ECONNABORTED, errno.ECONNRESET),
          f"{errno.errorcode.get(ended, ended)} after {1000 * (time.monotonic() - at):.1f} ms")
    check("so is one that the peer made to that port", end_of(ours) in (errno.ECONNABORTED, errno.ECONNRESET))
    check("and the peer is told", end_of(theirs) == errno.ECONNRESET)
    code, took = attempt()
    check("a new one is refused at once", code == errno.ECONNREFUSED, f"{code} after {took:.1f} ms")
    check("another port is another matter", end_of(other, 0.1) is None and attempt(OTHER)[0] == 0)
    check("reghad's connection goes on", end_of(probe, 0.1) is None)
    os.seteuid(stage.USERS["regha"])
    check("and its probe passes", attempt()[0] == 0)
    os.seteuid(0)
    check("all of it is told", client.until(lambda: seen(client).get("open")) and seen(client)["sockets"] == 2 and
          seen(client)["destroyed"] == 2, seen(client))
    client.want(CLOSED)
    check("closed: told, and connections pass", client.until(lambda: not seen(client).get("open")) and attempt()[0] == 0)
    for one in (there, other, theirs, ours, probe, server):
        one.close()
    stop(net, client)


def test_mapped():
    """A program that listens on IPv6 for both has IPv4 peers under mapped addresses."""
    net, client = start()
    server = listen("::", PORT, socket.AF_INET6)
    theirs = in_peer(lambda: socket.create_connection(("10.9.0.1", PORT), timeout=2))
    ours = server.accept()[0]
    client.want(OPEN)
    check("a mapped address is the same peer", end_of(ours) in (errno.ECONNABORTED, errno.ECONNRESET))
    for one in (theirs, ours, server):
        one.close()
    stop(net, client)


def test_ipv6():
    run("ip", "-n", "peer", "addr", "add", "fd00:9::2/64", "dev", "eth1", "nodad")
    run("ip", "addr", "add", "fd00:9::1/64", "dev", "eth0", "nodad")
    net, client = start()
    server = in_peer(lambda: listen("fd00:9::2", 9002, socket.AF_INET6))
    there = connect(9002, "fd00:9::2")
    client.want(breaker_goal(("fd00:9::2", 9002, True)))
    check("IPv6: established is reset", end_of(there) in (errno.ECONNABORTED, errno.ECONNRESET))
    try:
        connect(9002, "fd00:9::2")
        code = 0
    except OSError as failed:
        code = failed.errno
    check("IPv6: new is refused", code == errno.ECONNREFUSED, code)
    for one in (there, server):
        one.close()
    stop(net, client)


def test_forwarded():
    net, client = start()
    client.want(CLOSED)
    client.until(lambda: client.breaker["supported"])
    there = in_box(connect)
    client.want(OPEN)
    check("that others connect through here is known", client.until(lambda: seen(client).get("forwarded")), seen(client))
    check("which is no socket of ours", seen(client)["sockets"] == 0 and seen(client)["destroyed"] == 0)
    there.send(b"x")
    check("a forwarded connection is reset when it sends", end_of(there) == errno.ECONNRESET)
    client.want(OPEN)
    code, took = in_box(attempt)
    check("a new one at once", code == errno.ECONNREFUSED, f"{code} after {took:.1f} ms")
    client.want(CLOSED)
    client.until(lambda: not seen(client).get("open"))
    check("closed: it passes", in_box(attempt)[0] == 0)
    there.close()
    stop(net, client)


def keep_open(client, every, until):
    while not until.is_set():
        client.want(OPEN)
        time.sleep(every)


def test_refreshed():
    """What is cut stays cut over hundreds of refreshments, and nothing gets through between."""
    net, client = start()
    client.want(OPEN)
    client.until(lambda: client.breaker["peers"] and seen(client).get("open"))
    until = threading.Event()
    thread = threading.Thread(target=keep_open, args=(client, 0.004, until))
    thread.start()
    end, codes = time.monotonic() + 3, {}
    while time.monotonic() < end:
        code = attempt()[0]
        codes[code] = codes.get(code, 0) + 1
    until.set()
    thread.join()
    check("no gap", set(codes) == {errno.ECONNREFUSED}, codes)
    check("destroyed once, not again", client.until(lambda: seen(client).get("open")) and seen(client)["destroyed"] == 0)
    stop(net, client)


def test_ends_by_itself():
    net, client = start()
    for what, silence, revive in (
            ("regha-net stands still", lambda: net.kill(signal.SIGSTOP), lambda: net.kill(signal.SIGCONT)),
            ("reghad says nothing more", lambda: None, lambda: None),
            ("regha-net is killed", lambda: net.kill(signal.SIGKILL), lambda: None)):
        client.want(OPEN)
        check(f"{what}: cut before", client.until(lambda: seen(client).get("open")) and attempt()[0] != 0)
        at = time.monotonic()
        client.want(OPEN)
        client.until(lambda: False, 0.05)
        silence()
        over = wait_for(lambda: attempt()[0] == 0, 10)
        took = time.monotonic() - at
        check(f"{what}: it ends by itself", over is not None and took > 0.5, f"{took:.2f} s after the last goal")
        revive()
        if "kill" not in what:
            check(f"{what}: and that is told", client.until(lambda: not seen(client).get("open")))
    net.wait()
    client.close()
    net, client = start()
    client.want(OPEN)
    client.until(lambda: seen(client).get("open"))
    client.close()
    check("reghad is gone: it ends by itself", wait_for(lambda: attempt()[0] == 0, 10) is not None)
    stop(net, client)


def test_flushed():
    net, client = start()
    client.want(OPEN)
    client.until(lambda: seen(client).get("open"))
    for what, command in (("the ruleset is flushed", ("flush", "ruleset")),
                          ("the table is deleted", ("delete", "table", "inet", "regha_breaker"))):
        client.want(OPEN)
        nft(*command)
        check(f"{what}: put back", wait_for(lambda: "@cut_4" in nft("list", "ruleset"), 5) is not None)
        client.want(OPEN)
        check("with what was cut", wait_for(lambda: attempt()[0] == errno.ECONNREFUSED, 5) is not None)
    nft("flush", "ruleset")
    ended = wait_for(lambda: "@cut_4" in nft("list", "ruleset"), 5)
    check("and is not prolonged by that", ended is not None and wait_for(lambda: attempt()[0] == 0, 10) is not None)
    stop(net, client)


def test_limits():
    net, client = start()
    server = listen("127.0.0.1", PORT)
    own = listen("10.9.0.1", PORT)
    client.want(breaker_goal(("127.0.0.1", PORT, True), ("10.9.0.1", PORT, True), ("::1", PORT, True)))
    check("told", client.until(lambda: len(client.breaker["peers"]) == 3), client.breaker)
    check("loopback never", not seen(client, ("127.0.0.1", PORT)).get("open") and not seen(client, ("::1", PORT))["open"])
    connect(PORT, "127.0.0.1").close()
    connect(PORT, "10.9.0.1").close()
    check("nor an address of this host", True)
    client.close()
    vrrp = Client(user=stage.USERS["regha-vrrp"])
    check("regha-vrrp is not told", vrrp.breaker is None)
    vrrp.want(OPEN)
    time.sleep(0.3)
    check("and may not want it", attempt()[0] == 0)
    vrrp.close()
    client = Client(user=stage.USERS["regha"])
    client.want(OPEN, stage.goal("registry", ["10.9.0.100"]))
    time.sleep(0.3)
    check("a set of two kinds changes nothing", attempt()[0] == 0 and not stage.find("10.9.0.100"))
    for one in (server, own):
        one.close()
    stop(net, client)


def main():
    tests = {name[5:]: test for name, test in globals().items() if name.startswith("test_")}
    add_box()
    peer = Peer()
    for name in sys.argv[2:] or tests:
        print(name, flush=True)
        tests[name]()
    peer.close()
    check("no sanitizer had anything to say", "anitizer" not in pathlib.Path(LOG).read_text())
    if failures:
        print(pathlib.Path(LOG).read_text()[-6000:])
        print(f"{len(failures)} failed: {failures}")
    return 1 if failures else 0


stage.enter_namespaces()
sys.exit(main())
