/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/settings_judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/edit.h"
#include "supervisord/settings/settings_check.h"

/* What the sentence says of the value that it is compared with. */
enum show {
    SHOW_NOTHING,
    SHOW_PLACE, /* its path and line */
    SHOW_VALUE, /* its path and value */
    SHOW_NEAREST_PROBE,
    SHOW_NEAREST_ROUTER,
};

#define PLAIN(text)                                                                                \
    {                                                                                              \
        (text), SHOW_NOTHING, "", false                                                            \
    }
#define MUST(before, show, after)                                                                  \
    {                                                                                              \
        (before), (show), (after), false                                                           \
    }
#define SHOULD(before, show, after)                                                                \
    {                                                                                              \
        (before), (show), (after), true                                                            \
    }

/* "is VALUE, must BEFORE OTHER AFTER". */
static const struct sentence {
    const char *before;
    enum show show;
    const char *after;
    bool warns;
} sentences[SETTINGS_FAULTS] = {
    [SETTINGS_FAULT_TWICE] = MUST("must differ from ", SHOW_PLACE, ""),
    [SETTINGS_FAULT_NODE_ADDRESS] =
        MUST("must differ from ", SHOW_PLACE, ", which is a node's own"),
    [SETTINGS_FAULT_IPV6] = PLAIN("must be an IPv4 address: IPv6 is not supported by this version"),
    [SETTINGS_FAULT_NO_HOST_ADDRESS] = PLAIN("must be the address of one host, 1.0.0.0 to "
                                             "223.255.255.255 but not 127.0.0.0/8"),
    [SETTINGS_FAULT_NO_PEERS] = PLAIN("must be \"multicast\": there is no other node to send to"),
    [SETTINGS_FAULT_ONLY_WITNESSES] =
        PLAIN("must be false for one node at least, else none is Active"),
    [SETTINGS_FAULT_PRIORITY_TWICE] =
        SHOULD("should differ from ", SHOW_PLACE, ": of two equal ones the greater address wins"),
    [SETTINGS_FAULT_INTERVAL_STEP] = PLAIN("must be a multiple of \"10ms\""),
    [SETTINGS_FAULT_GUARD] =
        MUST("must be at least three times ", SHOW_VALUE, " (guard >= 3 * advert_interval)"),
    [SETTINGS_FAULT_UNKNOWN_PROBE] = MUST("must be the name of a probe", SHOW_NEAREST_PROBE, ""),
    [SETTINGS_FAULT_SHARED_REQUIRED] =
        SHOULD("should be a probe of scope \"local\": what all nodes "
               "share moves no address",
               SHOW_NOTHING, ""),
    [SETTINGS_FAULT_UNKNOWN_ROUTER] =
        MUST("must be the name of a virtual router", SHOW_NEAREST_ROUTER, ""),
    [SETTINGS_FAULT_WHICH_ROUTER] =
        PLAIN("must name one of the virtual routers, for there are several"),
    [SETTINGS_FAULT_ITSELF] = PLAIN("must be another probe"),
    [SETTINGS_FAULT_URL_SCHEME_MISSING] = PLAIN("must begin with http://, https:// or tcp://"),
    [SETTINGS_FAULT_URL_BYTES] = PLAIN("must be of ASCII characters without spaces"),
    [SETTINGS_FAULT_URL_HOST] = PLAIN("must have a host name or an address after ://"),
    [SETTINGS_FAULT_URL_PORT] = PLAIN("must have a port, 1 to 65535, after the host"),
    [SETTINGS_FAULT_URL_USER] = PLAIN("must have no user or password in it, for it is shown"),
    [SETTINGS_FAULT_URL_QUERY] = PLAIN("must end after the port, without ? and #"),
    [SETTINGS_FAULT_URL_PATH] = PLAIN("must end after the port: the path comes from the type"),
    [SETTINGS_FAULT_URL_NOT_HTTP] =
        PLAIN("must begin with http:// or https://: it is no tcp probe"),
    [SETTINGS_FAULT_URL_NOT_TCP] = PLAIN("must begin with tcp://: it is a tcp probe"),
    [SETTINGS_FAULT_URL_NOT_EXEC] =
        PLAIN("must be exec:// and the absolute path of a program without blanks and #"),
    [SETTINGS_FAULT_ONLY_EXEC] = PLAIN("must be left out: it belongs to an exec probe"),
    [SETTINGS_FAULT_URL_NOT_FILE] =
        PLAIN("must be file:// and an absolute path: it is a file probe"),
    [SETTINGS_FAULT_URL_NOT_PING] =
        PLAIN("must be ping:// and an address, no name, as in \"ping://10.0.0.1\" or "
              "\"ping://[fe80::1%eth0]\": it is a ping probe"),
    [SETTINGS_FAULT_URL_NOT_REDIS] = PLAIN("must be redis://host:port: it is a redis probe"),
    [SETTINGS_FAULT_ONLY_FILE] = PLAIN("must be left out: it belongs to a file probe"),
    [SETTINGS_FAULT_ONLY_MINIO] = PLAIN("must be left out: it belongs to a minio probe"),
    [SETTINGS_FAULT_ONLY_REGISTRY] = PLAIN("must be left out: it belongs to a registry probe"),
    [SETTINGS_FAULT_ONLY_HTTP] = PLAIN("must be left out: it belongs to an http probe"),
    [SETTINGS_FAULT_ONLY_HTTP_S3] = PLAIN("must be left out: it belongs to an http or an s3 probe"),
    [SETTINGS_FAULT_ONLY_S3] = PLAIN("must be left out: it belongs to an s3 probe"),
    [SETTINGS_FAULT_ONLY_HARBOR] = PLAIN("must be left out: it belongs to a harbor probe"),
    [SETTINGS_FAULT_NO_CREDENTIALS] =
        PLAIN("must be left out: this type of probe shows no credentials"),
    [SETTINGS_FAULT_NO_TLS] = PLAIN("must be left out: this type of probe speaks no TLS"),
    [SETTINGS_FAULT_NOT_HTTPS] = PLAIN("must be left out: its url is not https://"),
    [SETTINGS_FAULT_KEY_ALONE] = PLAIN("must come with a cert_file"),
    [SETTINGS_FAULT_S3_INCOMPLETE] = PLAIN("must come with bucket, read_key and credentials"),
    [SETTINGS_FAULT_OBJECT_FORM] =
        PLAIN("must be of letters, digits, '.', '_' and '-', a key also of single '/' within"),
    [SETTINGS_FAULT_HEADER_FORM] = PLAIN("must be \"Name\" or \"Name: value\""),
    [SETTINGS_FAULT_POINTER_FORM] = PLAIN("must begin with /, as in \"/status\""),
    [SETTINGS_FAULT_VALUE_ALONE] = PLAIN("must come with json, which says where it is"),
    [SETTINGS_FAULT_HEAD_BODY] = PLAIN("must be \"GET\": the answer to HEAD has no body"),
    [SETTINGS_FAULT_DEBUG_URL] = PLAIN("must be http://host:port or https://host:port"),
    [SETTINGS_FAULT_READ_FORM] = PLAIN("must be repository:tag, as in \"library/any:latest\", or "
                                       "repository@digest"),
    [SETTINGS_FAULT_TIMEOUT] = MUST("must be at most ", SHOW_VALUE, " (timeout <= interval)"),
    [SETTINGS_FAULT_RESTART_MAX] = MUST("must be at least ", SHOW_VALUE, " (first <= max)"),
    [SETTINGS_FAULT_COMMAND_PATH] = PLAIN("must be an absolute path without blanks and #"),
    [SETTINGS_FAULT_BUNDLE] = PLAIN("must name the file itself: {bundle} is for commands"),
    [SETTINGS_FAULT_ROOT] = PLAIN("must be another user: a registry never runs as root"),
    [SETTINGS_FAULT_HOOK_ROOT] = PLAIN("must be another user: no hook ever runs as root"),
    [SETTINGS_FAULT_ENVIRONMENT] = PLAIN(
        "must be NAME=value, with a name of letters, digits and '_' that does not begin with LD_"),
    [SETTINGS_FAULT_ENVIRONMENT_SECRET] =
        PLAIN("must be in environment_file: this file is no place for a secret, and is shown"),
    [SETTINGS_FAULT_ENVIRONMENT_RESERVED] =
        PLAIN("must be left out: regha itself says what is read-only and who purges"),
    [SETTINGS_FAULT_ENVIRONMENT_TWICE] = PLAIN("must differ from a name before"),
    [SETTINGS_FAULT_PORT_TWICE] = MUST("must differ from ", SHOW_PLACE, ""),
    [SETTINGS_FAULT_MAX_OPEN] =
        SHOULD("counts as 1 as long as drives_per_node and drives_per_set are not given",
               SHOW_NOTHING, ""),
    [SETTINGS_FAULT_DRIVES] = MUST("must be at most ", SHOW_VALUE, " (of a node <= of a set)"),
    [SETTINGS_FAULT_DRIVES_HALF] =
        PLAIN("must come with its counterpart: drives_per_node and drives_per_set"),
    [SETTINGS_FAULT_ANSWER] = MUST("must be at least twice ", SHOW_VALUE, ""),
};

