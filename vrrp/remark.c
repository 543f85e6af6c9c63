/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/remark.h"

#include <string.h>

#define LOG_EVERY_NS (60 * NS_PER_S)

void vrrp_remark_failure(struct vrrp_router *router, const struct vrrp_sender_failure *failure,
                         struct monotime now)
{
    uint64_t suppressed;

    router->counters.send_errors += failure->count;
    if (failure->count > 0 && log_limit_pass(&router->limits.send, LOG_EVERY_NS, now, &suppressed))
        log_warning("an advert could not be sent",
                    "vrouter=%s vrid=%u interface=%s error=\"%s\" suppressed=%llu",
                    router->params.name, router->params.vrid, router->params.interface,
                    strerror(failure->error), (unsigned long long)suppressed);
}

void vrrp_remark_packet(struct vrrp_router *router, const struct vrrp_packet *packet,
                        const struct address *sender, struct monotime now)
{
    const struct {
        bool seen;
        uint64_t *counter;
        struct log_limit *limit;
        const char *sentence;
    } remarks[] = {
        {packet->interval_differs, &router->counters.interval_mismatches, &router->limits.interval,
         "another router advertises at another interval"},
        {packet->addresses_differ, &router->counters.address_mismatches, &router->limits.addresses,
         "another router advertises other addresses"},
        {packet->checksum == VRRP_CHECKSUM_RFC9568, &router->counters.checksums_rfc9568,
         &router->limits.checksum, "another router uses the checksum without pseudo-header"},
    };
    char text[ADDRESS_TEXT_BYTES];
    uint64_t suppressed;

    for (size_t at = 0; at < sizeof(remarks) / sizeof(remarks[0]); at++) {
        if (!remarks[at].seen)
            continue;
        ++*remarks[at].counter;
        if (log_limit_pass(remarks[at].limit, LOG_EVERY_NS, now, &suppressed))
            log_warning(remarks[at].sentence, "vrouter=%s vrid=%u source=%s suppressed=%llu",
                        router->params.name, router->params.vrid, address_format_host(sender, text),
                        (unsigned long long)suppressed);
    }
}

void vrrp_remark_rival(struct vrrp_router *router, const struct vrrp_advert *advert,
                       struct monotime now)
{
    char text[ADDRESS_TEXT_BYTES];
    uint64_t suppressed;

    if (log_limit_pass(&router->limits.rival, LOG_EVERY_NS, now, &suppressed))
        log_warning("a lesser router advertises while we are active",
                    "vrouter=%s vrid=%u source=%s priority=%u suppressed=%llu", router->params.name,
                    router->params.vrid, address_format_host(&advert->sender, text),
                    advert->priority, (unsigned long long)suppressed);
}
