#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The guard from end to end: whoever stops advertising is silenced by the kernel, and nobody else.

guard_test.py PROGRAMS [NAME...] runs all short cases or those named; needs root. A third host asks the
Active one by its MAC for the address, and goes on when another one has it. Exit status 77: nothing
could be tried here.
"""
import os, pathlib, signal, subprocess, sys, time

from lan import MS, Lan, die_with_parent, now_ns

GUARD_NS, INTERVAL_NS = 300 * MS, 100 * MS
PATIENCE_NS = 1000 * MS  # of the test, for a machine that is busy with other things
PROBER = pathlib.Path(__file__).parent / "prober.py"


class Prober:
    def __init__(self, lan, asker, asked):
        mac = asked.run("ip", "-o", "link", "show", "dev", "eth0").stdout.partition("link/ether ")[2][:17]
        self.path = lan.folder / "prober.out"
        self.process = subprocess.Popen(
            ["nsenter", "-t", str(asker.holder.pid), "-n", "-m", sys.executable, str(PROBER), "eth0", asker.address,
             lan.vip, mac], stdout=open(self.path, "wb"), stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)

    def seen(self):
        """All so far: (kind, when)."""
        lines = self.path.read_text().splitlines(True)
        return [(line.split()[0], int(line.split()[1])) for line in lines if line.endswith("\n")]

    def stop(self):
        self.process.kill()
        self.process.wait()
        return self.seen()


def start_pair(lan, **changes):
    one, two = lan.nodes[:2]
    one.start_regha(150, [two.address], **changes)
    two.start_regha(140, [one.address], **changes)
    lan.wait("an active and a backup", lambda: {one.state(), two.state()} == {"active", "backup"})
    active, backup = (one, two) if one.state() == "active" else (two, one)
    lan.wait("the address is at the active", lambda: active.has_vip() and not backup.has_vip())
    return active, backup


def start_asking(lan, active):
    prober = Prober(lan, lan.nodes[2], active)
    lan.wait("it answers", lambda: sum(kind == "icmp" for kind, _ in prober.seen()) > 20)
    return prober


def judge_silence(seen, at):
    """From the last advert on, the answers end within guard and an interval, and never begin again."""
    adverts = [when for kind, when in seen if kind == "advert"]
    said = [when for kind, when in seen if kind in ("arp", "icmp", "other")]
    asked = [when for kind, when in seen if kind == "asked" and when > at]
    assert asked and max(asked) > at + 2 * PATIENCE_NS, "nobody asked any more"
    after = max(said) - max(adverts)
    print(f"    last answer {(max(said) - at) / MS:.0f} ms after the fault, {after / MS:.0f} ms after the last advert",
          flush=True)
    assert after <= GUARD_NS + INTERVAL_NS + PATIENCE_NS, f"{after / MS} ms"


def silenced(programs, how):
    def case(lan):
        active, backup = start_pair(lan)
        prober = start_asking(lan, active)
        at = now_ns()
        for program in programs:
            active.processes[program].send_signal(how)
        lan.wait("the other one takes over", lambda: backup.state() == "active" and backup.has_vip())
        lan.pump(2.3)
        held = active.has_vip()
        judge_silence(prober.stop(), at)
        print(f"    the address is still there: {held}", flush=True)
        if how == signal.SIGSTOP:
            active.processes["regha-net"].send_signal(signal.SIGCONT)
            prober = Prober(lan, lan.nodes[2], active)
            lan.pump(1)
            heard = [kind for kind, _ in prober.stop() if kind in ("arp", "icmp", "other")]
            assert not heard or "regha-vrrp" not in programs, f"it answers again: {set(heard)}"
            for program in programs:
                active.processes[program].send_signal(signal.SIGCONT)
            lan.wait("one holder", lambda: active.state() == "backup" and not active.has_vip())
            assert backup.state() == "active"
    case.__name__ = f"{'_and_'.join(program[6:] for program in programs)}_{'killed' if how == signal.SIGKILL else 'frozen'}"
    return case


def net_frozen(lan):
    """regha-net stands still for two seconds: adverts go on, and so does everything."""
    active, backup = start_pair(lan)
    prober = start_asking(lan, active)
    at = now_ns()
    active.processes["regha-net"].send_signal(signal.SIGSTOP)
    lan.pump(2)
    active.processes["regha-net"].send_signal(signal.SIGCONT)
    lan.pump(0.3)
    judge_healthy(prober.stop(), at)
    assert active.state() == "active" and backup.state() == "backup" and active.has_vip()


def judge_healthy(seen, at):
    """Every question is answered: as many pings as answers, but for the last ones."""
    asked = [when for kind, when in seen if kind == "asked" and when > at]
    answered = [when for kind, when in seen if kind == "icmp" and when > at]
    print(f"    {len(asked)} asked, {len(answered)} answered", flush=True)
    assert len(asked) > 200 and len(answered) >= len(asked) - 10


def healthy(lan):
    """Rules are flushed again and again, the address is released nowhere: nothing is lost."""
    active, backup = start_pair(lan)
    prober = start_asking(lan, active)
    at = now_ns()
    for _ in range(5):
        active.run("nft", "flush", "ruleset")
        lan.pump(0.4)
    judge_healthy(prober.stop(), at)
    rules = active.run("nft", "list", "ruleset").stdout
    assert "alive_4_51" in rules, rules


def unicast_alone(lan):
    """Unicast adverts to a dead peer never leave, and yet the last one is audible; frozen, it is not."""
    one = lan.nodes[0]
    one.start_regha(150, [lan.nodes[3].address], transport=1)
    lan.nodes[3].plug(False)
    lan.wait("it is active", lambda: one.state() == "active" and one.has_vip())
    prober = start_asking(lan, one)
    lan.pump(1)
    at = now_ns()
    lan.pump(2)
    seen = prober.seen()
    judge_healthy(seen, at)
    pulses = sum(kind == "pulse" for kind, _ in seen)
    assert pulses == 0, f"{pulses} pulses were on the wire"
    at = now_ns()
    one.processes["regha-vrrp"].send_signal(signal.SIGSTOP)
    lan.pump(3)
    said = [when for kind, when in prober.stop() if kind in ("arp", "icmp", "other")]
    print(f"    frozen: last answer after {(max(said) - at) / MS:.0f} ms", flush=True)
    assert max(said) - at <= GUARD_NS + INTERVAL_NS + PATIENCE_NS
    lan.nodes[3].plug(True)


def by_hand(lan):
    """Killed for good: the leftover ends, then the rules do, and an address put there by hand answers."""
    active, backup = start_pair(lan)
    prober = start_asking(lan, active)
    at = now_ns()
    for program in ("regha-vrrp", "regha-net"):
        active.end(program)
    lan.wait("the kernel drops the address", lambda: not active.has_vip(), 15)
    print(f"    the address went after {(now_ns() - at) / MS:.0f} ms", flush=True)
    for program in ("regha-vrrp", "regha-net"):
        backup.end(program)
    lan.wait("15 s", lambda: now_ns() > at + 15_000 * MS, 20)
    judge_silence(prober.seen(), at)
    active.run("ip", "address", "add", f"{lan.vip}/32", "dev", "eth0")
    since = now_ns()
    lan.wait("it answers", lambda: any(kind == "icmp" and when > since for kind, when in prober.seen()))
    prober.stop()


CASES = (silenced(("regha-vrrp",), signal.SIGSTOP), silenced(("regha-vrrp",), signal.SIGKILL),
         silenced(("regha-vrrp", "regha-net"), signal.SIGSTOP), silenced(("regha-vrrp", "regha-net"), signal.SIGKILL),
         net_frozen, healthy, unicast_alone)
LONG_CASES = (by_hand,)  # only when named


def main(programs, *names):
    if os.geteuid() != 0:
        print("skipped: needs root to make namespaces")
        return 77
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    lan = Lan(programs, 4)
    failed = []
    try:
        for case in [case for case in CASES + LONG_CASES if case.__name__ in names] or CASES:
            begun = time.monotonic()
            try:
                case(lan)
                lan.check_logs()
                print(f"{case.__name__}: passed in {time.monotonic() - begun:.1f} s", flush=True)
            except Exception as error:  # the next cases are worth running
                failed.append(case.__name__)
                print(f"{case.__name__}: FAILED: {error!r}\n{lan.describe()}\n{lan.logs()}", flush=True)
            lan.reset()
    finally:
        lan.close()
    if failed:
        print(f"FAILED: {' '.join(failed)}")
    return 1 if failed else 0


sys.exit(main(*sys.argv[1:]))
