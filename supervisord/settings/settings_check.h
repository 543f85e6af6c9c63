/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings_check - what no key can judge alone: names that must differ or be known, inequalities.
 *
 * Pure. Says what is wrong and where; supervisord/settings/settings_judge.c has the sentences. What a key
 * has refused is zero or empty here and is passed over. Source: RFC 9568 sections 5.2 and 6.1.
 */
#ifndef SUPERVISORD_SETTINGS_CHECK_H
#define SUPERVISORD_SETTINGS_CHECK_H

#include "supervisord/settings/settings.h"

enum settings_fault {
    SETTINGS_FAULT_TWICE,        /* the same as `other` */
    SETTINGS_FAULT_NODE_ADDRESS, /* a virtual or foreign address that is the node's at `other` */
    SETTINGS_FAULT_IPV6,
    SETTINGS_FAULT_NO_HOST_ADDRESS,
    SETTINGS_FAULT_NO_PEERS,
    SETTINGS_FAULT_ONLY_WITNESSES,
    SETTINGS_FAULT_PRIORITY_TWICE,
    SETTINGS_FAULT_INTERVAL_STEP,
    SETTINGS_FAULT_GUARD, /* too short for the advert interval at `other` */
    SETTINGS_FAULT_UNKNOWN_PROBE,
    SETTINGS_FAULT_SHARED_REQUIRED,
    SETTINGS_FAULT_UNKNOWN_ROUTER,
    SETTINGS_FAULT_WHICH_ROUTER,
    SETTINGS_FAULT_ITSELF,
    SETTINGS_FAULT_URL_SCHEME_MISSING,
    SETTINGS_FAULT_URL_HOST,
    SETTINGS_FAULT_URL_BYTES,
    SETTINGS_FAULT_URL_PORT,
    SETTINGS_FAULT_URL_USER,
    SETTINGS_FAULT_URL_QUERY,
    SETTINGS_FAULT_URL_PATH,
    SETTINGS_FAULT_URL_NOT_HTTP,
    SETTINGS_FAULT_URL_NOT_TCP,
    SETTINGS_FAULT_URL_NOT_EXEC,
    SETTINGS_FAULT_ONLY_EXEC,
    SETTINGS_FAULT_URL_NOT_FILE,
    SETTINGS_FAULT_URL_NOT_PING,
    SETTINGS_FAULT_URL_NOT_REDIS,
    SETTINGS_FAULT_ONLY_FILE,
    SETTINGS_FAULT_ONLY_MINIO,
    SETTINGS_FAULT_ONLY_REGISTRY,
    SETTINGS_FAULT_ONLY_HTTP,
    SETTINGS_FAULT_ONLY_HTTP_S3,
    SETTINGS_FAULT_ONLY_S3,
    SETTINGS_FAULT_ONLY_HARBOR,
    SETTINGS_FAULT_NO_CREDENTIALS,
    SETTINGS_FAULT_NO_TLS,
    SETTINGS_FAULT_NOT_HTTPS,
    SETTINGS_FAULT_KEY_ALONE,
    SETTINGS_FAULT_S3_INCOMPLETE,
    SETTINGS_FAULT_OBJECT_FORM,
    SETTINGS_FAULT_HEADER_FORM,
    SETTINGS_FAULT_POINTER_FORM,
    SETTINGS_FAULT_VALUE_ALONE,
    SETTINGS_FAULT_HEAD_BODY,
    SETTINGS_FAULT_DEBUG_URL,
    SETTINGS_FAULT_READ_FORM,
    SETTINGS_FAULT_TIMEOUT, /* above the interval at `other` */
    SETTINGS_FAULT_RESTART_MAX,
    SETTINGS_FAULT_COMMAND_PATH,
    SETTINGS_FAULT_BUNDLE,
    SETTINGS_FAULT_ROOT,
    SETTINGS_FAULT_HOOK_ROOT,
    SETTINGS_FAULT_ENVIRONMENT,
    SETTINGS_FAULT_ENVIRONMENT_SECRET,
    SETTINGS_FAULT_ENVIRONMENT_RESERVED,
    SETTINGS_FAULT_ENVIRONMENT_TWICE,
    SETTINGS_FAULT_PORT_TWICE,
    SETTINGS_FAULT_MAX_OPEN,    /* above 1, and drives are not known */
    SETTINGS_FAULT_DRIVES,      /* more on one node than in a set at `other` */
    SETTINGS_FAULT_DRIVES_HALF, /* the other one is not known */
    SETTINGS_FAULT_ANSWER,      /* less than twice the connection's at `other` */
    SETTINGS_FAULTS,
};

struct settings_finding {
    enum settings_fault fault;
    const void *field; /* of the settings: what is wrong */
    const void *other; /* what it is compared with; NULL: nothing */
};

/*
 * Judge completed settings. Fills up to `room` findings and returns how many there are, which may
 * be more.
 */
size_t settings_check_all(const struct settings *settings, struct settings_finding *findings,
                          size_t room);

#endif
