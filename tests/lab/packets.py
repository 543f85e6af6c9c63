# SPDX-License-Identifier: GPL-2.0-or-later
"""VRRP adverts made by hand, right and wrong, one wrong kind per reason to discard one."""
import socket
import struct

GROUP, PROTOCOL = "224.0.0.18", 112


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def advert(source, vrid=51, priority=200, interval_cs=10, addresses=("192.0.2.100",), version=3, kind=1,
           count=None, destination=GROUP, wrong_checksum=False):
    """The VRRP part, version 3 with the pseudo header of IPv4 in its checksum; RFC 9568 section 5.2."""
    packed = b"".join(socket.inet_aton(address) for address in addresses)
    body = struct.pack("!BBBBHH", version << 4 | kind, vrid, priority, len(addresses) if count is None else count,
                       interval_cs, 0) + packed
    pseudo = socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack("!BBH", 0, PROTOCOL, len(body))
    total = checksum(body if version == 2 else pseudo + body) ^ (0x5555 if wrong_checksum else 0)
    return body[:6] + struct.pack("!H", total) + body[8:]


def ip_packet(source, destination, payload, ttl=255):
    """The kernel fills in length and header checksum of a raw packet."""
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0xC0, 0, 0, 0, ttl, PROTOCOL, 0, socket.inet_aton(source),
                       socket.inet_aton(destination)) + payload


def malformed(source, unicast_to):
    """{reason: (destination, packet)}: from a node's address, so that only the named mistake is in it."""
    def multicast(payload, ttl=255):
        return GROUP, ip_packet(source, GROUP, payload, ttl)
    version2 = struct.pack("!BBBBBBH4s", 0x21, 51, 200, 1, 0, 1, 0, socket.inet_aton("192.0.2.100")) + bytes(8)
    version2 = version2[:6] + struct.pack("!H", checksum(version2)) + version2[8:]
    carp = struct.pack("!BBBBBBH", 0x21, 51, 0, 7, 0, 1, 0) + bytes(28)
    return {
        "ttl": multicast(advert(source), ttl=254),
        "truncated": multicast(advert(source)[:5]),
        "version": multicast(advert(source, version=5)),
        "type": multicast(advert(source, kind=2)),
        "carp": multicast(carp[:6] + struct.pack("!H", checksum(carp)) + carp[8:]),
        "vrid": multicast(advert(source, vrid=99)),
        "version-mismatch": multicast(version2),
        "address-count": multicast(advert(source, addresses=())),
        "length": multicast(advert(source, count=3)),
        "checksum": multicast(advert(source, wrong_checksum=True)),
        "interval": multicast(advert(source, interval_cs=0)),
        "destination": (unicast_to, ip_packet(source, unicast_to, advert(source, destination=unicast_to))),
        "foreign-source": (GROUP, ip_packet("192.0.2.99", GROUP, advert("192.0.2.99"))),
    }


def sender(machine):
    """A raw socket on that machine, whose packets carry any source."""
    with machine.inside_network():
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        raw.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
    return raw
