#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Storage peers fall silent, and reads go on. Figures are printed; judged with a wide margin only, for this host is busy.

What fails when: reads through the address, concurrent and patient, each on a connection of its own. Faults that are none
of the store's (regha itself, a short cut, a restart) must open nothing, anywhere.
"""
import datetime
import json
import os
import signal
import time

import kernel
import meter
import scenario
from lab import VIP
from machine import wait_for
from node import DAEMONS
from scenario import require, spread

# Promised are 600, 1000, 3000 ms; a stall without the breaker takes 18 s.
WIDE_MS = 6000
PATIENCE_MS = 40_000


def image_of(cluster):
    if not hasattr(cluster, "breaker_image"):
        cluster.breaker_image = cluster.make_images({"breaker": [300_000, 5_000]})[0]
        cluster.push(cluster.breaker_image)
    return cluster.breaker_image


def of_layer(cluster, image):
    """The largest blob by its digest: what a pull asks for after the manifest."""
    digest = max(image.blobs, key=image.blobs.get)
    return meter.Meter(cluster, "layer", "get", VIP, 5000, f"/v2/lab/{image.name}/blobs/sha256:{digest}", 100, PATIENCE_MS)


def wait_armed(cluster):
    """Every breaker is closed, sees its peers answer, and has done so for longer than any veto lasts."""
    def armed():
        for node in cluster.nodes:
            done = node.ctl("-j", "show", "breakers", check=False)
            rows = json.loads(done.stdout) if done.returncode == 0 else []
            if len(rows) != 3 or any(row["state"] != "closed" or row["probe"] != "answers" or row["host"] != "heard"
                                     for row in rows):
                return False
        return True
    wait_for("every breaker to be closed", armed, 60, every=0.2)


def opened(cluster, but=None):
    """Breakers opened by now, at all nodes or all but one."""
    return sum(node.metric("regha_breaker_opened_total") for node in cluster.nodes if node is not but and node.is_running)


def timeline(node, fault):
    """What the node wrote down, in ms after the fault."""
    offset = time.time_ns() - kernel.now_ns()
    words = []
    for event in node.ctl_json("show", "events", "60"):
        at = datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp() * 1e9 - offset
        if at < fault or event["kind"] not in ("router", "breaker", "registry"):
            continue
        words.append(f"{(at - fault) / 1e6:.0f} ms {event['object']} {event['to']} ({event['text']})")
    return words


def openings(node, fault):
    """When this node cut the first peer off, in ms after the fault."""
    for line in timeline(node, fault):
        if " open (" in line:
            return float(line.split()[0])
    return float("nan")


class Reads:
    """Meters of manifest and layer; `back()` gives ms from the fault until each answers again."""

    def __init__(self, cluster):
        image = image_of(cluster)
        self.meters = [cluster.meter_manifest(image, every_ms=20, deadline_ms=PATIENCE_MS), of_layer(cluster, image)]
        for each in self.meters:
            each.wait_good(kernel.now_ns(), 20, count=20)

    def back(self, fault):
        found = []
        for each in self.meters:
            each.wait_good(fault, 60, count=20)
            # Answers that were on their way at the fault do not count: it is who asks after it that waits.
            first = min(end for start, end, result in each.records(fault) if start >= fault and result in meter.GOOD)
            found.append((first - fault) / 1e6)
        return found

    def slowest(self, since):
        time_left = since + 2_000_000_000 - kernel.now_ns()
        if time_left > 0:
            wait_for("two seconds of reads", lambda: kernel.now_ns() > since + 2_000_000_000, 10)
        return max((end - start) / 1e6 for each in self.meters for start, end, _ in each.records(since) if start >= since)

    def longest_gap(self, fault):
        return max(each.outage(fault).gap_ms for each in self.meters)

    def stop(self):
        for each in self.meters:
            each.stop()


def freeze(node):
    """Every process of the machine stands still; its kernel goes on. Returns the instant."""
    pids = list(node.processes())
    instant = kernel.now_ns()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    return instant


def thaw(node):
    for pid in node.processes():
        os.kill(pid, signal.SIGCONT)


def told(name, runs, promised):
    manifest, layer, slowest = ([run[at] for run in runs] for at in range(3))
    require(max(manifest + layer) < WIDE_MS, f"{name}: manifest {spread(manifest)}, layer {spread(layer)}")
    return (f"first manifest {spread(manifest)}, first layer {spread(layer)} (wanted: {promised} ms); "
            f"slowest read begun 1 s after it {max(slowest):.0f} ms; {runs[-1][3]}")


def fault_once(cluster, strike, heal, pick):
    wait_armed(cluster)
    primary = cluster.wait_primary()
    reads = Reads(cluster)
    victim = pick(primary)
    fault = strike(victim)
    try:
        back = reads.back(fault)
        slowest = reads.slowest(fault + int(max(back) * 1e6) + 1_000_000_000)
        holder = cluster.wait_primary_but(victim, 10)
        line = "; ".join(timeline(holder, fault)[:6]) + "; opened elsewhere after " + ", ".join(
            f"{openings(node, fault):.0f}" for node in cluster.nodes if node not in (holder, victim)) + " ms"
        require(opened(cluster, but=victim) >= 1, "no breaker was opened")
    finally:
        reads.stop()
        heal(victim)
    return back[0], back[1], slowest, line


def another(cluster):
    return lambda primary: next(node for node in reversed(cluster.nodes) if node is not primary)


def itself(primary):
    return primary


def power_off(cluster, repeat):
    runs = [fault_once(cluster, lambda node: node.power_off(), cluster.revive, itself) for _ in range(repeat)]
    return told("power-off of the primary", runs, 600)


def frozen_host(cluster, repeat):
    def heal(node):
        thaw(node)
        cluster.wait_primary(20)
        cluster.wait_whole()
    runs = [fault_once(cluster, freeze, heal, itself) for _ in range(repeat)]
    return told("the primary's host stands still", runs, 600)


def other_node(cluster, repeat):
    runs = [fault_once(cluster, lambda node: node.power_off(), cluster.revive, another(cluster)) for _ in range(repeat)]
    return told("power-off of another node", runs, 1000)


def frozen_minio(cluster, repeat):
    def strike(node):
        instant = kernel.now_ns()
        cluster.minio.server(node).send(signal.SIGSTOP)
        return instant

    def heal(node):
        cluster.minio.server(node).send(signal.SIGCONT)
        cluster.wait_whole()
    runs = []
    for _ in range(repeat):
        wait_armed(cluster)
        primary = cluster.wait_primary()
        reads = Reads(cluster)
        fault = strike(another(cluster)(primary))
        victim = another(cluster)(primary)
        try:
            wait_for("its breaker to open", lambda: opened(cluster), 20, every=0.02)
            back = reads.back(fault + 100_000_000)
            gap = reads.longest_gap(fault)
            slowest = reads.slowest(kernel.now_ns() + 1_000_000_000)
            line = "; ".join(timeline(primary, fault)[:4])
        finally:
            reads.stop()
            heal(victim)
        runs.append((gap, max(back), slowest, line))
    return told("a MinIO stands still", runs, 3000)


def rules_of(node):
    """Whether anything is cut off now, as the kernel has it."""
    done = node.run("nft", "list", "table", "inet", "regha_breaker", check=False)
    return "expires" in done.stdout


def dies_open(cluster, _):
    """regha dies on a node while it cuts a peer off: nothing of it lives on."""
    wait_armed(cluster)
    primary = cluster.wait_primary()
    victim = another(cluster)(primary)
    cluster.minio.server(victim).send(signal.SIGSTOP)
    try:
        wait_for("the breaker to open", lambda: rules_of(primary), 20, every=0.05)
        begun, _ = primary.kill("reghad", signal.SIGSTOP)
        wait_for("what was cut off to be let go", lambda: not rules_of(primary), 10, every=0.02)
        seconds = (kernel.now_ns() - begun) / 1e9
    finally:
        primary.kill("reghad", signal.SIGCONT)
        cluster.minio.server(victim).send(signal.SIGCONT)
        cluster.wait_whole()
    require(seconds < 3, f"a rule lived for {seconds:.1f} s after its reghad stood still")
    return f"the last rule went {1000 * seconds:.0f} ms after reghad stood still"


def blink(cluster, node):
    """
    The switch drops all frames of the node for half a second, by the kernel's own clock. (A carrier that comes back
    would be let in again only a second after it went.)
    """
    cluster.nft(cluster.switch, f"""\
