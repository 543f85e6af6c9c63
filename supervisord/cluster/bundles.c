/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/cluster/bundles.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisord/cluster/bundle_keep.h"
#include "supervisord/cluster/bundle_talk.h"
#include "supervisord/journal.h"

#define RETRY_NS (5 * NS_PER_S)

/* Bytes. */

static void blob_free(struct bundles_blob *blob)
{
    if (blob->bytes)
        explicit_bzero(blob->bytes, blob->length_bytes); /* keys and passwords */
    free(blob->bytes);
    *blob = (struct bundles_blob){.bytes = NULL};
}

int bundles_blob_set(struct bundles_blob *blob, const char *digest, const uint8_t *bytes,
                     size_t length_bytes)
{
    struct bundles_blob copy = {malloc(length_bytes + 1), length_bytes, ""};

    if (!copy.bytes)
        return -ENOMEM;
    memcpy(copy.bytes, bytes, length_bytes);
    snprintf(copy.digest, sizeof(copy.digest), "%s", digest);
    blob_free(blob);
    *blob = copy;
    return 0;
}

const struct bundles_blob *bundles_blob(struct bundles_one *one, const char *digest)
{
    const struct bundles_blob *blobs[] = {&one->current, &one->voted, &one->captured};

    for (size_t at = 0; at < sizeof(blobs) / sizeof(blobs[0]); at++)
        if (blobs[at]->bytes && strcmp(blobs[at]->digest, digest) == 0)
            return blobs[at];
    return NULL;
}

struct bundles_one *bundles_find(struct bundles *bundles, const char *name)
{
    for (size_t at = 0; at < bundles->count; at++)
        if (strcmp(bundles->ones[at]->name, name) == 0)
            return bundles->ones[at];
    return NULL;
}

void bundles_capture(struct bundles_one *one, const char *digest, const uint8_t *bytes,
                     size_t length_bytes, struct monotime now)
{
    if (strcmp(one->captured.digest, digest) == 0 ||
        bundles_blob_set(&one->captured, digest, bytes, length_bytes) < 0)
        return;
    bundles_judge(one, now);
}

static struct world_registry *find_registry(const struct bundles_one *one)
{
    struct world *world = &one->bundles->core->world;

    for (size_t at = 0; at < world->registry_count; at++)
        if (strcmp(world->registries[at].settings.params.name, one->name) == 0)
            return &world->registries[at];
    return NULL;
}

void bundles_tell(struct bundles_one *one, enum log_level level, struct monotime now,
                  const char *format, ...)
{
    const struct journal_entry entry = {WORLD_EVENT_BUNDLE, level, one->name, "", ""};
    char words[160];
    va_list list;

    va_start(list, format);
    vsnprintf(words, sizeof(words), format, list);
    va_end(list);
    journal_add(&one->bundles->core->world, now, &entry, "%s", words);
}

/* What is current, and what follows from it. */

static const struct settings_registry *settings_of(const struct bundles_one *one)
{
    const struct world_registry *registry = find_registry(one);

    return registry ? &registry->settings : NULL;
}

/* No key, or nobody to agree with who may not be here yet: there is nothing to wait for. */
static const char *find_obstacle(const struct bundles_one *one)
{
    const struct core *core = one->bundles->core;

    if (core->world.node_count > 1 && core->key_count == 0)
        return "without a cluster key nodes agree on nothing";
    if (core->world.settings->self == SETTINGS_NO_NODE)
        return "none of the nodes is this host";
    return NULL;
}

static void set_in_force(struct bundles_one *one, const struct bundle_order_version *version)
{
    if (bundle_order_is_same(&one->in_force, version))
        return;
    one->in_force = *version;
    one->bundles->core->is_dirty = true;
}

/* Of what the nodes know to be current: take it, or get it. */
static void follow(struct bundles_one *one, const struct bundle_order_version *current,
                   struct monotime now)
{
    const struct bundles_blob *blob = bundles_blob(one, current->digest);

