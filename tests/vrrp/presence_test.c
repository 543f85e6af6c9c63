/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a node counts as missed, and as silent: frames each 200 ms, adverts each 100 ms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vrrp/presence.h"

#define MS     NS_PER_MS
#define START  (100 * NS_PER_S)
#define FRAMES (200 * MS)
#define ADVERT (100 * MS)

/* All after START, in ms; -1: never. */
static const struct row {
    const char *rule;
    int frame, advert, resigned, second_frame, left;
    int now;
    int missed; /* 0: none is missing */
    bool silent;
    int next; /* -1: never */
} rows[] = {
    {"never heard: nothing is missed", -1, -1, -1, -1, -1, 5000, 0, false, -1},
    {"a frame is not late for a quarter", 0, -1, -1, -1, -1, 249, 0, false, 250},
    {"a frame is missed, and was due then", 0, -1, -1, -1, -1, 250, 200, false, 700},
    {"three frames and a half: silent", 0, -1, -1, -1, -1, 700, 200, true, -1},
    {"an advert is missed sooner", 0, 50, -1, -1, -1, 175, 150, false, 250},
    {"three adverts are missed, and no frame came", 0, 50, -1, -1, -1, 375, 150, true, 700},
    {"not a moment before", 0, 50, -1, -1, -1, 374, 150, false, 375},
    {"a frame after the missing advert: it lives", 0, 50, -1, 200, -1, 375, 150, false, 450},
    {"and is no longer Active", 0, 50, -1, 250, -1, 375, 0, false, 500},
    {"resigned: no advert is due", 0, 50, 60, -1, -1, 240, 0, false, 250},
    {"adverts alone are enough, without frames", -1, 50, -1, -1, -1, 375, 150, true, -1},
    {"leaving is not silence", 0, 50, -1, -1, 60, 5000, 0, false, -1},
    {"back after silence", 0, -1, -1, 900, -1, 910, 0, false, 1150},
};

static struct monotime at(int ms)
{
    return ms < 0 ? MONOTIME_NEVER : (struct monotime){START + ms * MS};
}

static void test_each_rule(void **unused)
{
    (void)unused;
    for (size_t index = 0; index < sizeof(rows) / sizeof(rows[0]); index++) {
        const struct row *row = &rows[index];
        struct vrrp_presence presence = {0};

        if (row->frame >= 0)
            vrrp_presence_frame(&presence, FRAMES, false, at(row->frame));
        if (row->advert >= 0)
            vrrp_presence_advert(&presence, ADVERT, at(row->advert));
        if (row->resigned >= 0)
            vrrp_presence_advert(&presence, 0, at(row->resigned));
        if (row->second_frame >= 0)
            vrrp_presence_frame(&presence, FRAMES, false, at(row->second_frame));
        if (row->left >= 0)
            vrrp_presence_frame(&presence, FRAMES, true, at(row->left));
        const struct vrrp_presence_view view = vrrp_presence_judge(&presence, at(row->now));
        const struct monotime next = vrrp_presence_deadline(&presence, at(row->now));
        if (view.missed.ns != (row->missed ? at(row->missed).ns : 0) ||
            view.silent != row->silent || next.ns != at(row->next).ns)
            fail_msg("%s: missed %lld, %s, next %lld", row->rule,
                     (long long)(view.missed.ns ? (view.missed.ns - START) / MS : 0),
                     view.silent ? "silent" : "heard", (long long)((next.ns - START) / MS));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_rule)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
