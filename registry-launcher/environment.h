/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * environment - what a registry finds in its environment: its goal's texts, a file's, a start's.
 *
 * Pure. A name never steers the dynamic loader, so that who may write a goal may not put code of his
 * own into the program that the local policy allows.
 */
#ifndef REGISTRY_LAUNCHER_ENVIRONMENT_H
#define REGISTRY_LAUNCHER_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "registry-launcher/goal_check.h"

#define REGISTRY_ENVIRONMENT_FILE_BYTES 8192

/* NAME=value with a name of letters, digits and '_' that is not the dynamic loader's. */
bool registry_environment_is_text(const char *text);

/* The texts of one environment, no name twice; they lie elsewhere. */
struct registry_environment {
    const char *texts[REGISTRY_GOAL_TEXTS_MAX + 1]; /* behind the last one NULL */
    size_t count;
};

enum registry_environment_result {
    REGISTRY_ENVIRONMENT_FINE,
    REGISTRY_ENVIRONMENT_BAD_LINE, /* no NAME=value, or control bytes in it */
    REGISTRY_ENVIRONMENT_TWICE,
    REGISTRY_ENVIRONMENT_TOO_MANY,
    REGISTRY_ENVIRONMENT_RESERVED, /* a name that only a start gives */
};

enum registry_environment_result registry_environment_add(struct registry_environment *environment,
                                                          const char *text);

/*
 * Add the lines of a file: NAME=value, taken as it stands; empty ones and those that begin with '#'
 * say nothing; one that was there before the file is replaced. `bytes` is cut into texts and must stay; `bytes[length_bytes]` is written, too.
 * `ret_line` is where a mistake is, counted from 1.
 */
enum registry_environment_result registry_environment_add_file(struct registry_environment *to,
                                                               char *bytes, size_t length_bytes,
                                                               size_t *ret_line);

/*
 * What a start adds for itself, which is no part of the registry's identity. The one form that both
 * docker-registry 2.8 and Distribution 3 understand, whether the configuration has the section or
 * not: 2.8.2 panics at REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING_ENABLED without one and ignores it
 * with one.
 */
#define REGISTRY_ENVIRONMENT_READONLY "REGISTRY_STORAGE_MAINTENANCE_READONLY={\"enabled\":true}"
#define REGISTRY_ENVIRONMENT_NO_PURGING                                                            \
    "REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING={\"enabled\":false}"
/* Names that begin so are the start's alone. */
#define REGISTRY_ENVIRONMENT_PREFIX "REGISTRY_STORAGE_MAINTENANCE"

#endif
