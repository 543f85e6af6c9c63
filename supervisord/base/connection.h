/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * connection - one SOCK_SEQPACKET socket of a channel, with a queue for what the kernel won't take.
 *
 * Sending never blocks and never calls back: a peer that is gone or reads too slowly is reported
 * through `broken` from the loop, later. Used by channel only.
 */
#ifndef BASE_CONNECTION_H
#define BASE_CONNECTION_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/loop.h"

/* What may wait for a slow reader: a snapshot of 255 virtual routers several times over. */
#define CONNECTION_QUEUE_BYTES (4 * 1024 * 1024)

struct parcel;

struct connection {
    struct loop *loop;
    struct loop_io io; /* fd is -1 while closed */
    struct loop_timer break_timer;
    struct parcel *first;
    struct parcel **last;
    size_t queued_bytes;
    bool is_broken;
    bool *closed_in_callback;
    void *owner;
    /* `fd` came along, or is -1; whoever does not take it gets it closed. */
    void (*received)(void *owner, const uint8_t *bytes, size_t length_bytes, int *fd,
                     struct monotime now);
    void (*broken)(void *owner, struct monotime now); /* close it there */
};

/* Returns 0, or -ENAMETOOLONG. */
int connection_address(struct sockaddr_un *ret_address, const char *path);

/* A socket for it, or -1 and errno. */
int connection_socket(void);

/* Who is at the other end. Returns 0 or a negative errno. */
int connection_peer_user(int fd, uid_t *ret_user);

/* Takes `fd`, also on failure. Owner and callbacks are set by the caller before. */
int connection_open(struct connection *connection, struct loop *loop, int fd);

/* Forget the queue and close. Does nothing if closed. May be called from its own callbacks. */
void connection_close(struct connection *connection);

/* `fd` (or -1) stays the caller's. Returns 0 or a negative errno; then `broken` follows. */
int connection_send(struct connection *connection, const uint8_t *bytes, size_t length_bytes,
                    int fd);

/* Report it broken from the loop. */
void connection_break(struct connection *connection);

#endif
