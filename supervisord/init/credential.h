/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * credential - hands root's secrets to reghad, as LoadCredential= does where systemd runs: the
 * cluster key, and what probes show to whom they ask.
 */
#ifndef SUPERVISORD_INIT_CREDENTIAL_H
#define SUPERVISORD_INIT_CREDENTIAL_H

#include "base/err.h"

#define INIT_CREDENTIAL_SOURCE "/etc/regha/cluster.key"
#define INIT_CREDENTIAL_PROBES "/etc/regha/credentials"
#define INIT_CREDENTIAL_FOLDER "/run/regha/credentials" /* $CREDENTIALS_DIRECTORY of reghad */

/*
 * Copy the key as it is now into INIT_CREDENTIAL_FOLDER/cluster.key, and each secret of a probe as
 * probe_NAME, for reghad's user only. What is gone has no copy any more. Returns 0, or a negative
 * errno and one sentence if not all could be copied.
 */
int init_credential_renew(struct err *err);

#endif
