/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/look.h"

#include <string.h>

#include "base/log.h"

/* It reads all of /proc; who holds a port rarely changes between two attempts. */
#define LOOK_EVERY_NS (10 * NS_PER_S)

bool registry_look_is_taken(const struct registry_keeper *keeper)
{
    return keeper->has_listen && registry_port_is_taken(&keeper->listen);
}

const char *registry_look_words(struct registry_keeper *keeper, const char *user,
                                struct monotime now)
{
    struct err err;

    if (keeper->port_words[0] == '\0')
        registry_port_words(NULL, &keeper->listen, keeper->port_words);
    if (monotime_reached(keeper->look_again, now) && !registry_helper_is_busy(&keeper->look)) {
        (void)registry_port_look(&keeper->look, user, &keeper->listen, now, &err);
        keeper->look_again = monotime_add(now, LOOK_EVERY_NS);
    }
    return keeper->port_words;
}

bool registry_look_take(struct registry_keeper *keeper, struct registry_helper_answer *answer,
                        struct monotime now)
{
    registry_port_words(answer, &keeper->listen, keeper->port_words);
    if (answer->failure != NULL)
        keeper->look_again = now; /* with the next attempt */
    if (keeper->status.cause != REGISTRY_CAUSE_PORT_TAKEN ||
        strcmp(keeper->status.detail, keeper->port_words) == 0)
        return false;
    memcpy(keeper->status.detail, keeper->port_words, sizeof(keeper->status.detail));
    log_warning("the port of the registry is taken", "registry=%s reason=\"%s\"",
                keeper->goal.params.name, keeper->status.detail);
    return true;
}
