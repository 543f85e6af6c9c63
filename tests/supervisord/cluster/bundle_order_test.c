/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may acknowledge what, what is current, and with what a service starts: rows named by their
 * rule. Then clusters of two to five nodes whose messages are lost and whose nodes lose their
 * memory of what is not on disk: no generation ever has two digests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "supervisord/cluster/bundle_order.h"

#define A "aa"
#define B "bb"

/* A node in few letters; generation 0: none. */
struct node {
    char said; /* '-': silent, 'h': heard, 'b': heard and blank, 'w': heard, without files */
    uint64_t acknowledged;
    const char *acknowledged_digest;
    uint64_t current;
    const char *current_digest;
    const char *files;
};

static void set(struct bundle_order_version *version, uint64_t generation, const char *digest)
{
    version->generation = generation;
    snprintf(version->digest, sizeof(version->digest), "%s", digest ? digest : "");
}

static struct bundle_order order_of(const struct node *nodes, size_t count)
{
    struct bundle_order order = {.count = count, .self = 0};

    for (size_t at = 0; at < count; at++) {
        struct bundle_order_report *report = &order.reports[at];

        report->is_heard = nodes[at].said != '-';
        report->is_blank = nodes[at].said == 'b';
        report->has_files = nodes[at].said != 'w';
        set(&report->acknowledged, nodes[at].acknowledged, nodes[at].acknowledged_digest);
        set(&report->current, nodes[at].current, nodes[at].current_digest);
        snprintf(report->files, sizeof(report->files), "%s",
                 nodes[at].files ? nodes[at].files : "");
    }
    return order;
}

static void test_judge(void **state)
{
    static const struct {
        const char *rule;
        size_t count;
        struct node nodes[4];
        uint64_t generation;
        const char *digest;
        enum bundle_order_answer answer;
    } rows[] = {
        {"the first one", 1, {{.said = 'h'}}, 1, A, BUNDLE_ORDER_YES},
        {"a newer generation", 1, {{'h', 4, A, 4, A, A}}, 5, B, BUNDLE_ORDER_YES},
        {"the same again", 1, {{'h', 4, A, 3, A, A}}, 4, A, BUNDLE_ORDER_AGAIN},
        {"one digest per generation", 1, {{'h', 4, A, 3, A, A}}, 4, B, BUNDLE_ORDER_OTHER},
        {"never back", 1, {{'h', 4, A, 3, A, A}}, 3, A, BUNDLE_ORDER_OLDER},
        {"blank, alone of three",
         3,
         {{.said = 'b'}, {.said = '-'}, {.said = '-'}},
         9,
         A,
         BUNDLE_ORDER_BLANK},
        {"blank, but it is the only node", 1, {{.said = 'b'}}, 1, A, BUNDLE_ORDER_YES},
        {"blank: not what others knew",
         3,
         {{.said = 'b'}, {'h', 4, A, 3, A, A}, {.said = '-'}},
         4,
         A,
         BUNDLE_ORDER_OLDER},
        {"blank: what is newer than all",
         3,
         {{.said = 'b'}, {'h', 4, A, 3, A, A}, {.said = '-'}},
         5,
         B,
         BUNDLE_ORDER_YES},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const struct bundle_order order = order_of(rows[at].nodes, rows[at].count);
        struct bundle_order_version offered;

        set(&offered, rows[at].generation, rows[at].digest);
        if (bundle_order_judge(&order, &offered) != rows[at].answer)
            fail_msg("%s: %s", rows[at].rule,
                     bundle_order_answer_text(bundle_order_judge(&order, &offered)));
    }
}

