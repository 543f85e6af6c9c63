/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/reply.h"

#include <string.h>

/* A part of somebody else's bytes; never ends in NUL. */
struct span {
    const char *at;
    size_t bytes;
};

void probe_reply_clear(struct probe_reply *reply)
{
    memset(reply, 0, offsetof(struct probe_reply, kept));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* `text` is in lower case. */
static bool begins(struct span span, const char *text)
{
    const size_t bytes = strlen(text);

    if (span.bytes < bytes)
        return false;
    for (size_t at = 0; at < bytes; at++)
        if (lower(span.at[at]) != text[at])
            return false;
    return true;
}

static struct span skip(struct span span, size_t bytes)
{
    return (struct span){span.at + bytes, span.bytes - bytes};
}

static struct span skip_spaces(struct span span)
{
    while (span.bytes > 0 && is_space(*span.at))
        span = skip(span, 1);
    return span;
}

static struct span trim(struct span span)
{
    span = skip_spaces(span);
    while (span.bytes > 0 && is_space(span.at[span.bytes - 1]))
        span.bytes--;
    return span;
}

static void copy(struct span span, char word[PROBE_REPLY_WORD_BYTES])
{
    if (span.bytes > PROBE_REPLY_WORD_BYTES - 1)
        span.bytes = PROBE_REPLY_WORD_BYTES - 1;
    memcpy(word, span.at, span.bytes);
    word[span.bytes] = '\0';
}

/* A whole number of at most six digits, which no quorum and no status exceeds; else 0. */
static int number(struct span span)
{
    int value = 0;

    if (span.bytes == 0 || span.bytes > 6)
        return 0;
    for (size_t at = 0; at < span.bytes; at++) {
        if (!is_digit(span.at[at]))
            return 0;
        value = value * 10 + (span.at[at] - '0');
    }
    return value;
}

/* "HTTP/1.1 200 OK": a new answer, what came before was informational. */
static void begin_answer(struct probe_reply *reply, struct span line)
{
    const size_t header_bytes = reply->header_bytes;
    struct span status;

    probe_reply_clear(reply);
    reply->header_bytes = header_bytes;
    while (line.bytes > 0 && !is_space(*line.at))
        line = skip(line, 1);
    status = skip_spaces(line);
    for (line = status; line.bytes > 0 && is_digit(*line.at);)
        line = skip(line, 1);
    reply->status = number((struct span){status.at, status.bytes - line.bytes});
}

enum field {
    FIELD_API_VERSION,
    FIELD_CONTENT_DIGEST,
    FIELD_CONTENT_TYPE,
    FIELD_WRITE_QUORUM,
    FIELD_READ_QUORUM,
    FIELD_SERVER_STATUS,
    FIELD_SERVER,
    FIELD_ERROR_CODE,
    FIELD_CHALLENGE,
    FIELDS,
};

static enum field field_of(struct span line)
{
    static const char *const names[FIELDS] = {
        [FIELD_API_VERSION] = "docker-distribution-api-version:",
        [FIELD_CONTENT_DIGEST] = "docker-content-digest:",
        [FIELD_CONTENT_TYPE] = "content-type:",
        [FIELD_WRITE_QUORUM] = "x-minio-write-quorum:",
        [FIELD_READ_QUORUM] = "x-minio-read-quorum:",
        [FIELD_SERVER_STATUS] = "x-minio-server-status:",
        [FIELD_SERVER] = "server:",
        [FIELD_ERROR_CODE] = "x-minio-error-code:",
        [FIELD_CHALLENGE] = "www-authenticate:",
    };
    enum field field = 0;

    while (field < FIELDS && !begins(line, names[field]))
        field++;
    return field;
}

/* RFC 9110 section 5.3: several lines are one list. */
static void add_challenge(struct probe_reply *reply, struct span value)
{
    const size_t used = strlen(reply->challenge);
    const size_t comma = used > 0 ? 2 : 0;

    if (used + comma + value.bytes >= sizeof(reply->challenge))
        return;
    memcpy(reply->challenge + used, ", ", comma);
    memcpy(reply->challenge + used + comma, value.at, value.bytes);
    reply->challenge[used + comma + value.bytes] = '\0';
}

static bool is_same_name(struct span a, struct span b)
{
    size_t at = 0;

    while (a.bytes == b.bytes && at < a.bytes && lower(a.at[at]) == lower(b.at[at]))
        at++;
    return a.bytes == b.bytes && at == a.bytes;
}

static struct span name_of(struct span line)
{
    size_t colon = 0;

    while (colon < line.bytes && line.at[colon] != ':')
        colon++;
    return (struct span){line.at, colon};
}

/* One of several lines of that name is enough. */
static void compare_wanted(struct probe_reply *reply, struct span line)
{
    const struct span wanted = {reply->wanted_header, strlen(reply->wanted_header)};
    const struct span name = name_of(wanted), got_name = name_of(line);
    struct span value, got;

    if (!is_same_name(name, got_name))
        return;
    reply->has_header = true;
    if (name.bytes == wanted.bytes) {
        reply->header_is_good = true;
        return;
    }
    value = trim(skip(wanted, name.bytes + 1));
    got = trim(skip(line, got_name.bytes + 1));
    if (got.bytes == value.bytes && memcmp(got.at, value.at, value.bytes) == 0)
        reply->header_is_good = true;
}

static void keep_field(struct probe_reply *reply, enum field field, struct span value)
{
    switch (field) {
    case FIELD_API_VERSION:
        reply->registry_api = begins(value, "registry/2.");
        break;
    case FIELD_CONTENT_DIGEST:
        reply->content_digest = value.bytes > 0;
        break;
    case FIELD_CONTENT_TYPE:
        reply->html = begins(value, "text/html");
        break;
    case FIELD_WRITE_QUORUM:
        reply->write_quorum = number(value);
        break;
    case FIELD_READ_QUORUM:
        reply->read_quorum = number(value);
        break;
    case FIELD_SERVER_STATUS:
        copy(value, reply->server_status);
        break;
    case FIELD_SERVER:
        copy(value, reply->server);
        break;
    case FIELD_ERROR_CODE:
        copy(value, reply->error_code);
        break;
    case FIELD_CHALLENGE:
        add_challenge(reply, value);
        break;
    case FIELDS:
        break;
    }
}

bool probe_reply_header(struct probe_reply *reply, const char *line, size_t bytes)
{
    const struct span whole = {line, bytes};
    size_t colon = 0;

    reply->header_bytes += bytes;
    if (reply->header_bytes > PROBE_REPLY_HEADERS_BYTES)
        return false;
    if (begins(whole, "http/")) {
        begin_answer(reply, whole);
        return true;
    }
    while (colon < bytes && line[colon] != ':')
        colon++;
    if (colon < bytes && reply->wanted_header != NULL)
        compare_wanted(reply, whole);
    if (colon < bytes)
        keep_field(reply, field_of(whole), trim(skip(whole, colon + 1)));
    return true;
}

static void keep_whole(struct probe_reply *reply, const char *piece, size_t bytes)
{
    const size_t room = reply->whole_room_bytes - reply->whole_bytes;

    if (reply->whole == NULL || bytes == 0)
        return;
    memcpy(reply->whole + reply->whole_bytes, piece, bytes < room ? bytes : room);
    reply->whole_bytes += bytes < room ? bytes : room;
}

bool probe_reply_is_cut(const struct probe_reply *reply)
{
    return reply->body_bytes > reply->whole_room_bytes;
}

bool probe_reply_body(struct probe_reply *reply, const char *piece, size_t bytes)
{
    const size_t room = sizeof(reply->kept) - reply->kept_bytes;
    const size_t kept = bytes < room ? bytes : room;

    if (kept > 0)
        memcpy(reply->kept + reply->kept_bytes, piece, kept);
    reply->kept_bytes += kept;
    keep_whole(reply, piece, bytes);
    reply->body_bytes += bytes;
    return reply->body_bytes <= PROBE_REPLY_BODY_BYTES;
}

/* The text after `"code" : "`, up to its quote; of no bytes if that is not what stands here. */
static struct span code_here(struct span body)
{
    struct span code;

    if (!begins(body, "\"code\""))
        return (struct span){NULL, 0};
    body = skip_spaces(skip(body, strlen("\"code\"")));
    if (!begins(body, ":"))
        return (struct span){NULL, 0};
    body = skip_spaces(skip(body, 1));
    if (!begins(body, "\""))
        return (struct span){NULL, 0};
    code = body = skip(body, 1);
    while (body.bytes > 0 && *body.at != '"')
        body = skip(body, 1);
    return (struct span){code.at, body.bytes > 0 ? code.bytes - body.bytes : 0};
}

bool probe_reply_error_code(const struct probe_reply *reply, char ret_code[PROBE_REPLY_WORD_BYTES])
{
    struct span body = trim((struct span){reply->kept, reply->kept_bytes});

    ret_code[0] = '\0';
    if (!begins(body, "{"))
        return false;
    while (body.bytes > 0 && !begins(body, "\"errors\""))
        body = skip(body, 1);
    for (; body.bytes > 0; body = skip(body, 1)) {
        const struct span code = code_here(body);

        if (code.bytes == 0)
            continue;
        copy(code, ret_code);
        return true;
    }
    return false;
}

bool probe_reply_begins(const struct probe_reply *reply, const char *text)
{
    const size_t bytes = strlen(text);

    return reply->kept_bytes >= bytes && memcmp(reply->kept, text, bytes) == 0;
}

bool probe_reply_s3_code(const struct probe_reply *reply, char ret_code[PROBE_REPLY_WORD_BYTES])
{
    struct span body = {reply->kept, reply->kept_bytes}, code;

    ret_code[0] = '\0';
    while (body.bytes > 0 && !begins(body, "<code>"))
        body = skip(body, 1);
    if (body.bytes == 0)
        return false;
    code = body = skip(body, strlen("<code>"));
    while (body.bytes > 0 && *body.at != '<')
        body = skip(body, 1);
    copy((struct span){code.at, body.bytes > 0 ? code.bytes - body.bytes : 0}, ret_code);
    return ret_code[0] != '\0';
}
