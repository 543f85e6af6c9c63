/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever a raw socket may bring: nothing is read beyond it, and what is accepted says the same
 * when it is sent again.
 *
 * Input: a byte of flags; then an IPv4 packet.
 */
#include <assert.h>
#include <string.h>

#include "vrrp/packet.h"

#define FLAG_UNICAST   0x01
#define FLAG_ANYBODY   0x02 /* no peers are known */
#define FLAG_RIGHT_SUM 0x04 /* which no mutation would find */
#define VRRP_AT        20
#define CHECKSUM_AT    (VRRP_AT + 6)
#define PACKET_BYTES   2048

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct vrrp_params params_of(uint8_t flags)
{
    struct vrrp_params params = {
        .vrid = 1,
        .family = AF_INET,
        .version = 3,
        .transport = flags & FLAG_UNICAST ? VRRP_TRANSPORT_UNICAST : VRRP_TRANSPORT_MULTICAST,
        .address_count = 1,
        .addresses = {{AF_INET, 32, {192, 0, 2, 1}}},
        .source = {AF_INET, 32, {192, 0, 2, 9}},
        .peer_count = flags & FLAG_ANYBODY ? 0 : 1,
        .peers = {{AF_INET, 32, {192, 0, 2, 2}}},
        .advert_interval_ns = NS_PER_S,
    };

    return params;
}

static void put_right_sum(uint8_t *bytes, size_t size)
{
    uint32_t sum = 0;

    if (size < CHECKSUM_AT + 2)
        return;
    bytes[CHECKSUM_AT] = bytes[CHECKSUM_AT + 1] = 0;
    for (size_t at = VRRP_AT; at + 1 < size; at += 2)
        sum += (uint32_t)(bytes[at] << 8 | bytes[at + 1]);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    bytes[CHECKSUM_AT] = (uint8_t)(~sum >> 8);
    bytes[CHECKSUM_AT + 1] = (uint8_t)~sum;
}

/* Made anew of what was understood, the message must pass again and mean the same. */
static void check_again(const struct vrrp_datagram *datagram, const struct vrrp_params *params,
                        const struct vrrp_packet *packet)
{
    struct vrrp_params sender = *params;
    struct vrrp_packet_advert advert = {packet->priority, packet->checksum, datagram->destination};
    struct vrrp_datagram again = *datagram;
    struct vrrp_packet second;
    uint8_t bytes[VRRP_PACKET_BYTES];

    sender.source = datagram->source;
    sender.advert_interval_ns = packet->advert_interval_ns;
    again.bytes = bytes;
    again.length_bytes = vrrp_packet_encode(&sender, &advert, bytes);
    assert(vrrp_packet_decode(&again, params, &second) == VRRP_ACCEPTED);
    assert(second.priority == packet->priority && second.checksum == packet->checksum);
    assert(second.advert_interval_ns == packet->advert_interval_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    uint8_t copy[PACKET_BYTES];
    struct vrrp_datagram datagram;
    struct vrrp_packet packet;
    uint8_t vrid;

    if (size < 1 || size > sizeof(copy))
        return 0;
    const uint8_t flags = bytes[0];
    const struct vrrp_params params = params_of(flags);
    const uint8_t *received = bytes + 1;
    if (flags & FLAG_RIGHT_SUM) {
        memcpy(copy, received, size - 1);
        put_right_sum(copy, size - 1);
        received = copy;
    }
    if (vrrp_packet_unwrap(received, size - 1, &datagram) != VRRP_ACCEPTED)
        return 0;
    assert(datagram.bytes + datagram.length_bytes <= received + size - 1);
    if (vrrp_packet_peek(&datagram, &vrid) != VRRP_ACCEPTED ||
        vrrp_packet_decode(&datagram, &params, &packet) != VRRP_ACCEPTED)
        return 0;
    assert(packet.advert_interval_ns >= VRRP_PARAMS_ADVERT_INTERVAL_MIN_NS);
    assert(packet.advert_interval_ns <= VRRP_PARAMS_ADVERT_INTERVAL_MAX_NS);
    check_again(&datagram, &params, &packet);
    return 0;
}
