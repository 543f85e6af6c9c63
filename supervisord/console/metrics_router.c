/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/metrics_router.h"

/* The labels of every series about one virtual router. */
static struct metric_labels labels_of(const struct world_router *router)
{
    struct metric_labels labels = {0};
    char vrid[8];

    snprintf(vrid, sizeof(vrid), "%u", router->settings.params.vrid);
    metric_label(&labels, "vrouter", router->settings.params.name);
    metric_label(&labels, "vrid", vrid);
    metric_label(&labels, "family", router->settings.params.family == AF_INET6 ? "ipv6" : "ipv4");
    return labels;
}

/* For each router that regha-vrrp has reported. */
static void each(const struct metric *metric, const struct metrics_input *input,
                 void (*write)(const struct metric *metric, const struct metric_labels *labels,
                               const struct world_router *router))
{
    for (size_t i = 0; i < input->world->router_count; i++) {
        const struct world_router *router = &input->world->routers[i];
        const struct metric_labels labels = labels_of(router);

        if (router->known)
            write(metric, &labels, router);
    }
}

/* For each router that regha-net has reported. */
static void each_kernel(const struct metric *metric, const struct metrics_input *input,
                        void (*write)(const struct metric *metric,
                                      const struct metric_labels *labels,
                                      const struct world_router *router))
{
    for (size_t i = 0; i < input->world->router_count; i++) {
        const struct world_router *router = &input->world->routers[i];
        const struct metric_labels labels = labels_of(router);

        if (router->kernel_known)
            write(metric, &labels, router);
    }
}

