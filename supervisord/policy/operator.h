/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * operator - what people have said about this node: ready, drained, in maintenance, paused.
 *
 * Kept under the state directory across restarts, with who said it and when; shown with its age.
 */
#ifndef SUPERVISORD_OPERATOR_H
#define SUPERVISORD_OPERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum operator_mode {
    OPERATOR_READY,
    OPERATOR_DRAINED,     /* holds nothing, after a hand-over; until ready */
    OPERATOR_MAINTENANCE, /* the same, and MinIO was asked whether it may leave */
    OPERATOR_MODES,
};

#define OPERATOR_FOR_EVER INT64_MAX

/* What was said of one registry here, against what the policy would do. */
enum operator_run {
    OPERATOR_RUN_AUTO,
    OPERATOR_RUN_STOP, /* does not run here until it is told to start */
};

enum operator_write {
    OPERATOR_WRITE_AUTO,
    OPERATOR_WRITE_READONLY,  /* until readwrite */
    OPERATOR_WRITE_READWRITE, /* whatever the store is like, until it is well again */
};

#define OPERATOR_NAME_BYTES 32
#define OPERATOR_REGISTRIES 16

struct operator_registry {
    char name[OPERATOR_NAME_BYTES];
    enum operator_run run;
    enum operator_write write;
    int64_t wall_ns;
    uid_t uid;
};

struct operator_state {
    enum operator_mode mode;
    bool mode_is_once;    /* only until reghad starts again: for a shutdown of the host */
    int64_t mode_wall_ns; /* CLOCK_REALTIME when it was said; 0: never */
    uid_t mode_uid;
    int64_t paused_until_wall_ns; /* 0: not paused; OPERATOR_FOR_EVER: until resumed */
    int64_t paused_wall_ns;
    uid_t paused_uid;
    size_t registry_count; /* those of which something was said */
    struct operator_registry registries[OPERATOR_REGISTRIES];
};

bool operator_is_paused(const struct operator_state *state, int64_t wall_ns);

/*
 * `path` is a file of the state directory. A missing one is a node that is ready; one that cannot
 * be understood is told in `err` and taken as ready, too.
 */
int operator_read(const char *path, struct operator_state *ret_state, struct err *err);

/* Replaces the file whole, and syncs it: what an operator said survives a power cut. */
int operator_write(const char *path, const struct operator_state *state, struct err *err);

/* What was said of this registry; NULL: nothing. */
const struct operator_registry *operator_registry(const struct operator_state *state,
                                                  const char *name);

/*
 * Its entry, to be changed, made if there is none; NULL: there is no room. One that says nothing any
 * more goes with operator_tidy().
 */
struct operator_registry *operator_add_registry(struct operator_state *state, const char *name);
void operator_tidy(struct operator_state *state);

const char *operator_mode_name(enum operator_mode mode); /* "ready" "drained" "maintenance" */

#endif
