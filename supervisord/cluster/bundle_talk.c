/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/cluster/bundle_talk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bundle.h"
#include "supervisord/cluster/bundle_keep.h"

#define POLL_NS    (1 * NS_PER_S)
#define HURRY_NS   (200 * NS_PER_MS)
#define ANSWER_NS  (2 * NS_PER_S)
#define SILENT_NS  (4 * NS_PER_S)
#define ATTEMPT_NS (10 * NS_PER_S)

static size_t node_count(const struct bundles *bundles)
{
    return bundles->core->world.node_count;
}

static bool is_self(const struct bundles *bundles, size_t node)
{
    return bundles->core->world.nodes[node].self;
}

static int send_question(struct bundles *bundles, struct requests_question *question)
{
    question->uid = question->uid ? question->uid : getuid();
    return requests_send(bundles->core->requests, question);
}

/* State: asked and answered. */

static void answer_state(struct bundles *bundles, const struct requests_call *call)
{
    struct bundle_message_state state = {.count = 0};
    uint8_t bytes[BUNDLE_MESSAGE_STATE_BYTES];

    for (size_t at = 0; at < bundles->count; at++) {
        const struct bundles_one *one = bundles->ones[at];
        const struct bundle_order_report *self = &one->order.reports[one->order.self];
        struct bundle_message_registry *registry = &state.registries[state.count++];

        memcpy(registry->name, one->name, sizeof(registry->name));
        registry->is_blank = self->is_blank;
        registry->acknowledged = self->acknowledged;
        registry->current = self->current;
        memcpy(registry->files, one->captured.digest, sizeof(registry->files));
    }
    const int length = bundle_message_encode_state(&state, bytes);
    requests_answer(bundles->core->requests, call->call, length < 0 ? length : 0, bytes,
                    length < 0 ? 0 : (size_t)length);
}

static void set_heard(struct bundles *bundles, size_t node, bool is_heard, struct monotime now)
{
    for (size_t at = 0; at < bundles->count; at++) {
        struct bundles_one *one = bundles->ones[at];

        if (node >= one->order.count || one->order.reports[node].is_heard == is_heard)
            continue;
        one->order.reports[node].is_heard = is_heard;
        bundles_judge(one, now);
    }
}

static void take_state(struct bundles *bundles, size_t node,
                       const struct bundle_message_state *state, struct monotime now)
{
    for (size_t at = 0; at < state->count; at++) {
        const struct bundle_message_registry *said = &state->registries[at];
        struct bundles_one *one = bundles_find(bundles, said->name);

        if (!one || node >= one->order.count)
            continue;
        struct bundle_order_report *report = &one->order.reports[node];
        report->is_heard = true;
        report->is_blank = said->is_blank;
        report->acknowledged = said->acknowledged;
        report->current = said->current;
        memcpy(report->files, said->files, sizeof(report->files));
        bundles_judge(one, now);
    }
}

static void handle_state(void *owner, const struct requests_reply *reply, struct monotime now)
{
    struct bundles *bundles = owner;
    struct bundle_message_state state;

    if (reply->node >= SETTINGS_NODES_MAX || reply->node >= node_count(bundles))
        return;
    bundles->is_asked[reply->node] = false;
    if (reply->result < 0 ||
        bundle_message_decode_state(reply->body, reply->body_bytes, &state) < 0) {
        if (monotime_reached(monotime_add(bundles->heard[reply->node], SILENT_NS), now))
            set_heard(bundles, reply->node, false, now);
        return;
    }
    bundles->heard[reply->node] = now;
    take_state(bundles, reply->node, &state, now);
}

static bool all_hear_majority(const struct bundles *bundles)
{
    for (size_t at = 0; at < bundles->count; at++)
        if (!bundle_order_has_majority(&bundles->ones[at]->order))
            return false;
    return true;
}

static void give_up_attempts(struct bundles *bundles, struct monotime now)
{
    for (size_t at = 0; at < bundles->count; at++) {
        struct bundles_one *one = bundles->ones[at];

        if (one->is_trying && monotime_reached(one->deadline, now))
            bundles_end_attempt(one, false, "not enough nodes acknowledged it in time", now);
    }
}

void bundle_talk_poll(struct bundles *bundles, struct monotime now)
{
    for (size_t node = 0; node < node_count(bundles) && node < SETTINGS_NODES_MAX; node++) {
        struct requests_question question = {.node = node,
                                             .type = REQUESTS_BUNDLE_STATE,
                                             .deadline = monotime_add(now, ANSWER_NS),
                                             .answered = handle_state,
                                             .owner = bundles};

        if (is_self(bundles, node) || bundles->is_asked[node])
            continue;
        bundles->is_asked[node] = send_question(bundles, &question) == 0;
        if (!bundles->is_asked[node])
            set_heard(bundles, node, false, now);
    }
    give_up_attempts(bundles, now);
    for (size_t at = 0; at < bundles->count; at++)
        bundles_judge(bundles->ones[at], now);
    (void)loop_timer_set(bundles->core->loop, &bundles->poll,
                         monotime_add(now, all_hear_majority(bundles) ? POLL_NS : HURRY_NS));
}

