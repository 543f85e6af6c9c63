#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Planned moves: switchover under load, what is refused, verbs for other nodes, keys changed node by node."""
import signal

import kernel
import scenario
from machine import PYTHON, wait_for
from scenario import require, spread

SECONDS = 30
REFUSED = 6


def image_of(cluster):
    if not hasattr(cluster, "test_image"):
        cluster.test_image = cluster.make_images({"small": [300_000, 5_000]})[0]
        cluster.push(cluster.test_image)
    return cluster.test_image


def hears_all(node):
    return all(row["reachable"] for row in node.ctl_json("show", "nodes"))


def wait_hearing(cluster):
    for node in cluster.nodes:
        wait_for(f"{node.name} to hear all nodes", lambda node=node: hears_all(node), SECONDS)


def wait_eligible(cluster):
    wait_hearing(cluster)
    for node in cluster.nodes:
        wait_for(f"{node.name} to be eligible", lambda node=node: node.ctl_json("show", "routers")[0]["eligible"], SECONDS)


def ask(node, *words):
    return node.ctl("-t", "120s", *words, check=False, seconds=130)


def said(done):
    """A refusal goes to stderr."""
    return (done.stdout + done.stderr).strip()


def refused(node, *words):
    done = ask(node, *words)
    require(done.returncode == REFUSED, f"{' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return said(done).splitlines()[0]


def switch_once(cluster, at):
    image = image_of(cluster)
    primary = cluster.wait_primary()
    cluster.wait_serving(10)
    others = [node for node in cluster.nodes if node is not primary]
    target, giver = others[at % 3], cluster.nodes[at % 4]
    api, manifest = cluster.meter_api(), cluster.meter_manifest(image, every_ms=50, deadline_ms=5000)
    for meter in (api, manifest):
        meter.wait_good(0, 10, count=3)
    begun = kernel.now_ns()
    done = ask(giver, "switchover", "registry", "to", target.name)
    require(done.returncode == 0, f"from {giver.name}: {done.returncode}: {done.stdout}{done.stderr}")
    seconds = (kernel.now_ns() - begun) / 1e9
    back = api.wait_good(kernel.now_ns(), 10, count=20)
    cluster.pull(image, tries=1)
    require(cluster.wait_primary() is target, f"it did not go to {target.name}: {done.stdout}")
    history = target.ctl("show", "history").stdout
    require("handed-over" in history, f"{target.name} was not named before: {history}")
    outage, failed = api.outage(begun, back), len(manifest.failures(begun))
    for meter in (api, manifest):
        meter.stop()
    wait_for("the registry to end where it was", lambda: not primary.registry_pid(), 60)
    return outage.gap_ms, outage.failed, failed, seconds


def switchover(cluster, repeat_count):
    wait_eligible(cluster)
    runs = [switch_once(cluster, at) for at in range(repeat_count)]
    gaps, failed, reads, seconds = zip(*runs)
    require(max(gaps) < 1000, f"the address was gone for {spread(gaps)}")
    return (f"gap in /v2/ {spread(gaps)}, {sum(failed)} requests cut; manifests {sum(reads)} cut; "
            f"command {spread([1000 * each for each in seconds])}; a pull without retry after each, sha256 equal")


def dry_run(cluster, _):
    wait_eligible(cluster)
    primary = cluster.wait_primary()
    done = ask(cluster.nodes[0], "switchover", "registry", "--dry-run")
    require(done.returncode == 0 and "would go to" in done.stdout, f"{done.returncode}: {done.stdout}")
    require(cluster.wait_primary() is primary, "a dry run moved the address")
    return done.stdout.strip()


LISTENER = "import socket, time; own = socket.socket(); own.setsockopt(1, 2, 1); own.bind(('', 5000)); own.listen(); time.sleep(600)"


def rolled_back(cluster, _):
    """The registry cannot be started on the target, for somebody else has its port: nothing was given up."""
    wait_eligible(cluster)
    primary = cluster.wait_primary()
    target = next(node for node in cluster.nodes if node is not primary)
    listener = target.spawn(PYTHON, "-c", LISTENER)
    wait_for("the port to be taken", lambda: ":5000" in target.run("ss", "-Hltn").stdout, 10)
    api = cluster.meter_api()
    api.wait_good(0, 10, count=20)
    begun = kernel.now_ns()
    done = ask(primary, "switchover", "registry", "to", target.name)
    api.wait_good(kernel.now_ns(), 10, count=20)
    failed = api.failures(begun)
    api.stop()
    listener.send(signal.SIGKILL)
    require(done.returncode == 1 and "rolled back" in said(done), f"{done.returncode}: {said(done)}")
    require(cluster.wait_primary() is primary and not failed, f"it moved, or clients saw it: {failed}")
    return said(done)


def refusals(cluster, _):
    wait_eligible(cluster)
    primary = cluster.wait_primary()
    drained, stopped = [node for node in cluster.nodes if node is not primary][:2]
    done = ask(primary, "drain", drained.name)
    require(done.returncode == 0, f"drain {drained.name}: {done.returncode}: {done.stdout}{done.stderr}")
    mode = wait_for("its mode to be heard", lambda: refused_or_none(primary, drained), SECONDS)
    require(ask(primary, "ready", drained.name).returncode == 0, "ready of another node")
    stopped.stop()
    wait_for(f"{stopped.name} to be gone", lambda: not hears_all(primary), SECONDS)
    gone = refused(primary, "switchover", "registry", "to", stopped.name)
    require(cluster.wait_primary() is primary, "a refused switchover moved the address")
    cluster.start([stopped])
    return f"{mode}; {gone}"


def refused_or_none(primary, node):
    done = ask(primary, "switchover", "registry", "to", node.name, "--dry-run")
    return said(done).splitlines()[0] if done.returncode == REFUSED else None


def forced(cluster, _):
    """Every MinIO is dead: nobody can be made ready, and somebody knows why it must go all the same."""
    wait_eligible(cluster)
    primary = cluster.wait_primary()
    for node in cluster.nodes:
        cluster.minio.server(node).send(signal.SIGSTOP)
    try:
        usage = ask(primary, "failover", "registry")
        require(usage.returncode == 2, f"without --force: {usage.returncode}: {usage.stdout}")
        done = ask(primary, "failover", "registry", "--force", "a fan is loud")
        require(done.returncode == 0, f"{done.returncode}: {done.stdout}{done.stderr}")
        require(cluster.wait_primary(10, other_than=primary) is not primary, "it stayed")
    finally:
        for node in cluster.nodes:
            cluster.minio.server(node).send(signal.SIGCONT)
    cluster.wait_serving(60)
    return done.stdout.strip()


# From each step to the next one nodes of both must understand each other.
OLD, NEW = "/etc/regha/cluster.key", "/etc/regha/next.key"
STEPS = ((OLD,), (OLD, NEW), (NEW, OLD), (NEW,))


def set_keys(cluster, node, keys):
    path = node.etc / "regha/regha.conf"
    text = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("cluster")) + "\n"
    files = ", ".join(f'"{key}"' for key in keys)
    path.write_text(text + f"cluster: {{ key_files = ( {files} ); }};\n")
    require(node.ctl("reload", check=False).returncode == 0, f"{node.name} did not take {keys}")


