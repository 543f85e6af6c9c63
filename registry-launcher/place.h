/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * place - a bundle in a folder of its own, where the registry reads it: FOLDER/NAME/DIGEST.
 *
 * Written by a child as the registry's user, whose alone it is, and taken only if the bytes have
 * that digest. What it becomes as a command and an environment is read there by whoever is about to
 * become the registry.
 */
#ifndef REGISTRY_LAUNCHER_PLACE_H
#define REGISTRY_LAUNCHER_PLACE_H

#include "registry-launcher/environment.h"
#include "registry-launcher/helper.h"
#include "registry-launcher/message.h"

#define REGISTRY_PLACE_LIMIT_NS    (5 * NS_PER_S)
#define REGISTRY_PLACE_WORDS_BYTES 192
#define REGISTRY_PLACE_PATH_BYTES  192

/* What is to be written; the bytes live during registry_place_start(). */
struct registry_place_job {
    const char *folder; /* of the launcher, for all registries */
    const char *name;
    const char *user;
    const char *digest;
    const char *kept[2]; /* digests whose folders stay, too; "": none */
    const void *bytes;   /* NULL: it may be there from before */
    size_t length_bytes;
};

/* It is written in a child; its answer is for registry_place_read(). */
int registry_place_start(struct registry_helper *helper, const struct registry_place_job *job,
                         struct monotime now, struct err *err);

/* "": it is there; else why not. */
void registry_place_read(const struct registry_helper_answer *answer,
                         char ret_words[REGISTRY_PLACE_WORDS_BYTES]);

int registry_place_path(const char *folder, const char *name, const char *digest,
                        char ret_path[REGISTRY_PLACE_PATH_BYTES]);

/* A command and an environment, with the texts they point to. */
struct registry_place_program {
    char *texts;
    const char *argv[REGISTRY_GOAL_TEXTS_MAX + 1]; /* ended by NULL */
    size_t argc;
    struct registry_environment environment;
};

/*
 * As the registry's user: what the bundle in `path`, which must have this digest, is started with.
 * Returns 0 or a negative errno and why.
 */
int registry_place_program(const char *path, const char *digest,
                           struct registry_place_program *ret_program, struct err *err);
void registry_place_program_free(struct registry_place_program *program);

#endif
