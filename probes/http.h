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

struct probe_http;

/* What is the same in all requests. */
struct probe_http_params {
    bool connect_only;
    bool manifest; /* accept every kind of manifest */
    bool tls_verify;
    const char *ca_file; /* "": the system's */
    /* A request ended by itself; probe_http_reply() has what was answered. */
    void (*ended)(void *owner, enum probe_transfer transfer, struct monotime now);
    void *owner;
};

int probe_http_new(struct probe_curl_loop *curl, const struct probe_http_params *params,
                   struct probe_http **ret_http, struct err *err);
void probe_http_free(struct probe_http *http, struct monotime now); /* NULL is fine */

/* Start a request; none is on its way. Returns 0 or a negative errno. */
int probe_http_start(struct probe_http *http, const char *url, struct monotime now);

/* Stop it if it has not ended. How far it came: ask first. */
void probe_http_stop(struct probe_http *http, struct monotime now);

enum probe_stage probe_http_stage(const struct probe_http *http);
const struct probe_reply *probe_http_reply(const struct probe_http *http);

/* The library's words on a request that failed; "" none. */
const char *probe_http_detail(const struct probe_http *http);

#endif
