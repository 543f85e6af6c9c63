#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Four nodes, one address, a real registry on a real MinIO; then its primary dies in five ways, for people to watch."""
import signal
import sys
import time

import kernel
from cluster import REGISTRY, Cluster
from lab import ADDRESSES, CLIENT, VIP
from machine import LabError

IMAGES = {"small": [200_000, 3_000], "medium": [30_000_000, 12_000_000], "large": [210 * 1024 * 1024]}
HEADS = ("what happened", "primary", "/v2/ outage", "failed", "manifest outage", "failed", "slowest read", "three pulls", "sha256")


class Show:
    def __init__(self):
        self.begun = time.monotonic()
        self.rows = []

    def say(self, text):
        print(f"[{time.monotonic() - self.begun:6.1f} s] {text}", flush=True)

    def table(self):
        widths = [max(len(str(row[at])) for row in (HEADS, *self.rows)) for at in range(len(HEADS))]
        for row in (HEADS, ["-" * width for width in widths], *self.rows):
            print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())


def unit(milliseconds):
    return f"{milliseconds:.0f} ms" if milliseconds < 3000 else f"{milliseconds / 1000:.1f} s"


def span(outage):
    """What a client saw; a gap that is no longer than its own pace is none."""
    return unit(outage.gap_ms) if outage.failed or outage.gap_ms > 1200 else f"none (gap {unit(outage.gap_ms)})"


class Fault:
    """Meters around one fault, pulls after it, one row of the table."""

    def __init__(self, show, cluster, images, title):
        self.show, self.cluster, self.images, self.title = show, cluster, images, title
        self.before = cluster.wait_primary()
        cluster.wait_serving(30)
        show.say("")
        show.say(f"--- {title}")
        self.api = cluster.meter_api()
        self.manifest = cluster.meter_manifest(images[0])
        self.api.wait_good(0, 10, count=100)
        self.manifest.wait_good(0, 30, count=5)

    def happened(self, instant, text):
        self.instant = instant
        self.show.say(text)

    def watch(self):
        self.api.wait_good(self.instant + 20_000_000, 60, count=100)
        holder = self.cluster.wait_primary(10)
        moved = f"the address is on {holder.name}" if holder is not self.before else f"the address stayed on {holder.name}"
        seen = self.api.outage(self.instant)
        self.show.say(f"{moved}; GET /v2/: {span(seen)}" + (f", {seen.failed} requests failed" if seen.failed else ""))
        begun = time.monotonic()
        cuts = 0
        for image in self.images:
            cuts += self.cluster.pull(image)
            self.show.say(f"pulled {image.name} ({image.size_bytes / 1e6:.0f} MB) by digest, every sha256 is right")
        pulls = time.monotonic() - begun
        self.manifest.wait_good(kernel.now_ns(), 90, count=3)
        reads = self.manifest.outage(self.instant)
        slowest = unit(self.manifest.slowest_ms(self.instant))
        self.show.say(f"manifest reader: {span(reads)}, slowest read {slowest}" +
                      (f", {reads.failed} requests failed" if reads.failed else ""))
        self.api.stop()
        self.manifest.stop()
        again = f" ({cuts} repeated)" if cuts else ""
        path = f"{self.before.name} -> {holder.name}" if holder is not self.before else f"{holder.name} stays"
        self.show.rows.append((self.title, path, span(seen), seen.failed, span(reads), reads.failed, slowest,
                               f"{pulls:.0f} s{again}", "equal"))


def graceful_stop(show, cluster, images):
    fault = Fault(show, cluster, images, "primary stopped in good order")
    fault.happened(fault.before.stop(), f"regha on {fault.before.name} was stopped: it gave the address away first")
    fault.watch()
    cluster.start([fault.before])
    show.say(f"regha on {fault.before.name} started again")


def power_off(show, cluster, images):
    fault = Fault(show, cluster, images, "primary lost its power")
    fault.happened(fault.before.power_off(), f"{fault.before.name} is dark: link and all processes at the same instant, "
                   "its MinIO node too")
    if cluster.minio.real:
        show.say("MinIO would wait for the silent node, 20 s and more for every read: the circuit breaker cuts it off")
    fault.watch()
    cluster.revive(fault.before)
    show.say(f"{fault.before.name} has power again; MinIO is whole, regha is a Backup there")


def kill_registry(show, cluster, images):
    fault = Fault(show, cluster, images, "registry process killed")
    instant, pid = fault.before.kill("docker-registry")
    fault.happened(instant, f"docker-registry on {fault.before.name} was killed with -9 (pid {pid})")
    fault.watch()


def kill_vrrp(show, cluster, images):
    fault = Fault(show, cluster, images, "regha-vrrp killed with -9")
    instant, pid = fault.before.kill("regha-vrrp")
    fault.happened(instant, f"regha-vrrp on {fault.before.name} was killed with -9 (pid {pid})")
    fault.watch()


def kill_minio(show, cluster, images):
    fault = Fault(show, cluster, images, "one MinIO node killed")
    victim = next(node for node in cluster.nodes if node is not fault.before)
    instant = kernel.now_ns()
    cluster.minio.server(victim).send(signal.SIGKILL)
    fault.happened(instant, f"MinIO on {victim.name} was killed; three of four are left")
    fault.watch()
    cluster.minio.start(victim)


def main():
    show = Show()
    show.say(f"four nodes {', '.join(f'{name} {address}' for name, address in ADDRESSES.items())}, "
             f"one address {VIP}, a client {CLIENT}")
    with Cluster() as cluster:
        if not cluster.minio.real:
            show.say("NOTE: a small stand-in keeps the objects, no MinIO could be had")
        show.say(f"{cluster.minio.name} serves on four nodes, erasure-coded; the bucket is made")
        primary = cluster.start_and_wait()
        show.say(f"regha runs on four nodes; {primary.name} holds {VIP} and runs docker-registry on it")
        images = cluster.make_images(IMAGES)
        for image in images:
            cluster.push(image)
            show.say(f"pushed {image.name}, {image.size_bytes / 1e6:.0f} MB, through {REGISTRY}")
        for fault in (graceful_stop, power_off, kill_registry, kill_vrrp, kill_minio):
            fault(show, cluster, images)
        print()
        show.table()
        print("\nOutage: longest time without a good answer, for a client that asks GET /v2/ every 10 ms (deadline 150 ms)\n"
              "and for one that reads a manifest every 500 ms and waits for it as long as container clients do (60 s).")
        if cluster.minio.real:
            print("While one of its nodes is silent, MinIO lets every read of the whole cluster wait, 18 to 38 s and more, whoever\n"
                  "holds the address: after the power-off the slowest read tells how soon the circuit breaker ended that.")
        else:
            print("The storage was a stand-in: the manifest column says nothing about MinIO.")
    show.say("everything is cleaned up")


try:
    main()
except LabError as error:
    sys.exit(f"demo: {error}")
except KeyboardInterrupt:
    sys.exit("demo: interrupted, everything is cleaned up")
