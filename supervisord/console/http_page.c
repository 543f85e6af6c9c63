/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/http_page.h"

#include <stdlib.h>
#include <string.h>

#include "supervisord/console/metrics.h"
#include "supervisord/console/page.h"
#include "supervisord/console/show.h"

#define BUFFER_BYTES     16384
#define TYPE_TEXT        "text/plain; charset=utf-8"
#define TYPE_HTML        "text/html; charset=utf-8"
#define TYPE_JSON        "application/json"
#define TYPE_METRICS     "text/plain; version=0.0.4; charset=utf-8"
#define TYPE_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct visit {
    const struct world *world;
    const struct http_page_request *request;
    struct monotime now;
    int64_t wall_ns;
    FILE *out;
    const char *type;
};

static unsigned write_metrics(struct visit *visit)
{
    const char *accept = visit->request->accept;
    const bool openmetrics = accept && strstr(accept, "application/openmetrics-text");
    struct metrics_input input = {.world = visit->world, .now = visit->now};

    metrics_read_files(&input);
    metrics_write(&input, openmetrics, visit->out);
    visit->type = openmetrics ? TYPE_OPENMETRICS : TYPE_METRICS;
    return 200;
}

static unsigned write_page(struct visit *visit)
{
    visit->type = TYPE_HTML;
    return page_write(visit->world, visit->now, visit->wall_ns, visit->out) < 0 ? 500 : 200;
}

static unsigned write_status(struct visit *visit)
{
    visit->type = TYPE_JSON;
    return show_write_status(visit->world, visit->now, visit->out) < 0 ? 500 : 200;
}

static unsigned verdict(struct visit *visit, bool yes, const char *word)
{
    fprintf(visit->out, "%s%s\n", yes ? "" : "not ", word);
    return yes ? 200 : 503;
}

/* The router asked for, or any of them: is one in `wanted`, and, for Backup, none Active? */
static unsigned write_role(struct visit *visit, enum vrrp_state wanted)
{
    const char *name = visit->request->vrouter;
    size_t found = 0, in_state = 0, active = 0;

    for (size_t i = 0; i < visit->world->router_count; i++) {
        const struct world_router *router = &visit->world->routers[i];

        if (name && strcmp(name, router->settings.params.name) != 0)
            continue;
        found++;
        in_state += router->known && router->status.state == wanted;
        active += router->known && router->status.state == VRRP_ACTIVE;
    }
    if (name && found == 0) {
        fputs("there is no such virtual router\n", visit->out);
        return 404;
    }
    return verdict(visit, in_state > 0 && (wanted == VRRP_ACTIVE || active == 0),
                   vrrp_message_state_name(wanted));
}

static unsigned write_active(struct visit *visit)
{
    return write_role(visit, VRRP_ACTIVE);
}

static unsigned write_backup(struct visit *visit)
{
    return write_role(visit, VRRP_BACKUP);
}

/* reghad sees and steers everything it is there for. */
static bool is_ready(const struct world *world)
{
    bool ready = !world->stopping && !world->waiting_for_address;

    for (int kind = 0; kind < WORLD_PROCESSES; kind++)
        ready = ready && world->processes[kind].connected;
    for (size_t i = 0; i < world->router_count; i++)
        ready = ready && world->routers[i].known;
    return ready;
}

static unsigned write_ready(struct visit *visit)
{
    return verdict(visit, is_ready(visit->world), "ready");
}

static unsigned write_live(struct visit *visit)
{
    return verdict(visit, true, "live");
}

static unsigned write_health(struct visit *visit)
{
    return world_health(visit->world, visit->now, visit->out) < 2 ? 200 : 503;
}

struct route {
    const char *path;
    unsigned (*write)(struct visit *visit);
    bool options; /* answers OPTIONS, too: load balancers ask so */
};

static const struct route routes[] = {
    {"/", write_page, false},
    {"/metrics", write_metrics, false},
    {"/api/v1/status", write_status, false},
    {"/active", write_active, true},
    {"/backup", write_backup, true},
    {"/ready", write_ready, true},
    {"/live", write_live, true},
    {"/health", write_health, true},
};

static const struct route *find_route(const char *path)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (strcmp(routes[i].path, path) == 0)
            return &routes[i];
    }
    return NULL;
}

static bool is_method(const struct http_page_request *request, const char *method)
{
    return strcmp(request->method, method) == 0;
}

static unsigned refuse(struct visit *visit, unsigned status, const char *sentence)
{
    fprintf(visit->out, "%s\n", sentence);
    return status;
}

static unsigned write_answer(struct visit *visit, const char **ret_allow)
{
    const struct http_page_request *request = visit->request;
    const struct route *route = find_route(request->path);
    const bool options = route && route->options && is_method(request, "OPTIONS");

    if (request->has_body)
        return refuse(visit, 413, "a request with a body is not read");
    if (!is_method(request, "GET") && !is_method(request, "HEAD") && !options) {
        *ret_allow = route && route->options ? "GET, HEAD, OPTIONS" : "GET, HEAD";
        return refuse(visit, 405, "only GET and HEAD are answered here");
    }
    if (!route)
        return refuse(visit, 404,
                      "not here; there are /, /metrics, /api/v1/status, /active, /backup, /ready, "
                      "/live and /health");
    if (options)
        *ret_allow = "GET, HEAD, OPTIONS";
    return route->write(visit);
}

/*
 * A text that grows as it is written, of megabytes with a thousand probes: open_memstream() copies
 * and clears all of it each time it has no room.
 */
struct text {
    char *bytes; /* with room for a NUL behind them */
    size_t used, room;
};

static ssize_t write_text(void *owner, const char *piece, size_t bytes)
{
    struct text *text = owner;

    if (text->room - text->used < bytes) {
        const size_t room = 2 * (text->used + bytes);
        char *const grown = realloc(text->bytes, room + 1);

        if (!grown)
            return 0;
        text->bytes = grown;
        text->room = room;
    }
    memcpy(text->bytes + text->used, piece, bytes);
    text->used += bytes;
    text->bytes[text->used] = '\0';
    return (ssize_t)bytes;
}

struct http_page_answer http_page_answer(const struct world *world,
                                         const struct http_page_request *request,
                                         struct monotime now, int64_t wall_ns)
{
    struct http_page_answer answer = {.status = 500, .type = TYPE_TEXT};
    struct visit visit = {world, request, now, wall_ns, NULL, TYPE_TEXT};
    struct text text = {calloc(1, BUFFER_BYTES + 1), 0, BUFFER_BYTES};

    visit.out = fopencookie(&text, "w", (cookie_io_functions_t){.write = write_text});
    if (!visit.out || !text.bytes) {
        if (visit.out)
            fclose(visit.out);
        free(text.bytes);
        return answer;
    }
    (void)setvbuf(visit.out, NULL, _IOFBF, BUFFER_BYTES); /* without, it is only slower */
    answer.status = write_answer(&visit, &answer.allow);
    answer.type = visit.type;
    const bool is_cut = ferror(visit.out);
    if (fclose(visit.out) != 0 || is_cut) {
        free(text.bytes);
        return (struct http_page_answer){.status = 500, .type = TYPE_TEXT};
    }
    answer.body = text.bytes;
    answer.body_bytes = text.used;
    return answer;
}
