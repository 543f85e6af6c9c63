/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run probes and print a line for each attempt, until the input ends: what real.py reads.
 *
 *   print "name=a type=minio url=http://127.0.0.1:9000 check=live interval=1s timeout=500ms" ...
 *
 * The last line says how the loop did. Exits with 2 if an argument is not understood.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/duration.h"
#include "probes/message.h"

#define PROBES_MAX 32
#define STALL_NS   (20 * NS_PER_MS)

static const char *const checks[] = {"live",         "ready",       "cluster",
                                     "cluster-read", "maintenance", NULL};

static const char *const methods[] = {"GET", "HEAD", NULL};

static int index_of(const char *const *names, const char *name, uint8_t *ret_index)
{
    for (uint8_t at = 0; names[at] != NULL; at++) {
        if (strcmp(names[at], name) != 0)
            continue;
        *ret_index = at;
        return 0;
    }
    return -1;
}

static int type_of(const char *name, uint8_t *ret_type)
{
    for (uint8_t type = 0; type < PROBE_TYPES; type++) {
        if (strcmp(probe_type_name((enum probe_type)type), name) != 0)
            continue;
        *ret_type = type;
        return 0;
    }
    return -1;
}

static int copy(char *to, size_t bytes, const char *from)
{
    return snprintf(to, bytes, "%s", from) < (int)bytes ? 0 : -1;
}

struct text_key {
    const char *name;
    size_t offset;
    size_t bytes;
};

#define TEXT(name, field)                                                                          \
    {                                                                                              \
        name, offsetof(struct probe_params, field), sizeof(((struct probe_params *)0)->field)      \
    }

static const struct text_key texts[] = {
    TEXT("name", name),
    TEXT("url", url),
    TEXT("read", read),
    TEXT("ca_file", ca_file),
    TEXT("cert_file", cert_file),
    TEXT("key_file", key_file),
    TEXT("server_name", server_name),
    TEXT("credentials", credentials),
    TEXT("debug_url", debug_url),
    TEXT("bucket", bucket.name),
    TEXT("read_key", bucket.read_key),
    TEXT("write_key", bucket.write_key),
    TEXT("region", bucket.region),
    TEXT("header", wanted.header),
    TEXT("body", wanted.body),
    TEXT("json", wanted.json),
    TEXT("json_value", wanted.json_value),
    TEXT("host", host),
};

static int set_text(struct probe_params *params, const char *key, const char *value)
{
    for (size_t at = 0; at < sizeof(texts) / sizeof(texts[0]); at++)
        if (strcmp(texts[at].name, key) == 0)
            return copy((char *)params + texts[at].offset, texts[at].bytes, value);
    return -1;
}

static int add_component(struct probe_params *params, const char *value)
{
    const size_t bytes = strlen(value) + 1;

    memcpy(params->components + params->components_bytes, value, bytes);
    params->components_bytes += bytes;
    return 0;
}

static int set_key(struct probe_params *params, const char *key, const char *value)
{
    if (strcmp(key, "type") == 0)
        return type_of(value, &params->type);
    if (strcmp(key, "check") == 0)
        return index_of(checks, value, &params->check);
    if (strcmp(key, "method") == 0)
        return index_of(methods, value, &params->method);
    if (strcmp(key, "component") == 0)
        return add_component(params, value);
    if (strcmp(key, "interval") == 0)
        return duration_parse(value, &params->interval_ns);
    if (strcmp(key, "timeout") == 0)
        return duration_parse(value, &params->timeout_ns);
    if (strcmp(key, "max_age") == 0)
        return duration_parse(value, &params->file.max_age_ns);
    if (strcmp(key, "mount") == 0)
        params->file.mount = strcmp(value, "true") == 0;
    else if (strcmp(key, "tls_verify") == 0)
        params->tls_verify = strcmp(value, "true") == 0;
    else
        return set_text(params, key, value);
    return 0;
}

static int parse(char *text, struct probe_params *params)
{
    char *rest;

    *params = (struct probe_params){.tls_verify = true,
                                    .bucket.region = "us-east-1",
                                    .interval_ns = NS_PER_S,
                                    .timeout_ns = 500 * NS_PER_MS,
                                    .rise = 2,
                                    .fall = 3};
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        char *const value = strchr(word, '=');

        if (value == NULL)
            return -1;
        *value = '\0';
        if (set_key(params, word, value + 1) < 0)
            return -1;
    }
    return 0;
}

static void print_state(void *owner, const struct probe_state *state, bool health_changed,
                        struct monotime now)
{
    static const char *const outcomes[] = {"unknown", "success", "failure"};

    (void)owner;
    (void)health_changed;
    (void)now;
    printf("%s %s %s %s %s %lld %s\n", state->params.name, probe_health_name(state->health),
           outcomes[state->outcome], probe_verdict_reason_name(state->reason),
           state->shallow ? "shallow" : "deep", (long long)(state->duration_ns / NS_PER_US),
           state->text);
    fflush(stdout);
}

static void handle_input(struct loop_io *io, unsigned events, struct monotime now)
{
    char bytes[64];

    (void)events;
    (void)now;
    if (read(io->fd, bytes, sizeof(bytes)) <= 0)
        loop_stop(io->owner, 0);
}

int main(int argc, char **argv)
{
    static struct probe_params params[PROBES_MAX];
    struct loop_io input = {.name = "input", .fd = STDIN_FILENO, .handle = handle_input};
    const size_t count = (size_t)argc - 1;
    struct probe_set *set;
    struct loop *loop;
    struct err err;

    for (size_t at = 0; at < count && at < PROBES_MAX; at++) {
        if (parse(argv[at + 1], &params[at]) == 0)
            continue;
        fprintf(stderr, "print: argument %zu is not understood\n", at + 1);
        return 2;
    }
    if (loop_new(STALL_NS, &loop, &err) < 0 ||
        probe_set_new(loop, print_state, NULL, &set, &err) < 0 ||
        probe_set_apply(set, params, count, &err) < 0) {
        fprintf(stderr, "print: %s\n", err.text);
        return 1;
    }
    input.owner = loop;
    loop_io_start(loop, &input, LOOP_READ);
    loop_run(loop);
    loop_io_stop(loop, &input);
    probe_set_free(set);

    const struct loop_stalls *stalls = loop_stalls(loop);
    printf("end %llu %lld %s\n", (unsigned long long)stalls->count,
           (long long)(stalls->worst_ns / NS_PER_US),
           stalls->worst_name != NULL ? stalls->worst_name : "none");
    loop_free(loop);
    return 0;
}
