/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/cluster/request_link.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/loop.h"

/* So many at once, so that a long body lets others have their turn. */
#define RECORDS_AT_ONCE 64

static enum request_link_event fail(struct request_link *link, enum request_frame_drop drop)
{
    link->drop = drop;
    return REQUEST_LINK_FAILED;
}

static enum request_link_event fail_errno(struct request_link *link)
{
    link->failed = errno;
    return fail(link, REQUEST_FRAME_TRUNCATED);
}

static uint8_t *own_hello(struct request_link *link)
{
    return link->is_asker ? link->ends.asker_hello : link->ends.asked_hello;
}

static uint8_t *other_hello(struct request_link *link)
{
    return link->is_asker ? link->ends.asked_hello : link->ends.asker_hello;
}

static void put_hello(struct request_link *link)
{
    memcpy(link->output.bytes, own_hello(link), REQUEST_FRAME_HELLO_BYTES);
    link->output.length = REQUEST_FRAME_HELLO_BYTES;
}

void request_link_init(struct request_link *link, int fd, bool is_asker,
                       const struct request_link_keys *keys, const struct request_seal_ends *ends)
{
    struct request_frame_hello hello = {.minor = REQUEST_FRAME_MINOR};

    memset(link, 0, sizeof(*link));
    link->fd = fd;
    link->is_asker = is_asker;
    link->keys = *keys;
    link->ends = *ends;
    link->pair = request_seal_pair();
    memcpy(hello.public, link->pair.public, sizeof(hello.public));
    request_frame_put_hello(&hello, own_hello(link));
    link->input.needed = REQUEST_FRAME_HELLO_BYTES;
    if (is_asker)
        put_hello(link);
}

void request_link_fini(struct request_link *link)
{
    close(link->fd);
    free(link->input.body);
    request_seal_forget(link, sizeof(*link));
    link->fd = -1;
}

void request_link_send(struct request_link *link, const struct request_frame_head *head,
                       const uint8_t *body)
{
    link->output.head = *head;
    link->output.body = body;
    link->output.has_message = true;
}

/* Sending. */

static const struct request_seal_key *own_key(const struct request_link *link)
{
    return link->is_asker ? &link->session.to_asked : &link->session.to_asker;
}

static void put_record(struct request_link *link, const uint8_t *plain, size_t plain_bytes)
{
    struct request_link_output *output = &link->output;

    request_frame_put_length(plain_bytes, output->bytes);
    request_seal_wrap(own_key(link), output->number++, plain, plain_bytes,
                      output->bytes + REQUEST_FRAME_LENGTH_BYTES);
    output->length = REQUEST_FRAME_LENGTH_BYTES + plain_bytes + REQUEST_SEAL_TAG_BYTES;
}

/* Whether the session's keys are settled: for the asked when a record has been opened. */
static bool may_send(const struct request_link *link)
{
    return link->output.has_message &&
           (link->is_asker ? link->input.has_hello : link->input.has_head);
}

/* The next bytes to send, if there are any. */
static bool refill(struct request_link *link)
{
    struct request_link_output *output = &link->output;
    uint8_t head[REQUEST_FRAME_HEAD_BYTES];

    output->length = output->sent = 0;
    if (!may_send(link))
        return false;
    if (!output->is_begun) {
        output->is_begun = true;
        request_frame_put_head(&output->head, head);
        put_record(link, head, sizeof(head));
        return true;
    }
    const size_t left = output->head.body_bytes - output->body_sent;
    const size_t now = left < REQUEST_FRAME_RECORD_BYTES ? left : REQUEST_FRAME_RECORD_BYTES;
    if (now > 0)
        put_record(link, output->body + output->body_sent, now);
    output->body_sent += now;
    return now > 0;
}

static enum request_link_event send_some(struct request_link *link)
{
    struct request_link_output *output = &link->output;

    for (int records = 0; records < RECORDS_AT_ONCE; records++) {
        while (output->sent < output->length) {
            const ssize_t sent = send(link->fd, output->bytes + output->sent,
                                      output->length - output->sent, MSG_NOSIGNAL);
            if (sent < 0 && (errno == EAGAIN || errno == EINTR))
                return REQUEST_LINK_WAITS;
            if (sent < 0)
                return fail_errno(link);
            output->sent += (size_t)sent;
        }
        const bool was_begun = output->is_begun;
        if (!refill(link) && was_begun && output->has_message) {
            output->has_message = false;
            return REQUEST_LINK_SENT;
        }
        if (output->length == 0)
            return REQUEST_LINK_WAITS;
    }
    return REQUEST_LINK_WAITS;
}

/* Receiving. */

static enum request_link_event take_hello(struct request_link *link)
{
    struct request_frame_hello hello;
    const enum request_frame_drop drop = request_frame_take_hello(link->input.bytes, &hello);

    if (drop != REQUEST_FRAME_ACCEPTED)
        return fail(link, drop);
    memcpy(other_hello(link), link->input.bytes, REQUEST_FRAME_HELLO_BYTES);
    if (request_seal_agree(&link->pair, hello.public, link->shared) < 0)
        return fail(link, REQUEST_FRAME_GREETING);
    link->session = request_seal_session(&link->keys.keys[0], link->shared, &link->ends);
    link->input.has_hello = true;
    link->input.needed = REQUEST_FRAME_LENGTH_BYTES;
    if (!link->is_asker)
        put_hello(link);
    return REQUEST_LINK_WAITS;
}

