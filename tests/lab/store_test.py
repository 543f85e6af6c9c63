#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of addresses and registries when the storage, which all nodes share, fails; and maintenance."""
import signal

import kernel
import scenario
from cluster import REGISTRY, Cluster
from machine import wait_for
from scenario import Skip, require

HOLD_S = 3  # readonly_hold, shorter than its default
SLACK_S = 15  # beyond what is promised, for a machine that does much else


def make():
    return Cluster(configuration={"extra": f'policy = {{ readonly_hold = "{HOLD_S}s"; forget = "1m"; }};\n'})


def registry_row(node):
    return next(row for row in node.ctl_json("show", "registries") if row["name"] == "registry")


def moves(cluster):
    """Every change of a virtual router's state that a node has counted."""
    return sum(node.metric("regha_vrrp_transitions_total") for node in cluster.nodes)


def push_status(cluster):
    done = cluster.client.run("curl", "-s", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST",
                              f"http://{REGISTRY}/v2/lab/probe/blobs/uploads/", check=False, seconds=30)
    return done.stdout


def kill_minio(cluster, nodes):
    for node in nodes:
        cluster.minio.server(node).send(signal.SIGKILL)
    for node in nodes:
        cluster.minio.server(node).wait(10)
    return kernel.now_ns()


def start_minio(cluster, nodes):
    for node in nodes:
        cluster.minio.start(node)
    return kernel.now_ns()


def image_of(cluster):
    if not getattr(cluster, "test_image", None):
        cluster.test_image = cluster.make_images({"store": [400_000, 5_000]})[0]
        cluster.push(cluster.test_image)
    return cluster.test_image


def settle(cluster):
    primary = cluster.wait_primary()
    wait_for("all nodes to be eligible", lambda: all(
        row["eligible"] for node in cluster.nodes for row in node.ctl_json("show", "routers")), 60, every=0.2)
    return primary


def since_s(start_ns):
    return (kernel.now_ns() - start_ns) / 1e9


def readonly(cluster, _):
    """Two of four: what is left can be read, and not written."""
    if not cluster.minio.real:
        raise Skip("needs a real MinIO")
    image, primary = image_of(cluster), settle(cluster)
    victims = [node for node in cluster.nodes if node is not primary][:2]
    before, held = moves(cluster), primary
    fault = kill_minio(cluster, victims)
    wait_for("the registry to be read-only", lambda: registry_row(primary)["readonly"], HOLD_S + 2 + SLACK_S, every=0.1)
    turned = since_s(fault)
    cluster.wait_serving(20)
    wait_for("a push to be refused", lambda: push_status(cluster) == "405", 20, every=0.2)
    cluster.pull(image)
    require(cluster.holders() == [held], f"the address is held by {[node.name for node in cluster.holders()]}")
    require("read-only" in primary.ctl("show", "health", check=False).stdout, "show health does not say read-only")
    healed = start_minio(cluster, victims)
    cluster.wait_whole()
    wait_for("the registry to take pushes", lambda: not registry_row(primary)["readonly"], 60, every=0.1)
    back = since_s(healed)
    cluster.wait_serving(20)
    wait_for("a push to be accepted", lambda: push_status(cluster) == "202", 20, every=0.2)
    require(moves(cluster) == before, "a virtual router changed its state")
    return (f"read-only {turned:.1f} s after the fault (readonly_hold {HOLD_S} s), pushes 405, pulls went on; "
            f"back {back:.1f} s after MinIO was started; nothing moved")


def down(cluster, seconds):
    """All of it, for so many seconds (--repeat): to move would help nobody, again and again."""
    primary = settle(cluster)
    before = moves(cluster)
    kill_minio(cluster, cluster.nodes)
    until = kernel.now_ns() + seconds * 1_000_000_000
    wait_for("every node to see that the storage is down", lambda: all(
        node.metric("regha_store_readable") == 0 for node in cluster.nodes), 60, every=0.2)
    wait_for("the time of the outage to be over", lambda: kernel.now_ns() > until, seconds + 5, every=0.2)
    require(cluster.holders() == [primary], f"the address is held by {[node.name for node in cluster.holders()]}")
    pid = primary.registry_pid()
    start_minio(cluster, cluster.nodes)
    cluster.wait_whole()
    wait_for("the storage to be seen again", lambda: all(
        node.metric("regha_store_readable") == 1 for node in cluster.nodes), 60, every=0.2)
    cluster.wait_serving(30)
    cluster.pull(image_of(cluster))
    require(moves(cluster) == before, "a virtual router changed its state")
    require(pid is not None, "the registry did not run")
    return f"all four MinIO down for {since_s(until - seconds * 1_000_000_000):.0f} s: nothing moved"


def maintenance(cluster, _):
    """The Active leaves: once, in order, and nobody who pulls afterwards notices."""
    image, primary = image_of(cluster), settle(cluster)
    before = moves(cluster)
    meter = cluster.meter_manifest(image, every_ms=20, deadline_ms=5000, name="maintenance")
    meter.wait_good(kernel.now_ns(), 20)
    begun = kernel.now_ns()
    said = primary.ctl("maint", check=False, seconds=60)
    require(said.returncode == 0, f"maint ended with {said.returncode}: {said.stdout}")
    took, done = since_s(begun), kernel.now_ns()
    require(not primary.holds_vip() and primary.registry_pid() is None, f"{primary.name} is not empty: {said.stdout}")
    second = cluster.wait_primary()
    meter.wait_good(done, 20, count=20)
    outage = meter.outage(begun)
    after = meter.failures(done)
    during = meter.failures(begun - 1_000_000_000, done)
    meter.stop()
    require(not after, f"{len(after)} reads failed after it was drained: {after[:3]}")
    require(moves(cluster) == before + 2, f"{moves(cluster) - before:.0f} changes of state instead of two")
    shown = {row["name"]: row["mode"] for row in second.ctl_json("show", "nodes")}
    require(shown[primary.name] == "maintenance", f"{second.name} shows {shown}")
    primary.stop()
    cluster.start([primary])
    wait_for("reghad to answer", lambda: primary.ctl("show", "version", check=False).returncode == 0, 20, every=0.1)
    mode = primary.ctl_json("show", "info")["mode"]
    require(mode == "maintenance", f"after a restart the mode is {mode}")
    require(cluster.wait_primary() is second, "it took the address back")
    refused = second.ctl("drain", check=False, seconds=60).returncode
    require(refused == 0, f"the second drain ended with {refused}")
    primary.ctl("ready")
    second.ctl("ready")
    settle(cluster)
    return (f"moved once in {took:.1f} s, longest gap {outage.gap_ms:.0f} ms, {len(during)} reads cut meanwhile, "
            "0 failed after; remembered across a restart")


if __name__ == "__main__":
    scenario.main([("store/readonly", readonly), ("store/down", down), ("store/maintenance", maintenance)], repeat=8,
                  make=make)
