/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * registry_yaml - what a registry's own configuration says: where it listens, where it stores.
 *
 * Reads the YAML of docker-registry 2.8 and Distribution 3. Foreign bytes: bounded in size, depth
 * and number of nodes, aliases refused. Never keeps a secret, only whether there is one.
 */
#ifndef SUPERVISORD_REGISTRY_YAML_H
#define SUPERVISORD_REGISTRY_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "registry-launcher/params.h"

#define REGISTRY_YAML_BYTES_MAX ((size_t)1024 * 1024)

struct registry_facts {
    char addr[REGISTRY_LISTEN_BYTES]; /* http.addr as written: ":5000", "127.0.0.1:5000" */
    char host[REGISTRY_LISTEN_BYTES]; /* its host part, "" for all */
    uint16_t port;
    bool tls;
    bool client_certificates;           /* http.tls.clientcas: a probe without one is refused */
    bool has_secret;                    /* http.secret */
    bool readonly;                      /* storage.maintenance.readonly.enabled */
    bool is_proxy;                      /* proxy.remoteurl: a pull-through cache */
    int64_t drain_ns;                   /* http.draintimeout; 0: none */
    char auth[16];                      /* "", "htpasswd", "token", "silly" */
    char storage[16];                   /* "s3", "filesystem", ... */
    char endpoint[REGISTRY_PATH_BYTES]; /* s3.regionendpoint as a URL; "" for AWS itself */
    bool endpoint_verify;               /* not s3.skipverify */
    char bucket[64];
    uint16_t files_bytes;
    char files[REGISTRY_LIST_BYTES]; /* paths it refers to: htpasswd, certificates, token keys */
};

/* `bytes` need not end with NUL. Returns 0, or -EINVAL and a sentence with the line. */
int registry_yaml_read(const char *bytes, size_t length_bytes, struct registry_facts *ret_facts,
                       struct err *err);

#endif
