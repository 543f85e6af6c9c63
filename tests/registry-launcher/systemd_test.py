#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""regha-launcher with a real systemd: the registry as a unit of its own, in a machine of tests/boot.

systemd_test.py BUILD WANT prints a line per claim. Exit status 1: a claim failed; 77: skipped, with the reason.
"""
import os, pathlib, shutil, signal, statistics, subprocess, sys, threading, time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "boot"))
from machine import Machine, MachineError, wait_for

SKIPPED = 77
BUILD, WANT = sys.argv[1:3]
REGISTRY, UNIT, PORT = "/usr/bin/docker-registry", "regha-registry@registry.service", 5055
CONFIG = "/etc/regha/registry.yml"
YAML = f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: /var/lib/docker-registry}}}}\nhttp: {{addr: ':{PORT}'}}\n"


class Failed(Exception):
    pass


def check(claim, true, detail=""):
    if not true:
        raise Failed(f"{claim}: {detail}")
    print(f"  ok {claim}{': ' + str(detail) if detail != '' else ''}", flush=True)


class Want:
    """What reghad is for the launcher, inside the machine."""

    def __init__(self, machine):
        self.process = subprocess.Popen(machine.enter("/root/want"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.status, self.process_state, self.is_ready = {}, {}, False
        threading.Thread(target=self._read, daemon=True).start()
        wait_for("the channel", lambda: self.is_ready)

    def _read(self):
        for line in self.process.stdout:
            kind, *fields = line.rstrip("\n").split("\t")
            values = dict(field.split("=", 1) for field in fields)
            if kind == "status":
                self.status = values
            elif kind == "process":
                self.process_state = values
            elif kind in ("ready", "lost"):
                self.is_ready = kind == "ready"

    def send(self, **other):
        goal = {"name": "registry", "config": CONFIG, "argv": f"{REGISTRY}|serve|{CONFIG}", "backend": 0,
                "environment": "REGISTRY_HTTP_SECRET=lab|HOME=/nonexistent", "listen": f":{PORT}", "drain_ms": 3000,
                "budget": 20, "window_ms": 60000, "first_ms": 0, "max_ms": 1000, "run": 1, "serial": 1, **other}
        self.process.stdin.write("goal " + "\t".join(f"{key}={value}" for key, value in goal.items()) + "\nend\n")
        self.process.stdin.flush()

    def state(self, claim, text="", seconds=15, **fields):
        def matches():
            return text in self.status.get("detail", "") and all(self.status.get(k) == str(v) for k, v in fields.items())
        try:
            wait_for(claim, matches, seconds, 0.002)
        except MachineError:
            raise Failed(f"{claim}: wanted {fields} {text!r}, is {self.status}") from None
        print(f"  ok {claim}: {self.status['state']}, cause {self.status['cause']}, {self.status['detail'] or '-'}", flush=True)
        return dict(self.status)


def serves(machine):
    return machine.status("bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{PORT} && printf 'GET /v2/ HTTP/1.0\\r\\n\\r\\n' >&3 && "
                          "head -c 12 <&3 | grep -q 200") == 0


def proc_status(machine, pid):
    return dict(line.split(":", 1) for line in machine.run("cat", f"/proc/{pid}/status").splitlines())


def test_start(machine, want):
    want.send()
    status = want.state("it survives its start", state="running", backend=2, starts=1)
    pid = machine.pid(UNIT)
    check("it is the main process of its unit", int(status["pid"]) == pid, pid)
    wait_for("it serves", lambda: serves(machine))
    fields = proc_status(machine, pid)
    check("as its own user", fields["Uid"].split()[0] == machine.run("id", "-u", "docker-registry").strip())
    sets = {key: fields[key].strip() for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
    check("every capability set is empty", all(int(value, 16) == 0 for value in sets.values()), sets)
    check("nothing but its own environment", sorted(machine.run("cat", f"/proc/{pid}/environ").rstrip("\0").split("\0")) ==
          ["HOME=/nonexistent", "REGISTRY_HTTP_SECRET=lab"])
    wait_for("its lines in the journal", lambda: machine.journal("-t", "regha-registry-registry"))
    entry = machine.journal("-t", "regha-registry-registry")[0]
    check("its lines are its own in the journal", entry["_SYSTEMD_UNIT"] == UNIT)
    own = proc_status(machine, machine.pid("regha-launcher"))
    check("the launcher itself keeps three capabilities, its bounding set is empty",
          int(own["CapEff"], 16) == 0xe0 and int(own["CapBnd"], 16) == 0, own["CapEff"].strip())


def test_killed(machine, want):
    spans = []
    for turn in range(8):
        pid = int(want.status["pid"])
        begun = time.monotonic()
        machine.run("kill", "-9", pid)
        killed = time.monotonic()
        wait_for("another process", lambda: int(want.status["pid"]) not in (0, pid), 5, 0.001)
        spans.append((time.monotonic() - killed) * 1000)
        want.state("killed", state="running", cause="signalled", code=9)
    check("from SIGKILL to the new process", max(spans) < 3000,
          f"median {statistics.median(spans):.1f} ms, worst {max(spans):.1f} ms of {len(spans)}")
    wait_for("it serves", lambda: serves(machine))


def test_launcher(machine, want):
    pid, launcher = int(want.status["pid"]), machine.pid("regha-launcher")
    machine.run("kill", "-9", launcher)
    wait_for("the channel is lost", lambda: not want.is_ready, 5, 0.002)
    want.status = {}
    wait_for("the channel is back", lambda: want.is_ready)
    want.state("a launcher killed: the registry is adopted", state="running", pid=pid)
    want.send()
    machine.run("systemctl", "restart", "regha-launcher")
    wait_for("another launcher", lambda: want.is_ready and want.status.get("starts") == "0")
    want.state("a launcher restarted: the registry is adopted", state="running", pid=pid)
    want.send()
    machine.run("kill", "-9", pid)
    again = want.state("a later death is reported and mended", state="running", cause="signalled", code=9, starts=1)
    check("as another process", int(again["pid"]) != pid)
    machine.run("systemctl", "kill", "--kill-whom=main", "--signal=STOP", "regha-launcher")
    machine.run("kill", "-9", again["pid"])
    machine.run("kill", "-9", machine.pid("regha-launcher"))
    wait_for("the channel is lost", lambda: not want.is_ready, 5, 0.002)
    begun = time.monotonic()
    want.status = {}
    wait_for("the channel is back", lambda: want.is_ready)
    want.state("a death without a launcher is mended by the next", state="running", starts=1, cause="unknown")
    check("at once", time.monotonic() - begun < 4, f"{time.monotonic() - begun:.2f} s, one of them to survive")
    want.send()


def test_failures(machine, want):
    want.send(run=0)
    want.state("drained and stopped", state="stopped", cause="asked")
    check("the unit is down", machine.show(UNIT, "ActiveState") in ("inactive", "failed"), machine.show(UNIT, "ActiveState"))
    machine.write("/etc/regha/policy-kept", "")
    write_policy(machine, "registry root " + REGISTRY)
    want.send()
    want.state("uid 0 is refused", state="failed", cause="refused", text="never runs as root")
    want.send(run=0)
    want.state("stopped", state="stopped")
    write_policy(machine, "registry docker-registry /nonexistent/registry")
    want.send(argv="/nonexistent/registry|serve")
    want.state("a missing binary", state="failed", cause="no-binary", text="cannot execute /nonexistent/registry: No such file")
    write_policy(machine)
    machine.write(CONFIG, "version: nonsense\n")
    want.send(budget=2)
    want.state("one that exits at once", state="failed", cause="exited", text="exited with status 1")
    machine.write(CONFIG, YAML)
    machine.run("systemctl", "unmask", "docker-registry.service")
    machine.run("sed", "-i", f"s/addr: :5000/addr: :{PORT}/", "/etc/docker/registry/config.yml")
    machine.run("systemctl", "start", "docker-registry.service")
    wait_for("Debian's own registry", lambda: serves(machine) or machine.status("bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{PORT}") == 0)
    want.send(budget=5)
    holder = machine.pid("docker-registry.service")
    want.state("the port is Debian's registry's", state="failed", cause="port-taken",
               text=f"port {PORT} is taken by docker-registry (pid {holder}, docker-registry.service)")
    machine.run("systemctl", "stop", "docker-registry.service")
    want.state("it starts when the port is free", state="running")
    check("the loop was never held up", want.process_state["stalls"] == "0",
          f"{want.process_state['stalls']} stalls, worst {want.process_state['worst']} {want.process_state['worst_ns']} ns")


def test_bus(machine, want):
    pid = int(want.status["pid"])
    machine.run("systemctl", "restart", "dbus")
    check("a restart of the bus is nothing to the registry", machine.pid(UNIT) == pid)
    machine.run("kill", "-9", pid)
    wait_for("another process", lambda: int(want.status["pid"]) not in (0, pid), 30)
    want.state("its end is mended once the bus is back", state="running")
    machine.run("systemctl", "kill", "--kill-whom=main", "--signal=STOP", "dbus")
    pid = int(want.status["pid"])
    os.kill(host_pid(machine, pid), 9)
    wait_for("the end is seen without the bus", lambda: not registry_is_there(machine, pid))
    want.send(run=0)
    time.sleep(1)
    check("a stopped bus stops nobody", want.is_ready and want.process_state["stalls"] == "0")
    os.kill(host_pid(machine, bus_pid(machine)), signal.SIGCONT)
    want.send()
    want.state("all is well again", state="running", seconds=40)


def host_pid(machine, pid):
    """The number outside of a process of the machine."""
    own = os.readlink(f"/proc/{machine.leader}/ns/pid")
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        try:
            if os.readlink(status.parent / "ns/pid") == own and f"\t{pid}\n" in next(
                    line for line in status.read_text().splitlines(True) if line.startswith("NSpid:")):
                return int(status.parent.name)
        except OSError:
            continue
    raise Failed(f"no process {pid} in the machine")


def registry_is_there(machine, pid):
    return machine.status("kill", "-0", pid) == 0


def bus_pid(machine):
    return int(machine.run("pgrep", "-x", "dbus-daemon").split()[0])


def test_exec(machine, want):
    want.send(run=0, backend=1)
    want.state("stopped", state="stopped")
    want.send(backend=1)
    status = want.state("the other backend works under a unit, too", state="running", backend=1)
    cgroup = machine.run("cat", f"/proc/{status['pid']}/cgroup")
    check("in a cgroup below the launcher's", "regha-launcher.service/regha-registry-registry" in cgroup)
    wait_for("its lines in the journal", lambda: machine.journal("-t", "regha-registry-registry", f"_PID={status['pid']}"))
    machine.run("kill", "-9", machine.pid("regha-launcher"))
    wait_for("the channel is lost", lambda: not want.is_ready, 5, 0.002)
    want.status = {}
    wait_for("the channel is back", lambda: want.is_ready)
    want.state("a launcher killed: it is adopted", state="running", pid=status["pid"])
    want.send(backend=1)


def test_stop(machine, want):
    pid = int(want.status["pid"])
    machine.run("systemctl", "stop", "regha-launcher")
    check("a stop of the launcher stops it first", machine.status("kill", "-0", pid) != 0)
    check("and leaves no record", machine.run("ls", "/run/regha/launcher").split() == [])
    machine.run("systemctl", "start", "regha-launcher")
    wait_for("the channel is back", lambda: want.is_ready)
    want.send()
    pid = int(want.state("as a unit again", state="running", backend=2)["pid"])
    machine.run("systemctl", "stop", "regha-launcher")
    check("a stop of the launcher stops the unit, too", machine.status("kill", "-0", pid) != 0)
    check("the unit is down", machine.show(UNIT, "ActiveState") in ("inactive", "failed"), machine.show(UNIT, "ActiveState"))


def write_policy(machine, line=f"registry docker-registry {REGISTRY}"):
    """Through the machine: its /run is not in the folder below its root."""
    machine.run("sh", "-c", f"echo '{line}' >/run/regha/policy")


def run():
    machine = Machine(lambda text: print("  ", text, flush=True))
    want = None
    try:
        machine.open()
        machine.write(CONFIG, YAML)
        # The policy is written by hand here.
        machine.write("/etc/systemd/system/regha-launcher.service.d/test.conf", "[Service]\nExecStartPre=\n")
        shutil.copy(WANT, machine.root / "root/want")
        machine.boot()
        machine.install(BUILD)
        machine.run("sh", "-ec", "systemctl daemon-reload; systemd-sysusers; systemd-tmpfiles --create")
        write_policy(machine)
        machine.run("systemctl", "start", "regha-launcher")
        want = Want(machine)
        for test in (test_start, test_killed, test_launcher, test_failures, test_bus, test_exec, test_stop):
            print(test.__name__.replace("test_", "").replace("_", " "))
            test(machine, want)
        return 0
    except (Failed, MachineError, subprocess.CalledProcessError) as failed:
        print(f"FAILED {failed}", flush=True)
        if machine.leader:
            print(machine.output("journalctl", "--no-pager", "-n", "60", "--output=short-monotonic")[1])
        return 1
    finally:
        if want:
            want.process.kill()
        machine.close()


def main():
    if os.geteuid() != 0 or not shutil.which("systemd-nspawn"):
        print("skipped: needs root and systemd-nspawn")
        return SKIPPED
    return run()


sys.exit(main())
