#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A reload that changes one probe leaves everything else as it is: pids, sockets, counters, adverts."""
import os
import time

import scenario
from cluster import Cluster, regha_configuration
from machine import wait_for
from meter import Adverts
from node import DAEMONS
from scenario import require

PROBE = ('{ name = "minio-here"; type = "minio"; url = "http://127.0.0.1:9000"; check = "live"; scope = "local"; '
         'interval = "%s"; timeout = "500ms"; }')
RELOADS = 5


def configured():
    return Cluster(configuration={"probes": PROBE % "1s"})


def sockets(pid):
    """Inodes of the sockets a process holds, those of its passing requests left out: what both looks see."""
    found = set()
    for entry in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{entry}")
        except OSError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


def lasting_sockets(node, name):
    """A probe's or a scraper's connection comes and goes; what three looks in a second agree on stays."""
    pid = node.pid_of(name)
    found = sockets(pid)
    for _ in range(3):
        due = time.monotonic() + 0.4
        wait_for("the next look", lambda: time.monotonic() >= due, 2)
        found &= sockets(pid)
    return found


def counters(node):
    return {series: value for series, value in node.metrics().items()
            if series.partition("{")[0].endswith("_total") and series.startswith("regha_")}


def one_probe(cluster, _):
    primary = cluster.wait_primary()
    api = cluster.meter_api()
    adverts = Adverts(cluster)
    pids = {name: primary.pid_of(name) for name in DAEMONS}
    registry = primary.registry_pid()
    before = {name: lasting_sockets(primary, name) for name in DAEMONS}
    counted = counters(primary)
    begun = time.time()
    for at in range(RELOADS):
        text = regha_configuration(probes=PROBE % f"{900 + at}ms")
        cluster.write("/etc/regha/regha.conf", text)
        for node in cluster.nodes:
            node.ctl("reload")
    wait_for("adverts after the reload", lambda: len([1 for at, _, _ in adverts.seen() if at > time.time() - 1]) > 5, 5)
    gap = adverts.largest_gap_ms(begun - 1, time.time())
    now = counters(primary)
    back = [series for series, value in counted.items() if now.get(series, -1) < value and "minio-here" not in series]
    require({name: primary.pid_of(name) for name in DAEMONS} == pids, "a process has another pid")
    require(primary.registry_pid() == registry, "the registry has another pid")
    require(not back, f"counters went back: {back[:4]}")
    for name in DAEMONS:
        lost = before[name] - sockets(primary.pid_of(name))
        allowed = 1 if name == "reghad" else 0  # the changed probe's own connection
        require(len(lost) <= allowed, f"{name} lost the sockets {sorted(lost)}")
    require(cluster.holders() == [primary], "the address moved")
    require(not api.failures(0), "requests failed")
    require(gap < 400, f"the largest gap between adverts was {gap:.0f} ms")
    shown = primary.ctl("show", "config").stdout
    require(f"{900 + RELOADS - 1}ms" in shown, "the new interval is not in force")
    kept = sum(map(len, before.values()))
    return (f"{RELOADS} reloads on four nodes: pids, {kept} sockets, {len(counted)} counters kept; largest gap between adverts "
            f"{gap:.0f} ms (interval 100 ms, at most 1.5 wanted)")


if __name__ == "__main__":
    scenario.main([("lab/reload of one probe", one_probe)], make=configured)
