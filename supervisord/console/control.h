/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control - the socket that operators and reghactl talk to.
 *
 * HAProxy's line protocol: a line in, an answer and an empty line out. Without `prompt` one line
 * is answered and the connection ends. Who may do what is told by the peer's credentials. Clients
 * are bounded in number, in the length of a line and in time; one that does not read is cut.
 */
#ifndef SUPERVISORD_CONTROL_H
#define SUPERVISORD_CONTROL_H

#include "base/loop.h"
#include "supervisord/console/command.h"

#define CONTROL_CLIENTS 32

struct control;
struct session_limits;

struct control_params {
    struct world *world;                 /* outlives the control */
    const struct command_core *core;     /* likewise */
    const char *path;                    /* of the socket, or of a symlink to where it goes */
    const struct session_limits *limits; /* NULL: the usual ones */
};

/*
 * Listen. A socket that nobody listens on is replaced; one that answers belongs to another reghad
 * and is an error. Looks users' groups up by name, once. Returns 0 or a negative errno.
 */
int control_open(struct loop *loop, const struct control_params *params,
                 struct control **ret_control, struct err *err);

/* Connections end at once; the socket is removed if it is still ours. NULL is fine. */
void control_close(struct control *control);

/*
 * After a reload: listen at `path`, if that is another place. Connections stay, so this may be
 * called from within command_core. On failure the old socket is kept.
 */
int control_apply(struct control *control, const char *path, struct err *err);

size_t control_clients(const struct control *control);

#endif
