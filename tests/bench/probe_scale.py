#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A thousand HTTP probes of as many servers, each second: reghad, and HAProxy checking the same ones.

  probe_scale.py [--probes N] [--rounds N] [--seconds N] [--only regha|haproxy] [--perf FILE]

In one namespace, in turns, so that both meet the same load of this host. Prints processor time, memory,
how late attempts began, and the gaps between the adverts that regha-vrrp sends meanwhile; never judges.
--perf writes a profile of reghad.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import time

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "lab"))
import meter  # noqa: E402
from cluster import Cluster  # noqa: E402
from lab import ADDRESSES, VIP, say  # noqa: E402
from machine import LabError, wait_for  # noqa: E402
from node import Sampler  # noqa: E402

PORT = 9000
SETTLE_S = 12  # connections of the first second have been made anew by then, and phases are spread


def endpoint(at):
    return f"127.1.{at // 250}.{at % 250 + 1}"


def regha_configuration(probes):
    lines = ",\n  ".join(f'{{ name = "p{at}"; type = "http"; url = "http://{endpoint(at)}:{PORT}/"; }}'
                         for at in range(probes))
    return (f'nodes = ( {{ name = "n1"; address = "{ADDRESSES["n1"]}"; }} );\n'
            f'virtual_routers = ( {{ name = "vr"; vrid = 51; addresses = ( "{VIP}" ); advert_interval = "100ms"; }} );\n'
            f"probes = (\n  {lines} );\n")


def haproxy_configuration(probes):
    """As it is written for a registry's backends: a health check of HTTP each second."""
    servers = "\n".join(f"    server s{at} {endpoint(at)}:{PORT} check inter 1s fastinter 1s downinter 1s"
                        for at in range(probes))
    return ("global\n    nbthread 1\n    maxconn 4000\n    log /dev/null local0\n"
            "defaults\n    mode http\n    timeout connect 500ms\n    timeout check 500ms\n    timeout client 5s\n"
            "    timeout server 5s\nfrontend f\n    bind 127.0.0.1:9999\n    default_backend b\n"
            f"backend b\n    option httpchk GET /\n{servers}\n")


def ticks(node, name):
    return wait_for(f"one {name}", lambda: node.pids(name), 10)[-1]


def spend(node, name, seconds, perf=None):
    """(percent of a core, RSS in MB) of this program over the time."""
    wait_for("phases to spread", lambda begun=time.monotonic(): time.monotonic() - begun >= SETTLE_S, SETTLE_S + 5, every=0.5)
    sampler = Sampler([ticks(node, name)])
    if perf:
        subprocess.run(["perf", "record", "-q", "-g", "-F", "999", "-o", perf, "-p", str(sampler.pids[0]), "--",
                        "sleep", str(seconds)], check=False)
    begun, spent = time.monotonic(), sampler.cpu_s()
    wait_for("the time of measuring", lambda: time.monotonic() - begun >= seconds, seconds + 5, every=0.5)
    percent = 100 * (sampler.cpu_s() - spent) / (time.monotonic() - begun)
    return percent, sampler.memory_kb("Rss") / 1024


def lateness(before, after):
    """[(bound in s, share of starts that were at most so late)] between two scrapes."""
    found = []
    name = "regha_probe_lateness_seconds"
    total = after[f"{name}_count"] - before.get(f"{name}_count", 0)
    for series, value in after.items():
        bound = re.match(name + r'_bucket\{le="([^"]+)"\}', series)
        if bound and bound[1] != "+Inf":
            found.append((float(bound[1]), (value - before.get(series, 0)) / max(total, 1)))
    return sorted(found), total


def percentile(shares, wanted):
    return next((f"<= {1000 * bound:g} ms" for bound, share in shares if share >= wanted), "above every bound")


def regha_round(node, adverts, seconds, perf):
    node.start()
    wait_for("every probe up", lambda: node.metrics() and
             sum(value for series, value in node.metrics().items() if series.startswith("regha_probe_up{")), 20, every=0.5)
    wait_for("phases to spread", lambda begun=time.monotonic(): time.monotonic() - begun >= 3, 8, every=0.5)
    before, since = node.metrics(), time.time()
    percent, rss = spend(node, "reghad", seconds, perf)
    until, after = time.time(), node.metrics()
    shares, count = lateness(before, after)
    up = sum(value for series, value in after.items() if series.startswith("regha_probe_up{"))
    processes = {each["name"]: each for each in node.ctl_json("show", "processes")}
    gap = adverts.largest_gap_ms(since, until)
    node.stop()
    print(f"regha    CPU {percent:5.2f} %  RSS {rss:5.1f} MB  up {up:.0f}  {count / (until - since):.0f} starts/s, late "
          f"p50 {percentile(shares, 0.5)}, p99 {percentile(shares, 0.99)}, p99.9 {percentile(shares, 0.999)}  "
          f"largest gap of adverts {gap:.0f} ms", flush=True)
    say(f"reghad: {processes.get('reghad')}")
    return percent, rss


def haproxy_round(node, seconds):
    process = node.spawn("haproxy", "-db", "-f", "/etc/haproxy-bench.cfg", log=node.log("haproxy"))
    percent, rss = spend(node, "haproxy", seconds)
    process.stop()
    print(f"haproxy  CPU {percent:5.2f} %  RSS {rss:5.1f} MB", flush=True)
    return percent, rss


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--probes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--perf")
    parser.add_argument("--only", choices=("regha", "haproxy"))
    options = parser.parse_args()
    try:
        with Cluster(nodes=("n1",), storage=False) as cluster:
            node = cluster.nodes[0]
            cluster.write("/etc/regha/regha.conf", regha_configuration(options.probes))
            node.write("/etc/haproxy-bench.cfg", haproxy_configuration(options.probes))
            program = node.disk / "probe_target"
            subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", program, FOLDER / "probe_target.c"], check=True)
            node.spawn("/srv/probe_target", PORT, log=node.log("target"))
            adverts = meter.Adverts(cluster)
            spent = {"regha": [], "haproxy": []}
            for _ in range(options.rounds):
                if options.only != "regha":
                    spent["haproxy"].append(haproxy_round(node, options.seconds)[0])
                if options.only != "haproxy":
                    spent["regha"].append(regha_round(node, adverts, options.seconds, options.perf)[0])
            if all(spent.values()):
                print(f"regha spends {sum(spent['regha']) / sum(spent['haproxy']):.2f} times what HAProxy does")
    except LabError as error:
        sys.exit(f"probe_scale: {error}")


main()
