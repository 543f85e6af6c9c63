/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/curl_loop.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

/* A socket that libcurl wants watched. Its memory is used again, and freed with the loop. */
struct watch {
    struct loop_io io;
    struct watch *next_free;
};

/*
 * libcurl walks through all connections that a multi handle keeps, once per second and again from the
 * start for each that is dead: a thousand of them in one take 100 ms when they end together. So
 * transfers are dealt out to many, each with few.
 */
#define RINGS_BITS 4
#define RINGS      (1 << RINGS_BITS)

/* Kept open between attempts: one to each server. By default libcurl keeps four per running one. */
#define CONNECTIONS_KEPT 2048L

struct ring {
    struct probe_curl_loop *curl;
    CURLM *multi; /* NULL until it is needed */
    int added;
    struct loop_timer timer;
};

struct probe_curl_loop {
    struct loop *loop;
    struct monotime now; /* of the callback that called libcurl */
    struct watch *free_watches;
    struct ring rings[RINGS];
};

static struct watch *take_watch(struct probe_curl_loop *curl)
{
    struct watch *watch = curl->free_watches;

    if (watch == NULL)
        return calloc(1, sizeof(*watch));
    curl->free_watches = watch->next_free;
    return watch;
}

static void drop_watch(struct probe_curl_loop *curl, struct watch *watch)
{
    loop_io_stop(curl->loop, &watch->io);
    watch->next_free = curl->free_watches;
    curl->free_watches = watch;
}

static void report_ended(struct ring *ring)
{
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(ring->multi, &left)) != NULL) {
        struct probe_curl_transfer *transfer = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        /* Its handler may add and remove transfers: `message` is gone then. */
        transfer->ended(transfer, (int)message->data.result, ring->curl->now);
    }
}

static void run(struct ring *ring, curl_socket_t fd, int events, struct monotime now)
{
    struct probe_curl_loop *const curl = ring->curl;
    int running;

    curl->now = now;
    /* Each transfer has a code of its own. */
    (void)curl_multi_socket_action(ring->multi, fd, events, &running);
    /* A quick server is asked and answers within this one call: `now` is too old for its answer. */
    curl->now = monotime_now();
    report_ended(ring);
}

static void handle_socket(struct loop_io *io, unsigned events, struct monotime now)
{
    run(io->owner, io->fd,
        (events & LOOP_READ ? CURL_CSELECT_IN : 0) | (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0),
        now);
}

static void handle_timer(struct loop_timer *timer, struct monotime now)
{
    run(timer->owner, CURL_SOCKET_TIMEOUT, 0, now);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *owner, void *assigned)
{
    struct ring *const ring = owner;
    struct probe_curl_loop *const curl = ring->curl;
    struct watch *watch = assigned;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL)
            drop_watch(curl, watch);
        curl_multi_assign(ring->multi, fd, NULL);
        return 0;
    }
    if (watch == NULL) {
        watch = take_watch(curl);
        if (watch == NULL)
            return -1;
        watch->io = (struct loop_io){
            .name = "probe transfer", .fd = fd, .handle = handle_socket, .owner = ring};
        curl_multi_assign(ring->multi, fd, watch);
    }
    return loop_io_start(curl->loop, &watch->io,
                         (what & CURL_POLL_IN ? (unsigned)LOOP_READ : 0) |
                             (what & CURL_POLL_OUT ? (unsigned)LOOP_WRITE : 0));
}

/* Also a timeout of 0 must not call libcurl from here: it is not re-entrant. */
static int set_timer(CURLM *multi, long timeout_ms, void *owner)
{
    struct ring *const ring = owner;
    struct probe_curl_loop *const curl = ring->curl;

    (void)multi;
    if (timeout_ms >= 0)
        return loop_timer_set(curl->loop, &ring->timer,
                              monotime_add(curl->now, timeout_ms * NS_PER_MS));
    loop_timer_cancel(curl->loop, &ring->timer);
    return 0;
}

static int ignore_sigpipe(void)
{
    struct sigaction action;

    if (sigaction(SIGPIPE, NULL, &action) < 0)
        return -errno;
    if (action.sa_handler != SIG_DFL)
        return 0;
    action = (struct sigaction){.sa_handler = SIG_IGN};
    return sigaction(SIGPIPE, &action, NULL) < 0 ? -errno : 0;
}

