#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What an idle node costs: memory and processor time of all regha processes, one virtual router at 100 ms."""
import time

import scenario
from machine import wait_for
from node import DAEMONS, Sampler
from scenario import require

SECONDS = 20
PSS_LIMIT_MB, CPU_LIMIT_PERCENT = 16, 1.0


def regha_pids(node):
    return [pid for name in ("regha-init", *DAEMONS) for pid in node.pids(name)]


def cost(cluster, _):
    primary = cluster.wait_primary()
    backup = next(node for node in cluster.nodes if node is not primary)
    samplers = {role: Sampler(regha_pids(node)) for role, node in (("Active", primary), ("Backup", backup))}
    begun = {role: (time.monotonic(), sampler.cpu_s()) for role, sampler in samplers.items()}
    due = time.monotonic() + SECONDS
    wait_for("the time of measuring to pass", lambda: time.monotonic() >= due, SECONDS + 5, every=0.5)
    percent = {role: 100 * (sampler.cpu_s() - begun[role][1]) / (time.monotonic() - begun[role][0])
               for role, sampler in samplers.items()}
    probes = len(primary.ctl_json("show", "probes"))
    # Pages shared with the other three nodes would be counted as a quarter; a real node is alone.
    for node in cluster.nodes:
        if node is not primary:
            node.stop()
    pss, rss = (samplers["Active"].memory_kb(field) / 1024 for field in ("Pss", "Rss"))
    cluster.start([node for node in cluster.nodes if node is not primary])
    text = (f"PSS {pss:.1f} MB, RSS {rss:.1f} MB in {len(samplers['Active'].pids)} processes, CPU {percent['Active']:.2f} % "
            f"of a core as Active, {percent['Backup']:.2f} % as Backup; {probes} probes, {SECONDS} s")
    require(pss <= PSS_LIMIT_MB, f"more than {PSS_LIMIT_MB} MB: {text}")
    require(max(percent.values()) < 3 * CPU_LIMIT_PERCENT, f"more than {CPU_LIMIT_PERCENT} %: {text}")
    return text


if __name__ == "__main__":
    scenario.main([("lab/idle cost", cost)])
