/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/cluster/bundle_order.h"

#include <assert.h>
#include <string.h>

static bool is_same_digest(const char *a, const char *b)
{
    const size_t length = strlen(a);

    return length == strlen(b) && memcmp(a, b, length) == 0;
}

bool bundle_order_is_same(const struct bundle_order_version *a,
                          const struct bundle_order_version *b)
{
    return a->generation == b->generation && is_same_digest(a->digest, b->digest);
}

size_t bundle_order_majority(size_t count)
{
    return count / 2 + 1;
}

size_t bundle_order_survives(size_t count)
{
    return count - bundle_order_majority(count);
}

size_t bundle_order_heard(const struct bundle_order *order)
{
    size_t heard = 0;

    for (size_t at = 0; at < order->count; at++)
        heard += order->reports[at].is_heard;
    return heard;
}

bool bundle_order_has_majority(const struct bundle_order *order)
{
    return bundle_order_heard(order) >= bundle_order_majority(order->count);
}

/* The highest generation that anybody heard has anything to do with. */
static uint64_t highest(const struct bundle_order *order)
{
    uint64_t generation = 0;

    for (size_t at = 0; at < order->count; at++) {
        const struct bundle_order_report *report = &order->reports[at];

        if (!report->is_heard)
            continue;
        if (report->acknowledged.generation > generation)
            generation = report->acknowledged.generation;
        if (report->current.generation > generation)
            generation = report->current.generation;
    }
    return generation;
}

enum bundle_order_answer bundle_order_judge(const struct bundle_order *order,
                                            const struct bundle_order_version *offered)
{
    const struct bundle_order_report *self = &order->reports[order->self];
    const struct bundle_order_version *former = &self->acknowledged;

    /*
     * Who lost its memory may have acknowledged anything that others know of: what is newer than
     * all of that it has not.
     */
    if (self->is_blank && !bundle_order_has_majority(order))
        return BUNDLE_ORDER_BLANK;
    if (self->is_blank && offered->generation <= highest(order))
        return BUNDLE_ORDER_OLDER;
    if (offered->generation > former->generation)
        return BUNDLE_ORDER_YES;
    if (offered->generation < former->generation)
        return BUNDLE_ORDER_OLDER;
    return is_same_digest(offered->digest, former->digest) ? BUNDLE_ORDER_AGAIN
                                                           : BUNDLE_ORDER_OTHER;
}

const char *bundle_order_answer_text(enum bundle_order_answer answer)
{
    static const char *const texts[BUNDLE_ORDER_ANSWERS] = {
        [BUNDLE_ORDER_YES] = "acknowledged",
        [BUNDLE_ORDER_AGAIN] = "acknowledged before",
        [BUNDLE_ORDER_OLDER] = "knows a newer generation",
        [BUNDLE_ORDER_OTHER] = "acknowledged another bundle in this generation",
        [BUNDLE_ORDER_BLANK] = "remembers nothing and does not hear a majority",
    };

    assert(answer < BUNDLE_ORDER_ANSWERS);
    return texts[answer];
}

static size_t count_votes(const struct bundle_order *order,
                          const struct bundle_order_version *version)
{
    size_t votes = 0;

    for (size_t at = 0; at < order->count; at++)
        votes += order->reports[at].is_heard &&
                 bundle_order_is_same(&order->reports[at].acknowledged, version);
    return votes;
}

struct bundle_order_version bundle_order_current(const struct bundle_order *order)
{
    struct bundle_order_version current = {.generation = 0};

    for (size_t at = 0; at < order->count; at++) {
        const struct bundle_order_report *report = &order->reports[at];

        if (!report->is_heard)
            continue;
        if (report->current.generation > current.generation)
            current = report->current;
        if (report->acknowledged.generation > current.generation &&
            count_votes(order, &report->acknowledged) >= bundle_order_majority(order->count))
            current = report->acknowledged;
    }
    return current;
}

struct bundle_order_version bundle_order_undecided(const struct bundle_order *order)
{
    const struct bundle_order_version current = bundle_order_current(order);
    const size_t silent = order->count - bundle_order_heard(order);
    struct bundle_order_version undecided = {.generation = 0};

    for (size_t at = 0; at < order->count; at++) {
        const struct bundle_order_report *report = &order->reports[at];

        if (!report->is_heard || report->acknowledged.generation <= current.generation ||
            report->acknowledged.generation <= undecided.generation)
            continue;
        if (count_votes(order, &report->acknowledged) + silent >=
            bundle_order_majority(order->count))
            undecided = report->acknowledged;
    }
    return undecided;
}

uint64_t bundle_order_next(const struct bundle_order *order)
{
    return highest(order) + 1;
}

const char *bundle_order_agreed(const struct bundle_order *order)
{
    const struct bundle_order_version current = bundle_order_current(order);
    const char *files = NULL;

    for (size_t at = 0; at < order->count; at++) {
        const struct bundle_order_report *report = &order->reports[at];

        if (!report->is_heard)
            return NULL;
        if (!report->has_files)
            continue;
        if (report->files[0] == '\0' || (files != NULL && !is_same_digest(files, report->files)))
            return NULL;
        files = report->files;
    }
    if (files == NULL || (current.generation > 0 && is_same_digest(files, current.digest)))
        return NULL;
    return files;
}

bool bundle_order_is_first(const struct bundle_order *order)
{
    for (size_t at = 0; at < order->self; at++)
        if (order->reports[at].has_files)
            return false;
    return order->reports[order->self].has_files;
}

enum bundle_order_start bundle_order_start(const struct bundle_order *order, bool waited)
{
    const struct bundle_order_report *self = &order->reports[order->self];
    const bool is_settled = bundle_order_undecided(order).generation == 0;

    if (bundle_order_has_majority(order) && is_settled)
        return bundle_order_current(order).generation > 0 ? BUNDLE_ORDER_CURRENT
                                                          : BUNDLE_ORDER_FILES;
    if (!waited)
        return BUNDLE_ORDER_WAIT;
    return self->current.generation > 0 ? BUNDLE_ORDER_UNCONFIRMED : BUNDLE_ORDER_FILES;
}

void bundle_order_begin(struct bundle_order_ballot *ballot, size_t count,
                        const struct bundle_order_version *version)
{
    assert(count > 0 && count <= BUNDLE_ORDER_NODES && version->generation > 0);
    memset(ballot, 0, sizeof(*ballot));
    ballot->count = count;
    ballot->version = *version;
}

void bundle_order_count(struct bundle_order_ballot *ballot, size_t node, bool acknowledged)
{
    assert(node < ballot->count);
    if (acknowledged)
        ballot->is_acknowledged[node] = true;
    else
        ballot->is_refused[node] = !ballot->is_acknowledged[node];
}

enum bundle_order_outcome bundle_order_outcome(const struct bundle_order_ballot *ballot)
{
    size_t acknowledged = 0, refused = 0;

    for (size_t at = 0; at < ballot->count; at++) {
        acknowledged += ballot->is_acknowledged[at];
        refused += ballot->is_refused[at];
    }
    if (acknowledged >= bundle_order_majority(ballot->count))
        return BUNDLE_ORDER_WON;
    return ballot->count - refused < bundle_order_majority(ballot->count) ? BUNDLE_ORDER_LOST
                                                                          : BUNDLE_ORDER_PENDING;
}
