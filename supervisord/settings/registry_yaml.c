/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/registry_yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/monotime.h"
#include "supervisord/settings/url.h"

#define DEPTH_MAX   24
#define NODES_MAX   20000
#define KEY_BYTES   64
#define PATH_BYTES  256
#define SHOWN_BYTES 64

#define HOST_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]"

/* A value with the names above it: "http.tls.certificate", "http.tls.clientcas[]". */
struct yaml_walk {
    struct registry_facts facts;
    struct err *err;
    unsigned line;
    size_t nodes;
    size_t depth;
    struct level {
        bool is_list;
        bool has_key;       /* a mapping's key has come, its value is next */
        size_t path_length; /* of what is above */
    } levels[DEPTH_MAX];
    char path[PATH_BYTES];
    bool has_version;
    bool has_scheme; /* of the endpoint as it is written */
    bool secure;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct yaml_walk *walk, const char *format,
                                                        ...)
{
    char sentence[ERR_TEXT_BYTES - 32];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    for (char *at = sentence; *at; at++)
        *at = (unsigned char)*at < ' ' || *at == '\x7f' ? '?' : *at;
    return err_set(walk->err, EINVAL, "line %u: %s", walk->line, sentence);
}

/* As Go reads it: "30s", "1m30s", "1.5h"; a bare number is refused, for it means nanoseconds. */
static int take_span(struct yaml_walk *walk, const char *text, int64_t *ret_ns)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"ns", 1},  {"us", 1e3},     {"ms", 1e6},
                 {"s", 1e9}, {"m", 60 * 1e9}, {"h", 3600 * 1e9}};
    const char *at = text;
    double total_ns = 0;

    while (*at) {
        const size_t digits = strspn(at, "0123456789.");
        const size_t letters = strspn(at + digits, "nusmh");
        size_t unit = 0;
        while (unit < 6 && (strlen(units[unit].name) != letters ||
                            strncmp(at + digits, units[unit].name, letters) != 0))
            unit++;
        if (digits == 0 || digits > 9 || unit == 6)
            return refuse(walk, "http.draintimeout: is \"%.32s\", must be a duration as in \"30s\"",
                          text);
        total_ns += strtod(at, NULL) * units[unit].ns;
        at += digits + letters;
    }
    if (total_ns > 24 * 3600 * 1e9)
        return refuse(walk, "http.draintimeout: is \"%.32s\", must be at most \"24h\"", text);
    *ret_ns = (int64_t)total_ns;
    return 0;
}

static bool is_true(const char *text)
{
    static const char *const words[] = {"true", "yes", "on", "y", "t", "1"};

    for (size_t at = 0; at < sizeof(words) / sizeof(words[0]); at++)
        if (strcasecmp(text, words[at]) == 0)
            return true;
    return false;
}

static int take_file(struct yaml_walk *walk, const char *path)
{
    struct registry_facts *facts = &walk->facts;
    const size_t size_bytes = strlen(path) + 1;

    if (size_bytes == 1)
        return 0;
    if (path[0] != '/')
        return refuse(walk, "%s: is \"%.64s\", must be an absolute path", walk->path, path);
    for (size_t at = 0; at < facts->files_bytes; at += strlen(facts->files + at) + 1)
        if (strcmp(facts->files + at, path) == 0)
            return 0;
    if (size_bytes > REGISTRY_PATH_BYTES || size_bytes > sizeof(facts->files) - facts->files_bytes)
        return refuse(walk, "%s: the files it names are too many or their paths too long",
                      walk->path);
    memcpy(facts->files + facts->files_bytes, path, size_bytes);
    facts->files_bytes = (uint16_t)(facts->files_bytes + size_bytes);
    return 0;
}

static int take_text(struct yaml_walk *walk, const char *value, char *field, size_t room_bytes)
{
    const size_t length_bytes = strlen(value);

    if (length_bytes >= room_bytes)
        return refuse(walk, "%s: has %zu characters, must have at most %zu", walk->path,
                      length_bytes, room_bytes - 1);
    for (size_t at = 0; at < length_bytes; at++)
        if ((unsigned char)value[at] < ' ' || value[at] == '\x7f')
            return refuse(walk, "%s: holds a control character", walk->path);
    memset(field, 0, room_bytes);
    memcpy(field, value, length_bytes);
    return 0;
}

