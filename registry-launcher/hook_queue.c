/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/hook_queue.h"

static bool is_same(const struct registry_hook_change *a, const struct registry_hook_change *b)
{
    return a->state == b->state && a->since_ns == b->since_ns;
}

void registry_hook_queue_init(struct registry_hook_queue *queue, struct registry_hook_change told)
{
    *queue = (struct registry_hook_queue){.wanted = told, .told = told, .is_done = true};
}

void registry_hook_queue_want(struct registry_hook_queue *queue, struct registry_hook_change change)
{
    if (is_same(&queue->wanted, &change))
        return;
    /* One that waited for its turn is not told any more; of one half told the rest is not. */
    if (!is_same(&queue->wanted, &queue->told))
        queue->coalesced++;
    queue->wanted = change;
}

bool registry_hook_queue_next(struct registry_hook_queue *queue, size_t programs, size_t *ret_at)
{
    if (queue->is_running)
        return false;
    if (!is_same(&queue->wanted, &queue->told)) {
        queue->told = queue->wanted;
        queue->programs = programs;
        queue->at = 0;
        queue->is_done = false;
    }
    if (queue->at >= queue->programs)
        queue->is_done = true;
    if (queue->is_done)
        return false;
    queue->is_running = true;
    *ret_at = queue->at;
    return true;
}

void registry_hook_queue_ended(struct registry_hook_queue *queue)
{
    queue->is_running = false;
    queue->at++;
}

bool registry_hook_queue_is_idle(const struct registry_hook_queue *queue)
{
    return !queue->is_running && queue->is_done && is_same(&queue->wanted, &queue->told);
}
