/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * curl_loop - libcurl's transfers on our event loop: its sockets are ours to watch, its timer is a
 * deadline like any other.
 *
 * It never waits, and knows nothing of probes. Source: libcurl-multi(3), the multi_socket API.
 */
#ifndef PROBES_CURL_LOOP_H
#define PROBES_CURL_LOOP_H

#include <sys/types.h>

#include "base/err.h"
#include "base/loop.h"

struct probe_curl_loop;

/* What an easy handle's CURLOPT_PRIVATE points to. */
struct probe_curl_transfer {
    /* The transfer has ended with this CURLcode. Called outside of libcurl, which may be called. */
    void (*ended)(struct probe_curl_transfer *transfer, int code, struct monotime now);
};

/* Also sees to it that SIGPIPE is ignored: OpenSSL writes to sockets that are closed. */
int probe_curl_loop_new(struct loop *loop, struct probe_curl_loop **ret_curl, struct err *err);
void probe_curl_loop_free(struct probe_curl_loop *curl); /* NULL is fine; without transfers */

/* Start the transfer of an easy handle; it ends later. Returns 0 or a negative errno. */
int probe_curl_loop_add(struct probe_curl_loop *curl, void *easy, struct monotime now);

/* A connection that was only made, CURLOPT_CONNECT_ONLY, while its handle is added: to talk over. */
int probe_curl_loop_socket(void *easy); /* to watch; -1: none */
/* All of it, which is little and the first. Returns 0 or -EIO. */
int probe_curl_loop_send(void *easy, const char *bytes, size_t size);
/* Returns how many bytes came, 0 at the end, -EAGAIN or -EIO. */
ssize_t probe_curl_loop_receive(void *easy, char *bytes, size_t size);

/* Stop it, or give back one that has ended. */
void probe_curl_loop_remove(struct probe_curl_loop *curl, void *easy, struct monotime now);

#endif
