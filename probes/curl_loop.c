/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/curl_loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include <curl/curl.h>

/* A socket that libcurl wants watched. Its memory is used again, and freed with the loop. */
struct watch {
    struct loop_io io;
    struct watch *next_free;
};

struct probe_curl_loop {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer timer;
    struct monotime now; /* of the callback that called libcurl */
    struct watch *free_watches;
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

static void report_ended(struct probe_curl_loop *curl)
{
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(curl->multi, &left)) != NULL) {
        struct probe_curl_transfer *transfer = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        /* Its handler may add and remove transfers: `message` is gone then. */
        transfer->ended(transfer, (int)message->data.result, curl->now);
    }
}

static void run(struct probe_curl_loop *curl, curl_socket_t fd, int events, struct monotime now)
{
    int running;

    curl->now = now;
    /* Each transfer has a code of its own. */
    (void)curl_multi_socket_action(curl->multi, fd, events, &running);
    /* A quick server is asked and answers within this one call: `now` is too old for its answer. */
    curl->now = monotime_now();
    report_ended(curl);
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
    struct probe_curl_loop *const curl = owner;
    struct watch *watch = assigned;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL)
            drop_watch(curl, watch);
        curl_multi_assign(curl->multi, fd, NULL);
        return 0;
    }
    if (watch == NULL) {
        watch = take_watch(curl);
        if (watch == NULL)
            return -1;
        watch->io = (struct loop_io){
            .name = "probe transfer", .fd = fd, .handle = handle_socket, .owner = curl};
        curl_multi_assign(curl->multi, fd, watch);
    }
    return loop_io_start(curl->loop, &watch->io,
                         (what & CURL_POLL_IN ? (unsigned)LOOP_READ : 0) |
                             (what & CURL_POLL_OUT ? (unsigned)LOOP_WRITE : 0));
}

/* Also a timeout of 0 must not call libcurl from here: it is not re-entrant. */
static int set_timer(CURLM *multi, long timeout_ms, void *owner)
{
    struct probe_curl_loop *const curl = owner;

    (void)multi;
    if (timeout_ms >= 0)
        return loop_timer_set(curl->loop, &curl->timer,
                              monotime_add(curl->now, timeout_ms * NS_PER_MS));
    loop_timer_cancel(curl->loop, &curl->timer);
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

int probe_curl_loop_new(struct loop *loop, struct probe_curl_loop **ret_curl, struct err *err)
{
    struct probe_curl_loop *curl;

    if (ignore_sigpipe() < 0)
        return err_set(err, EINVAL, "cannot ignore SIGPIPE");
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, ENOMEM, "cannot initialize libcurl");
    curl = calloc(1, sizeof(*curl));
    if (curl != NULL)
        curl->multi = curl_multi_init();
    if (curl == NULL || curl->multi == NULL) {
        free(curl);
        curl_global_cleanup();
        return err_set(err, ENOMEM, "no memory for the probes' transfers");
    }
    curl->loop = loop;
    loop_timer_init(&curl->timer, "probe transfers", handle_timer, curl);
    curl_multi_setopt(curl->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(curl->multi, CURLMOPT_SOCKETDATA, curl);
    curl_multi_setopt(curl->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(curl->multi, CURLMOPT_TIMERDATA, curl);
    *ret_curl = curl;
    return 0;
}

void probe_curl_loop_free(struct probe_curl_loop *curl)
{
    if (curl == NULL)
        return;
    curl_multi_cleanup(curl->multi);
    loop_timer_cancel(curl->loop, &curl->timer);
    for (struct watch *watch = curl->free_watches, *next; watch != NULL; watch = next) {
        next = watch->next_free;
        free(watch);
    }
    free(curl);
    curl_global_cleanup();
}

int probe_curl_loop_add(struct probe_curl_loop *curl, void *easy, struct monotime now)
{
    curl->now = now;
    return curl_multi_add_handle(curl->multi, easy) == CURLM_OK ? 0 : -ENOMEM;
}

void probe_curl_loop_remove(struct probe_curl_loop *curl, void *easy, struct monotime now)
{
    curl->now = now;
    (void)curl_multi_remove_handle(curl->multi, easy); /* fails only for what was not added */
}
