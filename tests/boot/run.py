#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The units on a machine with a real systemd: start, death of each process, watchdog, stop.

usage: run.py [CASE...]   Needs root; the build is in $REGHA_BUILD, by default build/ of this tree.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

from machine import Machine, MachineError, run, wait_for

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("REGHA_BUILD", ROOT / "build"))
VIP = "10.77.0.100"
MARKER = "127.77.0.1"  # on loopback, of no use but to be told about
UNITS = {"reghad": "regha", "regha-vrrp": "regha-vrrp", "regha-net": "regha-net",
         "regha-launcher": "regha-launcher"}
SECURITY = {"reghad": 1.6, "regha-vrrp": 2.4, "regha-net": 2.4, "regha-launcher": 3.3}
# Of CAP_*: KILL 5, SETGID 6, SETUID 7, NET_ADMIN 12, NET_RAW 13, IPC_LOCK 14, SYS_NICE 23.
CAPABILITIES = {"reghad": (), "regha-vrrp": (13, 14, 23), "regha-net": (12, 13),
                "regha-launcher": (5, 6, 7)}
REGISTRY_UNIT = "regha-registry@*.service"
# Slower than the default, 100 ms, so that a busy machine does not make a death look like a silence.
CONFIG = f"""nodes = ( {{ name = "n1"; address = "{Machine.ADDRESS}"; }},
          {{ name = "n2"; address = "10.77.0.12"; }} );
virtual_routers = ( {{ vrid = 51; addresses = ( "{VIP}" ); advert_interval = "250ms"; }} );
registries = ( {{ config = "/etc/regha/registry.yml"; }} );
"""
REGISTRY = """version: 0.1
log: { accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: /var/lib/docker-registry } }
http: { addr: ":5000" }
"""


def say(text):
    print(text, flush=True)


def expect(condition, text):
    if not condition:
        raise MachineError(text)


# -- what is looked at ---------------------------------------------------------------------------

def has_address(machine):
    return VIP in run("ip", "-n", machine.name, "-4", "address", "show", "dev", "eth0")


ASK = """import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1], 5000, timeout=2)
connection.request("GET", "/v2/")
print(connection.getresponse().status)
"""


def answers(machine):
    done = subprocess.run(["ip", "netns", "exec", machine.client, sys.executable, "-c", ASK, VIP],
                          capture_output=True, text=True, timeout=20)
    return done.stdout.strip() == "200"


def registry_pid(machine):
    """Of the one that serves, whichever backend started it; None: there is none."""
    status, out = machine.output("pgrep", "-x", "docker-registry")
    return int(out) if status == 0 and out.strip().isdigit() else None


def pids(machine):
    return {unit: machine.pid(unit) for unit in UNITS}


def wait_serving(machine, seconds=20):
    wait_for("the virtual address", lambda: has_address(machine), seconds, 0.05)
    wait_for("an answer of the registry through it", lambda: answers(machine), seconds, 0.1)


