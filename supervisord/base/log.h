/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log - one event, one line: a sentence, then fields.
 *
 * To the journal with its fields where stderr is a journal stream, else as plain lines on stderr.
 * It never blocks: what does not fit is dropped and counted. Files that only decide never log, nor
 * does the rest of base.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/monotime.h"

enum log_level {
    LOG_LEVEL_ERR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7,
};

/*
 * `program` is named in each line; it lives as long as the process. Call it first of all, still as
 * root. Ignores SIGPIPE; loop_signals_reset() gives it back to children.
 */
void log_open(const char *program, enum log_level most);
void log_set_level(enum log_level most);

/* In the journal each line then has REGHA_NODE; "": none. Cut to LOG_NODE_BYTES. */
#define LOG_NODE_BYTES 32
void log_set_node(const char *name);

/* "err", "warning", "info" or "debug". Returns 0, or -EINVAL. */
int log_level_parse(const char *text, enum log_level *ret_level);

/*
 * `fields` is a format for "name=value name=\"two words\"" pairs, or "". In the journal each
 * becomes REGHA_NAME, and `sentence`, the name of this kind of event, its MESSAGE_ID: so nothing
 * that varies belongs into it. Use log_quote() for text of peers.
 */
__attribute__((format(printf, 3, 4))) void log_write(enum log_level level, const char *sentence,
                                                     const char *fields, ...);

#define log_err(sentence, ...)     log_write(LOG_LEVEL_ERR, sentence, __VA_ARGS__)
#define log_warning(sentence, ...) log_write(LOG_LEVEL_WARNING, sentence, __VA_ARGS__)
#define log_info(sentence, ...)    log_write(LOG_LEVEL_INFO, sentence, __VA_ARGS__)
#define log_debug(sentence, ...)   log_write(LOG_LEVEL_DEBUG, sentence, __VA_ARGS__)

/* `text` with control bytes, quotes and non-ASCII escaped, cut to the buffer. Returns `quoted`. */
const char *log_quote(const char *text, char *quoted, size_t size_bytes);

/* Lines that were dropped because stderr was full. */
uint64_t log_dropped(void);

/* At most one line per `every_ns` and limit. */
struct log_limit {
    struct monotime next;
    uint64_t suppressed;
};

/* Whether to log now; `ret_suppressed` then says how many were left out since the last line. */
bool log_limit_pass(struct log_limit *limit, int64_t every_ns, struct monotime now,
                    uint64_t *ret_suppressed);

#endif
