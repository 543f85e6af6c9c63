#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fail on objects that are not pure: that need more than memcpy and each other, or have variables.

purity.py OBJECT... prints object: message, one per finding; exit status 1 if any. Needs binutils.
"""
import re, subprocess, sys

# What compilers put in: bcmp is clang's memcmp() == 0, _chk comes of _FORTIFY_SOURCE.
ALLOWED = re.compile(r"(__)?(memcpy|memmove|memset|memcmp|strlen)(_chk)?|bcmp|__stack_chk_fail|__assert_fail"
                     r"|__(asan|ubsan|tsan|msan|sanitizer|sancov)_\w+")
# Not .data.rel.ro: constants that hold addresses.
VARIABLES = re.compile(r"^(\.t?(?:data|bss)(?!\.rel\.ro)\S*) +([1-9]\d*) ", re.M)

def binutils(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout

def symbols(path, *which):
    return {line.split()[0] for line in binutils("nm", "-P", *which, path).splitlines()}

def main(objects):
    pure = set.union(*(symbols(path, "-g", "--defined-only") for path in objects))
    findings = []
    for path in objects:
        findings += [f"{path}: needs {name}()" for name in sorted(symbols(path, "-u") - pure)
                     if not ALLOWED.fullmatch(name)]
        findings += [f"{path}: has {size} bytes of variables in {section}"
                     for section, size in VARIABLES.findall(binutils("size", "-A", path))]
    for finding in findings:
        print(finding)
    return 1 if findings else 0

sys.exit(main(sys.argv[1:]))