class AddressWatch:
    """Every change of addresses on the machine, as the kernel tells it."""

    def __init__(self, machine):
        self.name = machine.name
        self.file = machine.folder / "addresses"
        self.out = open(self.file, "wb")
        self.process = subprocess.Popen(["ip", "-n", machine.name, "monitor", "address"],
                                        stdin=subprocess.DEVNULL, stdout=self.out)
        wait_for("the kernel's events to be heard", self.hears, 20, 0.05)

    def hears(self):
        """Whether it tells of an address that comes and goes; before that a removal would go unseen."""
        for change in ("add", "del"):
            subprocess.run(["ip", "-n", self.name, "address", change, f"{MARKER}/32", "dev", "lo"], check=True)
        return MARKER in self.file.read_text()

    def removals(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.out.close()
        return [line for line in self.file.read_text().splitlines()
                if VIP in line and line.startswith("Deleted")]


# -- cases, in this order ------------------------------------------------------------------------

def it_is_installed_as_readme_says(machine):
    """README, "Use it", but for the compiler and the last line: that is all_start."""
    text = (ROOT / "README.md").read_text().partition("## Use it")[2]
    lines = [line.strip().partition("#")[0].strip() for line in text.splitlines()
             if line.startswith("    sudo ")]
    commands = [line.replace("sudo ", "") for line in lines]
    expect(commands[-1] == "systemctl enable --now reghad", f"README has other lines: {lines}")
    machine.install(BUILD)
    for command in commands[:-1]:
        machine.run("sh", "-ec", command)
    machine.run("journalctl", "--update-catalog")
    state = machine.run("stat", "-c", "%a", "/etc/regha/cluster.key").strip()
    expect(state == "600", f"the mode of the key is {state}")
    machine.notes.append("; ".join(commands[:-1]))


def units_are_well_formed(machine):
    units = [f"/usr/lib/systemd/system/{unit}.service" for unit in (*UNITS, "regha-orphan", "regha-drain")]
    status, out = machine.output("systemd-analyze", "verify", "--man=no", *units)
    expect(status == 0 and not out.strip(), out.strip())


def sandboxes_are_tight(machine):
    loose = []
    for unit, most in SECURITY.items():
        _, out = machine.output("systemd-analyze", "security", "--no-pager", f"{unit}.service")
        found = re.search(r"exposure level for \S+: ([0-9.]+)", out)
        expect(found, f"no figure for {unit}: {out[-200:]}")
        machine.notes.append(f"{unit} {found[1]} of {most}")
        if float(found[1]) > most:
            loose.append(f"{unit} {found[1]}")
    expect(not loose, f"looser than promised: {loose}")


def all_start(machine):
    begun = time.monotonic()
    machine.run("systemctl", "enable", "--now", "reghad.service")
    machine.notes.append(f"systemctl enable --now took {time.monotonic() - begun:.2f} s")
    for unit in UNITS:
        wait_for(f"{unit} to run", lambda: machine.show(unit, "SubState") == "running")
    wait_serving(machine)
    machine.notes.append(f"the registry answers through {VIP} after {time.monotonic() - begun:.2f} s")
    wait_for("its line in systemctl status", lambda: machine.show("reghad", "StatusText") ==
             "active, 1 of 1 registries running")


def the_key_may_be_roots(machine):
    """reghad gets it as a credential, and cannot change it."""
    machine.run("chown", "root:root", "/etc/regha/cluster.key")
    machine.run("systemctl", "restart", "reghad")
    wait_serving(machine)
    told = " ".join(entry["MESSAGE"] for entry in machine.journal("-t", "reghad"))
    expect("no cluster key" not in told, "reghad does not find it")
    machine.run("mv", "/etc/regha/cluster.key", "/etc/regha/away")
    machine.run("systemctl", "restart", "reghad")
    wait_for("a word about the missing key", lambda: any(
        "no cluster key" in entry["MESSAGE"] for entry in machine.journal("-t", "reghad")))
    machine.run("mv", "/etc/regha/away", "/etc/regha/cluster.key")
    machine.run("systemctl", "restart", "reghad")
    wait_serving(machine)


def secrets_of_probes_reach_reghad(machine):
    """As root's files, each by its name; and without their folder reghad starts all the same."""
    machine.run("sh", "-c", "umask 077; echo me:secret >/etc/regha/credentials/puller")
    machine.run("systemctl", "restart", "reghad")
    wait_serving(machine)
    handed = "/run/credentials/reghad.service/probe_puller"
    expect(machine.run("cat", handed).strip() == "me:secret", "reghad has no copy of it")
    machine.run("setpriv", "--reuid=regha", "--regid=regha", "--clear-groups", "test", "-r", handed)
    machine.run("rm", "-r", "/etc/regha/credentials")
    machine.run("systemctl", "restart", "reghad")
    wait_serving(machine)
    machine.run("systemd-tmpfiles", "--create", "regha.conf")
    machine.run("test", "-d", "/etc/regha/credentials")


def each_runs_confined(machine):
    for unit, user in UNITS.items():
        text = machine.run("cat", f"/proc/{machine.pid(unit)}/status")
        fields = dict(line.split(":", 1) for line in text.splitlines())
        uid = machine.run("id", "-u", user).strip()
        expect(set(fields["Uid"].split()) == {uid}, f"{unit} runs as {fields['Uid']}")
        for name in ("CapEff", "CapPrm"):
            held = int(fields[name], 16)
            expect(held & ~sum(1 << bit for bit in CAPABILITIES[unit]) == 0,
                   f"{unit} holds {name} {fields[name].strip()}")
        for name in ("CapInh", "CapAmb"):
            expect(int(fields[name], 16) == 0, f"{unit} holds {name} {fields[name].strip()}")
        expect(fields["NoNewPrivs"].strip() == "1", f"{unit} could gain privileges")
        expect(fields["Seccomp"].strip() == "2", f"{unit} has no filter of system calls")


def the_registry_is_no_root(machine):
    pid = registry_pid(machine)
    expect(pid, "no registry runs")
    text = machine.run("cat", f"/proc/{pid}/status")
    fields = dict(line.split(":", 1) for line in text.splitlines())
    uid = machine.run("id", "-u", "docker-registry").strip()
    expect(set(fields["Uid"].split()) == {uid}, f"it runs as {fields['Uid']}")
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        expect(int(fields[name], 16) == 0, f"it holds {name} {fields[name].strip()}")
    unit = machine.run("systemctl", "list-units", "--plain", "--no-legend", REGISTRY_UNIT)
    expect("running" in unit, f"it is no unit of its own: {unit}")
    machine.notes.append(f"{unit.split()[0]} as user docker-registry, without capabilities")


def the_journal_has_fields(machine):
    entries = [entry for unit in UNITS for entry in machine.journal("-t", unit)]
    fields = sorted({name for entry in entries for name in entry if name.startswith("REGHA_")})
    expect({"REGHA_NODE", "REGHA_VROUTER", "REGHA_REGISTRY", "REGHA_FROM", "REGHA_TO",
            "REGHA_REASON"} <= set(fields), f"only {fields} in {len(entries)} lines")
    without = [entry["MESSAGE"] for entry in entries
               if entry.get("_TRANSPORT") == "journal" and "MESSAGE_ID" not in entry]
    expect(not without, f"without MESSAGE_ID: {without[:3]}")
    expect(any(entry.get("_TRANSPORT") == "journal" for entry in entries),
           "nothing came by the journal's own protocol")
    machine.notes.append(f"{len(entries)} lines with {', '.join(fields[:12])}")


def only_its_registries(machine):
    """What polkit lets regha-launcher do."""
    ask = ("systemd-run", "--quiet", "--wait", "--pipe", "--property=User=regha-launcher", "busctl",
           "call", "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
           "org.freedesktop.systemd1.Manager")
    status, out = machine.output(*ask, "StopUnit", "ss", "dbus.service", "replace")
    expect(status != 0, f"it could stop dbus: {out}")
    status, out = machine.output(*ask, "RestartUnit", "ss", "regha-registry@../x.service", "replace")
    expect(status != 0, f"it could name another unit: {out}")
    status, out = machine.output(*ask, "ResetFailedUnit", "s", "regha-registry@nobody.service")
    expect("denied" not in out.lower() and "authentication" not in out.lower(),
           f"it may not touch its own: {out}")


def kill_one(machine, unit):
    before, registry = pids(machine), registry_pid(machine)
    watch = AddressWatch(machine)
    begun = time.monotonic()
    machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", unit)
    wait_for(f"another {unit}", lambda: machine.pid(unit) not in (0, before[unit]) and
             machine.show(unit, "SubState") == "running", 20)
    back = time.monotonic() - begun
    time.sleep(1.5)  # what it breaks may take a moment to show
    removals = watch.removals()
    after = pids(machine)
    expect(not removals and has_address(machine), f"the address moved: {removals}")
    others = [name for name in UNITS if name != unit and after[name] != before[name]]
    expect(not others, f"{others} went down with it")
    expect(registry_pid(machine) == registry, f"registry {registry} is now {registry_pid(machine)}")
    expect(answers(machine), "the registry does not answer")
    machine.notes.append(f"{unit} ready again after {back:.2f} s")


def kill_9_of_reghad(machine):
    kill_one(machine, "reghad")


def kill_9_of_regha_vrrp(machine):
    kill_one(machine, "regha-vrrp")


def kill_9_of_regha_net(machine):
    kill_one(machine, "regha-net")


def kill_9_of_regha_launcher(machine):
    kill_one(machine, "regha-launcher")


def kill_9_of_the_registry(machine):
    before = registry_pid(machine)
    expect(before, "no registry runs")
    watch = AddressWatch(machine)
    machine.run("kill", "-KILL", before)
    wait_for("another registry", lambda: registry_pid(machine) not in (None, before), 10)
    wait_for("its answer", lambda: answers(machine), 10)
    expect(not watch.removals(), "the address moved")


def kill_9_of_launcher_and_registry(machine):
    """Nobody saw the registry die, and the bus is not connected yet when its loss is noticed."""
    before, registry = pids(machine), registry_pid(machine)
    expect(registry, "no registry runs")
    watch = AddressWatch(machine)
    machine.run("kill", "-KILL", before["regha-launcher"], registry)
    begun = time.monotonic()
    wait_for("another registry", lambda: registry_pid(machine) not in (None, registry), 15)
    wait_for("its answer", lambda: answers(machine), 10)
    machine.notes.append(f"the registry answers again after {time.monotonic() - begun:.2f} s")
    expect(not watch.removals(), "the address moved")


def kill_9_of_all_four_at_once(machine):
    before, registry = pids(machine), registry_pid(machine)
    watch = AddressWatch(machine)
    machine.run("kill", "-KILL", *before.values())
    wait_for("all of them", lambda: all(
        machine.pid(unit) not in (0, before[unit]) and machine.show(unit, "SubState") == "running"
        for unit in UNITS), 20)
    wait_serving(machine)
    time.sleep(1.5)
    removals = watch.removals()
    machine.notes.append(f"the address was {'taken off and put back' if removals else 'never off'}")
    expect(answers(machine), "the registry does not answer")
    if not removals:
        expect(registry_pid(machine) == registry, "the registry was restarted")


def a_stopped_regha_vrrp_is_replaced(machine):
    """The watchdog: SIGSTOP answers nobody."""
    before = pids(machine)
    os.kill(host_pid(machine, before["regha-vrrp"]), signal.SIGSTOP)
    begun = time.monotonic()
    wait_for("another regha-vrrp", lambda: machine.pid("regha-vrrp") not in
             (0, before["regha-vrrp"]) and machine.show("regha-vrrp", "SubState") == "running", 30)
    machine.notes.append(f"replaced after {time.monotonic() - begun:.1f} s, "
        f"WatchdogUSec={machine.show('regha-vrrp', 'WatchdogUSec')}")
    wait_serving(machine)
    after = pids(machine)
    others = [name for name in UNITS if name != "regha-vrrp" and after[name] != before[name]]
    expect(not others, f"{others} went down with it")


def host_pid(machine, pid):
    """The number that a process of the machine has here."""
    space = os.readlink(f"/proc/{machine.leader}/ns/pid")
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(path / "ns/pid") != space:
                continue
            line = re.search(r"^NSpid:.*", (path / "status").read_text(), re.M)[0]
        except OSError:
            continue
        if int(line.split()[-1]) == pid:
            return int(path.name)
    raise MachineError(f"no process {pid} on the machine")


def a_reload_keeps_all_pids(machine):
    before, registry = pids(machine), registry_pid(machine)
    watch = AddressWatch(machine)
    policy = machine.run("stat", "-c", "%i", "/run/regha/policy")
    machine.run("systemctl", "reload", "reghad")
    wait_for("the end of it", lambda: machine.show("reghad", "SubState") == "running")
    time.sleep(0.5)
    expect(not watch.removals(), "the address moved")
    expect(pids(machine) == before and registry_pid(machine) == registry, "something was restarted")
    expect(machine.run("stat", "-c", "%i", "/run/regha/policy") != policy, "the policy is the old one")
    expect(machine.run("stat", "-c", "%U %a", "/run/regha/policy") == "root 644\n", "not root's")


def restarts_move_nothing(machine):
    """As an upgrade does: one unit after the other, each ready before the next."""
    registry = registry_pid(machine)
    for unit in UNITS:
        before, watch = pids(machine), AddressWatch(machine)
        begun = time.monotonic()
        machine.run("systemctl", "restart", unit)
        machine.notes.append(f"{unit} {time.monotonic() - begun:.2f} s")
        time.sleep(1.5)
        removals, after = watch.removals(), pids(machine)
        expect(not removals, f"restart of {unit}: {removals}")
        expect(all((after[name] != before[name]) == (name == unit) for name in UNITS),
               f"restart of {unit}: {before} {after}")
        expect(registry_pid(machine) == registry, f"restart of {unit}: the registry went")
    expect(answers(machine), "the registry does not answer")


def a_wrong_configuration_is_refused_once(machine):
    """Refused at the reload; after a crash reghad stays down, what runs runs on."""
    before, registry = pids(machine), registry_pid(machine)
    watch = AddressWatch(machine)
    machine.write("/etc/regha/regha.conf", CONFIG.replace("vrid = 51", "vrid = 0"))
    try:
        machine.status("systemctl", "reload", "reghad")
        time.sleep(0.5)
        expect(pids(machine) == before, "a refused reload restarted something")
        machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "reghad")
        wait_for("its failure", lambda: machine.show("reghad", "ActiveState") == "failed", 10)
        state = machine.show("reghad", "ExecMainStatus", "NRestarts")
        expect(state["ExecMainStatus"] == "78", f"it ended with {state['ExecMainStatus']}")
        machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "regha-launcher")
        wait_for("another launcher", lambda: machine.pid("regha-launcher") not in
                 (0, before["regha-launcher"]), 10)
        time.sleep(2)
        expect(machine.show("reghad", "NRestarts") == state["NRestarts"], "it is tried in a loop")
        expect(registry_pid(machine) == registry and answers(machine), "the registry was harmed")
        told = [entry["MESSAGE"] for entry in machine.journal("-u", "reghad.service")]
        expect(any("vrid" in text for text in told), f"the journal does not name it: {told[-5:]}")
    finally:
        machine.write("/etc/regha/regha.conf", CONFIG)
        machine.run("systemctl", "restart", "reghad")
    wait_serving(machine)
    expect(pids(machine)["regha-vrrp"] == before["regha-vrrp"], "the repair restarted regha-vrrp")
    expect(not watch.removals(), "the address moved")


