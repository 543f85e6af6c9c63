#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Two virtual routers: the registry's storage is itself a virtual address, as in deployments of today."""
import scenario
from cluster import Cluster
from lab import STORAGE_VIP, VIP
from machine import wait_for
from scenario import require


def configured():
    return Cluster(configuration={"endpoint": f"http://{STORAGE_VIP}:9000", "storage_router": True})


def serves(cluster, _):
    image = cluster.make_images({"two": [2_000_000]})[0]
    wait_for("one holder of the storage address", lambda: len(cluster.holders(STORAGE_VIP)) == 1, 10)
    cluster.push(image)
    cluster.pull(image)
    return f"{VIP} on {cluster.primary().name}, {STORAGE_VIP} on {cluster.primary(STORAGE_VIP).name}; push and pull right"


def storage_node_stops(cluster, _):
    """MinIO of the holder of the storage address is gone: that address moves, the registry's need not."""
    holder = cluster.wait_primary(address=STORAGE_VIP)
    registry = cluster.primary()
    cluster.minio.server(holder).send(9)
    successor = cluster.wait_primary(30, other_than=holder, address=STORAGE_VIP)
    image = cluster.make_images({"three": [1_000_000]})[0]
    cluster.push(image)
    cluster.pull(image)
    moved = "stayed" if cluster.holders() == [registry] else f"went to {cluster.primary().name}"
    cluster.minio.start(holder)
    return f"{STORAGE_VIP} went from {holder.name} to {successor.name}, {VIP} {moved}; push and pull right"


def power_off(cluster, _):
    primary = cluster.wait_primary()
    storage = cluster.wait_primary(address=STORAGE_VIP)
    api = cluster.meter_api()
    api.wait_good(0, 10, count=50)
    fault = primary.power_off()
    successor = cluster.wait_primary(10, other_than=primary)
    wait_for("one holder of the storage address",
             lambda: [node for node in cluster.holders(STORAGE_VIP) if node is not primary], 10)
    api.wait_good(fault, 20, count=50)
    seen = api.outage(fault)
    api.stop()
    image = cluster.make_images({"four": [1_000_000]})[0]
    cluster.push(image)
    cluster.pull(image)
    require(len(cluster.holders(STORAGE_VIP)) == 1, "the storage address has not one holder")
    together = "held both" if storage is primary else "held only the registry's address"
    return f"{primary.name} {together}; {successor.name} took over, /v2/ back after {seen.back_ms:.0f} ms, push and pull right"


if __name__ == "__main__":
    scenario.main([("lab/storage address serves", serves), ("lab/storage address moves", storage_node_stops),
                   ("lab/storage address power-off", power_off)], make=configured)
