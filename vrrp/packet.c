/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/packet.h"

#define IP_VERSION          4
#define IP_WORD_BYTES       4
#define IP_HEADER_BYTES_MIN 20
#define IP_TOTAL_LENGTH_AT  2
#define IP_TTL_AT           8
#define IP_PROTOCOL_AT      9
#define IP_SOURCE_AT        12
#define IP_DESTINATION_AT   16
#define VERSION_2           2
#define VERSION_3           3
#define TYPE_ADVERTISEMENT  1
#define HEADER_BYTES        8
#define ADDRESS_COUNT_AT    3
#define INTERVAL_AT         4
#define CHECKSUM_AT         6
#define INTERVAL_MASK       0x0fff
#define CARP_PACKET_BYTES   36 /* of which 7 words behind the header, where VRRP counts addresses */
#define CARP_WORDS          7
#define HABIT_AFTER_ADVERTS 3

static uint16_t read_be16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void write_be16(uint8_t *bytes, unsigned value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static struct address ipv4_at(const uint8_t *bytes)
{
    struct address address = {.family = AF_INET, .prefix_bits = 32};

    memcpy(address.bytes, bytes, ADDRESS_IPV4_BYTES);
    return address;
}

struct address vrrp_packet_group(void)
{
    return (struct address){AF_INET, 32, {224, 0, 0, 18}};
}

enum vrrp_drop vrrp_packet_unwrap(const uint8_t *bytes, size_t length_bytes,
                                  struct vrrp_datagram *ret_datagram)
{
    if (length_bytes < IP_HEADER_BYTES_MIN || bytes[0] >> 4 != IP_VERSION)
        return VRRP_DROP_IP_HEADER;

    const size_t header_bytes = (size_t)(bytes[0] & 0x0f) * IP_WORD_BYTES;
    const size_t total_bytes = read_be16(bytes + IP_TOTAL_LENGTH_AT);
    if (header_bytes < IP_HEADER_BYTES_MIN || total_bytes < header_bytes ||
        total_bytes > length_bytes || bytes[IP_PROTOCOL_AT] != VRRP_PACKET_PROTOCOL)
        return VRRP_DROP_IP_HEADER;

    /* Whatever is behind the total length is padding of a short Ethernet frame. */
    *ret_datagram = (struct vrrp_datagram){
        .source = ipv4_at(bytes + IP_SOURCE_AT),
        .destination = ipv4_at(bytes + IP_DESTINATION_AT),
        .ttl = bytes[IP_TTL_AT],
        .bytes = bytes + header_bytes,
        .length_bytes = total_bytes - header_bytes,
    };
    return VRRP_ACCEPTED;
}

/* CARP uses the number, version and type of VRRP version 2 for a message of its own. */
static bool is_carp(const struct vrrp_datagram *datagram)
{
    return datagram->bytes[0] == (VERSION_2 << 4 | TYPE_ADVERTISEMENT) &&
           datagram->length_bytes == CARP_PACKET_BYTES &&
           datagram->bytes[ADDRESS_COUNT_AT] == CARP_WORDS;
}

enum vrrp_drop vrrp_packet_peek(const struct vrrp_datagram *datagram, uint8_t *ret_vrid)
{
    const uint8_t *bytes = datagram->bytes;

    if (datagram->ttl != VRRP_PACKET_TTL)
        return VRRP_DROP_TTL;
    if (datagram->length_bytes < HEADER_BYTES)
        return VRRP_DROP_TRUNCATED;
    if (bytes[0] >> 4 != VERSION_2 && bytes[0] >> 4 != VERSION_3)
        return VRRP_DROP_VERSION;
    if ((bytes[0] & 0x0f) != TYPE_ADVERTISEMENT)
        return VRRP_DROP_TYPE;
    if (is_carp(datagram))
        return VRRP_DROP_CARP;
    *ret_vrid = bytes[1];
    return VRRP_ACCEPTED;
}

/* 16-bit words of `bytes` on top of `sum`; lengths here are even. RFC 1071. */
static uint32_t add_words(uint32_t sum, const uint8_t *bytes, size_t length_bytes)
{
    for (size_t at = 0; at + 1 < length_bytes; at += 2)
        sum += read_be16(bytes + at);
    return sum;
}

static uint16_t fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* RFC 5798 section 5.2.8, with the pseudo-header as it is deployed for IPv4. */
static uint32_t add_pseudo_header(uint32_t sum, const struct address *source,
                                  const struct address *destination, size_t length_bytes)
{
    sum = add_words(sum, source->bytes, address_bytes(source));
    sum = add_words(sum, destination->bytes, address_bytes(destination));
    return sum + VRRP_PACKET_PROTOCOL + (uint32_t)length_bytes;
}

/* Which form the checksum of `datagram` is of, or VRRP_CHECKSUM_AUTO if it is wrong in both. */
static enum vrrp_checksum checksum_form(const struct vrrp_datagram *datagram)
{
    const uint32_t sum = add_words(0, datagram->bytes, datagram->length_bytes);

    if (fold(add_pseudo_header(sum, &datagram->source, &datagram->destination,
                               datagram->length_bytes)) == 0xffff)
        return VRRP_CHECKSUM_RFC5798;
    if (fold(sum) == 0xffff)
        return VRRP_CHECKSUM_RFC9568;
    return VRRP_CHECKSUM_AUTO;
}

static bool is_listed(const struct address *list, size_t count, const struct address *address)
{
    for (size_t at = 0; at < count; at++)
        if (address_is_same(&list[at], address))
            return true;
    return false;
}

static enum vrrp_drop check_route(const struct vrrp_datagram *datagram,
                                  const struct vrrp_params *params)
{
    const struct address group = vrrp_packet_group();
    const bool multicast = params->transport == VRRP_TRANSPORT_MULTICAST;

    if (!address_is_same(&datagram->destination, multicast ? &group : &params->source))
        return VRRP_DROP_DESTINATION;
    if (address_is_same(&datagram->source, &params->source))
        return VRRP_DROP_OWN_SOURCE;
    if (multicast && params->peer_count == 0 && params->foreign_count == 0)
        return VRRP_ACCEPTED;
    if (!is_listed(params->peers, params->peer_count, &datagram->source) &&
        !is_listed(params->foreign, params->foreign_count, &datagram->source))
        return VRRP_DROP_FOREIGN_SOURCE;
    return VRRP_ACCEPTED;
}

static bool addresses_differ(const uint8_t *bytes, size_t count, const struct vrrp_params *params)
{
    if (count != params->address_count)
        return true;
    for (size_t at = 0; at < count; at++) {
        const struct address address = ipv4_at(bytes + at * ADDRESS_IPV4_BYTES);
        if (!is_listed(params->addresses, params->address_count, &address))
            return true;
    }
    return false;
}

enum vrrp_drop vrrp_packet_decode(const struct vrrp_datagram *datagram,
                                  const struct vrrp_params *params, struct vrrp_packet *ret_packet)
{
    const uint8_t *bytes = datagram->bytes;
    const size_t count = bytes[ADDRESS_COUNT_AT];
    const int64_t interval_ns = (read_be16(bytes + INTERVAL_AT) & INTERVAL_MASK) * NS_PER_CS;

    if (bytes[0] >> 4 != params->version)
        return VRRP_DROP_VERSION_MISMATCH;
    if (count == 0) /* erratum 8299 */
        return VRRP_DROP_ADDRESS_COUNT;
    if (datagram->length_bytes != HEADER_BYTES + count * ADDRESS_IPV4_BYTES)
        return VRRP_DROP_LENGTH;

    const enum vrrp_checksum form = checksum_form(datagram);
    if (form == VRRP_CHECKSUM_AUTO)
        return VRRP_DROP_CHECKSUM;
    if (interval_ns == 0) /* erratum 8301: it would time out at once, again and again */
        return VRRP_DROP_INTERVAL;

    const enum vrrp_drop drop = check_route(datagram, params);
    if (drop != VRRP_ACCEPTED)
        return drop;

    *ret_packet = (struct vrrp_packet){
        .priority = bytes[2],
        .advert_interval_ns = interval_ns,
        .checksum = form,
        .sender_is_greater = memcmp(datagram->source.bytes, params->source.bytes,
                                    address_bytes(&params->source)) > 0,
        .interval_differs = interval_ns != params->advert_interval_ns,
        .addresses_differ = addresses_differ(bytes + HEADER_BYTES, count, params),
    };
    return VRRP_ACCEPTED;
}

size_t vrrp_packet_encode(const struct vrrp_params *params, const struct vrrp_packet_advert *advert,
                          uint8_t bytes[VRRP_PACKET_BYTES])
{
    size_t length_bytes = HEADER_BYTES;
    uint32_t sum = 0;

    bytes[0] = VERSION_3 << 4 | TYPE_ADVERTISEMENT;
    bytes[1] = params->vrid;
    bytes[2] = advert->priority;
    bytes[ADDRESS_COUNT_AT] = params->address_count;
    write_be16(bytes + INTERVAL_AT,
               (unsigned)(params->advert_interval_ns / NS_PER_CS) & INTERVAL_MASK);
    write_be16(bytes + CHECKSUM_AT, 0);
    for (size_t at = 0; at < params->address_count; at++) {
        const size_t address_length = address_bytes(&params->addresses[at]);
        memcpy(bytes + length_bytes, params->addresses[at].bytes, address_length);
        length_bytes += address_length;
    }
    if (advert->checksum != VRRP_CHECKSUM_RFC9568)
        sum = add_pseudo_header(0, &params->source, &advert->destination, length_bytes);
    write_be16(bytes + CHECKSUM_AT, (uint16_t)~fold(add_words(sum, bytes, length_bytes)));
    return length_bytes;
}

void vrrp_packet_heard(struct vrrp_packet_habit *habit, enum vrrp_checksum form)
{
    if (form != VRRP_CHECKSUM_RFC9568)
        habit->rfc9568_in_a_row = 0;
    else if (habit->rfc9568_in_a_row < HABIT_AFTER_ADVERTS)
        habit->rfc9568_in_a_row++;
}

enum vrrp_checksum vrrp_packet_form(const struct vrrp_packet_habit *habit,
                                    enum vrrp_checksum configured)
{
    if (configured != VRRP_CHECKSUM_AUTO)
        return configured;
    return habit->rfc9568_in_a_row == HABIT_AFTER_ADVERTS ? VRRP_CHECKSUM_RFC9568
                                                          : VRRP_CHECKSUM_RFC5798;
}