/* ":5000", "127.0.0.1:5000", "[::1]:5000". */
static int take_addr(struct yaml_walk *walk, const char *value)
{
    struct registry_facts *facts = &walk->facts;
    const char *colon = strrchr(value, ':');
    int result = take_text(walk, value, facts->addr, sizeof(facts->addr));

    if (result < 0)
        return result;
    facts->port = colon ? url_parse_port(colon + 1, strlen(colon + 1)) : 0;
    if (value[strspn(value, HOST_LETTERS)] != '\0')
        facts->port = 0;
    if (facts->port == 0)
        return refuse(walk, "http.addr: is \"%s\", must be host:port as in \":5000\"", facts->addr);
    size_t host_bytes = (size_t)(colon - value);
    const bool bracketed = host_bytes > 1 && value[0] == '[' && colon[-1] == ']';
    memset(facts->host, 0, sizeof(facts->host));
    memcpy(facts->host, value + bracketed, host_bytes - 2 * (size_t)bracketed);
    return 0;
}

static int take_endpoint(struct yaml_walk *walk, const char *value)
{
    char *endpoint = walk->facts.endpoint;
    int result =
        take_text(walk, value, endpoint, sizeof(walk->facts.endpoint) - sizeof("https://"));

    walk->has_scheme = strstr(endpoint, "://") != NULL;
    while (result == 0 && *endpoint && endpoint[strlen(endpoint) - 1] == '/')
        endpoint[strlen(endpoint) - 1] = '\0';
    return result;
}

static int take_http(struct yaml_walk *walk, const char *key, const char *value)
{
    struct registry_facts *facts = &walk->facts;

    if (strcmp(key, "addr") == 0)
        return take_addr(walk, value);
    if (strcmp(key, "net") == 0 && *value && strcmp(value, "tcp") != 0)
        return refuse(walk, "http.net: is \"%.32s\", must be tcp", value);
    if (strcmp(key, "secret") == 0)
        facts->has_secret = *value != '\0';
    if (strcmp(key, "draintimeout") == 0 && *value)
        return take_span(walk, value, &facts->drain_ns);
    if (strncmp(key, "tls.clientcas", strlen("tls.clientcas")) == 0 && *value) {
        facts->client_certificates = true;
        return take_file(walk, value);
    }
    if (strcmp(key, "tls.certificate") == 0 || strcmp(key, "tls.key") == 0) {
        facts->tls = facts->tls || *value;
        return take_file(walk, value);
    }
    if (strncmp(key, "tls.letsencrypt.", strlen("tls.letsencrypt.")) == 0)
        facts->tls = facts->tls || *value;
    return 0;
}

/* What is beside the drivers. */
static bool is_driver(const char *key)
{
    static const char *const others[] = {"cache", "delete", "maintenance", "redirect", "tag"};

    for (size_t at = 0; at < sizeof(others) / sizeof(others[0]); at++) {
        const size_t length_bytes = strlen(others[at]);
        if (strncmp(key, others[at], length_bytes) == 0 &&
            (key[length_bytes] == '.' || key[length_bytes] == '\0'))
            return false;
    }
    return true;
}

static int take_s3(struct yaml_walk *walk, const char *key, const char *value)
{
    struct registry_facts *facts = &walk->facts;

    if (strcmp(key, "regionendpoint") == 0)
        return take_endpoint(walk, value);
    if (strcmp(key, "bucket") == 0)
        return take_text(walk, value, facts->bucket, sizeof(facts->bucket));
    if (strcmp(key, "secure") == 0)
        walk->secure = is_true(value);
    if (strcmp(key, "skipverify") == 0)
        facts->endpoint_verify = !is_true(value);
    return 0;
}

