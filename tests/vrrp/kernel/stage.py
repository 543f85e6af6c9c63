# SPDX-License-Identifier: GPL-2.0-or-later
"""A stage for regha-net: namespaces of its own, a peer on the other end of a cable, and a client.

Everything happens behind unshare(1): network, mounts, /run and the users are this process's, and
are gone with it. The client writes the messages by hand, as an independent reading of the layouts.
"""
import ctypes, os, pathlib, select, socket, struct, subprocess, sys, time

SOCKET = "/run/regha/net/goals.sock"
USERS = {"regha": 7201, "regha-vrrp": 7202, "regha-net": 7203}
GOAL, STATUS, LINK, BREAKER_GOAL, BREAKER_STATUS, GOAL_END, SNAPSHOT_END, PROCESS = 32, 33, 34, 35, 36, 1, 2, 16
ADDRESSES = 20
TAG = 0x72
libc = ctypes.CDLL(None, use_errno=True)


def enter_namespaces():
    """Come back inside namespaces of our own; skip where that is not allowed."""
    if os.geteuid() != 0:
        print("SKIP: needs root for network namespaces")
        sys.exit(77)
    if os.environ.get("REGHA_STAGE") != "inside":
        os.environ["REGHA_STAGE"] = "inside"
        # Whatever ends this process ends all that it started.
        os.execvp("unshare", ["unshare", "--net", "--mount", "--propagation", "private", "--pid", "--fork",
                              "--kill-child", "--mount-proc", sys.executable, *sys.argv])
    prepare()


def run(*command, check=True, **more):
    return subprocess.run(command, check=check, capture_output=True, text=True, **more)


def prepare():
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    etc = pathlib.Path("/run/stage")
    etc.mkdir()
    users = "".join(f"{name}:x:{uid}:{uid}::/:/bin/false\n" for name, uid in USERS.items())
    groups = "".join(f"{name}:x:{uid}:\n" for name, uid in USERS.items())
    for name, more in (("passwd", users), ("group", groups)):
        copy = etc / name
        copy.write_text("".join(line for line in pathlib.Path("/etc", name).read_text().splitlines(True)
                                if line.split(":")[0] not in USERS) + more)
        copy.chmod(0o644)
        run("mount", "--bind", str(copy), f"/etc/{name}")
    folder = pathlib.Path("/run/regha/net")
    folder.mkdir(parents=True)
    os.chown(folder, USERS["regha-net"], USERS["regha-net"])
    run("ip", "netns", "add", "peer")
    run("ip", "link", "set", "lo", "up")
    cable()


def cable():
    """eth0 here, eth1 at the peer."""
    run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth1", "netns", "peer")
    for command in ("addr add 10.9.0.1/24 dev eth0", "link set eth0 up",
                    "-n peer addr add 10.9.0.2/24 dev eth1", "-n peer link set eth1 up"):
        run("ip", *command.split())


