/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/guard.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "vrrp/kernel/nft.h"
#include "vrrp/kernel/rules.h"
#include "vrrp/kernel/text.h"

/* What is refused for a moment comes soon; a kernel without the hook is not asked all the time. */
#define RETRY_NS     NS_PER_S
#define RETRY_MAX_NS (64 * NS_PER_S)

struct kernel_guard {
    struct kernel_guard_params params;
    struct loop *loop;
    struct kernel_nft *nft;
    struct loop_timer refresh;
    char *table;    /* what is in force; NULL: nothing is */
    uint32_t shape; /* of the goals it was made of */
    bool is_made;
    bool is_used; /* there may be something to remove */
    int64_t retry_ns;
    uint64_t rebuilt;
};

static int refresh(struct kernel_guard *guard, struct monotime now)
{
    const struct kernel_state *state = guard->params.state;
    char *commands = kernel_rules_refresh(&state->wanted, &state->links);
    const int failed = commands == NULL ? -ENOMEM : kernel_nft_run(guard->nft, commands, now);

    free(commands);
    return failed;
}

/* Table and grace in one transaction, so that there is no moment in between. */
static int install(struct kernel_guard *guard, const char *table, struct monotime now)
{
    const struct kernel_state *state = guard->params.state;
    char *grace = kernel_rules_grace(&state->wanted, &state->links);
    char *commands = kernel_text_join(table, grace);
    int failed = commands == NULL ? -ENOMEM : kernel_nft_run(guard->nft, commands, now);

    guard->is_used = true;
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
        if (guard->is_used)
            (void)kernel_nft_run(guard->nft, kernel_rules_removal(), now); /* logged there */
        loop_timer_cancel(guard->loop, &guard->refresh);
    } else if (install(guard, table, now) == 0) {
        guard->table = table;
        guard->retry_ns = RETRY_NS;
        schedule(guard, KERNEL_RULES_REFRESH_NS, now);
    } else {
        free(table);
        schedule(guard, guard->retry_ns, now);
        if (guard->retry_ns < RETRY_MAX_NS)
            guard->retry_ns *= 2;
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

/* `removed`: by somebody; else it is only to be sure. */
static void rebuild(struct kernel_guard *guard, bool removed, struct monotime now)
{
    char *table = guard->table;

    if (removed)
        log_warning("somebody removed the guard's rules, they are put back", "rebuilt=%llu",
                    (unsigned long long)++guard->rebuilt);
    guard->table = NULL;
    put_in_force(guard, table, now);
}

/* At the end of the pass: rules go with their interface, and by then its end is known, too. */
static void handle_lost(void *owner, struct monotime now)
{
    schedule(owner, 0, now);
}

static void handle_refresh(struct loop_timer *timer, struct monotime now)
{
    struct kernel_guard *guard = timer->owner;
    const struct kernel_state *state = guard->params.state;
    bool removed;
    const bool was_lost = kernel_nft_take_lost(guard->nft, &removed);
    char *table = kernel_rules_table(&state->wanted, &state->links);

    if (table == NULL) {
        schedule(guard, RETRY_NS, now);
    } else if (guard->table == NULL || strcmp(guard->table, table) != 0) {
        put_in_force(guard, table, now);
    } else {
        free(table);
        if (was_lost || refresh(guard, now) < 0)
            rebuild(guard, removed || !was_lost, now);
        else
            schedule(guard, KERNEL_RULES_REFRESH_NS, now);
    }
    guard->params.changed(guard->params.owner, now);
}

int kernel_guard_open(struct loop *loop, const struct kernel_guard_params *params,
                      struct kernel_guard **ret_guard, struct err *err)
{
    struct kernel_guard *guard = calloc(1, sizeof(*guard));

    if (guard == NULL)
        return err_set(err, ENOMEM, "no memory for the guard");
    guard->params = *params;
    guard->loop = loop;
    guard->retry_ns = RETRY_NS;
    loop_timer_init(&guard->refresh, "guard", handle_refresh, guard);
    const struct kernel_nft_params nft = {
        .family = NFPROTO_NETDEV,
        .table = KERNEL_RULES_TABLE,
        .refused = "the guard's rules were refused, addresses are not guarded",
        .owner = guard,
        .lost = handle_lost,
    };
    const int failed = kernel_nft_open(loop, &nft, &guard->nft, err);
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
    kernel_nft_close(guard->nft);
    forget(guard);
    free(guard);
}

void kernel_guard_remove(struct kernel_guard *guard)
{
    if (guard->is_used)
        (void)kernel_nft_run(guard->nft, kernel_rules_removal(), (struct monotime){0});
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
