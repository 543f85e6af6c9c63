#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Real regha-vrrp and regha-net, among themselves and beside Debian's keepalived, in namespaces.

namespace_test.py PROGRAMS [NAME...] runs all cases or those named; needs root. Spans are printed,
not judged: only the order of things is. Exit status 77: nothing could be tried here.
"""
import os, shutil, signal, sys, time

from lan import MS, Lan, now_ns

KEEPALIVED = """
global_defs {{
    vrrp_version 3
    vrrp_garp_master_delay 0
}}
vrrp_instance registry {{
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority {priority}
    advert_int 0.1
    {more}
    virtual_ipaddress {{
        {vip}/32
    }}
}}
"""

def say(what, since_ns, until_ns):
    print(f"    {what}: {(until_ns - since_ns) / MS:.1f} ms", flush=True)

def start_pair(lan, **changes):
    one, two = lan.nodes[:2]
    one.start_regha(150, [two.address, lan.nodes[2].address], **changes)
    two.start_regha(140, [one.address, lan.nodes[2].address], **changes)
    lan.wait("an active and a backup", lambda: {one.state(), two.state()} == {"active", "backup"})
    active, backup = (one, two) if one.state() == "active" else (two, one)
    lan.wait("the address is at the active", lambda: active.has_vip() and not backup.has_vip())
    return active, backup

def has_moved(source, target):
    return target.state() == "active" and has_vip_only(target, source)

def has_vip_only(one, other):
    return one.has_vip() and not other.has_vip()

def kill_and_resume(lan):
    """kill -9 of the active's regha-vrrp, restarted at once: nobody else notices."""
    active, backup = start_pair(lan)
    before = list(backup.reghad.transitions)
    for _ in range(3):
        active.end("regha-vrrp")
        at = now_ns()
        active.start("regha-vrrp")
        active.reghad.status = None
        lan.wait("resumed", lambda: active.state() == "active")
        assert active.last()[2] == "resumed", active.last()
        assert active.has_vip() and not backup.has_vip()
        say("advertises again after", at, active.last()[3])
        lan.pump(0.5)
    assert backup.reghad.transitions == before, backup.reghad.transitions

def kill_both_and_resume(lan):
    """kill -9 of the active's regha-vrrp and regha-net, restarted at once: the address is never away."""
    active, backup = start_pair(lan, guard_ns=1000 * MS, interval_ns=300 * MS)
    before = list(backup.reghad.transitions)
    watch = active.spawn("ip", "-4", "monitor", "address")
    for program in ("regha-vrrp", "regha-net"):
        active.end(program)
    for program in ("regha-net", "regha-vrrp"):
        active.start(program)
    active.reghad.status = None
    lan.wait("resumed", lambda: active.state() == "active")
    assert active.last()[2] == "resumed", active.last()
    lan.pump(1.5)
    watch.kill()
    told = watch.communicate()[0]
    assert "Deleted" not in told, told
    assert active.has_vip() and not backup.has_vip() and active.state() == "active"
    assert backup.reghad.transitions == before, backup.reghad.transitions

def killed_for_too_long(lan):
    """kill -9 and back too late: the other one stays active, the address leaves the first."""
    active, backup = start_pair(lan)
    at = now_ns()
    active.end("regha-vrrp")
    active.reghad.status = None
    lan.wait("the backup takes over", lambda: backup.state() == "active")
    assert backup.last()[2] == "timeout"
    say("taken over after", at, backup.last()[3])
    active.start("regha-vrrp")
    lan.wait("the first one listens", lambda: active.state() == "backup" and has_moved(active, backup))
    lan.pump(0.5)
    assert backup.state() == "active" and active.last()[2] == "startup"

def resign(lan):
    """SIGTERM: priority 0, the address removed before it ends, the other one after its skew."""
    active, backup = start_pair(lan)
    at = now_ns()
    status = active.end("regha-vrrp", signal.SIGTERM)
    assert status == 0, status
    assert not active.has_vip()
    lan.wait("moved", lambda: has_moved(active, backup))
    assert backup.last()[2] == "peer-resigned", backup.last()
    say("taken over after", at, backup.last()[3])

