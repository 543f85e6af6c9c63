# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes in namespaces on one switch, and somebody who plays reghad for each of them.

Every node is a process of ours that holds a network and a mount namespace; whatever was made goes
with it. Nothing outside these namespaces is touched or sent to.
"""
import ctypes, os, pathlib, selectors, signal, socket, struct, subprocess, tempfile, time

USERS = (("regha", 64901), ("regha-vrrp", 64902), ("regha-net", 64903))
GROUP = 64901
MS = 1_000_000
STATES = ("initialize", "backup", "active")
REASONS = ("startup", "resumed", "timeout", "peer-resigned", "peer-degraded", "preempted", "preempt",
           "not-candidate", "interface-down", "no-kernel", "overslept", "removed", "shutdown",
           "handed-over")
GOAL, STATUS, TRANSITION, COUNTERS, STRAYS, CLUSTER, PEER = range(32, 39)
FRAME_DROPS = ("accepted", "stranger", "length", "seal", "malformed", "receiver", "incarnation", "replay")
PORT = 9652

def run(*command, check=True):
    return subprocess.run([str(word) for word in command], check=check, capture_output=True, text=True)

def now_ns():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)

def die_with_parent():
    """What we start does not outlive us, however we end."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)

# base/wire: integers little endian, a text and a block behind their length, an array behind its count.

def text(value):
    return struct.pack("<H", len(value)) + value.encode()

def address(value):
    if not value:
        return bytes(18)
    host, _, bits = value.partition("/")
    return struct.pack("<BB", socket.AF_INET, int(bits or 32)) + socket.inet_aton(host).ljust(16, b"\0")

def addresses(values):
    return bytes([len(values)]) + b"".join(map(address, values))

def message(kind, body):
    return struct.pack("<BBH", kind, 1, len(body)) + body

def goal_message(goal):
    return message(GOAL, text(goal["name"]) + text(goal["interface"]) + struct.pack(
        "<BBBBBB?", goal["vrid"], socket.AF_INET, 3, goal["configured"], goal["transport"], 0,
        goal["preempt"]) + addresses(goal["addresses"]) + address(goal["source"]) +
        addresses(goal["peers"]) + addresses(goal["foreign"]) + struct.pack(
        "<qqqBqB???q", goal["interval_ns"], 0, goal["guard_ns"], 3, 0, goal["priority"], goal["candidate"], False, False,
        goal["grace_ns"]))

def cluster_message(cluster):
    nodes = b"".join(text(f"node{at}") + address(host) for at, host in enumerate(cluster["nodes"]))
    return message(CLUSTER, struct.pack("<BHq", cluster["self"], PORT, cluster["heartbeat_ns"]) +
        bytes([len(cluster["keys"])]) + b"".join(cluster["keys"]) + bytes([len(cluster["nodes"])]) + nodes +
        struct.pack("<H", len(cluster["blob"])) + cluster["blob"])

class Reader:
    def __init__(self, body):
        self.body, self.at = body, 0
    def take(self, form):
        values = struct.unpack_from("<" + form, self.body, self.at)
        self.at += struct.calcsize("<" + form)
        return values
    def text(self):
        length, = self.take("H")
        return self.take(f"{length}s")[0].decode()
    def address(self):
        family, _, host = self.take("BB16s")
        return socket.inet_ntoa(host[:4]) if family else None

