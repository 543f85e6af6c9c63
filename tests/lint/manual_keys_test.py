#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""manual_keys.py refuses what it must: manual_keys_test.py KEYS PAGE, which agree."""
import pathlib, subprocess, sys, tempfile

SCRIPT = pathlib.Path(__file__).with_name("manual_keys.py")

def run(keys, page):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("keys", keys), ("page", page)):
            (pathlib.Path(folder) / name).write_text(text)
        done = subprocess.run([sys.executable, SCRIPT, f"{folder}/keys", f"{folder}/page"],
                              capture_output=True, text=True)
        return done.returncode, done.stdout

def main(keys_path, page_path):
    keys, page = (pathlib.Path(path).read_text() for path in (keys_path, page_path))
    gone = page.replace(".It Ic vrid\n", ".It Ic vird\n")
    rows = [
        ("as they are", keys, page, ""),
        ("a key that is not in the manual", keys, gone, "virtual_routers.vrid: is not in the manual"),
        ("an entry that is no key", keys, gone, "virtual_routers.vird: is in the manual, and no key"),
        ("another range", keys.replace("1 to 255; required", "1 to 256; required"), page,
         "virtual_routers.vrid: the manual says"),
        ("another default", keys.replace("default 9651", "default 9650"), page, "metrics.port: the manual says"),
        ("an entry twice", keys, page.replace(".It Ic vrid\n", ".It Ic vrid\nText.\n.It Ic vrid\n"),
         "virtual_routers.vrid: is in the manual twice"),
        ("no manual", keys, "", "nothing to compare"),
    ]
    wrong = 0
    for rule, these_keys, this_page, said in rows:
        code, out = run(these_keys, this_page)
        if code != (1 if said else 0) or said not in out:
            print(f"{rule}: exit status {code}, said\n{out}")
            wrong += 1
    return 1 if wrong else 0

sys.exit(main(sys.argv[1], sys.argv[2]))
