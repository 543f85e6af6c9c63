#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What an idle node costs: memory and processor time of all regha processes, one virtual router at 100 ms."""
import time

import scenario
from machine import wait_for
from node import DAEMONS, Sampler
from scenario import require

SECONDS = 20
PSS_LIMIT_KB, CPU_LIMIT_PERCENT = 16 * 1024, 1.0


def regha_pids(node):
    return [pid for name in ("regha-init", *DAEMONS) for pid in node.pids(name)]


def cost(cluster, _):
    primary = cluster.wait_primary()
    backup = next(node for node in cluster.nodes if node is not primary)
    samplers = {role: Sampler(regha_pids(node)) for role, node in (("Active", primary), ("Backup", backup))}
    begun = {role: (time.monotonic(), sampler.cpu_s()) for role, sampler in samplers.items()}
    due = time.monotonic() + SECONDS
    wait_for("the time of measuring to pass", lambda: time.monotonic() >= due, SECONDS + 5, every=0.5)
    words, over = [], []
    for role, sampler in samplers.items():
        passed = time.monotonic() - begun[role][0]
        percent = 100 * (sampler.cpu_s() - begun[role][1]) / passed
        pss, rss = sampler.memory_kb("Pss"), sampler.memory_kb("Rss")
        words.append(f"{role}: PSS {pss / 1024:.1f} MB, RSS {rss / 1024:.1f} MB in {len(sampler.pids)} processes, "
                     f"CPU {percent:.2f} % of a core")
        if pss > PSS_LIMIT_KB:
            over.append(f"{role} has {pss / 1024:.1f} MB PSS")
        if percent > 3 * CPU_LIMIT_PERCENT:
            over.append(f"{role} uses {percent:.2f} % of a core")
    require(not over, "; ".join(over + words))
    probes = len(primary.ctl_json("show", "probes"))
    return f"{'; '.join(words)}; {probes} probes, {SECONDS} s"


if __name__ == "__main__":
    scenario.main([("lab/idle cost", cost)])
