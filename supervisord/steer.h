/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * steer - evidence in, goals out.
 *
 * Gathers what role.h judges, records each new judgement, and tells regha-vrrp and regha-launcher
 * what changed. No goal is sent before those who are steered have told what they found running.
 */
#ifndef SUPERVISORD_STEER_H
#define SUPERVISORD_STEER_H

#include "supervisord/core.h"

/*
 * Judge everything and send what differs from what was sent, or all of it to whom is new on its
 * channel. Clears `is_dirty` and `is_new`.
 */
void steer_judge(struct core *core, struct monotime now);

/* A settings change: objects that are gone must be taken back, too. */
void steer_send_all(struct core *core);

#endif