static void handle_poll(struct loop_timer *timer, struct monotime now)
{
    bundle_talk_poll(timer->owner, now);
}

/* Offers and commits of others. */

static bool is_bundle(const uint8_t *bytes, size_t length_bytes, const char *digest)
{
    char found[DIGEST_TEXT_BYTES];
    struct bundle bundle;

    digest_of(bytes, length_bytes, found);
    return strcmp(found, digest) == 0 && bundle_decode(bytes, length_bytes, &bundle) == 0;
}

/* May we acknowledge it, with what is on its way to the disk counted? */
static enum bundle_order_answer judge_offer(const struct bundles_one *one,
                                            const struct bundle_order_version *version)
{
    struct bundle_order order = one->order;

    order.reports[order.self] = one->next;
    return bundle_order_judge(&order, version);
}

static int take_offer(struct bundles_one *one, const struct requests_call *call,
                      const struct bundle_message_version *offered, size_t head_bytes,
                      struct monotime now)
{
    const uint8_t *bytes = call->body + head_bytes;
    const size_t length_bytes = call->body_bytes - head_bytes;
    const struct bundle_order_version *disk = &one->order.reports[one->order.self].acknowledged;

    if (!is_bundle(bytes, length_bytes, offered->version.digest))
        return -EPROTO;
    if (one->disk_words[0] != '\0')
        return -EROFS;
    const enum bundle_order_answer answer = judge_offer(one, &offered->version);
    if (answer == BUNDLE_ORDER_AGAIN && bundle_order_is_same(disk, &offered->version))
        return (int)answer;
    if (answer != BUNDLE_ORDER_YES && answer != BUNDLE_ORDER_AGAIN)
        return (int)answer;
    if (one->call != 0)
        requests_answer(one->bundles->core->requests, one->call, -EAGAIN, NULL, 0);
    one->call = call->call;
    one->called = offered->version;
    if (answer == BUNDLE_ORDER_YES)
        bundle_keep_vote(one, &offered->version, bytes, length_bytes, now);
    return -EINPROGRESS; /* answered when it is on the disk */
}

static int take_commit(struct bundles_one *one, size_t node,
                       const struct bundle_message_version *said, struct monotime now)
{
    const struct bundles_blob *blob = bundles_blob(one, said->version.digest);

    /* It knows that a majority acknowledged it. */
    if (node < one->order.count &&
        said->version.generation > one->order.reports[node].current.generation)
        one->order.reports[node].current = said->version;
    if (said->version.generation <= one->next.current.generation)
        return 0;
    if (blob)
        bundle_keep_commit(one, &said->version, blob->bytes, blob->length_bytes, now);
    else
        bundle_talk_fetch(one, &said->version, now);
    return 0;
}

static int take_fetch(struct bundles_one *one, const struct requests_call *call,
                      const struct bundle_message_version *said)
{
    const struct bundles_blob *blob = bundles_blob(one, said->version.digest);

    if (!blob)
        return -ENOENT;
    requests_answer(one->bundles->core->requests, call->call, 0, blob->bytes, blob->length_bytes);
    return -EINPROGRESS;
}

static void handle_call(void *owner, const struct requests_call *call, struct monotime now)
{
    struct bundles *bundles = owner;
    struct bundle_message_version said;
    int result = -EPROTO;

    if (call->type == REQUESTS_BUNDLE_STATE) {
        answer_state(bundles, call);
        return;
    }
    const int head_bytes = bundle_message_decode_version(call->body, call->body_bytes, &said);
    struct bundles_one *one = head_bytes < 0 ? NULL : bundles_find(bundles, said.name);
    if (one && call->type == REQUESTS_BUNDLE_OFFER)
        result = take_offer(one, call, &said, (size_t)head_bytes, now);
    else if (one && call->type == REQUESTS_BUNDLE_COMMIT)
        result = take_commit(one, call->node, &said, now);
    else if (one && call->type == REQUESTS_BUNDLE_FETCH)
        result = take_fetch(one, call, &said);
    if (result != -EINPROGRESS)
        requests_answer(bundles->core->requests, call->call, result, NULL, 0);
}

