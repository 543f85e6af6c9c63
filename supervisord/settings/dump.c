/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/dump.h"

#include <string.h>

#include "supervisord/settings/origin.h"
#include "supervisord/settings/settings_keys.h"

#define INDENT 4

struct dump {
    const struct settings *settings;
    FILE *out;
    int depth;
};

static void indent(const struct dump *dump)
{
    fprintf(dump->out, "%*s", dump->depth * INDENT, "");
}

static void write_origin(const struct dump *dump, const struct origin *origin)
{
    switch (origin->how) {
    case ORIGIN_FILE:
        fprintf(dump->out, " # %s:%u\n", origin->file, origin->line);
        break;
    case ORIGIN_DEFAULT:
        fputs(" # default\n", dump->out);
        break;
    case ORIGIN_DERIVED:
        fprintf(dump->out, " # derived from %s\n", origin->because);
        break;
    }
}

static void write_list(const struct dump *dump, const struct key *key, const void *base)
{
    const size_t count = key_count(key, base);

    fputs("(", dump->out);
    for (size_t at = 0; at < count; at++) {
        fputs(at > 0 ? ", " : " ", dump->out);
        key_write_value(key, key_element(key, at, base), dump->out);
    }
    fputs(count > 0 ? " )" : ")", dump->out);
}

/* What nobody has said anything about has no value: a note of its rule. */
static void write_value(const struct dump *dump, const struct key *key, const void *base)
{
    const void *field = (const char *)base + key->offset;
    const struct origin *origin = origin_find(dump->settings->origins, field, ORIGIN_VALUE);

    if (!origin && key->quiet)
        return;
    indent(dump);
    if (!origin) {
        fprintf(dump->out, "# %s is not set: %s\n", key->name,
                key->rule ? key->rule : "unknown here");
        return;
    }
    fprintf(dump->out, "%s = ", key->name);
    if (key->many == KEY_MANY_ONE)
        key_write_value(key, field, dump->out);
    else
        write_list(dump, key, base);
    fputs(";", dump->out);
    write_origin(dump, origin);
}

static void write_group(struct dump *dump, const struct key *keys, const void *base);

/* The environment is no key, for it holds a secret. */
static void write_secret(struct dump *dump, const struct settings_registry *registry)
{
    if (!registry->secret_derived)
        return;
    indent(dump);
    fputs("# REGISTRY_HTTP_SECRET: (derived from the cluster key)\n", dump->out);
}

static void write_groups(struct dump *dump, const struct key *key, const void *base)
{
    const size_t count = key_count(key, base);

    fprintf(dump->out, "%s = (\n", key->name);
    dump->depth++;
    for (size_t at = 0; at < count; at++) {
        const void *element = key_element(key, at, base);
        const struct origin *origin = origin_find(dump->settings->origins, element, ORIGIN_GROUP);
        indent(dump);
        fputs("{", dump->out);
        if (origin && origin->how == ORIGIN_DERIVED)
            write_origin(dump, origin);
        else
            fputs("\n", dump->out);
        dump->depth++;
        write_group(dump, key->members, element);
        if (strcmp(key->name, "registries") == 0)
            write_secret(dump, element);
        dump->depth--;
        indent(dump);
        fputs(at + 1 < count ? "},\n" : "}\n", dump->out);
    }
    dump->depth--;
    indent(dump);
    fputs(");\n", dump->out);
}

static void write_member(struct dump *dump, const struct key *key, const void *base)
{
    if (key->kind == KEY_KIND_GROUPS) {
        indent(dump);
        write_groups(dump, key, base);
    } else if (key->kind == KEY_KIND_GROUP) {
        indent(dump);
        fprintf(dump->out, "%s = {\n", key->name);
        dump->depth++;
        write_group(dump, key->members, (const char *)base + key->offset);
        dump->depth--;
        indent(dump);
        fputs("};\n", dump->out);
    } else {
        write_value(dump, key, base);
    }
}

static void write_group(struct dump *dump, const struct key *keys, const void *base)
{
    for (const struct key *key = keys; key->name; key++)
        if (key->kind != KEY_KIND_LATER)
            write_member(dump, key, base);
}

static void write_head(const struct settings *settings, FILE *out)
{
    if (settings->self == SETTINGS_NO_NODE)
        fputs("# The effective configuration; this host is none of its nodes.\n", out);
    else
        fprintf(out, "# The effective configuration on %s.\n",
                settings->nodes[settings->self].name);
    for (size_t at = 0; at < settings->registry_count; at++)
        if (!settings->registries[at].facts_known)
            fprintf(out, "# %s has not been read: what is derived from it is missing.\n",
                    settings->registries[at].params.config);
}

void dump_write(const struct settings *settings, FILE *out)
{
    struct dump dump = {.settings = settings, .out = out};

    write_head(settings, out);
    write_group(&dump, settings_keys_root(), settings);
}
