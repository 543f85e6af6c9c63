#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A registry that drains while the next one serves: a restart with an upload under way, and what may come between.

handover_test.py LAUNCHER WANT [WORD]: as real_test.py, on whose stage it plays; WORD: only the tests with that in their name.
"""
import http.client, os, pathlib, signal, sys, threading, time

import real_test as real
from real_test import check, is_alive, wait_for

# A program that closes its listener at TERM, as docker-registry does, and never ends.
STAYS = ("import signal,socket,time; s = socket.create_server(('127.0.0.1', {port})); "
         "signal.signal(signal.SIGTERM, lambda *_: s.close()); "
         "exec('while True:\\n  time.sleep(1)')")
# One that keeps its port to the end, half a second after TERM.
KEEPS = ("import os,signal,socket,threading,time; s = socket.create_server(('127.0.0.1', {port})); "
         "signal.signal(signal.SIGTERM, lambda *_: threading.Timer(0.5, os._exit, (0,)).start()); "
         "exec('while True:\\n  time.sleep(1)')")


class Upload:
    """A PATCH that sends its bytes slowly."""

    def __init__(self, seconds):
        self.seconds, self.status = seconds, None
        connection = http.client.HTTPConnection("127.0.0.1", real.PORT, timeout=30)
        connection.request("POST", "/v2/x/blobs/uploads/")
        begun = connection.getresponse()
        begun.read()
        self.location = begun.getheader("Location").split(str(real.PORT), 1)[1]
        self.connection = connection
        self.sending = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        self.sending.wait()

    def _run(self):
        try:
            self.connection.putrequest("PATCH", self.location)
            self.connection.putheader("Content-Type", "application/octet-stream")
            self.connection.putheader("Content-Length", str(20 * 1024))
            self.connection.endheaders()
            for at in range(20):
                self.connection.send(b"x" * 1024)
                self.sending.set()
                time.sleep(self.seconds / 20)
            self.status = self.connection.getresponse().status
        except (OSError, http.client.HTTPException) as failed:
            self.status = failed
        self.sending.set()


def drained(stage, seconds):
    return (f"version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {stage.folder}/storage}}}}\n"
            f"http: {{addr: '127.0.0.1:{real.PORT}', draintimeout: {seconds}s}}\n")


def settle(want):
    want.send()
    wait_for("all is stopped", lambda: not real.is_there())
    wait_for("and forgotten", lambda: not list((real.RUNTIME / "launcher").glob("*.state")))
    time.sleep(1.2)  # the launcher forgets it with its next tick
    want.status.clear()


def test_upload(stage, want):
    print("a restart with an upload under way")
    stage.policy()
    stage.write_config(drained(stage, 10))
    goal = stage.goal(handover=1, drain_ms=15000)
    want.send(goal)
    old = int(want.state("it runs", state="running")["pid"])
    wait_for("it serves", real.is_there)
    upload = Upload(3)
    begun = time.monotonic()
    want.send({**goal, "serial": 2})
    wait_for("another process", lambda: int(want.status["registry"]["pid"]) not in (0, old))
    wait_for("serves", real.is_there)
    gap = time.monotonic() - begun
    check("while the old one is still there", is_alive(old), f"after {gap * 1000:.0f} ms")
    want.state("both are shown", state="running", draining_pid=old)
    upload.thread.join()
    check("the upload on the old one succeeds", upload.status == 202, upload.status)
    want.state("then the old one is gone", state="running", draining_pid=0, exits_asked=1, exits_exited=0)
    settle(want)


def test_busy_to_the_end(stage, want):
    print("an upload that takes longer than the registry's own drain")
    stage.write_config(drained(stage, 1))
    goal = stage.goal(handover=1, drain_ms=10000, budget=1)
    want.send(goal)
    old = int(want.state("it runs", state="running")["pid"])
    wait_for("it serves", real.is_there)
    upload = Upload(4)
    want.send({**goal, "serial": 2})
    want.state("the old one drains", draining_pid=old)
    now = want.state("it ends with status 1, which is no crash", state="running", draining_pid=0, exits_asked=1, exits_exited=0)
    check("the next one was not touched", int(now["starts"]) == 2 and real.is_there())
    want.send({**goal, "serial": 2, "run": 0})
    want.state("a stop", state="stopped")
    check("the upload was cut", isinstance(upload.status, OSError) or not upload.thread.join() and upload.status != 202)
    settle(want)


def test_never_ends(stage, want):
    print("one that never ends, and a launcher that is killed meanwhile")
    stage.policy(f"registry docker-registry {real.PYTHON}")
    goal = stage.goal(argv=f"{real.PYTHON}|-c|{STAYS.format(port=real.PORT)}", handover=1, drain_ms=4000)
    want.send(goal)
    old = int(want.state("it runs", state="running")["pid"])
    begun = time.monotonic()
    want.send({**goal, "serial": 2})
    new = int(want.state("the next one runs", state="running", draining_pid=old)["pid"])
    stage.end(signal.SIGKILL, want)
    stage.start()
    want.state("the next launcher finds both", state="running", pid=new, draining_pid=old)
    check("before the drain is over", is_alive(old) and time.monotonic() - begun < 4)
    want.state("it is killed at the end of its time", state="running", pid=new, draining_pid=0, exits_killed=1)
    spent = time.monotonic() - begun
    check("and not before", spent > 3.9 and not is_alive(old), f"{spent:.1f} s")
    want.send({**goal, "serial": 2, "run": 0, "drain_ms": 1000})
    want.state("a stop", state="stopped")
    settle(want)


def test_keeps_its_port(stage, want):
    print("one that keeps its port to its end")
    stage.policy(f"registry docker-registry {real.PYTHON}")
    goal = stage.goal(argv=f"{real.PYTHON}|-c|{KEEPS.format(port=real.PORT)}", handover=1)
    want.send(goal)
    old = int(want.state("it runs", state="running")["pid"])
    want.send({**goal, "serial": 2})
    want.state("the next one waits for the port", state="starting", pid=0, draining_pid=old)
    now = want.state("and has it then", state="running", draining_pid=0)
    check("no failed attempt was counted", now["exits_port-taken"] == "0" and now["starts"] == "2")
    settle(want)


def test_wanted_again(stage, want):
    print("wanted again while it drains")
    stage.policy()
    stage.write_config(drained(stage, 10))
    goal = stage.goal(handover=1, drain_ms=15000)
    want.send(goal)
    old = int(want.state("it runs", state="running")["pid"])
    wait_for("it serves", real.is_there)
    upload = Upload(3)
    want.send({**goal, "run": 0})
    want.state("it stops", state="stopping")
    want.send(goal)
    want.state("the next one does not wait for it", state="running", draining_pid=old)
    upload.thread.join()
    check("the upload succeeds", upload.status == 202, upload.status)
    settle(want)


def run():
    folder = pathlib.Path("/tmp", f"regha-{os.environ['REGHA_TEST_TAG']}")
    real.prepare(folder)
    stage = real.Stage(folder)
    stage.start()
    want = real.Want()
    for name, test in list(globals().items()):
        if name.startswith("test_") and (len(sys.argv) < 4 or sys.argv[3].startswith("--") or sys.argv[3] in name):
            test(stage, want)
    stage.end(signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(real.main(run))
