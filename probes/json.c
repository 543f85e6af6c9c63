/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/json.h"

#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "base/cleanup.h"

#define DEPTH_MAX      16
#define COMPONENTS_MAX 64
#define LIFE_DEFAULT_S 60
#define LIFE_MAX_S     86400

static void cleanup_json(json_object **json)
{
    json_object_put(*json);
}

/* NULL if it is no JSON, or if that is followed by anything but blanks. */
static json_object *parse(const char *body, size_t bytes)
{
    json_tokener *const tokener = json_tokener_new_ex(DEPTH_MAX);
    json_object *json = NULL;
    size_t used;

    if (tokener == NULL || bytes > PROBE_JSON_INPUT_BYTES) {
        json_tokener_free(tokener);
        return NULL;
    }
    json = json_tokener_parse_ex(tokener, body, (int)bytes);
    used = json_tokener_get_parse_end(tokener);
    while (used < bytes && strchr(" \t\r\n", body[used]) != NULL && body[used] != '\0')
        used++;
    if (json_tokener_get_error(tokener) != json_tokener_success || used < bytes) {
        json_object_put(json);
        json = NULL;
    }
    json_tokener_free(tokener);
    return json;
}

static void copy_shown(const char *text, char shown[PROBE_JSON_TEXT_BYTES])
{
    const size_t length_bytes = strnlen(text, PROBE_JSON_TEXT_BYTES - 1);

    for (size_t at = 0; at < length_bytes; at++)
        shown[at] = text[at] >= ' ' && text[at] <= '~' ? text[at] : '?';
    shown[length_bytes] = '\0';
}

static const char *text_of(json_object *json)
{
    if (json_object_is_type(json, json_type_string))
        return json_object_get_string(json);
    return json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN);
}

enum probe_json probe_json_find(const char *body, size_t bytes, const struct probe_wanted *wanted,
                                char ret_found[PROBE_JSON_TEXT_BYTES])
{
    json_object *found = NULL;
    const char *text;

    ret_found[0] = '\0';
    CLEANUP(cleanup_json)
    json_object *json = parse(body, bytes);
    if (json == NULL)
        return PROBE_JSON_BROKEN;
    if (json_pointer_get(json, wanted->json, &found) < 0)
        return PROBE_JSON_MISSING;
    text = text_of(found);
    copy_shown(text, ret_found);
    return wanted->json_value[0] == '\0' || strcmp(text, wanted->json_value) == 0
               ? PROBE_JSON_FITS
               : PROBE_JSON_DIFFERS;
}

/* A member that is a text, else "". */
static const char *member_text(json_object *json, const char *name)
{
    json_object *member = NULL;

    if (!json_object_is_type(json, json_type_object) ||
        !json_object_object_get_ex(json, name, &member) ||
        !json_object_is_type(member, json_type_string))
        return "";
    return json_object_get_string(member);
}

static bool is_wanted(const struct probe_params *params, const char *name)
{
    for (size_t at = 0; at < params->components_bytes; at += strlen(params->components + at) + 1)
        if (strcmp(params->components + at, name) == 0)
            return true;
    return params->components_bytes == 0;
}

static bool has_component(json_object *list, const char *name)
{
    const size_t count = json_object_array_length(list);

    for (size_t at = 0; at < count && at < COMPONENTS_MAX; at++)
        if (strcmp(member_text(json_object_array_get_idx(list, at), "name"), name) == 0)
            return true;
    return false;
}

/* The first wanted one that is not in the list, or NULL. */
static const char *missing_component(json_object *list, const struct probe_params *params)
{
    for (size_t at = 0; at < params->components_bytes; at += strlen(params->components + at) + 1)
        if (!has_component(list, params->components + at))
            return params->components + at;
    return NULL;
}

/* "database (connection refused), redis"; what has no name is "?". */
static void add_sick(char *text, json_object *component)
{
    const char *const error = member_text(component, "error");
    const char *const named = member_text(component, "name");
    const char *const name = named[0] != '\0' ? named : "?";
    const size_t used = strlen(text), room = PROBE_JSON_TEXT_BYTES - used;
    const int name_most = 24;

    if (used > 0 || error[0] == '\0')
        (void)snprintf(text + used, room, "%s%.*s", used > 0 ? ", " : "", name_most, name);
    else
        (void)snprintf(text, room, "%.*s (%.40s)", name_most, name, error);
}

enum probe_json probe_json_harbor(const char *body, size_t bytes, const struct probe_params *params,
                                  char ret_sick[PROBE_JSON_TEXT_BYTES])
{
    char sick[PROBE_JSON_TEXT_BYTES] = "";
    json_object *list = NULL;
    const char *missing;

    ret_sick[0] = '\0';
    CLEANUP(cleanup_json)
    json_object *json = parse(body, bytes);
    if (json == NULL)
        return PROBE_JSON_BROKEN;
    if (!json_object_is_type(json, json_type_object) ||
        !json_object_object_get_ex(json, "components", &list) ||
        !json_object_is_type(list, json_type_array) || json_object_array_length(list) == 0)
        return PROBE_JSON_MISSING;
    missing = missing_component(list, params);
    copy_shown(missing != NULL ? missing : "", ret_sick);
    if (missing != NULL)
        return PROBE_JSON_MISSING;
    for (size_t at = 0; at < json_object_array_length(list) && at < COMPONENTS_MAX; at++) {
        json_object *const component = json_object_array_get_idx(list, at);

        if (is_wanted(params, member_text(component, "name")) &&
            strcmp(member_text(component, "status"), "healthy") != 0)
            add_sick(sick, component);
    }
    copy_shown(sick, ret_sick);
    return sick[0] == '\0' ? PROBE_JSON_FITS : PROBE_JSON_DIFFERS;
}

/* RFC 6750 section 2.1: b64token. */
static bool is_token(const char *text)
{
    const size_t length_bytes = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                             "0123456789-._~+/=");

    return length_bytes > 0 && length_bytes < PROBE_JSON_TOKEN_BYTES && text[length_bytes] == '\0';
}

static int life_of(json_object *json)
{
    json_object *member = NULL;
    int64_t life_s = LIFE_DEFAULT_S;

    if (json_object_object_get_ex(json, "expires_in", &member) &&
        json_object_is_type(member, json_type_int))
        life_s = json_object_get_int64(member);
    if (life_s < 0)
        return 0;
    return life_s > LIFE_MAX_S ? LIFE_MAX_S : (int)life_s;
}

/* Its own members are wiped, json-c's memory is not ours to wipe: what is short-lived is a token. */
bool probe_json_token(const char *body, size_t bytes, char ret_token[PROBE_JSON_TOKEN_BYTES],
                      int *ret_life_s)
{
    const char *token;

    CLEANUP(cleanup_json)
    json_object *json = parse(body, bytes);
    if (json == NULL || !json_object_is_type(json, json_type_object))
        return false;
    token = member_text(json, "token");
    if (token[0] == '\0') /* as OAuth 2.0 calls it */
        token = member_text(json, "access_token");
    if (!is_token(token))
        return false;
    memcpy(ret_token, token, strlen(token) + 1);
    *ret_life_s = life_of(json);
    return true;
}
