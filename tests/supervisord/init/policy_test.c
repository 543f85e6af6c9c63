/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The local policy where reghad cannot even be started. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/log.h"
#include "supervisord/init/policy.h"

struct stage {
    struct loop *loop;
    struct init_policy policy;
    struct loop_timer later;
    int answers, status;
};

static void handle_done(void *owner, int status, struct monotime now)
{
    struct stage *stage = owner;

    (void)now;
    stage->answers++;
    stage->status = status;
}

static void handle_later(struct loop_timer *timer, struct monotime now)
{
    struct stage *stage = timer->owner;

    (void)now;
    loop_stop(stage->loop, 0);
}

/* As two reloads in one pass would, for the first one has nothing that runs. */
static void started_again_before_it_could_tell_its_failure(void **unused)
{
    static char config[] = "/nowhere/regha.conf";
    struct stage *stage = calloc(1, sizeof(*stage));
    const struct monotime now = monotime_now();
    struct err err;

    (void)unused;
    assert_int_equal(loop_new(NS_PER_S, &stage->loop, &err), 0);
    stage->policy = (struct init_policy){.loop = stage->loop,
                                         .program = "/nowhere/reghad",
                                         .config = config,
                                         .path = "/nowhere/policy",
                                         .owner = stage,
                                         .done = handle_done};
    loop_timer_init(&stage->later, "later", handle_later, stage);
    init_policy_start(&stage->policy, true, now);
    init_policy_start(&stage->policy, true, now);
    loop_timer_set(stage->loop, &stage->later, monotime_add(now, 50 * NS_PER_MS));
    assert_int_equal(loop_run(stage->loop), 0);
    assert_int_equal(stage->answers, 1);
    assert_int_equal(stage->status, 1);
    loop_free(stage->loop);
    free(stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(started_again_before_it_could_tell_its_failure),
    };

    log_open("policy_test", LOG_LEVEL_ERR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
