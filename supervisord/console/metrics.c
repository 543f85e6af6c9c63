/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/metrics.h"

#include <dirent.h>
#include <sys/resource.h>

#include "supervisord/console/metrics_breaker.h"
#include "supervisord/console/metrics_compat.h"
#include "supervisord/console/metrics_node.h"
#include "supervisord/console/metrics_request.h"
#include "supervisord/console/metrics_router.h"
#include "supervisord/console/metrics_service.h"

static const struct metrics_row *const segments[] = {
    metrics_node_rows,    metrics_router_rows,  metrics_service_rows,
    metrics_request_rows, metrics_breaker_rows, metrics_compat_rows,
};

const struct metrics_row *metrics_at(size_t at)
{
    for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
        for (const struct metrics_row *row = segments[i]; row->name; row++) {
            if (at-- == 0)
                return row;
        }
    }
    return NULL;
}

void metrics_read_files(struct metrics_input *input)
{
    struct rlimit limit = {0};
    DIR *folder = opendir("/proc/self/fd");

    input->open_files = 0;
    while (folder && readdir(folder))
        input->open_files++;
    if (folder)
        closedir(folder);
    input->open_files -= input->open_files > 3 ? 3 : input->open_files; /* ".", "..", the folder */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        input->most_files = limit.rlim_cur;
}

void metrics_write(const struct metrics_input *input, bool openmetrics, FILE *out)
{
    const bool compat = input->world->settings->metrics.compat != 0;
    const struct metrics_row *row;

    for (size_t at = 0; (row = metrics_at(at)) != NULL; at++) {
        const struct metric metric = {out, openmetrics, row->name};

        if (row->compat && !compat)
            continue;
        metric_head(&metric, row->type, row->help);
        row->write(&metric, input);
    }
    if (openmetrics)
        metric_end(out);
}
