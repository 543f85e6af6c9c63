/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/policy/breakers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisord/policy/breaker_ask.h"
#include "supervisord/policy/breaker_tell.h"
#include "supervisord/policy/store_watch.h"

#define QUIET_NS  (500 * NS_PER_MS)
#define DOUBT_NS  (100 * NS_PER_MS)
#define REPEAT_NS (75 * NS_PER_MS)
#define SLOW_NS   (500 * NS_PER_MS)
/* A peer that has been doubted for longer is asked slowly, and the other ones as ever. */
#define EAGER_NS (5 * NS_PER_S)
/* Four goals in KERNEL_BREAKER_LIFE_NS. */
#define GOAL_NS (KERNEL_BREAKER_LIFE_NS / 4)
/* What a former reghad had opened is left to its own end, unless we know better. */
#define FIRST_GOAL_NS KERNEL_BREAKER_LIFE_NS
/* As long as a store may wait for a silent peer, and some more. */
#define IN_DOUBT_NS (60 * NS_PER_S)

struct breakers_peer {
    struct breaker_ask ask;
    enum breaker_host host;
    struct monotime missed;
    struct monotime doubted; /* when it began to be, or changed its state meanwhile; 0: it is not */
    enum breaker_reason told;
};

struct breakers {
    struct core *core;
    struct breaker breaker;
    size_t count;
    struct breakers_peer *peers[BREAKER_PEERS];
    struct loop_timer pulse;
    struct monotime sent; /* the last goal; 0: none yet */
    bool is_unsent;
    unsigned read_quorum; /* as MinIO said last */
};

_Static_assert((int)BREAKER_PEERS == SETTINGS_BREAKER_PEERS &&
                   (int)BREAKER_PEERS == KERNEL_BREAKER_PEERS,
               "all peers of the settings are watched and can be cut off");
_Static_assert(BREAKER_LIFE_NS == KERNEL_BREAKER_LIFE_NS, "one life");

/* Soon, but after all that has come in by now. */
static void judge_soon(struct breakers *breakers, struct monotime now)
{
    (void)loop_timer_set(breakers->core->loop, &breakers->pulse, now);
}

static void handle_answer(void *owner, struct monotime now)
{
    judge_soon(owner, now);
}

/* Evidence. */

/* MinIO tells it to whoever asks for the cluster's health; the greatest of several sets counts. */
static unsigned read_quorum(struct breakers *breakers)
{
    const struct probe_set *probes = breakers->core->world.probes;
    unsigned most = 0;

    for (size_t at = 0; at < probe_set_count(probes); at++) {
        const int quorum = probe_set_state(probes, at)->read_quorum;
        if (quorum > 0 && (unsigned)quorum > most)
            most = (unsigned)quorum;
    }
    if (most > 0)
        breakers->read_quorum = most;
    return breakers->read_quorum;
}

static struct breaker_peer evidence_of(const struct breakers_peer *peer)
{
    const struct breaker_ask_seen *seen = &peer->ask.seen;

    return (struct breaker_peer){
        .host = peer->host,
        .missed = peer->missed,
        .asked = seen->asked,
        .asked_count = seen->asked_count,
        .asked_two = seen->asked_two,
        .begun = peer->ask.begun,
        .connected = seen->connected,
        .answered_begun = seen->answered_begun,
        .answered = seen->answered,
        .refused_begun = seen->refused_begun,
        .refused = seen->refused,
    };
}

static void gather(struct breakers *breakers, struct breaker_evidence *evidence)
{
    const struct settings_breaker *settings = &breakers->core->world.settings->breaker;

    memset(evidence, 0, sizeof(*evidence));
    evidence->params = (struct breaker_params){
        .interval_ns = QUIET_NS,
        .doubt_interval_ns = DOUBT_NS,
        .connect_timeout_ns = settings->connect_timeout_ns,
        .answer_timeout_ns = settings->answer_timeout_ns,
        .silence_ns = settings->silence_ns,
        .max_open = (unsigned)settings->max_open,
        .drives_per_node = (unsigned)settings->drives_per_node,
        .drives_per_set = (unsigned)settings->drives_per_set,
        .read_quorum = read_quorum(breakers),
    };
    evidence->is_off = breakers->core->world.breakers.is_off;
    evidence->peer_count = breakers->count;
    for (size_t at = 0; at < breakers->count; at++)
        evidence->peers[at] = evidence_of(breakers->peers[at]);
}

/* Asking. */

