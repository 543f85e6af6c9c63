/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http - one request at a time to one server, over and over: HTTP, HTTPS, or only a connection.
 *
 * It never blocks and never follows a redirect, uses no proxy, reads headers and bodies only up to
 * a limit, and has no deadline: whoever started a request stops it. Connections are used again for
 * 6 to 10 s, then made anew, so that a server that takes no new ones is noticed.
 *
 * Names are resolved in a thread of libcurl, which cannot be stopped. A request stopped meanwhile
 * leaves it to its end, and the next one waits for that end instead of starting another thread.
 */
#ifndef PROBES_HTTP_H
#define PROBES_HTTP_H

#include "probes/curl_loop.h"
#include "probes/verdict.h"

#define PROBE_HTTP_WHOLE_BYTES 16384

struct probe_http;

/* What is the same in all requests; the texts are kept by whoever owns them. */
struct probe_http_params {
    bool connect_only;
    bool manifest;   /* accept every kind of manifest */
    bool whole_body; /* keep up to PROBE_HTTP_WHOLE_BYTES of a body */
    bool tls_verify;
    const char *ca_file;       /* "": the system's */
    const char *cert_file;     /* what we show, "": nothing */
    const char *key_file;      /* "": it is in cert_file */
    const char *connect_to;    /* "NAME:PORT:HOST:PORT": who asks for the first goes to the other */
    const char *host;          /* "": the url's */
    const char *wanted_header; /* "": none; see probe_reply */
    /* A request ended by itself; probe_http_reply() has what was answered. */
    void (*ended)(void *owner, enum probe_transfer transfer, struct monotime now);
    void *owner;
};

/* How a request shows who asks. */
enum probe_http_proof {
    PROBE_HTTP_ANONYMOUS,
    PROBE_HTTP_BASIC,
    PROBE_HTTP_BEARER,
    PROBE_HTTP_SIGNED, /* Signature Version 4 of S3 */
};

/* A request; what it points to stays as it is until the request has ended or been stopped. */
struct probe_http_call {
    const char *url;
    enum probe_http_method {
        PROBE_HTTP_GET,
        PROBE_HTTP_HEAD,
        PROBE_HTTP_PUT, /* of a few fixed bytes */
    } method;
    enum probe_http_proof proof;
    const char *user, *password; /* of BASIC and SIGNED */
    const char *token;           /* of BEARER */
    const char *region;          /* of SIGNED */
};

int probe_http_new(struct probe_curl_loop *curl, const struct probe_http_params *params,
                   struct probe_http **ret_http, struct err *err);
void probe_http_free(struct probe_http *http, struct monotime now); /* NULL is fine */

/* Start a request; none is on its way. Returns 0 or a negative errno. */
int probe_http_start(struct probe_http *http, const struct probe_http_call *call,
                     struct monotime now);

/* Stop it if it has not ended. How far it came: ask first. */
void probe_http_stop(struct probe_http *http, struct monotime now);

enum probe_stage probe_http_stage(const struct probe_http *http);
const struct probe_reply *probe_http_reply(const struct probe_http *http);

/* Forget a body that has a secret in it. */
void probe_http_wipe_body(struct probe_http *http);

/* Once a connect_only request ended well, and until it is stopped: for probe_curl_loop_send(). */
void *probe_http_connection(struct probe_http *http);

/* The library's words on a request that failed; "" none. */
const char *probe_http_detail(const struct probe_http *http);

#endif
