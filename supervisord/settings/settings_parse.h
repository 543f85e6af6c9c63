/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings_parse - the configuration's text into a struct, by its table of keys.
 *
 * Notes where each value is written, or that it is a default, and every value that its key does
 * not allow. The only user of libconfig.
 */
#ifndef SUPERVISORD_SETTINGS_PARSE_H
#define SUPERVISORD_SETTINGS_PARSE_H

#include "supervisord/settings/key.h"
#include "supervisord/settings/origin.h"
#include "supervisord/settings/settings_text.h"

struct settings_parse {
    struct arena *arena;
    struct mistakes *mistakes;
    struct origins *origins;
};

/*
 * Fill the struct at `base`, which is zero, after `keys`. Returns 0 even with mistakes of meaning,
 * so that those across keys are found in the same run; -EINVAL after a syntax error, -ENOMEM.
 */
int settings_parse_text(const struct settings_parse *parse, const struct settings_text *text,
                        const struct key *keys, void *base);

#endif
