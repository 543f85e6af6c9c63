/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question and one answer; and what of all that somebody else may send does not count. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/loop.h"
#include "supervisord/cluster/request_link.h"

#define BODY_MOST (1024 * 1024)
#define WIRE_MOST (2 * BODY_MOST)

static const struct request_link_keys first = {1, {{{1, 2, 3}}}};
static const struct request_link_keys second = {1, {{{4, 5, 6}}}};
static const struct request_link_keys first_second = {2, {{{1, 2, 3}}, {{4, 5, 6}}}};
static const struct request_link_keys second_first = {2, {{{4, 5, 6}}, {{1, 2, 3}}}};
static const struct request_seal_ends route = {.asker = {AF_INET, 32, {10, 0, 0, 1}},
                                               .asked = {AF_INET, 32, {10, 0, 0, 2}}};

/* Two links, and the wire between them held by hand, so that it can be listened to and changed. */
struct pair {
    struct request_link asker, asked;
    int asker_wire, asked_wire;
    uint8_t heard[2][4096]; /* the beginning of what went to the asked, and to the asker */
    size_t heard_bytes[2];
};

static int wire(struct request_link *link, bool is_asker, const struct request_link_keys *keys,
                const struct request_seal_ends *ends)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    request_link_init(link, fds[0], is_asker, keys, ends);
    link->body_most = BODY_MOST;
    return fds[1];
}

static struct pair *pair_new(const struct request_link_keys *asker,
                             const struct request_link_keys *asked,
                             const struct request_seal_ends *asked_ends)
{
    struct pair *pair = calloc(1, sizeof(*pair));

    assert_non_null(pair);
    pair->asker_wire = wire(&pair->asker, true, asker, &route);
    pair->asked_wire = wire(&pair->asked, false, asked, asked_ends);
    return pair;
}

static void pair_free(struct pair *pair)
{
    close(pair->asker_wire);
    close(pair->asked_wire);
    request_link_fini(&pair->asker);
    request_link_fini(&pair->asked);
    free(pair);
}

/* Carry what lies on one wire to the other one. */
static size_t carry(struct pair *pair, int from, int to, int side)
{
    uint8_t bytes[4096];
    const ssize_t got = recv(from, bytes, sizeof(bytes), 0);

    if (got <= 0)
        return 0;
    const size_t room = sizeof(pair->heard[side]) - pair->heard_bytes[side];
    const size_t kept = (size_t)got < room ? (size_t)got : room;
    memcpy(pair->heard[side] + pair->heard_bytes[side], bytes, kept);
    pair->heard_bytes[side] += kept;
    assert_int_equal(send(to, bytes, (size_t)got, MSG_NOSIGNAL), got);
    return (size_t)got;
}

/* Run both until `until` happens at one of them, or nothing does. */
static enum request_link_event run(struct pair *pair, struct request_link *link,
                                   enum request_link_event until)
{
    for (int idle = 0; idle < 4; idle++) {
        enum request_link_event event;

        do {
            event = request_link_run(link);
            if (event == until || event == REQUEST_LINK_FAILED)
                return event;
        } while (event != REQUEST_LINK_WAITS);
        struct request_link *other = link == &pair->asker ? &pair->asked : &pair->asker;
        while ((event = request_link_run(other)) != REQUEST_LINK_WAITS &&
               event != REQUEST_LINK_FAILED)
            ;
        if (carry(pair, pair->asker_wire, pair->asked_wire, 0) +
                carry(pair, pair->asked_wire, pair->asker_wire, 1) >
            0)
            idle = 0;
    }
    return REQUEST_LINK_WAITS;
}

static const struct request_frame_head ask = {.kind = REQUEST_FRAME_ASK,
                                              .type = 1,
                                              .id = "fifteen letters",
                                              .uid = 1000,
                                              .patience_ms = 5000};

static void send_body(struct request_link *link, const struct request_frame_head *head,
                      const uint8_t *body, size_t body_bytes)
{
    struct request_frame_head whole = *head;

    whole.body_bytes = (uint32_t)body_bytes;
    request_link_send(link, &whole, body);
}

