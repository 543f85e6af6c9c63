/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/redis.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/credential.h"
#include "probes/http.h"
#include "probes/message.h"
#include "probes/redis_reply.h"
#include "probes/request.h"

#define PIECE_BYTES 1024
#define ASK_BYTES   (2 * PROBE_CREDENTIAL_BYTES + 128)

struct redis {
    struct probe_asker_context context;
    const struct probe_params *params;
    struct probe_http *http;
    struct loop_io io; /* watched while an answer is waited for */
    bool is_asked;
    bool has_credential;
    struct probe_credential credential;
    struct probe_redis_reply reply;
    char why[PROBE_TEXT_BYTES]; /* regha cannot ask; "" otherwise */
    char url[PROBE_REQUEST_BYTES];
};

static void end(struct redis *redis, enum probe_transfer transfer, struct monotime now)
{
    loop_io_stop(redis->context.loop, &redis->io);
    redis->context.ended(redis->context.owner, transfer, now);
}

static void handle_answer(struct loop_io *io, unsigned events, struct monotime now)
{
    struct redis *const redis = io->owner;
    char piece[PIECE_BYTES];
    const ssize_t bytes =
        probe_curl_loop_receive(probe_http_connection(redis->http), piece, sizeof(piece));

    (void)events;
    if (bytes == -EAGAIN)
        return;
    if (bytes <= 0) {
        end(redis, PROBE_TRANSFER_RESET, now);
        return;
    }
    switch (probe_redis_reply_take(&redis->reply, piece, (size_t)bytes)) {
    case PROBE_REDIS_MORE:
        return;
    case PROBE_REDIS_DONE:
        end(redis, PROBE_TRANSFER_DONE, now);
        return;
    case PROBE_REDIS_GARBAGE:
        end(redis, PROBE_TRANSFER_GARBAGE, now);
        return;
    }
}

/* Both at once: the answers come in order, and the second one is not read if the first is no. */
static size_t write_question(const struct redis *redis, char question[ASK_BYTES])
{
    const struct probe_credential *const credential = &redis->credential;
    int bytes = 0;

    if (redis->has_credential)
        bytes = snprintf(question, ASK_BYTES, "*3\r\n$4\r\nAUTH\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n",
                         strlen(credential->user), credential->user, strlen(credential->password),
                         credential->password);
    bytes += snprintf(question + bytes, ASK_BYTES - (size_t)bytes, "*1\r\n$4\r\nPING\r\n");
    return (size_t)bytes;
}

static int ask(struct redis *redis)
{
    void *const connection = probe_http_connection(redis->http);
    char question[ASK_BYTES];
    const size_t bytes = write_question(redis, question);
    int failed = probe_curl_loop_send(connection, question, bytes);

    explicit_bzero(question, sizeof(question));
    redis->io.fd = probe_curl_loop_socket(connection);
    if (failed == 0)
        failed = loop_io_start(redis->context.loop, &redis->io, LOOP_READ);
    return failed;
}

/* It is connected, or will not be. */
static void handle_connected(void *owner, enum probe_transfer transfer, struct monotime now)
{
    struct redis *const redis = owner;
    int failed;

    if (transfer != PROBE_TRANSFER_DONE) {
        end(redis, transfer, now);
        return;
    }
    redis->is_asked = true;
    failed = ask(redis);
    if (failed < 0)
        end(redis, failed == -ENOMEM ? PROBE_TRANSFER_OURS : PROBE_TRANSFER_RESET, now);
}

static int start(void *self, const struct probe_params *params, unsigned step, struct monotime now)
{
    struct redis *const redis = self;
    const struct probe_http_call call = {.url = redis->url};

    if (redis->why[0] != '\0')
        return -EACCES;
    redis->is_asked = false;
    probe_redis_reply_clear(&redis->reply, redis->has_credential);
    probe_request_url(params, step, redis->url);
    return probe_http_start(redis->http, &call, now);
}

static void tell(const void *self, struct probe_facts *facts)
{
    const struct redis *const redis = self;

    facts->stage = redis->is_asked ? PROBE_STAGE_ANSWER : probe_http_stage(redis->http);
    facts->detail = redis->why[0] != '\0' ? redis->why : probe_http_detail(redis->http);
    facts->redis = &redis->reply;
}

static void stop(void *self, struct monotime now)
{
    struct redis *const redis = self;

    loop_io_stop(redis->context.loop, &redis->io);
    probe_http_stop(redis->http, now);
}

static void free_redis(void *self, struct monotime now)
{
    struct redis *const redis = self;

    loop_io_stop(redis->context.loop, &redis->io);
    probe_http_free(redis->http, now);
    probe_credential_wipe(&redis->credential);
    free(redis);
}

/* Also at a reload. Without the secret the answer would be that of a stranger. */
static void read_credential(void *self)
{
    struct redis *const redis = self;
    struct probe_credential fresh;
    struct err err;

    redis->why[0] = '\0';
    if (redis->params->credentials[0] == '\0')
        return;
    if (probe_credential_read(redis->params->credentials, &fresh, &err) < 0) {
        (void)snprintf(redis->why, sizeof(redis->why), "%.*s", (int)sizeof(redis->why) - 1,
                       err.text);
        return;
    }
    redis->credential = fresh;
    redis->has_credential = true;
    probe_credential_wipe(&fresh);
}

static const struct probe_asker_kind kind = {start, tell, stop, free_redis, read_credential};

int probe_redis_new(const struct probe_asker_context *context, const struct probe_params *params,
                    struct probe_asker *ret_asker)
{
    struct redis *const redis = calloc(1, sizeof(*redis));
    struct err err;

    if (redis == NULL)
        return -ENOMEM;
    redis->context = *context;
    redis->params = params;
    redis->io =
        (struct loop_io){.name = "probe answer", .fd = -1, .handle = handle_answer, .owner = redis};
    read_credential(redis);

    const struct probe_http_params http = {
        .connect_only = true,
        .ca_file = "",
        .cert_file = "",
        .key_file = "",
        .connect_to = "",
        .host = "",
        .wanted_header = "",
        .ended = handle_connected,
        .owner = redis,
    };
    if (probe_http_new(context->curl, &http, &redis->http, &err) < 0) {
        free_redis(redis, (struct monotime){0});
        return -ENOMEM;
    }
    *ret_asker = (struct probe_asker){&kind, redis};
    return 0;
}
