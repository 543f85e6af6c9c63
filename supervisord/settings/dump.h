/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dump - the whole effective configuration as a file that reads back to the same settings.
 *
 * Each value with its origin as a comment. No secret is ever printed.
 */
#ifndef SUPERVISORD_DUMP_H
#define SUPERVISORD_DUMP_H

#include <stdio.h>

#include "supervisord/settings/settings.h"

void dump_write(const struct settings *settings, FILE *out);

#endif
