/* SPDX-License-Identifier: GPL-2.0-or-later */
/* http_listener - the listening TCP socket of the HTTP server. */
#ifndef SUPERVISORD_HTTP_LISTENER_H
#define SUPERVISORD_HTTP_LISTENER_H

#include "base/address.h"
#include "base/err.h"

/* Returns a descriptor that listens, non-blocking, or a negative errno. */
int http_listener_open(const struct address *address, uint16_t port, struct err *err);

#endif