def a_stop_without_reghad_stops_the_rest(machine):
    """reghad is down for good, the others are not."""
    machine.write("/etc/regha/regha.conf", "nodes = (")
    try:
        machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "reghad")
        wait_for("its failure", lambda: machine.show("reghad", "ActiveState") == "failed", 10)
        wait_for("its stand-in", lambda: machine.show("regha-orphan", "ActiveState") == "active")
        time.sleep(0.5)
        expect(answers(machine), "the registry does not answer")
        machine.run("systemctl", "stop", "reghad")
        expect(not left_processes(machine), f"left: {left_processes(machine)}")
        expect(not has_address(machine), "the address is still there")
    finally:
        machine.write("/etc/regha/regha.conf", CONFIG)
        machine.run("systemctl", "start", "reghad")
    wait_serving(machine)
    expect(machine.show("regha-orphan", "ActiveState") == "inactive", "the stand-in stays")


def left_processes(machine):
    users = ",".join({*UNITS.values(), "docker-registry"})
    return machine.output("ps", "-u", users, "-o", "pid=,user=,args=")[1].strip()


def left_cgroups(machine):
    out = machine.run("find", "/sys/fs/cgroup", "-type", "d", "-name", "*regha*")
    return sorted({os.path.basename(path) for path in out.split()} - {"system-regha\\x2dregistry.slice"})


