# SPDX-License-Identifier: GPL-2.0-or-later
"""One Debian machine with a real systemd: a container that boots, with a network of its own.

Its root is made once and kept under /var/cache/regha-lab; each run has a layer of its own above it,
so nothing is carried over. All that a Machine makes, close() takes away: the container, its network
namespaces, its cgroups, its mounts.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

CACHE = pathlib.Path("/var/cache/regha-lab/boot-root")
BASE = "systemd,systemd-sysv,dbus,iproute2,procps"
PACKAGES = ("libpam-systemd", "polkitd", "ca-certificates", "nftables", "libcap-ng0", "libev4",
            "libconfig9", "libyaml-0-2", "libjson-c5", "libsodium23", "libmicrohttpd12", "libcurl4",
            "libnl-3-200", "libnl-route-3-200", "libnftables1", "libmnl0", "docker-registry")
# None of them concerns a test, and Debian starts its registry as soon as it is installed.
MASKED = ("docker-registry.service", "apt-daily.timer", "apt-daily-upgrade.timer",
          "dpkg-db-backup.timer", "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer",
          "systemd-tmpfiles-clean.timer", "console-getty.service")


class MachineError(Exception):
    """The machine could not be made, or did not come to what was waited for."""


def run(*argv, seconds=60, **options):
    """Output of a command that must succeed."""
    done = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds, **options)
    if done.returncode != 0:
        raise MachineError(f"{' '.join(map(str, argv))}: status {done.returncode}: "
                           f"{(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout


def wait_for(what, condition, seconds=10, every=0.02):
    """The first true answer of `condition`; an error naming `what` when it did not come in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise MachineError(f"waited {seconds:g} s for {what}")
        time.sleep(every)


def codename():
    for line in pathlib.Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    return "bookworm"


