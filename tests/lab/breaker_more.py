#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What takes too long for a check: two and three storage peers silent at once. Run by tests/lab/long."""
import kernel
import scenario
from breaker_test import Reads, image_of, power_off, frozen_host, other_node, frozen_minio, wait_armed, timeline
from lab import NODES
from machine import wait_for
from scenario import require

DRIVES = "breaker = { max_open = 2; drives_per_node = 1; drives_per_set = 4; };\n"


def opened_at(node):
    return node.metric("regha_breaker_opened_total")


def reload_with(cluster, extra):
    cluster.configure(extra=extra)
    for node in cluster.nodes:
        node.ctl("reload", seconds=20)


def silence(cluster, count):
    """So many nodes that are not the primary lose power at one instant. Returns (them, the instant)."""
    primary = cluster.wait_primary()
    victims = [node for node in cluster.nodes if node is not primary][:count]
    for node in victims:
        cluster.links.set(node.name, False)
    fault = kernel.now_ns()
    for node in victims:
        node.power_off()
    return victims, fault


def revive(cluster, victims):
    for node in victims:
        cluster.forget_link(node)
        node.power_on()
        cluster.minio.start(node)
    cluster.wait_whole()
    cluster.start(victims)


def two(cluster, extra, wanted):
    reload_with(cluster, extra)
    wait_armed(cluster)
    reads = Reads(cluster)
    before = {node.name: opened_at(node) for node in cluster.nodes}
    victims, fault = silence(cluster, 2)
    try:
        back = reads.back(fault)
        cut = sum(opened_at(node) - before[node.name] for node in cluster.nodes if node not in victims)
        line = "; ".join(timeline(cluster.wait_primary(), fault)[:8])
    finally:
        reads.stop()
        revive(cluster, victims)
    require(cut == wanted, f"{cut:.0f} breakers were opened, {wanted} were to be: {line}")
    return f"reads after {max(back):.0f} ms, {cut:.0f} breakers opened; {line}"


def two_silent(cluster, _):
    return two(cluster, "", 0)


def two_silent_with_drives(cluster, _):
    return two(cluster, DRIVES, 4)


def three_silent(cluster, _):
    reload_with(cluster, DRIVES)
    wait_armed(cluster)
    image_of(cluster)
    primary = cluster.wait_primary()
    before = opened_at(primary)
    victims, fault = silence(cluster, 3)
    try:
        wait_for("the time that would tell", lambda: kernel.now_ns() > fault + 6_000_000_000, 10)
        cut = opened_at(primary) - before
    finally:
        revive(cluster, victims)
    require(cut == 0, f"{cut:.0f} breakers were opened")
    return "nothing opened in 6 s"


PARTS = [("lab/breaker power-off", power_off), ("lab/breaker frozen host", frozen_host),
         ("lab/breaker another node", other_node), ("lab/breaker frozen MinIO", frozen_minio),
         ("lab/breaker two silent", two_silent), ("lab/breaker two silent, drives known", two_silent_with_drives),
         ("lab/breaker three silent", three_silent)]

if __name__ == "__main__":
    assert len(NODES) == 4
    scenario.main(PARTS, repeat=1)
