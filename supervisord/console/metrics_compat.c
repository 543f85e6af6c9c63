/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/metrics_compat.h"

/* What keepalived numbers its states; nothing of ours is its FAULT but taking no part at all. */
enum keepalived_state {
    KEEPALIVED_INIT,
    KEEPALIVED_BACKUP,
    KEEPALIVED_MASTER,
    KEEPALIVED_FAULT,
};

static struct metric_labels labels_of(const struct world_router *router)
{
    struct metric_labels labels = {0};
    char vrid[8];

    snprintf(vrid, sizeof(vrid), "%u", router->settings.params.vrid);
    metric_label(&labels, "iname", router->settings.params.name);
    metric_label(&labels, "intf", router->status.interface);
    metric_label(&labels, "vrid", vrid);
    return labels;
}

static void up(const struct metric *metric, const struct metrics_input *input)
{
    metric_count(metric, NULL, input->world->processes[WORLD_VRRP].connected);
}

static enum keepalived_state state_of(const struct world_router *router)
{
    if (router->status.state == VRRP_ACTIVE)
        return KEEPALIVED_MASTER;
    if (router->status.state == VRRP_BACKUP)
        return KEEPALIVED_BACKUP;
    return router->status.candidate ? KEEPALIVED_FAULT : KEEPALIVED_INIT;
}

static void state(const struct metric *metric, const struct metrics_input *input)
{
    for (size_t i = 0; i < input->world->router_count; i++) {
        const struct world_router *router = &input->world->routers[i];

        for (int at = 0; router->known && at < router->settings.params.address_count; at++) {
            struct metric_labels labels = labels_of(router);
            char address[ADDRESS_TEXT_BYTES];

            metric_label(&labels, "ip_address",
                         address_format_host(&router->settings.params.addresses[at], address));
            metric_count(metric, &labels, state_of(router));
        }
    }
}

static uint64_t changes(const struct world_router *router, int from, int to)
{
    uint64_t sum = 0;

    for (int reason = 0; reason < VRRP_REASONS; reason++)
        sum += router->transitions[from][to][reason];
    return sum;
}

/* A counter that is one number of each router. */
#define NUMBER(name, value)                                                                        \
    static void name(const struct metric *metric, const struct metrics_input *input)               \
    {                                                                                              \
        for (size_t i = 0; i < input->world->router_count; i++) {                                  \
            const struct world_router *router = &input->world->routers[i];                         \
            const struct metric_labels labels = labels_of(router);                                 \
            if (router->known)                                                                     \
                metric_count(metric, &labels, value);                                              \
        }                                                                                          \
    }

NUMBER(received, router->counters.adverts_received)
NUMBER(sent, router->counters.adverts_sent)
NUMBER(become,
       changes(router, VRRP_INITIALIZE, VRRP_ACTIVE) + changes(router, VRRP_BACKUP, VRRP_ACTIVE))
NUMBER(release,
       changes(router, VRRP_ACTIVE, VRRP_BACKUP) + changes(router, VRRP_ACTIVE, VRRP_INITIALIZE))
NUMBER(length, router->counters.discarded[VRRP_DROP_LENGTH] +
                   router->counters.discarded[VRRP_DROP_TRUNCATED])
NUMBER(interval, router->counters.discarded[VRRP_DROP_INTERVAL])
NUMBER(ttl, router->counters.discarded[VRRP_DROP_TTL])
NUMBER(type, router->counters.discarded[VRRP_DROP_TYPE])
NUMBER(addresses, router->counters.discarded[VRRP_DROP_ADDRESS_COUNT])
NUMBER(zero_received, router->counters.resignations_received)
NUMBER(zero_sent, router->counters.resignations_sent)

const struct metrics_row metrics_compat_rows[] = {
    {"keepalived_up", METRIC_GAUGE, "Whether regha-vrrp is there.", up, true},
    {"keepalived_vrrp_state", METRIC_GAUGE, "0 INIT, 1 BACKUP, 2 MASTER, 3 FAULT.", state, true},
    {"keepalived_advertisements_received_total", METRIC_COUNTER, "Adverts received.", received,
     true},
    {"keepalived_advertisements_sent_total", METRIC_COUNTER, "Adverts sent.", sent, true},
    {"keepalived_become_master_total", METRIC_COUNTER, "Changes to Active.", become, true},
    {"keepalived_release_master_total", METRIC_COUNTER, "Changes from Active.", release, true},
    {"keepalived_packet_length_errors_total", METRIC_COUNTER, "Adverts of a wrong length.", length,
     true},
    {"keepalived_advertisements_interval_errors_total", METRIC_COUNTER,
     "Adverts with a wrong interval.", interval, true},
    {"keepalived_ip_ttl_errors_total", METRIC_COUNTER, "Adverts with a TTL other than 255.", ttl,
     true},
    {"keepalived_invalid_type_received_total", METRIC_COUNTER, "Packets that are no adverts.", type,
     true},
    {"keepalived_address_list_errors_total", METRIC_COUNTER, "Adverts with wrong addresses.",
     addresses, true},
    {"keepalived_priority_zero_received_total", METRIC_COUNTER, "Adverts with priority 0 received.",
     zero_received, true},
    {"keepalived_priority_zero_sent_total", METRIC_COUNTER, "Adverts with priority 0 sent.",
     zero_sent, true},
    {NULL, METRIC_GAUGE, NULL, NULL, true},
};