def resign_without_answer(lan):
    """SIGTERM while regha-net stands still: it ends all the same, and the address goes later."""
    active, backup = start_pair(lan)
    net = active.processes["regha-net"]
    net.send_signal(signal.SIGSTOP)
    at = now_ns()
    assert active.end("regha-vrrp", signal.SIGTERM) == 0
    say("ended after", at, now_ns())
    lan.wait("taken over", lambda: backup.state() == "active" and backup.has_vip())
    assert backup.last()[2] == "peer-resigned", backup.last()
    net.send_signal(signal.SIGCONT)
    lan.wait("moved", lambda: has_moved(active, backup))

def power_off(lan):
    """The active's cable and processes go at once; it comes back and stays backup."""
    active, backup = start_pair(lan)
    at = now_ns()
    active.plug(False)
    active.end("regha-vrrp"), active.end("regha-net")
    active.reghad.status = None
    lan.wait("taken over", lambda: backup.state() == "active" and backup.has_vip())
    assert backup.last()[2] == "timeout", backup.last()
    say("taken over after", at, backup.last()[3])
    say("after the last advert heard", backup.last()[4], backup.last()[3])
    active.plug(True)
    active.start("regha-net")
    active.start("regha-vrrp")
    lan.wait("the first one listens", lambda: active.state() == "backup" and has_moved(active, backup))

def partition(lan):
    """Both active behind a cut cable; one of them once it is mended."""
    active, backup = start_pair(lan)
    active.plug(False)
    lan.wait("the other takes over", lambda: backup.state() == "active" and backup.has_vip())
    lan.wait("no link, no address", lambda: active.state() == "initialize" and not active.has_vip())
    assert active.last()[2] == "interface-down", active.last()
    active.plug(True)
    lan.wait("the first one listens", lambda: active.state() == "backup")
    assert backup.state() == "active"

def deaf(lan):
    """Adverts are lost one way: two are active; one is left when they arrive again."""
    active, backup = start_pair(lan)
    backup.run("nft", "table ip deaf { chain input { type filter hook input priority 0; "
               f"ip protocol 112 ip saddr {active.address} drop; }}; }}")
    lan.wait("the other one is active, too", lambda: backup.state() == "active")
    assert backup.last()[2] == "timeout", backup.last()
    backup.run("nft", "delete table ip deaf")
    lan.wait("one is left", lambda: sorted((active.state(), backup.state())) == ["active", "backup"])
    lan.wait("it has the address", lambda: active.has_vip() == (active.state() == "active") and
             backup.has_vip() == (backup.state() == "active"))

def orphaned(lan):
    """Nobody tells the active what to do: it says priority 1, and a healthy one takes over."""
    active, backup = start_pair(lan, grace_ns=300 * MS)
    goal = active.reghad
    goal.close()
    active.reghad = None
    lan.wait("moved", lambda: backup.state() == "active" and backup.has_vip() and not active.has_vip())
    assert backup.last()[2] == "peer-degraded", backup.last()
    active.reghad = goal
    lan.wait("it is told again", lambda: goal.ready and not goal.status["orphaned"])
    assert goal.status["state"] == "backup"

def orphaned_alone(lan):
    """Nobody is told what to do any more: the address stays where it is."""
    active, backup = start_pair(lan, grace_ns=300 * MS)
    goals = [node.reghad for node in (active, backup)]
    for node in (active, backup):
        node.reghad.close()
        node.reghad = None
    lan.pump(1.5)
    assert active.has_vip() and not backup.has_vip()
    active.reghad, backup.reghad = goals

def not_a_candidate(lan):
    """The candidacy is taken back: resign; given again: stay backup."""
    active, backup = start_pair(lan)
    active.reghad.want(candidate=False)
    lan.wait("moved", lambda: has_moved(active, backup))
    assert active.last()[2] == "not-candidate" and backup.last()[2] == "peer-resigned"
    active.reghad.want(candidate=True)
    lan.pump(0.5)
    assert has_moved(active, backup)