def stop_leaves_nothing(machine):
    begun = time.monotonic()
    machine.run("systemctl", "stop", "reghad", seconds=120)
    machine.notes.append(f"systemctl stop took {time.monotonic() - begun:.2f} s")
    wait_for("the end of all units", lambda: all(
        machine.show(unit, "ActiveState") == "inactive" for unit in UNITS), 60, 0.1)
    wait_for("the end of all processes", lambda: not left_processes(machine), 5)
    expect(not has_address(machine), "the address is still there")
    expect(not left_cgroups(machine), f"cgroups: {left_cgroups(machine)}")
    rules = machine.run("nft", "list", "ruleset").strip()
    expect(not rules, f"rules: {rules[:200]}")


def it_starts_again_with_the_machine(machine):
    """Enabled: as the boot would start it."""
    expect(machine.run("systemctl", "is-enabled", "reghad").strip() == "enabled", "not enabled")
    machine.run("systemctl", "isolate", "multi-user.target")
    wait_serving(machine)


def a_dead_launcher_leaves_no_registry_behind(machine):
    """The net: stopped while no launcher can be started that would."""
    program = machine.root / "usr/lib/regha/regha-launcher"
    program.chmod(0o644)
    try:
        machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "regha-launcher")
        wait_for("its failure", lambda: machine.show("regha-launcher", "ExecMainStatus") == "203")
        expect(registry_pid(machine), "the registry did not outlive it")
        machine.run("systemctl", "stop", "reghad")
        wait_for("the end of all processes", lambda: not left_processes(machine), 30, 0.1)
        expect(not has_address(machine), "the address is still there")
    finally:
        program.chmod(0o755)