static int take_storage(struct yaml_walk *walk, const char *key, const char *value)
{
    struct registry_facts *facts = &walk->facts;
    char driver[sizeof(facts->storage)] = "";

    if (strcmp(key, "maintenance.readonly.enabled") == 0)
        facts->readonly = is_true(value);
    if (!is_driver(key))
        return 0;
    snprintf(driver, sizeof(driver), "%.*s", (int)strcspn(key, "."), key);
    if (facts->storage[0] && strcmp(facts->storage, driver) != 0)
        return refuse(walk, "storage: has both %s and %s, must have one driver", facts->storage,
                      driver);
    memcpy(facts->storage, driver, sizeof(driver));
    if (strncmp(key, "s3.", 3) == 0)
        return take_s3(walk, key + 3, value);
    if (strncmp(key, "s3aws.", 6) == 0)
        return take_s3(walk, key + 6, value);
    return 0;
}

static int take_auth(struct yaml_walk *walk, const char *key, const char *value)
{
    char *auth = walk->facts.auth;

    if (strcmp(key, "none") == 0 || strncmp(key, "none.", 5) == 0)
        return 0;
    memset(auth, 0, sizeof(walk->facts.auth));
    snprintf(auth, sizeof(walk->facts.auth), "%.*s", (int)strcspn(key, "."), key);
    if (strcmp(key, "htpasswd.path") == 0 || strcmp(key, "token.rootcertbundle") == 0 ||
        strcmp(key, "token.jwks") == 0)
        return take_file(walk, value);
    return 0;
}

static const char *after(const char *path, const char *prefix)
{
    const size_t length_bytes = strlen(prefix);

    return strncmp(path, prefix, length_bytes) == 0 ? path + length_bytes : NULL;
}

static int take(struct yaml_walk *walk, const char *value)
{
    const char *path = walk->path;
    const char *key;

    if (strcmp(path, "version") == 0)
        walk->has_version = true;
    if ((key = after(path, "http.")))
        return take_http(walk, key, value);
    if ((key = after(path, "storage.")))
        return take_storage(walk, key, value);
    if ((key = after(path, "auth.")))
        return take_auth(walk, key, value);
    /* A driver or an authentication without parameters is a bare word. */
    if (strcmp(path, "storage") == 0 && *value)
        return take_text(walk, value, walk->facts.storage, sizeof(walk->facts.storage));
    if (strcmp(path, "auth") == 0 && *value && strcmp(value, "none") != 0)
        return take_text(walk, value, walk->facts.auth, sizeof(walk->facts.auth));
    if (strcmp(path, "proxy.remoteurl") == 0)
        walk->facts.is_proxy = *value != '\0';
    if ((key = after(path, "redis.tls.")) && strstr(key, "insecure") == NULL)
        return take_file(walk, value);
    if ((key = after(path, "middleware.storage[].options.")) && strcmp(key, "privatekey") == 0)
        return take_file(walk, value);
    return 0;
}

/* The path back to what is above the level at hand. */
static void end_value(struct yaml_walk *walk)
{
    if (walk->depth == 0)
        return;
    struct level *level = &walk->levels[walk->depth - 1];
    walk->path[level->path_length] = '\0';
    level->has_key = false;
}

static int push_path(struct yaml_walk *walk, const char *name)
{
    const size_t used = strlen(walk->path);
    const int added = snprintf(walk->path + used, sizeof(walk->path) - used, "%s%s",
                               used > 0 && *name != '[' ? "." : "", name);

    if (added < 0 || (size_t)added >= sizeof(walk->path) - used) {
        walk->path[used] = '\0';
        return refuse(walk, "the names are too long");
    }
    return 0;
}

/* In a list each value is "[]"; in a mapping its key has been put to the path before. */
static int begin_value(struct yaml_walk *walk)
{
    if (walk->depth > 0 && walk->levels[walk->depth - 1].is_list)
        return push_path(walk, "[]");
    return 0;
}

static bool is_key_next(const struct yaml_walk *walk)
{
    if (walk->depth == 0)
        return false;
    const struct level *level = &walk->levels[walk->depth - 1];
    return !level->is_list && !level->has_key;
}

static int take_key(struct yaml_walk *walk, const char *name)
{
    struct level *level = &walk->levels[walk->depth - 1];

    if (strlen(name) >= KEY_BYTES)
        return refuse(walk, "a name has %zu characters, must have at most %d", strlen(name),
                      KEY_BYTES - 1);
    level->has_key = true;
    return push_path(walk, name);
}

