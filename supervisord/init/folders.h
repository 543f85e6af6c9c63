/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * folders - what etc/tmpfiles.d makes where systemd runs: runtime folders and their owners.
 */
#ifndef SUPERVISORD_INIT_FOLDERS_H
#define SUPERVISORD_INIT_FOLDERS_H

#include "base/err.h"

/* Make or correct them; what is in them stays. Returns 0 or a negative errno. */
int init_folders_make(struct err *err);

#endif
