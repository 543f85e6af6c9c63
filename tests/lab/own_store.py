#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The Active's own MinIO dies: what all share fails here only, and another node proves it. Half a minute, for tests/lab/long."""
import scenario
from scenario import Skip, require
from store_test import kill_minio, make, moves, settle, since_s, start_minio


def own(cluster, _):
    if not cluster.minio.real:
        raise Skip("needs a real MinIO")
    primary = settle(cluster)
    before = moves(cluster)
    fault = kill_minio(cluster, [primary])
    second = cluster.wait_primary(60, other_than=primary)
    took = since_s(fault)
    cluster.wait_serving(20)
    history = primary.ctl("show", "history", "4").stdout
    require("out of reach from here only" in history, f"show history does not say why: {history}")
    start_minio(cluster, [primary])
    cluster.wait_whole()
    settle(cluster)
    require(moves(cluster) == before + 2, f"{moves(cluster) - before:.0f} changes of state instead of two")
    return f"{second.name} took over {took:.1f} s after (interval and timeout of the probe: 27 s); it moved once"


if __name__ == "__main__":
    scenario.main([("store/own", own)], make=make)
