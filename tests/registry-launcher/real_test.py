#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""regha-launcher with a real docker-registry: started, killed, left alone, refused, drained.

real_test.py LAUNCHER WANT runs in network, mount and process namespaces of its own (root), and prints a line per
claim. Exit status 1: a claim failed; 77: skipped, with the reason.
"""
import hashlib, http.client, os, pathlib, shutil, signal, socket, statistics, subprocess, sys, tempfile, threading, time

SKIPPED = 77
REGISTRY, PYTHON = "/usr/bin/docker-registry", "/usr/bin/python3"
RUNTIME = pathlib.Path("/run/regha")
PORT = 5055
LAUNCHER, WANT = (sys.argv + ["", ""])[1:3]
IGNORES_TERM = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)"
MOVES_CHILD = ("import os,time; child = os.fork(); child or os.setsid(); child and open('/tmp/regha-left','w').write('x'); "
               "time.sleep(1000)")
LEAVES_CHILD = MOVES_CHILD.replace("child or os.setsid(); ", "")


class Failed(Exception):
    pass


def check(claim, true, detail=""):
    if not true:
        raise Failed(f"{claim}: {detail}")
    print(f"  ok {claim}{': ' + str(detail) if detail != '' else ''}", flush=True)


def wait_for(claim, condition, seconds=10.0):
    begun = time.monotonic()
    while time.monotonic() < begun + seconds:
        if value := condition():
            return value
        time.sleep(0.002)
    raise Failed(f"{claim}: not within {seconds} s")


def is_there(port=PORT, timeout=2.0):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        connection.request("GET", "/v2/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


class Want:
    """The other end of the channel: what reghad is for the launcher."""

    def __init__(self):
        self.process = subprocess.Popen([WANT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.status, self.capture, self.stalls, self.is_ready, self.seen = {}, {}, {}, False, []
        self.hooks, self.execs = {}, {}
        threading.Thread(target=self._read, daemon=True).start()
        wait_for("the channel is ready", lambda: self.is_ready)

    def _read(self):
        for line in self.process.stdout:
            kind, *fields = line.rstrip("\n").split("\t")
            values = dict(field.split("=", 1) for field in fields)
            if kind == "status":
                self.status[values["name"]] = values
                self.seen.append(values)
            elif kind == "capture":
                self.capture[values["name"]] = values
            elif kind == "process":
                self.stalls = values
            elif kind in ("hook", "exec"):
                (self.hooks if kind == "hook" else self.execs)[values["name"]] = values
            elif kind in ("ready", "lost"):
                self.is_ready = kind == "ready"

    def send(self, *goals, end="end"):
        lines = [goal if isinstance(goal, str) else "goal " + "\t".join(f"{key}={value}" for key, value in goal.items()) for goal in goals]
        self.process.stdin.write("\n".join([*lines, end]) + "\n")
        self.process.stdin.flush()

    def state(self, claim, seconds=10.0, name="registry", text="", **fields):
        """Wait until the status has these fields; `text` must be in its detail."""
        def matches():
            now = self.status.get(name, {})
            return now if text in now.get("detail", "") and all(now.get(k) == str(v) for k, v in fields.items()) else None
        try:
            found = wait_for(claim, matches, seconds)
        except Failed:
            raise Failed(f"{claim}: wanted {fields} {text!r}, is {self.status.get(name)}") from None
        print(f"  ok {claim}: {found['state']}, cause {found['cause']}, {found['detail'] or '-'}", flush=True)
        return found

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Stage:
    def __init__(self, folder):
        self.folder, self.launcher, self.log_lines = folder, None, []
        self.config = folder / "config.yml"
        self.write_config()
        reader, self.log_fd = os.pipe()
        threading.Thread(target=self._read_log, args=(os.fdopen(reader),), daemon=True).start()

    def _read_log(self, file):
        for line in file:
            self.log_lines.append(line.rstrip("\n"))
            if "--show-log" in sys.argv:
                print("    |", line.rstrip("\n"), flush=True)

    def write_config(self, text=None):
        self.config.write_text(text or f"version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: "
                               f"{self.folder}/storage}}}}\nhttp: {{addr: '127.0.0.1:{PORT}'}}\n")

    def policy(self, line=f"registry docker-registry {REGISTRY}", mode=0o644):
        path = RUNTIME / "policy"
        path.write_text(f"# local policy\n{line}\n")
        path.chmod(mode)

    def start(self, prepare=None):
        self.launcher = subprocess.Popen([LAUNCHER, "--log-level", "debug"], stdin=subprocess.DEVNULL, stdout=self.log_fd,
                                         stderr=self.log_fd, env={"AWS_CA_BUNDLE": "/nonexistent", "PATH": "/usr/bin"},
                                         preexec_fn=prepare)

    def end(self, number, want=None):
        self.launcher.send_signal(number)
        status = self.launcher.wait(10)
        if want:
            wait_for("the channel is lost", lambda: not want.is_ready)
            want.status.clear()
        return status

    def goal(self, **other):
        return {"name": "registry", "config": self.config, "argv": f"{REGISTRY}|serve|{{bundle}}/registry.yml", "backend": 1,
                "environment": "REGISTRY_HTTP_SECRET=lab|HOME=/nonexistent", "listen": f"127.0.0.1:{PORT}", "drain_ms": 3000,
                "budget": 3, "window_ms": 60000, "first_ms": 100, "max_ms": 10000, "run": 1, "serial": 1, **other}

    def program(self, text, **other):
        return self.goal(argv=f"{PYTHON}|-c|{text}", listen="", **other)


def proc(pid, file):
    return pathlib.Path(f"/proc/{pid}/{file}").read_text()


def proc_status(pid, key):
    return next(line.split(":", 1)[1].split() for line in proc(pid, "status").splitlines() if line.startswith(key + ":"))


def zombies(parent):
    children = proc(parent, f"task/{parent}/children").split()
    return [pid for pid in children if proc_status(pid, "State")[0] == "Z"]


def is_alive(pid):
    try:
        return proc_status(pid, "State")[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # gone before it was opened, or while it was read
        return False


class Requests:
    """GET /v2/ fifty times a second, and how many failed."""

    def __init__(self):
        self.count, self.failed, self.stopping = 0, [], False
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.stopping:
            self.count += 1
            if not is_there():
                self.failed.append(time.monotonic())
            time.sleep(0.02)

    def stop(self):
        self.stopping = True
        self.thread.join()


def test_start(stage, want):
    print("a start")
    stage.policy()
    stage.write_config()
    want.send(stage.goal())
    running = want.state("it survives its start", state="running", starts=1)
    pid = int(running["pid"])
    check("it serves", is_there())
    check("as its own user", proc_status(pid, "Uid") == ["990"] * 4 and proc_status(pid, "Gid") == ["990"] * 4,
          " ".join(proc_status(pid, "Uid")))
    check("with its own groups", proc_status(pid, "Groups") in (["990"], []), proc_status(pid, "Groups"))
    sets = {key: proc_status(pid, key)[0] for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
    check("every capability set is empty", all(int(value, 16) == 0 for value in sets.values()), sets)
    check("no new privileges", proc_status(pid, "NoNewPrivs") == ["1"])
    check("nothing but its own environment", sorted(proc(pid, "environ").rstrip("\0").split("\0")) ==
          ["HOME=/nonexistent", "REGISTRY_HTTP_SECRET=lab"])
    check("no signal is blocked", int(proc_status(pid, "SigBlk")[0], 16) == 0)
    check("in a session of its own", os.getsid(pid) == pid)
    check("spared from nothing", proc(pid, "oom_score_adj").strip() == "0")
    check("umask", proc_status(pid, "Umask") == ["0022"])
    links = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
    mine = {os.readlink(f"/proc/self/fd/{stage.log_fd}"), "/dev/null"}
    check("no descriptor of ours but its output", not any("regha" in link or "pidfd" in link for link in links) and
          mine <= links, sorted(links))
    check("nobody may read the record", oct((RUNTIME / "launcher/registry.state").stat().st_mode)[-3:] == "600")
    started = want.state("its identity is known", state="running", captured_digest=want.status["registry"]["digest"],
                         captured_error="")
    check("the identity is a digest", len(started["digest"]) == 64, started["digest"][:12])
    capture = want.capture["registry"]
    check("the configuration came along, sealed",
          bytes.fromhex(capture["text"]) == stage.config.read_bytes() and capture["writable"] == "0")
    check("its digest is that of the bundle", capture["digest"] == started["digest"])
    folder = RUNTIME / "bundle/registry" / started["digest"]
    check("it reads its configuration from the folder of its bundle",
          proc(pid, "cmdline").split("\0")[2] == str(folder / "registry.yml"))
    check("which is the same", (folder / "registry.yml").read_bytes() == stage.config.read_bytes())
    check("the bundle there has that digest",
          hashlib.sha256((folder / "bundle").read_bytes()).hexdigest() == started["digest"])
    check("nobody else may read it", (oct(folder.stat().st_mode)[-3:], folder.owner()) == ("700", "docker-registry"))


def test_killed(stage, want):
    print("the registry is killed")
    spans, descriptors = [], len(os.listdir(f"/proc/{stage.launcher.pid}/fd"))
    for turn in range(12):
        pid = int(want.status["registry"]["pid"])
        want.send(stage.goal(serial=1, budget=30, first_ms=0))
        begun = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        wait_for("it is back", lambda: int(want.status["registry"]["pid"]) not in (0, pid) and is_there(timeout=0.2))
        spans.append((time.monotonic() - begun) * 1000)
        want.state("reported", state="running", cause="signalled", code=9, text="signal 9 (KILL)")
    check("from SIGKILL to 200", max(spans) < 3000,
          f"median {statistics.median(spans):.1f} ms, worst {max(spans):.1f} ms of {len(spans)}")
    wait_for("no descriptor is left open by any of it",
             lambda: len(os.listdir(f"/proc/{stage.launcher.pid}/fd")) == descriptors)
    check("no descriptor and no zombie is left by any of it", not zombies(stage.launcher.pid), f"{descriptors} descriptors")
    check("exits are counted by cause", want.status["registry"]["exits_signalled"] == "12")


def test_launcher_killed(stage, want):
    print("the launcher is killed under requests")
    pid = int(want.status["registry"]["pid"])
    requests, lines = Requests(), len(stage.log_lines)
    time.sleep(0.5)
    stage.end(signal.SIGKILL, want)
    time.sleep(0.5)
    orphan_lines = len(stage.log_lines)
    check("its log goes on without a launcher", orphan_lines > lines, orphan_lines - lines)
    stage.start()
    wait_for("the channel is back", lambda: want.is_ready)
    want.state("adopted", state="running", pid=pid, run=1)
    check("its identity is remembered", len(want.status["registry"]["digest"]) == 64)
    time.sleep(0.5)
    check("its log goes on", len(stage.log_lines) > orphan_lines)
    requests.stop()
    check("no request failed", not requests.failed and requests.count > 50, f"0 of {requests.count}")
    want.send(stage.goal(serial=77))
    time.sleep(0.3)
    check("the serial of a new sender restarts nothing", int(want.status["registry"]["pid"]) == pid)
    os.kill(pid, signal.SIGKILL)
    again = want.state("a later death is reported and mended", state="running", starts=1, cause="signalled", code=9)
    check("as another process", int(again["pid"]) != pid)
    stage.end(signal.SIGKILL, want)
    os.kill(int(again["pid"]), signal.SIGKILL)
    wait_for("both are gone", lambda: not os.path.exists(f"/proc/{again['pid']}"))
    stage.start()
    want.state("a death that nobody saw is mended, too", state="running", starts=1, cause="unknown")
    check("it serves", is_there())


def test_restart(stage, want):
    print("restart, stop, start")
    pid = int(want.status["registry"]["pid"])
    want.send(stage.goal(serial=77))
    want.send(stage.goal(serial=78))
    wait_for("another process", lambda: int(want.status["registry"]["pid"]) not in (0, pid))
    want.state("a new serial restarts it", state="running", cause="asked")
    want.send(stage.goal(serial=78, run=0))
    want.send(stage.goal(serial=78))
    want.state("a start while it stops comes after the end", state="running", exits_asked=2)
    want.process.kill()
    want.process.wait()
    time.sleep(0.3)
    check("without anyone who wants, nothing changes", is_there())


def test_not_in_set(stage, want):
    want.send(stage.goal(serial=78), stage.goal(name="other", run=0))
    want.state("another one is known", name="other", state="stopped")
    want.send(stage.goal(name="other", run=0), end="partial")
    time.sleep(0.2)
    check("a partial set leaves the others", is_there())
    want.send(stage.goal(name="other", run=0))
    want.state("not in the set any more: stopped", state="stopped", pid=0)
    wait_for("gone", lambda: not is_there())
    check("nothing is noted of it", not (RUNTIME / "launcher/registry.state").exists())


def test_crash_loop(stage, want):
    print("one that exits at once")
    stage.write_config("version: nonsense\n")
    want.seen.clear()
    want.send(stage.goal(budget=3))
    want.state("the budget is spent", state="failed", cause="exited", pid=0, text="3 restarts within 1m are spent")
    states = [status["state"] for status in want.seen if status["name"] == "registry"]
    check("with back-off between", "back-off" in states, " ".join(dict.fromkeys(states)))
    check("four starts, four ends", want.status["registry"]["exits_exited"] == "4")
    stage.write_config()
    want.send(stage.goal(budget=4))
    want.state("other parameters begin anew", state="running")
    want.send(stage.goal(budget=4, run=0))
    want.state("stopped", state="stopped")


def test_refusals(stage, want):
    print("what is refused")
    stage.policy("registry docker-registry /nonexistent/docker-registry")
    want.send(stage.goal(argv="/nonexistent/docker-registry|serve"))
    want.state("a missing binary", state="failed", cause="no-binary",
               text="cannot execute /nonexistent/docker-registry: No such file or directory")
    starts = want.status["registry"]["starts"]
    stage.policy()
    want.send(stage.goal())
    want.state("a right one starts", state="running")
    check("attempts are no starts", int(want.status["registry"]["starts"]) == int(starts) + 1)
    for claim, line, goal, text in (
            ("uid 0", f"registry root {REGISTRY}", {}, "never runs as root"),
            ("root by another name", f"registry toor {REGISTRY}", {}, "never runs as root"),
            ("a user that is not there", f"registry nobody-here {REGISTRY}", {}, "there is no user nobody-here"),
            ("another binary", f"registry docker-registry {REGISTRY}", {"argv": "/bin/sh|-c|id"}, "the local policy allows"),
            ("a name that the policy has not", f"other docker-registry {REGISTRY}", {}, "does not name the registry"),
            ("a policy with a wrong line", f"registry docker-registry {REGISTRY}\nnonsense", {}, "policy:3: must be NAME")):
        want.send(stage.goal(run=0))
        want.state("stopped", state="stopped")
        stage.policy(line)
        want.send(stage.goal(**goal))
        want.state(claim, state="failed", cause="refused", text=text)
    want.send(stage.goal(run=0))
    stage.policy(mode=0o666)
    want.send(stage.goal())
    want.state("a policy that others may write", state="failed", cause="refused", text="not root's alone")
    stage.policy()
    want.state("it is tried again by itself", state="running", seconds=8)
    want.send(stage.goal(run=0))
    want.state("stopped", state="stopped")


def test_port(stage, want):
    print("a port that is taken")
    holder = subprocess.Popen([PYTHON, "-m", "http.server", str(PORT), "--bind", "127.0.0.1"], user=990, group=990,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for("somebody listens", lambda: socket.socket().connect_ex(("127.0.0.1", PORT)) == 0)
    want.send(stage.goal())
    want.state("its holder is named", state="failed", cause="port-taken",
               text=f"port {PORT} is taken by python3 (pid {holder.pid}")
    time.sleep(2.5)
    check("it spends no budget", want.status["registry"]["state"] == "failed")
    holder.kill()
    holder.wait()
    want.state("it starts when the port is free", state="running", seconds=5)
    want.send(stage.goal(run=0))
    want.state("stopped", state="stopped")
    with socket.create_server(("127.0.0.1", PORT)):
        want.send(stage.goal())
        want.state("somebody else's process is named as far as can be seen", state="failed", cause="port-taken",
                   text=f"port {PORT} is taken by a process of the user root")
        want.send(stage.goal(listen=""))
        found = want.state("unknown to us, found by the registry itself", state="failed", cause="exited")
        check("it says where to look", "status 1" in found["detail"] or "status 2" in found["detail"])
    want.send(stage.goal(run=0))
    want.state("stopped", state="stopped")


def test_drain(stage, want):
    print("drain")
    stage.policy(f"registry docker-registry {PYTHON}")
    want.send(stage.program(IGNORES_TERM, drain_ms=400))
    pid = int(want.state("one that ignores TERM runs", state="running")["pid"])
    begun = time.monotonic()
    want.send(stage.program(IGNORES_TERM, drain_ms=400, run=0))
    want.state("it drains", state="stopping")
    want.state("then it is killed", state="stopped", cause="killed", text="did not end within 400ms after TERM")
    check("at the deadline", 0.35 < time.monotonic() - begun < 20 and not is_alive(pid), f"{time.monotonic() - begun:.2f} s")


def test_files(stage, want):
    print("its files")
    stage.policy()
    secret = stage.folder / "htpasswd"
    secret.write_text("a:b\n")
    want.send(stage.goal(files=secret))
    first = want.state("runs", state="running", captured_error="")["digest"]
    folder = RUNTIME / "bundle/registry" / first
    check("a file beside its configuration is in its bundle", (folder / "1-htpasswd").read_text() == "a:b\n")
    secret.write_text("a:c\n")
    changed = wait_for("a changed file is seen", lambda: want.status["registry"]["captured_digest"] not in ("", first) and
                       want.status["registry"], 13)
    check("the running one keeps its identity", changed["digest"] == first)
    secret.unlink()
    os.mkfifo(secret)
    want.send(stage.goal(files=secret, drain_ms=3001))
    want.state("a FIFO in the place of a file hangs nobody", captured_error=f"{secret} is a FIFO, must be a file")
    secret.unlink()
    stage.config.chmod(0o600)
    want.send(stage.goal())
    want.state("an unreadable configuration",
               captured_error=f"{stage.config} cannot be read by docker-registry: Permission denied")
    check("the last good one is kept", bytes.fromhex(want.capture["registry"]["text"]) == stage.config.read_bytes())
    check("the running one runs on", is_there())
    stage.config.chmod(0o644)
    content = stage.config.read_text()
    stage.config.write_text(content + "#" * (1024 * 1024))
    want.send(stage.goal(drain_ms=3002))
    want.state("a huge one", captured_error=f"{stage.config} is larger than 1024 KiB")
    stage.config.unlink()
    os.mkfifo(stage.config)
    want.send(stage.goal(drain_ms=3003))
    want.state("a FIFO", captured_error=f"{stage.config} is a FIFO, must be a file")
    stage.config.unlink()
    want.send(stage.goal(drain_ms=3004))
    want.state("none at all", captured_error=f"{stage.config} cannot be read by docker-registry: No such file or directory")
    stage.write_config()
    want.send(stage.goal(run=0))
    want.state("all is well again", state="stopped", captured_error="")


def test_full(stage, want):
    print("a full /run")
    launcher = RUNTIME / "launcher"
    filler = launcher / "filler"
    stage.policy()
    want.send(stage.goal())
    pid = int(want.state("runs", state="running")["pid"])
    with open(filler, "wb", 0) as file:
        try:
            while True:
                file.write(b"x" * 65536)
        except OSError:
            pass
    os.kill(pid, signal.SIGKILL)
    want.state("costs an adoption, not the registry", state="running", starts=int(want.status["registry"]["starts"]) + 1)
    filler.unlink()
    want.send(stage.goal(run=0))
    want.state("stopped", state="stopped")


def test_cgroup(stage, want):
    print("what a registry leaves behind")
    stage.policy(f"registry docker-registry {PYTHON}")
    marker = pathlib.Path("/tmp/regha-left")
    for name, cgroup in (("by its process group", None), ("by its cgroup, wherever it moved", make_cgroup(stage))):
        stage.end(signal.SIGTERM, want)
        stage.start((lambda: (cgroup / "cgroup.procs").write_text("0")) if cgroup else None)
        wait_for("the channel is back", lambda: want.is_ready)
        text = MOVES_CHILD if cgroup else LEAVES_CHILD
        marker.unlink(missing_ok=True)
        want.send(stage.program(text))
        pid = int(want.state("one with a child runs", state="running")["pid"])
        wait_for("the child is there", marker.exists)
        child = int(proc(pid, f"task/{pid}/children").split()[0])
        if cgroup:
            check("in a cgroup of its own", proc(pid, "cgroup").rstrip().endswith("/regha-registry-registry"))
        os.kill(pid, signal.SIGKILL)
        wait_for("the child goes", lambda: not is_alive(child))
        check(f"its child is ended, {name}", True)
        want.send(stage.program(text, run=0))
        want.state("stopped", state="stopped")
        if cgroup:
            wait_for("its cgroup is removed", lambda: not (cgroup / "regha-registry-registry").exists())
    stage.end(signal.SIGTERM, want)
    if cgroup:
        cgroup.rmdir()


def make_cgroup(stage):
    root = next((pathlib.Path(line.split()[4]) for line in open("/proc/self/mountinfo") if " - cgroup2 " in line), None)
    if root is None:
        print("  skipped: no cgroup2 here", flush=True)
        return None
    folder = root / f"regha-launcher-test-{stage.folder.name}"
    folder.mkdir()
    for path in (folder, folder / "cgroup.procs"):
        os.chown(path, 991, 991)
    return folder


def make_memory_cgroup(stage):
    """One with a limit, of whichever version has a memory controller to give."""
    name = f"regha-memory-test-{stage.folder.name}"
    mounts = [line.split() for line in open("/proc/self/mountinfo") if " - cgroup" in line]
    own = dict(line.rstrip("\n").split(":", 2)[1:] for line in open("/proc/self/cgroup"))
    for fields in mounts:
        options, root = fields[-1].split(","), pathlib.Path(fields[4])
        if "memory" in options:
            folder, limit = root / own["memory"].lstrip("/") / name, "memory.limit_in_bytes"
        elif "cgroup2" in fields and "memory" in (root / "cgroup.subtree_control").read_text().split():
            folder, limit = root / name, "memory.max"
        else:
            continue
        folder.mkdir()
        (folder / limit).write_text("67108864")
        return folder
    return None


def test_out_of_memory(stage, want):
    print("out of memory")
    folder = make_memory_cgroup(stage)
    if folder is None:
        print("  skipped: no memory controller here", flush=True)
        return
    stage.policy(f"registry docker-registry {PYTHON}")
    stage.start(lambda: (folder / "cgroup.procs").write_text("0"))
    wait_for("the channel is back", lambda: want.is_ready)
    want.send(stage.program("bytearray(256 * 1024 * 1024)"))
    want.state("the kernel's kill is told from others", cause="oom", text="was killed by the kernel, out of memory")
    want.send(stage.program("bytearray(256 * 1024 * 1024)", run=0))
    want.state("stopped", state="stopped")
    stage.end(signal.SIGTERM, want)
    folder.rmdir()


def test_end(stage, want):
    print("the launcher ends")
    stage.start()
    wait_for("the channel is back", lambda: want.is_ready)
    stage.policy()
    want.send(stage.goal())
    pid = int(want.state("runs", state="running")["pid"])
    stage.end(signal.SIGUSR2, want)
    check("SIGUSR2 leaves it running", is_alive(pid) and is_there())
    stage.start()
    wait_for("the channel is back", lambda: want.is_ready)
    want.state("adopted", state="running", pid=pid)
    check("the loop was never held up", int(want.stalls.get("stalls", 0)) == 0,
          f"{want.stalls.get('stalls')} stalls, worst {want.stalls.get('worst')} {want.stalls.get('worst_ns')} ns")
    status = stage.end(signal.SIGTERM, want)
    check("SIGTERM stops it first, then ends", not is_alive(pid) and status == 0, f"status {status}")
    check("nothing is left in its folder", os.listdir(RUNTIME / "launcher") == [], os.listdir(RUNTIME / "launcher"))


def keep_programs():
    """The tree may be below /tmp, which is about to be another one."""
    global LAUNCHER, WANT
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", "/mnt"], check=True)
    LAUNCHER, WANT = (shutil.copy(program, "/mnt") for program in (LAUNCHER, WANT))


def prepare(folder):
    keep_programs()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", "/run"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "none", "/tmp"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    folder.mkdir()
    for file, lines in (("passwd", ["regha:x:992:992::/:/bin/false", "regha-launcher:x:991:991::/:/bin/false", "toor:x:0:0::/:/bin/false"]),
                        ("group", ["regha:x:992:regha-launcher", "regha-launcher:x:991:", "docker-registry:x:990:"])):
        kept = [line for line in pathlib.Path("/etc", file).read_text().splitlines()
                if not line.startswith(("regha", "docker-registry", "toor"))]
        if file == "passwd":
            kept.append("docker-registry:x:990:990::/:/bin/false")
        (folder / file).write_text("\n".join(kept + lines) + "\n")
        subprocess.run(["mount", "--bind", folder / file, f"/etc/{file}"], check=True)
    (folder / "storage").mkdir()
    os.chown(folder / "storage", 990, 990)
    (RUNTIME / "launcher").mkdir(parents=True)
    os.chown(RUNTIME / "launcher", 991, 991)
    (RUNTIME / "bundle").mkdir()
    os.chown(RUNTIME / "bundle", 991, 991)


def run():
    folder = pathlib.Path("/tmp", f"regha-{os.environ['REGHA_TEST_TAG']}")
    prepare(folder)
    stage = Stage(folder)
    stage.start()
    want = Want()
    test_start(stage, want)
    test_killed(stage, want)
    test_launcher_killed(stage, want)
    test_restart(stage, want)
    want = Want()
    test_not_in_set(stage, want)
    test_crash_loop(stage, want)
    test_refusals(stage, want)
    test_port(stage, want)
    test_drain(stage, want)
    test_files(stage, want)
    test_full(stage, want)
    test_cgroup(stage, want)
    test_out_of_memory(stage, want)
    test_end(stage, want)


def inside(run):
    """Process 1 of its namespace reaps what the launchers leave, as an init does."""
    child = os.fork()
    if child == 0:
        try:
            run()
        except Failed as failed:
            print(f"FAILED {failed}", flush=True)
            os._exit(1)
        os._exit(0)
    pid, status = os.wait()
    while pid != child:
        pid, status = os.wait()
    clean_up()
    return os.waitstatus_to_exitcode(status)


def clean_up():
    """The namespace takes the rest along, but not cgroups."""
    try:
        os.kill(-1, signal.SIGKILL)
        while True:
            os.wait()
    except (ProcessLookupError, ChildProcessError):
        pass
    for line in open("/proc/self/mountinfo"):
        if " - cgroup" in line:
            for folder in pathlib.Path(line.split()[4]).rglob(f"regha-*-test-regha-{os.environ['REGHA_TEST_TAG']}"):
                for path in (*folder.glob("*/"), folder):
                    path.rmdir()


def main(run):
    if "--inside" in sys.argv:
        return inside(run)
    if os.geteuid() != 0:
        print("skipped: needs root for namespaces")
        return SKIPPED
    if not os.path.exists(REGISTRY):
        print(f"skipped: {REGISTRY} is not installed")
        return SKIPPED
    # Built trees may be where another user may not look; /tmp inside is another one.
    os.environ["REGHA_TEST_TAG"] = str(os.getpid())
    os.execv("/usr/bin/unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--",
                                  sys.executable, *sys.argv, "--inside"])


if __name__ == "__main__":
    sys.exit(main(run))
