#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""regha-net on a real kernel: what is wanted is there, tagged, alive, announced; the rest is gone.

namespaces_test.py REGHA_NET [TEST...]. Needs root; skips (77) without.
"""
import pathlib, signal, statistics, subprocess, sys, time
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import stage
from stage import Client, Ear, Net, find, goal, mac_of, ours, run, wait_for

VIP, OTHER = "10.9.0.100", "10.9.0.101"
LOG = "/run/stage/log"
program = sys.argv[1]
failures = []


def check(what, truth, seen=""):
    print(f"  {'ok  ' if truth else 'FAIL'} {what} {seen}", flush=True)
    if not truth:
        failures.append(what)


def start():
    net = Net(program, LOG)
    return net, Client()


def stop(net, client):
    client.close()
    net.kill(signal.SIGTERM)
    check("SIGTERM ends it with status 0", net.wait() == 0)
    check("SIGTERM removes every address of ours", not any(found["tagged"] for found in stage.dump()))


def arp(mac, address):
    quad = bytes(map(int, address.split(".")))
    return b"\xff" * 6 + mac + bytes.fromhex("08060001080006040001") + mac + quad + mac + quad


def test_hold_and_release():
    net, client = start()
    ear = Ear()
    check("the snapshot begins with the state of the process", client.snapshot_first == stage.PROCESS)
    sent = time.time()
    client.want(goal("registry", [VIP]))
    frames = ear.frames(2, lambda frames: frames)
    check("settled", client.settled("registry"))
    there = find(VIP)
    check("the address is there as /32 with our tag, a lifetime, no route of its own",
          there and there["tagged"] and there["bits"] == 32 and there["valid"] in (2, 3) and
          there["flags"] & 0x200, there)
    check("the first announcement", bool(frames), f"after {1000 * (frames[0][0] - sent):.2f} ms" if frames else "")
    check("is RFC 9568's gratuitous ARP request",
          frames and frames[0][1][:42] == arp(mac_of("eth0"), VIP), frames[0][1].hex() if frames else "")
    more = ear.frames(1.5)
    ours = [at for at, data in frames + more if data[28:32] == bytes(map(int, VIP.split(".")))]
    check("a burst of 5 at once, 5 after a second", len(ours) == 10, f"{[round(at - sent, 2) for at in ours]}")
    link = client.link["eth0"]
    check("the interface is reported up, with an address that is not the virtual one",
          link["up"] and link["ipv4"] == "10.9.0.1" and link["mac"] == mac_of("eth0"), link)
    check("the peer can reach it", run("ip", "netns", "exec", "peer", "ping", "-c1", "-W1", VIP, check=False).returncode == 0)

    client.want(goal("registry", [VIP], hold=False), partial=True)
    check("released", client.settled("registry", hold=False) and not find(VIP))
    ear.frames(0.05)
    check("nothing is announced any more", not [1 for _, data in ear.frames(4.5) if data[28:32] == bytes(map(int, VIP.split(".")))])
    check("no stray was counted", client.status["registry"]["removed_strays"] == 0)
    ear.close()
    stop(net, client)


def test_latency():
    net, client = start()
    ear = Ear()
    client.want(goal("registry", [VIP], hold=False))
    client.settled("registry", hold=False)
    took, present = [], []
    for _ in range(20):
        ear.frames(0.03)
        sent = time.time()
        client.want(goal("registry", [VIP]), partial=True)
        frames = ear.frames(1, lambda frames: frames)
        took.append(1000 * (frames[0][0] - sent) if frames else 1000)
        client.settled("registry")
        client.want(goal("registry", [VIP], hold=False), partial=True)
        client.settled("registry", hold=False)
    check("goal to first announcement on the wire", statistics.median(took) < 500,
          f"median {statistics.median(took):.2f} ms, max {max(took):.2f} ms")
    ear.close()
    stop(net, client)


def test_restored():
    net, client = start()
    client.want(goal("registry", [VIP]))
    client.settled("registry")
    ear = Ear()
    took = []
    for round_ in range(5):
        ear.frames(0.05)
        run("ip", "addr", "del", f"{VIP}/32", "dev", "eth0")
        at = time.time()
        restored = client.until(lambda: client.status["registry"]["restored"] == round_ + 1, 10)
        took.append(1000 * (time.time() - at))
        check("somebody removes it: put back, counted", restored and ours(VIP))
    check("at once", max(took) < 1000, f"{[round(t, 1) for t in took]} ms")
    check("and announced again", len(ear.frames(0.2)) >= 3)
    ear.close()
    stop(net, client)


def test_leftovers():
    net, client = start()
    run("ip", "link", "add", "other0", "type", "veth")
    client.want(goal("registry", [VIP]), goal("storage", [OTHER], vrid=52), goal("gone", ["10.9.7.7"], interface="other0", vrid=53))
    for name in ("registry", "storage", "gone"):
        check(f"{name} is held", client.settled(name))
    net.kill(signal.SIGKILL)
    net.wait()
    client.close()
    check("kill -9 leaves the addresses", ours(VIP) and ours(OTHER))
    net, client = start()
    check("without goals nothing is removed", ours(VIP) and ours("10.9.7.7"))
    time.sleep(1.5)
    check("and they are kept alive", find(VIP).get("valid", 0) >= 2, find(VIP))
    client.want(goal("registry", [VIP]), goal("storage", [OTHER], hold=False, vrid=52))
    check("held: adopted, it was never away", client.settled("registry") and client.status["registry"]["restored"] == 0)
    check("not held: the leftover is removed and counted", client.settled("storage", hold=False) and
          client.status["storage"]["removed_strays"] == 1)
    check("named by no goal: removed on whatever interface", wait_for(lambda: not find("10.9.7.7"), 1) is not None)
    run("ip", "link", "del", "other0")
    stop(net, client)


def test_foreign():
    net, client = start()
    run("ip", "addr", "add", f"{VIP}/32", "dev", "eth0")
    run("ip", "addr", "add", f"{OTHER}/24", "dev", "eth0")
    client.want(goal("registry", [VIP], hold=False), goal("storage", [OTHER], vrid=52))
    client.until(lambda: "registry" in client.status)
    check("another's address is reported, not touched", client.status["registry"]["present"] == [True] and
          not client.status["registry"]["settled"] and find(VIP) and not ours(VIP))
    check("beside another prefix length ours is added", client.settled("storage") and ours(OTHER))
    check("neither is taken for the interface's own", client.link["eth0"]["ipv4"] == "10.9.0.1")
    client.want(goal("registry", [VIP]), goal("storage", [OTHER], hold=False, vrid=52))
    check("wanted: it becomes ours, tag and lifetime", client.settled("registry") and ours(VIP) and
          find(VIP)["valid"], find(VIP))
    wait_for(lambda: not find(OTHER, 32), 1)
    check("of two prefix lengths only ours goes", find(OTHER, 24) and not find(OTHER, 24)["tagged"])
    run("ip", "addr", "del", f"{OTHER}/24", "dev", "eth0")
    stop(net, client)


def test_links():
    net, client = start()
    client.want(goal("registry", [VIP]))
    client.settled("registry")
    ear = Ear()
    run("ip", "-n", "peer", "link", "set", "eth1", "down")
    check("a lost carrier is reported", client.until(lambda: not client.link["eth0"]["up"]))
    run("ip", "-n", "peer", "link", "set", "eth1", "up")
    check("a carrier that is back, too", client.until(lambda: client.link["eth0"]["up"]))
    check("and the address is announced anew", len(ear.frames(1)) >= 5)
    ear.close()
    run("ip", "link", "del", "eth0")
    check("a device that is gone", client.until(lambda: client.link["eth0"]["index"] == 0))
    check("is an error of the goal", client.until(lambda: client.status["registry"]["error"] == 19), client.status["registry"])
    before = client.status["registry"]["restored"]
    stage.cable()
    check("made again: the address is there again", client.settled("registry") and ours(VIP))
    check("which restores nothing", client.status["registry"]["restored"] == before and not client.status["registry"]["error"])
    check("its own address is told", client.until(lambda: client.link["eth0"]["ipv4"] == "10.9.0.1"))
    stop(net, client)


def test_lifetime():
    net, client = start()
    client.want(goal("registry", [VIP]))
    client.settled("registry")
    lowest, end = 99, time.time() + 10
    while time.time() < end:
        lowest = min(lowest, find(VIP).get("valid", 0))
        time.sleep(0.1)
    check("renewed over 10 s", lowest >= 1, f"lowest {lowest} s")
    check("without a restore", client.status["registry"]["restored"] == 0)
    net.kill(signal.SIGSTOP)
    gone = wait_for(lambda: not find(VIP), 6)
    check("one that stands still loses the address", gone is not None, f"after {gone} s")
    net.kill(signal.SIGCONT)
    check("and puts it back when it goes on", wait_for(lambda: ours(VIP), 1) is not None)
    stop(net, client)


def test_orphan():
    net, client = start()
    client.want(goal("registry", [VIP]))
    client.settled("registry")
    client.close()
    time.sleep(2)
    client = Client()
    check("who comes back within the time finds it", ours(VIP) and client.status["registry"]["settled"] == 1)
    client.want(goal("registry", [VIP]))
    client.until(lambda: False, 4)
    check("and keeps it", ours(VIP) and client.status["registry"]["restored"] == 0)
    client.close()
    kept = wait_for(lambda: not find(VIP), 20)
    check("without anybody it ends", kept is not None and 4 < kept < 20, f"after {kept} s")
    time.sleep(1)
    check("and stays away", not find(VIP))
    client = Client()
    client.want(goal("registry", [VIP]))
    check("until somebody wants it", client.settled("registry") and ours(VIP))
    stop(net, client)


def test_who_may_want():
    net, client = start()
    listener = Client(user=stage.USERS["regha"])
    listener.want(goal("registry", [VIP]))
    time.sleep(0.2)
    check("reghad only listens", not find(VIP))
    vrrp = Client(user=stage.USERS["regha-vrrp"])
    vrrp.want(goal("registry", [VIP]))
    check("regha-vrrp wants", vrrp.settled("registry"))
    check("and reghad is told", listener.settled("registry"))
    try:
        stranger = Client(user=7777, seconds=0.3)
        check("a stranger is refused", not stranger.ready)
    except PermissionError:
        check("a stranger is refused", True)
    vrrp.want(goal("registry", [VIP]), goal("registry", [OTHER]))
    time.sleep(0.2)
    check("a set that contradicts itself changes nothing", ours(VIP) and not find(OTHER))
    for one in (listener, vrrp):
        one.close()
    stop(net, client)


def test_ipv6():
    net, client = start()
    ear = Ear(0x86dd)
    client.want(goal("six", ["fd00:9::100"]))
    check("an IPv6 address is held", client.settled("six") and ours("fd00:9::100"), find("fd00:9::100"))
    told = [data for _, data in ear.frames(0.5) if data[54:55] == b"\x88" and data[22:38] == data[62:78]]
    check("and announced by an unsolicited advertisement", bool(told))
    check("the link-local address is told", client.until(lambda: (client.link["eth0"]["ipv6"] or "").startswith("fe80")))
    ear.close()
    stop(net, client)


def test_lost_events():
    net, client = start()
    client.want(goal("registry", [VIP]))
    client.settled("registry")
    run("ip", "link", "add", "storm0", "type", "veth")
    run("ip", "link", "add", "after0", "type", "veth")
    net.kill(signal.SIGSTOP)
    storm = "".join(f"link set storm0 mtu {1400 + at % 2}\n" for at in range(16000))
    subprocess.run(["ip", "-batch", "-"], input=storm, text=True, check=True)
    run("ip", "addr", "del", f"{VIP}/32", "dev", "eth0", check=False)
    run("ip", "link", "del", "after0")
    net.kill(signal.SIGCONT)
    check("events were lost, and the address is put back all the same",
          wait_for(lambda: ours(VIP), 2) is not None)
    check("the loss was noticed", "events of the kernel were lost" in pathlib.Path(LOG).read_text())
    run("ip", "link", "del", "storm0")
    stop(net, client)


def test_many():
    for routers, each in ((255, 1), (255, 20)):
        net, client = start()
        ear = Ear()
        names = [f"r{at}" for at in range(routers)]
        vips = [[f"10.10.{at // 250}.{at % 250 + 1}" for at in range(r * each, (r + 1) * each)] for r in range(routers)]
        client.want(*(goal(name, vips[at], hold=False, vrid=at + 1) for at, name in enumerate(names)))
        for name in names:
            client.settled(name, hold=False)
        sent = time.time()
        client.want(*(goal(name, vips[at], vrid=at + 1) for at, name in enumerate(names)))
        first = {}

        def enough(frames):
            for at, data in frames[enough.seen:]:
                first.setdefault(data[28:32], at)
            enough.seen = len(frames)
            return len(first) == routers * each
        enough.seen = 0
        ear.frames(20, enough)
        times = sorted(at - sent for at in first.values())
        check(f"{routers} x {each}: every address announced", len(first) == routers * each,
              f"{len(first)}; first {1000 * times[0]:.2f} ms, last {1000 * times[-1]:.1f} ms")
        check("every router settled", all(client.settled(name) for name in names))
        time.sleep(4)
        check("all renewed", sum(found["tagged"] for found in stage.dump()) == routers * each and
              not any(client.status[name]["restored"] for name in names))
        ear.close()
        stop(net, client)


def test_guard():
    net, client = start()
    client.want(goal("registry", [VIP], guard_ns=300_000_000))
    check("settled", client.settled("registry"))
    check("guarded", client.until(lambda: client.status["registry"]["guarded"]), client.status["registry"])
    time.sleep(0.5)
    check("with a long lifetime", wait_for(lambda: find(VIP).get("valid", 0) > 5, 1) is not None, find(VIP))
    check("without adverts nothing leaves with the address", stage.answers(VIP, 20) == 0)
    check("all else does", stage.answers("10.9.0.1", 5) == 5)
    run("ip", "-n", "peer", "neigh", "flush", "dev", "eth1")
    ear = Ear()
    stage.answers(VIP)
    check("nor does ARP answer for it", not [1 for _, data in ear.frames(0.3) if data[28:32] == bytes([10, 9, 0, 100])])
    adverts = stage.Adverts()
    check("with adverts it is audible", stage.answers(VIP, 20) >= 19)
    check("and announced", [1 for _, data in ear.frames(1, lambda frames: frames) if data[28:32] == bytes([10, 9, 0, 100])] != [])
    adverts.process.send_signal(signal.SIGSTOP)
    at = time.time()
    silent = wait_for(lambda: stage.answers(VIP) == 0, 2)
    check("a sender that stands still is silenced", silent is not None, f"within {time.time() - at:.2f} s")
    adverts.stop()
    ear.close()
    for what, wrong in (("of priority 0", {"priority": 0}), ("without a mark", {"mark": 0}), ("of another router", {"vrid": 52})):
        adverts = stage.Adverts(**wrong)
        check(f"adverts {what} do not count", stage.answers(VIP, 10) == 0)
        adverts.stop()
    stop(net, client)
    check("an orderly end leaves no rules", "regha" not in stage.nft("list", "tables"))


def test_guard_lost():
    net, client = start()
    client.want(goal("registry", [VIP], guard_ns=300_000_000))
    client.until(lambda: client.status.get("registry", {}).get("guarded"))
    many = ", ".join(f"10.{200 + at // 65536}.{at // 256 % 256}.{at % 256}" for at in range(98000))
    run("nft", "-f", "-", input=f"table ip big {{ set s {{ type ipv4_addr; elements = {{ {many} }}; }}; }}\n")
    client.until(lambda: False, 0.3)
    check("news lost to a big ruleset count for nothing", client.status["registry"]["guarded"] and
          client.status["registry"]["guard_rebuilt"] == 0, client.status["registry"])
    stage.nft("delete", "table", "ip", "big")
    adverts = stage.Adverts()
    for what, command in (("the ruleset is flushed", ("flush", "ruleset")),
                          ("one chain is flushed", ("flush", "chain", "netdev", "regha", "local_4")),
                          ("the table is deleted", ("delete", "table", "netdev", "regha"))):
        before = client.status["registry"]["guard_rebuilt"]
        stage.nft(*command)
        check(f"{what}: put back and counted", client.until(lambda: client.status["registry"]["guard_rebuilt"] == before + 1))
        check("and in force", client.status["registry"]["guarded"] and "ip saddr vmap" in stage.nft("list", "ruleset"))
        check("nothing was silenced", stage.answers(VIP, 10) >= 9)
    adverts.stop()
    time.sleep(0.4)
    check("and silent without adverts", stage.answers(VIP, 10) == 0)
    adverts = stage.Adverts()
    net.kill(signal.SIGKILL)
    net.wait()
    client.close()
    check("the rules outlive regha-net", "ip saddr vmap" in stage.nft("list", "ruleset") and stage.answers(VIP, 10) >= 9)
    net, client = start()
    client.want(goal("registry", [VIP], guard_ns=300_000_000))
    check("which takes them over", client.until(lambda: client.status.get("registry", {}).get("guarded")) and stage.answers(VIP, 10) >= 9)
    adverts.stop()
    run("ip", "link", "del", "eth0")
    client.until(lambda: client.link["eth0"]["index"] == 0)
    check("no interface, no guard", client.until(lambda: not client.status["registry"]["guarded"]))
    stage.cable()
    check("made again: guarded again", client.until(lambda: client.status["registry"]["guarded"]) and client.settled("registry"))
    time.sleep(0.5)
    check("and silent without adverts", stage.answers(VIP, 10) == 0 and stage.answers("10.9.0.1", 1) == 1)
    client.want(goal("registry", [VIP]))
    check("a goal without guard ends it", client.until(lambda: not client.status["registry"]["guarded"]) and stage.answers(VIP, 10) == 10)
    check("and shortens the lifetime", wait_for(lambda: find(VIP).get("valid", 99) <= 3, 1) is not None, find(VIP))
    stop(net, client)


def test_guard_refused():
    """A table of our name that another process owns stands for a kernel that cannot do it."""
    owner = subprocess.Popen(["nft", "-i"], stdin=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL)
    owner.stdin.write("add table netdev regha { flags owner; }\n")
    owner.stdin.flush()
    check("somebody owns the table", wait_for(lambda: "regha" in stage.nft("list", "tables"), 5) is not None)
    pathlib.Path(LOG).touch()
    said = pathlib.Path(LOG).read_text().count("rules were refused")
    net, client = start()
    client.want(goal("registry", [VIP], guard_ns=300_000_000))
    check("refused: the address is held all the same", client.settled("registry") and ours(VIP))
    client.until(lambda: False, 2.5)
    check("unguarded, and told so", not client.status["registry"]["guarded"])
    check("with a short lifetime", find(VIP).get("valid", 99) <= 3, find(VIP))
    check("said once", pathlib.Path(LOG).read_text().count("rules were refused") == said + 1)
    owner.stdin.close()
    owner.wait()
    check("and in force when it can be had", client.until(lambda: client.status["registry"]["guarded"], 20))
    stop(net, client)


def test_guard_ipv6():
    net, client = start()
    run("ip", "-n", "peer", "addr", "add", "fd00:9::2/64", "dev", "eth1", "nodad")
    run("ip", "addr", "add", "fd00:9::1/64", "dev", "eth0", "nodad")
    client.want(goal("six", ["fd00:9::100"], guard_ns=300_000_000))
    check("guarded", client.until(lambda: client.status.get("six", {}).get("guarded")))
    time.sleep(0.5)
    check("IPv6: silent without adverts", stage.answers("fd00:9::100", 10) == 0 and stage.answers("fd00:9::1", 1) == 1)
    adverts = stage.Adverts(family=10)
    check("IPv6: audible with them", stage.answers("fd00:9::100", 10) >= 9)
    adverts.stop()
    stop(net, client)


def main():
    tests = {name[5:]: test for name, test in globals().items() if name.startswith("test_")}
    for name in sys.argv[2:] or tests:
        print(name, flush=True)
        tests[name]()
    check("no sanitizer had anything to say", "anitizer" not in pathlib.Path(LOG).read_text())
    if failures:
        print(pathlib.Path(LOG).read_text()[-6000:])
        print(f"{len(failures)} failed: {failures}")
    return 1 if failures else 0


stage.enter_namespaces()
sys.exit(main())