void bundle_talk_open(struct bundles *bundles)
{
    static const enum requests_type types[] = {REQUESTS_BUNDLE_STATE, REQUESTS_BUNDLE_OFFER,
                                               REQUESTS_BUNDLE_FETCH, REQUESTS_BUNDLE_COMMIT};

    for (size_t at = 0; at < sizeof(types) / sizeof(types[0]); at++)
        bundles->core->request_handlers[types[at]] =
            (struct core_request_handler){handle_call, bundles};
    loop_timer_init(&bundles->poll, "bundles", handle_poll, bundles);
}

/* Our own attempt. */

static size_t encode_version(const struct bundles_one *one,
                             const struct bundle_order_version *version,
                             uint8_t bytes[BUNDLE_MESSAGE_HEAD_BYTES])
{
    struct bundle_message_version message = {.version = *version};

    memcpy(message.name, one->name, sizeof(message.name));
    const int length = bundle_message_encode_version(&message, bytes);
    return length < 0 ? 0 : (size_t)length;
}

/* Answers nobody waits for. */
static void handle_ignored(void *owner, const struct requests_reply *reply, struct monotime now)
{
    (void)owner;
    (void)reply;
    (void)now;
}

static void tell_current(struct bundles_one *one, const struct bundle_order_version *version,
                         struct monotime now)
{
    uint8_t head[BUNDLE_MESSAGE_HEAD_BYTES];
    const size_t head_bytes = encode_version(one, version, head);

    for (size_t node = 0; node < one->order.count; node++) {
        struct requests_question question = {.node = node,
                                             .type = REQUESTS_BUNDLE_COMMIT,
                                             .body = head,
                                             .body_bytes = head_bytes,
                                             .deadline = monotime_add(now, ANSWER_NS),
                                             .answered = handle_ignored,
                                             .owner = one->bundles};

        if (node != one->order.self)
            (void)send_question(one->bundles, &question); /* who misses it hears it with the next
                                                             state */
    }
}

static void judge_ballot(struct bundles_one *one, struct monotime now)
{
    const struct bundle_order_version version = one->ballot.version;
    const struct bundles_blob *blob = bundles_blob(one, version.digest);
    char words[sizeof(one->attempt_words)];

    switch (bundle_order_outcome(&one->ballot)) {
    case BUNDLE_ORDER_PENDING:
        return;
    case BUNDLE_ORDER_WON:
        if (blob)
            bundle_keep_commit(one, &version, blob->bytes, blob->length_bytes, now);
        tell_current(one, &version, now);
        bundles_end_attempt(one, true, "", now);
        return;
    case BUNDLE_ORDER_LOST:
        snprintf(words, sizeof(words), "%s",
                 one->attempt_words[0] ? one->attempt_words : "too few nodes acknowledged it");
        bundles_end_attempt(one, false, words, now);
        return;
    }
}

struct offer {
    struct bundles *bundles;
    char name[REGISTRY_NAME_BYTES];
    struct bundle_order_version version;
};

static void handle_offered(void *owner, const struct requests_reply *reply, struct monotime now)
{
    struct offer *offer = owner;
    struct bundles_one *one = bundles_find(offer->bundles, offer->name);
    const bool counts = one && one->is_trying && reply->node < one->ballot.count &&
                        bundle_order_is_same(&one->ballot.version, &offer->version);
    const bool acknowledged =
        reply->result == BUNDLE_ORDER_YES || reply->result == BUNDLE_ORDER_AGAIN;

    const struct bundle_order_version offered = offer->version;

    free(offer);
    if (!counts)
        return;
    if (!acknowledged)
        snprintf(one->attempt_words, sizeof(one->attempt_words), "%s: %s",
                 one->bundles->core->world.nodes[reply->node].settings.name,
                 reply->result < 0 ? strerror(-reply->result)
                 : reply->result < BUNDLE_ORDER_ANSWERS
                     ? bundle_order_answer_text((enum bundle_order_answer)reply->result)
                     : "refuses it");
    bundle_order_count(&one->ballot, reply->node, acknowledged);
    if (acknowledged &&
        offered.generation > one->order.reports[reply->node].acknowledged.generation)
        one->order.reports[reply->node].acknowledged = offered;
    judge_ballot(one, now);
}

static bool offer_to(struct bundles_one *one, size_t node, const uint8_t *body, size_t body_bytes)
{
    struct offer *offer = calloc(1, sizeof(*offer));
    struct requests_question question = {.node = node,
                                         .type = REQUESTS_BUNDLE_OFFER,
                                         .uid = one->uid,
                                         .body = body,
                                         .body_bytes = body_bytes,
                                         .deadline = one->deadline,
                                         .answered = handle_offered,
                                         .owner = offer};

    if (!offer)
        return false;
    offer->bundles = one->bundles;
    offer->version = one->ballot.version;
    memcpy(offer->name, one->name, sizeof(offer->name));
    if (send_question(one->bundles, &question) == 0)
        return true;
    free(offer);
    return false;
}

