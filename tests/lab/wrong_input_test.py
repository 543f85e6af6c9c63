#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Wrong input of every kind: a clear message that names the cause, the old state kept, nothing stalled or crashed.

Each part ends as it began: same processes, no stall counted, one holder of the address, no failed request where
clients are not concerned.
"""
import contextlib
import os
import signal
import socket
import time

import packets
import scenario
from cluster import Cluster, regha_configuration
from machine import Machine, wait_for
from node import DAEMONS
from registry import PATH, configuration
from scenario import Skip, require

CONFIG = "/etc/regha/regha.conf"
STALLS = "regha_loop_stalls_total"
# A wait for the storage probe to fail several times, with its longest timeout.
PROBE_S = 40


def configured():
    return Cluster(configuration={"registry_extra": 'restart = { budget = 3; window = "20s"; }; ',
                                  "extra": 'policy = { forget = "5s"; };\n'})


@contextlib.contextmanager
def calm(cluster, nodes=None, same_holder=True):
    """Nothing of regha dies, restarts or stalls in this block, and the address stays."""
    nodes = nodes or cluster.nodes
    cluster.wait_serving(20)
    holder = cluster.wait_primary()
    before = {node.name: {name: node.pid_of(name) for name in DAEMONS} for node in nodes}
    stalls = {node.name: node.metric(STALLS, process="reghad") for node in nodes}
    yield
    after = {node.name: {name: node.pid_of(name) for name in DAEMONS} for node in nodes}
    require(before == after, f"processes changed: {before} to {after}")
    if not cluster.is_sanitized:  # its checks take time of their own
        new = {node.name: node.metric(STALLS, process="reghad") - stalls[node.name] for node in nodes}
        require(not any(new.values()), f"callbacks over their limit: {new}; {worst(nodes)}")
    if same_holder:
        require(cluster.holders() == [holder], f"the address moved: {[node.name for node in cluster.holders()]}")


def worst(nodes):
    return "; ".join(f"{node.name}: {line.strip()}" for node in nodes
                     for line in node.ctl("show", "info", check=False).stdout.splitlines() if "stall" in line.lower())


def says(node, text, name="regha", since=0):
    return text in node.log_text(name)[since:]


def adverts(cluster, _):
    """One malformed advert per reason, from a node's address; the counter of that reason moves on a Backup."""
    primary = cluster.wait_primary()
    target = next(node for node in cluster.nodes if node is not primary)
    source = next(node for node in cluster.nodes if node not in (primary, target)).address
    intruder = cluster.add(Machine("intruder"))
    cluster.switch_on(intruder, "192.0.2.66")
    moved = []
    with calm(cluster), packets.sender(intruder) as raw:
        kinds = packets.malformed(source, target.address)
        for reason, (destination, packet) in kinds.items():
            before = discarded(target, reason)
            for _ in range(3):
                raw.sendto(packet, (destination, 0))
            wait_for(f"the counter of discarded adverts, reason {reason}",
                     lambda: discarded(target, reason) >= before + 3, 5, every=0.1)
            moved.append(reason)
        transitions = sum(node.metric("regha_vrrp_transitions_total") for node in cluster.nodes)
        for at in range(200):
            raw.sendto(packets.ip_packet(source, packets.GROUP, os.urandom(1 + at % 60)),
                       (packets.GROUP, 0))
        require(sum(node.metric("regha_vrrp_transitions_total") for node in cluster.nodes) == transitions,
                "random bytes changed a state")
    cluster.forget_link(intruder)
    return f"{len(moved)} kinds counted ({', '.join(moved)}), 200 random ones; ip-header and own-source cannot cross a kernel"


def discarded(node, reason):
    return node.metric("regha_vrrp_packets_discarded_total", reason=reason)


def refused_reload(cluster, node, expected):
    """A reload is refused with `expected` in what it says; the old configuration runs on."""
    done = node.ctl("reload", check=False, seconds=20)
    text = done.stdout + done.stderr
    require(done.returncode == 1, f"reload: status {done.returncode}: {text[:300]}")
    require(expected in text, f'reload says "{text.strip()[:300]}", not "{expected}"')
    require(node.metric("regha_reload_success") == 0, "regha_reload_success is not 0")


