/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * derive_breaker - which storage peers are watched: those that are written, or the nodes where the
 * registries' store listens.
 */
#ifndef SUPERVISORD_DERIVE_BREAKER_H
#define SUPERVISORD_DERIVE_BREAKER_H

#include "supervisord/settings/derive.h"

/* After the registries: their configuration says which port it is. */
void derive_breaker_complete(struct derive *derive);

#endif
