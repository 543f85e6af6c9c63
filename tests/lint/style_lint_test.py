#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Show that style_lint.py can fail: it must refuse each file for its own reason alone.

Prints what it missed; exit status 1 if anything.
"""
import pathlib, subprocess, sys, tempfile

STYLE_LINT = pathlib.Path(__file__).with_name("style_lint.py")
PURE = "is Pure by its head or by regha_pure() in CMakeLists.txt, must be by both"
ROWS = [  # file, its text, the only finding (None: it is fine)
    ("vrrp/fsm.c", '#include "vrrp/packet.h"\n#include "base/err.h"', None),
    ("vrrp/fsm.c", '#include "probes/message.h"', "vrrp may not include probes/message.h"),
    ("vrrp/kernel/pace.c", '#include "vrrp/fsm.h"', "vrrp/kernel may not include vrrp/fsm.h"),
    ("probes/http.c", '#include "vrrp/params.h"', "probes may not include vrrp/params.h"),
    ("supervisord/policy/role.c", '#include "vrrp/message.h"\n#include "probes/params.h"', None),
    ("supervisord/policy/role.c", '#include "vrrp/fsm.h"', "supervisord may not include vrrp/fsm.h"),
    ("supervisord/policy/role.c", '#include "supervisord/base/err.h"', "supervisord may not include supervisord/base/err.h"),
    ("supervisord/policy/role.c", '#include "role.h"', "supervisord may not include role.h"),
    ("supervisord/policy/role.c", '#include "base/../../vrrp/fsm.h"', "supervisord may not include base/../../vrrp/fsm.h"),
    ("supervisord/ctl/main.c", '#include "supervisord/ctl/table.h"\n#include "base/err.h"', None),
    ("supervisord/ctl/main.c", '#include "vrrp/message.h"', "supervisord/ctl may not include vrrp/message.h"),
    ("supervisord/ctl/main.c", '#include "supervisord/params.h"', "supervisord/ctl may not include supervisord/params.h"),
    ("supervisord/base/err.c", '#include "vrrp/params.h"', "supervisord/base may not include vrrp/params.h"),
    ("vrrp/packet.h", "/* packet - bytes. Pure. */", None),
    ("vrrp/packet.h", "/* packet - bytes. */", PURE),
    ("vrrp/socket.h", "/* socket - kernel. Pure. */", PURE),
    ("vrrp/socket.c", "static void copy(char *to, char *from) { strncpy(to, from, 9); }", "strncpy() is banned"),
    ("vrrp/socket.c", "void send(void) { }", "exported send() must start with vrrp_socket_"),
]

def findings(root, name, text):
    (root / "CMakeLists.txt").write_text("regha_pure(vrrp fsm packet)\n")
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    run = subprocess.run([sys.executable, STYLE_LINT, root], capture_output=True, text=True)
    return run.returncode, run.stdout.splitlines()

def main():
    missed = 0
    for name, text, finding in ROWS:
        with tempfile.TemporaryDirectory() as folder:
            want = (1, [f"{name}:1: {finding}"]) if finding else (0, [])
            got = findings(pathlib.Path(folder), name, text)
            if got != want:
                print(f"{text}: got {got}, want {want}")
                missed += 1
    return 1 if missed else 0

sys.exit(main())
