#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Two registries: one on every node, of which one purges uploads, and one on the Active node; hooks that hear of it."""
import scenario
from cluster import Cluster
from lab import ADDRESSES, NODES, VIP
from machine import wait_for
from scenario import require

import registry

NOTIFY = "#!/bin/sh\nread uptime rest < /proc/uptime\necho \"$2 $3 $REGHA_FROM $REGHA_NODE\" >> /tmp/told\n"
OTHER = "/etc/docker/registry/other.yml"
UPLOAD = "http://{}:{}/v2/x/blobs/uploads/"


def configuration():
    nodes = ", ".join(f'{{ name = "{name}"; address = "{ADDRESSES[name]}"; }}' for name in NODES)
    return (f"nodes = ( {nodes} );\n"
            f'virtual_routers = ( {{ name = "registry"; vrid = 51; addresses = ( "{VIP}" ); }} );\n'
            f'registries = ( {{ name = "everywhere"; config = "{registry.PATH}"; mode = "active-active"; }},\n'
            f'               {{ name = "other"; config = "{OTHER}"; }} );\n'
            'on_transition = ( "/etc/regha/notify" );\nhook_user = "nobody";\n')


def prepare(cluster):
    cluster.write("/etc/regha/regha.conf", configuration())
    cluster.write("/etc/regha/notify", NOTIFY, 0o755)
    cluster.write(OTHER, registry.configuration().replace("addr: :5000", "addr: :5001"), 0o640, "docker-registry")


def shown(node, name):
    return next(row for row in node.ctl_json("show", "registries") if row["name"] == name)


def runs(node, name):
    return shown(node, name)["state"] == "running"


def told(node):
    return node.run("cat", "/tmp/told", check=False).stdout.splitlines()


def both(cluster, _):
    prepare(cluster)
    cluster.start_and_wait()
    primary = cluster.wait_primary()
    for node in cluster.nodes:
        wait_for(f"{node.name}: a registry runs on every node", lambda: runs(node, "everywhere"), 30, every=0.1)
    wait_for("the other one runs on the Active node", lambda: runs(primary, "other"), 30, every=0.1)
    require([node.name for node in cluster.nodes if runs(node, "other")] == [primary.name], "the other one runs elsewhere, too")
    purging = [node.name for node in cluster.nodes if shown(node, "everywhere")["purges"]]
    require(purging == [primary.name], f"uploads are purged by {purging}, Active is {primary.name}")
    for node in cluster.nodes:
        code = cluster.client.run("curl", "-s", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST",
                                  UPLOAD.format(node.address, 5000), check=False).stdout
        require(code == "202", f"an upload at {node.name} is answered {code}")
    wait_for("a hook heard of the Active role", lambda: any(" MASTER " in line for line in told(primary)), 10, every=0.1)

    pid = {node.name: shown(node, "everywhere")["pid"] for node in cluster.nodes}
    primary.stop()
    successor = cluster.wait_primary(other_than=primary)
    wait_for("the other one runs on the next Active node", lambda: runs(successor, "other"), 30, every=0.1)
    wait_for("its hook heard of it", lambda: f"registry MASTER BACKUP {successor.name}" in told(successor), 10, every=0.1)
    require(told(primary)[-1].startswith("registry STOP "), f"the last word at {primary.name} is {told(primary)[-1:]}")
    require(shown(successor, "everywhere")["pid"] == pid[successor.name], "the one that ran there already was restarted")
    wait_for("an image is served", cluster.serves, 10, every=0.1)
    return f"purged by {primary.name} alone; told at {successor.name}: {told(successor)}"


if __name__ == "__main__":
    scenario.main([("lab/a registry on every node", both)], make=Cluster)
