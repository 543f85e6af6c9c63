/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/redis_reply.h"

#include <string.h>

static void begin_line(struct probe_redis_reply *reply, bool is_login)
{
    reply->is_login = is_login;
    reply->is_error = reply->has_begun = reply->ends = false;
    reply->line_bytes = reply->kept_bytes = 0;
    reply->kept[0] = '\0';
}

void probe_redis_reply_clear(struct probe_redis_reply *reply, bool with_login)
{
    reply->wanted = with_login ? 2 : 1;
    begin_line(reply, with_login);
}

static bool begin(struct probe_redis_reply *reply, char kind)
{
    reply->has_begun = true;
    reply->is_error = kind == '-';
    return kind == '+' || kind == '-';
}

/* Returns false for what cannot be in a line. */
static bool add(struct probe_redis_reply *reply, char byte)
{
    if (reply->ends || ++reply->line_bytes > PROBE_REDIS_LINE_BYTES)
        return false;
    if (byte == '\r') {
        reply->ends = true;
        return true;
    }
    if ((unsigned char)byte < ' ')
        return false;
    if (reply->kept_bytes + 1 < sizeof(reply->kept)) {
        reply->kept[reply->kept_bytes++] = byte;
        reply->kept[reply->kept_bytes] = '\0';
    }
    return true;
}

bool probe_redis_reply_is(const struct probe_redis_reply *reply, const char *word)
{
    const size_t bytes = strlen(word);

    return reply->kept_bytes >= bytes && memcmp(reply->kept, word, bytes) == 0 &&
           (reply->kept[bytes] == '\0' || reply->kept[bytes] == ' ');
}

static enum probe_redis_progress end_line(struct probe_redis_reply *reply)
{
    reply->wanted--;
    if (reply->wanted == 0 || reply->is_error || !probe_redis_reply_is(reply, "OK"))
        return PROBE_REDIS_DONE;
    begin_line(reply, false);
    return PROBE_REDIS_MORE;
}

enum probe_redis_progress probe_redis_reply_take(struct probe_redis_reply *reply, const char *bytes,
                                                 size_t size)
{
    for (size_t at = 0; at < size; at++) {
        if (!reply->has_begun) {
            if (!begin(reply, bytes[at]))
                return PROBE_REDIS_GARBAGE;
        } else if (reply->ends && bytes[at] == '\n') {
            if (end_line(reply) == PROBE_REDIS_DONE)
                return PROBE_REDIS_DONE;
        } else if (!add(reply, bytes[at])) {
            return PROBE_REDIS_GARBAGE;
        }
    }
    return PROBE_REDIS_MORE;
}
