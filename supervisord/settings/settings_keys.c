/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/settings_keys.h"

#include <sys/un.h>

#include "supervisord/settings/settings.h"
#include "supervisord/settings/settings_keys_breaker.h"
#include "supervisord/settings/settings_keys_guard.h"
#include "supervisord/settings/settings_keys_policy.h"
#include "supervisord/settings/settings_keys_probe.h"
#include "supervisord/settings/settings_keys_registry.h"

#define MS     NS_PER_MS
#define SECOND NS_PER_S
#define MINUTE (60 * NS_PER_S)
#define HOUR   (60 * MINUTE)

/* The most characters that a text field holds. */
#define ROOM(owner, field) (int64_t)(sizeof(KEY_OF(owner, field)) - 1)

#define PROBES_SPARE    (4 * SETTINGS_REGISTRIES_MAX + 1) /* and the gateway's */
#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

/* key_files is a list of two, one behind the other. */
_Static_assert(offsetof(struct settings_cluster, old_key_file) ==
                   offsetof(struct settings_cluster, key_file) + SETTINGS_PATH_BYTES,
               "the old key file must lie behind the key file");

static const char *const switches[] = {"false", "true"};

static const char *const transports[] = {
    [VRRP_TRANSPORT_MULTICAST] = "multicast",
    [VRRP_TRANSPORT_UNICAST] = "unicast",
};

static const char *const checksums[] = {
    [VRRP_CHECKSUM_AUTO] = "auto",
    [VRRP_CHECKSUM_RFC5798] = "rfc5798",
    [VRRP_CHECKSUM_RFC9568] = "rfc9568",
};

static const char *const compats[] = {"none", "keepalived"};

static const char *const later_versions[] = {"2", NULL};

static const struct key cluster_keys[] = {
    {"name", KEY_NAME(settings_cluster, name), KEY_RANGE(1, ROOM(settings_cluster, name)),
     KEY_DEFAULT("regha"), KEY_HELP("what people call this cluster")},
    {"key_files", .kind = KEY_KIND_PATH, .many = KEY_MANY_ARRAY,
     KEY_TYPED(settings_cluster, key_file, char *), KEY_COUNTED(settings_cluster, key_file_count),
     .element_bytes = SETTINGS_PATH_BYTES, KEY_COUNT(1, 2),
     KEY_RANGE(2, ROOM(settings_cluster, key_file)), KEY_DEFAULT("/etc/regha/cluster.key"),
     KEY_HELP("the secret that all nodes share, and the former one while it is replaced")},
    {"port", KEY_INT(settings_cluster, port), KEY_RANGE(1, 65535), KEY_DEFAULT("9652"),
     KEY_HELP("UDP and TCP port between the nodes")},
    {"heartbeat", KEY_DURATION(settings_cluster, heartbeat_ns), KEY_RANGE(50 * MS, 10 * SECOND),
     KEY_DEFAULT("200ms"), KEY_HELP("time from one frame between the nodes to the next")},
    {.name = NULL},
};

static const struct key node_keys[] = {
    {"name", KEY_NAME(settings_node, name), KEY_RANGE(1, ROOM(settings_node, name)), KEY_REQUIRED,
     KEY_HELP("what people call this node")},
    {"address", KEY_HOST(settings_node, address), KEY_REQUIRED,
     KEY_HELP("its own address; the node on which it is local is this one")},
    {"priority", KEY_INT(settings_node, priority), KEY_RANGE(VRRP_PRIORITY_MIN, VRRP_PRIORITY_MAX),
     KEY_RULE("150, 140, ... by position in the list, never below 9"),
     KEY_HELP("the greatest one of the healthy nodes becomes Active")},
    {"interface", KEY_NAME(settings_node, interface), KEY_RANGE(1, ROOM(settings_node, interface)),
     KEY_RULE("the one whose prefix holds the virtual address"),
     KEY_HELP("where this node holds virtual addresses")},
    {"witness", KEY_BOOL(settings_node, witness), KEY_CHOICES(switches), KEY_DEFAULT("false"),
     KEY_HELP("whether this node never holds anything")},
    {.name = NULL},
};