static void exchange(const struct request_link_keys *asker, const struct request_link_keys *asked,
                     size_t body_bytes)
{
    struct pair *pair = pair_new(asker, asked, &route);
    uint8_t *body = malloc(body_bytes + 1);
    struct request_frame_head answer = ask;

    for (size_t at = 0; at < body_bytes; at++)
        body[at] = (uint8_t)(at * 7 + at / 251);
    send_body(&pair->asker, &ask, body, body_bytes);
    assert_int_equal(run(pair, &pair->asked, REQUEST_LINK_HEAD), REQUEST_LINK_HEAD);
    assert_int_equal(pair->asked.input.head.uid, 1000);
    assert_int_equal(pair->asked.input.head.patience_ms, 5000);
    assert_memory_equal(pair->asked.input.head.id, ask.id, sizeof(ask.id));
    assert_int_equal(run(pair, &pair->asked, REQUEST_LINK_RECEIVED), REQUEST_LINK_RECEIVED);
    assert_int_equal(pair->asked.input.body_used, body_bytes);
    if (body_bytes > 0)
        assert_memory_equal(pair->asked.input.body, body, body_bytes);
    assert_int_equal(request_link_wants(&pair->asked), 0);
    answer.kind = REQUEST_FRAME_ANSWER;
    answer.result = -6;
    send_body(&pair->asked, &answer, body, body_bytes);
    assert_int_equal(request_link_wants(&pair->asked), LOOP_WRITE);
    assert_int_equal(run(pair, &pair->asker, REQUEST_LINK_RECEIVED), REQUEST_LINK_RECEIVED);
    assert_int_equal(pair->asker.input.head.result, -6);
    assert_int_equal(pair->asker.input.body_used, body_bytes);
    if (body_bytes > 0)
        assert_memory_equal(pair->asker.input.body, body, body_bytes);
    free(body);
    pair_free(pair);
}

static void questions_and_answers_of_any_length(void **unused)
{
    static const size_t lengths[] = {0, 1, 100, 16383, 16384, 16385, 40000, 65536, 1000 * 1000};

    (void)unused;
    for (size_t at = 0; at < sizeof(lengths) / sizeof(lengths[0]); at++)
        exchange(&first, &first, lengths[at]);
}

/* Node by node: at each step every node understands every other one. */
static void keys_are_changed_node_by_node(void **unused)
{
    static const struct request_link_keys *const steps[] = {&first, &first_second, &second_first,
                                                            &second};

    (void)unused;
    for (size_t at = 0; at + 1 < sizeof(steps) / sizeof(steps[0]); at++) {
        exchange(steps[at], steps[at + 1], 100);
        exchange(steps[at + 1], steps[at], 100);
        exchange(steps[at + 1], steps[at + 1], 100);
    }
}

static void expect_drop(struct pair *pair, struct request_link *link, enum request_frame_drop drop)
{
    assert_int_equal(run(pair, link, REQUEST_LINK_HEAD), REQUEST_LINK_FAILED);
    assert_string_equal(request_frame_drop_name(link->drop), request_frame_drop_name(drop));
    assert_null(link->input.body);
    pair_free(pair);
}

static void what_is_sealed_for_others_does_not_open(void **unused)
{
    struct request_seal_ends third = route, turned = {.asker = route.asked, .asked = route.asker};
    struct request_seal_ends foreign = route;
    const struct {
        const struct request_link_keys *asked;
        const struct request_seal_ends *ends;
    } rows[] = {{&second, &route}, {&first, &third}, {&first, &turned}, {&first, &foreign}};

    (void)unused;
    third.asked.bytes[3] = 3;
    foreign.asker.bytes[3] = 3;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct pair *pair = pair_new(&first, rows[at].asked, rows[at].ends);

        send_body(&pair->asker, &ask, NULL, 0);
        expect_drop(pair, &pair->asked, REQUEST_FRAME_SEAL);
    }
}

