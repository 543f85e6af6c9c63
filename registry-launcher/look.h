/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * look - whether the port of a keeper's registry is taken, and by whom.
 */
#ifndef REGISTRY_LAUNCHER_LOOK_H
#define REGISTRY_LAUNCHER_LOOK_H

#include "registry-launcher/keeper.h"

bool registry_look_is_taken(const struct registry_keeper *keeper);

/* Who holds it is found out behind the scenes; until then what was found last. */
const char *registry_look_words(struct registry_keeper *keeper, const char *user,
                                struct monotime now);

/* What was found out. Returns whether the status says something else now. */
bool registry_look_take(struct registry_keeper *keeper, struct registry_helper_answer *answer,
                        struct monotime now);

#endif