class Reghad:
    """Wants one virtual router of a regha-vrrp and remembers what it says."""
    def __init__(self, path, goal):
        self.path, self.goal = path, goal
        self.socket, self.generation, self.ready = None, 0, False
        self.status, self.transitions, self.counters = None, [], None
        self.cluster, self.peers = None, {}

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket, self.ready = None, False

    def want(self, **changes):
        self.goal.update(changes)
        if self.ready:
            self.generation += 1
            self.socket.send(goal_message(self.goal))
            if self.cluster:
                self.socket.send(cluster_message(self.cluster))
            count = 2 if self.cluster else 1
            self.socket.send(message(1, struct.pack("<IH?", self.generation, count, False)))

    def connect(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self.socket.connect(self.path)
        except OSError:
            self.close()
            return
        self.socket.setblocking(False)
        self.generation = 0

    def handle(self, data):
        kind, reader = data[0], Reader(data[4:])
        if kind == 2:
            self.ready = True
            self.want()
        elif kind == STATUS:
            reader.text(), reader.text()
            _, _, state, priority, _, orphaned, _, _ = reader.take("BBBB???q")
            self.status = {"state": STATES[state], "priority": priority, "orphaned": orphaned,
                           "active": reader.address()}
        elif kind == TRANSITION:
            reader.text()
            _, _, before, after, reason, at_ns, heard_ns = reader.take("BBBBBqq")
            entry = (STATES[before], STATES[after], REASONS[reason], at_ns, heard_ns)
            if entry not in self.transitions:
                self.transitions.append(entry)
        elif kind == PEER:
            reader.text()
            node, reachable, leaving, seen_ns, since_ns, _, _, incarnation, received = reader.take("B??qqq?QQ")
            rejected = dict(zip(FRAME_DROPS, reader.take("8Q")))
            count, = reader.take("B")
            routers = [reader.take("BBBB") for _ in range(count)]
            length, = reader.take("H")
            self.peers[node] = {
                "reachable": reachable, "leaving": leaving, "seen_ns": seen_ns, "since_ns": since_ns,
                "incarnation": incarnation, "received": received, "rejected": rejected,
                "routers": {vrid: STATES[state] for vrid, _, state, _ in routers},
                "blob": reader.take(f"{length}s")[0]}
        elif kind == COUNTERS:
            reader.text()
            reader.take("BB")
            self.counters = reader.take(f"{(len(reader.body) - reader.at) // 8}Q")

    def poll(self):
        """Read what is there; connect again if there is nobody. Call often."""
        if not self.socket:
            self.connect()
        while self.socket:
            try:
                data = self.socket.recv(65536)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self.close()
                return
            self.handle(data)

class Node:
    def __init__(self, lan, number):
        self.lan, self.number, self.address = lan, number, f"192.0.2.{number}"
        self.processes, self.reghad = {}, None
        self.holder = lan.hold(
            "mount -t tmpfs tmpfs /run && mount --bind passwd /etc/passwd && mount --bind group /etc/group && "
            "mkdir -p /run/regha/vrrp /run/regha/net && chown regha-vrrp /run/regha/vrrp && "
            "chown regha-net /run/regha/net && chmod 755 /run /run/regha /run/regha/*")
        lan.inside(lan.switch, "ip", "link", "add", f"port{number}", "type", "veth", "peer", "name", "eth0",
                   "netns", self.holder.pid)
        lan.inside(lan.switch, "ip", "link", "set", f"port{number}", "master", "switch", "up")
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "address", "add", f"{self.address}/24", "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")

    def run(self, *command, check=True):
        return self.lan.inside(self.holder, *command, check=check)

    def start(self, program, *arguments):
        log = open(self.lan.folder / f"{program}-{self.number}.log", "ab")
        path = self.lan.programs / program if program.startswith("regha") else program
        self.processes[program] = subprocess.Popen(
            ["nsenter", "-t", str(self.holder.pid), "-n", "-m", path, *arguments], stdout=log, stderr=log,
            stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)

    def spawn(self, *command):
        """A tool whose output is read when it is killed."""
        return subprocess.Popen(["nsenter", "-t", str(self.holder.pid), "-n", "-m", *command], text=True,
                                stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)

    def end(self, program, how=signal.SIGKILL):
        process = self.processes.pop(program, None)
        if process:
            process.send_signal(how)
            process.wait(5)
        return process and process.returncode

    def start_regha(self, priority, peers, **changes):
        self.start("regha-net")
        self.start("regha-vrrp")
        goal = {"name": "registry", "interface": "eth0", "vrid": 51, "configured": priority, "transport": 0,
                "preempt": False, "addresses": [self.lan.vip], "source": self.address, "peers": peers,
                "foreign": [], "interval_ns": 100 * MS, "guard_ns": 300 * MS, "priority": priority, "candidate": True,
                "grace_ns": 10_000 * MS}
        goal.update(changes)
        self.reghad = Reghad(f"/proc/{self.holder.pid}/root/run/regha/vrrp/goals.sock", goal)

    def has_vip(self):
        return f"inet {self.lan.vip}/" in self.run("ip", "-4", "address", "show", "dev", "eth0").stdout

    def plug(self, in_):
        self.lan.inside(self.lan.switch, "ip", "link", "set", f"port{self.number}", "up" if in_ else "down")

    def state(self):
        return self.reghad.status["state"] if self.reghad and self.reghad.status else None

    def last(self):
        return self.reghad.transitions[-1] if self.reghad.transitions else None

    def stop(self):
        if self.reghad:
            self.reghad.close()
        self.reghad = None
        for program in list(self.processes):
            # killed, keepalived leaves a child behind for a second
            self.end(program, signal.SIGTERM if program == "keepalived" else signal.SIGKILL)

