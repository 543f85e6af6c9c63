/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is refused and why, what begins, and what another node is asked. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "supervisord/console/command.h"
#include "tests/supervisord/world_fixture.h"

/* A core that remembers what it was asked for, and answers as told. */
struct core {
    int begun, target;
    bool is_forced;
    int asked;
    size_t node;
    uid_t uid;
    char line[128];
    int result; /* of the other node */
};

static struct world_fixture fixture;
static struct core core;
static struct command_caller caller;

static int begin_handover(void *owner, size_t at, int node, bool is_forced, struct err *err)
{
    struct handover *handover = &fixture.world.routers[at].handover;

    (void)owner;
    (void)err;
    core.begun++;
    core.target = node;
    core.is_forced = is_forced;
    *handover = (struct handover){.phase = HANDOVER_PREPARES,
                                  .successor = node,
                                  .begun = fixture.now,
                                  .is_forced = is_forced};
    return 0;
}

static int ask_node(void *owner, size_t node, const struct command_order *order,
                    uint64_t *ret_ticket)
{
    (void)owner;
    core.asked++;
    core.node = node;
    core.uid = order->uid;
    snprintf(core.line, sizeof(core.line), "%s", order->line);
    *ret_ticket = 7;
    return core.result == -ENOKEY ? -ENOKEY : 0;
}

static int take_answer(void *owner, uint64_t ticket, FILE *out)
{
    (void)owner;
    assert_int_equal(ticket, 7);
    if (core.result >= 0)
        fprintf(out, "said there\n");
    return core.result;
}

static const struct command_core functions = {
    .begin_handover = begin_handover, .ask_node = ask_node, .take_answer = take_answer};

/* n2 holds "registry"; n3 is not heard, the others are eligible. */
static void start(void)
{
    world_fixture_init(&fixture);
    core = (struct core){0};
    caller = (struct command_caller){.uid = 1000, .level = COMMAND_OPERATOR};
    for (size_t at = 0; at < fixture.world.node_count; at++) {
        struct world_node *node = &fixture.peers[at];
        const struct vrrp_params *params = &fixture.routers[0].settings.params;

        node->news.router_count = 1;
        node->news.routers[0] = (struct peers_news_router){
            .vrid = params->vrid, .family = params->family, .flags = PEERS_NEWS_ELIGIBLE};
        node->settings.priority = 150 - 10 * (int)at;
    }
}

/* NULL: poll. */
static int answer(const char *line, char **ret_text)
{
    struct command_desk desk = {.world = &fixture.world, .core = &functions};
    struct line_command command;
    char text[256];
    size_t bytes = 0, at = 0;
    FILE *out = open_memstream(ret_text, &bytes);
    int result;

    snprintf(text, sizeof(text), "%s", line ? line : "");
    if (line)
        assert_int_equal(line_next(text, strlen(text), &at, &command), LINE_GOOD);
    result = line ? command_run(&desk, &caller, &command, fixture.now, out)
                  : command_poll(&desk, &caller, fixture.now, out);
    fclose(out);
    return result;
}

static void expect(const char *line, int result, const char *text)
{
    char *got = NULL;

    assert_int_equal(answer(line, &got), result);
    if (!strstr(got, text))
        fail_msg("%s: \"%s\" is not in \"%s\"", line ? line : "(poll)", text, got);
    free(got);
}

static void what_is_wrong_with_the_words(void **unused)
{
    (void)unused;
    start();
    expect("switchover", WORLD_USAGE, "usage: switchover VROUTER [to NODE] [--dry-run]");
    expect("switchover registry n1", WORLD_USAGE, "usage: switchover");
    expect("switchover registry --force x", WORLD_USAGE, "usage: switchover");
    expect("switchover registri", WORLD_USAGE, "the nearest name is registry");
    expect("switchover registry to n9", WORLD_USAGE, "there is no node \"n9\"");
    expect("failover registry", WORLD_USAGE, "usage: failover VROUTER [to NODE] --force REASON");
    expect("failover registry --force \"\"", WORLD_USAGE, "usage: failover");
    assert_int_equal(core.begun + core.asked, 0);
}

static void who_cannot_take_it(void **unused)
{
    struct world_node *n1 = &fixture.peers[0];

    (void)unused;
    start();
    expect("switchover registry to n2", WORLD_DONE, "n2 holds virtual router registry already");
    expect("switchover registry to n3", WORLD_PRECONDITION,
           "n3 cannot take virtual router "
           "registry over: it is not heard");
    n1->news.mode = OPERATOR_MAINTENANCE;
    expect("switchover registry to n1", WORLD_PRECONDITION, "it is in maintenance");
    expect("failover registry to n1 --force x", WORLD_PRECONDITION, "it is in maintenance");
    n1->news.mode = OPERATOR_READY;
    n1->news.routers[0].flags = 0;
    expect("switchover registry to n1", WORLD_PRECONDITION, "it is not eligible");
    n1->news.routers[0].flags = PEERS_NEWS_ELIGIBLE;
    n1->settings.witness = true;
    expect("switchover registry to n1", WORLD_PRECONDITION, "it is a witness");
    n1->settings.witness = false;
    n1->news.registry_count = 1;
    snprintf(n1->news.registries[0].name, PEERS_NEWS_NAME_BYTES, "registry");
    snprintf(n1->news.registries[0].digest, PEERS_NEWS_DIGEST_BYTES, "another");
    snprintf(fixture.registries[0].status.captured_digest, REGISTRY_DIGEST_BYTES, "ours");
    expect("switchover registry to n1", WORLD_PRECONDITION, "with another configuration");
    n1->news.registry_count = 0;
    fixture.routers[0].settings.params.preempt = true;
    fixture.routers[0].settings.params.priority = 200;
    expect("switchover registry to n1", WORLD_PRECONDITION, "preempt is set");
    fixture.routers[0].settings.params.preempt = false;
    fixture.world.operator.paused_until_wall_ns = OPERATOR_FOR_EVER;
    expect("switchover registry to n1", WORLD_PRECONDITION, "paused");
    assert_int_equal(core.begun + core.asked, 0);
}