/* An element of a list may lie where the list lies; the finding is about the element. */
static const struct origin *origin_of(const struct settings_judge *judge, const void *field)
{
    const struct origin *origin = origin_find(judge->origins, field, ORIGIN_ELEMENT);

    if (!origin)
        origin = origin_find(judge->origins, field, ORIGIN_VALUE);
    return origin ? origin : origin_find(judge->origins, field, ORIGIN_GROUP);
}

FILE *settings_judge_begin(const struct settings_judge *judge, struct mistakes *list,
                           const void *field)
{
    const struct origin *origin = field ? origin_of(judge, field) : NULL;
    struct mistake_place place = {judge->main_path, 0};

    if (origin)
        place = (struct mistake_place){origin->file, origin->line};
    return mistake_begin(list, place, origin ? origin->path : "");
}

static void write_value(const struct origin *origin, const void *field, FILE *out)
{
    const bool is_list = origin->kind == ORIGIN_VALUE && origin->key->many != KEY_MANY_ONE;

    if (!is_list && origin->kind != ORIGIN_GROUP)
        key_write_value(origin->key, field, out);
    if (origin->how == ORIGIN_DEFAULT)
        fputs(" by default", out);
}

static void write_other(const struct settings_judge *judge, const struct settings_finding *finding,
                        enum show show, FILE *out)
{
    const struct origin *other = origin_of(judge, finding->other);

