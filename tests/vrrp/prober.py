# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks one host for an address it may not have any more, and writes down all it says in that name.

prober.py INTERFACE SOURCE ADDRESS MAC. Each 5 ms an ARP request and a ping go to MAC, whoever else
may answer for ADDRESS by now. A line for each frame of MAC, with CLOCK_MONOTONIC in ns: "advert",
"arp" or "icmp", or "other" for whatever else has ADDRESS as its source. A line "asked" for each ping.
"""
import os, select, socket, struct, sys, time

interface, source, address, mac = sys.argv[1:]
there = bytes.fromhex(mac.replace(":", ""))
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind((interface, 0x0003))
# SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC: adverts are for a group that nobody here is in
wire.setsockopt(263, 1, struct.pack("iHH8s", socket.if_nametoindex(interface), 1, 0, bytes(8)))
here = wire.getsockname()[4]
source, address = socket.inet_aton(source), socket.inet_aton(address)
ARP = there + here + bytes.fromhex("08060001080006040001") + here + source + bytes(6) + address


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def ping(number):
    echo = struct.pack("!BBHHH", 8, 0, 0, 4711, number & 0xffff)
    echo = echo[:2] + struct.pack("!H", checksum(echo)) + echo[4:]
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(echo), 0, 0, 64, 1, 0, source, address)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return there + here + b"\x08\x00" + head + echo


def kind_of(frame):
    if frame[6:12] != there:
        return None
    if frame[12:14] == b"\x08\x06":
        return "arp" if frame[28:32] == address else None
    if frame[12:14] != b"\x08\x00":
        return None
    if frame[23] == 112:
        return "resign" if frame[36] == 0 else "pulse" if frame[34] == 0 else "advert"
    if frame[26:30] != address:
        return None
    return "icmp" if frame[23] == 1 else "other"


number, due = 0, time.monotonic()
os.write(1, b"ready 0\n")
while True:
    left = due - time.monotonic()
    if left <= 0:
        wire.send(ARP)
        wire.send(ping(number))
        os.write(1, b"asked %d\n" % time.monotonic_ns())
        number, due = number + 1, max(due + 0.005, time.monotonic())
    elif select.select([wire], [], [], left)[0]:
        kind = kind_of(wire.recv(2048))
        if kind:
            os.write(1, f"{kind} {time.monotonic_ns()}\n".encode())
