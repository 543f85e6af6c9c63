/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hook_queue - which program of a virtual router's hooks is to run, and for which change.
 *
 * Pure. One at a time, in the order of the list; the newest change wins: what came between it and the
 * one that is being told is not told any more, and counted. Whoever restarts the launcher makes
 * nobody hear a change twice that was told to the end.
 */
#ifndef REGISTRY_LAUNCHER_HOOK_QUEUE_H
#define REGISTRY_LAUNCHER_HOOK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A change is what it became and when: the same twice is the same change. */
struct registry_hook_change {
    uint8_t state; /* 0: none */
    int64_t since_ns;
};

struct registry_hook_queue {
    struct registry_hook_change wanted; /* the newest */
    struct registry_hook_change told;   /* being told, or told to the end */
    size_t programs;                    /* as long as it is told */
    size_t at;                          /* the program that runs, or is next */
    bool is_running;
    bool is_done; /* `told` to the end */
    uint32_t coalesced;
};

/* `told`: by a launcher before us, or none. */
void registry_hook_queue_init(struct registry_hook_queue *queue, struct registry_hook_change told);

void registry_hook_queue_want(struct registry_hook_queue *queue,
                              struct registry_hook_change change);

/*
 * What is next, of `programs`: true, and program `ret_at` is to run for queue->told. Call when
 * something was wanted or ended; it counts as running from then on.
 */
bool registry_hook_queue_next(struct registry_hook_queue *queue, size_t programs, size_t *ret_at);

/* The program that ran has ended, or could not be started. */
void registry_hook_queue_ended(struct registry_hook_queue *queue);

/* Nothing runs and nothing is to. */
bool registry_hook_queue_is_idle(const struct registry_hook_queue *queue);

#endif
