/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/breaker.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "vrrp/kernel/breaker_rules.h"
#include "vrrp/kernel/nft.h"
#include "vrrp/kernel/sockets.h"
#include "vrrp/kernel/text.h"

#define LOOK_NS (10 * NS_PER_S)

struct kernel_breaker {
    struct kernel_breaker_params params;
    struct loop *loop;
    struct kernel_nft *nft;
    struct kernel_sockets *sockets;
    struct kernel_breaker_goal goal;
    struct monotime until[KERNEL_BREAKER_PEERS]; /* cut, by the element that is in the kernel */
    bool fresh[KERNEL_BREAKER_PEERS];            /* its sockets are still to be destroyed */
    bool counting[KERNEL_BREAKER_PEERS];         /* its sockets, now */
    bool is_table;                               /* in the kernel, for these peers */
    struct kernel_breaker_status status;
    struct kernel_breaker_status told;
    struct loop_timer lapse; /* the first element ends */
    struct loop_timer look;
};

const struct kernel_breaker_status *kernel_breaker_status(const struct kernel_breaker *breaker)
{
    return &breaker->told;
}

static void tell(struct kernel_breaker *breaker, struct monotime now)
{
    for (size_t at = 0; at < breaker->goal.peer_count; at++)
        breaker->status.peers[at].open = !monotime_reached(breaker->until[at], now);
    if (memcmp(&breaker->status, &breaker->told, sizeof(breaker->status)) == 0)
        return;
    breaker->told = breaker->status;
    breaker->params.changed(breaker->params.owner, &breaker->told);
}

/* The connection is ours to that peer, or that peer's to the same port here. */
static bool is_between(const struct kernel_socket *socket, const struct kernel_breaker_peer *peer)
{
    return (socket->remote_port == peer->port || socket->local_port == peer->port) &&
           address_is_same(&socket->remote, &peer->address);
}

static void handle_socket(void *owner, const struct kernel_socket *socket)
{
    struct kernel_breaker *breaker = owner;

    if (socket->user == breaker->params.exempt)
        return;
    for (size_t at = 0; at < breaker->goal.peer_count; at++) {
        struct kernel_breaker_seen *seen = &breaker->status.peers[at];

        if (!is_between(socket, &breaker->goal.peers[at]))
            continue;
        /* Of two servers of a store either one may have connected: it carries both ways. */
        if (breaker->counting[at] && seen->sockets < UINT16_MAX)
            seen->sockets++;
        if (breaker->fresh[at])
            seen->destroyed += kernel_sockets_destroy(breaker->sockets, socket) == 0;
    }
}

/* Of a peer that is cut their number stays what it was when that began. */
static void look_at_sockets(struct kernel_breaker *breaker, struct monotime now)
{
    int failed = kernel_sockets_probe(breaker->sockets);

    for (size_t at = 0; at < breaker->goal.peer_count; at++) {
        breaker->counting[at] = breaker->fresh[at] || monotime_reached(breaker->until[at], now);
        if (breaker->counting[at])
            breaker->status.peers[at].sockets = 0;
    }
    if (failed == 0)
        failed = kernel_sockets_visit(breaker->sockets, handle_socket, breaker);
    memset(breaker->fresh, 0, sizeof(breaker->fresh));
    breaker->status.supported = failed == 0 && breaker->is_table;
    if (failed != 0 && breaker->status.error == 0)
        breaker->status.error = -failed;
}

static void look_at_forwarded(struct kernel_breaker *breaker, uint8_t family, struct monotime now)
{
    bool asked = false;

    for (size_t at = 0; at < breaker->goal.peer_count && breaker->is_table; at++) {
        if (breaker->goal.peers[at].address.family != family)
            continue;
        if (!asked && kernel_nft_run(breaker->nft, kernel_breaker_rules_question(family), now) < 0)
            return;
        asked = true;
        breaker->status.peers[at].forwarded =
            kernel_breaker_rules_names(kernel_nft_output(breaker->nft), &breaker->goal.peers[at]);
    }
}

/* Everything that is cut, and the table first if it is not there. One transaction. */
static int put_once(struct kernel_breaker *breaker, struct monotime now)
{
    char *commands = kernel_breaker_rules_elements(&breaker->goal, breaker->until, now);

    if (!breaker->is_table) {
        char *table = kernel_breaker_rules_table(&breaker->goal, breaker->params.exempt);
        char *both = kernel_text_join(table, commands);

        free(table);
        free(commands);
        commands = both;
    }
    const int failed = commands == NULL ? -ENOMEM : kernel_nft_run(breaker->nft, commands, now);
    free(commands);
    breaker->is_table = failed == 0;
    return failed;
}

