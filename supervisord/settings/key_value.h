/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * key_value - kinds of values that have a form of their own.
 */
#ifndef SUPERVISORD_KEY_VALUE_H
#define SUPERVISORD_KEY_VALUE_H

#include "supervisord/settings/key.h"

/* An extended regular expression without \1 to \9, for which time has no bound. */
bool key_value_is_pattern(const char *text);

/* "200-299" or "401" within the key's range, as two uint16_t; false, and nothing stored, else. */
bool key_value_store_span(const struct key *key, const char *text, void *field);
void key_value_write_span(const void *field, FILE *out);

#endif
