/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * credential - hands root's cluster key to reghad, as LoadCredential= does where systemd runs.
 */
#ifndef SUPERVISORD_INIT_CREDENTIAL_H
#define SUPERVISORD_INIT_CREDENTIAL_H

#include "base/err.h"

#define INIT_CREDENTIAL_SOURCE "/etc/regha/cluster.key"
#define INIT_CREDENTIAL_FOLDER "/run/regha/credentials" /* $CREDENTIALS_DIRECTORY of reghad */

/*
 * Copy the key as it is now into INIT_CREDENTIAL_FOLDER/cluster.key, for reghad's user only. No key:
 * the copy goes, too. Returns 0 or a negative errno.
 */
int init_credential_renew(struct err *err);

#endif