def broken_configuration(cluster, _):
    node = cluster.wait_primary()
    good = (node.etc / "regha/regha.conf").read_text()
    with calm(cluster):
        cluster.write(CONFIG, good.replace("vrid = 51", "vrid = 0"), nodes=[node])
        refused_reload(cluster, node, "regha.conf:5")
        cluster.write(CONFIG, good.replace("vrid", "vridd"), nodes=[node])
        refused_reload(cluster, node, "vridd")
        cluster.write(CONFIG, good[:200], nodes=[node])
        refused_reload(cluster, node, "regha.conf:")
        cluster.write(CONFIG, "\0\1\2" + good, nodes=[node])
        refused_reload(cluster, node, "regha.conf")
        cluster.write(CONFIG, good, mode=0o000, nodes=[node])
        refused_reload(cluster, node, "ermission denied")
        (node.etc / "regha/regha.conf").unlink()
        refused_reload(cluster, node, "o such file")
        cluster.write(CONFIG, good, nodes=[node])
        require(node.ctl("reload").returncode == 0, "the good configuration was refused")
        require(node.metric("regha_reload_success") == 1, "regha_reload_success is not 1 again")
    return "range, unknown key, half a file, binary, unreadable and missing: refused by name, the old one ran on"


def broken_registry_yaml(cluster, _):
    """On the Active the registry runs on with what it was started with; on a Backup it is said beforehand."""
    primary = cluster.wait_primary()
    backup = next(node for node in cluster.nodes if node is not primary)
    pid = primary.registry_pid()
    with calm(cluster):
        for node in (primary, backup):
            cluster.write(PATH, "version: 0.1\nstorage: [s3\nhttp:\n  addr: :5000\n", 0o640, "docker-registry", [node])
        for node in (primary, backup):
            wait_for(f"{node.name} to say what is wrong with the YAML",
                     lambda: any(row.get("config_error") or row.get("captured_error") for row in rows(node)), 15, every=0.2)
        require(primary.registry_pid() == pid, "the registry was restarted")
        for node in (primary, backup):
            cluster.write(PATH, configuration(), 0o640, "docker-registry", [node])
        for node in (primary, backup):
            wait_for(f"{node.name} to be content again",
                     lambda: not any(row.get("config_error") or row.get("captured_error") for row in rows(node)), 15,
                     every=0.2)
    return "shown on Active and Backup with its line, the running registry kept its pid"


def rows(node):
    return node.ctl_json("show", "registries")


def unreadable_registry_yaml(cluster, _):
    primary = cluster.wait_primary()
    pid = primary.registry_pid()
    with calm(cluster):
        cluster.write(PATH, configuration(), 0o600, nodes=[primary])
        os.chown(primary.etc / "docker/registry/config.yml", 0, 0)
        wait_for("the reason to be shown", lambda: any("ermission" in str(row) for row in rows(primary)), 15, every=0.2)
        require(primary.registry_pid() == pid, "the registry was restarted")
        cluster.write(PATH, configuration(), 0o640, "docker-registry", [primary])
        wait_for("it to be content again", lambda: not any("ermission" in str(row) for row in rows(primary)), 15, every=0.2)
    return "named in show registries, the running registry kept its pid"


def unknown_command(cluster, _):
    node = cluster.wait_primary()
    with calm(cluster):
        for words, status in ((("show", "infoo"), 2), (("frobnicate",), 2), (("show",), 2)):
            done = node.ctl(*words, check=False)
            require(done.returncode == status, f"reghactl {' '.join(words)}: status {done.returncode}, not {status}")
            require(done.stdout + done.stderr, f"reghactl {' '.join(words)} says nothing")
        hint = node.ctl("show", "infoo", check=False)
        require("info" in hint.stdout + hint.stderr, "no hint at the nearest command")
        with node.inside_network():
            line = socket.socket(socket.AF_UNIX)
        line.settimeout(5)
        line.connect(f"/proc/{node.pid}/root/run/regha/reghad/control.sock")
        with contextlib.suppress(OSError):
            line.sendall(b"A" * 1_000_000 + b"\n")
            line.recv(4096)
        line.close()
        require("regha" in node.ctl("show", "version").stdout, "the control socket does not answer any more")
    return "refused with a hint; a line of 1 MB too"