static void test_start(void **state)
{
    static const struct {
        const char *rule;
        size_t count;
        struct node nodes[4];
        bool waited;
        enum bundle_order_start start;
        uint64_t current, undecided, next;
    } rows[] = {
        {"one node decides alone", 1, {{'h', 1, A, 1, A, A}}, false, BUNDLE_ORDER_CURRENT, 1, 0, 2},
        {"nothing published yet",
         1,
         {{'b', 0, NULL, 0, NULL, A}},
         false,
         BUNDLE_ORDER_FILES,
         0,
         0,
         1},
        {"a majority of two is two",
         2,
         {{'h', 1, A, 1, A, A}, {.said = '-'}},
         false,
         BUNDLE_ORDER_WAIT,
         1,
         0,
         2},
        {"without one: the last current",
         2,
         {{'h', 1, A, 1, A, A}, {.said = '-'}},
         true,
         BUNDLE_ORDER_UNCONFIRMED,
         1,
         0,
         2},
        {"without one and without a bundle",
         2,
         {{'b', 0, NULL, 0, NULL, A}, {.said = '-'}},
         true,
         BUNDLE_ORDER_FILES,
         0,
         0,
         1},
        {"acknowledged by a majority is current",
         3,
         {{'h', 1, A, 1, A, A}, {'h', 2, B, 1, A, A}, {'h', 2, B, 1, A, A}},
         false,
         BUNDLE_ORDER_CURRENT,
         2,
         0,
         3},
        {"one of three may be two of three",
         3,
         {{'h', 1, A, 1, A, A}, {'h', 2, B, 1, A, A}, {.said = '-'}},
         false,
         BUNDLE_ORDER_WAIT,
         1,
         2,
         3},
        {"one of three cannot be, if all are heard",
         3,
         {{'h', 1, A, 1, A, A}, {'h', 2, B, 1, A, A}, {'h', 1, A, 1, A, A}},
         false,
         BUNDLE_ORDER_CURRENT,
         1,
         0,
         3},
        {"a split generation is skipped",
         4,
         {{'h', 2, A, 1, A, A}, {'h', 2, A, 1, A, A}, {'h', 2, B, 1, A, A}, {'h', 2, B, 1, A, A}},
         false,
         BUNDLE_ORDER_CURRENT,
         1,
         0,
         3},
        {"whom we do not hear does not count",
         3,
         {{'h', 1, A, 1, A, A}, {'-', 7, B, 7, B, B}, {'h', 1, A, 1, A, A}},
         false,
         BUNDLE_ORDER_CURRENT,
         1,
         0,
         2},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const struct bundle_order order = order_of(rows[at].nodes, rows[at].count);

        if (bundle_order_start(&order, rows[at].waited) != rows[at].start ||
            bundle_order_current(&order).generation != rows[at].current ||
            bundle_order_undecided(&order).generation != rows[at].undecided ||
            bundle_order_next(&order) != rows[at].next)
            fail_msg("%s: start %d current %llu undecided %llu next %llu", rows[at].rule,
                     (int)bundle_order_start(&order, rows[at].waited),
                     (unsigned long long)bundle_order_current(&order).generation,
                     (unsigned long long)bundle_order_undecided(&order).generation,
                     (unsigned long long)bundle_order_next(&order));
    }
}

static void test_agreed(void **state)
{
    static const struct {
        const char *rule;
        struct node nodes[3];
        const char *agreed;
    } rows[] = {
        {"the first bundle",
         {{'b', 0, NULL, 0, NULL, A}, {'b', 0, NULL, 0, NULL, A}, {'b', 0, NULL, 0, NULL, A}},
         A},
        {"one still has the old files",
         {{'h', 1, A, 1, A, B}, {'h', 1, A, 1, A, B}, {'h', 1, A, 1, A, A}},
         NULL},
        {"rolled out everywhere",
         {{'h', 1, A, 1, A, B}, {'h', 1, A, 1, A, B}, {'h', 1, A, 1, A, B}},
         B},
        {"it is current", {{'h', 1, A, 1, A, A}, {'h', 1, A, 1, A, A}, {'h', 1, A, 1, A, A}}, NULL},
        {"one is silent", {{'h', 1, A, 1, A, B}, {'h', 1, A, 1, A, B}, {'-', 1, A, 1, A, B}}, NULL},
        {"one cannot read its own",
         {{'h', 1, A, 1, A, B}, {'h', 1, A, 1, A, B}, {'h', 1, A, 1, A, NULL}},
         NULL},
        {"a witness has none",
         {{'h', 1, A, 1, A, B}, {'h', 1, A, 1, A, B}, {'w', 1, A, 1, A, NULL}},
         B},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const struct bundle_order order = order_of(rows[at].nodes, 3);
        const char *agreed = bundle_order_agreed(&order);

        if ((agreed == NULL) != (rows[at].agreed == NULL) ||
            (agreed != NULL && strcmp(agreed, rows[at].agreed) != 0))
            fail_msg("%s: %s", rows[at].rule, agreed ? agreed : "none");
    }
}

static void test_ballot(void **state)
{
    const struct bundle_order_version version = {1, A};
    struct bundle_order_ballot ballot;

    (void)state;
    assert_int_equal(bundle_order_survives(2), 0);
    assert_int_equal(bundle_order_survives(4), 1);
    assert_int_equal(bundle_order_survives(5), 2);
    bundle_order_begin(&ballot, 4, &version);
    bundle_order_count(&ballot, 0, true);
    bundle_order_count(&ballot, 1, true);
    bundle_order_count(&ballot, 1, false); /* it stays acknowledged: it is on its disk */
    assert_int_equal(bundle_order_outcome(&ballot), BUNDLE_ORDER_PENDING);
    bundle_order_count(&ballot, 2, false);
    assert_int_equal(bundle_order_outcome(&ballot), BUNDLE_ORDER_PENDING);
    struct bundle_order_ballot lost = ballot;
    bundle_order_count(&lost, 3, false);
    assert_int_equal(bundle_order_outcome(&lost), BUNDLE_ORDER_LOST);
    bundle_order_count(&ballot, 3, true);
    assert_int_equal(bundle_order_outcome(&ballot), BUNDLE_ORDER_WON);
}

