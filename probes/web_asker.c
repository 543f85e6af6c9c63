/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/web_asker.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/credential.h"
#include "probes/http.h"
#include "probes/request.h"

/* Of its life a token has this part left when another one is asked for. */
#define RENEWAL_DIVISOR 5

struct token {
    char text[PROBE_JSON_TOKEN_BYTES];
    struct monotime asked;
    struct monotime renewal;
    struct monotime end;
};

struct asker {
    struct probe_http *http;
    const struct probe_params *params;
    void (*ended)(void *owner, enum probe_transfer transfer, struct monotime now);
    void *owner;
    unsigned step;
    struct monotime attempt_started;
    struct probe_web web;
    struct probe_credential *credential; /* NULL: none, or it cannot be read */
    struct token *token;                 /* NULL: the parameters have no use for one */
    regex_t *pattern;                    /* NULL: none */
    char why[PROBE_TEXT_BYTES];          /* regha cannot ask; "" otherwise */
    char *url; /* of a step; NULL: the parameters' own is asked as it is */
};

static void drop_token(struct token *token)
{
    if (token != NULL)
        explicit_bzero(token, sizeof(*token));
}

static enum probe_web_token token_state(const struct token *token, struct monotime now)
{
    if (token == NULL || token->text[0] == '\0' || monotime_reached(token->end, now))
        return PROBE_WEB_TOKEN_NONE;
    return monotime_reached(token->renewal, now) ? PROBE_WEB_TOKEN_OLD : PROBE_WEB_TOKEN_GOOD;
}

static void take_token(struct asker *asker, const struct probe_reply *reply)
{
    struct token *const token = asker->token;
    int life_s = 0;

    if (reply->status != 200 || probe_reply_is_cut(reply) ||
        !probe_json_token(reply->whole, reply->whole_bytes, token->text, &life_s))
        return;
    /* From before the question, for the server counts from its answer. */
    token->end = monotime_add(token->asked, life_s * NS_PER_S);
    token->renewal =
        monotime_add(token->asked, life_s * NS_PER_S / RENEWAL_DIVISOR * (RENEWAL_DIVISOR - 1));
    /* One that is over when it arrives can still be tried, once. */
    asker->web.token = PROBE_WEB_TOKEN_GOOD;
}

static enum probe_web_body find_pattern(const struct asker *asker, const struct probe_reply *reply)
{
    regmatch_t place = {.rm_so = 0, .rm_eo = (regoff_t)reply->whole_bytes};

    switch (regexec(asker->pattern, reply->whole, 1, &place, REG_STARTEND)) {
    case 0:
        return PROBE_WEB_BODY_FITS;
    case REG_NOMATCH:
        return PROBE_WEB_BODY_DIFFERS;
    default:
        return PROBE_WEB_BODY_UNSURE;
    }
}

static enum probe_web_body body_of(enum probe_json json)
{
    switch (json) {
    case PROBE_JSON_FITS:
        return PROBE_WEB_BODY_FITS;
    case PROBE_JSON_BROKEN:
        return PROBE_WEB_BODY_NO_JSON;
    case PROBE_JSON_MISSING:
        return PROBE_WEB_BODY_NO_MEMBER;
    case PROBE_JSON_DIFFERS:
        return PROBE_WEB_BODY_OTHER_VALUE;
    }
    return PROBE_WEB_BODY_NO_JSON;
}

static enum probe_web_body judge_page(struct asker *asker, const struct probe_reply *reply)
{
    const struct probe_wanted *const wanted = &asker->params->wanted;
    const bool is_cut = probe_reply_is_cut(reply);
    enum probe_web_body body = PROBE_WEB_BODY_FITS;