def degraded(lan):
    """A degraded active is relieved although nobody preempts."""
    active, backup = start_pair(lan)
    active.reghad.want(priority=5)
    lan.wait("moved", lambda: has_moved(active, backup))
    assert backup.last()[2] == "peer-degraded" and active.last()[2] == "preempted"

def without_net(lan):
    """regha-net dies under the active: adverts go on, and it gets the address again."""
    active, backup = start_pair(lan)
    active.end("regha-net")
    lan.pump(0.6)
    assert active.state() == "active" and backup.state() == "backup"
    active.start("regha-net")
    lan.wait("the address is there", active.has_vip)
    lan.pump(0.3)
    assert active.state() == "active" and backup.state() == "backup"

def backup_without_net(lan):
    """A backup without regha-net does not become active; with it again it does."""
    active, backup = start_pair(lan)
    backup.end("regha-net")
    active.plug(False)
    lan.pump(0.8)
    assert backup.state() == "backup", backup.state()
    backup.start("regha-net")
    lan.wait("taken over", lambda: backup.state() == "active" and backup.has_vip())

def frozen(lan):
    """The active stands still for longer than its peer waits: awake, it yields without a quarrel."""
    active, backup = start_pair(lan)
    process = active.processes["regha-vrrp"]
    process.send_signal(signal.SIGSTOP)
    lan.wait("taken over", lambda: backup.state() == "active")
    process.send_signal(signal.SIGCONT)
    lan.wait("yields", lambda: active.state() == "backup" and has_moved(active, backup))
    assert active.last()[2] == "overslept", active.last()
    assert len([t for t in backup.reghad.transitions if t[0] == "active"]) == 0

def frozen_backup(lan):
    """The backup stands still for longer than it would wait: it hears what it missed before it judges."""
    active, backup = start_pair(lan)
    before = list(backup.reghad.transitions)
    for _ in range(3):
        backup.processes["regha-vrrp"].send_signal(signal.SIGSTOP)
        lan.pump(0.7)
        backup.processes["regha-vrrp"].send_signal(signal.SIGCONT)
        lan.pump(0.4)
    assert backup.reghad.transitions == before and active.state() == "active", backup.last()

def unicast(lan):
    """The same without multicast."""
    active, backup = start_pair(lan, transport=1)
    at = now_ns()
    assert active.end("regha-vrrp", signal.SIGTERM) == 0
    lan.wait("moved", lambda: has_moved(active, backup))
    say("taken over after", at, backup.last()[3])

def fast(lan):
    """10 ms between adverts."""
    active, backup = start_pair(lan, interval_ns=10 * MS)
    lan.pump(1)
    before = len(backup.reghad.transitions)
    assert active.state() == "active" and before == len(backup.reghad.transitions)
    at = now_ns()
    active.end("regha-vrrp")
    lan.wait("taken over", lambda: backup.state() == "active" and backup.has_vip())
    say("taken over after", at, backup.last()[3])

def reload(lan):
    """Another address for the same virtual router: nobody moves, the interval is kept."""
    active, backup = start_pair(lan)
    before = list(active.reghad.transitions)
    sent = active.reghad.counters[0] if active.reghad.counters else 0
    active.reghad.want(addresses=[lan.vip, "192.0.2.101"])
    backup.reghad.want(addresses=[lan.vip, "192.0.2.101"])
    lan.wait("both are there", lambda: "192.0.2.101/" in active.run("ip", "-4", "address").stdout)
    lan.wait("counters go on", lambda: active.reghad.counters and active.reghad.counters[0] > sent, 3)
    assert active.reghad.transitions == before and active.has_vip()
    active.reghad.want(addresses=[lan.vip])
    lan.wait("it is gone", lambda: "192.0.2.101/" not in active.run("ip", "-4", "address").stdout)

KEY, OTHER_KEY = bytes(range(32)), bytes(32)

def start_cluster(lan, keys=((KEY,), (KEY,))):
    active, backup = start_pair(lan)
    pair = lan.nodes[:2]
    for at, node in enumerate(pair):
        node.reghad.cluster = {"self": at, "nodes": [peer.address for peer in pair], "heartbeat_ns": 100 * MS,
                               "keys": keys[at], "blob": f"blob {at}".encode()}
        node.reghad.want()
    return active, backup

