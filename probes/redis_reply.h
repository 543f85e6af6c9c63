/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * redis_reply - what a Redis answers to AUTH and PING, taken apart as it arrives.
 *
 * Pure. Both are answered by one line each, a simple string or an error, so nothing else is
 * understood, and a line has an end soon or is none of Redis. Source: the Redis serialization
 * protocol, "RESP protocol description".
 */
#ifndef PROBES_REDIS_REPLY_H
#define PROBES_REDIS_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#define PROBE_REDIS_LINE_BYTES 512 /* of one answer; more is not Redis */
#define PROBE_REDIS_KEPT_BYTES 96

enum probe_redis_progress {
    PROBE_REDIS_MORE,    /* the answer is not whole */
    PROBE_REDIS_DONE,    /* it is, or the first line is an error that decides */
    PROBE_REDIS_GARBAGE, /* whatever answers is no Redis */
};

struct probe_redis_reply {
    unsigned wanted;   /* lines that have not ended */
    bool is_login;     /* the line is the answer to AUTH */
    bool is_error;     /* the line began with '-' */
    bool has_begun;    /* the line has its first byte */
    bool ends;         /* CR came, LF must follow */
    size_t line_bytes; /* seen of the line */
    size_t kept_bytes;
    char kept[PROBE_REDIS_KEPT_BYTES]; /* of the last line, without its first byte; ends in NUL */
};

/* Before the request is sent: PING, behind AUTH if `with_login`. */
void probe_redis_reply_clear(struct probe_redis_reply *reply, bool with_login);

enum probe_redis_progress probe_redis_reply_take(struct probe_redis_reply *reply, const char *bytes,
                                                 size_t size);

/* Is the line `text`, or does it begin with that word? */
bool probe_redis_reply_is(const struct probe_redis_reply *reply, const char *word);

#endif
