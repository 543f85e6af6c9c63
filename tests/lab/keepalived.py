# SPDX-License-Identifier: GPL-2.0-or-later
"""The peer to compare with: Debian's keepalived with notify scripts that start and stop the registry."""
import os
import signal

import kernel
from lab import VIP

PRIORITIES = (150, 140, 130, 120)

CONFIGURATION = """\
global_defs {{
    router_id {name}
    enable_script_security
    script_user root
    vrrp_version 3
}}
vrrp_script registry {{
    script "/etc/keepalived/check"
    interval 1
    timeout 1
    fall 2
    rise 1
}}
vrrp_instance registry {{
    state BACKUP
    nopreempt
    interface eth0
    virtual_router_id 51
    priority {priority}
    advert_int 0.1
    virtual_ipaddress {{
        {vip}/32
    }}
    track_script {{
        registry
    }}
    notify_master "/etc/keepalived/registry start"
    notify_backup "/etc/keepalived/registry stop"
    notify_fault "/etc/keepalived/registry stop"
    notify_stop "/etc/keepalived/registry stop"
}}
"""

NOTIFY = """\
#!/bin/sh
case $1 in
start)
    setsid setpriv --reuid docker-registry --regid docker-registry --clear-groups \\
        docker-registry serve /etc/docker/registry/config.yml >>/run/registry.log 2>&1 </dev/null &
    ;;
stop)
    pkill -TERM -x docker-registry ;;
esac
exit 0
"""

# A Backup has no registry to ask for.
CHECK = """\
#!/bin/sh
ip -4 address show dev eth0 | grep -q 'inet {vip}/' || exit 0
exec curl -sf -m 0.9 -o /dev/null http://127.0.0.1:5000/v2/
"""


def configure(cluster, interval="0.1"):
    for node, priority in zip(cluster.nodes, PRIORITIES):
        text = CONFIGURATION.format(name=node.name, priority=priority, vip=VIP)
        cluster.write("/etc/keepalived/keepalived.conf", text.replace("advert_int 0.1", f"advert_int {interval}"),
                      nodes=[node])
    cluster.write("/etc/keepalived/registry", NOTIFY, 0o755)
    cluster.write("/etc/keepalived/check", CHECK.format(vip=VIP), 0o755)


class Keepalived:
    """keepalived on every node, with the words of Node where a measurement needs them."""

    PROGRAMS = ("keepalived",)

    def __init__(self, cluster):
        self._running = {}
        self._cluster = cluster
        configure(cluster)

    def start(self, nodes):
        for node in nodes:
            self._running[node.name] = node.spawn("keepalived", "--dont-fork", "--log-console", "--log-detail",
                                                  log=node.log("keepalived"))

    def stop(self, node):
        instant = kernel.now_ns()
        self._running.pop(node.name).stop(10)
        return instant

    def kill_registry(self, node):
        pid = node.registry_pid()
        instant = kernel.now_ns()
        os.kill(pid, signal.SIGKILL)
        return instant