def sees(node, number, **wanted):
    """What the node says of the one with that index."""
    peer = node.reghad.peers.get(number)
    return peer and all(peer[name] == value for name, value in wanted.items())

def peers(lan):
    """Nodes see each other: states, blobs, restarts, silence, departure."""
    one, two = lan.nodes[:2]
    start_cluster(lan)
    lan.wait("they see each other", lambda: sees(one, 1, reachable=True, blob=b"blob 1") and
             sees(two, 0, reachable=True, blob=b"blob 0"))
    states = {51: one.state()}
    lan.wait("and their routers", lambda: sees(two, 0, routers=states))
    one.reghad.cluster["blob"] = b"x" * 1024
    at = now_ns()
    one.reghad.want()
    lan.wait("news travel", lambda: sees(two, 0, blob=b"x" * 1024))
    say("a blob of 1 KB is known after", at, now_ns())
    former = one.reghad.peers[1]["incarnation"]
    two.end("regha-vrrp")
    two.start("regha-vrrp")
    lan.wait("a new life", lambda: one.reghad.peers[1]["incarnation"] not in (0, former))
    assert sees(one, 1, reachable=True)
    at = now_ns()
    two.end("regha-vrrp")
    lan.wait("silence", lambda: sees(one, 1, reachable=False, leaving=False))
    say("silent after", at, one.reghad.peers[1]["since_ns"])
    two.start("regha-vrrp")
    lan.wait("back", lambda: sees(one, 1, reachable=True))
    assert two.end("regha-vrrp", signal.SIGTERM) == 0
    lan.wait("departure", lambda: sees(one, 1, reachable=False, leaving=True))

def peers_of_another_key(lan):
    """Frames of another key are counted and believed by nobody; two keys bridge a change."""
    one, two = lan.nodes[:2]
    start_cluster(lan, ((KEY,), (OTHER_KEY,)))
    lan.wait("rejected", lambda: one.reghad.peers.get(1) and one.reghad.peers[1]["rejected"]["seal"] > 2)
    assert sees(one, 1, reachable=False, received=0)
    one.reghad.cluster["keys"] = (KEY, OTHER_KEY)
    two.reghad.cluster["keys"] = (OTHER_KEY, KEY)
    one.reghad.want(), two.reghad.want()
    lan.wait("both keys open", lambda: sees(one, 1, reachable=True) and sees(two, 0, reachable=True))

RECORD = """
import socket, sys
recorder = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
recorder.bind(("eth0", 0x0800))
recorder.settimeout(5)
left = 10
while left:
    packet = recorder.recv(65536)
    if packet[9] == 17 and packet[12:16] == socket.inet_aton(sys.argv[1]):
        # a veth leaves the UDP checksum to hardware there is none of; 0 says there is no checksum
        print((packet[:26] + bytes(2) + packet[28:]).hex())
        left -= 1
"""
REPEAT = """
import socket, sys
sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
for _ in range(20):
    for packet in sys.argv[2:]:
        sender.sendto(bytes.fromhex(packet), (sys.argv[1], 0))
"""

def peers_replayed(lan):
    """What a node said is recorded, and repeated by a third one when it is dead: it stays silent."""
    one, two, third = lan.nodes[:3]
    start_cluster(lan)
    lan.wait("they see each other", lambda: sees(one, 1, reachable=True))
    frames = one.run(sys.executable, "-c", RECORD, two.address).stdout.split()
    lan.pump(0.1)
    two.end("regha-vrrp")
    lan.wait("silence", lambda: sees(one, 1, reachable=False))
    received = one.reghad.peers[1]["received"]
    third.run(sys.executable, "-c", REPEAT, one.address, *frames)
    lan.wait("they are counted", lambda: one.reghad.peers[1]["rejected"]["replay"] == 200)
    assert sees(one, 1, reachable=False, received=received)

def start_keepalived(lan, node, priority, more=""):
    path = lan.folder / f"keepalived-{node.number}.conf"
    path.write_text(KEEPALIVED.format(priority=priority, vip=lan.vip, more=more))
    node.start("keepalived", "--dont-fork", "--log-console", "--vrrp", "--use-file", path)