/* Refused may mean that the table has gone this moment. */
static void put(struct kernel_breaker *breaker, struct monotime now)
{
    const bool was_table = breaker->is_table;
    int failed = put_once(breaker, now);

    if (failed < 0 && was_table)
        failed = put_once(breaker, now);
    breaker->status.error = -failed;
    if (failed == 0)
        return;
    /* What was in the kernel before ends there; nobody is told that it goes on. */
    memset(breaker->until, 0, sizeof(breaker->until));
    memset(breaker->fresh, 0, sizeof(breaker->fresh));
    breaker->status.supported = false;
}

static void schedule_lapse(struct kernel_breaker *breaker, struct monotime now)
{
    struct monotime first = MONOTIME_NEVER;

    for (size_t at = 0; at < breaker->goal.peer_count; at++)
        if (!monotime_reached(breaker->until[at], now))
            first = monotime_earlier(first, breaker->until[at]);
    /* -ENOMEM: it is told later. */
    (void)loop_timer_set(breaker->loop, &breaker->lapse, first);
}

static void look_at_all(struct kernel_breaker *breaker, struct monotime now)
{
    look_at_sockets(breaker, now);
    look_at_forwarded(breaker, AF_INET, now);
    look_at_forwarded(breaker, AF_INET6, now);
    /* -ENOMEM: the next goal looks. */
    (void)loop_timer_set(breaker->loop, &breaker->look, monotime_add(now, LOOK_NS));
}

static bool are_same_peers(const struct kernel_breaker_goal *one,
                           const struct kernel_breaker_goal *other)
{
    if (one->peer_count != other->peer_count)
        return false;
    for (size_t at = 0; at < one->peer_count; at++)
        if (one->peers[at].port != other->peers[at].port ||
            !address_is_same(&one->peers[at].address, &other->peers[at].address))
            return false;
    return true;
}

/* What was known of a peer stays known, wherever it stands in the new goal. */
static void take_peers(struct kernel_breaker *breaker, const struct kernel_breaker_goal *goal)
{
    const struct kernel_breaker_goal old = breaker->goal;
    const struct kernel_breaker_status before = breaker->status;
    struct monotime until[KERNEL_BREAKER_PEERS] = {{0}};

    memset(breaker->status.peers, 0, sizeof(breaker->status.peers)); /* padding, too: compared */
    breaker->status.peer_count = goal->peer_count;
    for (size_t at = 0; at < goal->peer_count; at++) {
        struct kernel_breaker_seen *seen = &breaker->status.peers[at];

        seen->address = goal->peers[at].address;
        seen->port = goal->peers[at].port;
        for (size_t was = 0; was < old.peer_count; was++) {
            if (seen->port != old.peers[was].port ||
                !address_is_same(&seen->address, &old.peers[was].address))
                continue;
            seen->destroyed = before.peers[was].destroyed;
            seen->forwarded = before.peers[was].forwarded;
            until[at] = breaker->until[was];
        }
    }
    memcpy(breaker->until, until, sizeof(until));
    breaker->is_table = false;
}

static void log_change(const struct kernel_breaker_peer *peer, bool open)
{
    char text[ADDRESS_TEXT_BYTES];

    log_warning(open ? "connections to a storage peer are cut" : "a storage peer is cut no longer",
                "address=%s port=%u", address_format_host(&peer->address, text), peer->port);
}

/* Returns whether anything is, or was, cut. */
static bool take_open(struct kernel_breaker *breaker, struct monotime now)
{
    bool any = false;

    for (size_t at = 0; at < breaker->goal.peer_count; at++) {
        const bool was = !monotime_reached(breaker->until[at], now);
        const bool open =
            breaker->goal.peers[at].open && kernel_breaker_rules_may_cut(&breaker->goal.peers[at]);

        any |= was || open;
        breaker->fresh[at] = open && !was;
        breaker->until[at] =
            open ? monotime_add(now, KERNEL_BREAKER_LIFE_NS) : (struct monotime){0};
        if (was != open)
            log_change(&breaker->goal.peers[at], open);
    }
    return any;
}

