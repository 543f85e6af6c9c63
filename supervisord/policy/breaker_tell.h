/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * breaker_tell - what happened to a storage peer, with its evidence, for the journal.
 */
#ifndef SUPERVISORD_BREAKER_TELL_H
#define SUPERVISORD_BREAKER_TELL_H

#include "supervisord/world.h"

struct breaker_tell {
    size_t at;
    enum breaker_state before;
    enum breaker_reason *told; /* why it is not cut off, as told last */
};

/* After the world's view of the peer is that of the last judgement, of this evidence. */
void breaker_tell_peer(struct world *world, const struct breaker_evidence *evidence,
                       const struct breaker_tell *tell, struct monotime now);

#endif
