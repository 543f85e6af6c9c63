/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * credential - a user and a password, or an access key and its secret, from a secret file.
 *
 * The file is one line, "user:password", and nobody's but its owner's and group's. Its folder is the
 * one that the service manager hands over, $CREDENTIALS_DIRECTORY, where it is NAME or, loaded with
 * all the others, probe_NAME; else /etc/regha/credentials. Never logged or shown; whoever holds one
 * wipes it.
 */
#ifndef PROBES_CREDENTIAL_H
#define PROBES_CREDENTIAL_H

#include "base/err.h"

#define PROBE_CREDENTIAL_FOLDER "/etc/regha/credentials"
#define PROBE_CREDENTIAL_BYTES  256

struct probe_credential {
    char user[PROBE_CREDENTIAL_BYTES];
    char password[PROBE_CREDENTIAL_BYTES];
};

/* Returns 0 or a negative errno: -EPERM if others may read it, -EINVAL if it is not of that form. */
int probe_credential_read(const char *name, struct probe_credential *ret_credential,
                          struct err *err);

void probe_credential_wipe(struct probe_credential *credential);

#endif