    if (asker->pattern != NULL)
        body = find_pattern(asker, reply);
    /* What is wanted may stand further on. */
    if (is_cut && (body == PROBE_WEB_BODY_DIFFERS || wanted->json[0] != '\0'))
        return PROBE_WEB_BODY_LONG;
    if (body != PROBE_WEB_BODY_FITS || wanted->json[0] == '\0')
        return body;
    return body_of(probe_json_find(reply->whole, reply->whole_bytes, wanted, asker->web.found));
}

static enum probe_web_body judge_harbor(struct asker *asker, const struct probe_reply *reply)
{
    if (probe_reply_is_cut(reply))
        return PROBE_WEB_BODY_LONG;
    return body_of(
        probe_json_harbor(reply->whole, reply->whole_bytes, asker->params, asker->web.found));
}

/* What the answer to a step shows that is not for a pure file to find. */
static void look_at(struct asker *asker, struct monotime now)
{
    const struct probe_reply *const reply = probe_http_reply(asker->http);
    const struct probe_params *const params = asker->params;

    if (params->type == PROBE_TYPE_HARBOR && reply->status == 200)
        asker->web.body = judge_harbor(asker, reply);
    if (params->type == PROBE_TYPE_HTTP && reply->whole != NULL)
        asker->web.body = judge_page(asker, reply);
    if (params->type == PROBE_TYPE_REGISTRY && asker->step == PROBE_REQUEST_PING)
        probe_challenge_decode(reply->challenge, &asker->web.challenge);
    if (asker->step == PROBE_REQUEST_TOKEN) {
        take_token(asker, reply);
        probe_http_wipe_body(asker->http);
    }
    if (params->type == PROBE_TYPE_S3 && asker->step == PROBE_REQUEST_PING) {
        asker->web.read_status = reply->status;
        asker->web.read_ns = monotime_since(asker->attempt_started, now);
        if (reply->status != 200 && !probe_reply_s3_code(reply, asker->web.read_code))
            memcpy(asker->web.read_code, reply->error_code, sizeof(asker->web.read_code));
    }
}

static void handle_ended(void *owner, enum probe_transfer transfer, struct monotime now)
{
    struct asker *const asker = owner;

    if (transfer == PROBE_TRANSFER_DONE)
        look_at(asker, now);
    asker->ended(asker->owner, transfer, now);
}

static void begin_attempt(struct asker *asker, struct monotime now)
{
    const enum probe_web_access access = asker->web.access;

    asker->web = (struct probe_web){.access = access, .token = token_state(asker->token, now)};
    asker->attempt_started = now;
}

static void prepare_token(struct asker *asker, unsigned last_step, struct monotime now)
{
    /* It was refused. */
    if (last_step == PROBE_REQUEST_READ) {
        drop_token(asker->token);
        asker->web.token = PROBE_WEB_TOKEN_NONE;
    }
    asker->web.token_asked = true;
    asker->token->asked = now;
}

static void choose_registry_proof(const struct asker *asker, struct probe_http_call *call)
{
    if (asker->credential == NULL || asker->step == PROBE_REQUEST_PING ||
        asker->step == PROBE_REQUEST_HEALTH)
        return;
    if (asker->step == PROBE_REQUEST_TOKEN || asker->web.challenge.scheme == PROBE_SCHEME_BASIC)
        call->proof = PROBE_HTTP_BASIC;
    else if (asker->web.challenge.scheme == PROBE_SCHEME_BEARER)
        call->proof = PROBE_HTTP_BEARER;
}

/* /v2/ is asked without credentials: of a password file each proof costs the registry a bcrypt. */
static void choose_proof(const struct asker *asker, struct probe_http_call *call)
{
    if (asker->credential != NULL) {
        call->user = asker->credential->user;
        call->password = asker->credential->password;
    }
    if (asker->token != NULL)
        call->token = asker->token->text;
    call->region = asker->params->bucket.region;
    if (asker->params->type == PROBE_TYPE_REGISTRY)
        choose_registry_proof(asker, call);
    else if (asker->credential != NULL)
        call->proof = asker->params->type == PROBE_TYPE_S3 ? PROBE_HTTP_SIGNED : PROBE_HTTP_BASIC;
}

