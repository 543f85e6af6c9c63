# SPDX-License-Identifier: GPL-2.0-or-later
"""What clients saw: requests with the instant they started and ended, and gaps between the good ones."""
import dataclasses
import re
import signal

import kernel
from lab import CLIENT
from machine import FOLDER, PYTHON, LabError, wait_for

GOOD = {"200", "401"}


@dataclasses.dataclass
class Outage:
    """`gap_ms`: longest time without an answer; `back_ms`: from the fault to the answer that ended it."""
    gap_ms: float
    back_ms: float
    failed: int
    ended_ns: int

    def __str__(self):
        return f"{self.back_ms:.0f} ms" if self.failed or self.gap_ms > 100 else "none"


class Meter:
    def __init__(self, lab, name, *words):
        self._lab, self.name = lab, name
        self.file = lab.logs / f"meter-{name}.txt"
        self.file.unlink(missing_ok=True)
        self._process = lab.client.spawn(PYTHON, FOLDER / "meter_program.py", *words, log=self.file)
        lab.callback(self.stop)

    def stop(self):
        if self._process:
            self._process.send(signal.SIGKILL)
            self._process.wait(5)
            self._process = None

    def records(self, since_ns=0):
        """[(start, end, result)] in order of their end."""
        found = []
        for line in self.file.read_text().splitlines():
            words = line.split()
            if len(words) != 3 or not words[0].isdigit():
                raise LabError(f"meter {self.name}: {line[:200]}")
            if int(words[1]) >= since_ns:
                found.append((int(words[0]), int(words[1]), words[2]))
        return found

    def successes(self, since_ns=0):
        return [end for _, end, result in self.records(since_ns) if result in GOOD]

    def failures(self, since_ns, until_ns=None):
        return [result for start, _, result in self.records(since_ns)
                if result not in GOOD and start >= since_ns and (until_ns is None or start < until_ns)]

    def slowest_ms(self, since_ns):
        return max((end - start for start, end, _ in self.records(since_ns)), default=0) / 1e6

    def wait_good(self, since_ns, seconds, count=1):
        """Until `count` requests that started after `since_ns` were answered well; the first one's end."""
        def enough():
            ends = [end for start, end, result in self.records(since_ns) if start >= since_ns and result in GOOD]
            return ends[0] if len(ends) >= count else None
        return wait_for(f"{count} good answers for meter {self.name}", enough, seconds, every=0.05)

    def outage(self, fault_ns, until_ns=None):
        """The longest gap between good answers around and after the fault."""
        until_ns = until_ns or kernel.now_ns()
        ends = [end for end in self.successes(fault_ns - 2_000_000_000) if end <= until_ns]
        before = [end for end in ends if end <= fault_ns][-1:]
        points = before + [end for end in ends if end > fault_ns]
        if not before or len(points) < 2:
            raise LabError(f"meter {self.name}: no good answer on both sides of the fault")
        gap, ended = max((after - earlier, after) for earlier, after in zip(points, points[1:]))
        return Outage(gap / 1e6, (ended - fault_ns) / 1e6, len(self.failures(fault_ns - 1, until_ns)), ended)


def of_api(lab, address, every_ms=10, deadline_ms=150, name="api"):
    return Meter(lab, name, "get", address, 5000, "/v2/", every_ms, deadline_ms)


def of_manifest(lab, address, image, every_ms=500, deadline_ms=60000, name="manifest"):
    """As patient as container clients are: who gives up early waits longer, for each new read waits anew."""
    path = f"/v2/lab/{image.name}/manifests/sha256:{image.digest}"
    return Meter(lab, name, "get", address, 5000, path, every_ms, deadline_ms)


def of_address(lab, address, every_ms=5, name="ping"):
    return Meter(lab, name, "ping", address, every_ms)


class Adverts:
    """tcpdump at the client: who advertised when."""

    LINE = re.compile(r"^(\d+\.\d+) IP (\S+) > \S+: VRRPv\d, Advertisement, vrid (\d+), prio (\d+)")

    def __init__(self, lab, vrid=51):
        self.file, self.vrid = lab.logs / "adverts.txt", vrid
        self.file.unlink(missing_ok=True)
        self._process = lab.client.spawn("tcpdump", "-i", "eth0", "-n", "-tt", "-l", "--immediate-mode", "ip proto 112",
                                         log=self.file)
        lab.callback(self.stop)
        wait_for("tcpdump", lambda: "listening on" in self.file.read_text(), 10)

    def stop(self):
        if self._process:
            self._process.stop()
            self._process = None

    def seen(self):
        """[(wall clock s, source, priority)]"""
        found = []
        for line in self.file.read_text(errors="replace").splitlines():
            match = self.LINE.match(line)
            if match and int(match[3]) == self.vrid:
                found.append((float(match[1]), match[2], int(match[4])))
        return found

    def largest_gap_ms(self, since_s, until_s):
        times = [at for at, _, _ in self.seen() if since_s <= at <= until_s]
        if len(times) < 2:
            raise LabError("fewer than two adverts were seen")
        return 1000 * max(after - before for before, after in zip(times, times[1:]))


class Asker:
    """Asks one node by its MAC for the virtual address, again and again, whoever else has it by now."""

    def __init__(self, lab, node, address):
        self.file = lab.logs / f"asker-{node.name}.txt"
        self.file.unlink(missing_ok=True)
        mac = node.run("ip", "-o", "link", "show", "dev", "eth0").stdout.partition("link/ether ")[2][:17]
        self._process = lab.client.spawn(PYTHON, FOLDER.parent / "vrrp" / "prober.py", "eth0", CLIENT, address, mac,
                                         log=self.file)
        lab.callback(self.stop)
        wait_for(f"{node.name} to answer and advertise", lambda: self._seen(("icmp",)) and self._seen(("advert",)), 10)

    def stop(self):
        if self._process:
            self._process.send(signal.SIGKILL)
            self._process.wait(5)
            self._process = None

    def _seen(self, kinds):
        lines = self.file.read_text().splitlines(True)
        return [int(line.split()[1]) for line in lines if line.endswith("\n") and line.split()[0] in kinds]

    def silent_ms(self):
        """From the node's last advert to the last frame with the address as its source."""
        said, adverts, asked = (self._seen(kinds) for kinds in (("arp", "icmp", "other"), ("advert",), ("asked",)))
        if asked[-1] < said[-1] + 500_000_000:
            raise LabError("it was not asked for half a second after its last answer")
        return (said[-1] - adverts[-1]) / 1e6