static const struct key announce_keys[] = {
    {"repeat", KEY_INT(settings_router, params.announce_repeat), KEY_RANGE(1, 20), KEY_DEFAULT("5"),
     KEY_HELP("announcements in a row after becoming Active")},
    {"refresh", KEY_DURATION(settings_router, params.announce_refresh_ns), KEY_RANGE(0, HOUR),
     KEY_DEFAULT("60s"), KEY_HELP("time from one announcement to the next while Active; 0s: none")},
    {.name = NULL},
};

static const struct key router_keys[] = {
    {"name", KEY_NAME(settings_router, params.name),
     KEY_RANGE(1, ROOM(settings_router, params.name)), KEY_RULE("vr and the vrid, as in vr51"),
     KEY_HELP("what people and metrics call it")},
    {"vrid", KEY_INT(settings_router, params.vrid), KEY_RANGE(1, 255), KEY_REQUIRED,
     KEY_HELP("number of the virtual router, unique in its network")},
    {"addresses",
     KEY_ARRAY(KEY_KIND_ADDRESS, settings_router, params.addresses, params.address_count),
     KEY_COUNT(1, VRRP_PARAMS_ADDRESSES), KEY_REQUIRED,
     KEY_HELP("what the Active node answers for; /32 if no prefix is given")},
    {"interface", KEY_NAME(settings_router, params.interface),
     KEY_RANGE(1, ROOM(settings_router, params.interface)),
     KEY_RULE("the node's, else auto: the one whose prefix holds the first address"),
     KEY_HELP("where adverts and addresses are, on every node")},
    {"version", KEY_INT(settings_router, params.version), KEY_RANGE(3, 3), KEY_DEFAULT("3"),
     KEY_LATER_VALUES(later_versions), KEY_HELP("the version of VRRP")},
    {"advert_interval", KEY_DURATION(settings_router, params.advert_interval_ns),
     KEY_RANGE(VRRP_PARAMS_ADVERT_INTERVAL_MIN_NS, VRRP_PARAMS_ADVERT_INTERVAL_MAX_NS),
     KEY_DEFAULT("100ms"), KEY_HELP("time from one advert to the next, a multiple of 10ms")},
    {"preempt", KEY_BOOL(settings_router, params.preempt), KEY_CHOICES(switches),
     KEY_DEFAULT("false"), KEY_HELP("whether to depose a healthy Active node of lower priority")},
    {"preempt_delay", KEY_DURATION(settings_router, params.preempt_delay_ns), KEY_RANGE(0, HOUR),
     KEY_DEFAULT("0s"), KEY_HELP("how long to wait before deposing it")},
    {"transport", KEY_ENUM(settings_router, params.transport), KEY_CHOICES(transports),
     KEY_DEFAULT("multicast"), KEY_HELP("how adverts travel; unicast goes to the other nodes")},
    {"checksum", KEY_ENUM(settings_router, params.checksum), KEY_CHOICES(checksums),
     KEY_DEFAULT("auto"), KEY_HELP("how adverts are summed; auto understands both")},
    {"foreign", KEY_ARRAY(KEY_KIND_HOST, settings_router, params.foreign, params.foreign_count),
     KEY_COUNT(0, VRRP_PARAMS_FOREIGN), KEY_RULE("none"),
     KEY_HELP("routers that are no nodes and may send adverts")},
    {"announce", KEY_INLINE(announce_keys), KEY_HELP("gratuitous ARP")},
    {"requires", KEY_ARRAY(KEY_KIND_NAME, settings_router, requires, require_count),
     KEY_COUNT(0, SETTINGS_REQUIRES_MAX), KEY_RANGE(1, PROBE_NAME_BYTES - 1),
     KEY_RULE("the read probes of the registries that follow it"),
     KEY_HELP("probes that must not fail on the Active node")},
    {"on_transition",
     KEY_PACKED(KEY_KIND_PATH, settings_router, on_transition, on_transition_bytes),
     KEY_COUNT(0, SETTINGS_HOOKS_MAX), KEY_RANGE(2, REGISTRY_PATH_BYTES - 1), KEY_RULE("none"),
     KEY_HELP("programs that are told when its state changes")},
    {"virtual_mac", KEY_LATER},
    {.name = NULL},
};

