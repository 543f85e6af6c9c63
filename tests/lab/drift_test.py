#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the nodes know of each other: who is there, and whether each would run the same registry."""
import scenario
from machine import wait_for
from scenario import require

CONFIGURATION = "/etc/docker/registry/config.yml"
SECONDS = 30  # the files are read again every 10 s


def rows(node, *words):
    return {row["name"]: row for row in node.ctl_json("show", *words)}


def sees_all(node):
    known = rows(node, "nodes")
    return len(known) == 4 and all(row["reachable"] and row["digest"] for row in known.values())


def nodes(cluster, _):
    for node in cluster.nodes:
        wait_for(f"{node.name} to hear the three others", lambda node=node: sees_all(node), SECONDS)
    views = [{name: (row["role"], row["digest"], row["version"]) for name, row in rows(node, "nodes").items()}
             for node in cluster.nodes]
    require(all(view == views[0] for view in views), f"the nodes do not say the same: {views}")
    require(len({digest for _, digest, _ in views[0].values()}) == 1, f"not one digest: {views[0]}")
    require([role for role, _, _ in views[0].values()].count("active") == 1, f"not one Active: {views[0]}")
    return "show nodes is the same on all four; one digest, one Active"


def is_drifted(node):
    row = rows(node, "registries")["registry"]
    return bool(row["drifted"]) and node.metric("regha_bundle_drift") == 1


def drift(cluster, _):
    primary = cluster.wait_primary()
    standby = next(node for node in cluster.nodes if node is not primary)
    path = standby.etc / CONFIGURATION.removeprefix("/etc/")
    before, pid = path.read_text(), primary.registry_pid()
    path.write_text(before + "# edited on one node only\n")
    wait_for(f"{standby.name} to be shown as drifted", lambda: is_drifted(standby), SECONDS)
    words = rows(standby, "registries")["registry"]["drift"]
    health = standby.ctl("show", "health", check=False).stdout
    require("not configured identically" in health, f"show health does not say so: {health}")
    path.write_text(before)
    wait_for(f"{standby.name} to be as the others again", lambda: not is_drifted(standby), SECONDS)
    require(primary.registry_pid() == pid, "the registry was restarted")
    return f"told as: {words}"


if __name__ == "__main__":
    scenario.main([("lab/nodes", nodes), ("lab/drift", drift)])
