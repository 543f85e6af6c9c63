/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/request.h"

#include <string.h>

#include "probes/locator.h"
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
    if (params->type == PROBE_TYPE_REDIS)
        return begins(params->url, "redis://") ? params->url + strlen("redis://") : NULL;
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

/* These connect to a port of their own choice, and have no paths. */
static bool is_bare(const struct probe_params *params)
{
    return params->type == PROBE_TYPE_TCP || params->type == PROBE_TYPE_REDIS;
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
    if (is_bare(params) && colon == NULL)
        return "its url has no port";
    if (is_bare(params) && *end != '\0' && (end[0] != '/' || end[1] != '\0'))
        return "its url has a path, for which its type has no use";
    return NULL;
}

static const char *scheme_mistake(enum probe_type type)
{
    if (type == PROBE_TYPE_TCP)
        return "its url does not begin with tcp://";
    if (type == PROBE_TYPE_REDIS)
        return "its url does not begin with redis://";
    return "its url does not begin with http:// or https://";
}

const char *probe_request_url_mistake(const struct probe_params *params)
{
    const char *const host = authority(params);

    for (const char *at = params->url; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~')
            return "its url has a space or a character that is not ASCII";
    if (params->type == PROBE_TYPE_EXEC || params->type == PROBE_TYPE_FILE ||
        params->type == PROBE_TYPE_PING)
        return probe_locator_mistake(params);
    if (host == NULL)
        return scheme_mistake((enum probe_type)params->type);
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

/* Of buckets and keys: none that has to be written as %XX, which not every store signs alike. */
static bool is_plain(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (!is_read_character(*at) || *at == ':' || *at == '@' || (at[0] == '/' && at[1] == '/'))
            return false;
    return text[0] != '/' && text[0] != '\0';
}

static bool is_same(const char *a, const char *b)
{
    const size_t bytes = strlen(a) + 1;

    return strlen(b) + 1 == bytes && memcmp(a, b, bytes) == 0;
}

static const char *bucket_mistake(const struct probe_params *params)
{
    const struct probe_bucket *const bucket = &params->bucket;

    if (!is_plain(bucket->name) || find(bucket->name, '/') != NULL)
        return "its bucket is missing or has other characters than letters, digits, '.' and '-'";
    if (!is_plain(bucket->read_key))
        return "its read_key is missing or has other characters than letters, digits, '.', '-', "
               "'_' and '/'";
    if (bucket->write_key[0] != '\0' && !is_plain(bucket->write_key))
        return "its write_key has other characters than letters, digits, '.', '-', '_' and '/'";
    /* A write that hangs locks its object, and the read would wait for it. */
    if (is_same(bucket->read_key, bucket->write_key))
        return "its write_key is its read_key";
    if (params->credentials[0] == '\0')
        return "it has no credentials";
    return NULL;
}

static const char *status_mistake(const struct probe_params *params)
{
    if (params->status_count > PROBE_SPANS)
        return "it has too many ranges of status codes";
    for (size_t at = 0; at < params->status_count; at++)
        if (params->status[at].least < 100 || params->status[at].most > 599 ||
            params->status[at].least > params->status[at].most)
            return "its range of status codes is empty or not within 100 to 599";
    return NULL;
}

static const char *type_mistake(const struct probe_params *params)
{
    if (params->type == PROBE_TYPE_MINIO && params->check > PROBE_CHECK_MAINTENANCE)
        return "its check is unknown";
    if (params->type == PROBE_TYPE_HTTP)
        return status_mistake(params);
    if (params->type == PROBE_TYPE_REGISTRY)
        return read_mistake(params->read);
    if (params->type == PROBE_TYPE_S3)
        return bucket_mistake(params);
    return NULL;
}

const char *probe_request_mistake(const struct probe_params *params)
{
    if (params->name[0] == '\0')
        return "it has no name";
    if (params->type >= PROBE_TYPES)
        return "its type is unknown";
    if (params->interval_ns <= 0 || params->timeout_ns <= 0)
        return "its interval or timeout is not greater than 0";
    if (params->rise == 0 || params->fall == 0)
        return "its rise or fall is not at least 1";
    if (type_mistake(params) != NULL)
        return type_mistake(params);
    return probe_request_url_mistake(params);
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

static void add_registry_path(struct probe_words *words, const struct probe_params *params,
                              unsigned step)
{
    const char *read = params->read;
    const char *divide;

    probe_words_add(words, "/v2/");
    if (step == PROBE_REQUEST_PING)
        return;
    if (*read == '\0')
        read = PROBE_REQUEST_DEFAULT_READ;
    divide = read_divide(read);
    probe_words_add_bytes(words, read, (size_t)(divide - read));
    probe_words_add(words, probe_request_is_blob(params) ? "/blobs/" : "/manifests/");
    probe_words_add(words, *divide != '\0' ? divide + 1 : "latest");
}

bool probe_request_is_blob(const struct probe_params *params)
{
    return params->type == PROBE_TYPE_REGISTRY && find(params->read, '@') != NULL;
}

/* After the host, where ":PORT" or the path begins. */
static const char *host_end(const char *host)
{
    const char *const end = authority_end(host);
    const char *const bracket = find_last(host, end, ']');
    const char *const colon = find_last(bracket != NULL ? bracket : host, end, ':');

    return colon != NULL ? colon : end;
}

/* The url without its last slash, and with the server's own name. */
static void add_base(struct probe_words *words, const struct probe_params *params)
{
    const char *const host = authority(params);
    size_t bytes = strlen(params->url);
    const char *rest = params->url;

    if (params->url[bytes - 1] == '/')
        bytes--;
    if (params->server_name[0] != '\0') {
        rest = host_end(host);
        probe_words_add_bytes(words, params->url, (size_t)(host - params->url));
        probe_words_add(words, params->server_name);
    }
    probe_words_add_bytes(words, rest, bytes - (size_t)(rest - params->url));
}

void probe_request_connect_to(const struct probe_params *params, char text[PROBE_REQUEST_BYTES])
{
    const char *const host = authority(params);
    struct probe_words words;

    probe_words_start(&words, text, PROBE_REQUEST_BYTES);
    if (params->server_name[0] == '\0')
        return;
    const char *const end = host_end(host);
    const char *port = *end == ':' ? end + 1 : params->url[4] == 's' ? "443" : "80";
    const size_t port_bytes = *end == ':' ? (size_t)(authority_end(host) - port) : strlen(port);
    probe_words_add(&words, params->server_name);
    probe_words_add(&words, ":");
    probe_words_add_bytes(&words, port, port_bytes);
    probe_words_add(&words, ":");
    probe_words_add_bytes(&words, host, (size_t)(end - host));
    probe_words_add(&words, ":");
    probe_words_add_bytes(&words, port, port_bytes);
}

/* RFC 3986 section 2.3: all but the unreserved ones as %XX. */
static void add_encoded(struct probe_words *words, const char *text, size_t bytes)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t at = 0; at < bytes; at++) {
        const unsigned char c = (unsigned char)text[at];
        const char encoded[] = {'%', digits[c >> 4], digits[c & 15]};

        if (is_read_character((char)c) && c != ':' && c != '@' && c != '/')
            probe_words_add_bytes(words, text + at, 1);
        else
            probe_words_add_bytes(words, encoded, sizeof(encoded));
    }
}

bool probe_request_token_url(const struct probe_params *params,
                             const struct probe_challenge *challenge, char url[PROBE_REQUEST_BYTES])
{
    const char *const read = params->read[0] != '\0' ? params->read : PROBE_REQUEST_DEFAULT_READ;
    struct probe_words words;

    probe_words_start(&words, url, PROBE_REQUEST_BYTES);
    probe_words_add(&words, challenge->realm);
    probe_words_add(&words, find(challenge->realm, '?') != NULL ? "&" : "?");
    if (challenge->service[0] != '\0') {
        probe_words_add(&words, "service=");
        add_encoded(&words, challenge->service, strlen(challenge->service));
        probe_words_add(&words, "&");
    }
    probe_words_add(&words, "scope=repository%3A");
    add_encoded(&words, read, (size_t)(read_divide(read) - read));
    probe_words_add(&words, "%3Apull");
    return !words.cut;
}

static void add_bucket_path(struct probe_words *words, const struct probe_bucket *bucket,
                            unsigned step)
{
    probe_words_add(words, "/");
    probe_words_add(words, bucket->name);
    probe_words_add(words, "/");
    probe_words_add(words, step == PROBE_REQUEST_WRITE ? bucket->write_key : bucket->read_key);
}

static void add_debug_url(struct probe_words *words, const char *url)
{
    const size_t bytes = strlen(url);

    probe_words_add_bytes(words, url, bytes > 0 && url[bytes - 1] == '/' ? bytes - 1 : bytes);
    probe_words_add(words, "/debug/health");
}

/* An http probe's url is as it is, its last slash included. */
static void add_page(struct probe_words *words, const struct probe_params *params)
{
    const size_t bytes = strlen(params->url);

    add_base(words, params);
    if (params->url[bytes - 1] == '/')
        probe_words_add(words, "/");
}

void probe_request_url(const struct probe_params *params, unsigned step,
                       char url[PROBE_REQUEST_BYTES])
{
    struct probe_words words;

    probe_words_start(&words, url, PROBE_REQUEST_BYTES);
    switch ((enum probe_type)params->type) {
    case PROBE_TYPE_HARBOR:
        add_base(&words, params);
        probe_words_add(&words, "/api/v2.0/health");
        break;
    case PROBE_TYPE_HTTP:
        add_page(&words, params);
        break;
    case PROBE_TYPE_MINIO:
        add_base(&words, params);
        probe_words_add(&words, minio_path(params->check));
        break;
    case PROBE_TYPE_REGISTRY:
        if (step == PROBE_REQUEST_HEALTH) {
            add_debug_url(&words, params->debug_url);
            break;
        }
        add_base(&words, params);
        add_registry_path(&words, params, step);
        break;
    case PROBE_TYPE_S3:
        add_base(&words, params);
        add_bucket_path(&words, &params->bucket, step);
        break;
    case PROBE_TYPE_TCP:
    case PROBE_TYPE_REDIS:
        /* libcurl connects to what looks like a web server, and says nothing to it. */
        probe_words_add(&words, "http");
        probe_words_add(&words, find(params->url, ':'));
        if (url[words.used_bytes - 1] == '/')
            url[words.used_bytes - 1] = '\0';
        break;
    case PROBE_TYPE_EXEC:
    case PROBE_TYPE_FILE:
    case PROBE_TYPE_PING: /* no URL of libcurl */
    case PROBE_TYPES:
        break;
    }
}
