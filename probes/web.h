/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * web - what a verdict on an HTTP server is made from besides the answer itself: what this attempt
 * asked with, what its first step showed, and what was found in the body.
 */
#ifndef PROBES_WEB_H
#define PROBES_WEB_H

#include "probes/challenge.h"
#include "probes/json.h"
#include "probes/reply.h"

/* The credentials that the parameters name. */
enum probe_web_access {
    PROBE_WEB_ANONYMOUS, /* they name none */
    PROBE_WEB_UNREADABLE,
    PROBE_WEB_HELD,
};

enum probe_web_token {
    PROBE_WEB_TOKEN_NONE,
    PROBE_WEB_TOKEN_OLD, /* still good, but it is time for another one */
    PROBE_WEB_TOKEN_GOOD,
};

enum probe_web_body {
    PROBE_WEB_BODY_FITS, /* or nothing is wanted of it */
    PROBE_WEB_BODY_LONG, /* longer than what is looked at */
    PROBE_WEB_BODY_DIFFERS,
    PROBE_WEB_BODY_NO_JSON,
    PROBE_WEB_BODY_NO_MEMBER,
    PROBE_WEB_BODY_OTHER_VALUE,
    PROBE_WEB_BODY_UNSURE, /* it could not be looked at: no memory */
};

struct probe_web {
    enum probe_web_access access;
    struct probe_challenge challenge; /* of this attempt's first step */
    enum probe_web_token token;
    bool token_asked;  /* in this attempt */
    bool token_broken; /* the token server's answer had none */
    /* The first step of an s3 probe. */
    int read_status;
    int64_t read_ns;
    char read_code[PROBE_REPLY_WORD_BYTES];
    /* What was found in the body of this step. */
    enum probe_web_body body;
    char found[PROBE_JSON_TEXT_BYTES];
};

#endif