    if (current->generation <= one->next.current.generation)
        return;
    if (blob)
        bundle_keep_commit(one, current, blob->bytes, blob->length_bytes, now);
    else
        bundle_talk_fetch(one, current, now);
}

static void choose(struct bundles_one *one, struct monotime now)
{
    const struct settings_registry *settings = settings_of(one);
    const struct monotime waits =
        monotime_add(one->bundles->core->asked, settings ? settings->bundle_wait_ns : 0);
    const bool has_waited = monotime_reached(waits, now);
    const bool is_obstructed = find_obstacle(one) != NULL;
    const struct bundle_order_version current = bundle_order_current(&one->order);
    bool is_confirmed = false;

    switch (bundle_order_start(&one->order, has_waited || is_obstructed)) {
    case BUNDLE_ORDER_WAIT:
        return; /* what was in force stays so */
    case BUNDLE_ORDER_CURRENT:
        is_confirmed = bundle_order_is_same(&one->next.current, &current);
        if (!is_confirmed && !has_waited)
            return; /* it is being fetched */
        break;
    case BUNDLE_ORDER_FILES:
        is_confirmed = bundle_order_has_majority(&one->order);
        break;
    case BUNDLE_ORDER_UNCONFIRMED:
        break;
    }
    if (!one->world.is_ready || one->world.is_confirmed != is_confirmed)
        one->bundles->core->is_dirty = true;
    one->world.is_ready = true;
    one->world.is_confirmed = is_confirmed;
    set_in_force(one, &one->next.current);
}

/* Settle what is undecided, publish what all agree on: by whoever's turn it is. */
static void act(struct bundles_one *one, struct monotime now)
{
    const struct settings_registry *settings = settings_of(one);
    const struct bundle_order_version undecided = bundle_order_undecided(&one->order);
    const struct bundle_order_report *self = &one->order.reports[one->order.self];
    const char *agreed = bundle_order_agreed(&one->order);
    struct bundle_order_version version = {.generation = bundle_order_next(&one->order)};

    if (one->disk_words[0] != '\0' && monotime_reached(one->retry, now)) {
        one->retry = monotime_add(now, RETRY_NS);
        bundle_keep_save(one, now);
    }
    /* What was current a moment ago is not what is current now: the others' words are older. */
    if (one->next.current.generation > bundle_order_current(&one->order).generation)
        return;
    if (one->is_trying || find_obstacle(one) || !bundle_order_has_majority(&one->order) ||
        one->disk_words[0] != '\0' || !monotime_reached(one->retry, now))
        return;
    if (undecided.generation > 0) {
        if (bundle_order_is_same(&undecided, &self->acknowledged) &&
            bundles_blob(one, undecided.digest))
            bundle_talk_begin(one, &undecided, bundles_blob(one, undecided.digest), 0, now);
        return;
    }
    if (!settings || settings->publish != SETTINGS_PUBLISH_WHEN_ALL_AGREE || !agreed ||
        !bundle_order_is_first(&one->order) || !bundles_blob(one, agreed))
        return;
    memcpy(version.digest, agreed, strlen(agreed) + 1);
    bundle_talk_begin(one, &version, bundles_blob(one, agreed), 0, now);
}

/* One that runs with another bundle than the current one is restarted, once, if it is sure. */
static void restart(struct bundles_one *one, struct monotime now)
{
    struct world_registry *registry = find_registry(one);
    const char *digest = one->in_force.digest;

    if (!registry || !registry->wanted || !one->world.is_confirmed || digest[0] == '\0' ||
        registry->status.pid == 0 || registry->status.digest[0] == '\0' ||
        strcmp(registry->status.digest, digest) == 0 || strcmp(one->restarted_for, digest) == 0)
        return;
    memcpy(one->restarted_for, digest, sizeof(one->restarted_for));
    bundles_tell(one, LOG_LEVEL_INFO, now, "restarted: it runs %.12s, generation %llu is %.12s",
                 registry->status.digest, (unsigned long long)one->in_force.generation, digest);
    one->bundles->core->registries[registry - one->bundles->core->world.registries]
        .restart_serial++;
    one->bundles->core->is_dirty = true;
}

