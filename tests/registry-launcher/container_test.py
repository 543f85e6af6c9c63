#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A container as a registry's command: Debian's podman without root, and an image of nothing but the registry's binary.

container_test.py LAUNCHER WANT: as real_test.py, on whose stage it plays. The image is made here, from files of this host, without
any network. Exit status 77 where podman is not installed or may not run containers here; the reason is printed.
"""
import os, pathlib, re, shutil, signal, subprocess, sys, time

import real_test as real
from real_test import check, is_alive, wait_for

PODMAN = "/usr/bin/podman"
USER = 990  # docker-registry on this stage
IMAGE = "localhost/registry:lab"


class Skipped(Exception):
    pass


def libraries(program):
    """What the program is linked with; nothing for a static one."""
    said = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    return re.findall(r"(/\S+) \(0x", said)


def environment(home):
    return {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "TMPDIR": str(home), "PATH": "/usr/bin:/bin"}


def podman(home, *words, check_it=True):
    """As the registry's user, and as unprivileged as the launcher's child will be."""
    command = ["/usr/bin/setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs",
               "--bounding-set=-all", "--inh-caps=-all", PODMAN, "--cgroup-manager=cgroupfs", "--storage-driver=vfs", *words]
    done = subprocess.run(command, env=environment(home), cwd="/", capture_output=True, text=True, timeout=120)
    if check_it and done.returncode != 0:
        raise Skipped(f"podman {words[0]} does not work here: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
    return done.stdout


def unify_cgroups():
    """crun refuses a host with cgroups of both versions; in this mount namespace there is one."""
    mounts = pathlib.Path("/proc/self/mountinfo").read_text()
    if " - cgroup " in mounts:
        subprocess.run(["umount", "-R", "/sys/fs/cgroup"], check=True)
        subprocess.run(["mount", "-t", "cgroup2", "none", "/sys/fs/cgroup"], check=True)


def make_image(stage, home):
    root = stage.folder / "root"
    for file in (real.REGISTRY, *libraries(real.REGISTRY)):
        target = root / file.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    subprocess.run(["tar", "-C", root, "-cf", stage.folder / "image.tar", "."], check=True)
    podman(home, "import", str(stage.folder / "image.tar"), IMAGE)
    podman(home, "run", "--rm", "--network", "host", "--cgroups=disabled", IMAGE, real.REGISTRY, "--version")


def goal(stage, home, **more):
    argv = [PODMAN, "--cgroup-manager=cgroupfs", "--storage-driver=vfs", "run", "--rm", "--replace", "--name", "registry",
            "--network", "host", "--cgroups=disabled", "--volume", f"{stage.config}:/registry.yml:ro",
            "--volume", f"{stage.folder}/storage:{stage.folder}/storage", IMAGE, real.REGISTRY, "serve", "/registry.yml"]
    texts = "|".join(f"{key}={value}" for key, value in environment(home).items())
    return stage.goal(argv="|".join(argv), environment=texts, drain_ms=8000, **more)


def processes(name):
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "comm").read_text().strip() == name and real.is_alive(int(folder.name)):
                found.append(int(folder.name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def ready(claim, begun):
    wait_for(claim, real.is_there, 30)
    print(f"  ok {claim}: after {(time.monotonic() - begun) * 1000:.0f} ms", flush=True)


def play(stage, want, home):
    stage.policy(f"registry docker-registry {PODMAN}")
    stage.write_config(f"version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {stage.folder}/storage}}}}\n"
                       f"http: {{addr: '127.0.0.1:{real.PORT}', draintimeout: 3s}}\n")
    wanted = goal(stage, home)
    print("a start")
    begun = time.monotonic()
    want.send(wanted)
    pid = int(want.state("podman runs", state="running", seconds=30)["pid"])
    ready("the container serves", begun)
    inside = processes("docker-registry")
    check("it is the real registry, and nobody's root", len(inside) == 1 and real.proc_status(inside[0], "Uid") == [str(USER)] * 4)

    print("podman is killed")
    begun = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    pid = int(want.state("another one is started", state="running", starts=2, seconds=30)["pid"])
    wait_for("what was left is replaced", lambda: processes("docker-registry") not in ([], inside), 30)
    ready("it serves again", begun)
    inside = processes("docker-registry")
    check("one registry, not two", len(inside) == 1)

    print("conmon is killed")
    for conmon in processes("conmon"):
        os.kill(conmon, signal.SIGKILL)
    begun = time.monotonic()
    want.state("podman ends, and is started again", state="running", starts=3, seconds=30)
    wait_for("what was left is replaced", lambda: processes("docker-registry") not in ([], inside), 30)
    ready("it serves again", begun)

    print("the launcher is killed")
    pid = int(want.status["registry"]["pid"])
    stage.end(signal.SIGKILL, want)
    check("the container serves without it", real.is_there())
    stage.start()
    want.state("the next one adopts it", state="running", pid=pid)

    print("TERM")
    begun = time.monotonic()
    want.send({**wanted, "run": 0})
    want.state("it ends", state="stopped", cause="asked", seconds=30)
    print(f"  after {(time.monotonic() - begun) * 1000:.0f} ms")
    wait_for("nothing of it is left", lambda: not processes("docker-registry") and not processes("conmon"), 10)


def run():
    folder = pathlib.Path("/tmp", f"regha-{os.environ['REGHA_TEST_TAG']}")
    real.prepare(folder)
    os.chmod(folder, 0o755)
    home = folder / "home"
    home.mkdir()
    os.chown(home, USER, USER)
    stage = real.Stage(folder)
    try:
        unify_cgroups()
        make_image(stage, home)
    except (Skipped, subprocess.SubprocessError) as why:
        print(f"skipped: {why}", flush=True)
        os._exit(real.SKIPPED)
    stage.start()
    want = real.Want()
    play(stage, want, home)
    stage.end(signal.SIGTERM)


if __name__ == "__main__":
    if not os.path.exists(PODMAN):
        print("skipped: podman is not installed")
        sys.exit(real.SKIPPED)
    sys.exit(real.main(run))
