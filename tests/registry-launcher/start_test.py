#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How a registry may be started: several on one node, with a file of secrets, read-only, without purging.

start_test.py LAUNCHER WANT [WORD]: as real_test.py, on whose stage it plays; WORD: only the tests with that in their name.
"""
import http.client, os, pathlib, signal, sys

import real_test as real
from real_test import check, wait_for

SECRET = "do-not-tell-anybody"
OTHER_PORT = real.PORT + 1
USER = 990  # docker-registry on this stage


def request(method, path, port=real.PORT):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path)
    return connection.getresponse().status


def other(stage, **more):
    """A second registry, with a configuration, a port and a storage of its own."""
    config = stage.folder / "other.yml"
    config.write_text(f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {stage.folder}/other}}}}\n"
                      f"http: {{addr: '127.0.0.1:{OTHER_PORT}'}}\n")
    return stage.goal(name="other", config=config, argv=f"{real.REGISTRY}|serve|{config}",
                      listen=f"127.0.0.1:{OTHER_PORT}", **more)


def test_several(stage, want):
    print("two registries on one node")
    user = "docker-registry"
    stage.policy(f"registry {user} {real.REGISTRY}\nother {user} {real.REGISTRY}")
    want.send(stage.goal(), other(stage))
    first = int(want.state("the first one runs", state="running")["pid"])
    second = int(want.state("and the second one", name="other", state="running")["pid"])
    check("both serve", real.is_there() and real.is_there(OTHER_PORT))
    os.kill(first, signal.SIGKILL)
    want.state("one is killed and is there again", state="running", starts=2)
    check("the other one did not notice", int(want.status["other"]["pid"]) == second and real.is_there(OTHER_PORT))
    stage.end(signal.SIGKILL, want)
    stage.start()
    again = int(want.state("the next launcher adopts the first", state="running")["pid"])
    check("and the second", int(want.state("which runs on", name="other", state="running")["pid"]) == second)
    want.send(stage.goal(), other(stage, run=0))
    want.state("the second one alone is stopped", name="other", state="stopped")
    check("the first one runs on", int(want.status["registry"]["pid"]) == again and real.is_there())
    want.send()
    wait_for("both are gone", lambda: not real.is_there() and not real.is_there(OTHER_PORT))
    want.status.clear()


def secrets(stage, text, mode=0o600):
    path = stage.folder / "secrets"
    path.write_text(text)
    path.chmod(mode)
    os.chown(path, USER, USER)
    return path


def test_environment_file(stage, want):
    print("a file of secrets")
    stage.policy()
    path = secrets(stage, f"# of the store\nAWS_SECRET_ACCESS_KEY={SECRET}\n\nAWS_REGION=eu\n")
    goal = stage.goal(environment_file=path, files=path)
    want.send(goal)
    running = want.state("it runs", state="running")
    found = real.proc(running["pid"], "environ").split("\0")
    check("it finds what the file says", f"AWS_SECRET_ACCESS_KEY={SECRET}" in found and "AWS_REGION=eu" in found)
    digest = wait_for("the digest is known", lambda: want.status["registry"]["digest"])
    secrets(stage, f"AWS_SECRET_ACCESS_KEY={SECRET}2\n")
    want.send({**goal, "serial": 2})
    digest = wait_for("another secret is another digest", lambda: want.status["registry"]["digest"] not in ("", digest) and
                      want.status["registry"]["digest"])
    for claim, text, mode, words in (("others may read it", "A=1\n", 0o640, "mode 0600"),
                                     ("a line is wrong", f"A=1\nSECRET {SECRET}\n", 0o600, ":2: must be NAME=value"),
                                     ("it names a variable twice", "A=1\nA=2\n", 0o600, ":2: names a variable again")):
        want.send({**goal, "run": 0})
        want.state("it is stopped", state="stopped")
        secrets(stage, text, mode)
        want.send(goal)
        want.state(f"what was good last is started where {claim}", state="running", digest=digest)
        wait_for("and it is told", lambda: words in want.status["registry"]["captured_error"])
    check("no word of the secret is logged", not any(SECRET in line for line in stage.log_lines))
    want.send()
    wait_for("it is gone", lambda: not real.is_there())
    want.status.clear()


def test_variants(stage, want):
    print("read-only, without purging: the same registry all the same")
    stage.policy(f"variant docker-registry {real.REGISTRY}")
    sections = {"no section": "", "a section": ", maintenance: {uploadpurging: {enabled: true, age: 168h, interval: 24h, "
                "dryrun: false}, readonly: {enabled: false}}"}
    serial = 1
    for words, section in sections.items():
        stage.write_config(f"version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {stage.folder}/storage}}"
                           f"{section}}}\nhttp: {{addr: '127.0.0.1:{real.PORT}'}}\n")
        digests = set()
        for readonly, no_purging in ((0, 0), (1, 0), (0, 1), (1, 1)):
            serial += 1
            before = sum("Starting upload purge" in line for line in stage.log_lines)
            want.send(stage.goal(name="variant", serial=serial, readonly=readonly, no_purging=no_purging))
            want.state(f"{words}: readonly {readonly}, no_purging {no_purging}", name="variant", state="running",
                       readonly=readonly, no_purging=no_purging, starts=serial - 1)
            wait_for("it serves", real.is_there)
            check("an upload may begin" if not readonly else "an upload is refused at its first request",
                  request("POST", "/v2/x/blobs/uploads/") == (405 if readonly else 202))
            after = sum("Starting upload purge" in line for line in stage.log_lines)
            check("it purges uploads" if not no_purging else "it purges nothing", (after > before) == (not no_purging))
            digests.add(wait_for("the digest is known", lambda: want.status["variant"]["digest"]))
        check("one identity", len(digests) == 1, digests)
    stage.end(signal.SIGKILL, want)
    stage.start()
    want.state("the next launcher knows how it was started", name="variant", state="running", readonly=1, no_purging=1)
    want.send()
    wait_for("it is gone", lambda: not real.is_there())
    want.status.clear()


def run():
    folder = pathlib.Path("/tmp", f"regha-{os.environ['REGHA_TEST_TAG']}")
    real.prepare(folder)
    (folder / "other").mkdir()
    os.chown(folder / "other", USER, USER)
    stage = real.Stage(folder)
    stage.start()
    want = real.Want()
    for name, test in list(globals().items()):
        if name.startswith("test_") and (len(sys.argv) < 4 or sys.argv[3].startswith("--") or sys.argv[3] in name):
            stage.write_config()
            test(stage, want)
    stage.end(signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(real.main(run))