static bool open_record(struct request_link *link, size_t plain_bytes, uint8_t *plain)
{
    const struct request_seal_key *key =
        link->is_asker ? &link->session.to_asker : &link->session.to_asked;

    return request_seal_unwrap(key, link->input.number,
                               link->input.bytes + REQUEST_FRAME_LENGTH_BYTES, plain_bytes, plain);
}

/* The key that the asker sends with is the one that is answered with. */
static bool open_first(struct request_link *link, size_t plain_bytes, uint8_t *plain)
{
    if (link->is_asker)
        return open_record(link, plain_bytes, plain);
    for (size_t at = 0; at < link->keys.count; at++) {
        link->session = request_seal_session(&link->keys.keys[at], link->shared, &link->ends);
        if (open_record(link, plain_bytes, plain))
            return true;
    }
    return false;
}

static enum request_link_event take_head(struct request_link *link, size_t plain_bytes)
{
    struct request_link_input *input = &link->input;
    uint8_t plain[REQUEST_FRAME_HEAD_MOST];

    if (!open_first(link, plain_bytes, plain))
        return fail(link, REQUEST_FRAME_SEAL);
    const enum request_frame_drop drop =
        request_frame_take_head(plain, plain_bytes, link->body_most, &input->head);
    if (drop != REQUEST_FRAME_ACCEPTED)
        return fail(link, drop);
    if (input->head.kind != (link->is_asker ? REQUEST_FRAME_ANSWER : REQUEST_FRAME_ASK))
        return fail(link, REQUEST_FRAME_MALFORMED);
    input->has_head = true;
    return REQUEST_LINK_HEAD;
}

static enum request_link_event take_body(struct request_link *link, size_t plain_bytes)
{
    struct request_link_input *input = &link->input;

    if (!input->body)
        input->body = malloc(input->head.body_bytes);
    if (!input->body)
        return fail(link, REQUEST_FRAME_BUSY);
    if (!open_record(link, plain_bytes, input->body + input->body_used))
        return fail(link, REQUEST_FRAME_SEAL);
    input->body_used += plain_bytes;
    return REQUEST_LINK_WAITS;
}

static size_t longest_record(const struct request_link_input *input)
{
    return input->has_head ? input->head.body_bytes - input->body_used : REQUEST_FRAME_HEAD_MOST;
}

/* What was needed is there. */
static enum request_link_event take(struct request_link *link)
{
    struct request_link_input *input = &link->input;

    if (!input->has_hello)
        return take_hello(link);
    const size_t plain_bytes = request_frame_take_length(input->bytes, longest_record(input));
    if (plain_bytes == 0)
        return fail(link, REQUEST_FRAME_LENGTH);
    if (input->needed == REQUEST_FRAME_LENGTH_BYTES) {
        input->needed += plain_bytes + REQUEST_SEAL_TAG_BYTES;
        return REQUEST_LINK_WAITS;
    }
    const enum request_link_event event =
        input->has_head ? take_body(link, plain_bytes) : take_head(link, plain_bytes);
    input->number++;
    input->needed = REQUEST_FRAME_LENGTH_BYTES;
    return event;
}

static bool is_received(const struct request_link_input *input)
{
    return input->has_head && input->body_used == input->head.body_bytes;
}

static enum request_link_event receive_some(struct request_link *link)
{
    struct request_link_input *input = &link->input;

    for (int count = 0; count < 3 * RECORDS_AT_ONCE; count++) {
        if (is_received(input)) {
            input->is_complete = true;
            return REQUEST_LINK_RECEIVED;
        }
        const ssize_t got =
            recv(link->fd, input->bytes + input->used, input->needed - input->used, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return REQUEST_LINK_WAITS;
        if (got < 0)
            return fail_errno(link);
        if (got == 0)
            return fail(link, REQUEST_FRAME_TRUNCATED);
        input->used += (size_t)got;
        if (input->used < input->needed)
            continue;
        const bool was_whole = input->needed != REQUEST_FRAME_LENGTH_BYTES;
        const enum request_link_event event = take(link);
        input->used = was_whole ? 0 : input->used;
        if (event != REQUEST_LINK_WAITS)
            return event;
        if (link->output.sent < link->output.length)
            break; /* our hello */
    }
    return REQUEST_LINK_WAITS;
}

enum request_link_event request_link_run(struct request_link *link)
{
    enum request_link_event event = send_some(link);

    if (event != REQUEST_LINK_WAITS || link->input.is_complete)
        return event;
    const bool had_hello = link->input.has_hello;
    event = receive_some(link);
    if (event == REQUEST_LINK_WAITS && !had_hello && link->input.has_hello)
        return send_some(link); /* what the hello makes possible */
    return event;
}

unsigned request_link_wants(const struct request_link *link)
{
    const bool sends =
        link->output.sent < link->output.length || (may_send(link) && link->output.has_message);

    return (sends ? LOOP_WRITE : 0) | (link->input.is_complete ? 0 : LOOP_READ);
}