static int64_t interval_ns(const struct breakers_peer *peer, const struct breaker_verdict *verdict,
                           size_t at, struct monotime now)
{
    const struct breaker_peer_verdict *own = &verdict->peers[at];
    const struct breaker_ask_seen *seen = &peer->ask.seen;
    const bool is_eager = seen->asked.ns == 0 || monotime_since(seen->asked, now) < EAGER_NS;

    if (own->state == BREAKER_OPEN || (own->is_doubted && !is_eager))
        return SLOW_NS;
    if (own->is_doubted)
        return seen->asked_count == 1 ? REPEAT_NS : DOUBT_NS;
    return verdict->is_urgent ? DOUBT_NS : QUIET_NS;
}

static bool is_due(const struct breakers_peer *peer, const struct breaker_verdict *verdict,
                   size_t at, struct monotime now)
{
    const struct monotime begun = peer->ask.begun;

    return begun.ns == 0 || verdict->peers[at].ask_now ||
           (peer->missed.ns != 0 && begun.ns < peer->missed.ns) ||
           monotime_reached(monotime_add(begun, interval_ns(peer, verdict, at, now)), now);
}

/* A peer that has just been cut off, or let go for another reason than an answer, fails anew or not. */
static bool is_to_restart(const struct breakers_peer *peer, const struct breaker_verdict *verdict,
                          size_t at)
{
    return verdict->has_stood_still ||
           (verdict->peers[at].has_changed && peer->ask.seen.asked.ns != 0);
}

static void ask_peers(struct breakers *breakers, const struct breaker_verdict *verdict,
                      struct monotime now)
{
    for (size_t at = 0; at < breakers->count; at++) {
        struct breakers_peer *peer = breakers->peers[at];

        if (is_to_restart(peer, verdict, at))
            breaker_ask_restart(&peer->ask, now);
        else if (is_due(peer, verdict, at, now))
            breaker_ask_begin(&peer->ask, now);
    }
}

/* What is seen. */

/* Returns whether the peer became silent, refusing, well, cut off, or let go. */
static bool update_view(struct breakers *breakers, const struct breaker_verdict *verdict, size_t at,
                        struct monotime now)
{
    struct breakers_peer *peer = breakers->peers[at];
    struct breaker_view_peer *view = &breakers->core->world.breakers.peers[at];
    const struct breaker_memory *memory = &breakers->breaker.peers[at];
    const bool is_refusing = peer->ask.seen.refused.ns > peer->ask.seen.answered.ns;
    const bool was_doubted = view->verdict.is_doubted;
    const bool has_changed = verdict->peers[at].has_changed || view->is_refusing != is_refusing ||
                             was_doubted != verdict->peers[at].is_doubted;

    view->verdict = verdict->peers[at];
    view->host = peer->host;
    view->is_refusing = is_refusing;
    view->since = memory->since;
    view->asked = peer->ask.seen.asked;
    view->answered = peer->ask.seen.answered;
    memcpy(view->opened, memory->opened, sizeof(view->opened));
    if (!view->verdict.is_doubted)
        peer->doubted.ns = 0;
    else if (has_changed || peer->doubted.ns == 0)
        peer->doubted = now;
    return has_changed;
}

static bool is_in_doubt(const struct breakers *breakers, struct monotime now)
{
    for (size_t at = 0; at < breakers->count; at++)
        if (breakers->peers[at]->doubted.ns != 0 &&
            monotime_since(breakers->peers[at]->doubted, now) < IN_DOUBT_NS)
            return true;
    return false;
}

static void see(struct breakers *breakers, const struct breaker_evidence *evidence,
                const struct breaker_verdict *verdict, struct monotime now)
{
    struct breaker_view *view = &breakers->core->world.breakers;
    bool has_changed = false;

    view->limit = verdict->limit;
    view->open_count = verdict->open_count;
    for (size_t at = 0; at < breakers->count; at++) {
        const enum breaker_state before = view->peers[at].verdict.state;

        has_changed |= update_view(breakers, verdict, at, now);
        breaker_tell_peer(&breakers->core->world, evidence,
                          &(struct breaker_tell){at, before, &breakers->peers[at]->told}, now);
    }
    if (has_changed)
        store_watch_hurry(breakers->core,
                          now); /* not when it is due: the store is another one now */
    if (has_changed || view->in_doubt != is_in_doubt(breakers, now)) {
        view->in_doubt = is_in_doubt(breakers, now);
        breakers->core->is_dirty = true;
    }
}

/* The kernel. */

static bool is_goal_due(const struct breakers *breakers, size_t open_count, struct monotime now)
{
    const struct core *core = breakers->core;

    if (open_count > 0 &&
        (breakers->is_unsent || monotime_reached(monotime_add(breakers->sent, GOAL_NS), now)))
        return true;
    return breakers->is_unsent && monotime_reached(monotime_add(core->asked, FIRST_GOAL_NS), now);
}