    if (!other)
        return;
    fputs(other->path, out);
    if (show == SHOW_PLACE && other->line > 0)
        fprintf(out, " of line %u", other->line);
    if (show == SHOW_VALUE) {
        fputs(", which is ", out);
        write_value(other, finding->other, out);
    }
}

/* Names are in structs, `step` bytes apart. */
static void write_nearest(const char *names, size_t count, size_t step, const char *name, FILE *out)
{
    const char *nearest = names;

    for (size_t at = 1; at < count; at++)
        if (edit_distance(name, names + at * step) < edit_distance(name, nearest))
            nearest = names + at * step;
    if (count > 0 && *nearest)
        fprintf(out, ", the nearest is \"%s\"", nearest);
}

static void write_rest(const struct settings_judge *judge, const struct settings_finding *finding,
                       FILE *out)
{
    const struct sentence *sentence = &sentences[finding->fault];
    const struct settings *settings = judge->settings;

    fputs(sentence->before, out);
    switch (sentence->show) {
    case SHOW_NOTHING:
        break;
    case SHOW_PLACE:
    case SHOW_VALUE:
        write_other(judge, finding, sentence->show, out);
        break;
    case SHOW_NEAREST_PROBE:
        write_nearest(settings->probes->name, settings->probe_count, sizeof(*settings->probes),
                      finding->field, out);
        break;
    case SHOW_NEAREST_ROUTER:
        write_nearest(settings->routers->params.name, settings->router_count,
                      sizeof(*settings->routers), finding->field, out);
        break;
    }
    fputs(sentence->after, out);
}

/* The user and password of a URL are not for a log, nor is a secret in the wrong place. */
static bool is_shown(const struct settings_finding *finding)
{
    return finding->fault != SETTINGS_FAULT_WHICH_ROUTER &&
           finding->fault != SETTINGS_FAULT_URL_USER &&
           finding->fault != SETTINGS_FAULT_ENVIRONMENT_SECRET;
}

static void judge_one(const struct settings_judge *judge, const struct settings_finding *finding)
{
    const struct origin *origin = origin_of(judge, finding->field);
    struct mistakes *list = sentences[finding->fault].warns ? judge->warnings : judge->mistakes;
    FILE *out = settings_judge_begin(judge, list, finding->field);

    if (origin && is_shown(finding)) {
        fputs("is ", out);
        write_value(origin, finding->field, out);
        fputs(", ", out);
    }
    write_rest(judge, finding, out);
    mistake_end(list);
}

int settings_judge_all(const struct settings_judge *judge)
{
    const size_t found = settings_check_all(judge->settings, NULL, 0);
    struct settings_finding *findings = calloc(found + 1, sizeof(*findings));

    if (!findings)
        return -ENOMEM;
    (void)settings_check_all(judge->settings, findings, found); /* the same as before */
    for (size_t at = 0; at < found; at++)
        judge_one(judge, &findings[at]);
    free(findings);
    return 0;
}
