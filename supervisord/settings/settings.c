/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probes/message.h"
#include "supervisord/settings/derive.h"
#include "supervisord/settings/dump.h"
#include "supervisord/settings/settings_keys.h"
#include "supervisord/settings/settings_parse.h"

/* One reading of one file. */
struct reading {
    const char *path;
    const struct settings_host *host;
    struct arena *arena;
    struct settings *settings;
    struct mistakes mistakes;
    struct mistakes warnings;
};

static int complete(struct reading *reading)
{
    struct derive derive = {.settings = reading->settings,
                            .host = reading->host,
                            .origins = reading->settings->origins,
                            .judge = {.settings = reading->settings,
                                      .origins = reading->settings->origins,
                                      .main_path = reading->path,
                                      .mistakes = &reading->mistakes,
                                      .warnings = &reading->warnings}};

    derive_all(&derive);
    if (settings_judge_all(&derive.judge) < 0 || origin_is_incomplete(reading->settings->origins))
        return -ENOMEM;
    return reading->mistakes.count > 0 ? -EINVAL : 0;
}

static int read_file(struct reading *reading)
{
    struct settings_parse parse = {.arena = reading->arena, .mistakes = &reading->mistakes};
    struct settings_text text;

    reading->settings = arena_allocate(reading->arena, 1, sizeof(*reading->settings));
    parse.origins = origin_new(reading->arena);
    if (!reading->settings || !parse.origins)
        return -ENOMEM;
    reading->settings->arena = reading->arena;
    reading->settings->origins = parse.origins;
    int result = settings_text_read(reading->path, reading->arena, &reading->mistakes, &text);
    if (result == 0)
        result = settings_parse_text(&parse, &text, settings_keys_root(), reading->settings);
    return result < 0 ? result : complete(reading);
}

static int read_all(struct reading *reading, FILE *mistakes, FILE *warnings)
{
    int result = mistake_init(&reading->mistakes);

    if (result == 0)
        result = mistake_init(&reading->warnings);
    if (result == 0)
        result = read_file(reading);
    if (result == -ENOMEM)
        fprintf(mistakes, "%s: cannot be read: no memory\n", reading->path);
    else if (result < 0)
        mistake_write(&reading->mistakes, mistakes);
    if (result == 0 && warnings)
        mistake_write(&reading->warnings, warnings);
    return result;
}

int settings_read(const char *path, const struct settings_host *host, FILE *mistakes,
                  FILE *warnings, struct settings **ret_settings)
{
    struct reading reading = {.path = path, .host = host, .arena = arena_new()};
    int result = -ENOMEM;

    if (reading.arena)
        result = read_all(&reading, mistakes, warnings);
    mistake_fini(&reading.mistakes);
    mistake_fini(&reading.warnings);
    if (result < 0) {
        arena_free(reading.arena);
        return -EINVAL;
    }
    *ret_settings = reading.settings;
    return 0;
}

/* The derived secrets are not left behind in freed memory. */
void settings_free(struct settings *settings)
{
    if (!settings)
        return;
    for (size_t at = 0; at < settings->registry_count; at++)
        explicit_bzero(settings->registries[at].params.environment,
                       sizeof(settings->registries[at].params.environment));
    arena_free(settings->arena);
}

void settings_dump(const struct settings *settings, FILE *out)
{
    dump_write(settings, out);
}

void settings_describe(FILE *out)
{
    key_describe(settings_keys_root(), "", out);
}

static bool has_path(const char *paths, size_t paths_bytes, const char *path)
{
    for (size_t at = 0; at < paths_bytes; at += strlen(paths + at) + 1)
        if (strcmp(paths + at, path) == 0)
            return true;
    return false;
}

/* Allowed already by a virtual router before. */
static bool is_written(const struct settings *settings, size_t routers, const char *path)
{
    for (size_t at = 0; at < routers; at++)
        if (has_path(settings->routers[at].on_transition, settings->routers[at].on_transition_bytes,
                     path))
            return true;
    return false;
}

/* Each program once, for a policy names nobody twice. */
static void write_hooks(const struct settings *settings, const char *paths, size_t paths_bytes,
                        size_t routers, FILE *out)
{
    for (size_t at = 0; at < paths_bytes; at += strlen(paths + at) + 1)
        if (!is_written(settings, routers, paths + at) && !has_path(paths, at, paths + at))
            fprintf(out, "@hook %s %s\n", settings->hooks.user, paths + at);
}

static void write_commands(const struct settings *settings, FILE *out)
{
    const struct probe_params *probes = settings->probes;

    for (size_t at = 0; at < settings->probe_count; at++) {
        size_t same = 0;

        while (same < at && strcmp(probes[same].url, probes[at].url) != 0)
            same++;
        if (probes[at].type == PROBE_TYPE_EXEC && same == at)
            fprintf(out, "@exec %s %s\n", settings->hooks.user, probe_locator_program(&probes[at]));
    }
}

void settings_write_policy(const struct settings *settings, FILE *out)
{
    fputs("# name user binary\n", out);
    for (size_t at = 0; at < settings->registry_count; at++) {
        const struct settings_registry *registry = &settings->registries[at];
        fprintf(out, "%s %s %s\n", registry->params.name, registry->user, registry->params.argv);
    }
    for (size_t at = 0; at < settings->router_count; at++)
        write_hooks(settings, settings->routers[at].on_transition,
                    settings->routers[at].on_transition_bytes, at, out);
    write_hooks(settings, settings->hooks.on_transition, settings->hooks.on_transition_bytes,
                settings->router_count, out);
    write_commands(settings, out);
}

static void write_registry_port(const struct settings *settings,
                                const struct settings_registry *registry, FILE *out)
{
    const char *colon = strrchr(registry->params.listen, ':');
    char text[ADDRESS_TEXT_BYTES];

    for (size_t at = 0; colon && at < settings->router_count; at++) {
        const struct vrrp_params *params = &settings->routers[at].params;
        if (strcmp(params->name, registry->follows) == 0)
            fprintf(out, "TCP %-6s clients to %s: registry %s\n", colon + 1,
                    address_format_host(&params->addresses[0], text), registry->params.name);
    }
}

void settings_write_ports(const struct settings *settings, FILE *out)
{
    bool multicasts = false;

    for (size_t at = 0; at < settings->router_count; at++)
        multicasts |= settings->routers[at].params.transport == VRRP_TRANSPORT_MULTICAST;
    fprintf(out, "IP protocol 112 between the nodes%s: VRRP\n",
            multicasts ? " and to 224.0.0.18" : "");
    if (settings->metrics.port != 0)
        fprintf(out, "TCP %-6d monitoring and the nodes to each node: metrics and status\n",
                settings->metrics.port);
    fprintf(out, "UDP %-6d between the nodes: what they tell each other\n", settings->cluster.port);
    fprintf(out, "TCP %-6d between the nodes: what they ask each other\n", settings->cluster.port);
    for (size_t at = 0; at < settings->registry_count; at++)
        write_registry_port(settings, &settings->registries[at], out);
}