/* What was heard of one connection is said on the next one, to either end. */
static void nothing_recorded_counts_again(void **unused)
{
    struct request_frame_head answer = ask;
    struct pair *heard = pair_new(&first, &first, &route);

    (void)unused;
    send_body(&heard->asker, &ask, NULL, 0);
    assert_int_equal(run(heard, &heard->asked, REQUEST_LINK_RECEIVED), REQUEST_LINK_RECEIVED);
    answer.kind = REQUEST_FRAME_ANSWER;
    send_body(&heard->asked, &answer, NULL, 0);
    assert_int_equal(run(heard, &heard->asker, REQUEST_LINK_RECEIVED), REQUEST_LINK_RECEIVED);
    struct pair *next = pair_new(&first, &first, &route);
    assert_int_equal(send(next->asked_wire, heard->heard[0], heard->heard_bytes[0], 0),
                     heard->heard_bytes[0]);
    assert_int_equal(request_link_run(&next->asked), REQUEST_LINK_WAITS);
    assert_int_equal(request_link_run(&next->asked), REQUEST_LINK_FAILED);
    assert_int_equal(next->asked.drop, REQUEST_FRAME_SEAL);
    pair_free(next);
    next = pair_new(&first, &first, &route);
    send_body(&next->asker, &ask, NULL, 0);
    assert_int_equal(send(next->asker_wire, heard->heard[1], heard->heard_bytes[1], 0),
                     heard->heard_bytes[1]);
    enum request_link_event event;
    while ((event = request_link_run(&next->asker)) == REQUEST_LINK_SENT)
        ;
    if (event == REQUEST_LINK_WAITS)
        while ((event = request_link_run(&next->asker)) == REQUEST_LINK_SENT)
            ;
    assert_int_equal(event, REQUEST_LINK_FAILED);
    assert_int_equal(next->asker.drop, REQUEST_FRAME_SEAL);
    pair_free(next);
    pair_free(heard);
}

/* An answer is none of the question's own records turned around. */
static void a_question_is_no_answer(void **unused)
{
    struct pair *pair = pair_new(&first, &first, &route);

    (void)unused;
    send_body(&pair->asker, &ask, NULL, 0);
    assert_int_equal(run(pair, &pair->asked, REQUEST_LINK_RECEIVED), REQUEST_LINK_RECEIVED);
    send_body(&pair->asked, &ask, NULL, 0); /* of the kind that asks */
    expect_drop(pair, &pair->asker, REQUEST_FRAME_MALFORMED);
}

/* Each byte of a question changed, one at a time: it is refused for one reason or another. */
static void no_changed_byte_passes(void **unused)
{
    const size_t hello = REQUEST_FRAME_HELLO_BYTES;
    const size_t all =
        hello + REQUEST_FRAME_LENGTH_BYTES + REQUEST_FRAME_HEAD_BYTES + REQUEST_SEAL_TAG_BYTES;

    (void)unused;
    for (size_t at = 0; at < all; at++) {
        struct pair *pair = pair_new(&first, &first, &route);
        uint8_t bytes[256];
        size_t used = 0;

        send_body(&pair->asker, &ask, NULL, 0);
        for (int step = 0; step < 8; step++) {
            (void)request_link_run(&pair->asker);
            const ssize_t got = recv(pair->asker_wire, bytes, sizeof(bytes), 0);
            for (ssize_t byte = 0; byte < got; byte++, used++)
                bytes[byte] ^= used == at ? 0x10 : 0;
            if (got > 0)
                (void)send(pair->asked_wire, bytes, (size_t)got, MSG_NOSIGNAL);
            if (request_link_run(&pair->asked) == REQUEST_LINK_FAILED)
                break;
            assert_false(pair->asked.input.has_head);
            (void)carry(pair, pair->asked_wire, pair->asker_wire, 1);
        }
        /* A longer record than was sent is waited for in vain: that is for the deadline. */
        assert_true(pair->asked.drop != REQUEST_FRAME_ACCEPTED ||
                    (at >= hello && at < hello + REQUEST_FRAME_LENGTH_BYTES));
        pair_free(pair);
    }
}