static int take_scalar(struct yaml_walk *walk, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    const bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

    if (strlen(text) != event->data.scalar.length)
        return refuse(walk, "a value holds a NUL character");
    if (is_key_next(walk))
        return take_key(walk, text);
    if (is_plain && (strcmp(text, "~") == 0 || strcasecmp(text, "null") == 0))
        text = "";
    int result = begin_value(walk);
    if (result == 0)
        result = take(walk, text);
    end_value(walk);
    return result;
}

static int open_level(struct yaml_walk *walk, bool is_list)
{
    if (is_key_next(walk))
        return refuse(walk, "a list or a mapping as a name is not supported");
    if (walk->depth >= DEPTH_MAX)
        return refuse(walk, "nested deeper than %d", DEPTH_MAX);
    int result = begin_value(walk);
    if (result == 0 && walk->depth == 0 && is_list)
        result = refuse(walk, "is a list, must be a registry's configuration");
    walk->levels[walk->depth++] =
        (struct level){.is_list = is_list, .path_length = strlen(walk->path)};
    return result;
}

static int close_level(struct yaml_walk *walk)
{
    walk->depth--;
    end_value(walk);
    return 0;
}

static int take_event(struct yaml_walk *walk, const yaml_event_t *event)
{
    walk->line = (unsigned)event->start_mark.line + 1;
    if (++walk->nodes > NODES_MAX)
        return refuse(walk, "has more than %d values", NODES_MAX);
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return refuse(walk, "an alias (*name) is not supported here, write the value itself");
    case YAML_SCALAR_EVENT:
        if (walk->depth == 0)
            return refuse(walk, "is one value, must be a registry's configuration");
        return take_scalar(walk, event);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return open_level(walk, event->type == YAML_SEQUENCE_START_EVENT);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_level(walk);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return 0;
}

/* What the parser says of the text; never the text itself, which may hold secrets. */
static int refuse_syntax(struct yaml_walk *walk, const yaml_parser_t *parser)
{
    walk->line = (unsigned)parser->problem_mark.line + 1;
    return refuse(walk, "is no YAML: %.*s", SHOWN_BYTES,
                  parser->problem ? parser->problem : "cannot be parsed");
}

/* The first document counts, as for the registry. */
static int walk_events(struct yaml_walk *walk, yaml_parser_t *parser)
{
    bool goes_on = true;
    int result = 0;

    while (goes_on && result == 0) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return refuse_syntax(walk, parser);
        result = take_event(walk, &event);
        goes_on = event.type != YAML_STREAM_END_EVENT && event.type != YAML_DOCUMENT_END_EVENT;
        yaml_event_delete(&event);
    }
    return result;
}

static int complete(struct yaml_walk *walk)
{
    struct registry_facts *facts = &walk->facts;
    char bare[sizeof(facts->endpoint)];

    walk->line = 1;
    if (!walk->has_version)
        return refuse(walk, "version: is missing, so this is no registry's configuration");
    if (facts->port == 0)
        return refuse(walk, "http.addr: is missing, must be host:port as in \":5000\"");
    if (facts->storage[0] == '\0')
        return refuse(walk, "storage: is missing, must have a driver");
    if (facts->endpoint[0] && !walk->has_scheme) {
        memcpy(bare, facts->endpoint, sizeof(bare));
        snprintf(facts->endpoint, sizeof(facts->endpoint), "%s://%.240s",
                 walk->secure ? "https" : "http", bare);
    }
    return 0;
}

int registry_yaml_read(const char *bytes, size_t length_bytes, struct registry_facts *ret_facts,
                       struct err *err)
{
    struct yaml_walk walk = {.err = err, .line = 1, .secure = true, .facts.endpoint_verify = true};
    yaml_parser_t parser;

    if (length_bytes == 0)
        return err_set(err, EINVAL, "is empty");
    if (length_bytes > REGISTRY_YAML_BYTES_MAX)
        return err_set(err, EINVAL, "has %zu bytes, must have at most %zu", length_bytes,
                       REGISTRY_YAML_BYTES_MAX);
    if (!yaml_parser_initialize(&parser))
        return err_set(err, ENOMEM, "no memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, length_bytes);
    int result = walk_events(&walk, &parser);
    yaml_parser_delete(&parser);
    if (result == 0)
        result = complete(&walk);
    if (result == 0)
        *ret_facts = walk.facts;
    return result;
}
