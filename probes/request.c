/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/request.h"

#include <string.h>

#include "probes/message.h"
#include "probes/words.h"

static bool begins(const char *text, const char *with)
{
    return strlen(text) >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

/* The last of `wanted` in `text` before `end`, or NULL. */
static const char *find_last(const char *text, const char *end, char wanted)
{
    while (end > text)
        if (*--end == wanted)
            return end;
    return NULL;
}

static const char *find(const char *text, char wanted)
{
    while (*text != wanted && *text != '\0')
        text++;
    return *text == wanted ? text : NULL;
}

/* After "scheme://", or NULL. */
static const char *authority(const struct probe_params *params)
{
    static const char *const web[] = {"http://", "https://"};

    if (params->type == PROBE_TYPE_TCP)
        return begins(params->url, "tcp://") ? params->url + strlen("tcp://") : NULL;
    for (size_t at = 0; at < sizeof(web) / sizeof(web[0]); at++)
        if (begins(params->url, web[at]))
            return params->url + strlen(web[at]);
    return NULL;
}

static const char *authority_end(const char *host)
{
    while (*host != '\0' && *host != '/' && *host != '?' && *host != '#')
        host++;
    return host;
}

/* 1 to 65535 and nothing else up to `end`. */
static bool is_port(const char *text, const char *end)
{
    int port = 0;

    for (; text < end && *text >= '0' && *text <= '9' && port <= UINT16_MAX; text++)
        port = port * 10 + (*text - '0');
    return text == end && port > 0 && port <= UINT16_MAX;
}

static const char *host_mistake(const struct probe_params *params, const char *host)
{
    const char *const end = authority_end(host);
    const char *const bracket = find_last(host, end, ']');
    const char *const colon = find_last(bracket != NULL ? bracket : host, end, ':');

    if (end == host || colon == host)
        return "its url names no host";
    if ((*host == '[') != (bracket != NULL))
        return "its url has an IPv6 address without both brackets";
    if (bracket == NULL && colon != NULL && find_last(host, colon, ':') != NULL)
        return "its url has an IPv6 address without both brackets";
    if (find_last(host, end, '@') != NULL)
        return "its url has a user in it, which would be shown to everybody";
    if (colon != NULL && !is_port(colon + 1, end))
        return "its url has a port that is not 1 to 65535";
    if (params->type == PROBE_TYPE_TCP && colon == NULL)
        return "its url has no port";
    if (params->type == PROBE_TYPE_TCP && *end != '\0' && (end[0] != '/' || end[1] != '\0'))
        return "its url has a path, for which a tcp probe has no use";
    return NULL;
}

static const char *url_mistake(const struct probe_params *params)
{
    const char *const host = authority(params);

    for (const char *at = params->url; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~')
            return "its url has a space or a character that is not ASCII";
    if (host == NULL)
        return params->type == PROBE_TYPE_TCP ? "its url does not begin with tcp://"
                                              : "its url does not begin with http:// or https://";
    if (params->type != PROBE_TYPE_HTTP && (find(host, '?') != NULL || find(host, '#') != NULL))
        return "its url has a query, must end where the probe's own path is added";
    return host_mistake(params, host);
}

/* Characters of names, tags and digests: none that a URL would take for its own. */
static bool is_read_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '/' || c == ':' || c == '@';
}

/* Where "repository:tag" or "repository@digest" divides; its end if it names only a repository. */
static const char *read_divide(const char *read)
{
    const char *const end = read + strlen(read);
    const char *const digest = find(read, '@');
    const char *const slash = find_last(read, end, '/');
    const char *const tag = find_last(slash != NULL ? slash : read, end, ':');

    if (digest != NULL)
        return digest;
    return tag != NULL ? tag : end;
}

static const char *read_mistake(const char *read)
{
    const char *const divide = read_divide(read);

    for (const char *at = read; *at != '\0'; at++)
        if (!is_read_character(*at) || (at[0] == '.' && at[1] == '.'))
            return "its read is not \"repository:tag\"";
    if (*read == '/' || (*read != '\0' && divide == read))
        return "its read names no repository";
    if (*divide != '\0' && divide[1] == '\0')
        return "its read names no tag";
    return NULL;
}

const char *probe_request_mistake(const struct probe_params *params)
{
    if (params->name[0] == '\0')
        return "it has no name";
    if (params->type >= PROBE_TYPES)
        return "its type is unknown";
    if (params->type == PROBE_TYPE_MINIO && params->check > PROBE_CHECK_MAINTENANCE)
        return "its check is unknown";
    if (params->interval_ns <= 0 || params->timeout_ns <= 0)
        return "its interval or timeout is not greater than 0";
    if (params->rise == 0 || params->fall == 0)
        return "its rise or fall is not at least 1";
    if (params->type == PROBE_TYPE_HTTP && (params->status_min < 100 || params->status_max > 599 ||
                                            params->status_min > params->status_max))
        return "its range of status codes is empty or not within 100 to 599";
    if (params->type == PROBE_TYPE_REGISTRY && read_mistake(params->read) != NULL)
        return read_mistake(params->read);
    return url_mistake(params);
}

static const char *minio_path(enum probe_check check)
{
    switch (check) {
    case PROBE_CHECK_LIVE:
        return "/minio/health/live";
    case PROBE_CHECK_READY:
        return "/minio/health/ready";
    case PROBE_CHECK_CLUSTER:
        return "/minio/health/cluster";
    case PROBE_CHECK_CLUSTER_READ:
        return "/minio/health/cluster/read";
    case PROBE_CHECK_MAINTENANCE:
        return "/minio/health/cluster?maintenance=true";
    }
    return "/";
}

static void add_registry_path(struct probe_words *words, const char *read, unsigned step)
{
    const char *divide;

    probe_words_add(words, "/v2/");
    if (step == PROBE_REQUEST_PING)
        return;
    if (*read == '\0')
        read = PROBE_REQUEST_DEFAULT_READ;
    divide = read_divide(read);
    probe_words_add_bytes(words, read, (size_t)(divide - read));
    probe_words_add(words, "/manifests/");
    probe_words_add(words, *divide != '\0' ? divide + 1 : "latest");
}

void probe_request_url(const struct probe_params *params, unsigned step,
                       char url[PROBE_REQUEST_BYTES])
{
    size_t bytes = strlen(params->url);
    struct probe_words words;

    probe_words_start(&words, url, PROBE_REQUEST_BYTES);
    if (params->type == PROBE_TYPE_HTTP) {
        probe_words_add(&words, params->url);
        return;
    }
    if (params->url[bytes - 1] == '/')
        bytes--;
    switch ((enum probe_type)params->type) {
    case PROBE_TYPE_MINIO:
        probe_words_add_bytes(&words, params->url, bytes);
        probe_words_add(&words, minio_path(params->check));
        break;
    case PROBE_TYPE_REGISTRY:
        probe_words_add_bytes(&words, params->url, bytes);
        add_registry_path(&words, params->read, step);
        break;
    case PROBE_TYPE_TCP:
        /* libcurl connects to what looks like a web server, and says nothing to it. */
        probe_words_add(&words, "http");
        probe_words_add_bytes(&words, params->url + strlen("tcp"), bytes - strlen("tcp"));
        break;
    case PROBE_TYPE_HTTP:
    case PROBE_TYPES:
        break;
    }
}
