#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The completion of bash offers what a stand-in for reghactl answers.

completion_test.py ROOT
"""
import os, pathlib, subprocess, sys, tempfile

# What reghactl help and show print, from the golden files.
STAND_IN = """#!/bin/sh
case "$*" in
*help) cat "$GOLDEN/help.txt" ;;
*probes) cat "$GOLDEN/show_probes.txt" ;;
*registries) cat "$GOLDEN/show_registries.txt" ;;
*routers) cat "$GOLDEN/show_routers.txt" ;;
*nodes) cat "$GOLDEN/show_nodes.txt" ;;
esac
"""
ROWS = (
    ("reghactl sh", {"show"}),
    ("reghactl show re", {"registries"}),
    ("reghactl -j -s /x show ro", {"routers"}),
    ("reghactl show probes min", {"minio-here", "minio-write", "minio-read"}),
    ("reghactl registry ", {"registry"}),
    ("reghactl registry registry ", {"start", "stop", "restart", "readonly", "readwrite"}),
    ("reghactl switchover ", {"registry", "storage"}),
    ("reghactl switchover registry ", {"to"}),
    ("reghactl switchover registry to n", {"n1", "n2", "n3", "n4"}),
    ("reghactl drain ", {"n1", "n2", "n3", "n4"}),
    ("reghactl --", {"--json", "--socket", "--timeout", "--watch", "--help", "--version"}),
    ("reghactl key ", {"create", "check"}),
    ("reghactl sta", {"status", "start"}),
    ("reghactl clear ", {"counters"}),
    ("reghactl show probes nothing", set()),
)

def offered(root, environment, line):
    words = line.split(" ")
    script = (f'. "{root}/etc/bash-completion/reghactl"; COMP_WORDS=({" ".join(repr(word) for word in words)});'
              f" COMP_CWORD={len(words) - 1}; _reghactl; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment, check=True)
    return set(done.stdout.split())

def main(root):
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder, "reghactl")
        program.write_text(STAND_IN)
        program.chmod(0o755)
        environment = dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}", GOLDEN=str(root / "tests/golden"))
        for line, wanted in ROWS:
            got = offered(root, environment, line)
            if got != wanted:
                print(f"{line!r}: offers {sorted(got)}, not {sorted(wanted)}")
                failed = 1
    return failed

sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
