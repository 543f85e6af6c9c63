# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the parts of a scenario and prints one line for each: "ok NAME figures" or "FAILED NAME why"."""
import argparse
import os
import sys
import traceback

from cluster import Cluster
from machine import LabError


class Skip(Exception):
    """This host cannot show it; the text says why."""


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def spread(values, unit="ms"):
    """Median, and the extremes where there is more than one."""
    if len(values) == 1:
        return f"{values[0]:.0f} {unit}"
    return f"median {median(values):.0f} {unit} ({min(values):.0f} to {max(values):.0f}, {len(values)} runs)"


def require(condition, text):
    if not condition:
        raise LabError(text)


class Report:
    def __init__(self):
        self.failed = 0

    def line(self, word, name, text):
        print(f"{word} {name}{': ' if text else ''}{text}", flush=True)
        self.failed += word == "FAILED"

    def restore(self, cluster):
        try:
            cluster.restore()
        except (LabError, AttributeError) as error:
            print(f"    the cluster could not be restored: {error}", file=sys.stderr)

    def part(self, name, function, *arguments):
        """One part; a failure of it does not stop the next ones. Returns whether it went well."""
        try:
            self.line("ok", name, function(*arguments) or "")
            return True
        except Skip as skip:
            self.line("SKIPPED", name, str(skip))
        except (LabError, AssertionError) as error:
            self.line("FAILED", name, str(error))
        except Exception as error:  # a mistake of the lab's own
            traceback.print_exc()
            self.line("FAILED", name, f"{type(error).__name__}: {error}")
        return False


def arguments(**defaults):
    """--repeat and --build; each scenario file runs alone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=defaults.get("repeat", 1), help="faults per figure")
    parser.add_argument("--only", help="run only parts whose name contains this")
    return parser.parse_args()


def main(parts, repeat=1, make=Cluster, regha=True):
    """`parts`: (name, function(cluster, repeat)) in order, on one cluster that stays up between them."""
    options = arguments(repeat=repeat)
    report = Report()
    chosen = [(name, part) for name, part in parts if not options.only or options.only in name]
    try:
        with make() as cluster:
            if regha:
                cluster.start_and_wait()
            for name, part in chosen:
                if not report.part(name, part, cluster, options.repeat):
                    save_logs(cluster, name)
                    report.restore(cluster)
            if cluster.is_sanitized:
                report.part("lab/sanitizers", sanitizers, cluster)
    except LabError as error:
        report.line("FAILED", chosen[0][0] if chosen else "lab", f"set-up: {error}")
    except KeyboardInterrupt:
        report.line("FAILED", "lab", "interrupted")
    sys.exit(1 if report.failed else 0)


def save_logs(cluster, name):
    """The last lines of every node's log, for whoever reads the failure."""
    for path in sorted(cluster.logs.glob("n?-regha.log")):
        lines = path.read_text(errors="replace").splitlines()[-int(os.environ.get("REGHA_LAB_LINES", "12")):]
        print("\n".join(f"    {path.name}: {line}" for line in lines), file=sys.stderr)


def sanitizers(cluster):
    """All daemons end in good order, which is when leaks are told; then the logs are searched."""
    for node in cluster.nodes:
        if node.init is not None and node.init.poll() is None:
            node.stop(60)
    words = ("AddressSanitizer", "LeakSanitizer", "runtime error:")
    found = [f"{path.name}: {line}" for path in sorted(cluster.logs.glob("*-regha.log"))
             for line in path.read_text(errors="replace").splitlines() if any(word in line for word in words)]
    require(not found, "; ".join(found[:3]))
    return "no report in the logs of four nodes, no leak at their end"
