/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy_file - what this host allows: which registry runs as whom, and which program.
 *
 * Pure. Lines of "NAME USER BINARY", '#' begins a comment; of what has no name of its own, a hook or
 * the command of a probe, "@hook USER PROGRAM" and "@exec USER PROGRAM", a line for each program. One wrong line refuses the whole file:
 * nobody is started by a policy that was misread.
 */
#ifndef REGISTRY_LAUNCHER_POLICY_FILE_H
#define REGISTRY_LAUNCHER_POLICY_FILE_H

#include <stddef.h>

#include "registry-launcher/params.h"

#define REGISTRY_POLICY_FILE_BYTES (64 * 1024)
#define REGISTRY_POLICY_USER_BYTES 33 /* as useradd(8) allows */

struct registry_policy {
    char user[REGISTRY_POLICY_USER_BYTES];
    char binary[REGISTRY_PATH_BYTES]; /* absolute */
};

enum registry_policy_result {
    REGISTRY_POLICY_FOUND,
    REGISTRY_POLICY_NO_SUCH_NAME,
    REGISTRY_POLICY_TOO_LONG,  /* the file */
    REGISTRY_POLICY_BAD_LINE,  /* not three words, or one too long, or with control bytes */
    REGISTRY_POLICY_BAD_PATH,  /* BINARY is not absolute */
    REGISTRY_POLICY_DUPLICATE, /* two lines for one NAME */
};

/*
 * What the policy in `text` says of `name`. Unless FOUND, `ret_policy` is untouched; `ret_line` is
 * then where the mistake is, counted from 1, or 0.
 */
enum registry_policy_result registry_policy_file_find(const char *text, size_t length_bytes,
                                                      const char *name,
                                                      struct registry_policy *ret_policy,
                                                      size_t *ret_line);

struct registry_policy_asked {
    const char *name;    /* of a registry; REGISTRY_POLICY_HOOK, REGISTRY_POLICY_EXEC */
    const char *program; /* NULL: whichever the name has */
};

/* What it says of a program of a kind. */
enum registry_policy_result registry_policy_file_allow(const char *text, size_t length_bytes,
                                                       const struct registry_policy_asked *asked,
                                                       struct registry_policy *ret_policy,
                                                       size_t *ret_line);

#define REGISTRY_POLICY_HOOK "@hook"
#define REGISTRY_POLICY_EXEC "@exec"

#endif