static void end(struct kernel_breaker *breaker, struct monotime now)
{
    if (breaker->nft != NULL)
        (void)kernel_nft_run(breaker->nft, kernel_breaker_rules_removal(), now); /* logged there */
    breaker->is_table = false;
    kernel_nft_close(breaker->nft);
    breaker->nft = NULL;
    loop_timer_cancel(breaker->loop, &breaker->lapse);
    loop_timer_cancel(breaker->loop, &breaker->look);
}

static void handle_lost(void *owner, struct monotime now)
{
    struct kernel_breaker *breaker = owner;

    bool removed;

    (void)kernel_nft_take_lost(breaker->nft, &removed); /* or this would not have been called */
    if (removed)
        log_warning("somebody removed the circuit breaker's rules, they are put back", "");
    breaker->is_table = false;
    put(breaker, now);
    tell(breaker, now);
}

static int begin(struct kernel_breaker *breaker)
{
    const struct kernel_nft_params params = {
        .family = NFPROTO_INET,
        .table = KERNEL_BREAKER_RULES_TABLE,
        .refused = "the circuit breaker's rules were refused, nothing is cut",
        .owner = breaker,
        .lost = handle_lost,
    };
    struct err err;

    if (breaker->nft != NULL)
        return 0;
    const int failed = kernel_nft_open(breaker->loop, &params, &breaker->nft, &err);
    if (failed < 0)
        log_err("the circuit breaker does not work", "reason=\"%s\"", err.text);
    return failed;
}

void kernel_breaker_want(struct kernel_breaker *breaker, const struct kernel_breaker_goal *goal,
                         struct monotime now)
{
    const bool is_new = !are_same_peers(&breaker->goal, goal);

    if (is_new)
        take_peers(breaker, goal);
    breaker->goal = *goal;
    if (goal->peer_count == 0) {
        end(breaker, now);
        tell(breaker, now);
        return;
    }
    const int failed = begin(breaker);
    if (failed < 0) {
        breaker->status.error = -failed;
        breaker->status.supported = false;
        tell(breaker, now);
        return;
    }
    if (take_open(breaker, now) || !breaker->is_table)
        put(breaker, now);
    bool look = is_new;
    for (size_t at = 0; at < goal->peer_count; at++)
        look |= breaker->fresh[at];
    if (look)
        look_at_all(breaker, now);
    schedule_lapse(breaker, now);
    tell(breaker, now);
}

static void handle_lapse(struct loop_timer *timer, struct monotime now)
{
    struct kernel_breaker *breaker = timer->owner;

    for (size_t at = 0; at < breaker->goal.peer_count; at++)
        if (breaker->until[at].ns != 0 && monotime_reached(breaker->until[at], now)) {
            breaker->until[at] = (struct monotime){0};
            log_change(&breaker->goal.peers[at], false);
        }
    schedule_lapse(breaker, now);
    tell(breaker, now);
}

static void handle_look(struct loop_timer *timer, struct monotime now)
{
    struct kernel_breaker *breaker = timer->owner;

    look_at_all(breaker, now);
    tell(breaker, now);
}

int kernel_breaker_open(struct loop *loop, const struct kernel_breaker_params *params,
                        struct kernel_breaker **ret_breaker, struct err *err)
{
    struct kernel_breaker *breaker = calloc(1, sizeof(*breaker));

    if (breaker == NULL)
        return err_set(err, ENOMEM, "no memory for the circuit breaker");
    breaker->params = *params;
    breaker->loop = loop;
    loop_timer_init(&breaker->lapse, "breaker lapse", handle_lapse, breaker);
    loop_timer_init(&breaker->look, "breaker sockets", handle_look, breaker);
    const int failed = kernel_sockets_open(&breaker->sockets, err);
    if (failed < 0) {
        kernel_breaker_close(breaker);
        return failed;
    }
    *ret_breaker = breaker;
    return 0;
}

void kernel_breaker_close(struct kernel_breaker *breaker)
{
    if (breaker == NULL)
        return;
    loop_timer_cancel(breaker->loop, &breaker->lapse);
    loop_timer_cancel(breaker->loop, &breaker->look);
    kernel_nft_close(breaker->nft);
    kernel_sockets_close(breaker->sockets);
    free(breaker);
}

void kernel_breaker_remove(struct kernel_breaker *breaker, struct monotime now)
{
    end(breaker, now);
}
