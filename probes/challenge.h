/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * challenge - how a server wants to be convinced: WWW-Authenticate, as far as a registry uses it.
 *
 * Pure. Of several challenges Bearer is taken before Basic, as other clients of registries do; what
 * is malformed or too long is passed over. Source: RFC 9110 section 11.6.1; the distribution
 * specification, "Token Authentication".
 */
#ifndef PROBES_CHALLENGE_H
#define PROBES_CHALLENGE_H

#include <stdbool.h>

#include "probes/params.h"

#define PROBE_CHALLENGE_REALM_BYTES   PROBE_URL_BYTES
#define PROBE_CHALLENGE_SERVICE_BYTES 128

enum probe_scheme {
    PROBE_SCHEME_NONE, /* or none that we know */
    PROBE_SCHEME_BASIC,
    PROBE_SCHEME_BEARER,
};

struct probe_challenge {
    enum probe_scheme scheme;
    char realm[PROBE_CHALLENGE_REALM_BYTES]; /* of Bearer: where tokens are to be had */
    char service[PROBE_CHALLENGE_SERVICE_BYTES];
};

/* `text` is the list of challenges, "" if there was none. */
void probe_challenge_decode(const char *text, struct probe_challenge *ret_challenge);

/*
 * What is wrong with the realm as a place to send a password to, as half a sentence ("is no URL"),
 * or NULL. What was asked with TLS is not asked again without.
 */
const char *probe_challenge_mistake(const struct probe_challenge *challenge, const char *asked_url);

#endif
