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
CHECK = "#!/bin/sh\nif [ -e $1 ]; then echo broken; exit 1; else echo whole; fi\n"
OTHER = "/etc/docker/registry/other.yml"
UPLOAD = "http://{}:{}/v2/x/blobs/uploads/"


def configuration():
    nodes = ", ".join(f'{{ name = "{name}"; address = "{ADDRESSES[name]}"; }}' for name in NODES)
    return (f"nodes = ( {nodes} );\n"
            f'virtual_routers = ( {{ name = "registry"; vrid = 51; addresses = ( "{VIP}" ); }} );\n'
            f'registries = ( {{ name = "everywhere"; config = "{registry.PATH}"; mode = "active-active"; }},\n'
            f'               {{ name = "other"; config = "{OTHER}"; }} );\n'
            'probes = ( { name = "command"; type = "exec"; url = "exec:///etc/regha/check"; arguments = ( "/tmp/broken" ); '
            'interval = "200ms"; timeout = "200ms"; rise = 1; fall = 2; } );\n'
            'on_transition = ( "/etc/regha/notify" );\nhook_user = "nobody";\n')


class Everywhere(Cluster):
    def configure(self, **options):
        super().configure(**options)
        self.write("/etc/regha/regha.conf", configuration())
        self.write("/etc/regha/notify", NOTIFY, 0o755)
        self.write("/etc/regha/check", CHECK, 0o755)
        self.write(OTHER, registry.configuration().replace("addr: :5000", "addr: :5001"), 0o640, "docker-registry")


def shown(node, name):
    return next(row for row in node.ctl_json("show", "registries") if row["name"] == name)


def runs(node, name):
    return shown(node, name)["state"] == "running"


def health(node, name):
    return next((row["health"], row["last_result"]) for row in node.ctl_json("show", "probes") if row["name"] == name)


def command(node):
    """The command of an exec probe, by the launcher, as nobody."""
    wait_for("the command says up", lambda: health(node, "command")[0] == "up", 10, every=0.05)
    require("\"whole\"" in health(node, "command")[1], f"its words are {health(node, 'command')}")
    node.run("touch", "/tmp/broken")
    wait_for("the command says down", lambda: health(node, "command")[0] == "down", 10, every=0.05)
    node.run("rm", "/tmp/broken")
    wait_for("the command says up again", lambda: health(node, "command")[0] == "up", 10, every=0.05)


def told(node):
    return node.run("cat", "/tmp/told", check=False).stdout.splitlines()


def both(cluster, _):
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

    command(primary)
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
    scenario.main([("lab/a registry on every node", both)], make=Everywhere)