table bridge blink
delete table bridge blink
table bridge blink {{
    set away {{
        type ifname
        flags timeout
        elements = {{ "{node.name}" timeout 500ms }}
    }}
    chain forward {{
        type filter hook forward priority 0
        iifname @away drop
        oifname @away drop
    }}
}}
""")


def signal_all(node, number):
    for daemon in DAEMONS:
        if node.pid_of(daemon):
            node.kill(daemon, number)


def opened_by(cluster, name, node, strike, heal=None):
    """Strikes once the breakers are closed; how many were opened at the other nodes by then."""
    wait_armed(cluster)
    before = opened(cluster, but=node)
    at = kernel.now_ns()
    strike(cluster, node)
    wait_for("the time that would tell", lambda: kernel.now_ns() > at + 2_000_000_000, 10)
    if heal:
        heal(node)
    wait_armed(cluster)
    return opened(cluster, but=node) - before


def harmless(cluster, _):
    """What is no fault of the store opens nothing, anywhere."""
    def restart_minio(cluster, node):
        cluster.minio.server(node).stop(20)
        cluster.minio.start(node)
    primary, other = cluster.wait_primary(), another(cluster)
    seen = []
    for name, pick, strike, heal in (
            ("regha killed", itself, lambda _, node: signal_all(node, signal.SIGKILL), None),
            ("regha frozen", itself, lambda _, node: signal_all(node, signal.SIGSTOP),
             lambda node: signal_all(node, signal.SIGCONT)),
            ("the primary away for 0.5 s", itself, blink, None), ("another node away for 0.5 s", other, blink, None),
            ("MinIO restarted", other, restart_minio, lambda _: cluster.wait_whole())):
        # Half a second is the very limit: on a host that is late itself one of three may be longer.
        counts = []
        while len(counts) < (3 if strike is blink else 1) and sum(count > 0 for count in counts) == len(counts):
            primary = cluster.wait_primary()
            counts.append(opened_by(cluster, name, pick(primary), strike, heal))
        require(0 in counts, f"{name}: {counts} breakers were opened")
        seen.append(f"{name} {' then '.join(f'{count:.0f}' for count in counts)}")
    return f"breakers opened: {', '.join(seen)}"


PARTS = [("lab/breaker power-off", power_off), ("lab/breaker frozen MinIO", frozen_minio),
         ("lab/breaker reghad dies", dies_open), ("lab/breaker harmless", harmless)]

if __name__ == "__main__":
    scenario.main(PARTS, repeat=1)
