# SPDX-License-Identifier: GPL-2.0-or-later
"""Four nodes, a switch and a client, each a machine of its own; traffic never leaves them.

What a run made is found again by its number: a later run removes what a crashed one left, and only that.
"""
import contextlib
import ctypes
import glob
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import kernel
from machine import ENVIRONMENT, FOLDER, LabError, Machine, start_ticks

ROOT = FOLDER.parent.parent
VIP, STORAGE_VIP, CLIENT = "192.0.2.100", "192.0.2.101", "192.0.2.200"
NODES = ("n1", "n2", "n3", "n4")
ADDRESSES = {name: f"192.0.2.{11 + at}" for at, name in enumerate(NODES)}
WORK_PREFIX = "/tmp/regha-lab-"
MNT_DETACH = 2


def say(text):
    """Progress for people; results go to standard output."""
    print(f"    {text}", file=sys.stderr, flush=True)


def remove_stale():
    """What a lab that was killed has left: its folder, and machines the kernel has not ended with it."""
    for folder in glob.glob(WORK_PREFIX + "*"):
        try:
            record = json.loads(pathlib.Path(folder, "lab.json").read_text())
        except (OSError, ValueError):
            continue
        if start_ticks(record["pid"]) == record["ticks"] or record.get("keep"):
            continue
        for pid, ticks in record["anchors"]:
            if ticks is not None and start_ticks(pid) == ticks:
                os.kill(pid, signal.SIGKILL)
        say(f"removed what run {record['pid']} had left in {folder}")
        shutil.rmtree(folder, ignore_errors=True)


