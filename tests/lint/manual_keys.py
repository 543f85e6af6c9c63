#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fail where the keys of regha.conf(5) and those of the code are not the same.

manual_keys.py KEYS PAGE: KEYS is what reghad --describe prints ("path: help; allowed; default"),
PAGE the manual. Each key has an entry ".It Ic NAME" (or, for a list of groups, the text below its
".Ss") that begins with "Help. Allowed: ALLOWED; DEFAULT."; each entry is a key. Prints one finding
per line; exit status 1 if any.
"""
import re, sys

def described(path):
    return dict(line.rstrip("\n").split(": ", 1) for line in open(path))

def entries(path):
    """Path of a key -> the text of its entry, blanks as one."""
    found, section, key = {}, None, None
    in_keys = False
    for line in open(path):
        line = line.rstrip("\n")
        if line.startswith(".Sh "):
            in_keys = line == ".Sh KEYS"
        elif not in_keys:
            continue
        elif line.startswith(".Ss "):
            section = key = line[4:]
            found[key] = ""
        elif line.startswith(".It Ic "):
            key = f"{section}.{line[7:]}"
            if key in found:
                yield key, None
            found[key] = ""
        elif not line.startswith(".") and key:
            found[key] += line + " "
    for key, text in found.items():
        yield key, re.sub(r"\s+", " ", text).strip()

def sentence_of(description):
    """What the entry must begin with: the code says help; allowed; default."""
    return description[0].upper() + description[1:]

def compare(keys, manual):
    for key, description in keys.items():
        if key not in manual:
            yield f"{key}: is not in the manual"
            continue
        text = manual[key]
        text = text.replace(". Allowed: ", "; ", 1)
        if not text.startswith(sentence_of(description) + "."):
            yield f"{key}: the manual says\n  {text}\nthe code\n  {sentence_of(description)}."
    for key, text in manual.items():
        is_group = any(other.startswith(key + ".") for other in keys)
        if key not in keys and not is_group:
            yield f"{key}: is in the manual, and no key"

def main(keys_path, page_path):
    keys, manual, findings = described(keys_path), {}, []
    for key, text in entries(page_path):
        if text is None:
            findings.append(f"{key}: is in the manual twice")
        else:
            manual[key] = text
    if not keys or not manual:
        findings.append("nothing to compare")
    findings += compare(keys, manual)
    for finding in findings:
        print(finding)
    return 1 if findings else 0

if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
