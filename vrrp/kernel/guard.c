/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/guard.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <nftables/libnftables.h>

#include "base/log.h"
#include "vrrp/kernel/netlink.h"
#include "vrrp/kernel/rules.h"

/* A big ruleset that somebody loads is told to us element by element. */
#define RECEIVE_BYTES (1024 * 1024)
#define RETRY_NS      NS_PER_S
#define LOG_EVERY_NS  (60 * NS_PER_S)

struct kernel_guard {
    struct kernel_guard_params params;
    struct loop *loop;
    struct nl_sock *events;
    struct loop_io io;
    struct loop_timer refresh;
    struct nft_ctx *nft; /* NULL until there is something to guard */
    char *table;         /* what is in force; NULL: nothing is */
    uint32_t shape;      /* of the goals it was made of */
    bool is_made;
    bool is_lost; /* somebody removed some of it; seen while events were read */
    uint64_t rebuilt;
    struct log_limit failed;
};

/* Ours, or unknown: lost events may have been about us. */
static void handle_event(void *owner, struct nlmsghdr *message)
{
    struct kernel_guard *guard = owner;
    const unsigned kind = message->nlmsg_type & 0xffU;
    struct nlattr *attributes[NFTA_TABLE_NAME + 1];

    if (kind != NFT_MSG_DELTABLE && kind != NFT_MSG_DELCHAIN && kind != NFT_MSG_DELRULE &&
        kind != NFT_MSG_DELSET)
        return;
    /* In each of them the name of the table is the first attribute. */
    if (nlmsg_parse(message, sizeof(struct nfgenmsg), attributes, NFTA_TABLE_NAME, NULL) < 0 ||
        attributes[NFTA_TABLE_NAME] == NULL)
        return;
    const struct nfgenmsg *header = nlmsg_data(message);
    if (header->nfgen_family == NFPROTO_NETDEV &&
        nla_strcmp(attributes[NFTA_TABLE_NAME], KERNEL_RULES_TABLE) == 0)
        guard->is_lost = true;
}

static void read_events(struct kernel_guard *guard)
{
    int count;

    do {
        count = kernel_netlink_receive(guard->events, handle_event, guard);
        guard->is_lost |= count == -ENOBUFS;
    } while (count >= 0 || count == -ENOBUFS || count == -EINTR);
}

/* What the table says tells more than nft's own words. */
static int run(struct kernel_guard *guard, const char *commands, struct monotime now)
{
    uint64_t suppressed;

    if (guard->nft == NULL)
        guard->nft = nft_ctx_new(NFT_CTX_DEFAULT);
    if (guard->nft == NULL)
        return -ENOMEM;
    (void)nft_ctx_buffer_output(guard->nft);
    (void)nft_ctx_buffer_error(guard->nft);
    if (nft_run_cmd_from_buffer(guard->nft, commands) == 0)
        return 0;

    const char *said = nft_ctx_get_error_buffer(guard->nft);
    char first[120], quoted[240];
    snprintf(first, sizeof(first), "%.*s", (int)strcspn(said, "\n"), said);
    if (log_limit_pass(&guard->failed, LOG_EVERY_NS, now, &suppressed))
        log_err("the guard's rules were refused, addresses are not guarded",
                "reason=\"%s\" suppressed=%llu", log_quote(first, quoted, sizeof(quoted)),
                (unsigned long long)suppressed);
    return -EIO;
}

/* Events of our own transaction are of no interest. */
static int run_and_forget(struct kernel_guard *guard, const char *commands, struct monotime now)
{
    const int failed = run(guard, commands, now);

    read_events(guard);
    guard->is_lost = false;
    return failed;
}

static char *join(const char *first, const char *second)
{
    const size_t first_bytes = strlen(first), second_bytes = strlen(second);
    char *joined = malloc(first_bytes + second_bytes + 1);

    if (joined == NULL)
        return NULL;
    memcpy(joined, first, first_bytes);
    memcpy(joined + first_bytes, second, second_bytes + 1);
    return joined;
}

static int refresh(struct kernel_guard *guard, struct monotime now)
{
    const struct kernel_state *state = guard->params.state;
    char *commands = kernel_rules_refresh(&state->wanted, &state->links);
    const int failed = commands == NULL ? -ENOMEM : run_and_forget(guard, commands, now);

    free(commands);
    return failed;
}

/* Table and grace in one transaction, so that there is no moment in between. */
static int install(struct kernel_guard *guard, const char *table, struct monotime now)
{
    const struct kernel_state *state = guard->params.state;
    char *grace = kernel_rules_grace(&state->wanted, &state->links);
    char *commands = grace == NULL ? NULL : join(table, grace);
    int failed = commands == NULL ? -ENOMEM : run_and_forget(guard, commands, now);

    free(grace);
    free(commands);
    if (failed == 0)
        failed = refresh(guard, now);
    return failed;
}

static void forget(struct kernel_guard *guard)
{
    free(guard->table);
    guard->table = NULL;
}

static void schedule(struct kernel_guard *guard, int64_t wait_ns, struct monotime now)
{
    /* -ENOMEM: the rules end by themselves, and the next change brings them back. */
    (void)loop_timer_set(guard->loop, &guard->refresh, monotime_add(now, wait_ns));
}

