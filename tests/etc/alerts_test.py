#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every alert rule fires on what it is for, and is silent on a cluster that is well.

alerts_test.py ROOT writes a table of series as a test for promtool and runs it. A rule without a row
fails. Needs promtool (package prometheus).
"""
import json, pathlib, re, shutil, subprocess, sys, tempfile

NODES = ("n1", "n2", "n3")

def each(metric, values, /, **labels):
    """One series per node; `values` for all of them, or by node."""
    for where in NODES:
        value = values[where] if isinstance(values, dict) else values
        words = "".join(f',{key}="{text}"' for key, text in labels.items())
        yield f'{metric}{{instance="{where}:9651",job="regha"{words}}}', value

R = {"vrouter": "registry", "vrid": "51", "family": "ipv4"}
D = "regha_vrrp_packets_discarded_total"
# A cluster that is well, n1 Active: series by name.
WELL = dict(
    series for part in (
        each("up", "1x100"),
        each("regha_vrrp_state", {"n1": "1x100", "n2": "0x100", "n3": "0x100"}, **R, state="active"),
        each("regha_vrrp_eligible", "1x100", **R),
        each("regha_health", "1x100", state="well"), each("regha_health", "0x100", state="degraded"),
        each("regha_health", "0x100", state="down"),
        each("regha_process_up", "1x100", process="regha-net"),
        each("regha_process_restarts_total", "2x100", process="regha-net"),
        each("regha_vip_settled", "1x100", **R), each("regha_address_restored_total", "3x100", **R),
        each("regha_guard_active", "1x100", **R),
        each("regha_guard_rebuilt_total", "1x100", **R),
        each("regha_probe_up", "1x100", probe="p", type="http", scope="local"),
        each("regha_store_readable", "1x100", probe="r"), each("regha_store_writable", "1x100", probe="w"),
        each("regha_registry_wanted", {"n1": "1x100", "n2": "0x100", "n3": "0x100"}, registry="registry"),
        each("regha_registry_state", {"n1": "1x100", "n2": "0x100", "n3": "0x100"}, registry="registry", state="running"),
        each("regha_registry_exits_total", "1x100", registry="registry", cause="signalled"),
        each("regha_registry_exits_total", "0+1x100", registry="registry", cause="asked"),
        each("regha_bundle_info", "1x100", registry="registry", digest="a"),
        each("regha_reload_success", "1x100"),
        each(D, "7x100", **R, interface="eth0", reason="foreign-source"),
        each(D, "7x100", **R, interface="eth0", reason="own-source"),
        each("regha_vrrp_advert_late_total", "5x100", **R), each("regha_orphaned", "0x100", **R),
        each("regha_breaker_state", "0x100", peer="10.0.0.12:9000", state="open"),
        each("regha_breaker_effective", "1x100", peer="10.0.0.12:9000"),
        each("regha_peer_last_seen_seconds", "0x100", node="n2")) for series in part)

def only(metric, where, values, /, **labels):
    """What another world has instead on the node `where`."""
    words = "".join(f',{key}="{text}"' for key, text in labels.items())
    return {f'{metric}{{instance="{where}:9651",job="regha"{words}}}': values}

# alert: (what is different from WELL, how many of it fire)
ROWS = {
    "ReghaNobodyActive": (only("regha_vrrp_state", "n1", "0x100", **R, state="active"), 1),
    "ReghaTwoActive": (only("regha_vrrp_state", "n2", "1x100", **R, state="active"), 1),
    "ReghaNodeAway": (only("up", "n1", "0x100"), 1),
    "ReghaNodeDown": (only("regha_health", "n1", "1x100", state="down"), 1),
    "ReghaNodeDegraded": (only("regha_health", "n3", "1x100", state="degraded"), 1),
    "ReghaProcessAway": (only("regha_process_up", "n2", "0x100", process="regha-net"), 1),
    "ReghaProcessRestarts": (only("regha_process_restarts_total", "n2", "0+0.1x100", process="regha-net"), 1),
    "ReghaAddressUnsettled": (only("regha_vip_settled", "n1", "0x100", **R), 1),
    "ReghaAddressRemoved": (only("regha_address_restored_total", "n1", "0+0.1x100", **R), 1),
    "ReghaUnguarded": (only("regha_guard_active", "n1", "0x100", **R), 1),
    "ReghaGuardRemoved": (only("regha_guard_rebuilt_total", "n1", "0+0.1x100", **R), 1),
    "ReghaFlapping": (only("regha_vrrp_state", "n1", " ".join("0 0 1 1" for _ in range(25)), **R, state="active"), 1),
    "ReghaNoSuccessor": ({**only("regha_vrrp_eligible", "n2", "0x100", **R),
                          **only("regha_vrrp_eligible", "n3", "0x100", **R)}, 1),
    "ReghaProbeDown": (only("regha_probe_up", "n2", "0x100", probe="p", type="http", scope="local"), 1),
    "ReghaStoreUnreadable": (dict(each("regha_store_readable", "0x100", probe="r")), 1),
    "ReghaStoreUnwritable": (dict(each("regha_store_writable", "0x100", probe="w")), 1),
    "ReghaRegistryNotRunning": (only("regha_registry_state", "n1", "0x100", registry="registry", state="running"), 1),
    "ReghaRegistryDies": (only("regha_registry_exits_total", "n1", "0+0.1x100", registry="registry", cause="signalled"), 1),
    "ReghaConfigurationDiffers": (only("regha_bundle_info", "n3", "1x100", registry="registry", digest="b"), 1),
    "ReghaReloadRefused": (only("regha_reload_success", "n2", "0x100"), 1),
    "ReghaForeignAdverts": (only(D, "n1", "0+1x100", **R, interface="eth0", reason="foreign-source"), 1),
    "ReghaAddressInUse": (only(D, "n1", "0+1x100", **R, interface="eth0", reason="own-source"), 1),
    "ReghaLateAdverts": (only("regha_vrrp_advert_late_total", "n1", "0+1x100", **R), 1),
    "ReghaOrphaned": (only("regha_orphaned", "n1", "1x100", **R), 1),
    "ReghaStoragePeerSilent": (only("regha_breaker_state", "n1", "1x100", peer="10.0.0.12:9000", state="open"), 1),
    "ReghaBreakerWithoutEffect": (only("regha_breaker_effective", "n1", "0x100", peer="10.0.0.12:9000"), 1),
    "ReghaPeerSilent": (only("regha_peer_last_seen_seconds", "n1", "60x100", node="n2"), 1),
}

def count_test(changes, wanted):
    series = [{"series": name, "values": values} for name, values in {**WELL, **changes}.items()]
    # How many alerts of each name fire after 20 minutes; those that are silent are absent.
    samples = [{"labels": f'{{alertname="{name}"}}', "value": count} for name, count in sorted(wanted.items())]
    return {"interval": "15s", "input_series": series, "promql_expr_test": [{
        "expr": 'count by (alertname) (ALERTS{alertstate="firing"})', "eval_time": "20m", "exp_samples": samples}]}

def main(root):
    if not shutil.which("promtool"):
        print("skipped: no promtool (package prometheus)")
        return 0
    rules = root / "etc/prometheus/alerts.yml"
    names = re.findall(r"^ *- alert: (\w+)", rules.read_text(), re.M)
    missing = sorted(set(names) ^ set(ROWS))
    if missing:
        print(f"rules without a row, or rows without a rule: {', '.join(missing)}")
        return 1
    tests = [count_test({}, {})]
    tests += [count_test(changes, {name: count}) for name, (changes, count) in ROWS.items()]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump({"rule_files": [str(rules.resolve())], "evaluation_interval": "15s", "tests": tests}, file)
        file.flush()
        done = subprocess.run(["promtool", "test", "rules", file.name], capture_output=True, text=True)
    print(done.stdout + done.stderr)
    return done.returncode

sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
