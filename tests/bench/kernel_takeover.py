#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How long many addresses take to move: from the goal to first and last announcement on the wire.

kernel_takeover.py REGHA_NET [RUNS]. Needs root. Prints medians; asserts nothing.
Also what it costs to keep them: the CPU time of regha-net while it renews and repeats.
"""
import os, pathlib, signal, statistics, sys, time
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "vrrp" / "kernel"))
import stage
from stage import Client, Ear, Net, goal

SIZES = ((1, 1), (20, 1), (255, 1), (255, 20))
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_kb(pid):
    lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def vips(router, each):
    return [f"10.10.{at // 250}.{at % 250 + 1}" for at in range(router * each, (router + 1) * each)]


def goals(routers, each, hold):
    return [goal(f"r{at}", vips(at, each), hold=hold, vrid=at + 1) for at in range(routers)]


def takeover(client, ear, routers, each):
    """Milliseconds to the first and to the last announcement of an address."""
    client.want(*goals(routers, each, False))
    for at in range(routers):
        client.settled(f"r{at}", hold=False, seconds=20)
    ear.frames(0.2)
    first, seen = {}, 0

    def enough(frames):
        nonlocal seen
        for at, data in frames[seen:]:
            first.setdefault(data[28:32], at)
        seen = len(frames)
        return len(first) == routers * each
    sent = time.time()
    client.want(*goals(routers, each, True))
    ear.frames(30, enough)
    times = sorted(1000 * (at - sent) for at in first.values())
    if len(times) < routers * each:
        sys.exit(f"{routers} x {each}: only {len(times)} announced")
    return times[0], times[-1]


def measure(program, routers, each, runs):
    net = Net(program, "/run/stage/log")
    client, ear = Client(), Ear()
    pairs = [takeover(client, ear, routers, each) for _ in range(runs)]
    time.sleep(7 if routers * each < 1000 else 25)  # until repeats are over
    before, start = cpu_seconds(net.process.pid), time.time()
    time.sleep(5)
    busy = 100 * (cpu_seconds(net.process.pid) - before) / (time.time() - start)
    print(f"{routers:4} x {each:2}   first {statistics.median(p[0] for p in pairs):7.2f} ms"
          f"   last {statistics.median(p[1] for p in pairs):7.1f} ms (worst {max(p[1] for p in pairs):7.1f})"
          f"   holding: {busy:4.1f} % of a core, PSS {memory_kb(net.process.pid) / 1024:.1f} MB", flush=True)
    ear.close()
    client.close()
    net.kill(signal.SIGTERM)
    net.wait()


stage.enter_namespaces()
for size in SIZES:
    measure(sys.argv[1], *size, runs=int(sys.argv[2]) if len(sys.argv) > 2 else 5)
