#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every metric that an event concerns moves when it happens, seen by a scraper on the node."""
import os
import signal
import subprocess

import scenario
from cluster import Cluster
from lab import VIP
from machine import wait_for
from scenario import Skip, require

# What every node always shows.
FAMILIES = """build_info vrrp_state vrrp_priority vrrp_adverts_sent_total vrrp_adverts_received_total
    vrrp_packets_discarded_total vrrp_transitions_total vrrp_advert_late_total vip_present announcements_sent_total
    address_restored_total probe_up probe_duration_seconds probe_failures_total probe_shallow registry_state
    registry_starts_total registry_exits_total registry_ready_seconds failover_duration_seconds bundle_info bundle_drift
    orphaned loop_lag_seconds process_restarts_total reload_success control_commands_total""".split()


def other(cluster, *nodes):
    return next(node for node in cluster.nodes if node not in nodes)


# Events. Each does one thing on a cluster at rest and returns the node whose metrics tell of it.
def nothing(cluster, primary):
    return primary


def somebody_removes_the_address(cluster, primary):
    primary.run("ip", "address", "delete", f"{VIP}/32", "dev", "eth0")
    return primary


def the_registry_dies(cluster, primary):
    primary.kill("docker-registry")
    return primary


def regha_net_dies(cluster, primary):
    primary.kill("regha-net")
    return primary


def regha_vrrp_stands_still(cluster, primary):
    """For less than a Backup waits, so that only its adverts are late."""
    _, pid = primary.kill("regha-vrrp", signal.SIGSTOP)
    subprocess.run(["sleep", "0.15"], check=True)
    os.kill(pid, signal.SIGCONT)
    return primary


def the_primary_stops(cluster, primary):
    primary.stop()
    successor = cluster.wait_primary(10, other_than=primary)
    cluster.wait_serving(10)
    cluster.start([primary])
    return successor


def a_backup_listens(cluster, primary):
    return other(cluster, primary)


def storage_of_a_backup_dies(cluster, primary):
    backup = other(cluster, primary)
    cluster.minio.server(backup).send(signal.SIGKILL)
    return backup


def its_storage_is_back(cluster, primary):
    backup = other(cluster, primary)
    cluster.minio.start(backup)
    return backup


def a_configuration_differs(cluster, primary):
    backup = other(cluster, primary)
    path = backup.etc / "docker/registry/config.yml"
    path.write_text(path.read_text() + "# changed here only\n")
    return backup


def it_is_the_same_again(cluster, primary):
    backup = other(cluster, primary)
    path = backup.etc / "docker/registry/config.yml"
    path.write_text((primary.etc / "docker/registry/config.yml").read_text())
    return backup


def a_command(cluster, primary):
    primary.ctl("show", "health", check=False)
    return primary


MORE, ONE, ZERO = "more", "one", "zero"
# event: (metric, labels, what it does)
TABLE = {
    nothing: [("vrrp_adverts_sent_total", {}, MORE), ("vrrp_state", {"state": "active"}, ONE),
              ("vip_present", {"vip": VIP}, ONE), ("registry_state", {"state": "running"}, ONE),
              ("loop_lag_seconds_count", {"process": "regha-vrrp"}, MORE), ("orphaned", {}, ZERO)],
    a_backup_listens: [("vrrp_adverts_received_total", {}, MORE), ("vrrp_state", {"state": "backup"}, ONE),
                       ("vip_present", {"vip": VIP}, ZERO), ("probe_duration_seconds_count", {}, MORE)],
    somebody_removes_the_address: [("address_restored_total", {}, MORE), ("announcements_sent_total", {}, MORE),
                                   ("vip_present", {"vip": VIP}, ONE)],
    the_registry_dies: [("registry_exits_total", {"cause": "signalled"}, MORE), ("registry_starts_total", {}, MORE),
                        ("registry_ready_seconds_count", {}, MORE)],
    regha_net_dies: [("process_restarts_total", {"process": "regha-net"}, MORE)],
    regha_vrrp_stands_still: [("vrrp_advert_late_total", {}, MORE)],
    the_primary_stops: [("vrrp_transitions_total", {"to": "active", "reason": "peer-resigned"}, MORE),
                        ("failover_duration_seconds_count", {}, MORE), ("vrrp_state", {"state": "active"}, ONE),
                        ("registry_state", {"state": "running"}, ONE), ("announcements_sent_total", {}, MORE)],
    storage_of_a_backup_dies: [("probe_failures_total", {"reason": "refused"}, MORE)],
    its_storage_is_back: [("probe_duration_seconds_count", {}, MORE)],
    a_configuration_differs: [("bundle_drift", {}, ONE)],
    it_is_the_same_again: [("bundle_drift", {}, ZERO)],
    a_command: [("control_commands_total", {"result": "done"}, MORE)],
}


def moved(node, metric, labels, before, what):
    value = node.metric(f"regha_{metric}", **labels)
    return {MORE: value > before, ONE: value == 1, ZERO: value == 0}[what]


def part_of(event):
    def part(cluster, _):
        cluster.wait_serving(20)
        primary = cluster.wait_primary()
        before = {node.name: node.metrics() for node in cluster.nodes}
        node = event(cluster, primary)
        seen = []
        for metric, labels, what in TABLE[event]:
            words = [f'{key}="{value}"' for key, value in labels.items()]
            old = sum(value for series, value in before[node.name].items()
                      if series.partition("{")[0] == f"regha_{metric}" and all(word in series for word in words))
            wait_for(f"regha_{metric} {labels or ''} of {node.name} to be {what} (was {old:g})",
                     lambda m=metric, l=labels, o=old, w=what: moved(node, m, l, o, w), 20, every=0.2)
            seen.append(metric)
        return f"{node.name}: {', '.join(seen)}"
    return part


def families(cluster, _):
    node = cluster.wait_primary()
    text = node.http("GET", 9651, "/metrics").body
    missing = [name for name in FAMILIES if f"# TYPE regha_{name} " not in text]
    require(not missing, f"missing: {', '.join(missing)}")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    require(done.returncode == 0 and not done.stderr.strip(), f"promtool: {done.stderr.strip()[:300]}")
    return f"{len(FAMILIES)} families are there, promtool finds nothing"


def endpoints(cluster, _):
    """What load balancers ask."""
    primary = cluster.wait_primary()
    backup = other(cluster, primary)
    for node, path, status in ((primary, "/active", 200), (primary, "/backup", 503), (backup, "/active", 503),
                               (backup, "/backup", 200), (primary, "/health", 200)):
        answer = node.http("GET", 9651, path)
        if answer is None or answer.status == 404:
            raise Skip(f"{path} is not served")
        require(answer.status == status, f"{node.name} {path}: {answer.status}, must be {status}: {answer.body[:200]}")
    return "/active /backup /health"


PARTS = [("lab/metrics families", families), ("lab/metrics endpoints", endpoints),
         *((f"lab/metrics {event.__name__.replace('_', ' ')}", part_of(event)) for event in TABLE)]

if __name__ == "__main__":
    scenario.main(PARTS, make=Cluster)