class Lan:
    vip = "192.0.2.100"

    def __init__(self, programs, count):
        self.programs = pathlib.Path(programs).resolve()
        self.scratch = tempfile.TemporaryDirectory(prefix="regha-vrrp-test-")
        self.folder = pathlib.Path(self.scratch.name)
        os.chmod(self.folder, 0o755)
        self.holders, self.nodes = [], []
        for name in ("passwd", "group"):
            lines = pathlib.Path("/etc", name).read_text().splitlines()
            lines = [line for line in lines if not line.startswith("regha")]
            for user, number in USERS:
                lines.append(f"{user}:x:{number}:{GROUP}::/:/bin/false" if name == "passwd" else
                             f"{user}:x:{number}:")
            (self.folder / name).write_text("\n".join(lines) + "\n")
        self.switch = self.hold("ip link add switch type bridge mcast_snooping 0 && ip link set switch up")
        self.nodes = [Node(self, number) for number in range(1, count + 1)]

    def hold(self, script):
        """A process that keeps namespaces of its own open."""
        holder = subprocess.Popen(["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c",
                                   script + " && echo made && exec sleep infinity"], cwd=self.folder,
                                  stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        self.holders.append(holder)
        if holder.stdout.readline() != "made\n":
            raise RuntimeError(f"no namespace: {script}")
        return holder

    def inside(self, holder, *command, check=True):
        return run("nsenter", "-t", holder.pid, "-n", "-m", *command, check=check)

    def pump(self, span_s):
        """Play reghad for a while."""
        end = time.monotonic() + span_s
        while True:
            with selectors.DefaultSelector() as selector:
                for node in self.nodes:
                    if node.reghad:
                        node.reghad.poll()
                    if node.reghad and node.reghad.socket:
                        selector.register(node.reghad.socket, selectors.EVENT_READ)
                left = end - time.monotonic()
                if left <= 0:
                    return
                selector.select(min(left, 0.02))

    def wait(self, what, condition, limit_s=5):
        """Until it is so; a deadline far above what it takes, for a busy machine."""
        end = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"not within {limit_s} s: {what}; {self.describe()}")
            self.pump(0.01)

    def describe(self):
        return "; ".join(f"node {node.number}: {node.state()} vip={node.has_vip()} last={node.last()}"
                         for node in self.nodes if node.reghad)

    def reset(self):
        """As new: no process, no address."""
        for node in self.nodes:
            node.stop()
            node.plug(True)
            node.run("ip", "address", "del", f"{self.vip}/32", "dev", "eth0", check=False)
            node.run("sh", "-c", "rm -f /run/regha/*/*")
        for log in self.folder.glob("*.log"):
            log.unlink()

    def check_logs(self):
        """What a sanitizer has to say."""
        for path in self.folder.glob("*.log"):
            words = path.read_text(errors="replace")
            assert "Sanitizer" not in words and "runtime error" not in words, path.name

    def logs(self):
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-6000:]}"
                         for path in sorted(self.folder.glob("*.log")))

    def close(self):
        for node in self.nodes:
            node.stop()
        for holder in self.holders:
            holder.kill()
            holder.wait()
        self.scratch.cleanup()