static enum probe_http_method method_of(const struct asker *asker)
{
    const struct probe_params *const params = asker->params;

    if (asker->step == PROBE_REQUEST_WRITE)
        return PROBE_HTTP_PUT;
    if (asker->step == PROBE_REQUEST_READ && probe_request_is_blob(params))
        return PROBE_HTTP_HEAD;
    if (params->type == PROBE_TYPE_HTTP || params->type == PROBE_TYPE_S3)
        return params->method == PROBE_METHOD_HEAD ? PROBE_HTTP_HEAD : PROBE_HTTP_GET;
    return PROBE_HTTP_GET;
}

static int start(void *self, const struct probe_params *params, unsigned step, struct monotime now)
{
    struct asker *const asker = self;
    const unsigned last_step = asker->step;
    struct probe_http_call call = {.url = asker->url != NULL ? asker->url : params->url,
                                   .proof = PROBE_HTTP_ANONYMOUS};

    asker->params = params;
    asker->step = step;
    if (step == PROBE_REQUEST_PING)
        begin_attempt(asker, now);
    if (asker->why[0] != '\0')
        return -EACCES;
    if (step == PROBE_REQUEST_TOKEN) {
        prepare_token(asker, last_step, now);
        if (!probe_request_token_url(params, &asker->web.challenge, asker->url))
            return -ENAMETOOLONG;
    } else if (asker->url != NULL) {
        probe_request_url(params, step, asker->url);
    }
    call.method = method_of(asker);
    choose_proof(asker, &call);
    return probe_http_start(asker->http, &call, now);
}

static void tell(const void *self, struct probe_facts *facts)
{
    const struct asker *const asker = self;

    facts->stage = probe_http_stage(asker->http);
    facts->detail = asker->why[0] != '\0' ? asker->why : probe_http_detail(asker->http);
    facts->reply = probe_http_reply(asker->http);
    facts->web = &asker->web;
}

static void stop(void *self, struct monotime now)
{
    struct asker *const asker = self;

    probe_http_stop(asker->http, now);
}

static void free_asker(void *self, struct monotime now)
{
    struct asker *const asker = self;

    if (asker == NULL)
        return;
    probe_http_free(asker->http, now);
    if (asker->credential != NULL)
        probe_credential_wipe(asker->credential);
    free(asker->credential);
    drop_token(asker->token);
    free(asker->token);
    if (asker->pattern != NULL)
        regfree(asker->pattern);
    free(asker->pattern);
    free(asker->url);
    free(asker);
}

/*
 * A store cannot be asked without its keys, a web page not as it is meant to be; a registry says at
 * least that it is one.
 */
static int read_credential(struct asker *asker)
{
    const struct probe_params *const params = asker->params;
    struct probe_credential fresh;
    struct err err;

    asker->why[0] = '\0';
    if (params->credentials[0] == '\0')
        return 0;
    if (probe_credential_read(params->credentials, &fresh, &err) < 0) {
        if (params->type != PROBE_TYPE_REGISTRY)
            (void)snprintf(asker->why, sizeof(asker->why), "%.*s", (int)sizeof(asker->why) - 1,
                           err.text);
        if (asker->credential == NULL)
            asker->web.access = PROBE_WEB_UNREADABLE;
        return 0;
    }
    if (asker->credential == NULL)
        asker->credential = malloc(sizeof(*asker->credential));
    if (asker->credential != NULL)
        *asker->credential = fresh;
    probe_credential_wipe(&fresh);
    asker->web.access = PROBE_WEB_HELD;
    return asker->credential != NULL ? 0 : -ENOMEM;
}

