#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""regha-init with programs that only pretend: start, restart, reload, stop.

usage: init_test.py REGHA_INIT. Needs root. Runs in mount and pid namespaces of its own, with its
own /run and users. Exit status 77: skipped.
"""
import os, pathlib, signal, subprocess, sys, time, traceback

USERS = ("regha", "regha-vrrp", "regha-net", "regha-launcher")
PROGRAMS = ("regha-net", "regha-vrrp", "regha-launcher", "reghad")
FAKE = """#!/bin/sh
# Tells what it was started with and what it was told; ends as a file beside it says.
here=$(dirname "$0"); name=$(basename "$0")
case "$*" in *--policy*)
    echo "policy" >>"$here/said"
    [ -e "$here/policy-status" ] && exit "$(cat "$here/policy-status")"
    echo "registry docker-registry /usr/bin/docker-registry"; exit 0;;
esac
trap 'echo "$name HUP" >>"$here/said"' HUP
trap 'echo "$name TERM" >>"$here/said"; [ -e "$here/$name-deaf" ] || exit 0' TERM
[ -n "$CREDENTIALS_DIRECTORY" ] && cat "$CREDENTIALS_DIRECTORY/cluster.key" >>"$here/$name.key"
echo $$ >"$here/$name.pid"
echo "$name start $*${NOTIFY_SOCKET:+ NOTIFY_SOCKET}" >>"$here/said"
[ -e "$here/$name-status" ] && exit "$(cat "$here/$name-status")"
[ -e "$here/$name-orphan" ] && { sleep 1000 & rm "$here/$name-orphan"; echo $! >"$here/orphan.pid"; }
while :; do sleep 1000 & wait $!; kill $! 2>/dev/null; done
"""


def own_namespaces(argv):
    """Come back inside, with a /run and users that nobody else sees."""
    if os.environ.get("INIT_TEST_INSIDE") != "1":
        os.environ["INIT_TEST_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--pid", "--fork", "--mount-proc",
                              sys.executable, *argv])
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/var/lib"], check=True)
    for folder in ("/run/etc-upper", "/run/etc-work"):
        pathlib.Path(folder).mkdir()
    subprocess.run(["mount", "-t", "overlay", "overlay", "/etc", "-o",
                    "lowerdir=/etc,upperdir=/run/etc-upper,workdir=/run/etc-work"], check=True)
    pathlib.Path("/etc/regha").mkdir(exist_ok=True)
    pathlib.Path("/etc/regha/cluster.key").write_text("of this test\n")
    for name, line in (("passwd", "{0}:x:{1}:{1}::/nonexistent:/usr/sbin/nologin\n"),
                       ("group", "{0}:x:{1}:\n")):
        file = pathlib.Path("/etc", name)
        kept = [text for text in file.read_text().splitlines(True)
                if text.split(":")[0] not in USERS]
        file.write_text("".join(kept) + "".join(line.format(user, 60000 + at)
                                                for at, user in enumerate(USERS)))


def may_lower_oom_score():
    """CAP_SYS_RESOURCE: a container's root may be without it, and regha-init goes on then."""
    status = pathlib.Path("/proc/self/status").read_text()
    effective = next(line for line in status.splitlines() if line.startswith("CapEff"))
    return int(effective.split()[1], 16) >> 24 & 1