def huge_request(cluster, _):
    node = cluster.wait_primary()
    with calm(cluster):
        before = resident_kb(node)
        for words in (b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                      b"GET /metrics HTTP/1.1\r\nX: " + b"b" * 1_000_000 + b"\r\n\r\n",
                      b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b"c" * 1_000_000):
            with node.inside_network():
                plain = socket.create_connection(("127.0.0.1", 9651), 5)
            with plain, contextlib.suppress(OSError):
                plain.sendall(words)
                plain.recv(4096)
        slow = []
        for _ in range(64):
            with node.inside_network():
                slow.append(socket.create_connection(("127.0.0.1", 9651), 5))
            slow[-1].send(b"GET /metr")
        require(node.ctl("show", "info").returncode == 0, "the control socket does not answer")
        for plain in slow:
            plain.close()
        wait_for("/metrics to answer again", lambda: node.metrics(), 15, every=0.2)
        grown = resident_kb(node) - before
        require(grown < 4096, f"reghad grew by {grown} KB")
    return (f"long URL, long header, body of 1 MB, 64 clients that never finish: /metrics goes on, reghad grew by "
            f"{max(grown, 0)} KB")


def resident_kb(node):
    with open(f"/proc/{node.pid_of('reghad')}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def registry_that_exits(cluster, _):
    return lame_registry(cluster, "/bin/false", "exits at once", "exited", "exited with status 1")


def registry_that_is_missing(cluster, _):
    """An empty file that cannot be executed stands for a missing binary."""
    return lame_registry(cluster, "/dev/null", "cannot be executed", "no-binary", "cannot execute /usr/bin/docker-registry")


def lame_registry(cluster, instead, words, cause, expected):
    """Where the registry cannot run the node gives the address away, and says why; another one serves."""
    primary = cluster.wait_primary()
    with calm(cluster, same_holder=False):
        primary.run("mount", "--bind", instead, "/usr/bin/docker-registry")
        before = primary.metric("regha_registry_exits_total", cause=cause)
        primary.kill("docker-registry")
        wait_for(f"the cause {cause} to be counted",
                 lambda: primary.metric("regha_registry_exits_total", cause=cause) > before, 15, every=0.1)
        successor = cluster.wait_primary(30, other_than=primary)
        cluster.wait_serving(10)
        shown = rows(primary)[0]["last_end"]
        primary.run("umount", "/usr/bin/docker-registry")
        require(expected in shown, f'show registries says "{shown}", not "{expected}"')
    return f"a registry that {words}: {primary.name} gave the address to {successor.name}; shown: {shown}"


def port_taken(cluster, _):
    """On every other node somebody else listens on the registry's port; as Debian's own service would, as its user."""
    primary = cluster.wait_primary()
    others = [node for node in cluster.nodes if node is not primary]
    takers = [node.spawn("setpriv", "--reuid", "docker-registry", "--regid", "docker-registry", "--clear-groups", "socat",
                         "TCP-LISTEN:5000,reuseaddr,fork", "SYSTEM:true", log=node.log("taker")) for node in others]
    wait_for("the ports to be taken", lambda: all(node.pids("socat") for node in others), 5)
    primary.stop()
    successor = cluster.wait_primary_but(primary, 10)
    shown = wait_for("the holder of the port to be named",
                     lambda: next((str(row["last_end"]) for row in rows(successor) if " by " in str(row["last_end"])), None),
                     15, every=0.2)
    for taker in takers:
        taker.stop()
    cluster.wait_serving(40)
    cluster.start([primary])
    require("socat" in shown, f"the holder of the port is not named: {shown}")
    return f'shown: "{shown}"; the registry came by itself once the port was free'


def minio_stopped(cluster, _):
    """The primary's own MinIO stands still: shared evidence, the address stays, nothing stalls."""
    if not cluster.minio.real:
        raise Skip("needs the real MinIO")
    primary = cluster.wait_primary()
    with calm(cluster, same_holder=False):
        cluster.minio.server(primary).send(signal.SIGSTOP)
        try:
            seen = probe_trouble(cluster, primary)
        finally:
            cluster.minio.server(primary).send(signal.SIGCONT)
        wait_for("the probes to be up again", lambda: not down(primary), PROBE_S, every=0.5)
        cluster.wait_serving(30)
    return f"seen as {seen}; up again after SIGCONT, address on {cluster.primary().name}"


def minio_blackholed(cluster, _):
    """Every packet to port 9000 of one node disappears, its own included."""
    if not cluster.minio.real:
        raise Skip("needs the real MinIO")
    primary = cluster.wait_primary()
    with calm(cluster, same_holder=False):
        cluster.nft(primary, "table inet hole {\nchain in {\ntype filter hook input priority 0\ntcp dport 9000 drop\n}\n}\n")
        try:
            seen = probe_trouble(cluster, primary)
        finally:
            cluster.nft(primary, "delete table inet hole\n")
        wait_for("the probes to be up again", lambda: not down(primary), PROBE_S, every=0.5)
        cluster.wait_serving(30)
    return f"seen as {seen}; up again when packets pass, address on {cluster.primary().name}"


def probes(node):
    return node.ctl_json("show", "probes")


def down(node):
    return [row for row in probes(node) if row["health"] == "down"]


def probe_trouble(cluster, node):
    def seen():
        return [f"{row['name']} {row['health']} ({row['last_result']})" for row in probes(node)
                if row["type"] == "minio" and row["health"] != "up"]
    return "; ".join(wait_for(f"a storage probe of {node.name} to fail", seen, PROBE_S, every=0.2))


def dead_resolver(cluster, _):
    """A probe of a name that a silent resolver never resolves."""
    node = cluster.wait_primary()
    cluster.write("/etc/resolv.conf", "nameserver 192.0.2.250\noptions timeout:30 attempts:5\n", nodes=[node])
    probe = ('{ name = "elsewhere"; type = "http"; url = "http://storage.example:9000"; scope = "shared"; '
             'interval = "500ms"; timeout = "400ms"; }')
    with calm(cluster):
        good = (node.etc / "regha/regha.conf").read_text()
        cluster.write(CONFIG, regha_configuration(probes=probe, **cluster.configuration), nodes=[node])
        node.ctl("reload")
        wait_for("the probe to be down", lambda: any(row["name"] == "elsewhere" for row in down(node)), 20, every=0.2)
        text = next(row["last_result"] for row in probes(node) if row["name"] == "elsewhere")
        begun = time.monotonic()
        for _ in range(20):
            node.ctl("show", "info")
        taken_ms = (time.monotonic() - begun) * 1000 / 20
        cluster.write(CONFIG, good, nodes=[node])
        cluster.write("/etc/resolv.conf", "", nodes=[node])
        node.ctl("reload")
    return f'down with "{text}", commands answered in {taken_ms:.0f} ms meanwhile'


def secrets(cluster, _):
    """No key and no password in any log, command line or environment of regha."""
    words = ("lab-password", "6b6b6b6b6b6b6b6b")
    for node in cluster.nodes:
        for word in words:
            require(word not in node.log_text(), f"{node.name}: a secret is in the log")
        for name in DAEMONS:
            pid = node.pid_of(name)
            for kind in ("cmdline", "environ"):
                with open(f"/proc/{pid}/{kind}", "rb") as file:
                    require(not any(word.encode() in file.read() for word in words), f"{name}: a secret in its {kind}")
        for command in ("config", "registries", "info", "errors"):
            text = node.ctl("show", command, check=False).stdout
            require(not any(word in text for word in words), f"a secret in show {command}")
    return "none in logs, command lines, environments, show config"


PARTS = [("lab/wrong adverts", adverts), ("lab/wrong configuration", broken_configuration),
         ("lab/wrong registry YAML", broken_registry_yaml), ("lab/unreadable registry YAML", unreadable_registry_yaml),
         ("lab/unknown command", unknown_command), ("lab/HTTP request of 1 MB", huge_request),
         ("lab/dead resolver", dead_resolver), ("lab/MinIO stopped", minio_stopped),
         ("lab/MinIO blackholed", minio_blackholed), ("lab/registry exits at once", registry_that_exits),
         ("lab/registry missing", registry_that_is_missing), ("lab/port taken", port_taken),
         ("lab/no secret shown", secrets)]

if __name__ == "__main__":
    scenario.main(PARTS, make=configured)