static void what_breaks_off_is_truncated(void **unused)
{
    struct pair *pair = pair_new(&first, &first, &route);
    uint8_t body[100] = {0};

    (void)unused;
    send_body(&pair->asker, &ask, body, sizeof(body));
    assert_int_equal(run(pair, &pair->asked, REQUEST_LINK_HEAD), REQUEST_LINK_HEAD);
    assert_int_equal(shutdown(pair->asked_wire, SHUT_WR), 0);
    enum request_link_event event;
    while ((event = request_link_run(&pair->asked)) == REQUEST_LINK_WAITS)
        ;
    assert_true(event == REQUEST_LINK_FAILED || event == REQUEST_LINK_RECEIVED);
    pair_free(pair);
    pair = pair_new(&first, &first, &route);
    assert_int_equal(send(pair->asked_wire, "RGRQ", 4, 0), 4);
    assert_int_equal(shutdown(pair->asked_wire, SHUT_WR), 0);
    assert_int_equal(request_link_run(&pair->asked), REQUEST_LINK_FAILED);
    assert_int_equal(pair->asked.drop, REQUEST_FRAME_TRUNCATED);
    pair_free(pair);
}

static void bodies_are_bounded(void **unused)
{
    struct pair *pair = pair_new(&first, &first, &route);
    static uint8_t body[BODY_MOST + 1];

    (void)unused;
    send_body(&pair->asker, &ask, body, sizeof(body));
    expect_drop(pair, &pair->asked, REQUEST_FRAME_LENGTH);
}

/* The length of a record is in the clear: it never says more than there is room for. */
static void records_are_bounded(void **unused)
{
    static const size_t lengths[] = {0, REQUEST_FRAME_HEAD_MOST + 1, REQUEST_FRAME_RECORD_BYTES,
                                     UINT32_MAX};

    (void)unused;
    for (size_t at = 0; at < sizeof(lengths) / sizeof(lengths[0]); at++) {
        struct pair *pair = pair_new(&first, &first, &route);
        uint8_t length[REQUEST_FRAME_LENGTH_BYTES];

        (void)run(pair, &pair->asked, REQUEST_LINK_HEAD); /* hellos */
        assert_true(pair->asked.input.has_hello);
        request_frame_put_length(lengths[at], length);
        assert_int_equal(send(pair->asked_wire, length, sizeof(length), 0), sizeof(length));
        expect_drop(pair, &pair->asked, REQUEST_FRAME_LENGTH);
    }
}

static void put_record(const struct pair *pair, uint64_t number, const uint8_t *plain,
                       size_t plain_bytes)
{
    uint8_t bytes[REQUEST_FRAME_LENGTH_BYTES + 200 + REQUEST_SEAL_TAG_BYTES];
    const size_t all = REQUEST_FRAME_LENGTH_BYTES + plain_bytes + REQUEST_SEAL_TAG_BYTES;

    request_frame_put_length(plain_bytes, bytes);
    request_seal_wrap(&pair->asker.session.to_asked, number, plain, plain_bytes,
                      bytes + REQUEST_FRAME_LENGTH_BYTES);
    assert_int_equal(send(pair->asked_wire, bytes, all, 0), all);
}

/* Not even of one that holds the key: it says ten bytes, and sends eleven. */
static void bodies_are_as_long_as_was_said(void **unused)
{
    struct pair *pair = pair_new(&first, &first, &route);
    struct request_frame_head head = ask;
    uint8_t bytes[REQUEST_FRAME_HEAD_BYTES];
    static const uint8_t body[100];

    (void)unused;
    head.body_bytes = 10;
    request_frame_put_head(&head, bytes);
    (void)run(pair, &pair->asked, REQUEST_LINK_HEAD); /* hellos */
    put_record(pair, 0, bytes, sizeof(bytes));
    assert_int_equal(request_link_run(&pair->asked), REQUEST_LINK_HEAD);
    put_record(pair, 1, body, 4);
    assert_int_equal(request_link_run(&pair->asked), REQUEST_LINK_WAITS);
    put_record(pair, 2, body, 7);
    assert_int_equal(request_link_run(&pair->asked), REQUEST_LINK_FAILED);
    assert_int_equal(pair->asked.drop, REQUEST_FRAME_LENGTH);
    pair_free(pair);
}