/* libcurl keeps copies of passwords and tokens in its memory: all of it is wiped before it is freed. */
static void wipe_and_free(void *memory)
{
    if (memory != NULL)
        explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

static void *wipe_and_realloc(void *memory, size_t bytes)
{
    const size_t old_bytes = memory != NULL ? malloc_usable_size(memory) : 0;
    void *const longer = old_bytes < bytes ? malloc(bytes) : memory;

    if (longer == NULL || longer == memory)
        return longer;
    if (old_bytes > 0)
        memcpy(longer, memory, old_bytes);
    wipe_and_free(memory);
    return longer;
}

int probe_curl_loop_new(struct loop *loop, struct probe_curl_loop **ret_curl, struct err *err)
{
    struct probe_curl_loop *curl;

    if (ignore_sigpipe() < 0)
        return err_set(err, EINVAL, "cannot ignore SIGPIPE");
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe_and_free, wipe_and_realloc, strdup,
                             calloc) != CURLE_OK)
        return err_set(err, ENOMEM, "cannot initialize libcurl");
    curl = calloc(1, sizeof(*curl));
    if (curl == NULL) {
        curl_global_cleanup();
        return err_set(err, ENOMEM, "no memory for the probes' transfers");
    }
    curl->loop = loop;
    for (size_t at = 0; at < RINGS; at++) {
        curl->rings[at].curl = curl;
        loop_timer_init(&curl->rings[at].timer, "probe transfers", handle_timer, &curl->rings[at]);
    }
    *ret_curl = curl;
    return 0;
}

void probe_curl_loop_free(struct probe_curl_loop *curl)
{
    if (curl == NULL)
        return;
    for (size_t at = 0; at < RINGS; at++) {
        curl_multi_cleanup(curl->rings[at].multi); /* NULL is refused, which is fine */
        loop_timer_cancel(curl->loop, &curl->rings[at].timer);
    }
    for (struct watch *watch = curl->free_watches, *next; watch != NULL; watch = next) {
        next = watch->next_free;
        free(watch);
    }
    free(curl);
    curl_global_cleanup();
}

/* Always the same one for the same handle. The multiplier is 2^64 by the golden ratio. */
static struct ring *ring_of(struct probe_curl_loop *curl, const void *easy)
{
    const uint64_t mixed = (uint64_t)(uintptr_t)easy * UINT64_C(0x9e3779b97f4a7c15);

    return &curl->rings[mixed >> (64 - RINGS_BITS)];
}

static int open_ring(struct ring *ring)
{
    ring->multi = curl_multi_init();
    if (ring->multi == NULL)
        return -ENOMEM;
    curl_multi_setopt(ring->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(ring->multi, CURLMOPT_SOCKETDATA, ring);
    curl_multi_setopt(ring->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(ring->multi, CURLMOPT_TIMERDATA, ring);
    curl_multi_setopt(ring->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
    return 0;
}

/*
 * Connect and ask in this callback: libcurl's wish to be called again after 0 ms would cost a pass of
 * the loop. What has ended by that is told in the next pass, not to a caller who is just starting it.
 */
static void kick(struct ring *ring, struct monotime now)
{
    int running = 0;

    (void)curl_multi_socket_action(ring->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    if (running < ring->added)
        (void)loop_timer_set(ring->curl->loop, &ring->timer, now); /* it has had room before */
}

int probe_curl_loop_add(struct probe_curl_loop *curl, void *easy, struct monotime now)
{
    struct ring *const ring = ring_of(curl, easy);

    if (ring->multi == NULL && open_ring(ring) < 0)
        return -ENOMEM;
    curl->now = now;
    if (curl_multi_add_handle(ring->multi, easy) != CURLM_OK)
        return -ENOMEM;
    ring->added++;
    kick(ring, now);
    return 0;
}

void probe_curl_loop_remove(struct probe_curl_loop *curl, void *easy, struct monotime now)
{
    struct ring *const ring = ring_of(curl, easy);

    curl->now = now;
    ring->added -= curl_multi_remove_handle(ring->multi, easy) == CURLM_OK;
}

int probe_curl_loop_socket(void *easy)
{
    curl_socket_t fd = CURL_SOCKET_BAD;

    return curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK ? fd : -1;
}

int probe_curl_loop_send(void *easy, const char *bytes, size_t size)
{
    size_t sent = 0;

    return curl_easy_send(easy, bytes, size, &sent) == CURLE_OK && sent == size ? 0 : -EIO;
}

ssize_t probe_curl_loop_receive(void *easy, char *bytes, size_t size)
{
    size_t received = 0;

    switch ((int)curl_easy_recv(easy, bytes, size, &received)) {
    case CURLE_OK:
        return (ssize_t)received;
    case CURLE_AGAIN:
        return -EAGAIN;
    default:
        return -EIO;
    }
}
