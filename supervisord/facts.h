/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * facts - what the registries' own configurations say, as the launcher captured them.
 *
 * reghad may not read those files: they hold the store's keys. A child of the launcher reads
 * them as the registry's user and hands over a bundle in a sealed memory file; here its
 * configuration is parsed and the facts are kept.
 */
#ifndef SUPERVISORD_FACTS_H
#define SUPERVISORD_FACTS_H

#include "supervisord/settings/registry_yaml.h"
#include "supervisord/settings/settings.h"

#define FACTS_MAX 16

struct facts_entry {
    char path[REGISTRY_PATH_BYTES]; /* "": free */
    bool known;
    struct registry_facts facts;
    bool has_running;
    struct registry_facts running; /* of the bundle in force, which these files may not be */
    struct registry_facts both;    /* as the settings are completed with */
    char error[192]; /* why the newest capture could not be understood; "": it could */
};

struct facts {
    struct facts_entry entries[FACTS_MAX];
};

/* settings_read() of this host, with the facts from here; all zero knows none. */
int facts_read_settings(struct facts *facts, const char *path, FILE *mistakes, FILE *warnings,
                        struct settings **ret_settings);

/*
 * Take in the captured bundle of the configuration `path`, `length_bytes` in the memory file `fd` (stays the
 * caller's). Returns 1 if the facts changed, 0 if not, or a negative errno with facts as before.
 */
int facts_take(struct facts *facts, const char *path, int fd, size_t length_bytes, struct err *err);

/*
 * The bundle in force says `path`: where it listens and stores counts, and not what the files say.
 * Of those stays what is needed to capture them. `bytes` NULL: the files are in force. Returns
 * whether the facts changed.
 */
bool facts_run(struct facts *facts, const char *path, const uint8_t *bytes, size_t length_bytes);

/* Forget what was captured from elsewhere than where the registries of `settings` are. */
void facts_keep(struct facts *facts, const struct settings *settings);

/* NULL if nothing was captured from there yet. */
const struct facts_entry *facts_find(const struct facts *facts, const char *path);

#endif