def in_namespace(name, make):
    """Call make() with this thread in another network."""
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        if libc.setns(there, 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        return make()
    finally:
        libc.setns(here, 0)
        os.close(here)
        os.close(there)


def in_peer(make):
    return in_namespace("peer", make)


class Ear:
    """Hears announcements at the peer, each with the time the kernel received it."""

    def __init__(self, protocol=0x0806):
        def make():
            heard = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
            heard.bind(("eth1", protocol))
            return heard
        self.socket = in_peer(make)
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self.socket.setsockopt(socket.SOL_SOCKET, 35, 1)         # SO_TIMESTAMPNS
        self.socket.setblocking(False)

    def frames(self, seconds, enough=lambda frames: False):
        """What comes within so many seconds, or until it is enough: a list of (time, bytes)."""
        end, frames = time.time() + seconds, []
        while not enough(frames):
            left = end - time.time()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                break
            while True:
                try:
                    data, control, _, _ = self.socket.recvmsg(2048, 256)
                except OSError:  # no more, or told once that the link was down
                    break
                second, nano = struct.unpack("qq", control[0][2][:16])
                frames.append((second + nano / 1e9, data))
        return frames

    def close(self):
        self.socket.close()


class Net:
    """A running regha-net."""

    def __init__(self, program, log):
        self.log = open(log, "ab")
        self.process = subprocess.Popen([program], stderr=self.log, stdout=self.log)

    def kill(self, signal):
        self.process.send_signal(signal)

    def wait(self, seconds=5):
        return self.process.wait(seconds)


class Adverts:
    """Sends marked adverts as regha-vrrp does, each 50 ms, until stopped."""
    SEND = """
import socket, sys, time
mark, vrid, priority, family = (int(word, 0) for word in sys.argv[1:])
six = family == socket.AF_INET6
out = socket.socket(family, socket.SOCK_RAW, 112)
out.setsockopt(socket.SOL_SOCKET, 36, mark)  # SO_MARK
to = ("ff02::12", 0, 0, socket.if_nametoindex("eth0")) if six else ("224.0.0.18", 0)
if not six:
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.9.0.1"))
while True:
    out.sendto(bytes([0x31, vrid, priority, 0, 0, 5, 0, 0]), to)
    time.sleep(0.05)
"""

    def __init__(self, vrid=51, priority=100, mark=None, family=socket.AF_INET):
        mark = 0x72000000 | vrid | (0x100 if family == socket.AF_INET6 else 0) if mark is None else mark
        self.process = subprocess.Popen([sys.executable, "-c", self.SEND, *map(str, (mark, vrid, priority, int(family)))])
        time.sleep(0.3)

    def stop(self):
        self.process.kill()
        self.process.wait()


def answers(address, count=1):
    """How many of so many pings of the peer are answered, 10 ms apart."""
    done = run("ip", "netns", "exec", "peer", "ping", "-i", "0.01", "-c", str(count), "-W", "0.2", address, check=False)
    return int(done.stdout.partition(" received")[0].split()[-1])


def nft(*command):
    return run("nft", *command, check=False).stdout


def text(value):
    value = value.encode()
    return struct.pack("<H", len(value)) + value


def address_bytes(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bits = 128 if family == socket.AF_INET6 else 32
    if "/" in address:
        address, _, bits = address.partition("/")
    return struct.pack("BB16s", family, int(bits), socket.inet_pton(family, address))


def goal(name, addresses, hold=True, interface="eth0", vrid=51, repeat=5, refresh_ns=0, serial=0, guard_ns=0):
    family = socket.AF_INET6 if addresses and ":" in addresses[0] else socket.AF_INET
    body = (text(name) + text(interface) + struct.pack("<BBBB", vrid, family, hold, len(addresses)) +
            b"".join(map(address_bytes, addresses)) + struct.pack("<BQIQ", repeat, refresh_ns, serial, guard_ns))
    return struct.pack("<BBH", GOAL, 2, len(body)) + body


def breaker_goal(*peers):
    """Each an address, a port, and whether it is open."""
    body = struct.pack("<B", len(peers)) + b"".join(address_bytes(address) + struct.pack("<HB", port, opened)
                                                    for address, port, opened in peers)
    return struct.pack("<BBH", BREAKER_GOAL, 1, len(body)) + body


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, layout):
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values[0] if len(values) == 1 else values

    def text(self):
        length = self.take("H")
        return self.take(f"{length}s").decode()

    def address(self):
        family, bits, raw = self.take("BB16s")
        if family == 0:
            return None
        return socket.inet_ntop(family, raw[:16 if family == socket.AF_INET6 else 4])


def read_status(data):
    reader = Reader(data)
    status = {"name": reader.text(), "interface": reader.text()}
    status["vrid"], status["family"], status["hold"] = reader.take("BBB")
    status["addresses"] = [reader.address() for _ in range(reader.take("B"))]
    status["present"] = [bool(reader.take("B")) for _ in range(reader.take("B"))]
    for key, layout in (("settled", "B"), ("error", "i"), ("announcements", "Q"), ("restored", "Q"),
                        ("removed_strays", "Q"), ("guarded", "B"), ("guard_rebuilt", "Q"), ("changed_ns", "Q")):
        status[key] = reader.take(layout)
    assert reader.at == len(data)
    return status


def read_link(data):
    reader = Reader(data)
    link = {"interface": reader.text()}
    link["index"], link["up"], link["mac"], link["mtu"] = reader.take("IB6sI")
    link["ipv4"], link["ipv6"] = reader.address(), reader.address()
    assert reader.at == len(data)
    return link


def read_breaker(data):
    reader = Reader(data)
    status = {"peers": {}}
    status["supported"], status["error"], count = reader.take("BiB")
    for _ in range(count):
        key = (reader.address(), reader.take("H"))
        status["peers"][key] = dict(zip(("open", "sockets", "forwarded", "destroyed"), reader.take("BHBQ")))
    assert reader.at == len(data)
    return status


class Client:
    """Wants like regha-vrrp, and remembers the last state of each object."""

    def __init__(self, user=0, seconds=5):
        self.status, self.link, self.generation, self.ready = {}, {}, 0, False
        self.snapshot_first = self.breaker = None
        end = time.time() + seconds
        while True:
            try:
                self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                self.connect(user)
                break
            except (FileNotFoundError, ConnectionRefusedError, PermissionError):  # not yet, or not yet ours
                self.socket.close()
                if time.time() > end:
                    raise
                time.sleep(0.002)
        self.until(lambda: self.ready, seconds)

    def connect(self, user):
        """SO_PEERCRED is who connected: be that one for a moment."""
        os.setegid(USERS["regha"])
        os.seteuid(user)
        try:
            self.socket.connect(SOCKET)
        finally:
            os.seteuid(0)
            os.setegid(0)

    def read(self, seconds):
        """Returns whether something came; False at the end of the connection, too."""
        if not select.select([self.socket], [], [], seconds)[0]:
            return False
        data = self.socket.recv(8192)
        if not data:
            return False
        kind, body = data[0], data[4:]
        if self.snapshot_first is None:
            self.snapshot_first = kind
        if kind == STATUS:
            status = read_status(body)
            self.status[status["name"]] = status
        elif kind == BREAKER_STATUS:
            self.breaker = read_breaker(body)
        elif kind == LINK:
            link = read_link(body)
            self.link[link["interface"]] = link
        elif kind == SNAPSHOT_END:
            self.ready = True
        return True

    def until(self, condition, seconds=3):
        end = time.time() + seconds
        while not condition():
            left = end - time.time()
            if left <= 0 or not self.read(left):
                return condition()
        return True

    def want(self, *goals, partial=False):
        self.generation += 1
        end = struct.pack("<IHB", self.generation, len(goals), partial)
        for message in (*goals, struct.pack("<BBH", GOAL_END, 1, len(end)) + end):
            self.socket.send(message)

    def settled(self, name, hold=True, seconds=3):
        return self.until(lambda: self.status.get(name, {}).get("settled") == 1 and
                          self.status[name]["hold"] == hold, seconds)

    def close(self):
        self.socket.close()


def dump():
    """The kernel's addresses by netlink: ip(8) of Debian 12 does not show IFA_PROTO."""
    request = struct.pack("=IHHIIBBBBI", 24, 22, 0x301, 1, 0, 0, 0, 0, 0, 0)  # RTM_GETADDR, NLM_F_DUMP
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.send(request)
        while True:
            data, at = netlink.recv(1 << 16), 0
            while at < len(data):
                length, kind = struct.unpack_from("=IH", data, at)
                if kind == 3:  # NLMSG_DONE
                    return
                yield read_address(data[at + 16:at + length])
                at += length + 3 & ~3


def read_address(body):
    family, bits, _, _, index = struct.unpack_from("=BBBBI", body)
    at, found = 8, {"index": index, "bits": bits, "tagged": False, "flags": 0, "valid": None}
    while at < len(body):
        length, kind = struct.unpack_from("=HH", body, at)
        value = body[at + 4:at + length]
        if kind == 2 or (kind == 1 and "address" not in found):
            found["address"] = socket.inet_ntop(family, value)
        elif kind == 6:
            valid = struct.unpack_from("=II", value)[1]
            found["valid"] = None if valid == 0xffffffff else valid
        elif kind == 8:
            found["flags"] = struct.unpack("=I", value)[0]
        elif kind == 11:
            found["tagged"] = value[0] == TAG
        at += length + 3 & ~3
    return found


def find(address, bits=None):
    """The kernel's address: its index, bits, tagged, flags and valid seconds; {} if it has none."""
    return next((found for found in dump() if found["address"] == address and bits in (None, found["bits"])), {})


def ours(address):
    return bool([found for found in dump() if found["address"] == address and found["tagged"]])


def mac_of(interface):
    line = run("ip", "-o", "link", "show", "dev", interface).stdout
    return bytes.fromhex(line.partition("link/ether ")[2][:17].replace(":", ""))


def wait_for(condition, seconds):
    """The seconds it took, or None."""
    start = time.time()
    while time.time() < start + seconds:
        if condition():
            return time.time() - start
        time.sleep(0.002)
    return None