def keepalived_wins(lan):
    """keepalived is better: we listen; it dies: we take over; it is back: we yield."""
    us, them = lan.nodes[:2]
    start_keepalived(lan, them, 200)
    us.start_regha(150, [them.address])
    lan.wait("they are active", them.has_vip)
    lan.wait("we listen", lambda: us.state() == "backup" and us.reghad.status["active"] == them.address)
    at = now_ns()
    them.plug(False)
    lan.wait("we take over", lambda: us.state() == "active" and us.has_vip())
    say("taken over after", at, us.last()[3])
    them.end("keepalived", signal.SIGTERM)
    them.plug(True)
    start_keepalived(lan, them, 200)
    lan.wait("they are back", lambda: us.state() == "backup" and has_vip_only(them, us))
    assert us.last()[2] == "preempted", us.last()
    at = now_ns()
    them.end("keepalived", signal.SIGTERM)
    lan.wait("they resign", lambda: us.state() == "active" and us.has_vip())
    assert us.last()[2] == "peer-resigned", us.last()
    say("taken over after they resigned", at, us.last()[3])

def keepalived_loses(lan):
    """We are better: keepalived listens; we resign: it takes over; we are back: it stays or yields."""
    us, them = lan.nodes[:2]
    us.start_regha(150, [them.address])
    lan.wait("we are active", lambda: us.state() == "active" and us.has_vip())
    start_keepalived(lan, them, 100, "nopreempt")
    lan.pump(1.5)
    assert has_vip_only(us, them) and us.state() == "active"
    at = now_ns()
    assert us.end("regha-vrrp", signal.SIGTERM) == 0
    lan.wait("they take over", lambda: has_vip_only(them, us))
    say("their address is seen after we resigned", at, now_ns())
    us.start("regha-vrrp")
    us.reghad.status = None
    lan.wait("we listen", lambda: us.state() == "backup")
    us.reghad.want(preempt=True)
    lan.wait("we preempt", lambda: us.state() == "active" and has_vip_only(us, them))
    assert us.last()[2] == "preempt", us.last()
    at = now_ns()
    us.plug(False)
    us.end("regha-vrrp")
    lan.wait("they take over", them.has_vip)
    say("their address is seen after we died", at, now_ns())

def keepalived_is_a_stranger(lan):
    """A keepalived that is no node must not depose anybody."""
    active, backup = start_pair(lan)
    stray = lan.nodes[3]
    start_keepalived(lan, stray, 250)
    lan.wait("the stray believes itself", stray.has_vip)
    lan.pump(1)
    assert active.state() == "active" and backup.state() == "backup"

CASES = (kill_and_resume, kill_both_and_resume, killed_for_too_long, resign, resign_without_answer, power_off, partition, deaf,
         orphaned, orphaned_alone, not_a_candidate, degraded, without_net, backup_without_net, frozen,
         frozen_backup, unicast, fast, reload, peers, peers_of_another_key, peers_replayed, keepalived_wins,
         keepalived_loses, keepalived_is_a_stranger)

def main(programs, *names):
    if os.geteuid() != 0:
        print("skipped: needs root to make namespaces")
        return 77
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    lan = Lan(programs, 4)
    failed = []
    try:
        for case in CASES:
            if names and case.__name__ not in names:
                continue
            if case.__name__.startswith("keepalived") and not shutil.which("keepalived"):
                print(f"{case.__name__}: skipped, there is no keepalived here")
                continue
            began = time.monotonic()
            lan.reset()
            try:
                case(lan)
                lan.check_logs()
            except Exception as error:
                failed.append(case.__name__)
                print(f"{case.__name__}: FAILED: {error!r}\n{lan.describe()}\n{lan.logs()}")
            else:
                print(f"{case.__name__}: passed in {time.monotonic() - began:.1f} s", flush=True)
    finally:
        lan.close()
    print("all passed" if not failed else f"FAILED: {' '.join(failed)}")
    return 1 if failed else 0

sys.exit(main(*sys.argv[1:]))
