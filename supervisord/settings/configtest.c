/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/configtest.h"

#include <stdlib.h>
#include <string.h>

#include "supervisord/settings/host.h"
#include "supervisord/settings/settings.h"

/* Each line as a warning. */
static void write_warnings(char *text, FILE *err)
{
    char *rest = text;

    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
        if (*line)
            fprintf(err, "warning: %s\n", line);
}

/* While keys are being changed it must be seen what is sent, and what is understood. */
static void write_keys(const struct settings *settings, FILE *out)
{
    const struct settings_cluster *cluster = &settings->cluster;

    if (settings->node_count < 2)
        return;
    fprintf(out, "cluster key: %s seals what this node says", cluster->key_file);
    if (cluster->old_key_file[0] != '\0')
        fprintf(out, "; what others seal with %s is understood, too", cluster->old_key_file);
    fputc('\n', out);
}

static void write_valid(const char *path, const struct settings *settings, FILE *out)
{
    if (settings->self == SETTINGS_NO_NODE)
        fprintf(out, "%s: configuration is valid\n", path);
    else
        fprintf(out, "%s: configuration is valid, this node is %s\n", path,
                settings->nodes[settings->self].name);
    write_keys(settings, out);
    fputs("ports to open:\n", out);
    settings_write_ports(settings, out);
}

static int run(const char *path, const struct settings_host *host, bool dump, FILE *streams[2])
{
    struct settings *settings;
    char *warnings = NULL;
    size_t warnings_bytes = 0;
    FILE *out = streams[0], *err = streams[1];
    FILE *collected = open_memstream(&warnings, &warnings_bytes);

    const int result = settings_read(path, host, err, collected, &settings);
    if (collected && fclose(collected) == 0)
        write_warnings(warnings, err);
    free(warnings);
    if (result < 0)
        return CONFIGTEST_INVALID;
    write_valid(path, settings, dump ? err : out);
    if (dump)
        settings_dump(settings, out);
    settings_free(settings);
    return CONFIGTEST_VALID;
}

int configtest_run(const char *path, bool dump, FILE *out, FILE *err)
{
    struct host *host;
    struct err why;

    if (host_new(&host, &why) < 0) {
        fprintf(err, "%s\n", why.text);
        return CONFIGTEST_INVALID;
    }
    const struct settings_host asked = host_settings(host);
    FILE *streams[2] = {out, err};
    const int status = run(path, &asked, dump, streams);
    host_free(host);
    return status;
}
