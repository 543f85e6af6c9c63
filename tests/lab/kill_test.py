#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 of the registry and of each process of regha: what clients see, what stays, what comes back."""
import os
import signal
import time

import kernel
import scenario
from cluster import Cluster
from lab import VIP
from machine import wait_for
from meter import Asker
from node import DAEMONS
from scenario import require, spread


def configured():
    """Deaths that are a window apart are no crash loop; here the window is short."""
    return Cluster(configuration={"registry_extra": 'restart = { window = "2s"; }; '})


def next_window():
    due = time.monotonic() + 2
    wait_for("the restart window to pass", lambda: time.monotonic() >= due, 5)


class Watch:
    """Meters around a fault, and the promise that the address stayed."""

    def __init__(self, cluster, every_ms=10):
        self.cluster = cluster
        self.primary = cluster.wait_primary()
        cluster.wait_serving(10)
        self.api, self.address = cluster.meter_api(every_ms=every_ms), cluster.meter_address()
        self.begun = kernel.now_ns()
        self.api.wait_good(0, 10, count=50)

    def settle(self, fault, count=100):
        self.api.wait_good(fault + 20_000_000, 20, count=count)

    def end(self):
        self.api.stop()
        self.address.stop()

    def require_no_move(self):
        holders = [node.name for node in self.cluster.holders()]
        require(holders == [self.primary.name], f"the address moved from {self.primary.name} to {holders}")

    def require_no_failure(self):
        failed = self.api.failures(self.begun)
        require(not failed, f"{len(failed)} requests failed: {sorted(set(failed))}")


def registry(cluster, repeat):
    runs = []
    for _ in range(repeat):
        watch = Watch(cluster)
        before = watch.primary.metric("regha_vrrp_transitions_total")
        fault, pid = watch.primary.kill(cluster.registry.process)
        watch.settle(fault)
        runs.append(watch.api.outage(fault))
        watch.end()
        watch.require_no_move()
        require(watch.primary.registry_pid() != pid, "the registry was not killed")
        require(watch.primary.metric("regha_vrrp_transitions_total") == before, "the virtual router changed its state")
        require(runs[-1].back_ms < 3000, f"/v2/ came back after {runs[-1].back_ms:.0f} ms")
        next_window()
    return f"/v2/ back after {spread([run.back_ms for run in runs])}, {runs[0].failed} requests failed, the address stayed"


def one_daemon(name):
    def part(cluster, _):
        watch = Watch(cluster)
        registry_pid = watch.primary.registry_pid()
        before = {each: watch.primary.pid_of(each) for each in DAEMONS}
        fault, pid = watch.primary.kill(name)
        back = watch.primary.wait_pid(name, 10, other_than=pid)
        back_ms = (kernel.now_ns() - fault) / 1e6
        watch.settle(fault, count=200)
        seen = watch.address.outage(fault)
        watch.end()
        watch.require_no_move()
        watch.require_no_failure()
        after = {each: watch.primary.pid_of(each) for each in DAEMONS}
        require({**before, name: back} == after, f"other processes changed: {before} to {after}")
        require(watch.primary.registry_pid() == registry_pid, "the registry has another pid")
        return (f"back after {back_ms:.0f} ms, no request failed, the address stayed (longest ping gap "
                f"{seen.gap_ms:.0f} ms), registry pid as before")
    return part


# Shorter where the same is run again, under sanitizers.
SECONDS = int(os.environ.get("REGHA_LAB_SECONDS", "60"))


def reghad_again_and_again(cluster, _, seconds=SECONDS):
    """Every two seconds, on all nodes at once."""
    watch = Watch(cluster)
    restarts, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        for node in cluster.nodes:
            if node.pid_of("reghad"):
                node.kill("reghad")
                restarts += 1
        due = time.monotonic() + 2
        wait_for("the next round", lambda: time.monotonic() >= due, 3)
    watch.settle(kernel.now_ns())
    watch.end()
    watch.require_no_move()
    watch.require_no_failure()
    return f"{restarts} kills in {seconds} s on four nodes: the address stayed, no request of {len(watch.api.records())} failed"


def power_off_and_kill(cluster, kill):
    """The primary loses power; `kill(fault)` does its part within a second. Returns the outage and that instant."""
    watch = Watch(cluster)
    fault = watch.primary.power_off()
    killed = kill(watch.primary)
    successor = cluster.wait_primary(10, other_than=watch.primary)
    watch.settle(max(fault, killed))
    seen = watch.api.outage(fault)
    watch.end()
    require(cluster.holders() == [successor], "the address moved once more")
    cluster.revive(watch.primary)
    for node in cluster.nodes:
        node.wait_pid("reghad", 10)
    return (f"killed {(killed - fault) / 1e6:.0f} ms after the power-off: /v2/ back {seen.back_ms:.0f} ms after the fault, "
            f"{(seen.ended_ns - killed) / 1e6:.0f} ms after the kill")


def reghad_of_the_successor(cluster, _):
    """At the worst moment: it has the address, and is about to start the registry."""
    def kill(primary):
        successor = cluster.wait_primary(10, other_than=primary)
        return successor.kill("reghad")[0]
    return power_off_and_kill(cluster, kill)


def reghad_of_all_backups(cluster, _):
    """While they wait for the silent primary."""
    def kill(primary):
        due = kernel.now_ns() + 100_000_000
        wait_for("100 ms", lambda: kernel.now_ns() >= due, 1, every=0.002)
        return max(node.kill("reghad")[0] for node in cluster.nodes if node is not primary)
    return power_off_and_kill(cluster, kill)