CONTAINER = ("NET_ADMIN", "NET_RAW", "SETUID", "SETGID", "SETPCAP", "KILL", "CHOWN", "DAC_OVERRIDE",
             "FOWNER")  # as in the example of reghad(8)


def regha_init_does_without_units(machine):
    """As in a container: no more capabilities than reghad(8) names, the registry its child."""
    bounds = " ".join("CAP_" + name for name in CONTAINER)
    machine.run("systemd-run", "--unit=container", f"--property=CapabilityBoundingSet={bounds}",
                "--property=KillMode=process", "/usr/lib/regha/regha-init")
    wait_serving(machine)
    init = machine.pid("container")
    for program in UNITS:
        before = int(machine.run("pgrep", "-x", program))
        registry, watch = registry_pid(machine), AddressWatch(machine)
        machine.run("kill", "-KILL", before)
        wait_for(f"another {program}", lambda: machine.output("pgrep", "-x", program)[1].strip()
                 not in ("", str(before)))
        time.sleep(1)
        expect(not watch.removals() and has_address(machine), f"{program} took the address along")
        expect(registry_pid(machine) == registry, f"{program} took the registry along")
    expect(answers(machine), "the registry does not answer")
    expect(machine.pid("container") == init, "regha-init was restarted")
    begun = time.monotonic()
    machine.run("systemctl", "stop", "container")
    machine.notes.append(f"the stop took {time.monotonic() - begun:.2f} s")
    expect(not left_processes(machine), f"left: {left_processes(machine)}")
    expect(not has_address(machine), "the address is still there")


