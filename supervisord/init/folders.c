/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/init/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/confine.h"
#include "base/process.h"

struct folder {
    const char *path;
    const char *user; /* NULL: root */
    mode_t mode;
};

/* The same as in etc/tmpfiles.d/regha.conf and the units' StateDirectory=. */
static const struct folder folders[] = {
    {PROCESS_RUNTIME_FOLDER, NULL, 0755},
    {PROCESS_RUNTIME_FOLDER "/reghad", PROCESS_REGHAD_USER, 0755},
    {PROCESS_RUNTIME_FOLDER "/vrrp", PROCESS_VRRP_USER, 0755},
    {PROCESS_RUNTIME_FOLDER "/net", PROCESS_NET_USER, 0755},
    {PROCESS_RUNTIME_FOLDER "/launcher", PROCESS_LAUNCHER_USER, 0755},
    {PROCESS_BUNDLE_FOLDER, PROCESS_LAUNCHER_USER, 0755},
    {"/var/lib/regha", PROCESS_REGHAD_USER, 0700},
};

#define CONTROL_LINK   PROCESS_RUNTIME_FOLDER "/control.sock"
#define CONTROL_TARGET "reghad/control.sock"

static int make_folder(const struct folder *folder, struct err *err)
{
    uid_t uid = 0;
    gid_t gid = 0;

    if (folder->user != NULL) {
        const int found = confine_user(folder->user, &uid, &gid, err);
        if (found < 0)
            return found;
    }
    if (mkdir(folder->path, 0700) < 0 && errno != EEXIST)
        return err_errno(err, "cannot make the folder %s", folder->path);
    /* Through a descriptor: its owner could put a link in the place of what we change. */
    CLEANUP(cleanup_close)
    int fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fchown(fd, uid, gid) < 0 || fchmod(fd, folder->mode) < 0)
        return err_errno(err, "cannot set up the folder %s", folder->path);
    return 0;
}

static int make_control_link(struct err *err)
{
    char target[sizeof(CONTROL_TARGET) + 1];

    const ssize_t length = readlink(CONTROL_LINK, target, sizeof(target));
    if (length == sizeof(CONTROL_TARGET) - 1 && memcmp(target, CONTROL_TARGET, (size_t)length) == 0)
        return 0;
    if (unlink(CONTROL_LINK) < 0 && errno != ENOENT)
        return err_errno(err, "cannot replace %s", CONTROL_LINK);
    if (symlink(CONTROL_TARGET, CONTROL_LINK) < 0)
        return err_errno(err, "cannot make the link %s", CONTROL_LINK);
    return 0;
}

int init_folders_make(struct err *err)
{
    int made = 0;

    for (size_t at = 0; at < sizeof(folders) / sizeof(folders[0]) && made == 0; at++)
        made = make_folder(&folders[at], err);
    return made == 0 ? make_control_link(err) : made;
}
