/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static int explain(enum registry_policy_result result, size_t line, const char *path,
                   const char *name, struct err *err)
{
    switch (result) {
    case REGISTRY_POLICY_FOUND:
        return 0;
    case REGISTRY_POLICY_NO_SUCH_NAME:
        return err_set(err, EACCES, "the local policy %s does not name the registry %s", path,
                       name);
    case REGISTRY_POLICY_TOO_LONG:
        return err_set(err, EACCES, "the local policy %s is larger than %d bytes", path,
                       REGISTRY_POLICY_FILE_BYTES);
    case REGISTRY_POLICY_BAD_LINE:
        return err_set(err, EACCES, "%s:%zu: must be NAME USER BINARY", path, line);
    case REGISTRY_POLICY_BAD_PATH:
        return err_set(err, EACCES, "%s:%zu: the path of the binary must be absolute", path, line);
    case REGISTRY_POLICY_DUPLICATE:
        return err_set(err, EACCES, "%s:%zu: names the registry %s again", path, line, name);
    }
    return err_set(err, EACCES, "the local policy %s cannot be understood", path);
}

int registry_policy_read(const char *path, const char *name, struct registry_policy *ret_policy,
                         struct err *err)
{
    char text[REGISTRY_POLICY_FILE_BYTES + 1];
    struct stat stat;
    size_t line = 0;

    CLEANUP(cleanup_close)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &stat) < 0)
        return err_errno(err, "cannot read the local policy %s", path);
    if (!S_ISREG(stat.st_mode) || stat.st_uid != 0 || (stat.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return err_set(err, EACCES, "the local policy %s is not root's alone to write", path);
    const ssize_t length = read(fd, text, sizeof(text));
    if (length < 0)
        return err_errno(err, "cannot read the local policy %s", path);
    const enum registry_policy_result result =
        registry_policy_file_find(text, (size_t)length, name, ret_policy, &line);
    return explain(result, line, path, name, err);
}