/* The simulation. */

#define NODES       5
#define MESSAGES    64
#define GENERATIONS 4096
#define RUNS        300
#define STEPS       400

enum message_kind { STATE, OFFER, ACKNOWLEDGEMENT, REFUSAL, COMMIT };

struct message {
    enum message_kind kind;
    size_t from, to;
    struct bundle_order_version version;
    struct bundle_order_report report;
};

struct machine {
    struct bundle_order order;
    bool is_trying;
    struct bundle_order_ballot ballot;
};

struct simulation {
    uint64_t random;
    size_t count;
    struct machine machines[NODES];
    size_t message_count;
    struct message messages[MESSAGES];
    unsigned side; /* a bit per node: only nodes of one side hear each other */
    /* What was ever acknowledged, as bits of nodes, per generation and digest. */
    unsigned votes[GENERATIONS][NODES * 2];
    size_t won, undecided, split;
};

static unsigned draw(struct simulation *simulation, unsigned limit)
{
    simulation->random ^= simulation->random << 13;
    simulation->random ^= simulation->random >> 7;
    simulation->random ^= simulation->random << 17;
    return (unsigned)(simulation->random % limit);
}

static void send_message(struct simulation *simulation, const struct message *message)
{
    const bool is_cut =
        ((simulation->side >> message->from) & 1) != ((simulation->side >> message->to) & 1);

    if (is_cut || simulation->message_count == MESSAGES || draw(simulation, 8) == 0)
        return;
    simulation->messages[simulation->message_count++] = *message;
}

/* Of one node, in one generation: its vote is on disk, and may never be another one. */
static void note_vote(struct simulation *simulation, size_t node,
                      const struct bundle_order_version *version)
{
    unsigned *votes = simulation->votes[version->generation % GENERATIONS];
    const size_t which = (size_t)(version->digest[0] - 'a');
    unsigned winners = 0;

    votes[which] |= 1u << node;
    for (size_t at = 0; at < NODES * 2; at++) {
        if ((size_t)__builtin_popcount(votes[at]) >= bundle_order_majority(simulation->count))
            winners++;
        if (at != which && ((votes[at] >> node) & 1))
            fail_msg("node %zu acknowledged two digests in generation %llu", node,
                     (unsigned long long)version->generation);
    }
    if (winners > 1)
        fail_msg("generation %llu has two bundles", (unsigned long long)version->generation);
}

static bool acknowledge(struct simulation *simulation, size_t node,
                        const struct bundle_order_version *version)
{
    struct bundle_order *order = &simulation->machines[node].order;
    const enum bundle_order_answer answer = bundle_order_judge(order, version);

    if (answer != BUNDLE_ORDER_YES && answer != BUNDLE_ORDER_AGAIN)
        return false;
    order->reports[node].acknowledged = *version;
    order->reports[node].is_blank = false;
    note_vote(simulation, node, version);
    return true;
}

/* Nothing that was current once is another one later. */
static void commit(struct simulation *simulation, size_t node,
                   const struct bundle_order_version *version)
{
    struct bundle_order_report *self = &simulation->machines[node].order.reports[node];
    const unsigned *votes = simulation->votes[version->generation % GENERATIONS];
    const unsigned given = votes[version->digest[0] - 'a'];

    if ((size_t)__builtin_popcount(given) < bundle_order_majority(simulation->count))
        fail_msg("generation %llu is taken as current without a majority",
                 (unsigned long long)version->generation);
    if (version->generation > self->current.generation)
        self->current = *version;
    if (version->generation > self->acknowledged.generation) {
        self->acknowledged = *version;
        note_vote(simulation, node, version);
    }
    self->is_blank = false;
}

static void propose(struct simulation *simulation, size_t node)
{
    struct machine *machine = &simulation->machines[node];
    struct bundle_order_version version = bundle_order_undecided(&machine->order);

    if (!bundle_order_has_majority(&machine->order) || machine->is_trying)
        return;
    simulation->undecided += version.generation > 0;
    if (version.generation == 0) {
        version.generation = bundle_order_next(&machine->order);
        version.digest[0] = (char)('a' + draw(simulation, NODES * 2));
    }
    bundle_order_begin(&machine->ballot, simulation->count, &version);
    if (!acknowledge(simulation, node, &version))
        return;
    machine->is_trying = true;
    bundle_order_count(&machine->ballot, node, true);
    for (size_t to = 0; to < simulation->count; to++) {
        const struct message offer = {.kind = OFFER, .from = node, .to = to, .version = version};
        if (to != node)
            send_message(simulation, &offer);
    }
}

