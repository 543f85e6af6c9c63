#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The primary goes: by power-off, with transfers running, and in good order. Figures are printed, not judged."""
import subprocess
import time

import kernel
import scenario
from images import pull_words, push_words, repeat, verify
from machine import wait_for
from scenario import median, require, spread

PRIORITY = {"n1": 150, "n2": 140, "n3": 130, "n4": 120}
INTERVAL_MS = 100


def theory_ms(successor):
    """Active_Down_Interval of the node that took over: 3 intervals and its skew; RFC 9568 section 6.1."""
    return 3 * INTERVAL_MS + (256 - PRIORITY[successor.name]) * INTERVAL_MS / 256


def images_of(cluster):
    if not hasattr(cluster, "test_images"):
        cluster.test_images = cluster.make_images({"small": [300_000, 5_000], "medium": [120_000_000]})
        for image in cluster.test_images:
            cluster.push(image)
    return cluster.test_images


def power_off_once(cluster, pulls):
    small = images_of(cluster)[0]
    primary = cluster.wait_primary()
    cluster.wait_serving(10)
    api, address = cluster.meter_api(), cluster.meter_address()
    api.wait_good(0, 10, count=100)
    fault = primary.power_off()
    successor = cluster.wait_primary(10, other_than=primary)
    back = api.wait_good(fault, 20, count=50)
    seen = api.outage(fault), address.outage(fault, back + 1_000_000_000)
    api.stop()
    address.stop()
    if pulls:
        cluster.pull(small)
    reads = (kernel.now_ns() - fault) / 1e9
    cluster.revive(primary)
    return seen[0].back_ms, seen[1].back_ms, theory_ms(successor), reads


def power_off(cluster, repeat_count):
    # One pull tells whether the storage was waited for; breaker_test.py measures it.
    runs = [power_off_once(cluster, at == 0) for at in range(repeat_count)]
    api, address, theory, reads = zip(*runs)
    require(median(api) < 2000, f"/v2/ came back after {spread(api)}")
    over = median([seen - bound for seen, bound in zip(address, theory)])
    return (f"address {spread(address)}, bound {theory[0]:.0f} + 20 ms, median {over:+.0f} ms from the bound; "
            f"/v2/ {spread(api)}, {median([a - b for a, b in zip(api, address)]):.0f} ms after the address; "
            f"first pull done after {reads[0]:.1f} s, sha256 equal")


def in_flight(cluster, words, grows):
    """The primary loses power while a transfer runs; returns (was it cut, the instant)."""
    primary = cluster.wait_primary()
    cluster.wait_serving(10)
    transfer = subprocess.Popen(cluster.client.enter_words(words), stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, start_new_session=True)
    wait_for("the transfer to be in flight", lambda: grows() or transfer.poll() is not None, 30, every=0.005)
    require(transfer.poll() is None, "the transfer ended before the fault")
    fault = primary.power_off()
    cluster.wait_primary(10, other_than=primary)
    try:
        status = transfer.wait(150)
    except subprocess.TimeoutExpired:
        transfer.kill()
        status = transfer.wait()
    return primary, status != 0, fault


def megabytes(folder):
    """What has arrived; files come and go meanwhile."""
    total = 0
    for path in folder.iterdir():
        try:
            total += path.stat().st_size
        except OSError:
            pass
    return total / 1e6


def cut_pull(cluster, _):
    medium = images_of(cluster)[1]
    target = cluster.ram / "cut"
    target.mkdir(exist_ok=True)
    words = pull_words(medium, "192.0.2.100:5000", target)
    primary, cut, fault = in_flight(cluster, words, lambda: megabytes(target) > 5)
    tries = 0
    if cut:
        subprocess.run(["rm", "-rf", str(target)], check=True)
        tries = 1 + repeat(cluster.client, words, "the pull after the fault")
    verify(medium, target)
    subprocess.run(["rm", "-rf", str(target)], check=True)
    seconds = (kernel.now_ns() - fault) / 1e9
    cluster.revive(primary)
    how = f"was cut, complete after {tries} more" if cut else "went on by itself, not cut"
    return f"the pull in flight {how}, {seconds:.0f} s after the fault, sha256 equal"


