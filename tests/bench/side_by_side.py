#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
The same faults for keepalived with notify scripts and for regha: same machines, same timers, one run.

  side_by_side.py [--repeat N] [--only keepalived|regha]

Prints what a client saw, never judges: figures belong to people.
"""
import argparse
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
import kernel  # noqa: E402
from cluster import Cluster  # noqa: E402
from keepalived import Keepalived  # noqa: E402
from machine import LabError, wait_for  # noqa: E402
from node import DAEMONS, Sampler  # noqa: E402
from scenario import spread  # noqa: E402


class Regha:
    PROGRAMS = ("regha-init", *DAEMONS)

    def __init__(self, cluster):
        self._cluster = cluster

    def start(self, nodes):
        self._cluster.start(nodes)

    def stop(self, node):
        return node.stop()

    def kill_registry(self, node):
        return node.kill("docker-registry")[0]


def one_fault(cluster, rival, kind):
    """Milliseconds from the fault until the address answered and until /v2/ did."""
    primary = cluster.wait_primary()
    cluster.wait_serving(10)
    api, address = cluster.meter_api(), cluster.meter_address()
    api.wait_good(0, 10, count=50)
    if kind == "power-off":
        fault = primary.power_off()
    elif kind == "stop":
        fault = rival.stop(primary)
    else:
        fault = rival.kill_registry(primary)
    back = api.wait_good(fault + 5_000_000, 20, count=50)
    seen = api.outage(fault), address.outage(fault, back + 1_000_000_000)
    api.stop()
    address.stop()
    if kind == "power-off":
        cluster.revive(primary, regha=False)
    if kind in ("power-off", "stop"):
        rival.start([primary])
    else:
        wait_for("the restart window to pass", lambda: kernel.now_ns() - fault > 2_500_000_000, 5)
    return [outage.back_ms if outage.gap_ms > 50 or outage.failed else outage.gap_ms for outage in seen]


def idle(cluster, names, seconds=10):
    """Memory and processor time of these programs on the holder of the address."""
    node = cluster.wait_primary()
    sampler = Sampler(pid for name in names for pid in node.pids(name))
    begun, spent = time.monotonic(), sampler.cpu_s()
    wait_for("the time of measuring", lambda: time.monotonic() - begun >= seconds, seconds + 5, every=0.5)
    percent = 100 * (sampler.cpu_s() - spent) / (time.monotonic() - begun)
    return (f"PSS {sampler.memory_kb('Pss') / 1024:.1f} MB, RSS {sampler.memory_kb('Rss') / 1024:.1f} MB in "
            f"{len(sampler.pids)} processes, CPU {percent:.2f} %")


def measure(name, rival_class, repeat):
    # Deaths that are a window apart are no crash loop for regha; here the window is short.
    with Cluster(configuration={"registry_extra": 'restart = { window = "2s"; }; '}) as cluster:
        rival = rival_class(cluster)
        rival.start(cluster.nodes)
        cluster.wait_serving(30)
        print(f"{name:11} {'idle, Active':16} {idle(cluster, rival.PROGRAMS)}", flush=True)
        for kind in ("power-off", "stop", "registry killed"):
            api, address = [], []
            for _ in range(repeat):
                seen = one_fault(cluster, rival, kind)
                api.append(seen[0])
                address.append(seen[1])
            print(f"{name:11} {kind:16} /v2/ {spread(api):46} address {spread(address)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--only", choices=("keepalived", "regha"))
    options = parser.parse_args()
    try:
        for name, rival in (("keepalived", Keepalived), ("regha", Regha)):
            if options.only in (None, name):
                measure(name, rival, options.repeat)
    except LabError as error:
        sys.exit(f"side_by_side: {error}")


main()
