/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peers - what this node tells the others, and what it learns of them.
 *
 * The frames are regha-vrrp's; their content of up to VRRP_PEER_BLOB_BYTES is from here, as
 * peers_news.h lays it out: version, what people said of this node, each registry with its state and
 * the digest of what a start would use, how probes of what is shared do, whether this node could
 * hold a virtual router. So each node can say whether another one would run something else, and
 * whether a failure is its own or everybody's.
 */
#ifndef SUPERVISORD_PEERS_H
#define SUPERVISORD_PEERS_H

#include "supervisord/core.h"

/*
 * Read the cluster key and keep the subkey for frames. Without a readable key there are no frames,
 * which is said once.
 */
void peers_read_key(struct core *core);

/* What regha-vrrp is to do for this node now. False: nothing, there is no key. */
bool peers_goal(struct core *core, struct vrrp_cluster_goal *ret_goal, struct monotime now);

/* regha-vrrp reports another node. */
void peers_take(struct core *core, const struct vrrp_peer_state *state, struct monotime now);

/*
 * Fill in our own row of the nodes, and what differs between them, once it has for some seconds.
 * Returns when to look again.
 */
struct monotime peers_compare(struct core *core, struct monotime now);

#endif
