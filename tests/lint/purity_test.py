#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Show that purity.py can fail: it must refuse each impure file for its own reason alone.

purity_test.py COMPILER prints what it missed; exit status 1 if anything.
"""
import pathlib, subprocess, sys, tempfile

PURITY = pathlib.Path(__file__).with_name("purity.py")
ROWS = [  # file, its code, the only finding (None: it is pure)
    ("static_variable", "int f(void) { static int calls; return ++calls; }",
     "has 4 bytes of variables in .bss"),
    ("initialized_variable", "int f(void) { static int calls = 7; return ++calls; }",
     "has 4 bytes of variables in .data"),
    ("malloc", "#include <stdlib.h>\nvoid *f(void) { return malloc(9); }", "needs malloc()"),
    ("clock", "#include <time.h>\nint f(struct timespec *now) { return clock_gettime(0, now); }",
     "needs clock_gettime()"),
    ("syslog", "#include <syslog.h>\nvoid f(void) { syslog(LOG_ERR, \"here\"); }", "needs syslog()"),
    ("constants", "const char *f(int at) { static const char *const names[] = {\"a\", \"b\"};"
     " return names[at]; }", None),
    ("copy", "#include <string.h>\nvoid f(char *to, char *from, size_t n) { memcpy(to, from, n); }", None),
    ("caller", "int pure(int); int f(int at) { return pure(at); }", None),
]

def findings(compiler, folder, name, code):
    objects = []
    for file, text in ((name, code), ("other", "int pure(int at); int pure(int at) { return at; }")):
        objects.append(f"{folder}/{file}.o")
        subprocess.run([compiler, "-x", "c", "-c", "-", "-o", objects[-1]], input=text, text=True, check=True)
    run = subprocess.run([sys.executable, PURITY, *objects], capture_output=True, text=True)
    return run.returncode, run.stdout.splitlines()

def main(compiler):
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, code, finding in ROWS:
            want = (1, [f"{folder}/{name}.o: {finding}"]) if finding else (0, [])
            got = findings(compiler, folder, name, code)
            if got != want:
                print(f"{name}: got {got}, want {want}")
                missed += 1
    return 1 if missed else 0

sys.exit(main(sys.argv[1]))
