/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * field - the "name=value name="two words"" pairs of a log line as the journal's fields.
 *
 * Pure. Source: systemd.journal-fields(7) for names; values keep the escapes of log_quote(), so
 * that no value holds a line break.
 */
#ifndef BASE_FIELD_H
#define BASE_FIELD_H

#include <stdbool.h>

#define FIELD_BYTES 512

/*
 * Take the next pair off `*pairs` as "REGHA_NAME=value\n", cut where it is too long. Returns false
 * at the end, or where no pair follows; `text` is then untouched.
 */
bool field_next(const char **pairs, char text[FIELD_BYTES]);

#endif
