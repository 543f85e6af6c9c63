/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON of any server, looked at for a token, for Harbor's components and by a pointer: what comes
 * out is bounded and could stand in a header line or on a terminal.
 *
 * Input: a pointer; NUL; the body.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probes/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_shown(const char *text)
{
    const size_t length = strnlen(text, PROBE_JSON_TEXT_BYTES);

    assert(length < PROBE_JSON_TEXT_BYTES);
    for (size_t at = 0; at < length; at++)
        assert(text[at] >= ' ' && text[at] <= '~');
}

static void look(const char *body, size_t bytes, struct probe_params *params)
{
    char shown[PROBE_JSON_TEXT_BYTES], token[PROBE_JSON_TOKEN_BYTES];
    int life_s;

    (void)probe_json_find(body, bytes, &params->wanted, shown);
    check_shown(shown);
    (void)probe_json_harbor(body, bytes, params, shown);
    check_shown(shown);
    params->components_bytes = sizeof("core");
    memcpy(params->components, "core", sizeof("core"));
    (void)probe_json_harbor(body, bytes, params, shown);
    check_shown(shown);
    if (!probe_json_token(body, bytes, token, &life_s))
        return;
    assert(strlen(token) > 0 && strpbrk(token, " \r\n\t\"") == NULL);
    assert(life_s >= 0 && life_s <= 86400);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const uint8_t *const divide = size > 0 ? memchr(bytes, '\0', size) : NULL;
    const size_t pointer_bytes = divide != NULL ? (size_t)(divide - bytes) : 0;
    struct probe_params params = {.type = 0};
    char *body;

    if (divide == NULL || pointer_bytes >= sizeof(params.wanted.json))
        return 0;
    memcpy(params.wanted.json, bytes, pointer_bytes);
    size -= pointer_bytes + 1;
    /* Memory of exactly this size, so that reading beyond it is seen. */
    body = malloc(size != 0 ? size : 1);
    assert(body != NULL);
    memcpy(body, divide + 1, size);
    look(body, size, &params);
    free(body);
    return 0;
}
