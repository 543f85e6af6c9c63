# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine of the lab: a network, mount, pid and host name namespace of its own.

Everything started on it is killed by the kernel when its first process is, and that one dies with the
lab, so nothing can be left behind. Its namespaces have no name and no file: they go with the last process.
"""
import json
import os
import pathlib
import signal
import subprocess
import time

import kernel

FOLDER = pathlib.Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"
PATH = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8",
               **{key: os.environ[key] for key in ("REGHA_CHECK",) if key in os.environ}}


class LabError(Exception):
    """The lab could not do what a scenario asked, or a promise was not kept."""


def wait_for(what, condition, seconds, every=0.02):
    """The first true answer of `condition`; an error naming `what` when it did not come in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise LabError(f"waited {seconds:g} s for {what}")
        time.sleep(every)


def start_ticks(pid):
    """When `pid` was started, to tell it from a later process of the same number; None: gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()[19]


class Process:
    """A program running on a machine; `pid` is the host's number for it."""

    def __init__(self, enter, pid, argv):
        self._enter, self.pid, self.argv = enter, pid, argv

    def poll(self):
        return self._enter.poll()

    def send(self, number):
        if number == signal.SIGCONT:
            self._enter.send_signal(number)  # nsenter stops when its child does
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            pass

    def wake(self):
        """nsenter stands still with the program it started, and does not go on with it."""
        if self._enter.poll() is None:
            self._enter.send_signal(signal.SIGCONT)

    def wait(self, seconds):
        self.wake()
        try:
            return self._enter.wait(seconds)
        except subprocess.TimeoutExpired:
            raise LabError(f"{self.argv[0]} did not end within {seconds} s") from None

    def stop(self, seconds=5):
        """TERM, and KILL for what does not listen. Returns the status."""
        self.send(signal.SIGTERM)
        self.wake()
        try:
            return self._enter.wait(seconds)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            return self._enter.wait(seconds)


class Machine:
    def __init__(self, name, mounts=()):
        self.name, self._mounts = name, list(mounts)
        self.pid = None
        self._anchor = None
        self._spawned = []

    def switch_on(self):
        """Make the namespaces and mounts. Nothing runs there yet but what holds them."""
        self._anchor = subprocess.Popen(
            [PYTHON, str(FOLDER / "anchor.py"), str(os.getpid()), self.name, json.dumps(self._mounts)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True, env=ENVIRONMENT)
        line = self._anchor.stdout.readline()
        if not line:
            raise LabError(f"cannot make the namespaces of {self.name}: are you root?")
        self.pid = int(line)
        self._pid_namespace = os.stat(f"/proc/{self.pid}/ns/pid").st_ino

    @property
    def is_on(self):
        return self.pid is not None

    @property
    def is_running(self):
        """Has power: its first process lives."""
        return self.is_on and self._anchor.poll() is None

    def kill_all(self):
        """Every process of the machine at once, by the kernel."""
        os.kill(self.pid, signal.SIGKILL)
        for process in self._spawned:
            process.wake()
        self._spawned.clear()

    def switch_off(self):
        if self._anchor is None:
            return
        if self.pid is not None:
            try:
                self.kill_all()
            except ProcessLookupError:
                pass
        self._anchor.kill()
        self._anchor.wait()
        self._anchor.stdout.close()
        self._anchor = self.pid = None

    def enter_words(self, argv):
        return ["/usr/bin/nsenter", "--target", str(self.pid), "--mount", "--uts", "--ipc", "--net", "--pid",
                "--", *argv]

    def run(self, *argv, check=True, seconds=60, text_in=None, environment=None):
        """Run to the end; returns the CompletedProcess with text output."""
        words = [str(word) for word in argv]
        try:
            done = subprocess.run(self.enter_words(words), capture_output=True, text=True, timeout=seconds,
                                  input=text_in, env={**ENVIRONMENT, **(environment or {})},
                                  start_new_session=True, errors="replace")
        except subprocess.TimeoutExpired:
            raise LabError(f"{self.name}: {' '.join(words)[:200]}: no end within {seconds} s") from None
        if check and done.returncode != 0:
            raise LabError(f"{self.name}: {' '.join(words)[:200]}: status {done.returncode}: "
                           f"{(done.stderr or done.stdout).strip()[-600:]}")
        return done

    def spawn(self, *argv, log=None, environment=None, stdin=subprocess.DEVNULL):
        """Start a program; its output is appended to the file `log`."""
        words = [str(word) for word in argv]
        output = open(log, "ab") if log else subprocess.DEVNULL
        enter = subprocess.Popen(self.enter_words(words), stdin=stdin, stdout=output, stderr=subprocess.STDOUT,
                                 env={**ENVIRONMENT, **(environment or {})}, start_new_session=True)
        if log:
            output.close()
        children = pathlib.Path(f"/proc/{enter.pid}/task/{enter.pid}/children")

        def child():
            if enter.poll() is not None:
                return -1
            try:
                return int((children.read_text().split() or [0])[0])
            except OSError:
                return 0
        pid = wait_for(f"{words[0]} to start on {self.name}", child, 5, every=0.001)
        self._spawned.append(Process(enter, pid if pid > 0 else enter.pid, words))
        return self._spawned[-1]

    def inside_network(self):
        return kernel.inside_network(self.pid)

    def processes(self):
        """{pid of the host: name} of all that runs on the machine, zombies left out."""
        found = {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                if os.stat(f"/proc/{entry}/ns/pid").st_ino != self._pid_namespace:
                    continue
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                    head, _, tail = stat.read().rpartition(")")
            except OSError:
                continue
            if tail.split()[0] not in "ZX":
                found[int(entry)] = head.partition("(")[2]
        found.pop(self.pid, None)
        return found

    def pids(self, name):
        """Pids of the host whose name is `name` (the kernel keeps 15 characters), oldest first."""
        return sorted(pid for pid, comm in self.processes().items() if comm == name[:15])

    def has_address(self, address):
        """Kernel truth, without starting a program."""
        try:
            routes = pathlib.Path(f"/proc/{self.pid}/net/fib_trie").read_text()
        except OSError:
            return False
        lines = routes.splitlines()
        return any(line.strip() == f"|-- {address}" and "/32 host LOCAL" in after
                   for line, after in zip(lines, lines[1:]))
