/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * derive_probes - the probes of a registry and of the storage behind it, where none are written.
 *
 * Who requires them follows ha-model: a virtual router requires the read of the registry that
 * follows it, and MinIO here if it holds the address under which registries find MinIO.
 */
#ifndef SUPERVISORD_DERIVE_PROBES_H
#define SUPERVISORD_DERIVE_PROBES_H

#include "supervisord/settings/derive.h"
#include "supervisord/settings/registry_yaml.h"

void derive_probes_add(struct derive *derive, struct settings_registry *registry,
                       const struct registry_facts *facts);

/* Whether this registry could bring a probe of that name once its configuration is known. */
bool derive_probes_may_add(const struct settings_registry *registry, const char *name);

/* The probe of policy.gateway, if there is one: a node that is alone asks whether it is cut off. */
void derive_probes_gateway(struct derive *derive);

#endif
