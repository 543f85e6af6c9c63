/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/init/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/confine.h"
#include "base/process.h"

#define NAME       "cluster.key"
#define FRESH_NAME NAME ".new"
#define KEY_BYTES  4096 /* more than any key */

/* Returns its length, -ENOENT if there is none, or another negative errno. */
static ssize_t read_key(char key[KEY_BYTES], struct err *err)
{
    CLEANUP(cleanup_close)
    int fd = open(INIT_CREDENTIAL_SOURCE, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return -ENOENT;
    const ssize_t length = fd < 0 ? -1 : read(fd, key, KEY_BYTES);
    if (length < 0)
        return err_errno(err, "cannot read %s", INIT_CREDENTIAL_SOURCE);
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

int init_credential_renew(struct err *err)
{
    char key[KEY_BYTES];
    uid_t uid;
    gid_t gid;

    const int found = confine_user(PROCESS_REGHAD_USER, &uid, &gid, err);
    if (found < 0)
        return found;
    CLEANUP(cleanup_close)
    int folder = open_folder(uid, gid, err);
    if (folder < 0)
        return folder;
    const ssize_t length = read_key(key, err);
    if (length < 0) {
        (void)unlinkat(folder, NAME, 0); /* most often there is none */
        return length == -ENOENT ? 0 : (int)length;
    }
    (void)unlinkat(folder, FRESH_NAME, 0); /* of one that was killed here */
    CLEANUP(cleanup_close)
    int fd = openat(folder, FRESH_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    const bool is_written =
        fd >= 0 && write(fd, key, (size_t)length) == length && fchown(fd, uid, gid) == 0;
    explicit_bzero(key, sizeof(key));
    if (!is_written || renameat(folder, FRESH_NAME, folder, NAME) < 0)
        return err_errno(err, "cannot write %s/%s", INIT_CREDENTIAL_FOLDER, NAME);
    return 0;
}
