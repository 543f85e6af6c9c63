/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/wanted.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void kernel_wanted_fini(struct kernel_wanted *wanted)
{
    free(wanted->goals);
    free(wanted->wants);
    free(wanted->paces);
    free(wanted->goal_of);
    free(wanted->interfaces);
    *wanted = (struct kernel_wanted){0};
}

static bool is_same_goal(const struct kernel_goal *a, const struct kernel_goal *b)
{
    return a->family == b->family && strcmp(a->name, b->name) == 0;
}

/* Among the first `count` of the set. */
static const struct kernel_goal *find_goal(const struct kernel_wanted_set *set, size_t count,
                                           const struct kernel_goal *like)
{
    for (size_t at = 0; at < count; at++)
        if (is_same_goal(set->goals[at], like))
            return set->goals[at];
    return NULL;
}

/* Mostly it is where it was in the former set. */
static const struct kernel_wanted_goal *find_old(const struct kernel_wanted *wanted, size_t likely,
                                                 const struct kernel_goal *like)
{
    if (likely < wanted->goal_count && is_same_goal(&wanted->goals[likely].goal, like))
        return &wanted->goals[likely];
    for (size_t at = 0; at < wanted->goal_count; at++)
        if (is_same_goal(&wanted->goals[at].goal, like))
            return &wanted->goals[at];
    return NULL;
}

static int check_goal(const struct kernel_goal *goal, struct err *err)
{
    const unsigned most_bits = goal->family == AF_INET6 ? 128 : 32;

    if (goal->family != AF_INET && goal->family != AF_INET6)
        return err_set(err, EINVAL, "the goal %s is of address family %u", goal->name,
                       goal->family);
    if (goal->interface[0] == '\0')
        return err_set(err, EINVAL, "the goal %s names no interface", goal->name);
    for (size_t at = 0; at < goal->address_count; at++)
        if (goal->addresses[at].family != goal->family || goal->addresses[at].prefix_bits == 0 ||
            goal->addresses[at].prefix_bits > most_bits)
            return err_set(err, EINVAL,
                           "address %zu of the goal %s is of another family, or its "
                           "prefix length is wrong",
                           at + 1, goal->name);
    return 0;
}

static int check(const struct kernel_wanted_set *set, struct err *err)
{
    for (size_t at = 0; at < set->count; at++) {
        const int failed = check_goal(set->goals[at], err);

        if (failed < 0)
            return failed;
        if (find_goal(set, at, set->goals[at]) != NULL)
            return err_set(err, EINVAL, "the goal %s comes twice in one set", set->goals[at]->name);
    }
    return 0;
}

static int allocate(struct kernel_wanted *wanted, size_t goals, size_t wants)
{
    *wanted = (struct kernel_wanted){
        .goals = calloc(goals + 1, sizeof(*wanted->goals)), /* never nothing: NULL is a failure */
        .wants = calloc(wants + 1, sizeof(*wanted->wants)),
        .paces = calloc(wants + 1, sizeof(*wanted->paces)),
        .goal_of = calloc(wants + 1, sizeof(*wanted->goal_of)),
        .interfaces = calloc(goals + 1, sizeof(*wanted->interfaces)),
    };
    if (wanted->goals != NULL && wanted->wants != NULL && wanted->paces != NULL &&
        wanted->goal_of != NULL && wanted->interfaces != NULL)
        return 0;
    kernel_wanted_fini(wanted);
    return -ENOMEM;
}

static const struct kernel_wanted_interface *find_interface(const struct kernel_wanted *wanted,
                                                            const char *name)
{
    for (size_t at = 0; at < wanted->interface_count; at++)
        if (strcmp(wanted->interfaces[at].name, name) == 0)
            return &wanted->interfaces[at];
    return NULL;
}

static void add_interface(struct kernel_wanted *wanted, const struct kernel_wanted *former,
                          const char *name)
{
    if (find_interface(wanted, name) != NULL)
        return;

    const struct kernel_wanted_interface *old = find_interface(former, name);
    struct kernel_wanted_interface *interface = &wanted->interfaces[wanted->interface_count++];
    if (old != NULL)
        *interface = *old;
    else
        memcpy(interface->name, name, sizeof(interface->name));
}

