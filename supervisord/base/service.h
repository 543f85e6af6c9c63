/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * service - what every daemon does towards whoever started it: READY, STATUS, watchdog.
 *
 * The protocol of sd_notify(3) where NOTIFY_SOCKET is set, else nothing; it never waits for the
 * manager. The watchdog is fed from the loop, so a loop that stands still is restarted by systemd.
 */
#ifndef BASE_SERVICE_H
#define BASE_SERVICE_H

#include "base/loop.h"

struct service {
    struct loop *loop;
    struct loop_timer watchdog;
    int64_t watchdog_ns; /* 0: none asked for */
    char status[160];
    char pending[96]; /* a change of our life that the manager's full queue did not take yet */
};

void service_start(struct service *service, struct loop *loop);
void service_ready(struct service *service);
/* One line for systemctl status; sent only when it changed. */
__attribute__((format(printf, 2, 3))) void service_status(struct service *service,
                                                          const char *format, ...);
void service_reloading(struct service *service, struct monotime now);
void service_stopping(struct service *service);

#endif