static const struct key control_keys[] = {
    {"socket", KEY_PATH(settings_control, socket), KEY_RANGE(2, SOCKET_PATH_MAX),
     KEY_DEFAULT("/run/regha/control.sock"), KEY_HELP("where reghactl is answered")},
    {.name = NULL},
};

static const struct key metrics_keys[] = {
    {"port", KEY_INT(settings_metrics, port), KEY_RANGE(0, 65535), KEY_DEFAULT("9651"),
     KEY_HELP("TCP port of metrics and status, on the node's address and loopback; 0: none")},
    {"compat", KEY_ENUM(settings_metrics, compat), KEY_CHOICES(compats), KEY_DEFAULT("none"),
     KEY_HELP("whose metrics to offer, too")},
    {.name = NULL},
};

static const struct key root_keys[] = {
    {"cluster", KEY_GROUP(settings, cluster, settings_cluster, cluster_keys),
     KEY_HELP("what the nodes share")},
    {"nodes", KEY_GROUPS(settings, nodes, node_count, settings_node, node_keys),
     KEY_COUNT(1, SETTINGS_NODES_MAX), KEY_REQUIRED, KEY_HELP("who runs regha")},
    {"virtual_routers", KEY_GROUPS(settings, routers, router_count, settings_router, router_keys),
     KEY_COUNT(1, SETTINGS_ROUTERS_MAX), KEY_REQUIRED,
     KEY_HELP("addresses that are held by one node at a time")},
    {"probes", KEY_GROUPS(settings, probes, probe_count, probe_params, settings_keys_probe),
     KEY_COUNT(0, SETTINGS_PROBES_MAX), .spare = PROBES_SPARE,
     KEY_RULE("derived from the registries' own configuration"), KEY_HELP("what is watched")},
    {"registries",
     KEY_GROUPS(settings, registries, registry_count, settings_registry, settings_keys_registry),
     KEY_COUNT(0, SETTINGS_REGISTRIES_MAX), KEY_RULE("none"), KEY_HELP("what is run")},
    {"policy", KEY_GROUP(settings, policy, settings_policy, settings_keys_policy),
     KEY_HELP("what follows from what is seen")},
    {"control", KEY_GROUP(settings, control, settings_control, control_keys),
     KEY_HELP("the command line's door")},
    {"metrics", KEY_GROUP(settings, metrics, settings_metrics, metrics_keys),
     KEY_HELP("the monitoring's door")},
    {"quorum", KEY_LATER},
    {"guard", KEY_GROUP(settings, guard, settings_guard, settings_keys_guard),
     KEY_HELP("silences a holder that has stopped")},
    {"balancers", KEY_LATER},
    {"breaker", KEY_GROUP(settings, breaker, settings_breaker, settings_keys_breaker),
     KEY_HELP("cuts off storage peers that are silent")},
    {"on_transition",
     KEY_PACKED(KEY_KIND_PATH, settings, hooks.on_transition, hooks.on_transition_bytes),
     KEY_COUNT(0, SETTINGS_HOOKS_MAX), KEY_RANGE(2, REGISTRY_PATH_BYTES - 1), KEY_RULE("none"),
     KEY_HELP("programs that are told when the state of any virtual router changes")},
    {"hook_user", KEY_NAME(settings, hooks.user), KEY_RANGE(1, ROOM(settings, hooks.user)),
     KEY_DEFAULT("regha-hook"), KEY_HELP("who runs them, and the commands of probes; never root")},
    {"hook_timeout", KEY_DURATION(settings, hooks.timeout_ns), KEY_RANGE(100 * MS, 10 * MINUTE),
     KEY_DEFAULT("30s"), KEY_HELP("how long one of them may take before it is killed")},
    {.name = NULL},
};

const struct key *settings_keys_root(void)
{
    return root_keys;
}
