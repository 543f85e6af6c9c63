/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/init/credential.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/confine.h"
#include "base/process.h"

#define KEY_NAME     "cluster.key"
#define FRESH_SUFFIX ".new"
#define PREFIX       "probe_" /* as LoadCredential= calls what it finds in a folder */
#define SECRET_BYTES 4096     /* more than any */
#define SECRETS_MAX  64

/* The copies' folder, and whose they are. */
struct target {
    int folder;
    uid_t uid;
    gid_t gid;
};

static void cleanup_folder(DIR **folder)
{
    if (*folder)
        closedir(*folder);
}

/* Returns its length, -ENOENT if there is none, or another negative errno. */
static ssize_t read_secret(const char *path, char secret[SECRET_BYTES], struct err *err)
{
    CLEANUP(cleanup_close)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return -ENOENT;
    const ssize_t length = fd < 0 ? -1 : read(fd, secret, SECRET_BYTES);
    if (length < 0)
        return err_errno(err, "cannot read %s", path);
    return length;
}

static int open_folder(uid_t uid, gid_t gid, struct err *err)
{
    if (mkdir(INIT_CREDENTIAL_FOLDER, 0500) < 0 && errno != EEXIST)
        return err_errno(err, "cannot make the folder %s", INIT_CREDENTIAL_FOLDER);
    CLEANUP(cleanup_close)
    int fd = open(INIT_CREDENTIAL_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fchown(fd, uid, gid) < 0 || fchmod(fd, 0500) < 0)
        return err_errno(err, "cannot set up the folder %s", INIT_CREDENTIAL_FOLDER);
    return cleanup_take_fd(&fd);
}

static int write_copy(const struct target *target, const char *name, const char *secret,
                      ssize_t length)
{
    char fresh[NAME_MAX + 1];

    if (snprintf(fresh, sizeof(fresh), "%s" FRESH_SUFFIX, name) >= (int)sizeof(fresh))
        return -ENAMETOOLONG;
    (void)unlinkat(target->folder, fresh, 0); /* of one that was killed here */
    CLEANUP(cleanup_close)
    int fd = openat(target->folder, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    const bool is_written = fd >= 0 && write(fd, secret, (size_t)length) == length &&
                            fchown(fd, target->uid, target->gid) == 0;
    return is_written && renameat(target->folder, fresh, target->folder, name) == 0 ? 0 : -errno;
}

/* Copy the secret at `path` as `name`; if there is none, its copy goes, too. */
static int renew(const struct target *target, const char *path, const char *name, struct err *err)
{
    char secret[SECRET_BYTES];
    const ssize_t length = read_secret(path, secret, err);
    int result;

    if (length < 0) {
        (void)unlinkat(target->folder, name, 0); /* most often there is none */
        return length == -ENOENT ? 0 : (int)length;
    }
    result = write_copy(target, name, secret, length);
    explicit_bzero(secret, sizeof(secret));
    if (result < 0)
        return err_set(err, -result, "cannot write %s/%s: %s", INIT_CREDENTIAL_FOLDER, name,
                       strerror(-result));
    return 0;
}

/* What the configuration can name, and no copy that is half written. */
static bool is_name(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    return name[0] != '.' && name[0] != '-' && name[strspn(name, allowed)] == '\0';
}

/* A secret that everybody may read is none: reghad would not see that by its copy. */
static int check_mode(const char *path, struct err *err)
{
    struct stat stat_of_path;

    if (stat(path, &stat_of_path) < 0)
        return err_errno(err, "cannot look at %s", path);
    if (!S_ISREG(stat_of_path.st_mode))
        return err_set(err, EINVAL, "%s is no file", path);
    if (stat_of_path.st_mode & (S_IWGRP | S_IRWXO))
        return err_set(err, EPERM, "%s can be read by others, must have mode 0600 or 0640", path);
    return 0;
}

static int renew_probe(const struct target *target, const char *name, struct err *err)
{
    char path[sizeof(INIT_CREDENTIAL_PROBES) + NAME_MAX + 1];
    char copy[sizeof(PREFIX) + NAME_MAX];
    int result;

    (void)snprintf(path, sizeof(path), INIT_CREDENTIAL_PROBES "/%s", name);
    (void)snprintf(copy, sizeof(copy), PREFIX "%s", name);
    result = check_mode(path, err);
    if (result < 0) {
        (void)unlinkat(target->folder, copy, 0);
        return result;
    }
    return renew(target, path, copy, err);
}

static void drop_probes(const struct target *target)
{
    CLEANUP(cleanup_folder)
    DIR *folder = opendir(INIT_CREDENTIAL_FOLDER);

    for (const struct dirent *entry; folder && (entry = readdir(folder)) != NULL;)
        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0)
            (void)unlinkat(target->folder, entry->d_name, 0);
}

/* All that can be handed over is; the last of what cannot is told. */
static int renew_probes(const struct target *target, struct err *err)
{
    CLEANUP(cleanup_folder)
    DIR *folder = opendir(INIT_CREDENTIAL_PROBES);
    int result = 0, count = 0;

    drop_probes(target);
    for (const struct dirent *entry; folder && (entry = readdir(folder)) != NULL;) {
        int failed;

        if (!is_name(entry->d_name))
            continue;
        failed = count++ < SECRETS_MAX
                     ? renew_probe(target, entry->d_name, err)
                     : err_set(err, E2BIG, INIT_CREDENTIAL_PROBES " has more than %d secrets",
                               SECRETS_MAX);
        if (failed < 0)
            result = failed;
    }
    return result;
}

int init_credential_renew(struct err *err)
{
    struct target target;
    int result, probes;

    result = confine_user(PROCESS_REGHAD_USER, &target.uid, &target.gid, err);
    if (result < 0)
        return result;
    CLEANUP(cleanup_close)
    int folder = open_folder(target.uid, target.gid, err);
    if (folder < 0)
        return folder;
    target.folder = folder;
    probes = renew_probes(&target, err);
    result = renew(&target, INIT_CREDENTIAL_SOURCE, KEY_NAME, err);
    return result < 0 ? result : probes;
}