/* `table` is taken. */
static void put_in_force(struct kernel_guard *guard, char *table, struct monotime now)
{
    const bool was = guard->table != NULL;

    forget(guard);
    if (table[0] == '\0') {
        free(table);
        if (guard->nft != NULL)
            (void)run_and_forget(guard, kernel_rules_removal(), now); /* logged there */
        loop_timer_cancel(guard->loop, &guard->refresh);
    } else if (install(guard, table, now) == 0) {
        guard->table = table;
        schedule(guard, KERNEL_RULES_REFRESH_NS, now);
    } else {
        free(table);
        schedule(guard, RETRY_NS, now);
    }
    if (was != (guard->table != NULL))
        log_info(guard->table != NULL ? "the guard is in force" : "the guard is not in force", "");
}

void kernel_guard_update(struct kernel_guard *guard, bool links_changed, struct monotime now)
{
    const struct kernel_state *state = guard->params.state;

    if (guard->is_made && guard->shape == state->wanted.shape && !links_changed)
        return;
    char *table = kernel_rules_table(&state->wanted, &state->links);
    if (table == NULL) {
        schedule(guard, RETRY_NS, now);
        return;
    }
    guard->shape = state->wanted.shape;
    guard->is_made = true;
    if (guard->table != NULL ? strcmp(guard->table, table) == 0 : table[0] == '\0')
        free(table);
    else
        put_in_force(guard, table, now);
}

static void rebuild(struct kernel_guard *guard, struct monotime now)
{
    char *table = guard->table;

    guard->rebuilt++;
    log_warning("somebody removed the guard's rules, they are put back", "rebuilt=%llu",
                (unsigned long long)guard->rebuilt);
    guard->table = NULL;
    put_in_force(guard, table, now);
}

/* At the end of the pass: rules go with their interface, and by then its end is known, too. */
static void handle_readable(struct loop_io *io, unsigned events, struct monotime now)
{
    struct kernel_guard *guard = io->owner;

    (void)events;
    read_events(guard);
    if (guard->is_lost)
        schedule(guard, 0, now);
}

static void handle_refresh(struct loop_timer *timer, struct monotime now)
{
    struct kernel_guard *guard = timer->owner;
    const struct kernel_state *state = guard->params.state;
    const bool was_lost = guard->is_lost;
    char *table = kernel_rules_table(&state->wanted, &state->links);

    guard->is_lost = false;
    if (table == NULL) {
        schedule(guard, RETRY_NS, now);
    } else if (guard->table == NULL || strcmp(guard->table, table) != 0) {
        put_in_force(guard, table, now);
    } else {
        free(table);
        if (was_lost || refresh(guard, now) < 0)
            rebuild(guard, now);
        else
            schedule(guard, KERNEL_RULES_REFRESH_NS, now);
    }
    guard->params.changed(guard->params.owner, now);
}

static int subscribe(struct kernel_guard *guard, struct err *err)
{
    guard->events = kernel_netlink_open(NETLINK_NETFILTER, RECEIVE_BYTES, err);
    if (guard->events == NULL)
        return -EIO;
    if (nl_socket_add_memberships(guard->events, NFNLGRP_NFTABLES, 0) < 0)
        return err_set(err, EIO, "cannot subscribe to changes of the packet filter");
    guard->io = (struct loop_io){
        .name = "nftables events",
        .fd = kernel_netlink_fd(guard->events),
        .handle = handle_readable,
        .owner = guard,
    };
    const int failed = loop_io_start(guard->loop, &guard->io, LOOP_READ);
    if (failed < 0)
        return err_set(err, -failed, "cannot watch the packet filter");
    return 0;
}

int kernel_guard_open(struct loop *loop, const struct kernel_guard_params *params,
                      struct kernel_guard **ret_guard, struct err *err)
{
    struct kernel_guard *guard = calloc(1, sizeof(*guard));

    if (guard == NULL)
        return err_set(err, ENOMEM, "no memory for the guard");
    guard->params = *params;
    guard->loop = loop;
    loop_timer_init(&guard->refresh, "guard", handle_refresh, guard);
    const int failed = subscribe(guard, err);
    if (failed < 0) {
        kernel_guard_close(guard);
        return failed;
    }
    *ret_guard = guard;
    return 0;
}

void kernel_guard_close(struct kernel_guard *guard)
{
    if (guard == NULL)
        return;
    loop_timer_cancel(guard->loop, &guard->refresh);
    loop_io_stop(guard->loop, &guard->io);
    kernel_netlink_close(guard->events);
    if (guard->nft != NULL)
        nft_ctx_free(guard->nft);
    forget(guard);
    free(guard);
}

void kernel_guard_remove(struct kernel_guard *guard)
{
    if (guard->nft != NULL)
        (void)run_and_forget(guard, kernel_rules_removal(), (struct monotime){0});
    forget(guard);
    loop_timer_cancel(guard->loop, &guard->refresh);
}

bool kernel_guard_protects(const struct kernel_guard *guard, const struct kernel_goal *goal)
{
    return guard->table != NULL && kernel_rules_covers(&guard->params.state->links, goal);
}

uint64_t kernel_guard_rebuilt(const struct kernel_guard *guard)
{
    return guard->rebuilt;
}