static void greetings(void **unused)
{
    static const struct {
        const char *rule;
        uint8_t bytes[8];
        enum request_frame_drop drop;
    } rows[] = {
        {"another protocol", "GET / HT", REQUEST_FRAME_GREETING},
        {"another major version", {'R', 'G', 'R', 'Q', 2, 0}, REQUEST_FRAME_VERSION},
        {"a later minor version", {'R', 'G', 'R', 'Q', 1, 9}, REQUEST_FRAME_ACCEPTED},
    };

    (void)unused;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        uint8_t bytes[REQUEST_FRAME_HELLO_BYTES] = {0};
        struct request_frame_hello hello = {0};

        memcpy(bytes, rows[at].bytes, sizeof(rows[at].bytes));
        print_message("%s\n", rows[at].rule);
        assert_int_equal(request_frame_take_hello(bytes, &hello), rows[at].drop);
    }
    /* A public number of which everybody knows the product. */
    struct pair *pair = pair_new(&first, &first, &route);
    uint8_t zero[REQUEST_FRAME_HELLO_BYTES] = {'R', 'G', 'R', 'Q', 1};
    assert_int_equal(send(pair->asked_wire, zero, sizeof(zero), 0), sizeof(zero));
    assert_int_equal(request_link_run(&pair->asked), REQUEST_LINK_FAILED);
    assert_int_equal(pair->asked.drop, REQUEST_FRAME_GREETING);
    pair_free(pair);
}

/* One minor version apart: the hello says so, and the head is longer than ours. */
static void a_later_version_is_understood(void **unused)
{
    struct pair *pair = pair_new(&first, &first, &route);
    uint8_t bytes[REQUEST_FRAME_HEAD_BYTES + 20] = {0};

    (void)unused;
    pair->asker.ends.asker_hello[5] = REQUEST_FRAME_MINOR + 1;
    memcpy(pair->asker.output.bytes, pair->asker.ends.asker_hello, REQUEST_FRAME_HELLO_BYTES);
    (void)run(pair, &pair->asked, REQUEST_LINK_HEAD); /* hellos */
    request_frame_put_head(&ask, bytes);
    memset(bytes + REQUEST_FRAME_HEAD_BYTES, 0xff, sizeof(bytes) - REQUEST_FRAME_HEAD_BYTES);
    put_record(pair, 0, bytes, sizeof(bytes));
    assert_int_equal(request_link_run(&pair->asked), REQUEST_LINK_HEAD);
    assert_int_equal(pair->asked.input.head.uid, ask.uid);
    assert_int_equal(request_link_run(&pair->asked), REQUEST_LINK_RECEIVED);
    pair_free(pair);
}

/* A later version may say more in a head; what is known here is read. */
static void a_longer_head_is_read(void **unused)
{
    uint8_t bytes[REQUEST_FRAME_HEAD_MOST + 1];
    struct request_frame_head head;

    (void)unused;
    memset(bytes, 0xff, sizeof(bytes));
    request_frame_put_head(&ask, bytes);
    for (size_t length = 0; length <= sizeof(bytes); length++)
        assert_int_equal(request_frame_take_head(bytes, length, 10, &head),
                         length < REQUEST_FRAME_HEAD_BYTES || length > REQUEST_FRAME_HEAD_MOST
                             ? REQUEST_FRAME_MALFORMED
                             : REQUEST_FRAME_ACCEPTED);
    assert_int_equal(head.uid, ask.uid);
    const struct request_frame_head odd = {.kind = REQUEST_FRAME_ANSWER, .result = INT32_MIN};
    request_frame_put_head(&odd, bytes);
    assert_int_equal(request_frame_take_head(bytes, REQUEST_FRAME_HEAD_BYTES, 10, &head),
                     REQUEST_FRAME_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_and_answers_of_any_length),
        cmocka_unit_test(keys_are_changed_node_by_node),
        cmocka_unit_test(what_is_sealed_for_others_does_not_open),
        cmocka_unit_test(nothing_recorded_counts_again),
        cmocka_unit_test(a_question_is_no_answer),
        cmocka_unit_test(no_changed_byte_passes),
        cmocka_unit_test(what_breaks_off_is_truncated),
        cmocka_unit_test(bodies_are_bounded),
        cmocka_unit_test(records_are_bounded),
        cmocka_unit_test(bodies_are_as_long_as_was_said),
        cmocka_unit_test(greetings),
        cmocka_unit_test(a_later_version_is_understood),
        cmocka_unit_test(a_longer_head_is_read),
    };

    if (request_seal_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