static int make_pattern(struct asker *asker)
{
    const char *const text = asker->params->wanted.body;

    if (asker->params->type != PROBE_TYPE_HTTP || text[0] == '\0')
        return 0;
    asker->pattern = malloc(sizeof(*asker->pattern));
    if (asker->pattern == NULL)
        return -ENOMEM;
    if (regcomp(asker->pattern, text, REG_EXTENDED | REG_NOSUB | REG_NEWLINE) == 0)
        return 0;
    free(asker->pattern);
    asker->pattern = NULL;
    (void)snprintf(asker->why, sizeof(asker->why), "its body is no regular expression");
    return 0;
}

static int make_token(struct asker *asker)
{
    if (asker->params->type != PROBE_TYPE_REGISTRY || asker->params->credentials[0] == '\0')
        return 0;
    asker->token = calloc(1, sizeof(*asker->token));
    return asker->token != NULL ? 0 : -ENOMEM;
}

static bool wants_whole_body(const struct probe_params *params)
{
    switch ((enum probe_type)params->type) {
    case PROBE_TYPE_HARBOR:
        return true;
    case PROBE_TYPE_HTTP:
        return params->wanted.body[0] != '\0' || params->wanted.json[0] != '\0';
    case PROBE_TYPE_REGISTRY:
        return params->credentials[0] != '\0';
    case PROBE_TYPE_MINIO:
    case PROBE_TYPE_S3:
    case PROBE_TYPE_TCP:
    case PROBE_TYPE_EXEC:
    case PROBE_TYPE_FILE: /* these are not asked here */
    case PROBE_TYPE_PING:
    case PROBE_TYPE_REDIS:
    case PROBE_TYPES:
        break;
    }
    return false;
}

static int make_url(struct asker *asker)
{
    /* With another name for the server its url is another one, too. */
    if (asker->params->type == PROBE_TYPE_HTTP && asker->params->server_name[0] == '\0')
        return 0;
    asker->url = malloc(PROBE_REQUEST_BYTES);
    return asker->url != NULL ? 0 : -ENOMEM;
}

static int make_http(struct asker *asker, const struct probe_asker_context *context)
{
    const struct probe_params *const params = asker->params;
    char connect_to[PROBE_REQUEST_BYTES] = "";
    struct err err;

    if (params->type != PROBE_TYPE_TCP)
        probe_request_connect_to(params, connect_to);
    const struct probe_http_params http_params = {
        .connect_only = params->type == PROBE_TYPE_TCP,
        .manifest = params->type == PROBE_TYPE_REGISTRY,
        .whole_body = wants_whole_body(params),
        .tls_verify = params->tls_verify,
        .ca_file = params->ca_file,
        .cert_file = params->cert_file,
        .key_file = params->key_file,
        .connect_to = connect_to,
        .host = params->type == PROBE_TYPE_HTTP ? params->host : "",
        .wanted_header = params->type == PROBE_TYPE_HTTP ? params->wanted.header : "",
        .ended = handle_ended,
        .owner = asker,
    };
    return probe_http_new(context->curl, &http_params, &asker->http, &err);
}

static void renew(void *self)
{
    struct asker *const asker = self;

    (void)read_credential(asker); /* without memory the former ones stay */
    drop_token(asker->token);
}

static const struct probe_asker_kind kind = {start, tell, stop, free_asker, renew};

int probe_web_asker_new(const struct probe_asker_context *context,
                        const struct probe_params *params, struct probe_asker *ret_asker)
{
    struct asker *const asker = calloc(1, sizeof(*asker));

    if (asker == NULL)
        return -ENOMEM;
    asker->params = params;
    asker->ended = context->ended;
    asker->owner = context->owner;
    if (read_credential(asker) < 0 || make_pattern(asker) < 0 || make_token(asker) < 0 ||
        make_url(asker) < 0 || make_http(asker, context) < 0) {
        free_asker(asker, (struct monotime){0});
        return -ENOMEM;
    }
    *ret_asker = (struct probe_asker){&kind, asker};
    return 0;
}
