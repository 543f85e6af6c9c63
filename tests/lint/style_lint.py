#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fail on what clang-format and the compiler cannot see: size, nesting, names and include arrows.

Needs universal-ctags. Prints path:line: message, one per finding; exit status 1 if any.
What a pure file may do is judged on its object: purity.py.
"""
import json, pathlib, re, subprocess, sys

MAX_FUNCTION_LINES, MAX_NESTING, MAX_PARAMETERS = 60, 3, 5
MAX_FILE_LINES = {".c": 500, ".h": 200}
BASE = "supervisord/base"  # open to all, by the name of base/
PUBLIC = {"message.h", "params.h"}  # all that one folder may see of another
# folder: (prefix of its exported names, folders of which it may include what is PUBLIC)
FOLDERS = {
    BASE: ("", ()),
    "supervisord/ctl": ("ctl_", ()),
    "supervisord/init": ("init_", ()),
    "supervisord": ("", ("vrrp", "vrrp/kernel", "probes", "registry-launcher")),
    "vrrp": ("vrrp_", ("vrrp/kernel",)),
    "vrrp/kernel": ("kernel_", ()),
    "probes": ("probe_", ()),
    "registry-launcher": ("registry_", ()),
}
BANNED = re.compile(r"\b(sprintf|strcpy|strncpy|strcat|strtok|gets|atoi|localtime|system|popen|sleep|usleep|signal|alloca)\s*\(")
findings = []

def say(path, line, message):
    findings.append(f"{path}:{line}: {message}")

def folder_of(path):
    return next((folder for folder in map(str, path.parents) if folder in FOLDERS), None)

def pure_files(root):
    listed = "\n".join(file.read_text() for file in root.rglob("CMakeLists.txt"))
    calls = re.findall(r"^regha_pure\((\S+)\s([^)]+)\)", listed, re.M)
    return {f"{folder}/{name}" for folder, names in calls for name in names.split()}

def code_only(text):
    blank = lambda m: re.sub(r"[^\n]", " ", m.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)

def depth(lines):
    deepest = level = 0
    for char in "\n".join(lines):
        level += (char == "{") - (char == "}")
        deepest = max(deepest, level)
    return deepest - 1

def check_functions(root, path, lines):
    prefix, _ = FOLDERS[folder_of(path)]
    out = subprocess.run(["ctags", "-f", "-", "--output-format=json", "--languages=C", "--kinds-C=f",
                          "--fields=+neSf", str(root / path)], capture_output=True, text=True, check=True)
    for tag in map(json.loads, out.stdout.splitlines()):
        name, start, end = tag["name"], tag["line"], tag["end"]
        if end - start + 1 > MAX_FUNCTION_LINES:
            say(path, start, f"{name}() has {end - start + 1} lines, at most {MAX_FUNCTION_LINES}")
        if depth(lines[start - 1:end]) > MAX_NESTING:
            say(path, start, f"{name}() nests deeper than {MAX_NESTING}")
        if tag.get("signature", "").count(",") >= MAX_PARAMETERS:
            say(path, start, f"{name}() has more than {MAX_PARAMETERS} parameters")
        wanted = prefix + path.stem.replace("-", "_") + "_"
        if path.suffix == ".c" and not tag.get("file") and name != "main" and not name.startswith(wanted):
            say(path, start, f"exported {name}() must start with {wanted}")

def may_include(path, name):
    if name.startswith("base/") or ".." in name:
        return ".." not in name
    mine, theirs = folder_of(path), folder_of(pathlib.PurePath(name))
    _, others = FOLDERS[mine]
    return theirs == mine != BASE or theirs in others and pathlib.PurePath(name).name in PUBLIC

def check_includes(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        local = re.match(r'\s*#\s*include\s*"(.*)"', line)
        if local and not may_include(path, local[1]):
            say(path, number, f"{folder_of(path)} may not include {local[1]}")

def check_pure(path, text, pure):
    head = re.sub(r"\A/\* SPDX.*\*/\n", "", text).partition("*/")[0]
    claimed = path.suffix == ".h" and re.search(r"\bPure\b", head)
    if path.suffix == ".h" and bool(claimed) != (str(path.with_suffix("")) in pure):
        say(path, 1, "is Pure by its head or by regha_pure() in CMakeLists.txt, must be by both")

def check_calls(path, lines):
    for number, line in enumerate(lines, 1):
        if call := BANNED.search(line):
            say(path, number, f"{call[1]}() is banned")
        if re.search(r"\b_?exit\s*\(", line) and path.name not in ("main.c", "process.c"):
            say(path, number, "only main.c ends the program")

def main(root):
    pure = pure_files(root)
    for file in sorted(root.rglob("*.[ch]")):
        if file.relative_to(root).parts[0].startswith((".", "build")):
            continue
        path, text = file.relative_to(root), file.read_text()
        if not folder_of(path):
            continue
        lines = code_only(text).splitlines()
        if len(lines) > MAX_FILE_LINES[path.suffix]:
            say(path, 1, f"{len(lines)} lines, at most {MAX_FILE_LINES[path.suffix]}")
        check_functions(root, path, lines)
        check_includes(path, text)
        check_pure(path, text, pure)
        check_calls(path, lines)
    for finding in findings:
        print(finding)
    return 1 if findings else 0

sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
