/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of the probes becomes evidence on the store: MinIO's checks, and a bucket's read and write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "supervisord/policy/gather.h"
#include "tests/supervisord/world_fixture.h"

#define BOTH (ROLE_STORE_READ | ROLE_STORE_WRITE)

static const struct row {
    const char *rule;
    bool writes;
    enum probe_health health;
    enum probe_ability readable;
    size_t count;
    struct {
        unsigned uses;
        enum probe_health health;
    } wanted[2];
} rows[] = {
    {"well", true, PROBE_UP, PROBE_ABILITY_YES, 1, {{BOTH, PROBE_UP}}},
    {"reads work, writes do not",
     true,
     PROBE_DOWN,
     PROBE_ABILITY_YES,
     2,
     {{ROLE_STORE_WRITE, PROBE_DOWN}, {ROLE_STORE_READ, PROBE_UP}}},
    {"nothing works", true, PROBE_DOWN, PROBE_ABILITY_NO, 1, {{BOTH, PROBE_DOWN}}},
    {"not yet known", true, PROBE_UNKNOWN, PROBE_ABILITY_UNKNOWN, 1, {{BOTH, PROBE_UNKNOWN}}},
    {"nothing is written", false, PROBE_DOWN, PROBE_ABILITY_NO, 1, {{ROLE_STORE_READ, PROBE_DOWN}}},
};

/* The last probe of the fixture becomes the bucket; those before it are MinIO's. */
static void gather(const struct row *row, struct world_fixture *fixture, struct gather *got)
{
    struct core core = {.world = fixture->world};
    struct probe_state *bucket = &fixture->probes.states[fixture->probes.count - 1];

    bucket->params.type = PROBE_TYPE_S3;
    bucket->params.scope = PROBE_SCOPE_SHARED;
    bucket->params.bucket.write_key[0] = row->writes ? 'w' : '\0';
    bucket->health = row->health;
    bucket->readable = row->readable;
    gather_evidence(&core, 0, fixture->now, got);
}

static void test_buckets(void **unused)
{
    (void)unused;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct world_fixture fixture;
        struct gather got;

        world_fixture_init(&fixture);
        gather(&rows[at], &fixture, &got);
        /* Two of MinIO's are shared: the write and the read quorum. */
        if (got.evidence.store_count != 2 + rows[at].count)
            fail_msg("%s: %zu stores", rows[at].rule, got.evidence.store_count);
        assert_int_equal(got.evidence.stores[0].uses, ROLE_STORE_WRITE);
        assert_int_equal(got.evidence.stores[1].uses, ROLE_STORE_READ);
        for (size_t which = 0; which < rows[at].count; which++) {
            const struct role_store *store = &got.evidence.stores[2 + which];

            if (store->uses != rows[at].wanted[which].uses ||
                store->shared.health != rows[at].wanted[which].health)
                fail_msg("%s: store %zu: uses %u, health %d", rows[at].rule, which, store->uses,
                         (int)store->shared.health);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_buckets)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
