/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/settings_keys_breaker.h"

#include "base/monotime.h"
#include "supervisord/settings/settings_breaker.h"

#define MS         NS_PER_MS
#define SECOND     NS_PER_S
#define MINUTE     (60 * NS_PER_S)
#define DRIVES_MAX 1024

const struct key settings_keys_breaker[] = {
    {"peers", KEY_ARRAY(KEY_KIND_TEXT, settings_breaker, peers, peer_count), .may_be_lone = true,
     KEY_COUNT(0, SETTINGS_BREAKER_PEERS), KEY_RANGE(1, SETTINGS_BREAKER_PEER_BYTES - 1),
     KEY_DEFAULT(SETTINGS_BREAKER_STORAGE),
     KEY_HELP("address:port of the storage peers; storage: each node but witnesses, at the port of "
              "the registries' regionendpoint; () for none")},
    {"connect_timeout", KEY_DURATION(settings_breaker, connect_timeout_ns),
     KEY_RANGE(20 * MS, 10 * SECOND), KEY_DEFAULT("150ms"),
     KEY_HELP("how long a connection to a peer may take to be made")},
    {"answer_timeout", KEY_DURATION(settings_breaker, answer_timeout_ns),
     KEY_RANGE(200 * MS, MINUTE), KEY_DEFAULT("1500ms"),
     KEY_HELP("after how long without answer a peer is cut off although its host is heard")},
    {"silence", KEY_DURATION(settings_breaker, silence_ns), KEY_RANGE(0, MINUTE),
     KEY_DEFAULT("500ms"),
     KEY_HELP("how long nothing of its host must have been heard; a link that is away for less "
              "cuts nobody off")},
    {"max_open", KEY_INT(settings_breaker, max_open), KEY_RANGE(0, SETTINGS_BREAKER_PEERS),
     KEY_DEFAULT("1"),
     KEY_HELP("how many peers may be cut off or lost at a time; 0: none is ever cut off")},
    {"drives_per_node", KEY_INT(settings_breaker, drives_per_node), KEY_RANGE(1, DRIVES_MAX),
     KEY_RULE("not known"), KEY_HELP("drives of one erasure set on each node, for more than one")},
    {"drives_per_set", KEY_INT(settings_breaker, drives_per_set), KEY_RANGE(1, DRIVES_MAX),
     KEY_RULE("not known"), KEY_HELP("drives of an erasure set")},
    {.name = NULL},
};
