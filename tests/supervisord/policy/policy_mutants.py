#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each promise of the property test is broken once, in a copy of the sources, and the test must tell.

policy_mutants.py ROOT COMPILER. A mutant is one replacement in one file; if its text is no longer
there, that is a failure, too: the list must follow the code.
"""
import pathlib, shutil, subprocess, sys, tempfile

STREAMS = "40000"

# What is broken, the file, what is there, what is put there, a word of the promise that tells.
MUTANTS = (
    ("what all share counts as local", "role_store.c",
     "requirement->health != PROBE_DOWN || requirement->scope != PROBE_SCOPE_LOCAL", "requirement->health != PROBE_DOWN",
     "P6"),
    ("a failing read is never the store's fault", "role_store.c",
     "!requirement->storage_in_doubt && !unsettled", "true", "P6"),
    ("a silent storage peer is no excuse", "role_store.c", "!requirement->storage_in_doubt && !unsettled",
     "!requirement->storage_in_doubt", "P6"),
    ("a healed store counts at once", "role_store.c",
     "return healed.ns >= failure_started.ns &&", "return false && healed.ns >= failure_started.ns &&",
     "P6"),
    ("a store that failed for a moment did not", "role_store.c",
     "behind->changed.ns > behind->failed.ns ? behind->changed : behind->failed", "behind->changed", "P6"),
    ("what was unsettled counts at once", "role_store.c", "memory->unsettled.ns == 0 || monotime_reached(settled, now)",
     "true", "P6"),
    ("a peer's old success proves something", "role_store.c", "shared->peer_success.ns <= proof.ns", "false", "P6"),
    ("it yields again and again", "role.c", "!memory->is_yielding && may_yield", "!memory->is_yielding", "at most once"),
    ("read-only at once", "role_store.c",
     "if (wanted == ROLE_ON_STORE_KEEP || !has_lasted(evidence, write->since, now, ret_again))",
     "if (wanted == ROLE_ON_STORE_KEEP)", "read-only only"),
    ("read-write at once", "role_store.c",
     "write.is_up && memory->readonly && has_lasted(evidence, write.since, now, ret_again)",
     "write.is_up && memory->readonly", "back only"),
    ("never read-only", "role_store.c", "memory->readonly = wanted == ROLE_ON_STORE_READONLY;", ";",
     "read-only in time"),
    ("drained nodes are candidates", "role.c", "is_out && (evidence->state != VRRP_ACTIVE || evidence->is_forced)",
     "is_out && evidence->is_forced", "no candidate"),
    ("a pause is none", "role.c", "evidence->is_paused && memory->has_last", "false", "while paused"),
    ("it runs everywhere", "role.c", "evidence->state == VRRP_ACTIVE || verdict.successor) &&", "true) &&",
     "runs where"),
    ("what the store stops runs on", "role.c", "&& !memory->store_stop;", ";", "does not run"),
    ("health takes the candidacy", "role.c", "        .candidate = true,", "        .candidate = memory->failed_until.ns == 0,",
     "health alone"),
    ("the breaker knows no limit", "breaker.c",
     "    if (count_lost(breaker, evidence, at, now) + 1 > breaker_limit(&evidence->params))\n        return BREAKER_REASON_LIMIT;\n",
     "", "never more"),
    ("the breaker cuts what nobody vouches for", "breaker.c", "if (!is_witnessed(evidence, at, now))", "if (false)",
     "nobody answers"),
    ("the breaker cuts this host off", "breaker.c",
     "    if (evidence->peers[at].is_excluded)\n        return BREAKER_REASON_EXCLUDED;\n    if (evidence->is_off)",
     "    if (evidence->is_off)", "is here"),
)


def build(folder, root, compiler):
    sources = [str(folder / name) for name in ("role.c", "role_store.c", "breaker.c")]
    command = [compiler, "-std=c17", "-D_GNU_SOURCE", "-O1", f"-I{root}", f"-I{root}/supervisord", "-o",
               str(folder / "test"), f"{root}/tests/supervisord/policy/policy_property_test.c", *sources]
    subprocess.run(command, check=True, capture_output=True, text=True)


def try_one(mutant, root, compiler, folder):
    """What is wrong with it, or None."""
    name, file, before, after, told = mutant
    for source in ("role.c", "role_store.c", "breaker.c"):
        shutil.copy(root / "supervisord/policy" / source, folder)
    text = (folder / file).read_text()
    if text.count(before) != 1:
        return f"its text is there {text.count(before)} times"
    (folder / file).write_text(text.replace(before, after))
    build(folder, root, compiler)
    done = subprocess.run([folder / "test", STREAMS], capture_output=True, text=True, timeout=120)
    if done.returncode == 0:
        return "nobody noticed"
    if told and told not in done.stdout:
        return f"noticed, but not as \"{told}\": {done.stdout.splitlines()[0]}"
    print(f"{name}: {done.stdout.splitlines()[0]}")
    return None


def main():
    root, compiler = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for mutant in MUTANTS:
            wrong = try_one(mutant, root, compiler, pathlib.Path(folder))
            if wrong:
                print(f"FAILED {mutant[0]}: {wrong}")
            failed += wrong is not None
    print(f"{len(MUTANTS) - failed} of {len(MUTANTS)} mutants told")
    return 1 if failed else 0


sys.exit(main())