def in_root(root, *argv, seconds=600):
    return run("chroot", root, *argv, seconds=seconds,
               env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"})


def make_root(say):
    """The cached root; made anew when what belongs into it has changed."""
    stamp = CACHE / "regha-stamp"
    wanted = json.dumps([codename(), BASE, PACKAGES, MASKED])
    if stamp.exists() and stamp.read_text() == wanted:
        return CACHE
    say(f"making a Debian root in {CACHE}: some minutes, once")
    partial = CACHE.with_name(f"{CACHE.name}.{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    try:
        run("debootstrap", "--variant=minbase", f"--include={BASE}", codename(), partial, seconds=1800)
        policy = partial / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        in_root(partial, "apt-get", "update", "-q")
        in_root(partial, "apt-get", "install", "-q", "-y", "--no-install-recommends", *PACKAGES,
                seconds=1800)
        in_root(partial, "apt-get", "clean")
        policy.unlink()
        in_root(partial, "systemctl", "mask", *MASKED)
        (partial / "etc/resolv.conf").unlink(missing_ok=True)
        (partial / "etc/machine-id").write_text("")
        (partial / "regha-stamp").write_text(wanted)
        shutil.rmtree(CACHE, ignore_errors=True)
        partial.rename(CACHE)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return CACHE


def own_cgroups(name):
    """A cgroup of our own in each hierarchy that systemd uses for its processes."""
    folders = []
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":
            mounts = ("/sys/fs/cgroup/unified", "/sys/fs/cgroup")
        elif controllers == "name=systemd":
            mounts = ("/sys/fs/cgroup/systemd",)
        else:
            continue
        for mount in mounts:
            if pathlib.Path(mount, "cgroup.procs").exists():
                folders.append(pathlib.Path(mount + path.rstrip("/"), name))
                break
    return folders


class Machine:
    ADDRESS, CLIENT_ADDRESS = "10.77.0.11", "10.77.0.1"

    def __init__(self, say):
        self.say, self.name = say, f"rgboot{os.getpid()}"
        self.client = self.name + "c"
        self.undo = contextlib.ExitStack()
        self.notes = []  # figures of the case that runs
        self.leader = self.nspawn = None

    # -- making --------------------------------------------------------------------------------

    def open(self):
        lower = make_root(self.say)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="regha-boot-"))
        self.undo.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self._mount("tmpfs", self.folder, "-t", "tmpfs", "-o", "mode=0700")
        for part in ("upper", "work", "root"):
            (self.folder / part).mkdir()
        self.root = self.folder / "root"
        layers = f"lowerdir={lower},upperdir={self.folder}/upper,workdir={self.folder}/work"
        self._mount("overlay", self.root, "-t", "overlay", "-o", layers)
        self._make_network()

    def install(self, build):
        """On the running machine, as somebody does who builds it there."""
        run("cmake", "--install", build, env={**os.environ, "DESTDIR": str(self.root)})

    def _mount(self, what, where, *options):
        run("mount", *options, what, where)
        self.undo.callback(subprocess.run, ["umount", "-l", where], check=False)

    def _make_network(self):
        for name in (self.name, self.client):
            run("ip", "netns", "add", name)
            self.undo.callback(subprocess.run, ["ip", "netns", "del", name], check=False)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "link", "add", "eth0", "netns", self.name, "type", "veth",
            "peer", "name", "eth0", "netns", self.client)
        for name, address in ((self.name, self.ADDRESS), (self.client, self.CLIENT_ADDRESS)):
            run("ip", "-n", name, "address", "add", address + "/24", "dev", "eth0")
            run("ip", "-n", name, "link", "set", "eth0", "up")

    def boot(self):
        cgroups = own_cgroups(self.name)
        for folder in cgroups:
            folder.mkdir()
            self.undo.callback(self._remove_cgroup, folder)
        enter = " && ".join(f"echo $$ >{folder}/cgroup.procs" for folder in cgroups) or "true"
        self.log = open(self.folder / "console", "wb")
        self.nspawn = subprocess.Popen(
            ["/bin/sh", "-c", enter + ' && exec "$@"', "sh", "systemd-nspawn", "--quiet", "--boot",
             "--directory", self.root, "--machine", self.name, "--register=no", "--keep-unit",
             "--capability=CAP_NET_ADMIN,CAP_IPC_LOCK",
             f"--network-namespace-path=/run/netns/{self.name}", "--console=read-only"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
            start_new_session=True)
        self.undo.callback(self._power_off)
        self.leader = wait_for("the machine's first process", self._find_leader, 20)
        wait_for("its systemd", lambda: self.status("systemctl", "show") == 0, 30, 0.2)
        self.status("systemctl", "is-system-running", "--wait", seconds=60)

    def _find_leader(self):
        if self.nspawn.poll() is not None:
            raise MachineError("systemd-nspawn ended: " + self.console()[-500:])
        path = pathlib.Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children")
        for pid in path.read_text().split():
            if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "systemd":
                return int(pid)
        return None

    # -- taking away ---------------------------------------------------------------------------

    def _power_off(self):
        if self.leader is not None and self.nspawn.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.leader, signal.SIGRTMIN + 4)
        try:
            self.nspawn.wait(20)
        except subprocess.TimeoutExpired:
            if self.leader is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.leader, signal.SIGKILL)  # takes its whole pid namespace along
            self.nspawn.kill()
            self.nspawn.wait()

    @staticmethod
    def _remove_cgroup(folder):
        """The kernel takes a moment to let go of one whose last process has just ended."""
        def is_gone():
            for path in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
                with contextlib.suppress(OSError):
                    path.rmdir()
            with contextlib.suppress(OSError):
                folder.rmdir()
            return not folder.exists()
        with contextlib.suppress(MachineError):
            wait_for("the end of its cgroups", is_gone, 5, 0.05)

    def close(self):
        self.undo.close()

    # -- using ---------------------------------------------------------------------------------

    def console(self):
        return (self.folder / "console").read_text(errors="replace")

    def enter(self, *argv):
        return ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C",
                "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_PAGER=", "LANG=C.UTF-8",
                *map(str, argv)]

    def run(self, *argv, seconds=60):
        return run(*self.enter(*argv), seconds=seconds)

    def status(self, *argv, seconds=60):
        return subprocess.run(self.enter(*argv), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=seconds).returncode

    def output(self, *argv, seconds=60):
        """(status, all it said)"""
        done = subprocess.run(self.enter(*argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=seconds)
        return done.returncode, done.stdout

    def show(self, unit, *names):
        """Properties of a unit, as texts."""
        out = self.run("systemctl", "show", unit, *(f"--property={name}" for name in names))
        found = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
        return found[names[0]] if len(names) == 1 else found

    def pid(self, unit):
        return int(self.show(unit, "MainPID"))

    def write(self, path, text, mode=0o644):
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def journal(self, *matches):
        out = self.run("journalctl", "--output=json", "--no-pager", *matches)
        return [json.loads(line) for line in out.splitlines() if line.startswith("{")]