static void take_answer(struct simulation *simulation, const struct message *message)
{
    struct machine *machine = &simulation->machines[message->to];

    if (!machine->is_trying || !bundle_order_is_same(&machine->ballot.version, &message->version))
        return;
    bundle_order_count(&machine->ballot, message->from, message->kind == ACKNOWLEDGEMENT);
    if (bundle_order_outcome(&machine->ballot) == BUNDLE_ORDER_PENDING)
        return;
    machine->is_trying = false;
    if (bundle_order_outcome(&machine->ballot) == BUNDLE_ORDER_LOST) {
        simulation->split++;
        return;
    }
    simulation->won++;
    commit(simulation, message->to, &message->version);
    for (size_t to = 0; to < simulation->count; to++) {
        const struct message word = {
            .kind = COMMIT, .from = message->to, .to = to, .version = message->version};
        if (to != message->to)
            send_message(simulation, &word);
    }
}

static void deliver(struct simulation *simulation)
{
    if (simulation->message_count == 0)
        return;
    const size_t at = draw(simulation, (unsigned)simulation->message_count);
    const struct message message = simulation->messages[at];
    struct bundle_order *order = &simulation->machines[message.to].order;
    struct message answer = message;

    if (draw(simulation, 16) != 0) /* or it comes twice */
        simulation->messages[at] = simulation->messages[--simulation->message_count];
    answer.from = message.to;
    answer.to = message.from;
    switch (message.kind) {
    case STATE:
        order->reports[message.from] = message.report;
        break;
    case OFFER:
        answer.kind =
            acknowledge(simulation, message.to, &message.version) ? ACKNOWLEDGEMENT : REFUSAL;
        send_message(simulation, &answer);
        break;
    case ACKNOWLEDGEMENT:
    case REFUSAL:
        take_answer(simulation, &message);
        break;
    case COMMIT:
        commit(simulation, message.to, &message.version);
        break;
    }
}

static void tell(struct simulation *simulation, size_t node)
{
    for (size_t to = 0; to < simulation->count; to++) {
        const struct message state = {.kind = STATE,
                                      .from = node,
                                      .to = to,
                                      .report = simulation->machines[node].order.reports[node]};
        if (to != node)
            send_message(simulation, &state);
    }
}

static void restart(struct simulation *simulation, size_t node)
{
    struct machine *machine = &simulation->machines[node];
    const struct bundle_order_report disk = machine->order.reports[node];

    memset(machine, 0, sizeof(*machine));
    machine->order.count = simulation->count;
    machine->order.self = node;
    machine->order.reports[node] = disk;
    machine->order.reports[node].is_heard = true;
}

static void step(struct simulation *simulation)
{
    const size_t node = draw(simulation, (unsigned)simulation->count);
    struct machine *machine = &simulation->machines[node];

    switch (draw(simulation, 16)) {
    case 0:
        propose(simulation, node);
        break;
    case 1:
        machine->is_trying = false; /* its deadline */
        break;
    case 2:
        simulation->side = draw(simulation, 2) ? 0 : draw(simulation, 1u << simulation->count);
        break;
    case 3:
        if (draw(simulation, 4) == 0)
            restart(simulation, node);
        break;
    case 4:
    case 5:
    case 6:
        tell(simulation, node);
        break;
    default:
        deliver(simulation);
        break;
    }
    const struct bundle_order_version current = bundle_order_current(&machine->order);
    if (current.generation > 0)
        commit(simulation, node, &current);
}

static void test_never_two(void **state)
{
    static struct simulation simulation;
    size_t won = 0, undecided = 0, split = 0;

    (void)state;
    for (unsigned seed = 1; seed <= RUNS; seed++) {
        memset(&simulation, 0, sizeof(simulation));
        simulation.random = seed * UINT64_C(0x9e3779b97f4a7c15);
        simulation.count = 2 + seed % (NODES - 1);
        for (size_t node = 0; node < simulation.count; node++)
            restart(&simulation, node);
        for (unsigned at = 0; at < STEPS; at++)
            step(&simulation);
        won += simulation.won;
        undecided += simulation.undecided;
        split += simulation.split;
    }
    print_message("%zu published, %zu settled again, %zu refused by too many\n", won, undecided,
                  split);
    /* The generator reaches what it is for. */
    assert_true(won > RUNS && undecided > RUNS / 10 && split > RUNS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge),     cmocka_unit_test(test_start),
        cmocka_unit_test(test_agreed),    cmocka_unit_test(test_ballot),
        cmocka_unit_test(test_never_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
