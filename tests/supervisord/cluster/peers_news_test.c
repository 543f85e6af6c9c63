/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What nodes tell each other arrives, also between a version and the next one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "supervisord/cluster/peers_news.h"

#define FRAME_BYTES 1024 /* VRRP_PEER_BLOB_BYTES */
#define MS          INT64_C(1000000)

static void set_name(char *name, char first, size_t number)
{
    snprintf(name, PEERS_NEWS_NAME_BYTES, "%c-of-a-name-that-is-long-%02zu", first, number % 100);
}

/* As much as there is room for in the struct. */
static struct peers_news full(void)
{
    struct peers_news news;

    memset(&news, 0, sizeof(news));
    news.serial = 0x80706050;
    snprintf(news.version, sizeof(news.version), "1.22.333~beta4-5+deb12u6");
    news.mode = 2;
    news.is_paused = true;
    for (size_t at = 0; at < PEERS_NEWS_REGISTRIES; at++) {
        struct peers_news_registry *registry = &news.registries[news.registry_count++];
        set_name(registry->name, 'r', at);
        memset(registry->digest, 'f', PEERS_NEWS_DIGEST_BYTES - 1);
        registry->digest[0] = (char)('0' + at);
        registry->state = 2;
        registry->flags = PEERS_NEWS_READY;
        registry->failed_age_ns = at == 0 ? PEERS_NEWS_NEVER : (int64_t)at * MS;
    }
    for (size_t at = 0; at < PEERS_NEWS_PROBES; at++)
        news.probes[news.probe_count++] = (struct peers_news_probe){
            (uint32_t)(0xf0000000 + at), 2, PEERS_NEWS_NEVER, (int64_t)at * MS};
    for (size_t at = 0; at < PEERS_NEWS_ROUTERS; at++) {
        struct peers_news_router *router = &news.routers[news.router_count++];
        router->vrid = (uint8_t)(at + 1);
        router->family = 2;
        router->flags = PEERS_NEWS_ELIGIBLE;
        if (at == 3)
            set_name(router->successor, 'n', at);
    }
    return news;
}

static void all_of_it_arrives(void **unused)
{
    const struct peers_news news = full();
    struct peers_news back;
    uint8_t bytes[4096];

    (void)unused;
    const size_t length = peers_news_encode(&news, bytes, sizeof(bytes));
    assert_true(peers_news_decode(bytes, length, &back));
    assert_memory_equal(&back, &news, sizeof(news));
}

/* A frame has its limit: what decides goes in first, and nothing goes in by halves. */
static void what_has_no_room_is_left_out_from_the_end(void **unused)
{
    const struct peers_news news = full();
    struct peers_news back;
    uint8_t bytes[FRAME_BYTES + 1];

    (void)unused;
    for (size_t room = 0; room <= FRAME_BYTES; room++) {
        bytes[room] = 0xa5;
        const size_t length = peers_news_encode(&news, bytes, room);
        assert_true(length <= room && bytes[room] == 0xa5);
        if (length < 2)
            continue;
        assert_true(peers_news_decode(bytes, length, &back));
        assert_memory_equal(back.registries, news.registries,
                            back.registry_count * sizeof(back.registries[0]));
        assert_memory_equal(back.probes, news.probes, back.probe_count * sizeof(back.probes[0]));
    }
    assert_int_equal(back.registry_count, PEERS_NEWS_REGISTRIES);
    assert_true(back.probe_count >= 12);
    assert_int_equal(back.mode, news.mode);
}