static void offer_to_all(struct bundles_one *one)
{
    uint8_t head[BUNDLE_MESSAGE_HEAD_BYTES];
    const struct bundles_blob *blob = bundles_blob(one, one->ballot.version.digest);
    const size_t head_bytes = encode_version(one, &one->ballot.version, head);
    uint8_t *body = blob ? malloc(head_bytes + blob->length_bytes) : NULL;

    if (body) {
        memcpy(body, head, head_bytes);
        memcpy(body + head_bytes, blob->bytes, blob->length_bytes);
    }
    for (size_t node = 0; node < one->order.count; node++)
        if (node != one->order.self &&
            (!body || !offer_to(one, node, body, head_bytes + blob->length_bytes)))
            bundle_order_count(&one->ballot, node, false);
    if (body)
        explicit_bzero(body, head_bytes + blob->length_bytes);
    free(body);
}

void bundle_talk_begin(struct bundles_one *one, const struct bundle_order_version *version,
                       const struct bundles_blob *blob, uid_t uid, struct monotime now)
{
    bundle_order_begin(&one->ballot, one->order.count, version);
    one->is_trying = true;
    one->is_sent = false;
    one->uid = uid;
    one->deadline = monotime_add(now, ATTEMPT_NS);
    one->attempt_words[0] = '\0';
    one->world.attempt.number++;
    one->world.attempt.is_running = true;
    one->world.attempt.generation = version->generation;
    if (judge_offer(one, version) == BUNDLE_ORDER_YES)
        bundle_keep_vote(one, version, blob->bytes, blob->length_bytes, now);
    else
        bundle_talk_saved(one, 0, now); /* it did before */
}

/* Our own vote is on the disk: now the others are asked. */
static void go_on(struct bundles_one *one, struct monotime now)
{
    const struct bundle_order_version *disk = &one->order.reports[one->order.self].acknowledged;

    if (!one->is_trying || one->is_sent || !bundle_order_is_same(disk, &one->ballot.version))
        return;
    one->is_sent = true;
    bundle_order_count(&one->ballot, one->order.self, true);
    offer_to_all(one);
    judge_ballot(one, now);
}

void bundle_talk_saved(struct bundles_one *one, int result, struct monotime now)
{
    const struct bundle_order_version *disk = &one->order.reports[one->order.self].acknowledged;

    if (one->call != 0 && (result < 0 || bundle_order_is_same(disk, &one->called))) {
        requests_answer(one->bundles->core->requests, one->call,
                        result < 0 ? result : BUNDLE_ORDER_YES, NULL, 0);
        one->call = 0;
    }
    if (result < 0 && one->is_trying && !one->is_sent)
        bundles_end_attempt(one, false, one->disk_words, now);
    else
        go_on(one, now);
}

/* Getting what we have not. */

static void handle_fetched(void *owner, const struct requests_reply *reply, struct monotime now)
{
    struct offer *fetch = owner;
    struct bundles_one *one = bundles_find(fetch->bundles, fetch->name);
    const struct bundle_order_version version = fetch->version;

    free(fetch);
    if (!one)
        return;
    one->is_fetching = false;
    if (reply->result < 0 || !is_bundle(reply->body, reply->body_bytes, version.digest))
        return; /* asked again, with the next judgement */
    bundle_keep_commit(one, &version, reply->body, reply->body_bytes, now);
}

static bool has_it(const struct bundle_order_report *report,
                   const struct bundle_order_version *version)
{
    return report->is_heard && (bundle_order_is_same(&report->current, version) ||
                                bundle_order_is_same(&report->acknowledged, version) ||
                                strcmp(report->files, version->digest) == 0);
}

void bundle_talk_fetch(struct bundles_one *one, const struct bundle_order_version *version,
                       struct monotime now)
{
    uint8_t head[BUNDLE_MESSAGE_HEAD_BYTES];
    struct offer *fetch = one->is_fetching ? NULL : calloc(1, sizeof(*fetch));
    struct requests_question question = {.type = REQUESTS_BUNDLE_FETCH,
                                         .body = head,
                                         .body_bytes = encode_version(one, version, head),
                                         .deadline = monotime_add(now, ATTEMPT_NS),
                                         .answered = handle_fetched,
                                         .owner = fetch};

    if (!fetch)
        return;
    fetch->bundles = one->bundles;
    fetch->version = *version;
    memcpy(fetch->name, one->name, sizeof(fetch->name));
    for (size_t turn = 0; turn < one->order.count && !one->is_fetching; turn++) {
        one->fetched_from = (one->fetched_from + 1) % one->order.count;
        question.node = one->fetched_from;
        one->is_fetching = question.node != one->order.self &&
                           has_it(&one->order.reports[question.node], version) &&
                           send_question(one->bundles, &question) == 0;
    }
    if (!one->is_fetching)
        free(fetch);
}