static void send_goal(struct breakers *breakers, size_t open_count, struct monotime now)
{
    struct channel_client *client = breakers->core->clients[WORLD_NET];
    struct kernel_breaker_goal goal;

    if (!channel_client_is_ready(client) || !is_goal_due(breakers, open_count, now))
        return;
    memset(&goal, 0, sizeof(goal));
    goal.peer_count = (uint8_t)breakers->count;
    for (size_t at = 0; at < breakers->count; at++)
        goal.peers[at] = (struct kernel_breaker_peer){
            .address = breakers->peers[at]->ask.address,
            .port = breakers->peers[at]->ask.port,
            .open = breakers->breaker.peers[at].state == BREAKER_OPEN,
        };
    if (channel_client_want(client, &kernel_message_breaker_goal, &goal) < 0 ||
        channel_client_end(client, false) < 0)
        return;
    breakers->sent = now;
    breakers->is_unsent = false;
}

static void judge(struct breakers *breakers, struct monotime now)
{
    struct breaker_evidence evidence;

    gather(breakers, &evidence);
    const struct breaker_verdict verdict = breaker_judge(&breakers->breaker, &evidence, now);
    for (size_t at = 0; at < breakers->count; at++)
        breakers->is_unsent |= verdict.peers[at].has_changed;
    send_goal(breakers, verdict.open_count, now); /* first: it is what others wait for */
    see(breakers, &evidence, &verdict, now);
    ask_peers(breakers, &verdict, now);
    (void)loop_timer_set(breakers->core->loop, &breakers->pulse, verdict.again);
}

static void handle_pulse(struct loop_timer *timer, struct monotime now)
{
    judge(timer->owner, now);
}

/* Peers come and go with the settings. */

static struct breakers_peer *peer_new(struct breakers *breakers,
                                      const struct settings_breaker_peer *at)
{
    struct breakers_peer *peer = calloc(1, sizeof(*peer));

    if (!peer)
        return NULL;
    peer->ask.loop = breakers->core->loop;
    peer->ask.address = at->address;
    peer->ask.port = at->port;
    peer->ask.changed = handle_answer;
    peer->ask.owner = breakers;
    breaker_ask_init(&peer->ask);
    return peer;
}

static void peer_free(struct breakers_peer *peer)
{
    if (!peer)
        return;
    breaker_ask_fini(&peer->ask);
    free(peer);
}

static size_t find_peer(struct breakers_peer *const *peers, size_t count,
                        const struct settings_breaker_peer *wanted)
{
    for (size_t at = 0; at < count; at++)
        if (peers[at] && peers[at]->ask.port == wanted->port &&
            address_is_same(&peers[at]->ask.address, &wanted->address))
            return at;
    return BREAKER_PEERS;
}

/* Those that stay are taken out of `old`. */
static void list_peers(struct breakers *breakers, struct breakers_peer **old, size_t old_count)
{
    const struct settings_breaker *settings = &breakers->core->world.settings->breaker;
    size_t former[BREAKER_PEERS];

    breakers->count = 0;
    for (size_t at = 0; at < settings->watch_count; at++) {
        const size_t place = find_peer(old, old_count, &settings->watch[at]);
        struct breakers_peer *peer =
            place < BREAKER_PEERS ? old[place] : peer_new(breakers, &settings->watch[at]);

        if (!peer)
            continue; /* without memory it is not watched */
        if (place < BREAKER_PEERS)
            old[place] = NULL;
        former[breakers->count] = place;
        breakers->peers[breakers->count++] = peer;
    }
    breaker_move(&breakers->breaker, former, breakers->count);
}

static void name_node(const struct settings *settings, struct breaker_view_peer *view)
{
    for (size_t at = 0; at < settings->node_count; at++)
        if (address_is_same(&settings->nodes[at].address, &view->address))
            snprintf(view->node, sizeof(view->node), "%s", settings->nodes[at].name);
}

static void forget_host(struct breakers_peer *peer)
{
    peer->host = BREAKER_HOST_UNKNOWN;
    peer->missed.ns = 0;
}

