/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host - the settings_host of this machine: its addresses, users, programs and files.
 *
 * A snapshot of the addresses is taken when it is made; make a new one for each reading. Reads
 * what its user may read, and no more: the registry's own configuration comes from the launcher
 * where its facts are given from outside.
 */
#ifndef SUPERVISORD_HOST_H
#define SUPERVISORD_HOST_H

#include "supervisord/settings/registry_yaml.h"
#include "supervisord/settings/settings.h"

#define HOST_KEY_BYTES 32

struct host;

int host_new(struct host **ret_host, struct err *err);
void host_free(struct host *host); /* NULL is fine */

/*
 * Answers from this host, facts included: the registry's file is read here and now. Whoever has
 * them from elsewhere puts another find_facts and facts_error, whose owner is still the host; what
 * belongs to it is at host_owner().
 */
struct settings_host host_settings(struct host *host);

/* A find_facts that knows nothing: for what does not depend on the registries' configurations. */
int host_no_facts(void *owner, const char *path, const struct registry_facts **ret_facts);

/* Something of the caller's, for a find_facts of its own. */
void host_set_owner(struct host *host, void *owner);
void *host_owner(const struct host *host);

/*
 * The key in the file at `path`: 64 hexadecimal digits, which nobody but the owner may read. If
 * systemd has handed over a credential of the file's name, that one counts. -ENOENT, -EACCES,
 * -EPERM: wrong mode, -EINVAL: wrong content.
 */
int host_read_key(const char *path, uint8_t key[HOST_KEY_BYTES]);

#endif
