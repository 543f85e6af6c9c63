/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * key - makes and checks the cluster key, a file of 64 hexadecimal digits.
 *
 * Never prints the key; its fingerprint, which gives nothing away, is there to be compared.
 */
#ifndef SUPERVISORD_CTL_KEY_H
#define SUPERVISORD_CTL_KEY_H

#include <stdio.h>

#include "base/err.h"

/*
 * A fresh key into a file that must not exist yet; 0600, of user regha if we are root. Says so, and
 * the fingerprint, on `out`. Returns 0 or a negative errno.
 */
int ctl_key_create(const char *path, FILE *out, struct err *err);

/* Is the file a key that only its owner can read? Says the fingerprint. */
int ctl_key_check(const char *path, FILE *out, struct err *err);

#endif