static void list_view(struct breakers *breakers)
{
    struct breaker_view *view = &breakers->core->world.breakers;
    const struct core *core = breakers->core;

    memset(view->peers, 0, sizeof(view->peers));
    view->peer_count = breakers->count;
    for (size_t at = 0; at < breakers->count; at++) {
        struct breaker_view_peer *peer = &view->peers[at];
        char text[ADDRESS_TEXT_BYTES];
        const bool is_ipv6 = breakers->peers[at]->ask.address.family == AF_INET6;

        peer->address = breakers->peers[at]->ask.address;
        peer->port = breakers->peers[at]->ask.port;
        peer->verdict.state = breakers->breaker.peers[at].state;
        snprintf(peer->label, sizeof(peer->label), "%s%s%s:%u", is_ipv6 ? "[" : "",
                 address_format_host(&peer->address, text), is_ipv6 ? "]" : "", peer->port);
        name_node(core->world.settings, peer);
        if (peer->node[0] == '\0')
            forget_host(breakers->peers[at]); /* nobody speaks of it any more */
    }
    view->is_off = core->key_count == 0 || core->world.settings->breaker.max_open == 0;
    snprintf(view->why, sizeof(view->why), "%s",
             core->key_count == 0 ? "without a cluster key nodes do not hear of each other"
             : view->is_off       ? "breaker.max_open is 0"
                                  : "");
}

void breakers_apply(struct core *core, struct monotime now)
{
    struct breakers *breakers = core->breakers;
    struct breakers_peer *old[BREAKER_PEERS];
    const size_t old_count = breakers->count;

    memcpy(old, breakers->peers, sizeof(old));
    memset(breakers->peers, 0, sizeof(breakers->peers));
    list_peers(breakers, old, old_count);
    for (size_t at = 0; at < old_count; at++)
        peer_free(old[at]);
    list_view(breakers);
    breakers->is_unsent = true;
    judge_soon(breakers, now);
}

void breakers_hear(struct core *core, const struct vrrp_peer_state *state, struct monotime now)
{
    struct breakers *breakers = core->breakers;
    const struct settings *settings = core->world.settings;

    for (size_t at = 0; breakers && at < breakers->count; at++) {
        struct breakers_peer *peer = breakers->peers[at];
        const struct breaker_view_peer *view = &core->world.breakers.peers[at];
        const struct monotime before = peer->missed;
        const enum breaker_host host = peer->host;

        if (strcmp(view->node, state->name) != 0 || settings->self == SETTINGS_NO_NODE)
            continue;
        peer->host = state->silent && !state->leaving               ? BREAKER_HOST_SILENT
                     : state->seen_ns != 0 || state->missed_ns != 0 ? BREAKER_HOST_HEARD
                                                                    : BREAKER_HOST_UNKNOWN;
        peer->missed.ns = state->leaving ? 0 : state->missed_ns;
        if (peer->missed.ns != before.ns || peer->host != host)
            judge_soon(breakers, now);
    }
}

void breakers_take(struct core *core, const struct kernel_breaker_status *status)
{
    struct breaker_view *view = &core->world.breakers;

    view->is_known = true;
    view->is_supported = status->supported;
    view->error = status->error;
    for (size_t at = 0; at < status->peer_count; at++)
        for (size_t own = 0; own < view->peer_count; own++) {
            struct breaker_view_peer *peer = &view->peers[own];
            if (peer->port != status->peers[at].port ||
                !address_is_same(&peer->address, &status->peers[at].address))
                continue;
            peer->seen = status->peers[at];
            peer->is_seen = true;
            peer->has_connected |= peer->seen.sockets > 0 || peer->seen.forwarded;
        }
}

void breakers_process(struct core *core, enum world_process_kind kind, bool connected,
                      struct monotime now)
{
    struct breakers *breakers = core->breakers;

    if (!breakers)
        return;
    if (kind == WORLD_NET) {
        core->world.breakers.is_known &= connected;
        breakers->is_unsent = true;
        judge_soon(breakers, now);
    }
    for (size_t at = 0; at < breakers->count && kind == WORLD_VRRP && !connected; at++)
        forget_host(breakers->peers[at]); /* nobody listens */
}

int breakers_new(struct core *core, struct err *err)
{
    core->breakers = calloc(1, sizeof(*core->breakers));
    if (!core->breakers)
        return err_set(err, ENOMEM, "no memory for the circuit breaker");
    core->breakers->core = core;
    loop_timer_init(&core->breakers->pulse, "circuit breaker", handle_pulse, core->breakers);
    return 0;
}

void breakers_free(struct core *core)
{
    struct breakers *breakers = core->breakers;

    if (!breakers)
        return;
    loop_timer_cancel(core->loop, &breakers->pulse);
    for (size_t at = 0; at < breakers->count; at++)
        peer_free(breakers->peers[at]);
    free(breakers);
    core->breakers = NULL;
}