def no_reghad_at_all(cluster, _, seconds=SECONDS):
    """On all nodes reghad dies and cannot be started again: /bin/false is in its place."""
    for node in cluster.nodes:
        node.wait_pid("reghad", 10)
    watch = Watch(cluster)
    program = "/usr/local/sbin/reghad"
    for node in cluster.nodes:
        node.run("mount", "--bind", "/bin/false", program)
    for node in cluster.nodes:
        node.kill("reghad")
    until = time.monotonic() + seconds
    wait_for("the end of the time without reghad", lambda: time.monotonic() >= until, seconds + 5, every=0.5)
    for node in cluster.nodes:
        node.run("umount", program)
    for node in cluster.nodes:
        node.wait_pid("reghad", 20)
    watch.settle(kernel.now_ns())
    watch.end()
    watch.require_no_failure()
    moved = "" if cluster.holders() == [watch.primary] else f", the address went to {cluster.primary().name}"
    return f"{seconds} s without any reghad: no request of {len(watch.api.records())} failed{moved}"


def launcher_under_load(cluster, _):
    watch = Watch(cluster, every_ms=20)
    primary = watch.primary
    pid, lines = primary.registry_pid(), len(primary.log_text().splitlines())
    fault, launcher = primary.kill("regha-launcher")
    primary.wait_pid("regha-launcher", 10, other_than=launcher)
    watch.settle(fault, count=150)
    watch.end()
    watch.require_no_failure()
    watch.require_no_move()
    require(primary.registry_pid() == pid, "the registry has another pid")
    wait_for("log lines to go on", lambda: len(primary.log_text().splitlines()) > lines, 5)
    # The new launcher is not the parent of the old registry; it must still learn of its death.
    wait_for("the new launcher to report the registry",
             lambda: primary.metric("regha_registry_state", state="running") == 1, 5)
    deaths = primary.metric("regha_registry_exits_total")
    died, _ = primary.kill(cluster.registry.process)
    wait_for("the registry to be back", lambda: primary.registry_pid() not in (None, pid), 5)
    wait_for("the death to be counted", lambda: primary.metric("regha_registry_exits_total") == deaths + 1, 5)
    next_window()
    return "same registry pid, no request failed, log lines went on, a later death of the registry was reported and mended"


def everything_of_regha(cluster, _):
    """All processes of regha on the primary at once, regha-init too: only the kernel is left to silence the node."""
    watch = Watch(cluster)
    old = watch.primary
    asker = Asker(cluster, old, VIP)
    pids = [pid for name in ("regha-init", *DAEMONS) for pid in old.pids(name)]
    fault = kernel.now_ns()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    successor = cluster.wait_primary_but(old, 10)
    both = kernel.now_ns()
    wait_for(f"the kernel to drop the address of {old.name}", lambda: not old.holds_vip(), 20, every=0.01)
    gone = kernel.now_ns()
    watch.settle(gone)
    watch.end()
    asker.stop()
    require_silence(asker)
    old.start()
    for name in DAEMONS:
        old.wait_pid(name, 10)
    wait_for("the left-over registry to be stopped", lambda: not old.registry_pid(), 15)
    require(cluster.holders() == [successor], "the address moved once more")
    return (f"{successor.name} took over {(both - fault) / 1e6:.0f} ms after the kill; {old.name} was silent "
            f"{asker.silent_ms():.0f} ms after its last advert, and without the address {(gone - both) / 1e6:.0f} ms later; started again, {old.name} is a Backup and stopped the left-over registry")


def everything_frozen(cluster, _):
    """All processes of regha on the primary stand still for two seconds, and go on."""
    watch = Watch(cluster)
    old = watch.primary
    asker = Asker(cluster, old, VIP)
    pids = [pid for name in ("regha-init", *DAEMONS) for pid in old.pids(name)]
    fault = kernel.now_ns()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        successor = cluster.wait_primary_but(old, 10)
        watch.settle(kernel.now_ns())
        due = time.monotonic() + 1
        wait_for("it to be asked for a second", lambda: time.monotonic() >= due, 5)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    wait_for(f"{old.name} to give the address up", lambda: not old.holds_vip(), 10)
    watch.settle(kernel.now_ns())
    seen = watch.api.outage(fault)
    watch.end()
    asker.stop()
    require_silence(asker)
    require(cluster.holders() == [successor], "the address moved once more")
    return (f"{old.name} was silent {asker.silent_ms():.0f} ms after its last advert, the registry was back after {seen}; "
            f"when it went on, {old.name} gave the address up and {successor.name} kept it")


def require_silence(asker):
    """Guard and one advert interval, and a wide margin for a machine that is busy."""
    require(asker.silent_ms() < 1400, f"answers went on for {asker.silent_ms():.0f} ms after the last advert")


PARTS = [("lab/kill registry", registry), *((f"lab/kill {name}", one_daemon(name)) for name in DAEMONS),
         ("lab/kill launcher under load", launcher_under_load),
         ("lab/kill reghad of the successor", reghad_of_the_successor),
         ("lab/kill reghad of all Backups", reghad_of_all_backups),
         ("lab/kill reghad every 2 s", reghad_again_and_again),
         ("lab/kill no reghad anywhere", no_reghad_at_all),
         ("lab/kill everything of one node", everything_of_regha),
         ("lab/freeze everything of one node", everything_frozen)]

if __name__ == "__main__":
    scenario.main(PARTS, make=configured)
