/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * derive_registry - what follows from a registry's own configuration: its port, files, secret.
 *
 * Its probes are made by supervisord/settings/derive_probes.c.
 */
#ifndef SUPERVISORD_DERIVE_REGISTRY_H
#define SUPERVISORD_DERIVE_REGISTRY_H

#include "supervisord/settings/derive.h"

/* Complete the registry at this place of the list, and add its probes. */
void derive_registry_complete(struct derive *derive, size_t at);

/*
 * After all probes are there: names that only a registry not yet known could bring are left out,
 * and will be back with its facts.
 */
void derive_registry_link(struct derive *derive);

#endif