/* Where it listens is what it runs with, not what this node's files say by now. */
static void run_facts(struct bundles_one *one)
{
    struct core *core = one->bundles->core;
    const struct settings_registry *settings = settings_of(one);
    const struct bundles_blob *blob = bundles_blob(one, one->in_force.digest);
    const bool differs = blob && strcmp(one->captured.digest, one->in_force.digest) != 0;

    if (settings && facts_run(&core->facts, settings->params.config, differs ? blob->bytes : NULL,
                              differs ? blob->length_bytes : 0))
        core->is_stale = true;
}

static void show(struct bundles_one *one)
{
    struct world_bundle *world = &one->world;
    struct world_registry *registry = find_registry(one);
    const char *obstacle = find_obstacle(one);

    world->is_agreed = !obstacle;
    world->generation = one->in_force.generation;
    memcpy(world->digest, one->in_force.digest, sizeof(world->digest));
    memcpy(world->files, one->captured.digest, sizeof(world->files));
    world->differs = world->digest[0] != '\0' && world->files[0] != '\0' &&
                     strcmp(world->digest, world->files) != 0;
    world->undecided = bundle_order_undecided(&one->order).generation;
    world->heard = bundle_order_heard(&one->order);
    world->nodes = one->order.count;
    snprintf(world->trouble, sizeof(world->trouble), "%s",
             one->disk_words[0] ? one->disk_words
             : obstacle         ? obstacle
                                : "");
    world->history_count = one->disk.history_count;
    memcpy(world->history, one->disk.history, sizeof(world->history));
    if (registry)
        registry->bundle = *world;
}

void bundles_judge(struct bundles_one *one, struct monotime now)
{
    const struct bundle_order_version current = bundle_order_current(&one->order);
    const bool was_confirmed = one->world.is_confirmed;

    memcpy(one->order.reports[one->order.self].files, one->captured.digest, DIGEST_TEXT_BYTES);
    if (current.generation > one->next.current.generation)
        follow(one, &current, now);
    choose(one, now);
    act(one, now);
    restart(one, now);
    run_facts(one);
    if (one->in_force.generation > 0 &&
        (!one->has_told || was_confirmed != one->world.is_confirmed)) {
        one->has_told = one->world.is_ready;
        if (one->world.is_ready)
            bundles_tell(one, one->world.is_confirmed ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, now,
                         "generation %llu is %s by a majority",
                         (unsigned long long)one->in_force.generation,
                         one->world.is_confirmed ? "confirmed" : "not confirmed");
    }
    show(one);
}

void bundles_end_attempt(struct bundles_one *one, bool succeeded, const char *words,
                         struct monotime now)
{
    struct world_bundle_attempt *attempt = &one->world.attempt;
    char former[sizeof(attempt->words)];

    memcpy(former, attempt->words, sizeof(former));
    one->is_trying = false;
    one->retry = monotime_add(now, succeeded ? 0 : RETRY_NS);
    attempt->is_running = false;
    attempt->succeeded = succeeded;
    snprintf(attempt->words, sizeof(attempt->words), "%s", words);
    if (!succeeded && strcmp(former, attempt->words) != 0) /* it is tried again and again */
        bundles_tell(one, LOG_LEVEL_WARNING, now, "generation %llu is not published: %s",
                     (unsigned long long)attempt->generation, words);
    show(one);
}

/* Settings. */

static bool has_files(const struct world_node *node)
{
    return !node->settings.witness;
}

/* Who the nodes are, and which one this is. */
static int digest_nodes(const struct world *world, char ret_digest[DIGEST_TEXT_BYTES])
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (!out)
        return -ENOMEM;
    fprintf(out, "%d", world->settings->self);
    for (size_t at = 0; at < world->node_count; at++) {
        const struct settings_node *node = &world->nodes[at].settings;

        fprintf(out, "\n%s %d ", node->name, node->witness);
        fwrite(&node->address, sizeof(node->address), 1, out);
    }
    if (fclose(out) != 0)
        return -ENOMEM;
    digest_of(text, length, ret_digest);
    free(text);
    return 0;
}

