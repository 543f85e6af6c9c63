/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http_server - /metrics, the status page and the endpoints for load balancers.
 *
 * The only user of libmicrohttpd, which runs on our loop: its epoll descriptor is watched, its
 * timeout is a deadline; there are no threads. Listens on the node's address and on loopback.
 * Connections, bytes and time of a request are bounded, so nobody can hold anything up.
 */
#ifndef SUPERVISORD_HTTP_SERVER_H
#define SUPERVISORD_HTTP_SERVER_H

#include "base/loop.h"
#include "supervisord/world.h"

#define HTTP_SERVER_CONNECTIONS   64              /* on each address */
#define HTTP_SERVER_OF_ONE_CLIENT 16              /* so one host cannot take all of them */
#define HTTP_SERVER_REQUEST_BYTES 16384           /* line and headers, and what the library needs */
#define HTTP_SERVER_CONNECTION_NS (10 * NS_PER_S) /* for each request, from the first byte on */

struct http_server;

/*
 * Listen on `settings->metrics.port`; 0: nowhere, and that is fine. `world` outlives the server.
 * An address that is not there yet is bound all the same. Returns 0 or a negative errno.
 */
int http_server_open(struct loop *loop, const struct world *world, const struct settings *settings,
                     struct http_server **ret_server, struct err *err);
void http_server_close(struct http_server *server); /* NULL is fine */

/*
 * After a reload: listen where `settings` says. What stays the same keeps its connections; on
 * failure everything does.
 */
int http_server_apply(struct http_server *server, const struct settings *settings, struct err *err);

/* For tests: another limit than HTTP_SERVER_CONNECTION_NS. */
void http_server_set_limit(struct http_server *server, int64_t request_ns);

#endif
