#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare the journal's catalog with the sentences that the programs log.

usage: catalog.py TREE [--write]

Before each entry the catalog has "# sentence"; the number of the entry is the sentence's 128-bit
FNV-1a hash, as base/event_id computes it. A sentence that no source file logs any more, or another
number, is a mistake; --write puts the right number there.
"""
import pathlib, re, sys

CATALOG = "etc/journal/regha.catalog"
FOLDERS = ("supervisord", "vrrp", "probes", "registry-launcher")
OFFSET, PRIME = 0x6C62272E07BB014262B821756295C58D, (1 << 88) + 0x13B


def event_id(sentence):
    value = OFFSET
    for byte in sentence.encode():
        value = (value ^ byte) * PRIME % (1 << 128)
    return f"{value:032x}"


def literals(tree):
    found = set()
    for folder in FOLDERS:
        for path in (tree / folder).rglob("*.c"):
            joined = re.sub(r'"\s*\n\s*"', "", path.read_text())
            found |= set(re.findall(r'"((?:\\.|[^"\\\n])*)"', joined))
    return found


def main(tree, write):
    path = tree / CATALOG
    text, logged, findings = path.read_text(), literals(tree), []
    entries = re.findall(r"^# (.+)\n-- ([0-9a-f]{32})$", text, re.M)
    if len(entries) != len(re.findall(r"^-- ", text, re.M)) or not entries:
        findings.append("each entry needs its sentence in the line before, as a comment")
    for sentence, number in entries:
        if sentence not in logged:
            findings.append(f'nobody logs "{sentence}"')
        if number != event_id(sentence):
            findings.append(f'the number of "{sentence}" is {event_id(sentence)}')
            text = text.replace(f"# {sentence}\n-- {number}", f"# {sentence}\n-- {event_id(sentence)}")
    if write:
        path.write_text(text)
        return 0
    for finding in findings:
        print(f"{CATALOG}: {finding}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), "--write" in sys.argv[2:]))
