# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that come as Go source only: built once, kept in a cache."""
import os
import pathlib
import shutil
import subprocess

from lab import say

FOLDER = pathlib.Path("/var/cache/regha-lab")


def _is_recent(go):
    words = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True).stdout.strip()
    numbers = words.removeprefix("go").split(".")[:2]
    return all(number.isdigit() for number in numbers) and tuple(map(int, numbers)) >= (1, 24)


def cached(name):
    path = FOLDER / name
    return str(path) if os.access(path, os.X_OK) else None


def build(name, source, *options):
    """Path of the program, or None where there is no Go 1.24 or newer, or no source to be had."""
    go = shutil.which("go")
    if not go or not _is_recent(go):
        return None
    say(f"building {source}: some minutes, once")
    FOLDER.mkdir(parents=True, exist_ok=True)
    target = FOLDER / "go"
    done = subprocess.run([go, "install", *options, "-trimpath", "-ldflags", "-s -w", source],
                          env={**os.environ, "CGO_ENABLED": "0", "GOBIN": str(target)}, capture_output=True, text=True)
    if done.returncode != 0:
        say(f"go install failed: {done.stderr.strip()[-400:]}")
        return None
    os.replace(target / name, FOLDER / name)
    return str(FOLDER / name)
