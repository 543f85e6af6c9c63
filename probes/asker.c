/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/asker.h"

#include "probes/http.h"
#include "probes/request.h"

static int start_http(void *self, const struct probe_params *params, unsigned step,
                      struct monotime now)
{
    char url[PROBE_REQUEST_BYTES];

    probe_request_url(params, step, url);
    return probe_http_start(self, url, now);
}

static void tell_http(const void *self, struct probe_facts *facts)
{
    facts->stage = probe_http_stage(self);
    facts->detail = probe_http_detail(self);
    facts->reply = probe_http_reply(self);
}

static void stop_http(void *self, struct monotime now)
{
    probe_http_stop(self, now);
}

static void free_http(void *self, struct monotime now)
{
    probe_http_free(self, now);
}

static const struct probe_asker_kind http_kind = {start_http, tell_http, stop_http, free_http};

static int new_http(const struct probe_asker_context *context, const struct probe_params *params,
                    struct probe_asker *ret_asker)
{
    const struct probe_http_params http_params = {
        .connect_only = params->type == PROBE_TYPE_TCP,
        .manifest = params->type == PROBE_TYPE_REGISTRY,
        .tls_verify = params->tls_verify,
        .ca_file = params->ca_file,
        .ended = context->ended,
        .owner = context->owner,
    };
    struct probe_http *http;
    struct err err;
    const int failed = probe_http_new(context->curl, &http_params, &http, &err);

    if (failed == 0)
        *ret_asker = (struct probe_asker){&http_kind, http};
    return failed;
}

typedef int new_asker(const struct probe_asker_context *context, const struct probe_params *params,
                      struct probe_asker *ret_asker);

int probe_asker_new(const struct probe_asker_context *context, const struct probe_params *params,
                    struct probe_asker *ret_asker)
{
    static new_asker *const by_type[PROBE_TYPES] = {
        [PROBE_TYPE_HTTP] = new_http,
        [PROBE_TYPE_MINIO] = new_http,
        [PROBE_TYPE_REGISTRY] = new_http,
        [PROBE_TYPE_TCP] = new_http,
    };

    return by_type[params->type](context, params, ret_asker);
}