static void a_dry_run_changes_nothing(void **unused)
{
    (void)unused;
    start();
    expect("switchover registry --dry-run", WORLD_DONE, "registry would go to n1");
    expect("switchover registry to n4 --dry-run", WORLD_DONE, "registry would go to n4");
    assert_int_equal(core.begun + core.asked, 0);
}

static void one_that_goes_well(void **unused)
{
    struct handover *handover = &fixture.routers[0].handover;
    struct world_node *n4 = &fixture.peers[3];

    (void)unused;
    start();
    expect("switchover registry to n4", COMMAND_WAITS, "");
    assert_int_equal(core.begun, 1);
    assert_int_equal(core.target, 3);
    assert_false(core.is_forced);
    expect(NULL, COMMAND_WAITS, "");
    handover->phase = HANDOVER_DONE;
    handover->since = fixture.now;
    expect(NULL, COMMAND_WAITS, ""); /* it must say so itself */
    n4->role = VRRP_ACTIVE;
    n4->news.registry_count = 1;
    snprintf(n4->news.registries[0].name, PEERS_NEWS_NAME_BYTES, "registry");
    expect(NULL, COMMAND_WAITS, "");
    n4->news.registries[0].flags = PEERS_NEWS_READY;
    expect(NULL, WORLD_DONE, "virtual router registry is held by n4 after 0 s");
    assert_int_equal(caller.wait, COMMAND_WAIT_NONE);
}

static void ones_that_do_not(void **unused)
{
    struct handover *handover = &fixture.routers[0].handover;

    (void)unused;
    start();
    expect("switchover registry to n4", COMMAND_WAITS, "");
    handover->phase = HANDOVER_FAILED;
    snprintf(handover->why, sizeof(handover->why), "the successor did not take over");
    expect(NULL, WORLD_FAILED,
           "rolled back: the successor did not take over; virtual router "
           "registry is held by this node as before");
    expect("switchover registry to n4", COMMAND_WAITS, "");
    handover->phase = HANDOVER_DONE;
    handover->since = (struct monotime){fixture.now.ns - 60 * NS_PER_S};
    expect(NULL, WORLD_FAILED, "n4 does not say that it serves");
    expect("switchover registry to n4", COMMAND_WAITS, "");
    caller.wait_until = fixture.now;
    expect(NULL, WORLD_TIMEOUT, "not done yet: registry prepares");
}

static void force_asks_for_less(void **unused)
{
    (void)unused;
    start();
    fixture.peers[0].news.routers[0].flags = 0;
    expect("failover registry --force a fan is loud", COMMAND_WAITS, "");
    assert_int_equal(core.target, 0);
    assert_true(core.is_forced);
}

/* The one that holds it does it, whoever is asked; and it asks nobody else. */
static void another_node_is_asked(void **unused)
{
    (void)unused;
    start();
    fixture.routers[0].status.state = VRRP_BACKUP;
    fixture.routers[0].status.active = fixture.peers[3].settings.address;
    expect("switchover registry to n1", COMMAND_WAITS, "");
    assert_int_equal(core.node, 3);
    assert_int_equal(core.uid, 1000);
    assert_string_equal(core.line, "switchover \"registry\" \"to\" \"n1\"");
    core.result = COMMAND_WAITS;
    expect(NULL, COMMAND_WAITS, "");
    core.result = WORLD_PRECONDITION;
    expect(NULL, WORLD_PRECONDITION, "said there\n");
    caller.is_remote = true;
    expect("switchover registry to n1", WORLD_PRECONDITION, "not held here any more");
    caller.is_remote = false;
    fixture.routers[0].status.active = (struct address){0};
    expect("switchover registry to n1", WORLD_PRECONDITION, "no node is known to hold");
    assert_int_equal(core.asked, 1);
}

static void verbs_for_another_node(void **unused)
{
    (void)unused;
    start();
    expect("maint n4 --force", COMMAND_WAITS, "");
    assert_int_equal(core.node, 3);
    assert_string_equal(core.line, "maint \"--force\"");
    caller.wait = COMMAND_WAIT_NONE;
    expect("pause n4 30m", COMMAND_WAITS, "");
    assert_string_equal(core.line, "pause \"30m\"");
    caller.wait = COMMAND_WAIT_NONE;
    expect("ready n2", WORLD_USAGE, "not in this version"); /* that is us: done here */
    assert_int_equal(core.asked, 2);
    expect("drain n9", WORLD_USAGE, "");
    core.result = -ENOKEY;
    expect("drain n4", WORLD_PRECONDITION, "there is no cluster key here");
    caller.level = COMMAND_USER;
    expect("drain n4", WORLD_DENIED, "permission denied");
    assert_int_equal(core.asked, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_with_the_words),
        cmocka_unit_test(who_cannot_take_it),
        cmocka_unit_test(a_dry_run_changes_nothing),
        cmocka_unit_test(one_that_goes_well),
        cmocka_unit_test(ones_that_do_not),
        cmocka_unit_test(force_asks_for_less),
        cmocka_unit_test(another_node_is_asked),
        cmocka_unit_test(verbs_for_another_node),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
