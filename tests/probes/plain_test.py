#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Probes that speak no HTTP against what they are for: a real Redis, addresses, files, and file systems that hang.

plain_test.py PRINT runs in network and mount namespaces of its own (root), and prints a line per claim. Exit status
1: a claim failed; 77: skipped, with the reason.
"""
import os, pathlib, signal, socket, subprocess, sys, threading, time

sys.dont_write_bytecode = True
from real_test import SKIPPED, Failed, Printer, Stage  # noqa: E402

FAST = "interval=200ms timeout=150ms"
PASSWORD = "of-a-test"
RANGE = pathlib.Path("/proc/sys/net/ipv4/ping_group_range")


def shell(text):
    subprocess.run(["/bin/sh", "-ec", text], check=True)


def helpers():
    """Pids of the processes that look at files, all of this test: its mount namespace is its own."""
    here, found = os.readlink("/proc/self/ns/mnt"), []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and pathlib.Path(f"/proc/{entry}/comm").read_text() == "reghad-file\n" \
                    and os.readlink(f"/proc/{entry}/ns/mnt") == here:
                found.append(int(entry))
        except OSError:
            continue
    return found


def wait(claim, condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(claim)
        time.sleep(0.02)
    print(f"  ok {claim}", flush=True)


def redis(stage, name, port, *options):
    return stage.spawn(name, "/usr/bin/redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                       "--dir", str(stage.folder), *options)


def garbage_server(port):
    """Answers PING as a web server does."""
    listener = socket.create_server(("127.0.0.1", port))

    def serve():
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    threading.Thread(target=serve, daemon=True).start()


def check_redis(stage):
    credentials = stage.folder / "credentials"
    credentials.mkdir()
    for name, password in (("right", PASSWORD), ("wrong", "is-not-it")):
        (credentials / name).write_text(f"default:{password}\n")
        (credentials / name).chmod(0o600)
    os.environ["CREDENTIALS_DIRECTORY"] = str(credentials)
    garbage_server(6400)
    printer = Printer(stage.program, f"name=open type=redis url=redis://127.0.0.1:6379 {FAST}",
                      f"name=nobody type=redis url=redis://127.0.0.1:6380 {FAST}",
                      f"name=known type=redis url=redis://127.0.0.1:6380 credentials=right {FAST}",
                      f"name=unknown type=redis url=redis://127.0.0.1:6380 credentials=wrong {FAST}",
                      f"name=missing type=redis url=redis://127.0.0.1:6380 credentials=none {FAST}",
                      f"name=web type=redis url=redis://127.0.0.1:6400 {FAST}")
    printer.wait("open", "nobody listens", health="down", reason="refused")
    plain = redis(stage, "redis", 6379)
    redis(stage, "redis-locked", 6380, "--requirepass", PASSWORD)
    printer.wait("open", "a Redis", health="up", text="PONG in")
    printer.wait("known", "a Redis with a password", health="up", text="PONG in")
    printer.wait("nobody", "no password", outcome="failure", reason="status", text="asks for credentials")
    printer.wait("unknown", "a wrong password", outcome="failure", reason="status", text="refuses the credentials")
    printer.wait("missing", "no such credentials", outcome="unknown", text="regha itself could not ask")
    printer.wait("web", "a web server", outcome="failure", reason="content", text="is not Redis")
    if any(PASSWORD in line.text or "is-not-it" in line.text for line in printer.lines):
        raise Failed("a password is told")
    plain.send_signal(signal.SIGSTOP)
    printer.wait("open", "a frozen Redis", health="down", reason="timeout")
    plain.send_signal(signal.SIGCONT)
    printer.wait("open", "thawed", health="up")
    files = len(os.listdir(f"/proc/{printer.process.pid}/fd"))
    plain.kill()
    printer.wait("open", "killed", health="down", reason="refused")
    return printer, files


def check_ping(stage):
    RANGE.write_text("1 0")
    probes = [f"name=four type=ping url=ping://192.0.2.2 {FAST}", f"name=six type=ping url=ping://[fd00::2] {FAST}",
              f"name=link type=ping url=ping://[fe80::2%here] {FAST}",
              f"name=silent type=ping url=ping://192.0.2.3 {FAST}", f"name=no-way type=ping url=ping://198.51.100.1 {FAST}",
              f"name=no-link type=ping url=ping://[fe80::2%elsewhere] {FAST}"]
    # As another user: root may always ping.
    os.environ.pop("CREDENTIALS_DIRECTORY", None)
    shut = Printer("/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
                   stage.program, *probes[:2])
    for name in ("four", "six"):
        shut.wait(name, f"closed by the kernel, {name}", outcome="unknown", text="net.ipv4.ping_group_range")
    shut.stop()
    RANGE.write_text("0 2147483647")
    printer = Printer("/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
                      stage.program, *probes)
    for name in ("four", "six", "link"):
        printer.wait(name, f"an address that answers, {name}", health="up", text="echo in")
    printer.wait("silent", "nobody has the address", health="down")
    printer.wait("no-way", "no route", health="down", reason="unreachable")
    printer.wait("no-link", "no such interface", outcome="unknown", text="no such address or interface")
    shell("ip -n away address del 192.0.2.2/24 dev there")
    printer.wait("four", "the address went", health="down")
    shell("ip -n away address add 192.0.2.2/24 dev there")
    printer.wait("four", "and came back", health="up")
    return printer


def hanging_file_system(folder):
    """A FUSE whose program never answers: who looks there sleeps until it is gone. Returns what holds it."""
    import ctypes
    folder.mkdir()
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"hanging", str(folder).encode(), b"fuse", 0,
                  f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()) < 0:
        raise Failed(f"no FUSE to be had: {os.strerror(ctypes.get_errno())}")
    return device


def check_files(stage):
    plain, mount, stuck = (stage.folder / name for name in ("plain", "mount", "stuck"))
    mount.mkdir()
    printer = Printer(stage.program, f"name=plain type=file url=file://{plain} {FAST}",
                      f"name=young type=file url=file://{plain} max_age=1s {FAST}",
                      f"name=mount type=file url=file://{mount} mount=true {FAST}",
                      f"name=other type=file url=file://{stage.folder} {FAST}")
    printer.wait("plain", "no file", health="down", reason="content", text="no such file")
    printer.wait("mount", "a folder", health="down", reason="content", text="nothing is mounted")
    plain.write_text("x")
    shell(f"mount -t tmpfs none {mount}")
    printer.wait("plain", "a file", health="up", text="there")
    printer.wait("mount", "a mount", health="up", text="mounted")
    printer.wait("young", "it grew old", outcome="failure", reason="content", text="wanted at most 1", seconds=15)
    plain.write_text("y")
    printer.wait("young", "it was written", outcome="success")
    mine = helpers()
    if len(mine) != 4:
        raise Failed(f"4 probes have {len(mine)} processes")
    for pid in mine:
        os.kill(pid, signal.SIGSTOP)
    printer.wait("other", "its process does not go on", health="down", reason="timeout", text="did not answer")
    if sorted(helpers()) != sorted(mine):
        raise Failed("another process was sent after one that is stuck")
    for pid in mine:
        os.kill(pid, signal.SIGCONT)
    printer.wait("other", "it goes on", health="up")
    for pid in mine:
        os.kill(pid, signal.SIGKILL)
    printer.wait("other", "it was killed, another one looks", outcome="success")
    stalls = printer.stop()
    wait("their processes end with the program", lambda: not helpers())
    device = hanging_file_system(stuck)
    hanging = Printer(stage.program, f"name=stuck type=file url=file://{stuck} mount=true {FAST}",
                      f"name=other type=file url=file://{stage.folder} {FAST}")
    hanging.wait("stuck", "a file system that hangs", health="down", reason="timeout", text="did not answer")
    hanging.wait("other", "another one does not", health="up")
    count = len(helpers())
    if count != 2:
        raise Failed(f"2 probes have {count} processes")
    begun = time.monotonic()
    worst = hanging.stop()
    if time.monotonic() - begun > 5:
        raise Failed("the end waits for the file system")
    print(f"  ok the end waits for nobody: {helpers()} is left to the kernel", flush=True)
    os.close(device)
    wait("and ends once the file system lets it go", lambda: not helpers())
    return stalls, worst


def inside(program):
    shell("mount --make-rprivate / && mount -t tmpfs none /run && mkdir /run/netns && ip link set lo up && "
          "ip netns add away && ip link add here type veth peer name there netns away && "
          "ip address add 192.0.2.1/24 dev here && ip -6 address add fd00::1/64 dev here nodad && "
          "ip link set here up && ip -n away address add 192.0.2.2/24 dev there && "
          "ip -n away -6 address add fd00::2/64 dev there nodad && "
          "ip -n away -6 address add fe80::2/64 dev there nodad && ip -n away link set there up")
    stage = Stage(program)
    try:
        printer, files = check_redis(stage)
        if len(os.listdir(f"/proc/{printer.process.pid}/fd")) > files:
            raise Failed("descriptors are left open")
        results = [printer.stop(), check_ping(stage).stop(), *check_files(stage)]
        print(f"  loops: {max(result[1] for result in results):.1f} ms the worst callback", flush=True)
    finally:
        for name in ("mount", "stuck"):  # what is mounted there goes with this namespace
            subprocess.run(["umount", "-l", str(stage.folder / name)], check=False, stderr=subprocess.DEVNULL)
        stage.clean()


def main():
    if os.geteuid() != 0:
        print("skipped: needs root for namespaces of its own")
        return SKIPPED
    if "--inside" not in sys.argv:
        os.execv("/usr/bin/unshare", ["unshare", "--net", "--mount", "--", sys.executable, *sys.argv, "--inside"])
    if not pathlib.Path("/usr/bin/redis-server").exists():
        print("skipped: no redis-server to be had")
        return 1 if os.environ.get("CI") == "true" else SKIPPED
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        inside(sys.argv[1])
    except Failed as failed:
        print(f"FAILED {failed}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
