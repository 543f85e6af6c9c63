#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of the operator's, run by a real regha-launcher: hooks as keepalived's notify scripts, commands of probes.

programs_test.py LAUNCHER WANT [WORD]: as real_test.py, on whose stage it plays; WORD: only the tests with that in their name.
"""
import os, pathlib, signal, sys, time

import real_test as real
from real_test import check, wait_for

MASTER, BACKUP, FAULT, STOP = 1, 2, 3, 4
NOTED = pathlib.Path("/tmp/noted")
# As people have it for keepalived, to the letter; it knows nothing of regha.
NOTIFY = """#!/bin/sh
# keepalived notify script: $1 INSTANCE or GROUP, $2 its name, $3 the state, $4 the priority
TYPE=$1
NAME=$2
STATE=$3
case $STATE in
    "MASTER") echo "$TYPE $NAME master $4" >> /tmp/noted; exit 0 ;;
    "BACKUP") echo "$TYPE $NAME backup $4" >> /tmp/noted; exit 0 ;;
    "FAULT")  echo "$TYPE $NAME fault $4" >> /tmp/noted; exit 0 ;;
    "STOP")   echo "$TYPE $NAME stop $4" >> /tmp/noted; exit 0 ;;
    *)        echo "unknown state"; exit 1 ;;
