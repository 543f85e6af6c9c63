/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/credential.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "probes/message.h"

#define FILE_BYTES_MAX 1024
/* The group may read it; 0600 and 0640 are fine, and 0400 and 0440 of a service manager. */
#define REFUSED_MODE (S_IWGRP | S_IRWXO)

void probe_credential_wipe(struct probe_credential *credential)
{
    explicit_bzero(credential, sizeof(*credential));
}

/* One line, with or without its end. */
static size_t line_bytes(const struct file *file)
{
    size_t bytes = file->length_bytes;

    if (bytes > 0 && file->bytes[bytes - 1] == '\n')
        bytes--;
    if (bytes > 0 && file->bytes[bytes - 1] == '\r')
        bytes--;
    return bytes;
}

static bool is_printable(const char *text, size_t bytes)
{
    for (size_t at = 0; at < bytes; at++)
        if ((unsigned char)text[at] < ' ' || text[at] == '\x7f')
            return false;
    return true;
}

/* A user has no colon, a password may have some. RFC 7617 section 2. */
static bool split(const struct file *file, struct probe_credential *credential)
{
    const size_t bytes = line_bytes(file);
    const char *const colon = bytes > 0 ? memchr(file->bytes, ':', bytes) : NULL;
    size_t user_bytes, password_bytes;

    if (colon == NULL || !is_printable(file->bytes, bytes))
        return false;
    user_bytes = (size_t)(colon - file->bytes);
    password_bytes = bytes - user_bytes - 1;
    if (user_bytes == 0 || user_bytes >= PROBE_CREDENTIAL_BYTES || password_bytes == 0 ||
        password_bytes >= PROBE_CREDENTIAL_BYTES)
        return false;
    memset(credential, 0, sizeof(*credential));
    memcpy(credential->user, file->bytes, user_bytes);
    memcpy(credential->password, colon + 1, password_bytes);
    return true;
}

static int read_file(const char *path, struct probe_credential *ret_credential, struct err *err)
{
    CLEANUP(file_free)
    struct file file = {.bytes = NULL};
    struct err why;
    int result = file_read(path, FILE_BYTES_MAX, &file, &why);

    if (result < 0)
        return err_set(err, -result, "%s %.120s", path, why.text);
    if (file.stat.st_mode & REFUSED_MODE)
        result = err_set(err, EPERM, "%s has mode 0%o, must be 0600 or 0640", path,
                         (unsigned)(file.stat.st_mode & 07777));
    else if (!split(&file, ret_credential))
        result = err_set(err, EINVAL, "%s is not one line of the form user:password", path);
    explicit_bzero(file.bytes, file.length_bytes);
    return result;
}

/* The first of the places where it is; false: it is in none of them. */
static bool find_file(const char *name, char path[PATH_MAX])
{
    static const char *const prefixes[] = {"", "probe_"};
    const char *const folder = getenv("CREDENTIALS_DIRECTORY");

    for (size_t at = 0; folder != NULL && at < sizeof(prefixes) / sizeof(prefixes[0]); at++) {
        const int length = snprintf(path, PATH_MAX, "%s/%s%s", folder, prefixes[at], name);

        if (length > 0 && length < PATH_MAX && access(path, F_OK) == 0)
            return true;
    }
    (void)snprintf(path, PATH_MAX, "%s/%s", PROBE_CREDENTIAL_FOLDER, name);
    return access(path, F_OK) == 0 || errno != ENOENT;
}

int probe_credential_read(const char *name, struct probe_credential *ret_credential,
                          struct err *err)
{
    char path[PATH_MAX];

    /* Settings allow no other names; a path out of the folder is never made here. */
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
        return err_set(err, EINVAL, "\"%s\" is no name of a credential", name);
    if (!find_file(name, path))
        return err_set(err, ENOENT, "%s does not exist", path);
    return read_file(path, ret_credential, err);
}

int probe_credential_check(const char *name, struct err *err)
{
    struct probe_credential credential;
    const int result = probe_credential_read(name, &credential, err);

    if (result == 0)
        probe_credential_wipe(&credential);
    return result;
}
