/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/control_socket.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

#define NO_GROUP    ((gid_t)-1)
#define GROUPS_MOST 512 /* of a peer; NGROUPS_MAX is 65536, and nobody has that many */
#define BACKLOG     64

static gid_t find_group(const char *name)
{
    const struct group *group = getgrnam(name);

    return group ? group->gr_gid : NO_GROUP;
}

struct control_socket_groups control_socket_groups(void)
{
    return (struct control_socket_groups){
        .user = find_group(COMMAND_GROUP_USER),
        .operator= find_group(COMMAND_GROUP_OPERATOR),
    };
}

int control_socket_place(const char *path, char place[CONTROL_SOCKET_PATH_BYTES], struct err *err)
{
    char target[CONTROL_SOCKET_PATH_BYTES];
    const ssize_t length = readlink(path, target, sizeof(target) - 1);
    const char *slash = strrchr(path, '/');
    int bytes;

    if (length < 0) {
        bytes = snprintf(place, CONTROL_SOCKET_PATH_BYTES, "%s", path);
    } else {
        target[length] = '\0';
        bytes = snprintf(place, CONTROL_SOCKET_PATH_BYTES, "%.*s%s",
                         target[0] == '/' || !slash ? 0 : (int)(slash - path + 1), path, target);
    }
    if (bytes <= 0 || bytes >= CONTROL_SOCKET_PATH_BYTES)
        return err_set(err, ENAMETOOLONG,
                       "the control socket's path \"%s\" has %d characters, "
                       "must have 1 to %d",
                       path, bytes, CONTROL_SOCKET_PATH_BYTES - 1);
    return 0;
}

static struct sockaddr_un address_of(const char *place)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, place, strlen(place) + 1);
    return address;
}

/* Is anybody listening there? A full backlog is somebody, too. */
static bool is_answered(const struct sockaddr_un *address)
{
    CLEANUP(cleanup_close)
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return false;
    return connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN;
}

static int make_place(const char *place, const struct sockaddr_un *address, struct err *err)
{
    struct stat found;

    if (lstat(place, &found) < 0)
        return 0; /* bind() says what is wrong, if anything is */
    if (!S_ISSOCK(found.st_mode))
        return err_set(err, EEXIST, "%s exists and is no socket; it is not touched", place);
    if (is_answered(address))
        return err_set(err, EADDRINUSE, "another reghad answers on %s; is one running?", place);
    if (unlink(place) < 0)
        return err_errno(err, "cannot remove the stale control socket %s", place);
    return 0;
}

static int give_to_group(const char *place, gid_t group, struct err *err)
{
    /* Owner and group can read and write; without the group only root and ourselves get in. */
    if (group != NO_GROUP && chown(place, (uid_t)-1, group) < 0)
        log_warning("the control socket cannot be given to its group", "group=%s error=\"%s\"",
                    COMMAND_GROUP_USER, strerror(errno));
    if (chmod(place, 0660) < 0)
        return err_errno(err, "cannot set the mode of the control socket %s", place);
    return 0;
}

int control_socket_open(const char *path, gid_t group, struct control_socket *ret_socket,
                        struct err *err)
{
    struct control_socket made = {.fd = -1};
    struct sockaddr_un address;
    struct stat status = {0};
    int result = control_socket_place(path, made.path, err);

    if (result < 0)
        return result;
    address = address_of(made.path);
    result = make_place(made.path, &address, err);
    if (result < 0)
        return result;

    CLEANUP(cleanup_close)
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(err, "cannot open a control socket");
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return err_errno(err, "cannot bind the control socket to %s", made.path);
    /* Nobody can connect before listen(), so the mode is right for the first caller. */
    result = give_to_group(made.path, group, err);
    if (result == 0 && listen(fd, BACKLOG) < 0)
        result = err_errno(err, "cannot listen on %s", made.path);
    if (result == 0 && lstat(made.path, &status) < 0)
        result = err_errno(err, "the control socket %s has vanished", made.path);
    if (result < 0) {
        (void)unlink(made.path); /* best effort: the next start replaces it */
        return result;
    }
    made.device = status.st_dev;
    made.inode = status.st_ino;
    made.fd = cleanup_take_fd(&fd);
    *ret_socket = made;
    return 0;
}

void control_socket_close(struct control_socket *socket)
{
    struct stat status;

    if (socket->fd < 0)
        return;
    if (lstat(socket->path, &status) == 0 && status.st_dev == socket->device &&
        status.st_ino == socket->inode)
        (void)unlink(socket->path); /* else the next start replaces it */
    close(socket->fd);
    socket->fd = -1;
}

enum command_level control_socket_judge(uid_t uid, const gid_t *groups, size_t count,
                                        const struct control_socket_groups *wanted)
{
    enum command_level level = COMMAND_NOBODY;

    if (uid == 0)
        return COMMAND_ADMIN;
    for (size_t i = 0; i < count; i++) {
        if (groups[i] == NO_GROUP)
            continue;
        if (groups[i] == wanted->operator)
            return COMMAND_OPERATOR;
        if (groups[i] == wanted->user)
            level = COMMAND_USER;
    }
    return level;
}

enum command_level control_socket_level(int fd, const struct control_socket_groups *groups,
                                        uid_t *ret_uid)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t bytes = sizeof(peer);
    gid_t ids[GROUPS_MOST];
    size_t count = 0;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) < 0) {
        *ret_uid = (uid_t)-1;
        return COMMAND_NOBODY;
    }
    *ret_uid = peer.uid;
    bytes = sizeof(ids) - sizeof(ids[0]);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, ids, &bytes) == 0)
        count = bytes / sizeof(ids[0]);
    ids[count++] = peer.gid; /* the primary one is not always among them */
    return control_socket_judge(peer.uid, ids, count, groups);
}