def power_off_gives_the_address_away(machine):
    machine.run("systemctl", "start", "reghad")
    wait_serving(machine)
    begun = time.monotonic()
    os.kill(machine.leader, signal.SIGRTMIN + 4)
    wait_for("the loss of the address", lambda: not has_address(machine), 5)
    gone = time.monotonic() - begun
    machine.nspawn.wait(30)
    expect(time.monotonic() - begun < 5, f"{time.monotonic() - begun:.1f} s: somebody waits for "
           "what has stopped already")
    machine.notes.append(f"the address was gone after {gone:.2f} s, the machine after {time.monotonic() - begun:.2f} s")


CASES = (it_is_installed_as_readme_says, units_are_well_formed, sandboxes_are_tight, all_start, the_key_may_be_roots,
         secrets_of_probes_reach_reghad, each_runs_confined,
         the_registry_is_no_root, the_journal_has_fields, only_its_registries, kill_9_of_reghad,
         kill_9_of_regha_vrrp, kill_9_of_regha_net, kill_9_of_regha_launcher, kill_9_of_the_registry,
         kill_9_of_launcher_and_registry, kill_9_of_all_four_at_once,
         a_stopped_regha_vrrp_is_replaced, a_reload_keeps_all_pids,
         restarts_move_nothing, a_wrong_configuration_is_refused_once,
         a_stop_without_reghad_stops_the_rest, stop_leaves_nothing, it_starts_again_with_the_machine,
         a_dead_launcher_leaves_no_registry_behind, regha_init_does_without_units,
         power_off_gives_the_address_away)


# -- running them --------------------------------------------------------------------------------

def prepare(machine):
    machine.open()
    machine.write("/etc/regha/regha.conf", CONFIG)
    machine.write("/etc/regha/registry.yml", REGISTRY)
    begun = time.monotonic()
    machine.boot()
    say(f"   a Debian machine, booted in {time.monotonic() - begun:.1f} s")


def run_case(case, machine):
    machine.notes.clear()
    try:
        case(machine)
    except Exception as error:  # the next cases still tell something
        reason = " ".join(str(error).split())
        say(f"FAILED {case.__name__}: {reason[:600] or type(error).__name__}")
        if machine.nspawn.poll() is not None:
            return False
        _, out = machine.output("journalctl", "--no-pager", "--lines=12", "--output=cat",
                                "-u", "regha*", "-u", "reghad")
        print("".join(f"     | {line}\n" for line in out.splitlines()), end="", flush=True)
        return False
    say(f"ok {case.__name__}" + (": " + "; ".join(machine.notes) if machine.notes else ""))
    return True


def interrupt(_number, _frame):
    raise KeyboardInterrupt


def main(names):
    if os.geteuid() != 0:
        say("SKIPPED boot: needs root")
        say("0 passed, 0 failed, 1 skipped")
        return 0
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)
    always = (it_is_installed_as_readme_says, all_start)
    cases = [case for case in CASES if not names or case.__name__ in names or case in always]
    passed = failed = 0
    machine = Machine(lambda text: say("   " + text))
    try:
        prepare(machine)
        for case in cases:
            if run_case(case, machine):
                passed += 1
            else:
                failed += 1
    except KeyboardInterrupt:
        say("FAILED boot: interrupted")
        failed += 1
    except Exception as error:
        say(f"FAILED boot: {error}")
        failed += 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # taking it all away is quick, and not optional
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        machine.close()
    say(f"{passed} passed, {failed} failed, 0 skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
