/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json - what a probe looks for in JSON that a stranger sent.
 *
 * By json-c, with a bound on depth; the caller bounds the length. Nothing of the input is kept.
 */
#ifndef PROBES_JSON_H
#define PROBES_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "probes/params.h"

#define PROBE_JSON_TOKEN_BYTES 8192
#define PROBE_JSON_TEXT_BYTES  96
#define PROBE_JSON_INPUT_BYTES 65536 /* more is not looked at */

/* What a JSON pointer (RFC 6901) found. */
enum probe_json {
    PROBE_JSON_FITS,
    PROBE_JSON_BROKEN,  /* it is no JSON, or too deep */
    PROBE_JSON_MISSING, /* there is nothing at that place */
    PROBE_JSON_DIFFERS,
};

/*
 * Is there anything at `pointer`, and is it `value` (a text as it is, else as JSON writes it; "":
 * anything)? `ret_found` gets what is there, cut, without control characters, "" if nothing.
 */
enum probe_json probe_json_find(const char *body, size_t bytes, const struct probe_wanted *wanted,
                                char ret_found[PROBE_JSON_TEXT_BYTES]);

/*
 * The health of Harbor: FITS if each wanted component (of a harbor probe's parameters) is healthy.
 * DIFFERS: `ret_sick` names those that are not, and what the first one says; MISSING: it names one
 * that there is not, or is "" where there is no list of components.
 */
enum probe_json probe_json_harbor(const char *body, size_t bytes, const struct probe_params *params,
                                  char ret_sick[PROBE_JSON_TEXT_BYTES]);

/*
 * The token in a token server's answer, and for how many seconds it is good (60 if it does not
 * say). Returns false if there is none, it is too long or could break a header line.
 */
bool probe_json_token(const char *body, size_t bytes, char ret_token[PROBE_JSON_TOKEN_BYTES],
                      int *ret_life_s);

#endif
