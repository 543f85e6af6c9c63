/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/show_bundle.h"

#include <string.h>

#include "supervisord/console/words.h"

#define DIGEST_SHOWN 12

const char *show_bundle_state(const struct world_bundle *bundle)
{
    if (!bundle->is_ready)
        return "awaited";
    if (bundle->generation == 0)
        return "own files";
    return bundle->is_confirmed ? "confirmed" : "unconfirmed";
}

static void attempt_of(struct table *table, const struct world_bundle_attempt *attempt)
{
    if (attempt->number == 0)
        table_none(table);
    else if (attempt->is_running)
        table_text(table, "generation %llu is being published",
                   (unsigned long long)attempt->generation);
    else if (attempt->succeeded)
        table_text(table, "generation %llu was published", (unsigned long long)attempt->generation);
    else
        table_text(table, "generation %llu was not: %s", (unsigned long long)attempt->generation,
                   attempt->words);
}

struct table *show_bundle_all(const struct show *show)
{
    static const struct table_column columns[] = {
        {"registry", "REGISTRY"}, {"generation", "GENERATION"},
        {"state", "STATE"},       {"digest", "DIGEST"},
        {"files", "FILES"},       {"differs", "DIFFERS"},
        {"heard", "HEARD"},       {"majority", "DECIDE"},
        {"nodes", "NODES"},       {"survives", "MAY BE LOST"},
        {"undecided", NULL},      {"attempt", "LAST ATTEMPT"},
        {"trouble", "TROUBLE"},   {NULL, NULL},
    };
    struct table *table = table_new(columns);

    for (size_t at = 0; table && at < show->world->registry_count; at++) {
        const struct world_registry *registry = &show->world->registries[at];
        const struct world_bundle *bundle = &registry->bundle;

        table_text(table, "%s", registry->settings.params.name);
        table_int(table, (int64_t)bundle->generation);
        table_text(table, "%s", show_bundle_state(bundle));
        table_short(table, bundle->digest, DIGEST_SHOWN);
        table_short(table, bundle->files, DIGEST_SHOWN);
        table_bool(table, bundle->differs);
        table_int(table, (int64_t)bundle->heard);
        table_int(table, (int64_t)bundle_order_majority(bundle->nodes));
        table_int(table, (int64_t)bundle->nodes);
        table_int(table, bundle->nodes ? (int64_t)bundle_order_survives(bundle->nodes) : 0);
        table_int(table, (int64_t)bundle->undecided);
        attempt_of(table, &bundle->attempt);
        table_text_or_none(table, bundle->trouble);
    }
    return table;
}

struct table *show_bundle_history(const struct show *show)
{
    static const struct table_column columns[] = {
        {"registry", "REGISTRY"}, {"generation", "GENERATION"}, {"digest", "DIGEST"},
        {"since", "SINCE"},       {"in_force", "IN FORCE"},     {NULL, NULL},
    };
    struct table *table = table_new(columns);
    char time[WORDS_TIME_BYTES];

    for (size_t at = 0; table && at < show->world->registry_count; at++) {
        const struct world_registry *registry = &show->world->registries[at];

        for (size_t entry = 0; entry < registry->bundle.history_count; entry++) {
            const struct bundle_store_entry *one = &registry->bundle.history[entry];

            table_text(table, "%s", registry->settings.params.name);
            table_int(table, (int64_t)one->generation);
            table_short(table, one->digest, DIGEST_SHOWN);
            table_text(table, "%s", words_time(one->wall_ns, time));
            table_bool(table, one->generation == registry->bundle.generation);
        }
    }
    return table;
}