/* The same address on the same interface is the same want, whatever else changed. */
static void inherit_want(struct kernel_wanted *wanted, size_t at,
                         const struct kernel_wanted *former, const struct kernel_wanted_goal *old)
{
    struct kernel_want *want = &wanted->wants[at];
    const struct kernel_goal *goal = &wanted->goals[wanted->goal_of[at]].goal;

    if (strcmp(old->goal.interface, goal->interface) != 0)
        return;
    for (size_t other = old->first_want; other < old->first_want + old->goal.address_count;
         other++) {
        const struct kernel_want *was = &former->wants[other];

        if (!address_is_same(&was->address, &want->address) ||
            was->address.prefix_bits != want->address.prefix_bits)
            continue;
        *want = *was;
        want->hold = goal->hold;
        wanted->paces[at] = former->paces[other];
    }
}

static bool is_same_shape(const struct kernel_goal *a, const struct kernel_goal *b)
{
    return strcmp(a->interface, b->interface) == 0 && a->vrid == b->vrid &&
           a->guard_ns == b->guard_ns && a->address_count == b->address_count &&
           memcmp(a->addresses, b->addresses, a->address_count * sizeof(a->addresses[0])) == 0;
}

static void add_goal(struct kernel_wanted *wanted, const struct kernel_wanted *former,
                     const struct kernel_goal *goal)
{
    const struct kernel_wanted_goal *old = find_old(former, wanted->goal_count, goal);
    struct kernel_wanted_goal *new = &wanted->goals[wanted->goal_count];

    if (old != NULL)
        *new = *old;
    if (old == NULL || !is_same_shape(&old->goal, goal))
        wanted->shape = former->shape + 1;
    new->goal = *goal;
    new->first_want = (uint32_t)wanted->want_count;
    new->announce_again = old != NULL && old->goal.announce_serial != goal->announce_serial;
    for (size_t at = 0; at < goal->address_count; at++) {
        const size_t ordinal = wanted->want_count++;

        wanted->goal_of[ordinal] = (uint32_t)wanted->goal_count;
        wanted->wants[ordinal] =
            (struct kernel_want){.address = goal->addresses[at], .hold = goal->hold};
        if (old != NULL)
            inherit_want(wanted, ordinal, former, old);
    }
    wanted->goal_count++;
    add_interface(wanted, former, goal->interface);
}

int kernel_wanted_apply(struct kernel_wanted *wanted, const struct kernel_wanted_set *set,
                        struct err *err)
{
    struct kernel_wanted new;
    const size_t kept = set->partial ? wanted->goal_count : 0;
    size_t wants = set->partial ? wanted->want_count : 0;
    const int failed = check(set, err);

    if (failed < 0)
        return failed;
    for (size_t at = 0; at < set->count; at++)
        wants += set->goals[at]->address_count;
    if (allocate(&new, kept + set->count, wants) < 0)
        return err_set(err, ENOMEM, "no memory for %zu goals", kept + set->count);
    new.shape = wanted->shape;
    for (size_t at = 0; at < kept; at++) {
        const struct kernel_goal *named = find_goal(set, set->count, &wanted->goals[at].goal);
        add_goal(&new, wanted, named != NULL ? named : &wanted->goals[at].goal);
    }
    for (size_t at = 0; at < set->count; at++)
        if (!set->partial || find_old(wanted, at, set->goals[at]) == NULL)
            add_goal(&new, wanted, set->goals[at]);
    if (new.goal_count != wanted->goal_count)
        new.shape = wanted->shape + 1;
    kernel_wanted_fini(wanted);
    *wanted = new;
    return 0;
}

/* An address of another device than before has no past there. */
static void resolve_want(struct kernel_want *want, struct kernel_pace *pace, uint32_t index)
{
    if (want->index == index)
        return;
    kernel_pace_stop(pace);
    want->index = index;
    want->held = false;
    want->error = 0;
    want->not_before = (struct monotime){0};
}

void kernel_wanted_resolve(struct kernel_wanted *wanted, const struct kernel_links *links)
{
    for (size_t at = 0; at < wanted->goal_count; at++) {
        const struct kernel_wanted_goal *goal = &wanted->goals[at];
        const struct kernel_link_entry *link = kernel_link_find(links, goal->goal.interface);
        const uint32_t index = link != NULL ? link->link.index : 0;

        assert(goal->first_want + goal->goal.address_count <= wanted->want_count);
        for (size_t of = 0; of < goal->goal.address_count; of++)
            resolve_want(&wanted->wants[goal->first_want + of],
                         &wanted->paces[goal->first_want + of], index);
    }
}
