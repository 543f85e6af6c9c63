#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fail on what mandoc finds in the manual pages, and on references to pages of ours that are not.

man.py ROOT prints path:line: message, one per finding; exit status 1 if any. Needs mandoc.
"""
import pathlib, re, shutil, subprocess, sys

# Whether a page is installed on this machine says nothing about ours.
ELSEWHERE = re.compile(r"referenced manual not found|outdated mandoc\.db")

def main(root):
    if not shutil.which("mandoc"):
        print("skipped: no mandoc (package mandoc)")
        return 0
    pages = sorted((root / "man").glob("*.[1-8]"))
    ours = {page.name for page in pages}
    out = subprocess.run(["mandoc", "-Tlint", *pages], capture_output=True, text=True)
    findings = [line for line in (out.stdout + out.stderr).splitlines() if not ELSEWHERE.search(line)]
    for page in pages:
        for number, line in enumerate(page.read_text().splitlines(), 1):
            for name, section in re.findall(r"^\.Xr (regha\S*) (\d)", line):
                if f"{name}.{section}" not in ours:
                    findings.append(f"{page}:{number}: there is no {name}({section})")
    print("\n".join(findings))
    return 1 if findings else 0

sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
