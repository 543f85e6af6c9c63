/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event_id - the journal's MESSAGE_ID of a kind of event.
 *
 * Pure. Each kind is logged by a sentence of its own, and what varies is in fields: so the sentence
 * names the kind, and its 128-bit FNV-1a hash is the number. etc/journal/regha.catalog explains the
 * ones an operator should act on; a test recomputes them.
 */
#ifndef BASE_EVENT_ID_H
#define BASE_EVENT_ID_H

#define EVENT_ID_BYTES 33 /* 32 hexadecimal digits and NUL */

const char *event_id_format(const char *sentence, char text[EVENT_ID_BYTES]);

#endif