class Lab(contextlib.ExitStack):
    """`with Lab() as lab:`; leaving the block ends everything."""

    def __init__(self, nodes=NODES, build=None):
        super().__init__()
        self.names = nodes
        self.build = pathlib.Path(build or os.environ.get("REGHA_BUILD") or ROOT / "build").resolve()
        self.keep = bool(os.environ.get("REGHA_LAB_KEEP"))
        self._anchors = []

    def __enter__(self):
        super().__enter__()
        if os.geteuid() != 0:
            raise LabError("the lab makes network namespaces: run it as root")
        remove_stale()
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _: sys.exit(128 + number))
        self.work = pathlib.Path(tempfile.mkdtemp(prefix=WORK_PREFIX))
        self.work.chmod(0o755)
        self.callback(self._remove_work)
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise
        return self

    def _set_up(self):
        self.record()
        self.logs = self.work / "logs"
        self.logs.mkdir()
        # A mount namespace of the lab's own: no mount of it is ever seen outside, or outlives it.
        kernel.unshare(kernel.NEW_MOUNTS)
        kernel.make_private()
        self.ram = self.work / "ram"
        self.ram.mkdir()
        kernel.mount("tmpfs", str(self.ram), "tmpfs", options="mode=755,size=75%")
        self.shared = self.ram / "shared"  # /media on every node
        self.shared.mkdir()
        self.switch = self.add(Machine("switch"))
        self.switch.switch_on()
        self._net(self.switch, "link add br0 type bridge mcast_snooping 0 forward_delay 0",
                  "link set br0 up", "link set lo up")
        self.links = kernel.LinkSwitch(self.switch.pid)
        self.client = self.add(Machine("client"))
        self.switch_on(self.client, CLIENT)
        self.etc = self._make_etc()

    @property
    def is_sanitized(self):
        """Built with ASan and UBSan: slower, and leaks are told when a daemon ends."""
        try:
            return "REGHA_SANITIZE:BOOL=ON" in (self.build / "CMakeCache.txt").read_text()
        except OSError:
            return False

    def add(self, machine):
        self.callback(machine.switch_off)
        return machine

    def record(self):
        """What a later run needs to clean up after us."""
        text = json.dumps({"pid": os.getpid(), "ticks": start_ticks(os.getpid()), "keep": self.keep,
                           "anchors": [(pid, start_ticks(pid)) for pid in self._anchors]})
        (self.work / "lab.json").write_text(text)

    def _remove_work(self):
        with contextlib.suppress(AttributeError):
            ctypes.CDLL(None).umount2(str(self.ram).encode(), MNT_DETACH)
        if self.keep:
            say(f"logs are kept in {self.work}/logs")
        else:
            shutil.rmtree(self.work, ignore_errors=True)

    def _net(self, machine, *lines):
        """`ip` in the machine's network, seen from the host: pids are the host's."""
        done = subprocess.run(["/usr/bin/nsenter", "--target", str(machine.pid), "--net", "ip", "-batch", "-"],
                              input="\n".join(lines) + "\n", capture_output=True, text=True, env=ENVIRONMENT)
        if done.returncode != 0:
            raise LabError(f"{machine.name}: ip: {done.stderr.strip()}")

    def nft(self, machine, text):
        done = subprocess.run(["/usr/bin/nsenter", "--target", str(machine.pid), "--net", "nft", "-f", "-"],
                              input=text, capture_output=True, text=True, env=ENVIRONMENT)
        if done.returncode != 0:
            raise LabError(f"{machine.name}: nft: {done.stderr.strip()}")

    def switch_on(self, machine, address):
        """Power and a cable to the switch."""
        machine.switch_on()
        self._anchors.append(machine.pid)
        self.record()
        hardware = f"02:00:00:00:02:{int(address.rpartition('.')[2]):02x}"  # the same after a power-off
        self._net(self.switch, f"link add {machine.name} type veth peer name eth0 address {hardware} netns {machine.pid}",
                  f"link set {machine.name} master br0", f"link set {machine.name} up")
        self._net(machine, "link set lo up", f"address add {address}/24 brd + dev eth0", "link set eth0 up")
        self.links.refresh()

    def cut_power(self, machine):
        """
        Link and all processes at the same instant, the link first, so that no reset gets out.
        Returns the instant: nothing is heard of the machine after it.
        """
        self.links.set(machine.name, False)
        instant = kernel.now_ns()
        machine.kill_all()
        return instant

    def forget_link(self, machine):
        """
        Pull the cable of a machine that is off. Its own end does not go by itself: connections that nobody
        closed keep the dead namespace alive for minutes.
        """
        machine.switch_off()
        with contextlib.suppress(LabError):  # it may have gone by itself
            self._net(self.switch, f"link delete {machine.name}")
        self.links.refresh()
        if self.links.has(machine.name):
            raise LabError(f"the link of {machine.name} does not go")

    def partition(self, *names):
        """Frames between these nodes and all others are dropped at the switch; heal() ends it."""
        ports = ", ".join(f'"{name}"' for name in names)
        self.nft(self.switch, f"""\
table bridge partition
delete table bridge partition
table bridge partition {{
    chain forward {{
        type filter hook forward priority 0
        iifname {{ {ports} }} oifname != {{ {ports} }} drop
        iifname != {{ {ports} }} oifname {{ {ports} }} drop
    }}
}}
""")

    def heal(self):
        self.nft(self.switch, "table bridge partition\ndelete table bridge partition\n")

    def _make_etc(self):
        """A copy of /etc with the users of regha, so that the host needs none of them."""
        etc = self.ram / "etc"
        subprocess.run(["cp", "-a", "/etc", str(etc)], check=True)
        for name in ("regha", "docker/registry"):
            shutil.rmtree(etc / name, ignore_errors=True)
            (etc / name).mkdir(parents=True)
        add_users(self.ram, ROOT / "etc/sysusers.d")
        (etc / "resolv.conf").unlink(missing_ok=True)
        (etc / "resolv.conf").write_text("")
        (etc / "hosts").write_text("127.0.0.1 localhost\n" +
                                   "".join(f"{address} {name}\n" for name, address in ADDRESSES.items()))
        return etc

    def give_etc(self, name):
        """The node's own copy; the same on all until a scenario changes one."""
        etc = self.ram / f"etc-{name}"
        if not etc.exists():
            subprocess.run(["cp", "-a", str(self.etc), str(etc)], check=True)
        return etc


def add_users(root, folder):
    """Users and groups of etc/sysusers.d into ROOT/etc."""
    files = sorted(str(path) for path in folder.glob("*.conf")) if folder.is_dir() else []
    if files:
        done = subprocess.run(["systemd-sysusers", f"--root={root}", *files], capture_output=True, text=True)
        if done.returncode != 0:
            raise LabError(f"systemd-sysusers: {done.stderr.strip()}")