def silences(cluster):
    """How often each node has missed another one."""
    return [sum(row["to"] == "silent" for row in node.ctl_json("show", "events", "500") if row["kind"] == "node")
            for node in cluster.nodes]


def keys(cluster, _):
    wait_hearing(cluster)
    primary, before = cluster.wait_primary(), silences(cluster)
    cluster.write(NEW, "7c" * 32 + "\n", 0o600, owner="regha")
    for step in STEPS[1:]:
        for node in cluster.nodes:
            set_keys(cluster, node, step)
            for other in cluster.nodes:
                done = ask(node, "ready", other.name)
                require(done.returncode == 0, f"{node.name} -> {other.name} at {step}: {done.stdout}{done.stderr}")
            # Three frames of 200 ms missed would be silence.
            wait_hearing(cluster)
    require(silences(cluster) == before, f"nodes dropped out while keys were changed: {before}, {silences(cluster)}")
    require(cluster.wait_primary() is primary, "the address moved")
    return "three passes over four nodes; each request answered, nobody silent, nothing moved"


if __name__ == "__main__":
    scenario.main([("lab/switchover-loaded", switchover), ("lab/switchover-dry", dry_run), ("lab/switchover-refused", refusals),
                   ("lab/failover-forced", forced), ("lab/key-rotation", keys), ("lab/switchover-rolled-back", rolled_back)], repeat=2)