static void reset_order(struct bundles_one *one)
{
    const struct world *world = &one->bundles->core->world;
    struct bundle_order *order = &one->order;

    order->count = world->node_count < BUNDLE_ORDER_NODES ? world->node_count : BUNDLE_ORDER_NODES;
    order->self = world->settings->self == SETTINGS_NO_NODE ? 0 : (size_t)world->settings->self;
    memset(order->reports, 0, sizeof(order->reports));
    for (size_t at = 0; at < order->count; at++)
        order->reports[at].has_files = has_files(&world->nodes[at]);
    struct bundle_order_report *self = &order->reports[order->self];
    one->next.is_heard = true;
    one->next.has_files = self->has_files;
    *self = one->next;
    self->acknowledged = one->disk.acknowledged;
    self->current = one->disk.current;
    if (one->is_trying)
        bundles_end_attempt(one, false, "the nodes are others now", monotime_now());
}

static void free_one(struct bundles_one *one)
{
    bundle_store_fini(&one->store);
    blob_free(&one->captured);
    blob_free(&one->voted);
    blob_free(&one->current);
    free(one);
}

static void add_one(struct bundles *bundles, const char *name, struct monotime now)
{
    struct bundles_one *one = calloc(1, sizeof(*one));

    if (!one)
        return;
    snprintf(one->name, sizeof(one->name), "%s", name);
    one->bundles = bundles;
    bundle_keep_open(one, now);
    bundles->ones[bundles->count++] = one;
}

/* What was heard counts as long as the nodes are the same. */
static void reset_orders(struct bundles *bundles)
{
    const struct world *world = &bundles->core->world;
    char digest[DIGEST_TEXT_BYTES];
    const bool is_known = digest_nodes(world, digest) == 0;
    const bool is_same = is_known && strcmp(digest, bundles->nodes) == 0;

    for (size_t at = 0; at < bundles->count; at++)
        if (!is_same || bundles->ones[at]->order.count == 0)
            reset_order(bundles->ones[at]);
    if (!is_same)
        memset(bundles->is_asked, 0, sizeof(bundles->is_asked));
    memcpy(bundles->nodes, is_known ? digest : "", is_known ? sizeof(digest) : 1);
}

void bundles_apply(struct core *core, struct monotime now)
{
    struct bundles *bundles = core->bundles;
    const struct settings *settings = core->world.settings;
    size_t kept = 0;

    for (size_t at = 0; at < bundles->count; at++) {
        if (find_registry(bundles->ones[at]))
            bundles->ones[kept++] = bundles->ones[at];
        else
            free_one(bundles->ones[at]);
    }
    bundles->count = kept;
    for (size_t at = 0; at < settings->registry_count; at++)
        if (!bundles_find(bundles, settings->registries[at].params.name))
            add_one(bundles, settings->registries[at].params.name, now);
    reset_orders(bundles);
    for (size_t at = 0; at < bundles->count; at++)
        bundles_judge(bundles->ones[at], now);
    (void)loop_timer_set(core->loop, &bundles->poll, now);
}

int bundles_new(struct core *core, struct err *err)
{
    core->bundles = calloc(1, sizeof(*core->bundles));
    if (!core->bundles)
        return err_set(err, ENOMEM, "no memory for bundles");
    core->bundles->core = core;
    bundle_talk_open(core->bundles);
    return 0;
}

void bundles_free(struct core *core)
{
    struct bundles *bundles = core->bundles;

    if (!bundles)
        return;
    loop_timer_cancel(core->loop, &bundles->poll);
    for (size_t at = 0; at < bundles->count; at++)
        free_one(bundles->ones[at]);
    free(bundles);
    core->bundles = NULL;
}
