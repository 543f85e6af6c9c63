/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * params - how a supervised registry is run, restarted and stopped.
 */
#ifndef REGISTRY_LAUNCHER_PARAMS_H
#define REGISTRY_LAUNCHER_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#define REGISTRY_NAME_BYTES   32
#define REGISTRY_PATH_BYTES   256
#define REGISTRY_LIST_BYTES   1024 /* texts one after the other, each with its NUL */
#define REGISTRY_DIGEST_BYTES 65   /* 64 hexadecimal digits and NUL */
#define REGISTRY_LISTEN_BYTES 64

/* In a command and its environment: the folder of the bundle, and the configuration there. */
#define REGISTRY_BUNDLE_WORD   "{bundle}"
#define REGISTRY_BUNDLE_FILE   "registry.yml"
#define REGISTRY_BUNDLE_CONFIG REGISTRY_BUNDLE_WORD "/" REGISTRY_BUNDLE_FILE

/* Of hooks and of the commands of probes. */
#define REGISTRY_HOOK_NAME_BYTES   32
#define REGISTRY_HOOK_TEXT_BYTES   512
#define REGISTRY_HOOK_PROGRAMS_MAX 8
#define REGISTRY_HOOK_WORDS_BYTES  192
#define REGISTRY_HOOK_OUTPUT_BYTES 128

enum registry_backend {
    REGISTRY_BACKEND_AUTO, /* systemd where it runs, else exec */
    REGISTRY_BACKEND_EXEC,
    REGISTRY_BACKEND_SYSTEMD,
};

struct registry_restart {
    uint32_t budget;   /* so many starts after a crash ... */
    int64_t window_ns; /* ... within this; then it has failed until told otherwise */
    int64_t first_ns;  /* wait before the second restart; the first one is at once */
    int64_t max_ns;    /* doubled up to this */
};

struct registry_params {
    char name[REGISTRY_NAME_BYTES];
    char config[REGISTRY_PATH_BYTES]; /* its configuration file */
    uint16_t files_bytes;
    char files[REGISTRY_LIST_BYTES]; /* paths of what the configuration refers to */
    uint16_t argv_bytes;
    char argv[REGISTRY_LIST_BYTES]; /* argv[0] is checked against the local policy */
    uint16_t environment_bytes;
    char environment[REGISTRY_LIST_BYTES];      /* NAME=value; with the file all it finds there */
    char environment_file[REGISTRY_PATH_BYTES]; /* lines of NAME=value, for secrets; "": none */
    uint8_t backend;
    int64_t drain_ns; /* from TERM to KILL */
    bool handover;    /* it frees its port when it begins to drain: the next one need not wait */
    struct registry_restart restart;
    char listen[REGISTRY_LISTEN_BYTES]; /* host:port it will bind, to name who holds a taken port */
};

#endif
