/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/service.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "base/cleanup.h"

#define RETRY_NS (100 * NS_PER_MS)

/* $NOTIFY_SOCKET: a path, or "@name" in the abstract namespace. Returns its length, 0 if unusable. */
static socklen_t manager_address(struct sockaddr_un *address)
{
    const char *path = getenv("NOTIFY_SOCKET");
    const size_t length = path != NULL ? strlen(path) : 0;

    if (length < 2 || length >= sizeof(address->sun_path) || (*path != '/' && *path != '@'))
        return 0;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, length);
    if (*path == '@')
        address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

/*
 * sd_notify(3) waits while the manager's queue is full; a manager that stands still would stop the
 * adverts, so the same datagram goes out without waiting. Returns 0, or -EAGAIN: worth a retry.
 */
static int notify(const char *state)
{
    struct sockaddr_un address;
    const socklen_t length = manager_address(&address);

    if (length == 0)
        return 0;
    CLEANUP(cleanup_close)
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && sendto(fd, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL,
                          (const struct sockaddr *)&address, length) >= 0)
        return 0;
    return errno == EAGAIN ? -EAGAIN : 0; /* nobody listens: there is no manager any more */
}

/* The newest change replaces one that never got out. */
static void announce(struct service *service, const char *state)
{
    service->pending[0] = '\0';
    if (notify(state) == 0)
        return;
    snprintf(service->pending, sizeof(service->pending), "%s", state);
    (void)loop_timer_set(service->loop, &service->watchdog, monotime_add(monotime_now(), RETRY_NS));
}

static void feed(struct loop_timer *timer, struct monotime now)
{
    struct service *service = timer->owner;

    if (service->pending[0] != '\0' && notify(service->pending) == 0)
        service->pending[0] = '\0';
    if (service->watchdog_ns > 0)
        (void)notify("WATCHDOG=1");

    int64_t wait_ns = service->watchdog_ns / 3;
    if (service->pending[0] != '\0' && (wait_ns == 0 || wait_ns > RETRY_NS))
        wait_ns = RETRY_NS;
    /* Without memory for a timer the watchdog ends us, which is what it is for. */
    if (wait_ns > 0)
        (void)loop_timer_set(service->loop, timer, monotime_add(now, wait_ns));
}

void service_start(struct service *service, struct loop *loop)
{
    uint64_t watchdog_us = 0;

    *service = (struct service){.loop = loop};
    loop_timer_init(&service->watchdog, "watchdog", feed, service);
    if (sd_watchdog_enabled(0, &watchdog_us) > 0)
        service->watchdog_ns = (int64_t)watchdog_us * NS_PER_US;
    feed(&service->watchdog, monotime_now());
}

void service_ready(struct service *service)
{
    announce(service, "READY=1");
}

void service_status(struct service *service, const char *format, ...)
{
    char status[sizeof(service->status)];
    char state[sizeof("STATUS=") + sizeof(status)];
    va_list args;

    va_start(args, format);
    vsnprintf(status, sizeof(status), format, args);
    va_end(args);
    if (strcmp(status, service->status) == 0)
        return;
    snprintf(state, sizeof(state), "STATUS=%s", status);
    /* One that did not get out counts as never said, so that the next call says it again. */
    if (notify(state) == 0)
        memcpy(service->status, status, sizeof(status));
}

void service_reloading(struct service *service, struct monotime now)
{
    char state[sizeof(service->pending)];

    snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)(now.ns / NS_PER_US));
    announce(service, state);
}

void service_stopping(struct service *service)
{
    announce(service, "STOPPING=1");
}
