#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the nodes agreed on is what runs: looked at from outside, in /proc of the registry."""
import hashlib
import pathlib

import scenario
from machine import wait_for
from scenario import require

CONFIGURATION = "docker/registry/config.yml"
SECONDS = 40  # the files are read again every 10 s


def bundle(node):
    return node.ctl_json("show", "bundle")[0]


def runs(node):
    """The digest of the bundle that the registry there was started with, by its command and its folder."""
    pid = node.registry_pid()
    if not pid:
        return None
    try:
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        folder = pathlib.Path(next(word for word in words if word.endswith(b"/registry.yml")).decode()).parent
        whole = pathlib.Path(f"/proc/{pid}/root{folder}/bundle").read_bytes()
    except (OSError, StopIteration):
        return None
    require(hashlib.sha256(whole).hexdigest() == folder.name, f"{folder} holds another bundle than its name says")
    return folder.name


def is_current(cluster, node, digest):
    return runs(node) == digest and all(
        bundle(other)["digest"] == digest and bundle(other)["state"] == "confirmed" for other in cluster.nodes)


def changed_on_one(cluster, _):
    primary = cluster.wait_primary()
    wait_for("a first bundle to be current", lambda: runs(primary) and is_current(cluster, primary, bundle(primary)["digest"]),
             SECONDS)
    before, pid, path = bundle(primary), primary.registry_pid(), primary.etc / CONFIGURATION
    text = path.read_text()
    path.write_text(text + "# edited here only\n")
    wait_for("that to be shown", lambda: bundle(primary)["differs"], SECONDS)
    require("configuration" in primary.ctl("bundle", "diff").stdout, "bundle diff does not name the configuration")
    require((primary.registry_pid(), bundle(primary)["generation"]) == (pid, before["generation"]),
            "something happened to the registry")
    path.write_text(text)
    return f"generation {before['generation']} runs on, and the difference is shown"


def rolled_out(cluster, _):
    primary = cluster.wait_primary()
    before = bundle(primary)["generation"]
    for node in cluster.nodes:
        path = node.etc / CONFIGURATION
        path.write_text(path.read_text() + "# rolled out\n")
    wait_for("it to be published", lambda: bundle(primary)["generation"] == before + 1, SECONDS)
    digest = bundle(primary)["digest"]
    wait_for("it to be run", lambda: is_current(cluster, primary, digest), SECONDS)
    primary.power_off()
    successor = cluster.wait_primary(other_than=primary)
    wait_for("the successor to run it", lambda: runs(successor) == digest, SECONDS)
    return f"generation {before + 1} was published and run, and by the successor after a power-off"


def without_majority(cluster, _):
    cluster.restore()
    primary = cluster.wait_primary()
    for node in [node for node in cluster.nodes if node is not primary][:2]:
        node.stop()
    wait_for("two nodes to be missed", lambda: bundle(primary)["heard"] == 2, SECONDS)
    before, pid = bundle(primary), primary.registry_pid()
    answer = primary.ctl("bundle", "publish", check=False)
    require(answer.returncode == 6 and "a majority decides" in answer.stdout + answer.stderr,
            f"publishing without a majority: {answer.returncode} {answer.stdout}{answer.stderr}")
    require((bundle(primary)["state"], bundle(primary)["digest"]) == ("unconfirmed", before["digest"]),
            f"not shown as unconfirmed: {bundle(primary)}")
    require(primary.registry_pid() == pid, "the registry was restarted")
    return f"refused: {answer.stdout.strip() or answer.stderr.strip()}"


if __name__ == "__main__":
    scenario.main([("lab/bundle", changed_on_one), ("lab/bundle rolled out", rolled_out),
                   ("lab/bundle without a majority", without_majority)])
