/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control_socket - the listening socket of control: where it is, whose it is, who is calling. */
#ifndef SUPERVISORD_CONTROL_SOCKET_H
#define SUPERVISORD_CONTROL_SOCKET_H

#include <sys/stat.h>

#include "base/err.h"
#include "supervisord/console/command.h"

#define CONTROL_SOCKET_PATH_BYTES 108 /* sun_path; unix(7) */

struct control_socket {
    int fd;
    char path[CONTROL_SOCKET_PATH_BYTES]; /* where it really is */
    dev_t device;
    ino_t inode;
};

struct control_socket_groups {
    gid_t user, operator; /* (gid_t)-1: there is no such group */
};

struct control_socket_groups control_socket_groups(void);

/* `path`, or the place behind it if it is a symlink, for bind(2) does not follow one; one step. */
int control_socket_place(const char *path, char place[CONTROL_SOCKET_PATH_BYTES], struct err *err);

/* Bind and listen at `path`, or where it points to; mode 0660, of `group` if we may give it. */
int control_socket_open(const char *path, gid_t group, struct control_socket *ret_socket,
                        struct err *err);
void control_socket_close(struct control_socket *socket);

/* What the peer of `fd` may do. unix(7): SO_PEERCRED, SO_PEERGROUPS. */
enum command_level control_socket_level(int fd, const struct control_socket_groups *groups,
                                        uid_t *ret_uid);

/* The rule behind it. */
enum command_level control_socket_judge(uid_t uid, const gid_t *groups, size_t count,
                                        const struct control_socket_groups *wanted);

#endif
