/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * configtest - reghad -t: judge a configuration on this host, change nothing.
 */
#ifndef SUPERVISORD_CONFIGTEST_H
#define SUPERVISORD_CONFIGTEST_H

#include <stdbool.h>
#include <stdio.h>

#define CONFIGTEST_VALID 0
#define CONFIGTEST_INVALID                                                                         \
    78 /* EX_CONFIG of sysexits.h; systemd does not start us again after it */

/*
 * Read the file at `path`. Mistakes and warnings go to `err`; what is valid is said to `out` with
 * the ports to open, or with `dump` to `err`, and `out` is the effective configuration alone.
 * Returns the exit status.
 */
int configtest_run(const char *path, bool dump, FILE *out, FILE *err);

#endif