/* Item by item, with `grow` bytes more or fewer in each value, and tags nobody knows between. */
static size_t as_of_another_version(const uint8_t *bytes, size_t length, int grow, uint8_t *ret)
{
    size_t used = 2;

    memcpy(ret, bytes, 2);
    for (size_t at = 2; at < length;) {
        const size_t size = bytes[at + 1] | (size_t)bytes[at + 2] << 8;
        const size_t other = grow < 0 && size < (size_t)-grow ? 0 : size + (size_t)grow;

        memcpy(ret + used, (const uint8_t[]){200, 5, 0, 1, 2, 3, 4, 5}, 8);
        used += 8;
        ret[used++] = bytes[at];
        ret[used++] = (uint8_t)other;
        ret[used++] = (uint8_t)(other >> 8);
        memset(ret + used, 0, other);
        memcpy(ret + used, bytes + at + 3, other < size ? other : size);
        used += other;
        at += 3 + size;
    }
    return used;
}

/* Fields at the end of each value, and items that this version does not have. */
static void a_newer_node_is_understood(void **unused)
{
    const struct peers_news news = full();
    struct peers_news back;
    uint8_t bytes[4096], newer[8192];

    (void)unused;
    const size_t length = peers_news_encode(&news, bytes, sizeof(bytes));
    const size_t more = as_of_another_version(bytes, length, 9, newer);
    assert_true(peers_news_decode(newer, more, &back));
    assert_memory_equal(&back, &news, sizeof(news));
}

/* An older one says less: what it does not say is nothing, and what it says is there. */
static void an_older_node_is_understood(void **unused)
{
    const struct peers_news news = full();
    struct peers_news back;
    uint8_t bytes[4096], older[8192];

    (void)unused;
    const size_t length = peers_news_encode(&news, bytes, sizeof(bytes));
    const size_t less = as_of_another_version(bytes, length, -4, older);
    assert_true(peers_news_decode(older, less, &back));
    assert_int_equal(back.registry_count, news.registry_count);
    assert_string_equal(back.registries[1].digest, news.registries[1].digest);
    assert_int_equal(back.probes[3].success_age_ns, PEERS_NEWS_NEVER);
    assert_int_equal(back.probes[3].failure_age_ns, PEERS_NEWS_NEVER); /* never said, so no age */
    assert_int_equal(back.probes[3].name_hash, news.probes[3].name_hash);
    /* No item at all but the head: a version that had nothing to say. */
    assert_true(peers_news_decode(bytes, 2, &back));
    assert_int_equal(back.registry_count + back.probe_count + back.router_count, 0);
}

static void what_is_cut_short_ends_there(void **unused)
{
    const struct peers_news news = full();
    struct peers_news back;
    uint8_t bytes[4096];

    (void)unused;
    const size_t length = peers_news_encode(&news, bytes, sizeof(bytes));
    for (size_t cut = 2; cut < length; cut++) {
        assert_true(peers_news_decode(bytes, cut, &back));
        assert_memory_equal(back.registries, news.registries,
                            back.registry_count * sizeof(back.registries[0]));
    }
    assert_false(peers_news_decode(bytes, 1, &back));
    assert_false(peers_news_decode((const uint8_t[]){48, 1, 0, 0}, 4, &back)); /* other bytes */
}

static void what_was_said_of_one_is_found(void **unused)
{
    struct peers_news news = full();

    (void)unused;
    news.probes[5].name_hash = peers_news_hash("cluster-read");
    assert_ptr_equal(peers_news_probe(&news, "cluster-read"), &news.probes[5]);
    assert_null(peers_news_probe(&news, "cluster"));
    assert_ptr_equal(peers_news_router(&news, 4, 2), &news.routers[3]);
    assert_null(peers_news_router(&news, 4, 10));
    assert_ptr_equal(peers_news_registry(&news, news.registries[7].name), &news.registries[7]);
    assert_null(peers_news_registry(&news, "r"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it_arrives),
        cmocka_unit_test(what_has_no_room_is_left_out_from_the_end),
        cmocka_unit_test(a_newer_node_is_understood),
        cmocka_unit_test(an_older_node_is_understood),
        cmocka_unit_test(what_is_cut_short_ends_there),
        cmocka_unit_test(what_was_said_of_one_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