esac
"""


def script(stage, name, text):
    path = stage.folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def notes():
    return NOTED.read_text().splitlines() if NOTED.exists() else []


def hook(programs, state, since, name="registry", timeout_ms=5000):
    return f"hook {name} {state} {since} {timeout_ms} {'|'.join(str(program) for program in programs)}"


def finish(want):
    """Every router is gone and has been told so; nothing of it is left for the next test."""
    want.send()
    wait_for("all is told", lambda: all(hook["state"] == "STOP" and hook["running"] == "0" for hook in want.hooks.values()))
    wait_for("nothing is left", lambda: not list((real.RUNTIME / "launcher").glob("*.hook")))
    want.hooks.clear()
    NOTED.unlink(missing_ok=True)


def test_notify(stage, want):
    print("an unmodified notify script of keepalived's")
    notify = script(stage, "notify.sh", NOTIFY)
    stage.policy(f"@hook nobody {notify}")
    want.send(hook([notify], BACKUP, 100))
    wait_for("it is told", lambda: notes() == ["INSTANCE registry backup 150"])
    want.send(hook([notify], MASTER, 200), end="partial")
    wait_for("and told", lambda: len(notes()) == 2)
    want.send(hook([notify], MASTER, 200))
    want.send(hook([notify], FAULT, 300))
    wait_for("and told", lambda: len(notes()) == 3)
    wait_for("the last one has ended", lambda: want.hooks["registry"]["running"] == "0" and want.hooks["registry"]["since"] == "300")
    check("each change once, in order", notes() == [f"INSTANCE registry {word} 150" for word in ("backup", "master", "fault")])
    stage.end(signal.SIGKILL, want)
    stage.start()
    wait_for("the channel is back", lambda: want.is_ready)
    want.send(hook([notify], FAULT, 300))
    time.sleep(0.5)
    check("the next launcher does not tell it again", len(notes()) == 3)
    want.send()
    wait_for("a router that is gone has stopped", lambda: notes()[3:] == ["INSTANCE registry stop 150"])
    finish(want)


def test_environment(stage, want):
    print("what a hook finds")
    program = script(stage, "env.sh", "#!/bin/sh\nid -un > /tmp/noted.new; env | sort >> /tmp/noted.new; cat >> /tmp/noted.new; "
                     "mv /tmp/noted.new /tmp/noted\n")
    stage.policy(f"@hook nobody {program}")
    want.send(hook([program], MASTER, 100, name="env"))
    wait_for("it ran", NOTED.exists)
    found = notes()
    check("it is nobody", found[0] == "nobody")
    wanted = ["REGHA_ADDRESSES=10.0.0.100 10.0.0.101", "REGHA_FROM=NONE", "REGHA_INTERFACE=lab0", "REGHA_NODE=n1",
              "REGHA_PRIORITY=150", "REGHA_REASON=link", "REGHA_TO=MASTER", "REGHA_VRID=51", "REGHA_VROUTER=env"]
    check("its variables", [line for line in found if line.startswith("REGHA_")] == wanted)
    check("and little else", all(line.startswith(("REGHA_", "PATH=", "PWD=", "_=", "SHLVL=", "OLDPWD=")) for line in found[1:]))
    finish(want)


def test_order(stage, want):
    print("a slow hook: one at a time, the newest wins")
    slow = script(stage, "slow.sh", "#!/bin/sh\necho begin $3 >> /tmp/noted; sleep 0.7; echo end $3 >> /tmp/noted\n")
    second = script(stage, "second.sh", "#!/bin/sh\necho second $3 >> /tmp/noted\n")
    stage.policy(f"@hook nobody {slow}\n@hook nobody {second}")
    want.send(hook([slow, second], BACKUP, 1, name="slow"))
    wait_for("it runs", lambda: notes() == ["begin BACKUP"])
    for since, state in enumerate((MASTER, FAULT, BACKUP, MASTER), start=2):
        want.send(hook([slow, second], state, since, name="slow"))
    wait_for("all is told", lambda: "second MASTER" in notes())
    check("in order", notes() == ["begin BACKUP", "end BACKUP", "begin MASTER", "end MASTER", "second MASTER"], notes())
    wait_for("what was left out is counted", lambda: want.hooks["slow"]["coalesced"] == "3")
    finish(want)


def test_refused(stage, want):
    print("a hook that may not run, fails, hangs, talks")
    fails = script(stage, "fails.sh", "#!/bin/sh\necho some words\nexit 3\n")
    hangs = script(stage, "hangs.sh", "#!/bin/sh\nsleep 1000 & wait\n")
    talks = script(stage, "talks.sh", "#!/bin/sh\nyes 0123456789 | head -c 1000000\n")
    stage.policy(f"@hook nobody {fails}\n@hook nobody {hangs}\n@hook toor {talks}\n@hook nobody /nowhere")

    def told(name, program, words, **more):
        want.send(hook([program], MASTER, 1, name=name, **more), end="partial")
        wait_for(f"{name}: {words}", lambda: words in want.hooks.get(name, {}).get("words", ""))
        print(f"  ok {name}: {want.hooks[name]['words']}", flush=True)

    told("fails", fails, "it ended with status 3")
    wait_for("its words are in the journal", lambda: any("a hook says" in line and "some words" in line for line in stage.log_lines))
    told("hangs", hangs, "it was killed, for its time was over", timeout_ms=500)
    check("with all it had started", os.system("pgrep -u nobody -x sleep >/dev/null") != 0)
    told("absent", "/nowhere", "status 127")
    told("other", "/bin/true", "does not allow @hook /bin/true")
    told("root", talks, "status 127")
    stage.policy(f"@hook nobody {talks}")
    want.send(hook([talks], MASTER, 1, name="talks"), end="partial")
    wait_for("who talks much ends", lambda: want.hooks.get("talks", {}).get("running") == "0")
    wait_for("what is not kept is told", lambda: any("vrouter=talks" in line and "more than is kept" in line for line in stage.log_lines))
    lines = [line for line in stage.log_lines if "vrouter=talks" in line]
    check("and fills no journal", len(lines) < 12, len(lines))
    finish(want)


def test_commands(stage, want):
    print("the command of a probe")
    program = script(stage, "check.sh", "#!/bin/sh\necho first line\necho second line\nexit $1\n")
    hangs = script(stage, "hangs.sh", "#!/bin/sh\necho before\nsleep 1000\n")
    stage.policy(f"@exec nobody {program}\n@exec nobody {hangs}")

    def ended(serial, command, timeout_ms=5000):
        want.send(f"exec probe {serial} {timeout_ms} {command}", end="partial")
        wait_for(f"attempt {serial}", lambda: want.execs.get("probe", {}).get("serial") == str(serial))
        return tuple(want.execs["probe"][key] for key in ("end", "code", "words"))

    check("up", ended(1, f"{program}|0") == ("0", "0", "first line"))
    check("down", ended(2, f"{program}|1") == ("0", "1", "first line"))
    check("out of time", ended(3, hangs, 300)[0] == "2")
    check("refused", ended(4, "/bin/true")[0] == "3")
    begun = time.monotonic()
    for serial in range(5, 25):
        ended(serial, f"{program}|0")
    print(f"  {(time.monotonic() - begun) * 1000 / 20:.1f} ms an attempt, from the order to its end")
    check("the loop was never held up", int(want.stalls.get("stalls", 0)) == 0, want.stalls)
    want.send()


def test_stop(stage, want):
    print("the launcher's own end")
    notify = script(stage, "notify.sh", NOTIFY)
    stage.policy(f"@hook nobody {notify}")
    want.send(hook([notify], MASTER, 100))
    wait_for("it is told", lambda: notes() == ["INSTANCE registry master 150"])
    stage.end(signal.SIGTERM)
    check("is told before it ends", notes()[1:] == ["INSTANCE registry stop 150"], notes())


def run():
    folder = pathlib.Path("/tmp", f"regha-{os.environ['REGHA_TEST_TAG']}")
    real.prepare(folder)
    os.chmod(folder, 0o755)
    stage = real.Stage(folder)
    stage.start()
    want = real.Want()
    for name, test in list(globals().items()):
        if name.startswith("test_") and (len(sys.argv) < 4 or sys.argv[3].startswith("--") or sys.argv[3] in name):
            test(stage, want)


if __name__ == "__main__":
    sys.exit(real.main(run))
