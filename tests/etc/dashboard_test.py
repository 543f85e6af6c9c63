#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The dashboard and the alert rules ask for metrics and labels that there are, in right PromQL.

dashboard_test.py ROOT reads what there is from the golden file of /metrics. The syntax is promtool's
to judge (package prometheus).
"""
import json, pathlib, re, shutil, subprocess, sys, tempfile

# What Prometheus adds, and what Grafana puts in.
ALWAYS = {"job", "instance", "le", "alertname", "alertstate"}
VARIABLES = {"$__rate_interval": "1m", "$__range": "1h"}

def known(root):
    metrics = {}
    for line in (root / "tests/golden/metrics.txt").read_text().splitlines():
        found = re.match(r"([a-z_]+)(?:\{(.*)\})? ", line)
        if found and not line.startswith("#"):
            metrics.setdefault(found[1], set()).update(re.findall(r'(\w+)="', found[2] or ""))
    return metrics

def queries(root):
    board = json.loads((root / "etc/grafana/regha.json").read_text())
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            text = target["expr"]
            for variable, value in VARIABLES.items():
                text = text.replace(variable, value)
            yield f"dashboard, {panel['title']}", text, set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
    for text in re.findall(r"^ *expr: (.*)", (root / "etc/prometheus/alerts.yml").read_text(), re.M):
        yield "alerts", text, set()

def findings(root):
    metrics = known(root)
    for where, text, legend in queries(root):
        names = set(re.findall(r"\b(?:regha|process)_[a-z_]+", text)) - ALWAYS
        for name in sorted(names - metrics.keys() - {"process"}):
            yield f"{where}: there is no metric {name}"
        labels = set().union(ALWAYS, *(metrics.get(name, set()) for name in names))
        used = set(re.findall(r'(\w+)[!=]~?"', text)) | legend
        for group in re.findall(r"\b(?:by|on|without) \(([^)]*)\)", text):
            used |= {word.strip() for word in group.split(",")}
        for label in sorted(used - labels):
            yield f"{where}: no metric of it has the label {label}: {text}"

def syntax(root):
    if not shutil.which("promtool"):
        print("skipped the syntax: no promtool (package prometheus)")
        return 0
    rules = [{"record": f"q{number}", "expr": text} for number, (_, text, _) in enumerate(queries(root))]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
        file.flush()
        done = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True)
    print(done.stdout + done.stderr if done.returncode else "")
    return done.returncode

def main(root):
    found = list(findings(root))
    print("\n".join(found))
    return 1 if found else syntax(root)

sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
