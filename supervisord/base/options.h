/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options - the command line that the daemons without a configuration of their own share.
 *
 * --help, --version and --log-level; whatever else they need comes as goals.
 */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include "base/log.h"

#define OPTIONS_DONE  1 /* --help or --version: all is said */
#define OPTIONS_USAGE 2 /* the exit status of a wrong command line */

/*
 * Parse for `program`, whose work `purpose` says in a line. Returns 0 to go on, OPTIONS_DONE, or
 * OPTIONS_USAGE once the mistake is on stderr.
 */
int options_parse(int argc, char **argv, const char *program, const char *purpose,
                  enum log_level *ret_level);

#endif