def cut_push(cluster, _):
    fresh = cluster.make_images({f"push-{kernel.now_ns()}": [60_000_000]})[0]
    words = push_words(fresh, "192.0.2.100:5000")
    begun = time.monotonic()
    primary, cut, fault = in_flight(cluster, words, lambda: time.monotonic() - begun > 0.4)
    tries = 1 + repeat(cluster.client, words, "the push after the fault") if cut else 0
    cluster.pull(fresh)
    seconds = (kernel.now_ns() - fault) / 1e9
    cluster.revive(primary)
    how = f"was cut, complete after {tries} more" if cut else "went on by itself, not cut"
    return f"the push in flight {how}, {seconds:.0f} s after the fault, sha256 equal"


def graceful_once(cluster):
    primary = cluster.wait_primary()
    cluster.wait_serving(10)
    api, address = cluster.meter_api(), cluster.meter_address()
    api.wait_good(0, 10, count=100)
    fault = primary.stop()
    cluster.wait_primary(10, other_than=primary)
    back = api.wait_good(fault + 20_000_000, 20, count=100)
    seen = api.outage(fault), address.outage(fault, back + 1_000_000_000)
    left = primary.processes()
    api.stop()
    address.stop()
    names = sorted(name for pid, name in left.items() if pid != cluster.minio.server(primary).pid)
    require(not names, f"still running after the stop: {names}")
    require(not primary.holds_vip(), "the stopped node still holds the address")
    cluster.start([primary])
    return seen


def graceful(cluster, repeat_count):
    runs = [graceful_once(cluster) for _ in range(repeat_count)]
    for image in images_of(cluster):
        cluster.pull(image)
    return (f"/v2/ gap {spread([run[0].gap_ms for run in runs])}, {sum(run[0].failed for run in runs)} requests failed; "
            f"address gap {spread([run[1].gap_ms for run in runs])}; no process, no address left; sha256 equal")


def partition(cluster, _):
    """
    The primary is cut off from nodes and client. Without quorum both sides hold the address then; once the network is
    whole it heals by itself, and nobody is left with the loser's hardware address.
    """
    primary = cluster.wait_primary()
    cluster.wait_serving(10)
    api, address = cluster.meter_api(), cluster.meter_address()
    api.wait_good(0, 10, count=100)
    cluster.partition(primary.name)
    fault = kernel.now_ns()
    successor = cluster.wait_primary_but(primary, 10)
    api.wait_good(fault, 20, count=50)
    taken = api.outage(fault)
    both = primary.holds_vip()
    cluster.heal()
    healed = kernel.now_ns()
    holder = cluster.wait_primary(10)
    alone_ms = (kernel.now_ns() - healed) / 1e6
    back = api.wait_good(healed + 200_000_000, 20, count=200)
    seen = api.outage(healed), address.outage(healed, back + 2_000_000_000)
    wait_for("only one registry", lambda: sum(1 for node in cluster.nodes if node.registry_pid()) == 1, 15)
    api.stop()
    address.stop()
    cluster.wait_whole()
    return (f"{successor.name} took over, /v2/ back after {taken.back_ms:.0f} ms, {'both' if both else 'one'} held the address; "
            f"{alone_ms:.0f} ms after the network was whole only {holder.name} did, /v2/ gap then {seen[0].gap_ms:.0f} ms, "
            f"address gap {seen[1].gap_ms:.0f} ms; one registry is left")


PARTS = [("lab/failover power-off", power_off), ("lab/failover graceful stop", graceful),
         ("lab/failover partition", partition), ("lab/failover pull in flight", cut_pull), ("lab/failover push in flight", cut_push)]

if __name__ == "__main__":
    scenario.main(PARTS, repeat=1)