/* A metric that is one number of each router. */
#define NUMBER(name, walk, value)                                                                  \
    static void name##_of(const struct metric *metric, const struct metric_labels *labels,         \
                          const struct world_router *router)                                       \
    {                                                                                              \
        metric_count(metric, labels, (uint64_t)(value));                                           \
    }                                                                                              \
    static void name(const struct metric *metric, const struct metrics_input *input)               \
    {                                                                                              \
        walk(metric, input, name##_of);                                                            \
    }

NUMBER(priority, each, router->status.priority)
NUMBER(eligible, each, router->eligible)
NUMBER(hook_runs, each, router->hook.runs)
NUMBER(hook_failures, each, router->hook.failures)
NUMBER(orphaned, each, router->status.orphaned)
NUMBER(adverts_sent, each, router->counters.adverts_sent)
NUMBER(adverts_received, each, router->counters.adverts_received)
NUMBER(adverts_late, each, router->counters.adverts_late)
NUMBER(resignations_sent, each, router->counters.resignations_sent)
NUMBER(resignations_received, each, router->counters.resignations_received)
NUMBER(send_errors, each, router->counters.send_errors)
NUMBER(settled, each_kernel, router->kernel.settled)
NUMBER(announcements, each_kernel, router->kernel.announcements)
NUMBER(restored, each_kernel, router->kernel.restored)
NUMBER(strays_removed, each_kernel, router->kernel.removed_strays)
NUMBER(guard_active, each_kernel, router->kernel.guarded)
NUMBER(guard_rebuilt, each_kernel, router->kernel.guard_rebuilt)

static const char *state_name(int state)
{
    return vrrp_message_state_name((enum vrrp_state)state);
}

static void state_of(const struct metric *metric, const struct metric_labels *labels,
                     const struct world_router *router)
{
    metric_states(metric, labels, state_name, VRRP_STATES, router->status.state);
}

static void state(const struct metric *metric, const struct metrics_input *input)
{
    each(metric, input, state_of);
}

static void discards(const struct metric *metric, const struct metric_labels *labels,
                     const uint64_t *discarded)
{
    for (int reason = VRRP_ACCEPTED + 1; reason < VRRP_DROP_REASONS; reason++) {
        struct metric_labels with_reason = *labels;

        metric_label(&with_reason, "reason", vrrp_message_drop_name((enum vrrp_drop)reason));
        metric_count(metric, &with_reason, discarded[reason]);
    }
}

static void discarded_of(const struct metric *metric, const struct metric_labels *labels,
                         const struct world_router *router)
{
    struct metric_labels with_interface = *labels;

    metric_label(&with_interface, "interface", router->status.interface);
    discards(metric, &with_interface, router->counters.discarded);
}

static void discarded(const struct metric *metric, const struct metrics_input *input)
{
    each(metric, input, discarded_of);
    for (size_t i = 0; i < input->world->stray_count; i++) {
        struct metric_labels labels = {0};

        metric_label(&labels, "interface", input->world->strays[i].interface);
        discards(metric, &labels, input->world->strays[i].discarded);
    }
}

static void transitions_between(const struct metric *metric, const struct metric_labels *labels,
                                const struct world_router *router, int from, int to)
{
    for (int reason = 0; reason < VRRP_REASONS; reason++) {
        struct metric_labels all = *labels;

        if (router->transitions[from][to][reason] == 0)
            continue; /* of the 117 nearly none ever happens */
        metric_label(&all, "from", state_name(from));
        metric_label(&all, "to", state_name(to));
        metric_label(&all, "reason", vrrp_message_reason_name((enum vrrp_reason)reason));
        metric_count(metric, &all, router->transitions[from][to][reason]);
    }
}

static void transitions_of(const struct metric *metric, const struct metric_labels *labels,
                           const struct world_router *router)
{
    for (int from = 0; from < VRRP_STATES; from++) {
        for (int to = 0; to < VRRP_STATES; to++)
            transitions_between(metric, labels, router, from, to);
    }
}

static void transitions(const struct metric *metric, const struct metrics_input *input)
{
    each(metric, input, transitions_of);
}

static void failovers_of(const struct metric *metric, const struct metric_labels *labels,
                         const struct world_router *router)
{
    metric_histogram(metric, labels, &router->failovers);
}

static void failovers(const struct metric *metric, const struct metrics_input *input)
{
    each(metric, input, failovers_of);
}

static void present_of(const struct metric *metric, const struct metric_labels *labels,
                       const struct world_router *router)
{
    for (int i = 0; i < router->kernel.address_count && i < KERNEL_ADDRESSES; i++) {
        struct metric_labels with_address = *labels;
        char address[ADDRESS_TEXT_BYTES];

        metric_label(&with_address, "vip", address_format(&router->kernel.addresses[i], address));
        metric_count(metric, &with_address, router->kernel.present[i]);
    }
}

static void present(const struct metric *metric, const struct metrics_input *input)
{
    each_kernel(metric, input, present_of);
}

const struct metrics_row metrics_router_rows[] = {
    {"regha_vrrp_state", METRIC_GAUGE, "State of the virtual router on this node.", state, false},
    {"regha_vrrp_priority", METRIC_GAUGE, "Priority that the virtual router advertises.", priority,
     false},
    {"regha_vrrp_eligible", METRIC_GAUGE, "Whether this node may become Active.", eligible, false},
    {"regha_orphaned", METRIC_GAUGE,
     "Whether regha-vrrp had no reghad for longer than orphan_grace.", orphaned, false},
    {"regha_vrrp_adverts_sent_total", METRIC_COUNTER, "Adverts sent.", adverts_sent, false},
    {"regha_vrrp_adverts_received_total", METRIC_COUNTER, "Adverts received and accepted.",
     adverts_received, false},
    {"regha_vrrp_advert_late_total", METRIC_COUNTER,
     "Adverts sent later than a tenth of the interval after their time.", adverts_late, false},
    {"regha_vrrp_resignations_sent_total", METRIC_COUNTER, "Adverts with priority 0 sent.",
     resignations_sent, false},
    {"regha_vrrp_resignations_received_total", METRIC_COUNTER, "Adverts with priority 0 received.",
     resignations_received, false},
    {"regha_vrrp_send_errors_total", METRIC_COUNTER, "Adverts that could not be sent.", send_errors,
     false},
    {"regha_vrrp_packets_discarded_total", METRIC_COUNTER,
     "Packets discarded, by reason; without a virtual router if they belong to none.", discarded,
     false},
    {"regha_vrrp_transitions_total", METRIC_COUNTER,
     "Changes of state; a series appears with its first one.", transitions, false},
    {"regha_hook_runs_total", METRIC_COUNTER, "Programs of on_transition that were started.",
     hook_runs, false},
    {"regha_hook_failures_total", METRIC_COUNTER,
     "Programs of on_transition that failed, hung or could not be started.", hook_failures, false},
    {"regha_failover_duration_seconds", METRIC_HISTOGRAM,
     "From the last advert of the former Active until this node served.", failovers, false},
    {"regha_vip_present", METRIC_GAUGE,
     "Whether the kernel has the virtual address, whoever put it there.", present, false},
    {"regha_vip_settled", METRIC_GAUGE, "Whether the kernel has what it is to have.", settled,
     false},
    {"regha_announcements_sent_total", METRIC_COUNTER,
     "Gratuitous ARPs and neighbour advertisements sent.", announcements, false},
    {"regha_address_restored_total", METRIC_COUNTER,
     "Virtual addresses put back because somebody else removed them.", restored, false},
    {"regha_address_strays_removed_total", METRIC_COUNTER, "Leftover virtual addresses removed.",
     strays_removed, false},
    {"regha_guard_active", METRIC_GAUGE,
     "Whether the kernel silences the addresses when adverts of this node end.", guard_active,
     false},
    {"regha_guard_rebuilt_total", METRIC_COUNTER,
     "How often somebody removed the rules of the guard and they were put back.", guard_rebuilt,
     false},
    {NULL, METRIC_GAUGE, NULL, NULL, false},
};
