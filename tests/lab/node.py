# SPDX-License-Identifier: GPL-2.0-or-later
"""A node of the cluster: MinIO, regha and what it starts, on a machine of their own."""
import http.client
import json
import os
import pathlib
import signal
import socket

import kernel
from lab import ADDRESSES, VIP
from machine import LabError, Machine, wait_for

DAEMONS = ("reghad", "regha-vrrp", "regha-net", "regha-launcher")
SANITIZER = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1", "UBSAN_OPTIONS": "print_stacktrace=1"}


class Answer:
    def __init__(self, status, headers, body, taken_ns):
        self.status, self.headers, self.body, self.taken_ns = status, headers, body, taken_ns


class Node(Machine):
    def __init__(self, lab, name):
        self._lab = lab
        self.address = ADDRESSES[name]
        self.disk = lab.ram / f"disk-{name}"
        self.disk.mkdir(exist_ok=True)
        kernel.mount("tmpfs", str(self.disk), "tmpfs", options="mode=755,size=3g")
        self.etc = lab.give_etc(name)
        mounts = [["bind", str(self.etc), "/etc"], ["bind", str(self.disk), "/srv"],
                  ["bind", str(lab.shared), "/media"]]
        if (lab.build / "bin").is_dir():
            mounts.append(["bind", str(lab.build / "bin"), "/usr/local/sbin"])
        mounts += [["tmpfs", "/run", "mode=755,size=64m"], ["tmpfs", "/var/lib", "mode=755,size=256m"],
                   ["tmpfs", "/tmp", "mode=1777,size=256m"]]
        super().__init__(name, mounts)
        self.init = None

    def power_on(self):
        self._lab.switch_on(self, self.address)

    def power_off(self):
        """Power off without warning. Returns the instant (CLOCK_MONOTONIC ns)."""
        instant = self._lab.cut_power(self)
        self.init = None
        return instant

    def log(self, name):
        return self._lab.logs / f"{self.name}-{name}.log"

    def log_text(self, name="regha"):
        try:
            return self.log(name).read_text(errors="replace")
        except OSError:
            return ""

    # Files of this node only; the cluster writes the same to all.
    def write(self, path, text, mode=0o644, group=None):
        target = pathlib.Path(str(self.etc) + path.removeprefix("/etc"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)
        if group:
            self.run("chgrp", group, path) if self.is_on else None

    # regha
    def start(self, *options):
        """regha-init and, through it, the four daemons, each as its own user."""
        self.init = self.spawn("/usr/local/sbin/regha-init", *options, log=self.log("regha"),
                               environment=SANITIZER)

    def stop(self, seconds=20):
        """Orderly: what systemctl stop does. Returns the instant it was asked for."""
        instant = kernel.now_ns()
        self.init.send(signal.SIGTERM)
        status = self.init.wait(seconds)
        self.init = None
        if status != 0:
            raise LabError(f"{self.name}: regha-init ended with status {status}")
        return instant

    def pid_of(self, process):
        found = self.pids(process)
        return found[0] if found else None

    def wait_pid(self, process, seconds=5, other_than=None):
        def there():
            pid = self.pid_of(process)
            return pid if pid and pid != other_than else None
        return wait_for(f"{process} on {self.name}", there, seconds, every=0.005)

    def kill(self, process, number=signal.SIGKILL):
        """Returns (instant, pid)."""
        pid = self.pid_of(process)
        if not pid:
            raise LabError(f"{self.name}: no {process} to kill")
        instant = kernel.now_ns()
        os.kill(pid, number)
        return instant, pid

    def registry_pid(self):
        return self.pid_of(self._lab.registry.process)

    def holds_vip(self, address=VIP):
        return self.is_on and self.has_address(address)

    def ctl(self, *words, check=True, seconds=10):
        return self.run("/usr/local/sbin/reghactl", *words, check=check, seconds=seconds)

    def ctl_json(self, *words):
        text = self.ctl("-j", *words).stdout
        try:
            return json.loads(text)
        except ValueError:
            raise LabError(f"{self.name}: reghactl -j {' '.join(words)} is no JSON: {text[:200]}") from None

    def http(self, method, port, path, seconds=2, host="127.0.0.1"):
        """One request from the node itself; None when nothing answers in time."""
        begun = kernel.now_ns()
        try:
            with self.inside_network():
                plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            plain.settimeout(seconds)
            with plain:
                plain.connect((host, port))
                connection = http.client.HTTPConnection(host, port)
                connection.sock = plain
                connection.request(method, path)
                answer = connection.getresponse()
                body = answer.read().decode(errors="replace")
                return Answer(answer.status, dict(answer.getheaders()), body, kernel.now_ns() - begun)
        except (OSError, http.client.HTTPException):
            return None

    def metrics(self):
        """{name with labels: value} of this node; an empty one when nothing answers."""
        answer = self.http("GET", 9651, "/metrics")
        found = {}
        for line in (answer.body if answer and answer.status == 200 else "").splitlines():
            if line and not line.startswith("#"):
                series, _, value = line.rpartition(" ")
                found[series] = float(value)
        return found

    def metric(self, name, **labels):
        """Sum of all series of that name whose labels include these."""
        words = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(value for series, value in self.metrics().items()
                   if series.partition("{")[0] == name and all(word in series for word in words))


class Sampler:
    """Memory and processor time of processes, from /proc."""

    def __init__(self, pids):
        self.pids = list(pids)
        self.tick_s = 1 / os.sysconf("SC_CLK_TCK")

    def memory_kb(self, field):
        total = 0
        for pid in self.pids:
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith(field + ":"):
                    total += int(line.split()[1])
        return total

    def cpu_s(self):
        """User and system time to the nanosecond where the scheduler's own count can be read."""
        total = 0.0
        for pid in self.pids:
            for task in os.listdir(f"/proc/{pid}/task"):
                try:
                    total += int(pathlib.Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0]) / 1e9
                except OSError:
                    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                    total += (int(fields[11]) + int(fields[12])) * self.tick_s
        return total