def wait_for(what, condition, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


class Stage:
    def __init__(self, regha_init, name, files=()):
        self.folder = pathlib.Path("/run/stage-" + name)
        self.folder.mkdir()
        for program in PROGRAMS:
            path = self.folder / program
            path.write_text(FAKE)
            path.chmod(0o755)
        for file, text in files:
            (self.folder / file).write_text(text)
        self.config = self.folder / "regha.conf"
        self.config.write_text("")
        self.regha_init = regha_init
        self.start()

    def start(self, *options):
        self.process = subprocess.Popen(
            [self.regha_init, "--libexec", self.folder, "-c", self.config, *options],
            stderr=open(self.folder / "log", "a"), env={**os.environ, "NOTIFY_SOCKET": "/nowhere"})

    def said(self):
        path = self.folder / "said"
        return path.read_text().splitlines() if path.exists() else []

    def log(self):
        return (self.folder / "log").read_text()

    def pid(self, program):
        return int((self.folder / f"{program}.pid").read_text())

    def starts(self, program):
        return sum(line.startswith(program + " start") for line in self.said())

    def wait_started(self):
        wait_for("all started", lambda: all(self.starts(name) for name in PROGRAMS))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def close(self):
        """Our own descendants only: this is the first process of its namespace."""
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        while True:
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                return


def starts_all_and_stops_in_order(stage):
    stage.wait_started()
    said = stage.said()
    assert said[0] == "policy", said
    assert f"reghad start -c {stage.config}" in said, said
    assert "regha-vrrp start " in said, said
    assert pathlib.Path("/run/regha/policy").read_text().startswith("registry docker-registry ")
    assert os.readlink("/run/regha/control.sock") == "reghad/control.sock"
    assert os.stat("/run/regha/vrrp").st_uid == 60001
    assert oct(os.stat("/run/regha/vrrp").st_mode & 0o777) == "0o755"
    score = pathlib.Path(f"/proc/{stage.pid('regha-net')}/oom_score_adj").read_text()
    assert score == ("-900\n" if may_lower_oom_score() else "0\n"), score
    assert stage.stop() == 0
    ends = [line for line in stage.said() if line.endswith("TERM")]
    assert ends[:2] == ["reghad TERM", "regha-vrrp TERM"] and len(ends) == 4, ends


def restarts_what_dies_ever_later(stage):
    stage.wait_started()
    first = stage.pid("regha-vrrp")
    net = stage.pid("regha-net")
    begun = time.monotonic()
    for count in (2, 3, 4):
        os.kill(stage.pid("regha-vrrp"), signal.SIGKILL)
        wait_for(f"start {count}", lambda: stage.starts("regha-vrrp") == count)
        wait_for("another pid", lambda: stage.pid("regha-vrrp") != first)
        first = stage.pid("regha-vrrp")
    assert time.monotonic() - begun >= 0.3  # 0, 0.1 and 0.2 s
    assert stage.pid("regha-net") == net and stage.starts("regha-net") == 1
    assert "program=regha-vrrp wait_ms=200" in stage.log()


def a_misconfigured_program_waits_for_a_reload(stage):
    stage.wait_started()
    (stage.folder / "regha-net-status").write_text("78")
    os.kill(stage.pid("regha-net"), signal.SIGKILL)
    wait_for("held", lambda: "misconfigured" in stage.log())
    starts = stage.starts("regha-net")
    time.sleep(0.5)
    assert stage.starts("regha-net") == starts
    (stage.folder / "regha-net-status").unlink()
    stage.process.send_signal(signal.SIGHUP)
    wait_for("started again", lambda: stage.starts("regha-net") == starts + 1)
    wait_for("reghad was told", lambda: "reghad HUP" in stage.said())
    assert stage.said().count("policy") == 2


def a_wrong_configuration_at_start_ends_with_78(stage):
    assert stage.process.wait(10) == 78
    assert stage.said() == ["policy"], stage.said()


def a_reghad_that_refuses_at_first_start_ends_all_with_78(stage):
    assert stage.process.wait(10) == 78
    assert stage.starts("reghad") == 1


def a_refused_reload_keeps_the_policy_and_tells_reghad(stage):
    stage.wait_started()
    kept = pathlib.Path("/run/regha/policy").read_text()
    (stage.folder / "policy-status").write_text("78")
    stage.process.send_signal(signal.SIGHUP)
    wait_for("reghad was told", lambda: "reghad HUP" in stage.said())
    assert pathlib.Path("/run/regha/policy").read_text() == kept
    assert stage.process.poll() is None


def a_deaf_program_is_killed_when_asked_twice(stage):
    stage.wait_started()
    begun = time.monotonic()
    stage.process.send_signal(signal.SIGTERM)
    wait_for("asked once", lambda: "regha-launcher TERM" in stage.said())
    stage.process.send_signal(signal.SIGTERM)
    assert stage.process.wait(60) == 0
    assert time.monotonic() - begun < 45  # asked once it has 90 s
    assert "killed" in stage.log()


def orphans_are_reaped_and_do_not_outlive_the_stop(stage):
    stage.wait_started()
    wait_for("its child", lambda: (stage.folder / "orphan.pid").exists())
    orphan = int((stage.folder / "orphan.pid").read_text())
    os.kill(stage.pid("regha-launcher"), signal.SIGKILL)
    wait_for("restarted", lambda: stage.starts("regha-launcher") == 2)
    parent = pathlib.Path(f"/proc/{orphan}/stat").read_text().split()[3]
    assert int(parent) == stage.process.pid, parent
    assert stage.stop() == 0
    assert not pathlib.Path(f"/proc/{orphan}").exists()


def a_killed_one_leaves_nothing_to_the_next(stage):
    stage.wait_started()
    old = stage.pid("regha-vrrp")
    second = subprocess.run([stage.regha_init, "--libexec", stage.folder, "-c", stage.config],
                            stderr=subprocess.PIPE, text=True, timeout=10)
    assert second.returncode == 1 and "another regha-init runs" in second.stderr, second.stderr
    stage.process.kill()
    stage.process.wait()
    assert pathlib.Path(f"/proc/{old}").exists()
    stage.start()
    wait_for("started again", lambda: all(stage.starts(name) == 2 for name in PROGRAMS))
    state = pathlib.Path(f"/proc/{old}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


def the_key_goes_to_reghad_alone(stage):
    copy = pathlib.Path("/run/regha/credentials/cluster.key")
    stage.wait_started()
    assert (stage.folder / "reghad.key").read_text() == "of this test\n"
    assert not (stage.folder / "regha-vrrp.key").exists()
    assert (copy.stat().st_uid, oct(copy.stat().st_mode & 0o777)) == (60000, "0o400")
    pathlib.Path("/etc/regha/cluster.key").unlink()
    stage.process.send_signal(signal.SIGHUP)
    wait_for("reghad was told", lambda: "reghad HUP" in stage.said())
    assert not copy.exists()


def secrets_of_probes_go_to_reghad(stage):
    folder, copies = pathlib.Path("/etc/regha/credentials"), pathlib.Path("/run/regha/credentials")
    stage.wait_started()
    folder.mkdir(mode=0o700)
    for name, mode in (("store", 0o600), ("puller", 0o640), ("open", 0o644), ("a b", 0o600)):
        (folder / name).write_text(f"{name}:secret\n")
        (folder / name).chmod(mode)
    stage.process.send_signal(signal.SIGHUP)
    wait_for("they are copied", lambda: (copies / "probe_store").exists() and (copies / "probe_puller").exists())
    wait_for("reghad was told", lambda: "reghad HUP" in stage.said())
    copied = sorted(path.name for path in copies.iterdir())
    assert copied == ["probe_puller", "probe_store"], copied
    stat = (copies / "probe_puller").stat()
    assert (stat.st_uid, oct(stat.st_mode & 0o777)) == (60000, "0o400")
    assert (copies / "probe_store").read_text() == "store:secret\n"
    assert "credentials/open can be read by others" in stage.log(), stage.log()
    (folder / "store").unlink()
    stage.process.send_signal(signal.SIGHUP)
    wait_for("what is gone goes", lambda: not (copies / "probe_store").exists())


def the_policy_alone_can_be_written(stage):
    stage.wait_started()
    path = pathlib.Path("/run/regha/policy")
    path.unlink()
    command = [stage.regha_init, "--libexec", stage.folder, "-c", stage.config, "--write-policy"]
    assert subprocess.run(command, timeout=10).returncode == 0
    assert path.read_text().startswith("registry docker-registry ")
    (stage.folder / "policy-status").write_text("78")
    assert subprocess.run(command, timeout=10, stderr=subprocess.DEVNULL).returncode == 78
    assert path.exists()
    (stage.folder / "reghad").unlink()
    assert subprocess.run(command, timeout=10, stderr=subprocess.DEVNULL).returncode == 1


CASES = (
    (starts_all_and_stops_in_order, ()),
    (restarts_what_dies_ever_later, ()),
    (a_misconfigured_program_waits_for_a_reload, ()),
    (a_wrong_configuration_at_start_ends_with_78, (("policy-status", "78"),)),
    (a_reghad_that_refuses_at_first_start_ends_all_with_78, (("reghad-status", "78"),)),
    (a_refused_reload_keeps_the_policy_and_tells_reghad, ()),
    (a_deaf_program_is_killed_when_asked_twice, (("regha-launcher-deaf", ""),)),
    (orphans_are_reaped_and_do_not_outlive_the_stop, (("regha-launcher-orphan", ""),)),
    (a_killed_one_leaves_nothing_to_the_next, ()),
    (the_key_goes_to_reghad_alone, ()),
    (secrets_of_probes_go_to_reghad, ()),
    (the_policy_alone_can_be_written, ()),
)


def main(argv):
    if os.geteuid() != 0:
        print("skipped: needs root")
        return 77
    own_namespaces(argv)
    failed = 0
    for case, files in CASES:
        stage = Stage(argv[1], case.__name__, files)
        try:
            case(stage)
            print("ok", case.__name__)
        except Exception as error:  # the other cases still tell something
            failed += 1
            print("FAILED", case.__name__, repr(error), *stage.said(), stage.log(), sep="\n")
            traceback.print_exc(file=sys.stdout)
        finally:
            stage.close()
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return failed != 0


sys.exit(main(sys.argv))
