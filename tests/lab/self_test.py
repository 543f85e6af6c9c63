#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab cleans up after itself however it ends, and the client really sees silence as an outage."""
import json
import os
import pathlib
import signal
import subprocess

import kernel
import scenario
from lab import Lab, remove_stale
from machine import FOLDER, PYTHON, start_ticks, wait_for
from meter import Meter
from scenario import require

VICTIM = """
import signal, sys; sys.path.insert(0, sys.argv[1])
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started us may ignore it
from lab import Lab
from machine import Machine
with Lab() as lab:
    machine = lab.add(Machine("n1"))
    lab.switch_on(machine, "192.0.2.11")
    sleeper = machine.spawn("sleep", "600")
    print(lab.work, sleeper.pid, flush=True)
    sleeper.wait(300)
"""


def end_by(number):
    def part(_, __):
        victim = subprocess.Popen([PYTHON, "-c", VICTIM, str(FOLDER)], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        work, sleeper = victim.stdout.readline().split()
        record = json.loads(pathlib.Path(work, "lab.json").read_text())
        pids = [int(sleeper), *(pid for pid, _ in record["anchors"])]
        require(all(start_ticks(pid) for pid in pids), "the machines were not there")
        victim.send_signal(number)
        victim.wait(20)
        victim.stdout.close()
        wait_for("all processes of the lab to end", lambda: not any(map(alive, pids)), 10)
        remove_stale()
        require(not os.path.exists(work), f"{work} is still there")
        mounts = pathlib.Path("/proc/self/mountinfo").read_text()
        require(work not in mounts, "a mount is still there")
        return f"{len(pids)} processes, their namespaces and mounts are gone"
    return part


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def outage(lab, _):
    """A known outage of a link is measured as long as it was."""
    served = lab.client.spawn(PYTHON, "-m", "http.server", "5000", "--bind", "127.0.0.1", "--directory", "/media")
    meter = Meter(lab, "self", "get", "127.0.0.1", 5000, "/", 10, 150)
    meter.wait_good(0, 10, count=50)
    fault = kernel.now_ns()
    served.send(signal.SIGSTOP)
    wait_for("300 ms", lambda: kernel.now_ns() - fault > 300_000_000, 2, every=0.005)
    healed = kernel.now_ns()
    served.send(signal.SIGCONT)
    meter.wait_good(healed, 10, count=50)
    seen = meter.outage(fault)
    meter.stop()
    served.stop()
    lasted = (healed - fault) / 1e6
    require(lasted - 20 < seen.back_ms < lasted + 100, f"an outage of {lasted:.0f} ms was measured as {seen}")
    require(seen.failed > 3, f"only {seen.failed} requests failed")
    return f"an outage of {lasted:.0f} ms was measured as {seen.back_ms:.0f} ms, {seen.failed} requests failed"


PARTS = [("lab/self killed with -9", end_by(signal.SIGKILL)), ("lab/self Ctrl-C", end_by(signal.SIGINT)),
         ("lab/self terminated", end_by(signal.SIGTERM)), ("lab/self known outage", outage)]

if __name__ == "__main__":
    scenario.main(PARTS, make=Lab, regha=False)
