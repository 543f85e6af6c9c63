/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/cluster/requests.h"

#include <errno.h>
#include <stdlib.h>

#include "supervisord/cluster/request_asker.h"
#include "supervisord/cluster/request_server.h"

struct requests {
    struct request_party party;
    struct request_server server;
    struct request_asker asker;
};

int requests_new(struct loop *loop, requests_handle *handle, void *owner,
                 struct requests **ret_requests, struct err *err)
{
    struct requests *requests;

    if (request_seal_init() < 0)
        return err_set(err, EIO, "there is no randomness to be had");
    requests = calloc(1, sizeof(*requests));
    if (!requests)
        return err_set(err, ENOMEM, "no memory for requests");
    requests->party.loop = loop;
    request_server_init(&requests->server, &requests->party, handle, owner);
    request_asker_init(&requests->asker, &requests->party);
    *ret_requests = requests;
    return 0;
}

void requests_free(struct requests *requests)
{
    if (!requests)
        return;
    request_asker_fini(&requests->asker);
    request_server_fini(&requests->server);
    request_seal_forget(&requests->party.keys, sizeof(requests->party.keys));
    free(requests);
}

static void describe(const struct settings *settings, const uint8_t (*keys)[32], size_t key_count,
                     struct request_party *party)
{
    party->port = (uint16_t)settings->cluster.port;
    party->node_count =
        settings->node_count < SETTINGS_NODES_MAX ? settings->node_count : SETTINGS_NODES_MAX;
    for (size_t at = 0; at < party->node_count; at++)
        party->nodes[at] = settings->nodes[at].address;
    request_seal_forget(&party->keys, sizeof(party->keys)); /* also of one that is out of use now */
    if (settings->self == SETTINGS_NO_NODE || settings->node_count < 2)
        return;
    party->self = (size_t)settings->self;
    for (size_t at = 0; at < key_count && at < REQUEST_LINK_KEYS; at++)
        party->keys.keys[party->keys.count++] = request_seal_subkey(keys[at]);
}

static bool listens_the_same(const struct request_party *a, const struct request_party *b)
{
    return (a->keys.count > 0) == (b->keys.count > 0) && a->port == b->port &&
           address_is_same(&a->nodes[a->self], &b->nodes[b->self]);
}

void requests_apply(struct requests *requests, const struct settings *settings,
                    const uint8_t (*keys)[32], size_t key_count)
{
    struct request_party next = requests->party;

    describe(settings, keys, key_count, &next);
    const bool stays = listens_the_same(&requests->party, &next) && requests->server.io.fd >= 0;
    request_asker_keep(&requests->asker, &next);
    requests->party = next;
    request_seal_forget(&next.keys, sizeof(next.keys));
    if (!stays)
        request_server_apply(&requests->server, monotime_now());
}

int requests_send(struct requests *requests, const struct requests_question *question)
{
    const struct request_party *party = &requests->party;

    if (party->keys.count == 0)
        return -ENOKEY;
    if (question->node >= party->node_count || question->node == party->self)
        return -EINVAL;
    if (question->body_bytes > REQUESTS_BODY_BYTES)
        return -EMSGSIZE;
    return request_asker_ask(&requests->asker, question);
}

void requests_answer(struct requests *requests, uint64_t call, int32_t result, const uint8_t *body,
                     size_t body_bytes)
{
    if (body_bytes > REQUESTS_BODY_BYTES)
        request_server_answer(&requests->server, call, -EMSGSIZE, NULL, 0);
    else
        request_server_answer(&requests->server, call, result, body, body_bytes);
}

void requests_set_limit(struct requests *requests, int64_t prove_ns)
{
    requests->server.prove_ns = prove_ns;
}

const struct requests_counters *requests_counters(const struct requests *requests)
{
    return &requests->party.counters;
}

const char *requests_outcome_name(enum requests_outcome outcome)
{
    static const char *const names[REQUESTS_OUTCOMES] = {"done", "refused", "repeated", "failed"};

    return names[outcome];
}

const char *requests_type_name(enum requests_type type)
{
    static const char *const names[REQUESTS_TYPES + 1] = {
        "echo", "verb", "bundle-state", "bundle-offer", "bundle-fetch", "bundle-commit", "unknown",
    };

    return names[type < REQUESTS_TYPES ? type : REQUESTS_TYPES];
}
